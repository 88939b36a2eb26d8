"""Sitemaps and feeds in every form that sites give them, and what pretends to be one."""

import gzip
import time

import pytest

from streams.extraction.errors import UnreadableError
from streams.extraction.remembered import packed, unpacked
from streams.extraction.sources import MAX_ENTRIES, Entry, read_source

HERE = "http://site.test/maps/sitemap.xml"
PAGES = ["http://site.test/1", "http://site.test/2?a=1&b=2"]

URLSET = """<?xml version="1.0" encoding="UTF-8"?>
<urlset {xmlns}xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc> http://site.test/1
  </loc><lastmod>2026-01-01</lastmod><image:image><image:loc>http://site.test/i.jpg</image:loc></image:image></url>
  <url><loc>http://Site.Test:80/2?a=1&amp;b=2#top</loc></url><url><loc>http://site.test/1</loc></url><url/>
</urlset>"""
WITH_NAMESPACE = URLSET.format(xmlns='xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" ')
RSS_2 = """<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>http://site.test/</link>
  <atom:link rel="self" href="/feed"/><image><url>http://site.test/logo.png</url></image>
  <item><atom:link rel="self" href="/no"/><title>One</title><link>http://site.test/1</link><guid>x</guid></item>
  <item><guid>http://site.test/2?a=1&amp;b=2</guid></item><item><guid isPermaLink="false">http://x/</guid></item>
</channel></rss>"""
RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
  <channel rdf:about="http://site.test/"><items/></channel>
  <item rdf:about="http://site.test/1"><title>One</title></item>
  <item rdf:about="http://site.test/x"><link>http://site.test/2?a=1&amp;b=2</link></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://site.test/blog/"><link href="http://site.test/"/>
  <entry><link rel="edit" href="/edit"/><link rel="alternate" href="../1"/></entry>
  <entry xml:base="/"><link href="2?a=1&amp;b=2"/></entry></feed>"""


def urls(body: str | bytes) -> list[str]:
    return [entry.url for entry in read_source(body.encode() if isinstance(body, str) else body, HERE).entries]


@pytest.mark.parametrize(
    "body",
    [
        WITH_NAMESPACE,
        URLSET.format(xmlns=""),
        URLSET.format(xmlns='xmlns="http://www.google.com/schemas/sitemap/0.84" '),
        "\n\n" + WITH_NAMESPACE,
        "\ufeff" + WITH_NAMESPACE,
        WITH_NAMESPACE.replace("UTF-8", "UTF-16").encode("utf-16"),
        gzip.compress(WITH_NAMESPACE.encode()),
        gzip.compress(WITH_NAMESPACE[:99].encode()) + gzip.compress(WITH_NAMESPACE[99:].encode()),
        "http://site.test/1\r\n\r\n# more\n  http://site.test/2?a=1&b=2  \n",
        gzip.compress(b"http://site.test/1\nhttp://site.test/2?a=1&b=2"),
        RSS_2,
        RSS_1,
        ATOM,
    ],
    ids=["sitemap", "bare", "google", "blank lines", "bom", "utf-16", "gzip", "two members", "text", "text gzip",
         "rss 2", "rss 1", "atom"],
)  # fmt: skip
def test_every_form_names_the_same_pages(body: str | bytes) -> None:
    assert urls(body) == PAGES


@pytest.mark.parametrize(
    "body",
    [
        "<sitemapindex><sitemap><loc>http://site.test/1.xml.gz</loc></sitemap></sitemapindex>",
        "User-agent: *\nDisallow: /x\nSitemap: http://site.test/1.xml.gz\nSITEMAP :http://site.test/1.xml.gz",
    ],
)
def test_what_names_sitemaps_leads_to_sitemaps(body: str) -> None:
    (entry,) = read_source(body.encode(), HERE).entries
    assert (entry.url, entry.kind) == ("http://site.test/1.xml.gz", "sitemap")
    assert entry.fp != read_source(b"http://site.test/1.xml.gz", HERE).entries[0].fp


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(12))


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (b"<!DOCTYPE html><html><body><a href=/x>Not found</a></body></html>", "extract_failed", "begins with <html>"),
        (f"<!DOCTYPE u [{BOMB}]><urlset><url><loc>&e11;</loc></url></urlset>".encode(), "extract_failed", "entities"),
        (b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset>&x;</urlset>', "extract_failed", "entities"),
        (b'{"error": "not found"}', "extract_failed", "None of the 1 entries"),
        (b"<", "extract_failed", "begins with <nothing>"),
        (b"<urlset><url><loc>mailto:me@site.test</loc></url></urlset>", "extract_failed", "None of the 1"),
        (gzip.compress(bytes(60_000_000)), "too_large", "when unpacked"),
        (gzip.compress(WITH_NAMESPACE.encode())[:-30], "decode_failed", "cut short"),
        (b"\x1f\x8b and what is not gzip", "decode_failed", "cannot be unpacked"),
    ],
    ids=["html", "bomb", "file", "json", "nothing", "mail", "zip bomb", "cut gzip", "no gzip"],
)  # fmt: skip
def test_what_is_no_source_says_so_at_once(body: bytes, outcome: str, words: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UnreadableError, match=words) as caught:
        read_source(body, HERE)
    assert caught.value.outcome == outcome and str(caught.value).endswith(".")
    assert time.perf_counter() - began < 60


def test_a_broken_entry_costs_itself_and_is_said() -> None:
    source = read_source(b"<urlset><url><loc>http://a.test/1</loc></url><url><loc>&x;<</loc></url>"
                         b"<url><loc>http://a.test/3</loc></url></urlset>", HERE)  # fmt: skip
    assert source.entries[0].url == "http://a.test/1"
    assert "malformed" in " ".join(source.notes)


def test_the_address_that_a_cut_source_ends_with_is_not_taken() -> None:
    whole = "<urlset>" + "".join(f"<url><loc>http://site.test/p/{n}</loc></url>" for n in range(90, 120)) + "</urlset>"
    named = set(urls(whole))
    for cut in range(len(whole) - 120, len(whole)):
        assert named >= set(urls(whole[:cut])), whole[cut - 20 : cut]
        assert len(urls(whole[:cut])) >= 26


def test_a_source_is_as_long_as_the_protocol_allows() -> None:
    body = "\n".join(f"http://site.test/{number}" for number in range(MAX_ENTRIES + 1))
    source = read_source(body.encode(), HERE)
    assert len(source.entries) == MAX_ENTRIES
    assert source.notes == [f"The source names more than {MAX_ENTRIES} pages; the rest was left out."]


def test_an_empty_source_is_a_source() -> None:
    for body in (b"", b"<urlset/>", b"<rss><channel/></rss>", b'<feed xmlns="http://www.w3.org/2005/Atom"/>'):
        assert read_source(body, HERE).notes == ["The source names no page."]


def test_what_is_packed_comes_out_as_it_was() -> None:
    entries = read_source(b"<x><sitemap><loc>/s.xml</loc></sitemap><url><loc>/1</loc></url></x>", HERE).entries
    assert [entry.kind for entry in entries] == ["sitemap", "page"]
    assert unpacked(packed(entries)) == entries
    assert packed([]) and unpacked(packed([])) == unpacked(b"") == []
    assert isinstance(unpacked(packed(entries))[0], Entry)
