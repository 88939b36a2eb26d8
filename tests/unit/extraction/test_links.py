"""The links of a page."""

import pytest

from schemas.scope import Scope
from schemas.urls import fingerprint
from streams.extraction.document import read
from streams.extraction.links import MAX_LINKS, LinkVerdict, find_links, select
from tests.unit.extraction.pages import ADDRESS, fetched, page


def urls(body: str, *, obey_nofollow: bool = True) -> list[str]:
    return [link.url for link in find_links(page(body), obey_nofollow=obey_nofollow)]


def test_links_come_in_the_order_of_the_page_each_once_in_one_spelling() -> None:
    body = """<link rel=next href="?page=2"><link rel=stylesheet href=style.css><link rel=canonical href=/canonical>
        <a href="/b">b</a><a href="a">a</a><a HREF="HTTP://Shop.Example:80/b#part">b again</a><map><area href=c></map>
        <a href="/b?utm_source=x">b, tracked</a><a name=anchor>no link</a><a href="?page=2">twice</a>"""
    assert urls(body) == [
        "http://shop.example/list/page.html?page=2",
        "http://shop.example/b",
        "http://shop.example/list/a",
        "http://shop.example/list/c",
    ]


def test_two_orders_of_one_query_are_one_link() -> None:
    assert urls("<a href='?a=1&b=2'>x</a><a href='?b=2&a=1'>y</a>") == [f"{ADDRESS}?a=1&b=2"]


@pytest.mark.parametrize(
    "href",
    ["", "#top", "page.html", "page.html#x", "mailto:a@b.c", "javascript:void(0)", "tel:+1", "data:text/html,x",
     "http://", "http://user:pw@shop.example/", "ftp://shop.example/x", "http://[::1", "//", "http://a b/"],
)  # fmt: skip
def test_what_is_no_other_page_is_no_link(href: str) -> None:
    assert urls(f'<a href="{href}">x</a><a href="/real">y</a>') == ["http://shop.example/real"]


def test_base_holds_for_every_link() -> None:
    body = "<base href='http://other.example/x/'><a href=y>y</a><a href='#z'>z</a><a href=''>itself</a>"
    assert urls(body) == ["http://other.example/x/y", "http://other.example/x/"]


def test_nofollow_on_a_link_is_obeyed_unless_told_otherwise() -> None:
    body = "<a rel='external NOFOLLOW' href=/no>n</a><a rel=external href=/yes>y</a><link rel='prev nofollow' href=/p>"
    assert urls(body) == ["http://shop.example/yes"]
    assert urls(body, obey_nofollow=False) == [f"http://shop.example/{name}" for name in ("no", "yes", "p")]


@pytest.mark.parametrize(
    ("wish", "links"),
    [
        ("nofollow", 0),
        ("NoIndex, NoFollow", 0),
        ("none", 0),
        ("noindex, nofollow, max-snippet:-1", 0),
        ("index, follow, max-image-preview:large", 1),
        ("noindex", 1),
    ],
)
def test_a_page_may_ask_that_none_of_its_links_be_followed(wish: str, links: int) -> None:
    assert len(urls(f"<meta name=ROBOTS content='{wish}'><a href=/x>x</a>")) == links
    headers = [("content-type", "text/html"), ("X-Robots-Tag", wish)]
    assert len(find_links(read(fetched("<a href=/x>x</a>", headers=headers)))) == links


def test_wishes_to_another_robot_are_not_ours() -> None:
    headers = [("content-type", "text/html"), ("X-Robots-Tag", "otherbot: noindex, nofollow")]
    assert len(find_links(read(fetched("<a href=/x>x</a>", headers=headers)))) == 1


def test_the_number_is_bounded_and_said() -> None:
    document = page("".join(f"<a href='/p/{number}'>x</a>" for number in range(MAX_LINKS + 5)))
    links = find_links(document)
    assert len(links) == MAX_LINKS
    assert document.notes == [f"The page has more than {MAX_LINKS} links; the rest was not followed."]


def test_exactly_the_bound_is_not_noted() -> None:
    document = page("".join(f"<a href='/p/{number}'>x</a>" for number in range(MAX_LINKS)))
    assert len(find_links(document)) == MAX_LINKS
    assert document.notes == []


def test_each_link_gets_its_verdict() -> None:
    links = find_links(page("<a href='/in'>i</a><a href='http://other.example:8080/out'>o</a>"))
    scope = Scope(["http://shop.example/"], max_depth=2)
    near, far = "http://shop.example/in", "http://other.example:8080/out"
    assert select(links, scope, 1) == [
        LinkVerdict(near, fingerprint(near), "shop.example", 2, None, None),
        LinkVerdict(far, fingerprint(far), "other.example:8080", 2, "out_of_scope", "scope host"),
    ]
    assert {verdict.reason for verdict in select(links, scope, 2)} == {"too_deep"}
    assert {verdict.outcome for verdict in select(links, scope, 2)} == {"out_of_scope"}
