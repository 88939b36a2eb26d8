"""What a site's robots.txt allows (RFC 9309), by protego.

Whoever fetches the file follows up to MAX_HOPS redirects and hands over what came of it; here is what that means:
2xx is parsed, 4xx is no file, so everything is allowed; 5xx, 429 and no answer are a site that cannot say, so nothing
is. RFC 9309 lets 429 count as no file; a site that asks for less should not be asked for everything. Where the trouble
is the host's own (it cannot be reached, or is too busy), the file is asked for again before each visit, at the pace
that the host is given; where it is the file's, after UNREACHABLE_LIFETIME.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from protego import Protego

from producers.politeness.throttle import UNWELL

MAX_HOPS = 5
"""Redirects followed for one robots.txt (2.3.1.2); beyond them there is no file: `RobotsFile.of_response(404, …)`."""

MAX_BYTES = 500 * 1024
"""Bytes that are parsed (2.5); the rest, and a line cut by the limit, is ignored."""

LIFETIME = 24 * 3600.0
"""Seconds a file is believed (2.4)."""

UNREACHABLE_LIFETIME = 600.0
"""Seconds until a site that could not say is asked again."""

UNREACHABLE_PATIENCE = 30 * 24 * 3600.0
"""Seconds after which a site that never could say is taken to have no file (2.3.1.4)."""

_AGENT_LINE = re.compile(r"^([ \t]*user[- ]?agent[ \t]*[: \t][ \t]*)([^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"\*|[A-Za-z_-]+").match
_NOBODY = "\x01"
"""An agent that no file names: what protego answers for it is what `*` says."""

RobotsState = Literal["rules", "no_file", "unreachable"]


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """Whether a URL may be visited, the delay the site asks for (seconds), and a sentence for people."""

    allowed: bool
    crawl_delay: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """One origin's robots.txt, as found; times are epoch seconds.

    `unreachable_since` is kept from one failure to the next, so that a site is neither hammered nor given up for ever.
    """

    state: RobotsState
    expires: float
    why: str
    unreachable_since: float | None = None
    failure: str = ""
    """The host's own trouble, as a failure of a visit; empty where there is none."""
    status: int | None = None
    retry_after: float | None = None
    rules: Protego | None = field(default=None, repr=False, compare=False)
    agents: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def of_response(
        cls,
        status: int,
        body: bytes,
        now: float,
        previous: "RobotsFile | None" = None,
        *,
        own: bool = True,
        retry_after: float | None = None,
    ) -> "RobotsFile":
        """What a response means; a 3xx that is still here after MAX_HOPS, or leads nowhere, is no file.

        `own` is false when another host answered, to which a redirect led: its trouble is not this one's.
        """
        if 200 <= status < 300:
            text, agents = _by_token(_text(body))
            return cls("rules", now + LIFETIME, "robots.txt", rules=Protego.parse(text), agents=agents)
        if status == 429 or status >= 500:
            why = f"robots.txt was answered with status {status}"
            if own and status in UNWELL:
                return cls.unreachable(why, now, previous, "http_error", status, retry_after)
            return cls.unreachable(why, now, previous)
        return cls("no_file", now + LIFETIME, f"robots.txt was answered with status {status}")

    @classmethod
    def unreachable(
        cls,
        why: str,
        now: float,
        previous: "RobotsFile | None" = None,
        failure: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> "RobotsFile":
        """The site did not say. A file that was found earlier goes on being obeyed (2.4)."""
        since = now
        if previous is not None and previous.unreachable_since is not None:
            since = previous.unreachable_since
        if previous is not None and previous.state != "unreachable":
            return replace(previous, expires=now + UNREACHABLE_LIFETIME, unreachable_since=since)
        if now - since >= UNREACHABLE_PATIENCE:
            return cls("no_file", now + LIFETIME, f"{why} for 30 days", since)
        expires = now if failure else now + UNREACHABLE_LIFETIME
        return cls("unreachable", expires, why, since, failure, status, retry_after)

    def stale(self, now: float) -> bool:
        """It is to be fetched again before the next visit."""
        return now >= self.expires

    def verdict(self, url: str, agent: str) -> RobotsVerdict:
        """For a canonical `url` and our product token (`TrawlBot`), which `*` stands in for where it is not named."""
        if url.partition("://")[2].partition("/")[2].partition("?")[0] == "robots.txt":
            return RobotsVerdict(True, None, "robots.txt itself may always be read")
        if self.state == "unreachable":
            return RobotsVerdict(False, None, f"{self.why}, so the site is left alone for now")
        if self.rules is None:
            return RobotsVerdict(True, None, f"{self.why}, so everything is allowed")
        named = agent.lower() in self.agents
        name = agent.lower() if named else _NOBODY
        allowed = self.rules.can_fetch(url, name)
        reason = f"robots.txt {'allows' if allowed else 'disallows'} this page for {agent if named else 'everyone (*)'}"
        return RobotsVerdict(allowed, self.rules.crawl_delay(name), reason)


def product_token(user_agent: str) -> str:
    """The name by which robots.txt addresses us: `TrawlBot/0.1 (+…)` is `TrawlBot` (2.2.1: letters, `_` and `-`)."""
    name = user_agent.strip().partition("/")[0].partition(" ")[0]
    return "".join(char for char in name if char.isascii() and (char.isalpha() or char in "_-")) or "*"


def _text(body: bytes) -> str:
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body.decode("utf-8-sig", "replace")


def _by_token(text: str) -> tuple[str, frozenset[str]]:
    """The file with every group addressed to bare product tokens (`Bot/2.1` is `bot`), and those tokens.

    RFC 9309, 2.2.1, wants the token compared as a whole; protego takes any beginning of it, and no version.
    """
    agents: set[str] = set()

    def bare(line: re.Match[str]) -> str:
        token = _TOKEN(line[2].strip())
        name = token[0].lower() if token else line[2].strip().lower()
        agents.add(name)
        return line[1] + name

    return _AGENT_LINE.sub(bare, text), frozenset(agents)
