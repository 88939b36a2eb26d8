"""Walking through data of any size and depth: without the call stack, and without a text for every place in it."""

from collections.abc import Iterator
from typing import Any

_SHOWN = 200


def walked(root: Any, names: list[str], *kinds: type) -> Iterator[Any]:
    """`root`, and whatever below it is an object, a list or of one of `kinds`, in the order of the text. `names` is
    where the one at hand stands; a place is worth words only when something is wrong there."""
    yield root
    wanted = (dict, list, *kinds)
    waiting = [_below(root, wanted)]
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            del names[-1:]
            continue
        name, child = found
        names.append(name)
        yield child
        if isinstance(child, dict | list):
            waiting.append(_below(child, wanted))
        else:
            names.pop()


def dotted(names: list[str]) -> str:
    """The place as errors name it; empty for the whole."""
    return ".".join(names)[:_SHOWN]


def _below(value: Any, wanted: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, child in value.items():
            if isinstance(child, wanted):
                yield name, child
    elif isinstance(value, list):
        for number, child in enumerate(value):
            if isinstance(child, wanted):
                yield str(number), child
