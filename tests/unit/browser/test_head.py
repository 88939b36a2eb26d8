"""What the main response means, and what chromium's words do."""

import pytest

from infra.browser.head import MainHead, authority_of, cookies_of, failure_kind, sent_headers


def head(status: int = 200, **fields: str) -> MainHead:
    return MainHead(status, [(name.replace("_", "-"), value) for name, value in fields.items()], 1.0)


@pytest.mark.parametrize(
    ("response", "rendered"),
    [
        (head(content_type="text/html; charset=latin1"), True),
        (head(content_type="application/xhtml+xml"), True),
        (head(), True),
        (head(content_type="application/json"), False),
        (head(content_type="text/html", content_disposition="attachment; filename=x"), False),
        (head(204), False),
        (head(302, content_type="text/html"), False),
        (head(304), False),
        (head(404, content_type="text/html"), False),
    ],
)
def test_only_successful_html_is_rendered(response: MainHead, rendered: bool) -> None:
    assert response.rendered is rendered


def test_the_rendered_document_is_utf_8_whatever_came() -> None:
    fields = [("Content-Type", "text/html; charset=latin1"), ("X", "1")]
    assert MainHead(200, fields, 1.0).as_rendered() == [("X", "1"), ("content-type", "text/html; charset=utf-8")]


def test_only_what_succeeded_can_be_of_an_unwanted_type() -> None:
    assert head(content_type="text/html").unwanted(("image/*",)) == "The page is text/html; the job wants image/*."
    assert not head(404, content_type="text/html").unwanted(("image/*",))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://x/", "tls_failed"),
        ("net::ERR_SSL_PROTOCOL_ERROR", "tls_failed"),
        ("net::ERR_CONNECTION_RESET", "connection_lost"),
        ("net::ERR_CONNECTION_TIMED_OUT", "timeout"),
        ("net::ERR_INCOMPLETE_CHUNKED_ENCODING", "malformed_response"),
        ("net::ERR_CONTENT_LENGTH_MISMATCH", "malformed_response"),
        ("net::ERR_CONTENT_DECODING_FAILED", "decode_failed"),
        ("net::ERR_SOMETHING_NEW", "render_failed"),
        ("Target closed", "render_failed"),
    ],
)
def test_chromiums_errors_are_failures_of_the_closed_list(text: str, kind: str) -> None:
    assert failure_kind(text)[0] == kind


def test_the_jobs_headers_replace_the_browsers_but_frame_nothing_and_set_no_conditions() -> None:
    wished = [("accept", "text/html"), ("X-Mine", "1"), ("Host", "evil"), ("Cookie", "a=1"), ("If-None-Match", '"1"')]
    sent = sent_headers({"Accept": "*/*", "User-Agent": "T"}, wished)
    assert [(one["name"], one["value"]) for one in sent] == [
        ("User-Agent", "T"),
        ("accept", "text/html"),
        ("X-Mine", "1"),
    ]


def test_cookies_and_authorities() -> None:
    assert cookies_of([("Cookie", "a=1; b=x=y; =z; c"), ("x", "y=1")]) == [("a", "1"), ("b", "x=y")]
    urls = ["https://a.example/x?q", "http://a.example", "http://[::1]:8/", "https://a.example:444/"]
    assert [authority_of(url) for url in urls] == ["a.example:443", "a.example:80", "[::1]:8", "a.example:444"]
