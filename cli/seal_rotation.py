"""A new key for the secrets at rest: everything is sealed anew with it, then the old one is forgotten."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from cli.errors import CliError
from infra.local.folder import DataFolder
from infra.postgres.audit import record
from infra.postgres.pool import Database
from infra.postgres.resealing import Resealing
from infra.seal_keys import SealKeys
from infra.sealing import Seal
from infra.settings import Settings
from schemas.accounts import Act

ENVIRON = "TRAWL_SECRET_SEAL_KEY"
_PASSES = 20


class OldKeyNeeded(CliError):
    """Something cannot be sealed anew, so the key before it is still needed."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The key that seals now, how many rows were sealed anew, how many keys were forgotten."""

    key_id: str
    rows: int
    forgotten: int


async def rotate_seals(settings: Settings, say: Callable[[str], None], settle_s: float) -> Rotated:
    """Makes a new key, unless an earlier rotation was interrupted: then that one is brought to its end. `settle_s`
    seconds after the new key the old one can go: by then processes have taken it up (they look once a second) and have
    committed what they had sealed before. OldKeyNeeded where something still needs it: then nothing is forgotten."""
    file = None if os.environ.get(ENVIRON) else SealKeys(DataFolder(settings.data).secret_file("seal_key"))
    before = settings.secret("seal_key").replace(",", " ").split()
    if len(before) == 1:
        if file is None:
            raise CliError(_by_hand())
        file.add()
    seal = Seal(settings.secret("seal_key"))
    say(f"sealing with {seal.key_id}")
    async with Database(
        settings.address("postgres"), max_size=2, application_name="trawl-rotation", wait=10
    ) as database:
        rows = await _resealed(Resealing(database, seal), seal, file, say, settle_s)
        if file is not None:
            file.forget_older()
        forgotten = len(seal.key_ids) - 1
        details = {"key": seal.key_id, "rows": rows, "before": list(seal.key_ids[1:])}
        async with database.transaction() as connection:
            await record(connection, Act(actor="command line", action="seal_key_rotated", details=details))
    return Rotated(seal.key_id, rows, forgotten if file is not None else 0)


async def _resealed(
    resealing: Resealing, seal: Seal, file: SealKeys | None, say: Callable[[str], None], settle_s: float
) -> int:
    """Until nothing needs an older key of ours, and for long enough that nobody seals with one any more."""
    rows = passes = 0
    while True:
        settled = file is None or file.age_s(time.time()) >= settle_s
        done = await resealing.all(lambda table, count: say(f"{table}: {count} rows"))
        rows += done.rows
        older = {key for key in await resealing.in_use() if key in seal.key_ids[1:]}
        if settled and not older:
            return rows
        passes += settled
        if passes and done.unopened:
            raise OldKeyNeeded(f"These do not open under the key that they name: {', '.join(done.unopened[:20])}. "
                               "It was not forgotten. Remove them or store them again, and rotate again.")  # fmt: skip
        if passes > _PASSES:
            raise OldKeyNeeded("Some process still seals with the key before: give every process the new one, restart "
                               "it, and rotate again. The old key was not forgotten.")  # fmt: skip
        await asyncio.sleep(0.5)


def _by_hand() -> str:
    return (
        f"The key comes from {ENVIRON}. Put a new one before it, a comma between them, for every process, restart "
        f"them, and ask again; when all is sealed anew the old one can go. A new key: {secrets.token_urlsafe(32)}"
    )
