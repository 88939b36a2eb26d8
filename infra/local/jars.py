"""The broker's jars: a pinned list, fetched once into a cache that all data folders share.

`infra/kafka/jars.txt` has a line for each jar: SHA-256, size in bytes, Maven coordinate. `python -m
infra.local.pinning` writes it anew.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from maven_artifact.artifact import Artifact
from maven_artifact.resolver import Resolver

from infra.local.download import Wanted, fetch, is_whole
from infra.local.errors import DownloadFailed, SumMismatch

CONNECTIONS = 4
Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all) while jars arrive; called from several threads, one at a time."""


@dataclass(frozen=True)
class Jar:
    """One pinned jar."""

    coordinate: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """As Maven names it: artifact, version."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def url(self, repository: str) -> str:
        """Where a Maven repository has it."""
        return str(Artifact.parse(self.coordinate).uri(repository.rstrip("/")))


def pinned() -> list[Jar]:
    """The list in the package."""
    return parse(files("infra.kafka").joinpath("jars.txt").read_text())


def parse(text: str) -> list[Jar]:
    """Reads the pinned list: `<sha256> <size> <group:artifact:version>` lines, and comments."""
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return [Jar(coordinate, int(size), sha256) for sha256, size, coordinate in lines]


def cache_folder(environ: Mapping[str, str]) -> Path:
    """TRAWL_CACHE, else below the XDG cache home: what is there can be deleted and is fetched again."""
    chosen = environ.get("TRAWL_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trawl"


def provide(
    jars: Sequence[Jar], cache: Path, *, mirror: str | None = None, progress: Progress, stop: threading.Event
) -> list[Path]:
    """The jars' files, each checked against its sum; fetches what is missing. Blocks; meant for a thread.

    `mirror` is a Maven repository's address instead of the default one. Raises DownloadFailed or SumMismatch.
    """
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    repository = mirror or str(Resolver.default().base)
    wanted = [Wanted(jar.url(repository), folder / jar.file_name, jar.size, jar.sha256) for jar in jars]
    with _alone(folder):
        missing = [one for one in wanted if not is_whole(one)]
        if missing:
            _fetch_all(missing, sum(jar.size for jar in jars), progress, stop)
    return [one.target for one in wanted]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Several starts share the cache: one fetches, the others wait and find everything there."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch_all(missing: Sequence[Wanted], total: int, progress: Progress, stop: threading.Event) -> None:
    done = total - sum(one.size for one in missing)
    counting = threading.Lock()

    def arrived(size: int) -> None:
        nonlocal done
        with counting:
            done += size
            progress(done, total)

    arrived(0)
    with ThreadPoolExecutor(CONNECTIONS, "jars") as pool:
        tasks = [pool.submit(fetch, one, arrived, stop) for one in missing]
        finished, _ = wait(tasks, return_when=FIRST_EXCEPTION)
        # Those that failed by themselves, before the others are told to stop.
        problems = [error for task in finished if (error := task.exception())]
        if problems:
            stop.set()
    for problem in problems:
        if isinstance(problem, SumMismatch):
            raise problem
    if problems:
        raise DownloadFailed(
            f"Kafka's jars ({total // 1_000_000} MB) could not all be fetched: {problems[0]} "
            "Connect to the network and start again (it goes on where it stopped), name a Maven mirror with "
            "TRAWL_MIRROR, or use a broker of your own with TRAWL_KAFKA=host:port."
        ) from problems[0]
