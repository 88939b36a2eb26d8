"""Words by which a list is chosen: their case does not matter, and `all` is as if nothing were asked."""

from pydantic import BeforeValidator


def _small(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _none_for_all(value: object) -> object:
    return None if _small(value) == "all" else value


AnyCase = BeforeValidator(_small)
"""For words of a list that is closed."""
OrAll = BeforeValidator(_none_for_all)
"""For what may be None."""
