"""A sealer goes on, whatever ended its term."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from infra.anchors import AnchorFile
from infra.postgres.audit_sealer import AuditSealer


class Leadership:
    """Fails of itself in the first term; in the second it waits for the lead."""

    terms = 0
    waits = asyncio.Event()

    def __init__(self, *_: Any) -> None: ...

    async def won(self, stopping: asyncio.Event) -> bool:
        Leadership.terms += 1
        if Leadership.terms == 1:
            raise ValueError("a defect")
        self.waits.set()
        await stopping.wait()
        return False

    async def give_up(self) -> None: ...


async def test_a_term_that_fails_of_itself_is_logged_and_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.postgres.audit_sealer.Leadership", Leadership)
    monkeypatch.setattr("infra.postgres.audit_sealer._TROUBLE_S", 0.001)
    sealer = AuditSealer(None, "", AnchorFile(tmp_path / "anchors"), lambda: "")  # type: ignore[arg-type]
    with capture_logs() as logs:
        async with asyncio.timeout(60), sealer.sealing():
            await Leadership.waits.wait()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("audit_not_sealed", "error")]
