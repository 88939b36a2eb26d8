"""The exceptions of extraction."""

from schemas.outcomes import OutcomeName


class ExtractionError(Exception):
    """A page or a rule cannot be used; the text is a sentence for people."""


class UnreadableError(ExtractionError):
    """A fetched page cannot be read; `outcome` is what its task ends as."""

    def __init__(self, outcome: OutcomeName, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome: OutcomeName = outcome


class RuleError(ExtractionError):
    """A rule cannot be used. `place` names it within `extract` (`fields.price.css`), `reason` says what to change."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
