"""Which passwords are taken (NIST SP 800-63B-4, 3.1.1.2): long ones that nobody would guess first. There are no rules
about kinds of characters, for they make passwords worse."""

import itertools
from functools import cache
from importlib.resources import files

from api.errors import ApiError, Fault

SHORTEST = 12
LONGEST = 1000
_FEWEST_LETTERS = 5


@cache
def _common() -> frozenset[str]:
    return frozenset(files("api.auth").joinpath("common_passwords.txt").read_text().split())


def check(password: str, *names: str | None, field: str = "password") -> None:
    """ApiError 422 that says why, for a password that whoever knows `names` (username, address …) could guess."""
    fault = _fault(password, [name for name in names if name], field)
    if fault:
        raise ApiError(422, "VALIDATION_ERROR", "The request is not valid.", [fault])


def _fault(password: str, names: list[str], field: str) -> Fault | None:
    plain = password.casefold()
    if len(password) < SHORTEST:
        return Fault(field, f"A password has at least {SHORTEST} characters; several words are good.", "MIN_LENGTH")
    if len(password) > LONGEST:
        return Fault(field, f"A password has at most {LONGEST} characters.", "MAX_LENGTH")
    if any(_made_of(plain, name.casefold()) for name in names):
        return Fault(field, "A password is not made of the account's name or address.", "GUESSABLE")
    if plain in _common() or len(set(plain)) < _FEWEST_LETTERS or _run(plain):
        return Fault(field, "This is one of the passwords that are tried first; choose another.", "GUESSABLE")
    return None


def _made_of(plain: str, name: str) -> bool:
    """The name, or the name with little more than digits around it."""
    parts = {name, name.partition("@")[0]}
    return any(len(part) >= 3 and part in plain and len(plain.replace(part, "")) < 6 for part in parts)


def _run(plain: str) -> bool:
    """One walk up or down the alphabet or the digits, such as abcdefghijkl."""
    steps = {ord(right) - ord(left) for left, right in itertools.pairwise(plain)}
    return steps in ({1}, {-1})
