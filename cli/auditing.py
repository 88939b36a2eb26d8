"""Holding the audit log against its chain: straight from the database, for a gateway is not asked to judge itself."""

from collections.abc import Sequence
from itertools import chain as joined
from pathlib import Path

from infra.anchors import AnchorFile
from infra.postgres.audit_chain import AuditChain
from infra.postgres.audit_verifier import Progress, Verified, verify
from infra.postgres.pool import Database
from infra.settings import Settings
from schemas.audit import Anchor


def anchor_files(settings: Settings, more: Sequence[Path]) -> list[AnchorFile]:
    """The installation's own file, or those that were named instead: copies from another machine."""
    return [AnchorFile(path) for path in more] or [AnchorFile(settings.anchors)]


async def verified(settings: Settings, files: Sequence[AnchorFile], progress: Progress) -> Verified:
    """Everything up to this moment. StoreUnavailable where PostgreSQL does not answer."""
    address = settings.address("postgres")
    async with Database(address, max_size=2, application_name="trawl-audit", wait=10) as database:
        return await verify(AuditChain(database), joined.from_iterable(file.read() for file in files), progress)


async def held(settings: Settings, anchors: Sequence[Anchor]) -> dict[int, str]:
    """The hashes that the chain holds now where anchors were written."""
    address = settings.address("postgres")
    async with Database(address, max_size=2, application_name="trawl-audit", wait=10) as database:
        return await AuditChain(database).hashes([anchor.position for anchor in anchors])
