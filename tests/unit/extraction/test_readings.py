"""What of an element a field's type wants."""

import pytest

from streams.extraction.readings import image_of, largest, outer_html, presence
from tests.unit.extraction.pages import page


@pytest.mark.parametrize(
    ("srcset", "address"),
    [
        ("a.png 1x, b.png 2x", "b.png"),
        ("a.png 1x,b.png 2.5x", "b.png"),
        ("a.png 400w,\n b.png 1200w , c.png 800w", "b.png"),
        ("a.png", "a.png"),
        ("a.png, b.png 2x,", "b.png"),
        ("/w_1,h_2/a.png 1x, /w_2,h_4/a.png 2x", "/w_2,h_4/a.png"),
        ("a.png big, b.png 1x", "b.png"),
        ("", ""),
        (" , ,", ""),
    ],
)
def test_the_largest_of_a_srcset(srcset: str, address: str) -> None:
    assert largest(srcset) == address


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("<img src=s.png srcset='m.png 1x, l.png 2x'>", "l.png"),
        ("<img src='data:image/gif;base64,R0' data-src=late.png>", "late.png"),
        ("<img src=s.png>", "s.png"),
        ("<div class=x><a href=/p>x</a><img src=in.png></div>", "in.png"),
        ("<picture><source srcset='a.webp 1x, b.webp 2x'><img src=s.png></picture>", "b.webp"),
        ("<a href=/big.png>x</a>", "/big.png"),
        ("<meta content=/og.png>", "/og.png"),
        ("<img src='data:image/gif;base64,R0'>", ""),
        ("<p>none</p>", ""),
    ],
)
def test_the_address_of_a_picture(body: str, address: str) -> None:
    root = page(f"<html><body>{body}</body></html>").root
    assert image_of(next(iter(root.iter("div", "img", "picture", "p", "meta", "a")))) == address


def test_html_is_without_what_is_not_for_people_and_the_page_stays_as_it_is() -> None:
    root = page("<div>a<script>1</script>b<!-- c --><style>d</style><p>e</div>after").root
    div = root.find(".//div")
    assert outer_html(div) == "<div>ab<p>e</p></div>"
    assert len(div) == 4


def test_presence_is_a_yes_but_for_a_no() -> None:
    root = page("<i class=a></i><b>Sold out</b><u>No</u>").root
    assert [presence(root.find(f".//{tag}")) for tag in "ibu"] == ["true", "true", "No"]
