"""The documentation on a host that asks for everything: a password, cookies, gzip, obedience, a second try."""

import gzip
import mimetypes
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.serving import QuietHandler, serving
from tests.acceptance.walking import file_of

AGENT = "DocsReader/1.0"
DENIED = "/library/c"
FAILS_ONCE = "/library/index.html"
ROBOTS = f"User-agent: *\nDisallow: /\n\nUser-agent: DocsReader\nDisallow: {DENIED}\n"
AUTHORIZATION = "Basic " + b64encode(b"reader:of docs").decode()


class StrictDocs:
    """Keeps what each request carried."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.url = root, f"http://127.0.0.1:{port}"
        self.asked = Counter[str]()
        self.requests: list[tuple[str, dict[str, str]]] = []

    def forget(self) -> None:
        """Begins anew, for another job."""
        self.asked.clear()
        self.requests.clear()

    def check_requests(self) -> None:
        """Everything that the job says of a request is in every one for a page; robots.txt is nobody's secret."""
        pages = [headers for path, headers in self.requests if path != "/robots.txt"]
        assert self.asked["/robots.txt"] <= 1 and not any(path.startswith(DENIED) for path in self.asked)
        assert {headers["user-agent"] for headers in pages} == {AGENT}
        assert {headers.get("x-reader") for headers in pages} == {"all options"}
        assert {headers.get("authorization") for headers in pages} == {AUTHORIZATION}
        assert all("session=abc" in headers.get("cookie", "") for headers in pages)
        assert sum("mark=1" in headers.get("cookie", "") for headers in pages) > len(pages) / 2
        assert all("gzip" in headers["accept-encoding"] for headers in pages)
        assert all("authorization" not in headers for path, headers in self.requests if path == "/robots.txt")

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """(status, content type, body)."""
        self.asked[path] += 1
        self.requests.append((path, headers))
        if path == "/robots.txt":
            return 200, "text/plain", ROBOTS.encode()
        if headers.get("authorization") != AUTHORIZATION:
            return 401, "text/plain", b"Who is asking?"
        if path == FAILS_ONCE and self.asked[path] == 1:
            return 500, "text/plain", b"Once more, please."
        file = file_of(self.root, path)
        if not file.is_file():
            return 404, "text/html", b"Not here."
        return 200, mimetypes.guess_type(file.name)[0] or "application/octet-stream", file.read_bytes()


@contextmanager
def serve_strictly(root: Path) -> Iterator[StrictDocs]:
    """Until the block ends."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            status, kind, body = docs.answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            body = gzip.compress(body, 1)
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Encoding": "gzip", "Content-Length": str(len(body)),
                                "Set-Cookie": "mark=1; Path=/"}.items():  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as port:
        docs = StrictDocs(root, port)
        yield docs
