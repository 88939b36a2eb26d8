"""Walking along the audit chain: pure, in pieces, with a memory that does not grow with the log."""

from collections import deque
from dataclasses import dataclass, field

from schemas.audit import BEGINNING, Finding, SealedLine, digest

LONGEST_DEED_US = 3600 * 1_000_000
"""No transaction that leaves a line is open for an hour: a line whose number or time lies further back than that among
those sealed before it was not written when it says."""
MOST_FINDINGS = 100

_STEP_US = 60 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A seal, and its line as it is now; None where it is gone."""

    position: int
    audit_id: int
    sealed_us: int
    hash: bytes
    line: SealedLine | None


@dataclass
class Walk:
    """Held against the chain one link after the other. `findings` are in the order of the chain, at most a hundred;
    `broken` counts all."""

    position: int = 0
    hash: bytes = BEGINNING
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)
    _newest: int = 0
    _highest: int = 0
    _earlier: deque[tuple[int, int]] = field(default_factory=deque)
    """(moment, highest id sealed until then), a minute apart, an hour back at most."""
    _settled: int = 0
    """The highest id that was sealed over an hour before the link at hand."""

    def step(self, link: Link) -> None:
        """The next link: its place in the chain, its line, and when the line says that it was written."""
        if link.position != self.position + 1:
            self._gap(link)
        self._compare(link)
        self.position, self.hash = link.position, link.hash

    def _gap(self, link: Link) -> None:
        first, last = self.position + 1, link.position - 1
        which = f"Seal {first} is" if first == last else f"Seals {first} to {last} are"
        self._found(Finding("removed", 0, first, f"{which} gone, and with them what their lines were."))

    def _compare(self, link: Link) -> None:
        line, unbroken = link.line, link.position == self.position + 1
        if line is None:
            words = f"Line {link.audit_id} was removed after it was sealed."
            self._found(Finding("removed", link.audit_id, link.position, words))
            return
        if unbroken and digest(self.hash, link.position, link.sealed_us, line) != link.hash:
            words = f"Line {link.audit_id} is not what was sealed at {link.position}: it, or its seal, was changed."
            self._found(Finding("changed", link.audit_id, link.position, words))
            return
        self._judge_time(link, line)

    def _judge_time(self, link: Link, line: SealedLine) -> None:
        while self._earlier and self._earlier[0][0] < link.sealed_us - LONGEST_DEED_US:
            self._settled = self._earlier.popleft()[1]
        if line.id < self._settled or line.at_us < self._newest - LONGEST_DEED_US:
            words = (
                f"Line {line.id} was inserted later than it says: lines that follow it were sealed over an hour before."
            )
            self._found(Finding("inserted", line.id, link.position, words))
            return
        self._newest, self._highest = max(self._newest, line.at_us), max(self._highest, line.id)
        if not self._earlier or link.sealed_us > self._earlier[-1][0] + _STEP_US:
            self._earlier.append((link.sealed_us, self._highest))
        else:
            self._earlier[-1] = (self._earlier[-1][0], self._highest)

    def _found(self, finding: Finding) -> None:
        self.broken += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
