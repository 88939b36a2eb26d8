"""One site, the real Python documentation, and one `trawl up` for all tests that do not break its supervisor."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.system import Site, System, fresh_system, shop


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with shop(tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.fixture(scope="session")
def python_docs() -> Path | None:
    """The folder of Debian's python3-doc, if it is installed."""
    found = sorted(Path("/usr/share/doc").glob("python3.*/html/index.html"))
    return found[0].parent if found else None


@pytest.fixture(scope="session")
def docs_host(python_docs: Path | None) -> Iterator[str]:
    """host:port at which the documentation is served; empty where there is none."""
    if python_docs is None:
        yield ""
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(python_docs)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def system(site: Site, docs_host: str) -> Iterator[System]:
    with fresh_system(",".join(host for host in (site.host, docs_host) if host)) as found:
        found.start()
        yield found
