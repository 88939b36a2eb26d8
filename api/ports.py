"""What the gateway needs of the world, as promises. Adapters keep them; the tests' fakes keep them too.

A store that does not answer raises the error types that `build` is told to take for "unavailable"; every write takes
an Act and leaves it in the audit log in the same transaction. Ids are lower-case UUID strings, times are aware.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from schemas.accounts import Act, ApiKey, Credential, LiveSession, Session, User
from schemas.credentials import SiteCredential, SiteSecret
from schemas.events import Event, Upload
from schemas.job import Extract
from schemas.ledger import (
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


class Accounts(Protocol):
    """Users, their sessions and keys. Sessions and keys that ended, or whose account is not active, are not found."""

    async def credential(self, login: str) -> Credential | None:
        """By username, else by e-mail address; accounts that are not active are found too."""
        ...

    async def user(self, user_id: str) -> User | None:
        """Whatever its status."""
        ...

    async def add_user(self, user: User, password_hash: str, act: Act) -> bool:
        """False when the username or the address is taken; nothing is written then."""
        ...

    async def open_session(self, session: Session, act: Act) -> None:
        """Lets a device in, and remembers that its account was."""
        ...

    async def live_session(self, session_id: str) -> LiveSession | None:
        """The session if it still counts."""
        ...

    async def rotate(
        self, session_id: str, shown: bytes, replacement: bytes, grace: float, act: Act, theft: Act
    ) -> Literal["rotated", "raced", "reused", "ended"]:
        """Replaces the refresh hash if `shown` is the current one: of any number at once exactly one succeeds.

        `raced`: `shown` was replaced less than `grace` seconds ago. `reused`: it was replaced before, so somebody
        else has it too; the session is ended and `theft` is audited instead of `act`.
        """
        ...

    async def end_session(self, session_id: str, act: Act) -> bool:
        """False, and nothing audited, when it had ended already."""
        ...

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        """Signs an account out everywhere."""
        ...

    async def count_sessions(self, user_id: str) -> int:
        """How many devices are signed in."""
        ...

    async def add_key(self, key: ApiKey, key_hash: bytes, act: Act) -> ApiKey:
        """The key as it is kept."""
        ...

    async def keys(self, user_id: str) -> list[ApiKey]:
        """Newest first, without revoked ones."""
        ...

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        """False, and nothing audited, for a key that is not this account's."""
        ...

    async def by_key(self, key_hash: bytes) -> tuple[str, datetime | None, User] | None:
        """The key's id, when it expires, and its account; remembers the use."""
        ...

    async def add_link(self, link_hash: bytes, user_id: str, expires_at: datetime, act: Act) -> None:
        """A link that lets an account in once."""
        ...

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        """Spends a one-time link and opens the session that `opened` makes for its account: once, or never."""
        ...

    async def still_good(self, ids: Sequence[str]) -> dict[str, str]:
        """Of these sessions and keys the ones that still count, each with the role of its account now."""
        ...

    async def note(self, act: Act) -> None:
        """Audits something that changed nothing, such as a refused sign-in."""
        ...


class Jobs(Protocol):
    """Jobs and their runs. Deleted jobs are not found. Who may see what is the caller's to decide."""

    async def create(self, opening: Opening, act: Act) -> Run:
        """A new job and its first run, which is `queued`; its request to Kafka is in the same transaction."""
        ...

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        """Another run of a job: `running` while one of its kind is open, unless `force`. Racing calls open one run."""
        ...

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        """A run that reads stored pages again, into the next revision of the dataset: `running` while another one of
        the job does, `nothing` where no crawl of the job is meant. Racing calls open one run."""
        ...

    async def page(
        self, owner: str | None, states: Sequence[str] | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Job]:
        """Newest first, after the position (created_at, id); `states` are those of the newest run."""
        ...

    async def job(self, job_id: str) -> Job | None:
        """With its newest run."""
        ...

    async def run(self, run_id: str) -> Run | None:
        """Any run, by its own id."""
        ...

    async def newest_runs(self, *, owner: str | None = None, job_id: str | None = None, limit: int) -> list[str]:
        """Ids of the newest runs of an owner, a job, or everyone."""
        ...

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        """Asks for the end of every open run of a job; returns those that were not being cancelled already."""
        ...

    async def pause(self, job_id: str, act: Act) -> list[str]:
        """No new visit begins in a job's open runs, from the next second on; returns those that this changed. Like the
        next two it leaves alone what is being cancelled or stopped."""
        ...

    async def resume(self, job_id: str, act: Act) -> list[str]:
        """Paused runs go on; returns those that were paused."""
        ...

    async def stop(self, job_id: str, act: Act) -> list[str]:
        """Open runs end with what they have under way; returns those that this changed."""
        ...

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        """Another priority (-1 to 1) or delay (seconds) for a job's open runs, from now on; None leaves it."""
        ...

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        """Hides a job that is over; `running` while a run is open."""
        ...

    async def urls(
        self,
        run_id: str,
        *,
        outcome: str | None = None,
        url_fp: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[UrlFate]:
        """In the order of the fingerprint, after one. `outcome` is an outcome, its class, or `queued` or `issued`."""
        ...

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        """The URL of a run to which another one redirects."""
        ...

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        """What a run's URLs at a host wait for."""
        ...

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        """At how many hosts a run waits for tomorrow, because its job has had `daily` visits there today."""
        ...

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        """What a run has visited and what it began with, seeds first."""
        ...

    async def host_samples(self, run_id: str) -> list[HostSample]:
        """What a run has seen of each host."""
        ...


class RuleProblem(Protocol):
    """A rule that cannot be used: where it stands within `extract`, and what to change."""

    @property
    def place(self) -> str: ...
    @property
    def reason(self) -> str: ...


RuleCheck = Callable[[Extract], Sequence[RuleProblem]]
"""Every rule that cannot be used; blocks while it tries them."""


class Previews(Protocol):
    """Rules tried on stored pages, by whoever reads pages."""

    async def ask(self, job_id: str, url_fp: str, description: Mapping[str, Any], wait: float) -> PreviewAnswer | None:
        """What the job so described makes of the newest stored copy of one of its pages; None: no answer came within
        `wait` seconds."""
        ...


class SiteCredentials(Protocol):
    """Stored credentials of sites; nothing here gives a secret back."""

    async def add(self, credential: SiteCredential, secret: SiteSecret, act: Act) -> SiteCredential | None:
        """As it is kept; None, and nothing is written, where the owner has one of that name."""
        ...

    async def count(self, owner: str) -> int:
        """How many an owner has."""
        ...

    async def all(self, owner: str) -> list[SiteCredential]:
        """An owner's, by name."""
        ...

    async def known(self, owner: str, name: str) -> bool:
        """Whether an owner has one of that name."""
        ...

    async def remove(self, owner: str, credential_id: str, act: Act) -> bool:
        """False, and nothing audited, for one that is not the owner's."""
        ...


class Records(Protocol):
    """What is stored for good."""

    async def records(self, dataset: str, run_id: str, after: tuple[str, str] | None, limit: int) -> list[StoredRecord]:
        """Records of a run in the order of (key, id), after a position."""
        ...

    async def trends(
        self,
        runs: Sequence[str] | None,
        *,
        dataset: str | None = None,
        kind: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredTrend]:
        """Newest first, after the position (at, id); None for the trends of all runs."""
        ...

    async def letters(
        self,
        *,
        topic: str | None = None,
        stage: str | None = None,
        code: str | None = None,
        run_id: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredLetter]:
        """Dead letters without their values, newest first, after the position (at, id)."""
        ...

    async def letter(self, letter_id: str) -> StoredLetter | None:
        """One dead letter, whole."""
        ...

    async def attempts(self, run_id: str, url_fp: str, limit: int) -> list[Attempt]:
        """Visits to one URL, the first one first."""
        ...


class Uploads(Protocol):
    """Takes records from outside."""

    async def open(self, opening: Opening, uploads: Sequence[Upload], act: Act) -> None:
        """Job, run and every part at once: all of it will be in Kafka, or nothing is kept."""
        ...


class Resent(Protocol):
    """Remembers which dead letters were sent again."""

    async def ask(self, letter_id: str, act: Act) -> datetime | None:
        """When it was sent again; None where it is to be sent now. Audited once."""
        ...

    async def done(self, letter_id: str) -> None:
        """It is in its topic."""
        ...


Resend = Callable[[str, str, bytes, Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Topic, key, value, headers: returns once the broker has the message."""


class Feed(Protocol):
    """Live messages of some topics: in order and without a gap within a partition, for as long as it is read."""

    def __aiter__(self) -> AsyncIterator[Message]: ...

    def positions(self) -> dict[str, dict[int, int]]:
        """By topic and partition the offset after the last message that was handed out."""
        ...


OpenFeed = Callable[[float], AbstractAsyncContextManager[Feed]]
"""Opens a feed of the live topics that begins so many seconds ago."""

Telemetry = Callable[[Event], bool]
"""Publishes soon, or answers False when the event had to be dropped; never waits."""


@dataclass(frozen=True, kw_only=True)
class ProcessHealth:
    """A process as its supervisor sees it; `why` says why it is not running, in words that may come from its log, and
    `ending` as much of that as strangers may know."""

    state: str
    restarts: int = 0
    why: str = ""
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """What waits for one stage in one topic, and for how long the oldest has waited, in seconds."""

    stage: str
    topic: str
    messages: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What the health answer is made of. A check that raises, or takes too long, is a dependency that is down."""

    dependencies: dict[str, Callable[[], Awaitable[object]]]
    """By name, what must return for the dependency to be up."""
    processes: Callable[[], dict[str, ProcessHealth]]
    """Empty where no supervisor runs here."""
    behind: Callable[[], Sequence[Behind]] = tuple
    """Stages that are too far behind."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything the gateway talks to."""

    accounts: Accounts
    jobs: Jobs
    check_rules: RuleCheck
    previews: Previews
    credentials: SiteCredentials
    records: Records
    uploads: Uploads
    resent: Resent
    resend: Resend
    open_feed: OpenFeed
    telemetry: Telemetry
    checks: Checks
