import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.errors import FolderInUse, FolderUnusable
from infra.local.folder import DataFolder
from infra.local.lock import holder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


def test_nobody_else_can_read_anything_whatever_the_umask(folder: DataFolder) -> None:
    before = os.umask(0)
    try:
        with folder.locked("test"):
            folder.secret("clickhouse")
            folder.write_endpoints({"kafka": "127.0.0.1:1"})
            folder.write_status({})
    finally:
        os.umask(before)
    assert mode(folder.path) == (0o711 if os.geteuid() == 0 else 0o700)
    for path in folder.path.rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_secret_is_made_once_and_never_the_same_elsewhere(folder: DataFolder, tmp_path: Path) -> None:
    folder.create()
    first = folder.secret("postgres-app")
    assert folder.secret("postgres-app") == first
    assert len(first) >= 43
    other = DataFolder(tmp_path / "other")
    other.create()
    assert len({first, folder.secret("postgres-owner"), other.secret("postgres-app")}) == 3


def test_secrets_that_processes_know_by_a_setting_may_have_its_underscores(folder: DataFolder) -> None:
    folder.create()
    assert folder.secret("signing_key") == folder.secret_file("signing_key").read_text()


@pytest.mark.parametrize("name", ["../lock", "", "A", "a/b", ".x"])
def test_a_secrets_name_cannot_leave_its_folder(folder: DataFolder, name: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        folder.secret(name)


def test_a_second_user_of_the_folder_is_told_who_has_it(folder: DataFolder) -> None:
    hold = (
        "import sys; from pathlib import Path; from infra.local.folder import DataFolder\n"
        "with DataFolder(Path(sys.argv[1])).locked('trawl up --demo'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout and first.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse) as refused, folder.locked("trawl up"):
            pass
        assert f"process {first.pid} (trawl up --demo) since 20" in str(refused.value)
        assert str(folder.path) in str(refused.value)
        found = holder(folder.lock_file)
        assert found and found.pid == first.pid
        first.kill()
        first.wait()
    assert holder(folder.lock_file) is None, "the dead hold nothing"
    with folder.locked("trawl up"):
        assert holder(folder.lock_file) is not None
    assert holder(folder.lock_file) is None


def test_a_folder_that_others_may_write_is_refused(folder: DataFolder) -> None:
    folder.path.mkdir()
    folder.path.chmod(0o777)
    with pytest.raises(FolderUnusable, match="chmod go-w"):
        folder.create()


def test_a_folder_that_was_there_keeps_its_mode(folder: DataFolder) -> None:
    folder.path.mkdir()
    folder.path.chmod(0o750)
    folder.create()
    assert mode(folder.path) == 0o750
    assert mode(folder.path / "secrets") == 0o700


@pytest.mark.parametrize("name", ["a,b", "a:b"])
def test_a_name_that_java_would_take_apart_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderUnusable, match="comma"):
        DataFolder(tmp_path / name).create()


def test_a_file_in_the_way_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable, match="--data"):
        DataFolder(tmp_path / "file" / "data").create()
