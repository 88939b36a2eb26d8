"""Holds the audit log against its chain, and the chain against its anchors: in pieces, while the sealer goes on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from infra.postgres.audit_chain import AuditChain
from schemas.audit import Anchor, ChainStatus, Finding
from schemas.audit_walk import MOST_FINDINGS, Walk

Progress = Callable[[str, int, int], None]
"""(what, done, of how many): called after each piece."""

OVERDUE_S = 60.0
"""Lines that wait longer than this for their seal are waiting for a sealer that is not there."""
_ANCHORS = 500


@dataclass
class Verified:
    """What was found. The chain is whole where nothing is `broken`; `findings` are the first hundred, those of the
    chain in its order, then lines outside it, then anchors."""

    status: ChainStatus
    lines: int = 0
    anchors: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Finding | None:
        """The broken line with the lowest number; else the first thing that is wrong with no line of its own."""
        named = [finding for finding in self.findings if finding.audit_id]
        return min(named, key=lambda finding: finding.audit_id) if named else next(iter(self.findings), None)

    @property
    def overdue(self) -> bool:
        """Whether nobody seals."""
        return self.status.oldest_s > OVERDUE_S

    def add(self, finding: Finding) -> None:
        """Notes one more thing."""
        self.broken += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


async def verify(chain: AuditChain, anchors: Iterable[Anchor | int], progress: Progress) -> Verified:
    """Everything up to the head of this moment. Reads only. StoreUnavailable when PostgreSQL goes away meanwhile."""
    found = Verified(await chain.status())
    head = found.status.head
    walk = Walk()
    upto = head.position if head else 0
    async for piece in chain.links(0, upto):
        for link in piece:
            walk.step(link)
        found.lines += len(piece)
        progress("chain", walk.position, upto)
    found.broken, found.findings = walk.broken, list(walk.findings)
    await _outside(chain, found, progress)
    await _anchored(chain, anchors, found, progress)
    return found


async def _outside(chain: AuditChain, found: Verified, progress: Progress) -> None:
    async for last, ids in chain.loose():
        for one in ids:
            words = f"Line {one} is in no seal and does not wait for one: it was inserted, or its seal was removed."
            found.add(Finding("unsealed", one, 0, words))
        progress("lines", last, 0)
    for one in await chain.lost():
        found.add(Finding("removed", one, 0, f"Line {one} was removed before it was sealed."))


async def _anchored(chain: AuditChain, anchors: Iterable[Anchor | int], found: Verified, progress: Progress) -> None:
    """Positions that the anchors name must hold what they say: a chain whose tail was cut is short of them, or has
    grown another one since."""
    told = iter(anchors)
    while piece := list(islice(told, _ANCHORS)):
        known = await chain.hashes([anchor.position for anchor in piece if isinstance(anchor, Anchor)])
        for anchor in piece:
            found.anchors += 1
            if not isinstance(anchor, Anchor):
                found.add(Finding("anchor", 0, 0, f"Line {anchor} of the anchors cannot be read."))
            elif anchor.position not in known:
                words = f"The chain had {anchor.position} seals at {anchor.at}, and is shorter now: its tail was cut."
                found.add(Finding("anchor", 0, anchor.position, words))
            elif known[anchor.position] != anchor.hash:
                words = (
                    f"Seal {anchor.position} is not the one that was anchored at {anchor.at}: the chain was replaced."
                )
                found.add(Finding("anchor", 0, anchor.position, words))
        progress("anchors", found.anchors, 0)
