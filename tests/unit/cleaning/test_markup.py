"""HTML that may be shown, and Markdown."""

import re
from pathlib import Path

import pytest
from lxml import etree

from demo.pages import render
from streams.cleaning.types.markup import to_html, to_markdown
from streams.cleaning.types.page import Page

PAGE = Page("http://shop.example/list/page.html")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<p class=x id=y>A <b>bold</b> word &amp; more</p>", "<p>A <b>bold</b> word &amp; more</p>"),
        ("<a href='/p/1' target=_blank>x</a>", '<a href="http://shop.example/p/1">x</a>'),
        ("<a href='mailto:a@b.example'>x</a>", '<a href="mailto:a@b.example">x</a>'),
        ("<img src=a.png alt='A &quot;b&quot;'>", '<img alt="A &quot;b&quot;" src="http://shop.example/list/a.png">'),
        ("<table><tr><td colspan=2>1<td>2</table>", '<table><tr><td colspan="2">1</td><td>2</td></tr></table>'),
        ("<pre>a\n  b</pre>", "<pre>a\n  b</pre>"),
        ("<form><label>Name <input></label></form>", "Name"),
        ('<base href="http://cdn.example/x/"><a href="y">z</a>', '<a href="http://cdn.example/x/y">z</a>'),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("<p>caf\u00e9 \ud800</p>", "<p>caf\u00e9 \ufffd</p>"),
        ("<script>x</script>", None),
        (" ", None),
        (3.0, "3"),
    ],
)
def test_html_keeps_what_does_no_harm(raw: object, clean: str | None) -> None:
    assert to_html(raw, PAGE) == clean
    if clean is not None:
        assert to_html(clean, PAGE) == clean  # nothing more is found at a second look


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>x",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>x",
        "<img src=x onerror=alert(1)>x",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href='&#x6a;avascript:alert(1)'>x</a>",
        "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
        "<iframe srcdoc='<script>1</script>'></iframe>x",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>x",
        "<div style='background:url(javascript:1)'>x</div>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>x",
        "<a href='data:text/html,<script>1</script>'>x</a>",
        "<object data='javascript:1'></object>x",
        "<p title='\"><script>alert(1)</script>'>x</p>",
        "<!--><script>alert(1)</script>-->x",
        "<textarea><script>alert(1)</script></textarea>x",
        "<xmp><script>alert(1)</script></xmp>x",
        "<a href='vbscript:1'>x</a>",
        "<form action='javascript:1'><button formaction='javascript:1'>x</button></form>x",
        "<base href='javascript:1'><a href='x'>x</a>",
    ],
)
def test_no_attack_comes_through(attack: str) -> None:
    clean = to_html(attack, PAGE) or ""
    outside_of_values = re.sub(r'="[^"]*"', "", clean)
    assert not re.search(r"<(?:script|iframe|object|svg|style|form|xmp)|\son\w+", outside_of_values, re.IGNORECASE)
    assert not re.search(r'="\s*(?:javascript|vbscript|data):', clean, re.IGNORECASE)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<h2>T</h2><p>A <b>b</b> <a href='/c'>c</a></p>", "## T\n\nA **b** [c](http://shop.example/c)"),
        ("<p>a<br>b</p>c<hr>d", "a  \nb\n\nc\n\n---\n\nd"),
        ("<b> x </b>y<i></i><b>z</b>", "**x** y**z**"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<ol start=3><li>a<ul><li>b<li>c</ul><li>d</ol>e", "3. a\n   - b\n   - c\n4. d\n\ne"),
        ("<ul><li><p>a</p><p>b</p></ul>", "- a\n\n  b"),
        ("<blockquote>a<p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
        ("<pre>a\n  *b*\n</pre>", "```\na\n  *b*\n```"),
        ("<pre><code>```</code></pre>", "````\n```\n````"),
        ("a <code>b*c</code> <code>d`e</code>", "a `b*c` `` d`e ``"),
        ("<code>a <b>*b*</b> <code>c</code></code>", "`a *b* c`"),
        ("<table><tr><td>1</td>stray</tr></table>", "| 1 |\n| --- |\n\nstray"),
        ("<img src=/i.png alt='a b'>", "![a b](http://shop.example/i.png)"),
        ("<a href=/x><h3>T</h3><p>u</p></a>", "### [T](http://shop.example/x)\n\n[u](http://shop.example/x)"),
        (
            "<table><tr><th>A<th>B<tr><td>1|2<td><b>3</b><tr><td colspan=2>4</table>",
            "| A | B |\n| --- | --- |\n| 1\\|2 | **3** |\n| 4 |  |",
        ),
        ("<table><tr><td>a<p>b</p><table><tr><td>c</table><td>d</table>", "| a b c | d |\n| --- | --- |"),
        ("<p>2 * 3 snake_case _x_ &lt;b&gt; 1 &lt; 2</p>", "2 \\* 3 snake_case \\_x\\_ \\<b> 1 < 2"),
        ("<p># no</p><p>1. no</p><p>- no</p>", "\\# no\n\n1\\. no\n\n\\- no"),
        ("already *marked* down", "already *marked* down"),
        ("<script>x</script>", None),
    ],
)
def test_markdown(raw: str, clean: str | None) -> None:
    assert to_markdown(raw, PAGE) == clean


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w", text))


@pytest.mark.parametrize("number", range(3))
def test_not_a_letter_is_lost_on_the_way_to_markdown(number: int) -> None:
    documentation = Path("/usr/share/doc/python3.11-doc/html/library")
    pages = [page.body.decode() for page in list(render(7).values())[3::300]]
    pages += [
        path.read_text() for name in ("json", "heapq", "string") if (path := documentation / f"{name}.html").is_file()
    ]
    for page in pages[number::3]:
        html = to_html(page, PAGE) or ""
        text = etree.fromstring(html, etree.HTMLParser()).xpath("string()")
        said = re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)", " ", to_markdown(page, PAGE) or "")
        assert _letters(re.sub(r"(?m)^ *(?:> )*\d+\. ", "", said)) == _letters(text)


def test_depth_has_no_end_but_its_tags() -> None:
    deep = "<div>" * 1500 + "x" + "</div>" * 1500
    assert "x" in (to_html(deep, PAGE) or "")
    assert to_markdown(deep, PAGE) == "x"
