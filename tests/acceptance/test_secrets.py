"""A site behind a password, crawled, failing now and then, and exported: what opened it is nowhere in plain text."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

from schemas.topics import RAW_PAGES
from tests.acceptance.serving import QuietHandler, serving
from tests.acceptance.system import System, until
from tests.kept import forms_of, whole

PASSWORD = f"Nachtegaal-{uuid4()}"
SESSION = f"Leeuwerik-{uuid4()}"
AUTHORIZATION = base64.b64encode(f"reader:{PASSWORD}".encode()).decode()


class Members:
    """Gives a session to whoever knows the password; `/1` is asked twice, `/2` ends half-way, `/3` leads elsewhere."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.sessions = 0
        self.broken = 0
        self.busy = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") != f"Basic {AUTHORIZATION}":
            return self.say(handler, 401, b"Who is asking?")
        self.sessions += SESSION in handler.headers.get("Cookie", "")
        if handler.path == "/2":
            self.broken += 1
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            handler.close_connection = True
            return None
        if handler.path == "/3":
            return self.say(handler, 302, b"", {"Location": "/4"})
        if handler.path == "/1" and not self.busy:
            self.busy += 1
            return self.say(handler, 503, b"Not now.", {"Retry-After": "1"})
        links = "".join(f'<a href="/{n}">{n}</a>' for n in range(5))
        return self.say(handler, 200, f"<html><title>Members {handler.path}</title>{links}</html>".encode())

    def say(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, more: Any = ()) -> None:
        handler.send_response(status)
        session = f"session={SESSION}; Path=/; HttpOnly"
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), "Set-Cookie": session,
                            **dict(more)}.items():  # fmt: skip
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def members() -> Iterator[Members]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            site.answer(self)

    with serving(Handler) as port:
        site = Members(port)
        yield site


def test_what_opens_a_site_is_nowhere_in_plain_text(open_system: System) -> None:
    with members() as site, open_system.client() as client:
        door = {"name": f"members {uuid4()}", "kind": "basic", "scheme": "http", "host": site.host,
                "username": "reader", "secret": PASSWORD}  # fmt: skip
        assert client.post("/api/v1/auth/credentials", json=door).status_code == 201
        options = {"follow": True, "delay": 0, "respect_robots": False, "credentials": door["name"], "max_retries": 1,
                   "retry_delay": 0.1, "max_pages": 20}  # fmt: skip
        described = {"url": f"http://{site.host}/", "name": "members", "options": options, "export_formats": ["html"],
                     "extract": {"fields": {"title": {"css": "title::text"}}}}  # fmt: skip
        job = open_system.ended(open_system.scrape(described))
        assert job["status"] == "completed" and job["counts"]["stored"] >= 4, str(job)
        exports = f"/api/v1/exports/{job['job_id']}"
        until("its file is made", lambda: client.get(exports).json()["exports"][0]["status"] == "completed")
        assert site.sessions >= 4 and site.broken == 2 and site.busy == 1
        until("its requests are stored", lambda: open_system.query("select count() from request_logs")[0][0])
    at = open_system.endpoint
    kept = asyncio.run(whole(at("postgres_owner"), at("kafka"), at("clickhouse"), open_system.folder))
    forms = [form for secret in (PASSWORD, SESSION, AUTHORIZATION) for form in forms_of(secret)]
    assert [(name, form) for name, text in kept for form in forms if form in text] == []
    pages = [text for name, text in kept if name.startswith(f"{RAW_PAGES}/")]
    assert any("<title>Members /4" in text for text in pages), "it is this crawl that was looked through, and unpacked"
