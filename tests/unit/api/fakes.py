"""In-memory ports of the gateway. tests/contract/api holds them to the same promises as the real adapters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from schemas.accounts import Act, ApiKey, Credential, LiveSession, Session, User
from schemas.events import Event, RunCounts, ScrapeRequest
from schemas.ledger import (
    OPEN_STATES,
    Attempt,
    HostSample,
    HostWait,
    Job,
    Opening,
    PagesWanted,
    Run,
    StoredLetter,
    StoredRecord,
    StoredTrend,
    UrlFate,
)
from schemas.message import Message
from schemas.previews import PreviewAnswer


class StoreAway(Exception):
    """What the fakes raise when a test takes their store away."""


@dataclass
class Switch:
    """Takes a store away and gives it back."""

    away: bool = False

    def check(self) -> None:
        if self.away:
            raise StoreAway("a test took the store away")


@dataclass
class _KeptSession:
    session: Session
    refresh_hash: bytes
    previous: bytes | None = None
    rotated_at: datetime | None = None
    revoked: bool = False


@dataclass
class _KeptKey:
    key: ApiKey
    key_hash: bytes
    revoked: bool = False


class FakeAccounts:
    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.switch = Switch()
        self.acts: list[Act] = []
        self.users: dict[str, tuple[User, str]] = {}
        self.sessions: dict[str, _KeptSession] = {}
        self.api_keys: dict[str, _KeptKey] = {}
        self.links: dict[bytes, tuple[str, datetime]] = {}
        self.asked_about = 0

    async def credential(self, login: str) -> Credential | None:
        self.switch.check()
        by_name = [pair for pair in self.users.values() if pair[0].username == login]
        found = by_name or [pair for pair in self.users.values() if pair[0].email == login]
        return Credential(user=found[0][0], password_hash=found[0][1]) if found else None

    async def user(self, user_id: str) -> User | None:
        self.switch.check()
        found = self.users.get(user_id)
        return found[0] if found else None

    async def add_user(self, user: User, password_hash: str, act: Act) -> bool:
        self.switch.check()
        for other, _ in self.users.values():
            if other.username == user.username or (user.email is not None and other.email == user.email):
                return False
        self.users[user.id] = (replace(user, created_at=self.clock()), password_hash)
        self.acts.append(act)
        return True

    def change(self, user_id: str, **fields: Any) -> None:
        """What an administrator might do."""
        user, password_hash = self.users[user_id]
        self.users[user_id] = (replace(user, **fields), password_hash)

    async def open_session(self, session: Session, act: Act) -> None:
        self.switch.check()
        self.sessions[session.id] = _KeptSession(session, session.refresh_hash)
        self.change(session.user_id, last_login=self.clock())
        self.acts.append(act)

    def _live(self, kept: _KeptSession) -> bool:
        user = self.users[kept.session.user_id][0]
        return not kept.revoked and kept.session.expires_at > self.clock() and user.status == "active"

    async def live_session(self, session_id: str) -> LiveSession | None:
        self.switch.check()
        kept = self.sessions.get(session_id)
        if kept is None or not self._live(kept):
            return None
        return LiveSession(id=session_id, user=self.users[kept.session.user_id][0], expires_at=kept.session.expires_at)

    async def rotate(
        self, session_id: str, shown: bytes, replacement: bytes, grace: float, act: Act, theft: Act
    ) -> Literal["rotated", "raced", "reused", "ended"]:
        self.switch.check()
        kept = self.sessions.get(session_id)
        if kept is None or not self._live(kept):
            return "ended"
        if kept.refresh_hash == shown:
            kept.previous, kept.refresh_hash, kept.rotated_at = shown, replacement, self.clock()
            self.acts.append(act)
            return "rotated"
        if kept.previous == shown and kept.rotated_at and self.clock() - kept.rotated_at < timedelta(seconds=grace):
            return "raced"
        kept.revoked = True
        self.acts.append(theft)
        return "reused"

    async def end_session(self, session_id: str, act: Act) -> bool:
        self.switch.check()
        return self._end([self.sessions[session_id]] if session_id in self.sessions else [], act)

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        self.switch.check()
        return self._end([kept for kept in self.sessions.values() if kept.session.user_id == user_id], act)

    def _end(self, found: list[_KeptSession], act: Act) -> bool:
        open_ones = [kept for kept in found if not kept.revoked]
        for kept in open_ones:
            kept.revoked = True
        if open_ones:
            self.acts.append(act)
        return bool(open_ones)

    async def count_sessions(self, user_id: str) -> int:
        self.switch.check()
        return sum(kept.session.user_id == user_id and self._live(kept) for kept in self.sessions.values())

    async def add_key(self, key: ApiKey, key_hash: bytes, act: Act) -> ApiKey:
        self.switch.check()
        self.api_keys[key.id] = _KeptKey(replace(key, created_at=self.clock()), key_hash)
        self.acts.append(act)
        return self.api_keys[key.id].key

    async def keys(self, user_id: str) -> list[ApiKey]:
        self.switch.check()
        found = [kept.key for kept in self.api_keys.values() if kept.key.user_id == user_id and not kept.revoked]
        return sorted(found, key=lambda key: key.created_at, reverse=True)

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        self.switch.check()
        kept = self.api_keys.get(key_id)
        if kept is None or kept.revoked or kept.key.user_id != user_id:
            return False
        kept.revoked = True
        self.acts.append(act)
        return True

    def _good(self, kept: _KeptKey) -> bool:
        key = kept.key
        expired = key.expires_at is not None and key.expires_at <= self.clock()
        return not kept.revoked and not expired and self.users[key.user_id][0].status == "active"

    async def by_key(self, key_hash: bytes) -> tuple[str, datetime | None, User] | None:
        self.switch.check()
        for kept in self.api_keys.values():
            if kept.key_hash == key_hash and self._good(kept):
                kept.key = replace(kept.key, last_used=self.clock())
                return kept.key.id, kept.key.expires_at, self.users[kept.key.user_id][0]
        return None

    async def add_link(self, link_hash: bytes, user_id: str, expires_at: datetime, act: Act) -> None:
        self.switch.check()
        self.links[link_hash] = (user_id, expires_at)
        self.acts.append(act)

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        self.switch.check()
        user_id, expires_at = self.links.get(link_hash, ("", self.clock()))
        if expires_at <= self.clock() or self.users[user_id][0].status != "active":
            return None
        del self.links[link_hash]
        session, act = opened(self.users[user_id][0])
        await self.open_session(session, act)
        return self.users[user_id][0]

    async def still_good(self, ids: Sequence[str]) -> dict[str, str]:
        self.asked_about += 1
        self.switch.check()
        sessions = {
            i: self.sessions[i].session.user_id for i in ids if i in self.sessions and self._live(self.sessions[i])
        }
        keys = {i: self.api_keys[i].key.user_id for i in ids if i in self.api_keys and self._good(self.api_keys[i])}
        return {i: self.users[user_id][0].role for i, user_id in (sessions | keys).items()}

    async def note(self, act: Act) -> None:
        self.switch.check()
        self.acts.append(act)


@dataclass
class FakeJobs:
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    switch: Switch = field(default_factory=Switch)
    acts: list[Act] = field(default_factory=list)
    outbox: list[ScrapeRequest] = field(default_factory=list)
    openings: dict[str, Opening] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    created: dict[str, datetime] = field(default_factory=dict)
    fates: dict[str, list[UrlFate]] = field(default_factory=dict)
    waits: dict[tuple[str, str], HostWait] = field(default_factory=dict)
    samples: dict[str, list[HostSample]] = field(default_factory=dict)
    wanted: dict[str, PagesWanted] = field(default_factory=dict)

    async def create(self, opening: Opening, act: Act) -> Run:
        self.switch.check()
        self.openings[opening.job_id] = opening
        if opening.kind == "estimate":
            self.deleted.add(opening.job_id)
        self.created[opening.job_id] = self.clock()
        return self._open(opening, act)

    def _open(self, opening: Opening, act: Act) -> Run:
        run = self._run(opening, kind=opening.kind)
        self.outbox.append(ScrapeRequest(run_id=run.id))
        self.acts.append(act)
        return run

    def _run(self, opening: Opening, **fields: Any) -> Run:
        run = Run(
            id=opening.run_id, job_id=opening.job_id, owner=opening.owner, dataset=opening.dataset, state="queued",
            reason="", max_pages=opening.max_pages, created_at=self.clock(), started_at=None, finished_at=None,
            cancelled_at=None, counts=RunCounts(), priority=opening.priority, **fields,
        )  # fmt: skip
        self.runs[run.id] = run
        return run

    def _of_job(self, job_id: str) -> list[Run]:
        return [run for run in self.runs.values() if run.job_id == job_id]

    def change(self, run_id: str, **fields: Any) -> Run:
        """What the line does to a run."""
        self.runs[run_id] = replace(self.runs[run_id], **fields)
        return self.runs[run_id]

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        self.switch.check()
        if opening.job_id not in self.openings or opening.job_id in self.deleted:
            return "gone"
        if any(run.open and run.kind == opening.kind for run in self._of_job(opening.job_id)) and not force:
            return "running"
        return self._open(opening, act)

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        self.switch.check()
        if opening.job_id not in self.openings or opening.job_id in self.deleted:
            return "gone"
        if any(run.open and run.kind == "replay" for run in self._of_job(opening.job_id)):
            return "running"
        crawls = [run for run in self._of_job(opening.job_id) if run.kind == "crawl"]
        if wanted.run_id is not None:
            sources = [run for run in crawls if run.id == wanted.run_id]
        elif wanted.since or wanted.until:
            sources = crawls
        else:
            sources = [run for run in crawls if run.state == "completed"][-1:]
        if not sources:
            return "nothing"
        self.wanted[opening.run_id] = wanted
        revision = 1 + max(run.revision for run in self.runs.values() if run.dataset == opening.dataset)
        self.acts.append(act)
        return self._run(opening, kind="replay", revision=revision)

    def _job(self, job_id: str) -> Job:
        opening, newest = self.openings[job_id], self._of_job(job_id)[-1]
        moment = self.created[job_id]
        return Job(id=job_id, owner=opening.owner, name=opening.name, dataset=opening.dataset,
                   description=opening.description, created_at=moment, updated_at=moment, run=newest)  # fmt: skip

    async def page(
        self, owner: str | None, states: Sequence[str] | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Job]:
        self.switch.check()
        jobs = [self._job(job_id) for job_id in self.openings if job_id not in self.deleted]
        jobs = [job for job in jobs if owner in (None, job.owner) and (states is None or job.run.state in states)]
        jobs.sort(key=lambda job: (job.created_at, job.id), reverse=True)
        return [job for job in jobs if before is None or (job.created_at, job.id) < before][:limit]

    async def job(self, job_id: str) -> Job | None:
        self.switch.check()
        return self._job(job_id) if job_id in self.openings and job_id not in self.deleted else None

    async def run(self, run_id: str) -> Run | None:
        self.switch.check()
        run = self.runs.get(run_id)
        hidden = run is None or (run.job_id in self.deleted and self.openings[run.job_id].kind != "estimate")
        return None if hidden else run

    async def newest_runs(self, *, owner: str | None = None, job_id: str | None = None, limit: int) -> list[str]:
        self.switch.check()
        found = [
            run.id
            for run in self.runs.values()
            if owner in (None, run.owner) and job_id in (None, run.job_id) and run.job_id not in self.deleted
        ]
        return found[::-1][:limit]

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        self.switch.check()
        found = [run for run in self._of_job(job_id) if run.state in OPEN_STATES and run.cancelled_at is None]
        for run in found:
            self.change(run.id, cancelled_at=self.clock())
        if found:
            self.acts.append(act)
        return [run.id for run in found]

    async def pause(self, job_id: str, act: Act) -> list[str]:
        found = [run for run in self._movable(job_id) if run.paused_at is None and run.stopped_at is None]
        return self._changed(found, act, paused_at=self.clock())

    async def resume(self, job_id: str, act: Act) -> list[str]:
        return self._changed([run for run in self._movable(job_id) if run.paused_at], act, paused_at=None)

    async def stop(self, job_id: str, act: Act) -> list[str]:
        found = [run for run in self._movable(job_id) if run.stopped_at is None]
        return self._changed(found, act, stopped_at=self.clock(), paused_at=None)

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        fields = {name: value for name, value in (("priority", priority), ("delay", delay)) if value is not None}
        return self._changed(self._movable(job_id), act, **fields)

    def _movable(self, job_id: str) -> list[Run]:
        self.switch.check()
        return [run for run in self._of_job(job_id) if run.state in ("queued", "running") and run.cancelled_at is None]

    def _changed(self, runs: list[Run], act: Act, **fields: Any) -> list[str]:
        for run in runs:
            self.change(run.id, **fields)
        if runs:
            self.acts.append(act)
        return [run.id for run in runs]

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        self.switch.check()
        if job_id not in self.openings or job_id in self.deleted:
            return "gone"
        if any(run.open for run in self._of_job(job_id)):
            return "running"
        self.deleted.add(job_id)
        self.acts.append(act)
        return "deleted"

    async def urls(
        self,
        run_id: str,
        *,
        outcome: str | None = None,
        url_fp: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[UrlFate]:
        self.switch.check()
        found = sorted(self.fates.get(run_id, []), key=lambda fate: fate.url_fp)
        return [
            fate
            for fate in found
            if (after is None or fate.url_fp > after)
            and (url_fp is None or fate.url_fp == url_fp)
            and (outcome is None or outcome in (fate.outcome, fate.klass, fate.state if fate.state != "done" else None))
        ][:limit]

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        self.switch.check()
        return next((fate for fate in self.fates.get(run_id, []) if fate.found_on == url and fate.hops), None)

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        self.switch.check()
        return self.waits.get((run_id, host))

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        self.switch.check()
        return sum(
            run == run_id and wait.queued > 0 and wait.visits_today >= daily
            for (run, _), wait in self.waits.items()
        )  # fmt: skip

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        self.switch.check()
        found = [fate for fate in self.fates.get(run_id, []) if fate.attempt or not fate.found_on]
        return sorted(found, key=lambda fate: (fate.depth, fate.found_at))[:limit]

    async def host_samples(self, run_id: str) -> list[HostSample]:
        self.switch.check()
        return self.samples.get(run_id, [])


@dataclass
class FakePreviews:
    answer: PreviewAnswer | None = None
    asked: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(self, job_id: str, url_fp: str, description: Mapping[str, Any], wait: float) -> PreviewAnswer | None:
        self.asked.append((job_id, url_fp, description))
        return self.answer


class FakeRecords:
    def __init__(self) -> None:
        self.switch = Switch()
        self.of_run: dict[str, list[StoredRecord]] = {}
        self.stored_trends: list[StoredTrend] = []
        self.visits: dict[tuple[str, str], list[Attempt]] = {}
        self.stored_letters: list[StoredLetter] = []

    async def letters(
        self, *, topic: str | None = None, stage: str | None = None, code: str | None = None, run_id: str | None = None,
        before: tuple[datetime, str] | None = None, limit: int,
    ) -> list[StoredLetter]:  # fmt: skip
        self.switch.check()
        asked = {"topic": topic, "stage": stage, "code": code, "run_id": run_id}
        found = sorted(self.stored_letters, key=lambda letter: (letter.at, letter.id), reverse=True)
        return [
            replace(letter, value="")
            for letter in found
            if all(wanted in (None, getattr(letter, name)) for name, wanted in asked.items())
            and (before is None or (letter.at, letter.id) < before)
        ][:limit]

    async def letter(self, letter_id: str) -> StoredLetter | None:
        self.switch.check()
        return next((letter for letter in self.stored_letters if letter.id == letter_id), None)

    async def attempts(self, run_id: str, url_fp: str, limit: int) -> list[Attempt]:
        self.switch.check()
        return self.visits.get((run_id, url_fp), [])[:limit]

    async def records(self, dataset: str, run_id: str, after: tuple[str, str] | None, limit: int) -> list[StoredRecord]:
        self.switch.check()
        found = sorted(self.of_run.get(run_id, []), key=lambda record: (record.key, record.id))
        return [record for record in found if after is None or (record.key, record.id) > after][:limit]

    async def trends(
        self, runs: Sequence[str] | None, *, dataset: str | None = None, kind: str | None = None,
        before: tuple[datetime, str] | None = None, limit: int,
    ) -> list[StoredTrend]:  # fmt: skip
        self.switch.check()
        found = sorted(self.stored_trends, key=lambda trend: (trend.at, trend.id), reverse=True)
        return [
            trend
            for trend in found
            if (runs is None or trend.run_id in runs)
            and dataset in (None, trend.dataset)
            and kind in (None, trend.kind)
            and (before is None or (trend.at, trend.id) < before)
        ][:limit]


class FakeFeed:
    """A log of messages that every opening of the feed reads from a place of the test's choosing."""

    def __init__(self) -> None:
        self.log: list[Message] = []
        self.opened: list[float] = []
        self.fail_next = 0
        self._broken = False
        self._grown = asyncio.Event()
        self._offsets: dict[tuple[str, int], int] = {}

    def publish(self, topic: str, value: bytes, partition: int = 0) -> Message:
        offset = self._offsets.get((topic, partition), 0)
        self._offsets[topic, partition] = offset + 1
        message = Message(topic, partition, offset, None, value, (), len(self.log) + 1)
        self.log.append(message)
        self._grown.set()
        return message

    def ends(self) -> dict[str, dict[str, int]]:
        """End offsets as a `completed` event carries them."""
        found: dict[str, dict[str, int]] = {}
        for (topic, partition), offset in self._offsets.items():
            found.setdefault(topic, {})[str(partition)] = offset
        return found

    def lose_connection(self) -> None:
        self._broken = True
        self._grown.set()

    @asynccontextmanager
    async def open(self, since: float) -> AsyncIterator["FakeFeed.Opening"]:
        self.opened.append(since)
        if self.fail_next:
            self.fail_next -= 1
            raise StoreAway("no broker")
        self._broken = False
        yield FakeFeed.Opening(self)

    class Opening:
        """One opening. It begins at the beginning, as a feed that looks back far would."""

        def __init__(self, feed: "FakeFeed") -> None:
            self._feed = feed
            self._next = 0

        async def __aiter__(self) -> AsyncIterator[Message]:
            while True:
                while self._next < len(self._feed.log):
                    self._next += 1
                    yield self._feed.log[self._next - 1]
                if self._feed._broken:
                    raise StoreAway("the connection is gone")
                self._feed._grown.clear()
                await self._feed._grown.wait()

        def positions(self) -> dict[str, dict[int, int]]:
            return {}


class FakeTelemetry:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def __call__(self, event: Event) -> bool:
        if not self.full:
            self.events.append(event)
        return not self.full
