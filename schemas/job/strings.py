"""The strings of a job description, checked one by one, so that a wrong one is named where it stands."""

import math
import re
from typing import Annotated

import regex  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.hosts import UrlError
from schemas.urls import canonical

MOST_REPEATED = 10_000
"""What the counts of a pattern may multiply to: each repetition is written out in memory, within others many times."""

_REPEATED = re.compile(r"\{\s*(\d*)\s*(?:,\s*(\d*)\s*)?\}").findall


def _http_url(value: str) -> str:
    """Checks that a crawl could visit it, but keeps the characters as the user wrote them."""
    try:
        canonical(value)
    except UrlError as problem:
        raise ValueError(str(problem)) from problem
    return value


def check_pattern(value: str) -> str:
    """Raises ValueError for what is no regular expression, or one that memory would not hold."""
    counts = [int(number) for pair in _REPEATED(value) for number in pair if number]
    if math.prod(max(1, number) for number in counts) > MOST_REPEATED:
        raise ValueError(f"its counted repetitions multiply to more than {MOST_REPEATED:,}")
    try:
        regex.compile(value)
    except (regex.error, OverflowError, RecursionError) as problem:
        raise ValueError(f"not a regular expression: {problem}") from problem
    return value


def check_replacement(pattern: str, replacement: str) -> None:
    """Raises ValueError for a replacement that names groups which the pattern does not have."""
    try:
        # A match is what makes the library read the template: the pattern with an empty alternative always has one.
        regex.compile(f"(?:{pattern})|").sub(replacement, "")
    except (regex.error, IndexError, ValueError, OverflowError) as problem:
        raise ValueError(f"with: {problem}; it may name the groups of regex, as \\1") from problem


Url = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_http_url)]
Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(check_pattern)]
DATASET = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
"""What a dataset may be called."""

Dataset = Annotated[str, Field(pattern=f"^{DATASET}$")]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
HeaderName = Annotated[str, Field(max_length=200, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[str, Field(max_length=2000, pattern=r"^[^\r\n\x00]*$")]
CookieName = Annotated[str, Field(max_length=200, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
CookieValue = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x20\x7f\",;\\]*$")]
MediaType = Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9.+-]+/(\*|[a-z0-9.+-]+)$")]
Parameter = Annotated[str, Field(min_length=1, max_length=100)]


class Strict(BaseModel):
    """A part of a job description: a member that it does not know is an error, since it would silently do nothing."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
