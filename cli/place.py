"""Which Trawl a command means: a data folder on this machine, or a gateway elsewhere."""

import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from cli.errors import NotRunning
from infra.local.folder import DataFolder
from infra.local.lock import Holder, holder
from infra.settings import default_data_folder

CLI_KEY = "cli_key"
"""The secret file with the API key of this command line: made by `up`, for whoever may read the data folder."""


def demo_folder() -> Path:
    """Where `trawl demo` keeps its data: beside the default folder, never in it."""
    return default_data_folder().with_name("trawl-demo")


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder and who holds it, if anyone does."""

    folder: Path
    holder: Holder | None

    def endpoints(self) -> dict[str, str]:
        """Where everything listens; NotRunning when nothing runs here."""
        try:
            return dict(orjson.loads(DataFolder(self.folder).endpoints_file.read_bytes()))
        except (FileNotFoundError, orjson.JSONDecodeError):
            raise NotRunning(f"Nothing runs on {self.folder}; start it with `trawl up`.") from None

    def status(self) -> dict[str, object]:
        """What the supervisor wrote about its children; empty when it wrote nothing."""
        try:
            return dict(orjson.loads(DataFolder(self.folder).status_file.read_bytes()))
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}

    def key(self) -> str:
        """The API key of this command line; NotRunning when `up` has not made one yet."""
        try:
            return DataFolder(self.folder).secret_file(CLI_KEY).read_text().strip()
        except FileNotFoundError:
            raise NotRunning(f"No API key in {self.folder} yet; wait for `trawl up` to be ready.") from None


def find(data: Path | None) -> Place:
    """The folder that was named; else the default one, or the demo's when only that is in use."""
    if data is not None:
        folder = data.expanduser().resolve()
        return Place(folder, holder(DataFolder(folder).lock_file))
    mine, demo = default_data_folder(), demo_folder()
    for folder in (mine, demo):
        held = holder(DataFolder(folder).lock_file)
        if held is not None:
            return Place(folder, held)
    return Place(mine, None)


def certificate(data: Path | None, url: str | None) -> Path | None:
    """The certificate of the data folder's gateway, where that speaks TLS; one elsewhere shows its own."""
    found = find(data).endpoints().get("certificate") if url is None else None
    return Path(found) if found else None


def gateway(data: Path | None, url: str | None) -> tuple[str, str]:
    """The address of the gateway and the key to it: as said, else of the data folder."""
    key = os.environ.get("TRAWL_API_KEY")
    if url is None:
        place = find(data)
        return place.endpoints()["gateway"].rstrip("/"), key or place.key()
    if not key:
        raise NotRunning(f"No key for {url}: set TRAWL_API_KEY (the gateway's owner makes one at /api/v1/auth/keys).")
    return url.rstrip("/"), key
