"""What a program is told of our user's surroundings."""

import os
from pathlib import Path

import pytest

from infra.local.bounded_log import BoundedLog
from infra.local.child import Child
from infra.local.engine import Account, Command, environment
from infra.local.errand import errand
from infra.local.errors import EngineFailed

SHARED = {"PATH": "/bin", "LANG": "C", "TZ": "UTC", "NOTIFY_SOCKET": "@x", "HOME": "/h",
          "TRAWL_SECRET_SIGNING_KEY": "s", "AWS_SECRET_ACCESS_KEY": "k"}  # fmt: skip
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as somebody else")


def test_our_own_programs_are_told_everything_and_others_what_every_program_needs() -> None:
    own = {"PGDATA": "/d"}
    assert environment(None, SHARED, own) == SHARED | own
    told = environment(Account(65534, 65534), SHARED, own)
    assert set(told) == {"PATH", "LANG", "TZ", "NOTIFY_SOCKET", "PGDATA"}


@as_root
async def test_a_program_of_another_account_sees_no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both ways of starting one, with the real processes."""
    monkeypatch.setenv("TRAWL_SECRET_SIGNING_KEY", "hunter2")
    nobody = Account(65534, 65534)
    with pytest.raises(EngineFailed, match="PATH") as told:
        await errand("Telling", ["/bin/sh", "-c", "env; exit 1"], account=nobody, folder=Path("/"))
    assert "TRAWL_" not in str(told.value)
    command = Command(("/usr/bin/env",), account=nobody, folder=Path("/"))
    child = await Child.start(command, BoundedLog(tmp_path / "log"), dict(os.environ))
    said = "".join((await child.ended()).last_lines)
    assert "PATH" in said and "TRAWL_" not in said and "HOME" not in said
