"""How often somebody may try to guess: by account, by device and by address, counted where all gateways see it.

A try is counted before it is looked at, so that a thousand at once are no more than a thousand in a row. Ten wrong ones
are free; from then on a wrong one costs a wait that doubles, from a minute to an hour, so that an account bears some
thirty guesses a day from strangers. That wait is nobody's prison: a network from which the account was let in during
the last 30 days is counted apart from strangers, so nobody who fails on purpose can keep the owner out; and whoever
comes from a new place makes it known by a mailed link to a new password. An address that fails for many accounts waits
on its own count. (OWASP's "slow down online guessing with device cookies", with the network in the cookie's place,
because programs keep no cookies.)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from schemas.accounts import Tally, Verdict

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`free` failures; from then on each costs a wait that doubles from `first_wait` to `most_wait`. After `forgotten`
    seconds without a try all is forgotten."""

    free: int
    first_wait: float = 60.0
    most_wait: float = 3600.0
    forgotten: float = 86_400.0


ACCOUNT = Allowance(free=10)
NETWORK = Allowance(free=50, forgotten=3600.0)
CODES = Allowance(free=10)
MAILS = Allowance(free=3, first_wait=600.0, forgotten=3600.0)


def admit(tallies: Mapping[str, Tally], allowed: Mapping[str, Allowance], now: datetime) -> Verdict:
    """Counts one try against each subject, unless one of them must wait: then nothing is counted, so that trying on
    makes no wait longer."""
    wait = max((_left(tally, now) for tally in tallies.values()), default=0.0)
    if wait > 0:
        return Verdict(wait=wait)
    return Verdict(tallies={name: _counted(tallies.get(name, Tally()), allowed[name], now) for name in allowed})


def forgive(tallies: Mapping[str, Tally], cleared: frozenset[str], one_less: frozenset[str]) -> Verdict:
    """After a right answer: `cleared` begin anew; of `one_less` only this try is taken back, because whoever owns an
    account must not buy guesses at another with it."""
    found = {name: Tally() for name in cleared}
    for name in one_less:
        tally = tallies.get(name, Tally())
        found[name] = Tally(failures=max(tally.failures - 1, 0), last_at=tally.last_at)
    return Verdict(tallies=found)


def locked(before: Mapping[str, Tally], verdict: Verdict, subject: str) -> bool:
    """Whether this try is the one with which `subject` begins to wait for the first time in a row."""
    after = verdict.tallies.get(subject)
    return bool(after and after.blocked_until and not before.get(subject, Tally()).blocked_until)


def network_of(address: str) -> str:
    """What one person can be expected to have: an IPv4 address, or a /64 of IPv6 (RFC 6177 gives no less)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    if found.version == 6:
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ip_network(f"{found}/64", strict=False))
    return str(found)


def subject(kind: str, whose: str, where: str = "") -> str:
    """A tally's name. What somebody typed as a username may be a password in the wrong field: it is kept as a hash."""
    return f"{all_of(whose)}{kind} {_hidden(where) if where else ''}".rstrip()


def all_of(whose: str) -> str:
    """How the names of all of somebody's tallies begin."""
    return f"{_hidden(whose)} "


def _hidden(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _left(tally: Tally, now: datetime) -> float:
    return (tally.blocked_until - now).total_seconds() if tally.blocked_until else 0.0


def _counted(tally: Tally, allowance: Allowance, now: datetime) -> Tally:
    old = tally.last_at is None or (now - tally.last_at).total_seconds() > allowance.forgotten
    failures = 1 if old else tally.failures + 1
    if failures < allowance.free:
        return Tally(failures=failures, last_at=now)
    doublings = min(failures - allowance.free, _MOST_DOUBLINGS)
    wait = min(allowance.first_wait * 2**doublings, allowance.most_wait)
    return Tally(failures=failures, last_at=now, blocked_until=now + timedelta(seconds=wait))
