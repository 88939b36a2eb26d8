"""The exceptions of extraction."""

from schemas.outcomes import OutcomeName


class ExtractionError(Exception):
    """A page or a rule cannot be used; the text is a sentence for people, `outcome` what the page's task ends as."""

    outcome: OutcomeName = "extract_failed"


class UnreadableError(ExtractionError):
    """A fetched page cannot be read, for a reason that has an outcome of its own."""

    def __init__(self, outcome: OutcomeName, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome


class RuleError(ExtractionError):
    """A rule cannot be used. `place` names it within `extract` (`fields.price.css`), `reason` says what to change."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
