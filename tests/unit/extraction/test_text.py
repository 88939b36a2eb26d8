"""What counts as text."""

import random

import pytest

from streams.extraction import text
from streams.extraction.text import collapsed, own_text, text_of
from tests.unit.extraction.pages import page


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<ul><li>one<li>two</ul>", "one two"),
        ("f<b>o</b><i>o</i>", "foo"),
        ("a<br>b", "a b"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("  a \n\t b\u00a0\u2003c ", "a b c"),
        ("a<script>var a = '<p>';</script><style>p{}</style><template><p>t</p></template>b", "ab"),
        ("a<!-- <p>no</p> > -->b", "ab"),
        ("1 &lt; 2 &amp;amp; 3 &nbsp; &eacute;", "1 < 2 &amp; 3 é"),
        ("<div title='not text'><img alt='nor this'>x<input value=no></div>", "x"),
        ("<noscript>shown</noscript><textarea>typed</textarea><option>chosen", "shown typed chosen"),
        ("<p>a<p<b>b</p>", "a b"),
        ("<li<a href=x>kept</a>", "kept"),
        ("a\x01\x7f\x9fb", "ab"),
        ("", ""),
    ],
)
def test_text_is_what_a_person_reads(body: str, text: str) -> None:
    root = page(f"<body>{body}</body>").root
    assert text_of(root.find("body")).replace("\ufffd", "") == text


def test_few_elements_read_as_many_do(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(3)
    tags = ["a", "b", "p", "li", "br", "script", "style", "template", "span", "td", "x-y"]
    pieces = [" one", "two", "three ", "<!-- no -->", "<?no no?>", "&amp;", " ", "<b>4</b>", "<a>5<i>6</i></a>"]
    pages = []
    for _ in range(300):
        inside = "".join(
            f"<{tag}>{dice.choice(pieces)}</{tag}>{dice.choice(pieces)}"
            for tag in dice.choices(tags, k=dice.randrange(6))
        )
        pages.append(page(f"<body><{dice.choice(tags[:5])} id=it>x{inside}y").root)
    elements = [element for root in pages for element in root.iter() if isinstance(element.tag, str)]
    found = [text_of(element) for element in elements]
    monkeypatch.setattr(text, "_FEW", 0)
    assert found == [text_of(element) for element in elements]


def test_the_tail_of_an_element_is_not_its_text() -> None:
    first = page("<p><b>one <i>two</i></b> three</p>").root.find(".//b")
    assert text_of(first) == "one two"
    assert own_text(first) == "one"


def test_own_text_is_in_one_piece() -> None:
    assert own_text(page("<p>Hello <b>big</b> wide <i>x</i>world</p>").root.find(".//p")) == "Hello wide world"


@pytest.mark.parametrize(
    ("raw", "text"), [("a b", "a b"), (" a", "a"), ("a  b", "a b"), ("a\r\nb", "a b"), ("\x00", ""), ("é\u00a0", "é")]
)
def test_collapsed(raw: str, text: str) -> None:
    assert collapsed(raw) == text
