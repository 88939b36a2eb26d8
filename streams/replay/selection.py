"""Which pages of a replay's sources are meant, and which row each becomes. Pure."""

from collections.abc import Sequence

from schemas.replays import Candidate, Planned, Replay
from schemas.scope import Scope

SLACK_S = 300.0
"""Seconds by which clocks may differ, and a page's message be older or newer than its run."""


class Selection:
    """The pattern is bounded in length and time as those of a job's scope are; a page on which it runs out of time is
    left out."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._scope = Scope([], scope="any", allow=[replay.pattern], chains=False) if replay.pattern else None

    def planned(self, candidates: Sequence[Candidate]) -> list[Planned]:
        """The rows of these candidates: with one source a URL is a row, with several each stored page is."""
        return [
            Planned(
                row=page.fetch_id if self._replay.by_visit else page.url_fp,
                host=page.host,
                url=page.url,
                depth=page.depth,
            )
            for page in candidates
            if self._scope is None or self._scope.verdict(page.url, 0) != "allow"
        ]


def span_of(replay: Replay) -> tuple[float, float | None]:
    """Between which moments the pages' messages were written; None: until now."""
    # A row is closed after its page was written, however far extraction was behind: `since` does not bound it below.
    ended = replay.ended_at
    if replay.until is not None:
        ended = replay.until if ended is None else min(ended, replay.until)
    return max(0.0, replay.begun_at - SLACK_S), None if ended is None else ended + SLACK_S
