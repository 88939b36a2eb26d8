"""HTML as CommonMark with tables: one walk over the tree, so that no record holds a worker whatever its markup is."""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "cite": "*", "del": "~~", "s": "~~"}
_CODE = ("code", "kbd", "samp")
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
# fmt: off
_INLINE = frozenset((
    "a", "abbr", "bdi", "bdo", "br", "dfn", "img", "ins", "mark", "picture", "q", "rp", "rt", "ruby", "small", "source",
    "span", "sub", "summary", "sup", "time", "u", "var", "wbr", *_MARKS, *_CODE,
))
# fmt: on
# What would mean something where it stands; an underscore within a word and a lone `<` do not.
_SPECIAL = re.compile(r"[\\`*]|(?<!\w)_|_(?!\w)|<(?=[a-zA-Z/!?])|&(?=#?\w+;)|\](?=[(:\[])")
_AT_START = re.compile(r"(?:#{1,6}(?= )|[-+>](?= )|={2,}|-{2,}|~{3,}|\d{1,9}(?=[.)] ))")
_BREAK = "\x00"


@dataclass(slots=True)
class _Level:
    """A quotation or an item of a list that blocks stand in; an item's marker stands before its first line alone."""

    marker: str
    quotes: bool = False
    used: bool = False

    def prefix(self) -> str:
        if self.quotes or not self.used:
            self.used = True
            return self.marker
        return " " * len(self.marker)


@dataclass(slots=True)
class _Open:
    """An inline element that has begun: where in the line, and what stands around it."""

    place: int
    before: str
    after: str
    code: bool = False


@dataclass(slots=True)
class _Writer:
    """Text gathers in `line` until a block ends, and is written with what the levels around it put before it."""

    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    opened: list[_Open] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)  # what stands in a table but in no cell comes after it
    tables: int = 0
    cells: int = 0
    pre: int = 0
    in_list: bool = False

    def start(self, node: Any) -> None:
        tag = node.tag
        if tag in _INLINE:
            self._start_inline(node, tag)
        elif not self.cells or tag in ("td", "th", "table"):
            self._start_block(node, tag)
        else:
            self.line.append(" ")
        self.say(node.text)

    def _start_inline(self, node: Any, tag: str) -> None:
        if tag == "br":
            self.line.append("\n" if self.pre else _BREAK)
        elif tag == "img":
            address, words = node.get("src") or "", " ".join((node.get("alt") or "").split())
            self.line.append(f"![{_escaped(words)}]({_target(address)})" if address and not self.pre else "")
        elif not self.pre:
            literal = any(one.code for one in self.opened)
            mark = "" if literal else _MARKS.get(tag, "")
            href = node.get("href") if tag == "a" and not literal else None
            before, after = ("[", f"]({_target(href)})") if href else (mark, mark)
            self.opened.append(_Open(len(self.line), before, after, tag in _CODE and not literal))

    def _start_block(self, node: Any, tag: str) -> None:
        self.flush()
        if tag == "table":
            self.tables += 1
        elif tag in ("td", "th"):
            self.cells += 1
        elif tag == "tr":
            self.rows.append([])
        elif tag == "pre":
            self.pre += 1
        elif tag == "hr":
            self._write(["---"])
        elif tag == "blockquote":
            self.levels.append(_Level("> ", quotes=True))
        elif tag in ("ul", "ol"):
            said = node.get("start") or "1"
            self.lists.append(None if tag == "ul" else int(said) if said.isdigit() and len(said) < 9 else 1)
        elif tag == "li":
            number = self.lists[-1] if self.lists else None
            self.levels.append(_Level("- " if number is None else f"{number}. "))
            if number is not None:
                self.lists[-1] = number + 1

    def end(self, node: Any) -> None:
        tag = node.tag
        if tag in _INLINE:
            if tag not in ("br", "img") and not self.pre and self.opened:
                self._close(self.opened.pop())
        elif not self.cells or tag in ("td", "th", "table"):
            self._end_block(node, tag)
        else:
            self.line.append(" ")
        self.say(node.tail)

    def _end_block(self, node: Any, tag: str) -> None:
        if tag == "pre" and self.pre:
            self._end_pre()
        elif tag in ("td", "th") and self.cells:
            self._end_cell(node)
        elif tag in _HEADINGS:
            self.flush(_HEADINGS[tag])
        else:
            self.flush()
            if tag == "table" and self.tables:
                self.tables -= 1
                self._end_table()
            elif tag in ("blockquote", "li") and self.levels:
                self.levels.pop()
            elif tag in ("ul", "ol") and self.lists:
                self.lists.pop()
                self.in_list = bool(self.lists)

    def say(self, text: str | None) -> None:
        if text:
            raw = self.pre or any(one.code for one in self.opened)
            self.line.append(text if raw else _escaped(text))

    def flush(self, mark: str = "") -> None:
        """Ends the block under way. Inline elements that are open go on in the next one."""
        if self.cells or self.pre:
            self.line.append(" " if self.cells else "")
            return
        for one in reversed(self.opened):
            self._close(one)
        text = " ".join("".join(self.line).split())
        self.line.clear()
        for one in self.opened:
            one.place = 0
        text = text.strip(_BREAK + " ")
        if text and self.tables and self.rows:
            self.stray.append(text.replace(_BREAK, " "))
        elif text:
            lines = [part.strip() for part in text.split(_BREAK)]
            self._write([mark + (lines[0] if mark else _at_start(lines[0])), *lines[1:]], "  ")

    def _close(self, one: _Open) -> None:
        inner = "".join(self.line[one.place :])
        del self.line[one.place :]
        bare = inner.strip()
        if one.code:
            ticks = "``" if "`" in bare else "`"
            one_before, one_after = (f"{ticks} ", f" {ticks}") if "`" in bare else (ticks, ticks)
        else:
            one_before, one_after = one.before, one.after
        if not bare or not one_before:
            self.line.append(inner)
        else:
            left, right = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
            self.line.append(f"{left}{one_before}{bare}{one_after}{right}")

    def _end_pre(self) -> None:
        self.pre -= 1
        if self.pre:
            return
        text = "".join(self.line).strip("\n")
        self.line.clear()
        if text.strip():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            self._write([fence, *text.split("\n"), fence])

    def _end_cell(self, node: Any) -> None:
        if self.cells > 1:  # a table within a cell is text
            self.cells -= 1
            self.line.append(" ")
            return
        for one in reversed(self.opened):
            self._close(one)
        self.opened.clear()
        self.cells = 0
        text = " ".join("".join(self.line).replace(_BREAK, " ").split()).replace("|", "\\|")
        self.line.clear()
        span = node.get("colspan") or "1"
        if not self.rows:
            self.rows.append([])
        self.rows[-1] += [text] + [""] * (min(int(span), 50) - 1 if span.isascii() and span.isdigit() else 0)

    def _end_table(self) -> None:
        if self.tables:
            return
        rows = [row for row in self.rows if row]
        self.rows = []
        if rows:
            width = min(max(map(len, rows)), 100)
            lines = [f"| {' | '.join((row + [''] * width)[:width])} |" for row in rows]
            self._write([lines[0], f"|{' --- |' * width}", *lines[1:]])
        for text in self.stray:
            self._write([_at_start(text)])
        self.stray.clear()

    def _write(self, lines: list[str], ending: str = "") -> None:
        fresh = any(not level.used and not level.quotes for level in self.levels)
        quotes = "".join(level.marker for level in self.levels if level.quotes)
        if self.blocks and not (fresh and self.in_list):
            self.blocks.append(quotes.rstrip())
        for number, line in enumerate(lines):
            prefix = "".join(level.prefix() for level in self.levels)
            self.blocks.append(f"{prefix}{line}{ending if number < len(lines) - 1 else ''}".rstrip("\n"))
        self.in_list = bool(self.lists)


def markdown(html: str) -> str:
    """Headings, paragraphs, emphasis, code, links, pictures, lists, quotations, tables, lines. The HTML is one that
    `to_html` gave: shallow, and of elements that are known."""
    root = etree.fromstring(f"<body>{html}</body>".encode(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    writer = _Writer()
    walk: Any = etree.iterwalk(root, events=("start", "end"))
    for event, node in walk:
        if event == "start":
            writer.start(node)
        else:
            writer.end(node)
    writer.flush()
    return "\n".join(writer.blocks).strip("\n")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def _at_start(text: str) -> str:
    found = _AT_START.match(text)
    if not found:
        return text
    at = found.end() if text[0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def _target(address: str) -> str:
    return address.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
