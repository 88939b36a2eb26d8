"""Seals what was audited, within a second: one sealer works, beside one of the gateways, and the others stand by.

Whoever leaves a line never waits for the chain: the line is in its own transaction, the seal follows in another one.
Leading is for efficiency. Two that believe to lead would choose the same positions, which the database refuses to one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from infra.anchors import AnchorFile
from infra.errors import InfraError
from infra.metrics import AUDIT_POSITION
from infra.postgres.audit_chain import AuditChain
from infra.postgres.leadership import AUDIT, Leadership
from infra.postgres.pool import Database
from schemas.audit import Head

log = structlog.get_logger()

LOOK_S = 0.4
ANCHOR_S = 60.0
_BATCH = 1000
_TROUBLE_S = 1.0


class AuditSealer:
    """`url` is where the leader's own connection goes; `clock` says RFC 3339."""

    def __init__(
        self, database: Database, url: str, anchors: AnchorFile, clock: Callable[[], str], *, anchor_s: float = ANCHOR_S
    ) -> None:
        self._chain = AuditChain(database)
        self._url = url
        self._anchors = anchors
        self._clock = clock
        self._anchor_s = anchor_s
        self._anchored: Head | None = None

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[None]:
        """Seals while the block runs, and anchors once more at its end."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self.run(stopping))
        try:
            yield
        finally:
            stopping.set()
            try:
                async with asyncio.timeout(5):
                    await task
            except TimeoutError:
                log.warning("audit_sealer_left")

    async def run(self, stopping: asyncio.Event) -> None:
        """Leads whenever nobody else does, until `stopping`. Outages are waited out, and so is whatever else ends a
        term: a sealer that ended would be missed by nobody until somebody verifies."""
        while not stopping.is_set():
            try:
                await self._term(stopping)
            except Exception:
                log.exception("audit_not_sealed")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), _TROUBLE_S)

    async def _term(self, stopping: asyncio.Event) -> None:
        """From waiting for the lead to giving it up."""
        leadership = Leadership(self._url, AUDIT)
        try:
            if await leadership.won(stopping):
                await self._lead_while_kept(leadership, stopping)
        finally:
            await leadership.give_up()

    async def _lead_while_kept(self, leadership: Leadership, stopping: asyncio.Event) -> None:
        keeping = asyncio.create_task(leadership.keep(stopping))
        try:
            await self._lead(keeping)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _lead(self, keeping: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        head, due = None, loop.time()
        while True:
            pause = LOOK_S
            try:
                head = await self._seal() or head
                if loop.time() >= due or keeping.done():
                    head = head or (await self._chain.status()).head
                    await self._anchor(head)
                    due = loop.time() + self._anchor_s
            except InfraError as problem:
                log.warning("audit_not_sealed", error=str(problem))
                pause = _TROUBLE_S
            if keeping.done():
                return
            await asyncio.wait({keeping}, timeout=pause)

    async def _seal(self) -> Head | None:
        """Everything that waits, a thousand lines at a time."""
        newest = None
        while await self._chain.waiting():
            head = await self._chain.seal(_BATCH)
            if head is None:
                break
            newest = head
            AUDIT_POSITION.set(head.position)
        return newest

    async def _anchor(self, head: Head | None) -> None:
        """Writes the head down, where it is a new one; and looks whether the chain still holds the one before."""
        before = self._anchored
        if head is None or (before and before.position == head.position):
            return
        if before and (await self._chain.hashes([before.position])).get(before.position) != before.hash.hex():
            log.critical(
                "audit_chain_changed", position=before.position, fix="Run `trawl audit verify`; docs/audit.md."
            )
        with contextlib.suppress(OSError):
            last = await asyncio.to_thread(self._anchors.last)
            if last and (last.position, last.hash) == (head.position, head.hash.hex()):
                self._anchored = head
                return
        try:
            await asyncio.to_thread(self._anchors.add, head, self._clock())
        except OSError as problem:
            log.error("audit_not_anchored", file=str(self._anchors.path), error=str(problem))
            return
        self._anchored = head
        log.info("audit_anchored", position=head.position, hash=head.hash.hex(), audit_id=head.audit_id)
