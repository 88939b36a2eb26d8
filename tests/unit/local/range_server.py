"""An HTTP server that misbehaves on request: it truncates, ignores ranges, lies, fails now and then."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class RangeServer:
    """Serves `files`, with the given faults; `asked` is what was asked for: (path, Range header)."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut_after: int | None = None
    """Each answer breaks off after so many bytes."""
    failures: int = 0
    """So many answers are 503 first."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        content = self.files.get(handler.path)
        if self.failures:
            self.failures -= 1
            handler.send_error(503)
        elif content is None:
            handler.send_error(404)
        else:
            self._send(handler, content, wanted)

    def _send(self, handler: BaseHTTPRequestHandler, content: bytes, wanted: str | None) -> None:
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start and start >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start:][: self.cut_after])
        handler.close_connection = True


@contextmanager
def running(server: RangeServer) -> Iterator[RangeServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.serve(self)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
