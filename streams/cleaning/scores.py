"""What each clean record is worth and what it is about: pure, and the same for the same record.

docs/records.md tells the formulas to people. They are cheap on purpose: a product record costs some microseconds, and
only a text over LONG_TEXT characters is asked for its language.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.events.records import CleanRules
from streams.cleaning.subjects import SAID_IN, category_of, data_type_of, said_category

LONG_TEXT = 200
"""Characters of one text, beyond which it says a language: short ones do not, however many there are."""

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


class _Shape(NamedTuple):
    """What the names of a record's fields say of it, worked out once for all records of a batch that have the same."""

    completeness: float
    read: list[str]
    """The fields that may be for reading."""
    says_subject: bool
    says_language: bool
    data_type: str


class Scorer:
    """Scores the records of one batch."""

    def __init__(self, rules: CleanRules, language: Language) -> None:
        self._language = language
        self._expected = list(rules.fields)
        self._silent = frozenset(name for name, rule in rules.fields.items() if rule.type not in _TEXTS)
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def of(self, data: dict[str, Any], lost: int) -> Scores:
        """`lost` is how many of its values could not be read."""
        shape = self._shape(tuple(data))
        texts = _texts(data, shape.read)
        whole = " ".join(texts)
        completeness = quality = shape.completeness
        empty = len([True for text in texts if len(text) <= _LONGEST_EMPTY and text.lower() in _EMPTY_WORDS])
        if "\ufffd" in whole:
            empty += sum("\ufffd" in text for text in texts)
        if lost or empty or completeness < 100.0:
            validity = 100.0 * len(data) / (len(data) + lost) if data or lost else 100.0
            clarity = 100.0 - 100.0 * empty / len(texts) if texts else 100.0
            quality = round(COMPLETENESS * completeness + VALIDITY * validity + CLARITY * clarity, 1)
            completeness = round(completeness, 1)
        if len(whole) > LONG_TEXT and (long := next((text for text in texts if len(text) > LONG_TEXT), "")):
            language = self._language(long[:ENOUGH])
        else:
            language = _declared(data) if shape.says_language else ""
        said = said_category(data) if shape.says_subject else ""
        category = said or category_of(whole if len(whole) <= MOST_READ else whole[:MOST_READ])
        return completeness, quality, language, whole.count(" ") + 1 if whole else 0, category, shape.data_type

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        found = self._shapes.get(names)
        if found is None:
            present = len([name for name in self._expected if name in names])
            found = self._shapes[names] = _Shape(
                completeness=100.0 * present / len(self._expected) if self._expected else 100.0,
                read=[name for name in names if name not in self._silent],
                says_subject=not SAID_IN.isdisjoint(names),
                says_language="language" in names,
                data_type=data_type_of(names),
            )
        return found


def _texts(data: dict[str, Any], names: list[str]) -> list[str]:
    """The values that are for reading: no addresses, no dates."""
    texts: list[str] = []
    for name in names:
        value = data[name]
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
