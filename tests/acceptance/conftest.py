"""One site, the real Python documentation, and one `trawl up` for all tests that do not break its supervisor."""

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.book_shop import build
from tests.acceptance.changing_site import ChangingSite, changing_site
from tests.acceptance.strict_docs import StrictDocs, serve_strictly
from tests.acceptance.system import ROOT, Site, System, fresh_system, shop


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:
        return None


@contextmanager
def served(folder: Path | None) -> Iterator[str]:
    """host:port at which a folder is served; empty where there is none."""
    if folder is None:
        yield ""
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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
    with served(python_docs) as host:
        yield host


@pytest.fixture(scope="session")
def strict_docs(python_docs: Path | None) -> Iterator[StrictDocs | None]:
    """The documentation on a host of its own that asks for everything."""
    if python_docs is None:
        yield None
        return
    with serve_strictly(python_docs) as docs:
        yield docs


@pytest.fixture(scope="session")
def books() -> Path | None:
    """The folder of real pages of books.toscrape.com, which is no part of the project: TRAWL_TEST_BOOKS names it, or it
    lies beside the checkout."""
    folder = Path(os.environ.get("TRAWL_TEST_BOOKS") or ROOT.parent / "shared" / "data" / "books.toscrape")
    return folder if (folder / "index.html").is_file() else None


@pytest.fixture(scope="session")
def books_host(books: Path | None) -> Iterator[str]:
    """host:port at which the books are served; empty where there are none."""
    with served(books) as host:
        yield host


@pytest.fixture(scope="session")
def book_shop(
    books: Path | None, books_host: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """The real books and where they are served, or a shop like theirs."""
    if books is not None:
        yield books, books_host
        return
    folder = tmp_path_factory.mktemp("books")
    build(folder)
    with served(folder) as host:
        yield folder, host


@pytest.fixture(scope="session")
def changing() -> Iterator[ChangingSite]:
    with changing_site() as site:
        yield site


@pytest.fixture(scope="session")
def system(
    site: Site,
    docs_host: str,
    book_shop: tuple[Path, str],
    strict_docs: StrictDocs | None,
    changing: ChangingSite,
) -> Iterator[System]:
    strict = strict_docs.url.removeprefix("http://") if strict_docs else ""
    hosts = [site.host, docs_host, book_shop[1], strict, changing.url.removeprefix("http://")]
    environ = {"TRAWL_BOOKS_URL": f"http://{book_shop[1]}/index.html"}
    with fresh_system(",".join(filter(None, hosts)), environ) as found:
        found.start()
        yield found


@pytest.fixture(scope="session")
def open_system() -> Iterator[System]:
    """Another one, to which loopback as a whole is allowed: for tests in which each port is a host of its own."""
    with fresh_system("127.0.0.1") as found:
        found.start()
        yield found
