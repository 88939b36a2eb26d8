import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import download
from infra.local.errors import DownloadFailed, SumMismatch
from infra.local.jars import Jar, cache_folder, parse, pinned, provide
from infra.settings import Settings
from tests.unit.local.range_server import RangeServer, running

CONTENT = {name: random.Random(name).randbytes(300_000) for name in ("alpha", "beta", "gamma")}
JARS = [Jar(f"org.example:{name}:1.0", len(body), hashlib.sha256(body).hexdigest()) for name, body in CONTENT.items()]
TOTAL = sum(jar.size for jar in JARS)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    files = {f"/org/example/{name}/1.0/{name}-1.0.jar": body for name, body in CONTENT.items()}
    with running(RangeServer(files)) as server:
        yield server


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PAUSES_S", (0.0, 0.0, 0.0))


def fetch(server: RangeServer, cache: Path) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    files = provide(
        JARS, cache, mirror=server.url, progress=lambda done, total: told.append((done, total)), stop=threading.Event()
    )
    assert [file.read_bytes() for file in files] == list(CONTENT.values())
    assert not list(cache.rglob("*.part"))
    return told


def test_jars_are_fetched_once_with_progress_from_nothing_to_all(server: RangeServer, tmp_path: Path) -> None:
    told = fetch(server, tmp_path)
    assert told[0] == (0, TOTAL)
    assert told[-1] == (TOTAL, TOTAL)
    assert told == sorted(told)
    assert len(server.asked) == 3
    assert fetch(server, tmp_path) == []
    assert len(server.asked) == 3


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server: RangeServer, tmp_path: Path) -> None:
    server.cut_after = 100_000
    told = fetch(server, tmp_path)
    assert told[-1] == (TOTAL, TOTAL)
    ranges = [wanted for path, wanted in server.asked if "alpha" in path]
    assert ranges == [None, "bytes=100000-", "bytes=200000-"]


def test_a_start_after_an_interrupted_one_goes_on_too(server: RangeServer, tmp_path: Path) -> None:
    server.cut_after = 10_000
    with pytest.raises(DownloadFailed, match="goes on where it stopped"):
        fetch(server, tmp_path)
    kept = sum(part.stat().st_size for part in tmp_path.rglob("*.part"))
    assert kept > 0
    server.cut_after = None
    server.asked.clear()
    told = fetch(server, tmp_path)
    assert told[-1] == (TOTAL, TOTAL)
    assert all(wanted is not None for path, wanted in server.asked if "alpha" in path)


def test_a_server_without_ranges_starts_over(server: RangeServer, tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "alpha-1.0.jar.part").write_bytes(b"old" * 1000)
    server.ranges = False
    assert fetch(server, tmp_path)[-1] == (TOTAL, TOTAL)


def test_a_part_that_is_too_long_is_thrown_away(server: RangeServer, tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "alpha-1.0.jar.part").write_bytes(b"x" * 400_000)
    fetch(server, tmp_path)


def test_wrong_bytes_are_refused_and_not_kept(server: RangeServer, tmp_path: Path) -> None:
    path = "/org/example/beta/1.0/beta-1.0.jar"
    server.files[path] = bytes(300_000)
    with pytest.raises(SumMismatch) as refused:
        fetch(server, tmp_path)
    assert "beta-1.0.jar was refused" in str(refused.value)
    assert JARS[1].sha256 in str(refused.value)
    assert not list(tmp_path.rglob("beta*"))
    server.files[path] = CONTENT["beta"]
    fetch(server, tmp_path)


def test_a_jar_that_was_changed_in_the_cache_is_fetched_again(server: RangeServer, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    changed = tmp_path / "jars" / "gamma-1.0.jar"
    changed.write_bytes(bytes(300_000))
    fetch(server, tmp_path)
    assert len(server.asked) == 4


def test_a_busy_server_is_asked_again_and_a_missing_jar_is_not(server: RangeServer, tmp_path: Path) -> None:
    server.failures = 3
    fetch(server, tmp_path)
    del server.files["/org/example/alpha/1.0/alpha-1.0.jar"]
    server.asked.clear()
    with pytest.raises(DownloadFailed, match="404"):
        fetch(server, tmp_path / "other")
    assert len([path for path, _ in server.asked if "alpha" in path]) == 1


def test_without_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as error:
        fetch(RangeServer(url="http://127.0.0.1:9"), tmp_path)
    settings = [f"{Settings.model_config['env_prefix']}{name.upper()}" for name in Settings.model_fields]
    assert [name for name in settings if f"{name}," in str(error.value) or f"{name}=" in str(error.value)] == [
        "TRAWL_KAFKA", "TRAWL_MIRROR"]  # fmt: skip
    for word in ("Connection refused", "goes on where it stopped"):
        assert word in str(error.value)


def test_two_starts_at_once_fetch_once(server: RangeServer, tmp_path: Path) -> None:
    threads = [threading.Thread(target=fetch, args=(server, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 3


def test_the_pinned_list_is_whole() -> None:
    jars = pinned()
    assert len(jars) == 46
    assert len({jar.file_name for jar in jars}) == 46
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "log4j-core-2.25.4.jar"} <= {
        jar.file_name for jar in jars
    }
    assert all(len(jar.sha256) == 64 and jar.size > 1000 for jar in jars)
    assert jars == parse("\n".join(f"{jar.sha256} {jar.size} {jar.coordinate}" for jar in jars))


def test_the_cache_is_where_the_environment_says(tmp_path: Path) -> None:
    assert cache_folder({"TRAWL_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "trawl"
