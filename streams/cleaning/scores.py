"""What each clean record is worth and what it is about: pure, and the same for the same record.

docs/records.md tells the formulas to people. They are cheap on purpose: a product record costs some microseconds, and
only texts over LONG_TEXT characters are asked for their language.
"""

from collections.abc import Callable
from typing import Any

from schemas.events.records import CleanRules
from streams.cleaning.subjects import category_of, data_type_of

LONG_TEXT = 200
"""Characters of a record's texts together, beyond which they say a language."""

MOST_READ = 2000
"""Characters that the category is told by."""

ENOUGH = 500
"""Characters that the language is told by: more take longer and say the same."""

_TEXTS = frozenset({"text", "html", "markdown", "list"})
_EMPTY_WORDS = frozenset({
    "-", "--", "—", "?", ".", "n/a", "na", "n.a.", "none", "null", "nil", "nan", "undefined", "unknown", "tbd", "tba",
    "todo", "test", "xxx", "lorem ipsum", "not available", "no data",
})  # fmt: skip
_LONGEST_EMPTY = 13

COMPLETENESS, VALIDITY, CLARITY = 0.5, 0.3, 0.2
"""How much each part counts in the quality."""

Language = Callable[[str], str]
"""A text → its ISO 639-1 code."""


Scores = tuple[float, float, str, int, str, str]
"""completeness, quality, language, word_count, category, data_type: as CleanRecord has them."""


class Scorer:
    """Scores the records of one batch."""

    def __init__(self, rules: CleanRules, language: Language) -> None:
        self._language = language
        self._expected = list(rules.fields)
        self._silent = frozenset(name for name, rule in rules.fields.items() if rule.type not in _TEXTS)

    def of(self, data: dict[str, Any], lost: int) -> Scores:
        """`lost` is how many of its values could not be read."""
        texts = self._texts(data)
        whole = " ".join(texts)
        present = sum([name in data for name in self._expected])
        completeness = 100.0 if present == len(self._expected) else 100.0 * present / len(self._expected)
        empty = len([True for text in texts if len(text) <= _LONGEST_EMPTY and text.lower() in _EMPTY_WORDS])
        if "\ufffd" in whole:
            empty += sum("\ufffd" in text for text in texts)
        quality = completeness
        if lost or empty or completeness < 100.0:
            validity = 100.0 * len(data) / (len(data) + lost) if data or lost else 100.0
            clarity = 100.0 - 100.0 * empty / len(texts) if texts else 100.0
            quality = round(COMPLETENESS * completeness + VALIDITY * validity + CLARITY * clarity, 1)
            completeness = round(completeness, 1)
        read = whole if len(whole) <= MOST_READ else whole[:MOST_READ]
        return (
            completeness,
            quality,
            self._language(whole[:ENOUGH]) if len(whole) > LONG_TEXT else _declared(data),
            whole.count(" ") + 1 if whole else 0,
            category_of(data, read),
            data_type_of(tuple(data)),
        )

    def _texts(self, data: dict[str, Any]) -> list[str]:
        """The values that are for reading: no addresses, no dates."""
        silent = self._silent
        texts: list[str] = []
        for name, value in data.items():
            if name in silent:
                continue
            if isinstance(value, str):
                if not value.startswith("http"):
                    texts.append(value)
            elif isinstance(value, list):
                texts += [part for part in value if isinstance(part, str)]
        return texts


def _declared(data: dict[str, Any]) -> str:
    """The language that a short record says itself: `en` of `en-GB`."""
    said = data.get("language")
    if not isinstance(said, str):
        return ""
    primary = said[:2].lower()
    return primary if primary.isascii() and primary.isalpha() and said[2:3] in ("", "-", "_") else ""
