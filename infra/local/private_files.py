"""Files and folders that only their owner may read, and that are never seen half-written."""

import os
import secrets
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(path: Path, mode: int = FOLDER_MODE) -> None:
    """Creates a folder with exactly this mode, whatever the umask; one that exists is left as it is."""
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        return
    path.chmod(mode)


def replace_file(path: Path, content: str, *, durable: bool = True) -> None:
    """Writes a file so that a reader, or a crash, finds either the old content or the new one, never a part.

    What need not survive a power cut may be written faster, not `durable`.
    """
    _draft(path, content, durable).replace(path)


def create_file(path: Path, content: str) -> bool:
    """Writes a file unless it exists; says whether it did. Of several racing creators exactly one succeeds."""
    draft = _draft(path, content, durable=True)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _draft(path: Path, content: str, durable: bool) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode())
        file.flush()
        if durable:
            os.fsync(file.fileno())
    return draft
