"""What no honest page has, taken away before the parser meets it."""

import re

MAX_ATTRIBUTES = 200
"""Attributes of one element. libxml2 walks all earlier ones for each new one: 100,000 of them took two minutes."""

_ORDINARY = re.compile(r"(?:[^>]{0,4000}+>)*+[^>]{0,4000}+").fullmatch
# The tokenizer of the HTML standard (13.2.5, from the before attribute name state on), which skips what is in a script.
# It cannot fail once a tag has begun and never looks back, so it reads any text once.
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+"""
_TAG = re.compile(
    r"(?P<kept><(?P<script>(?:script|style)(?=[\s/>]))?+(?(script)|[a-z][^\s/>]*+)"
    rf"(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+)"
    rf"(?P<excess>(?:{_ATTRIBUTE})*+)"
    r"(?P<content>(?(script).*?(?:</(?:script|style)|\Z)|))",
    re.DOTALL | re.IGNORECASE,
)


def without_excess(text: str, notes: list[str]) -> str:
    """The page with the first MAX_ATTRIBUTES attributes of each element; what was left out is noted.

    Looked for only where a stretch of text has no `>` for long, which costs next to nothing to find out.
    """
    if _ORDINARY(text):
        return text
    kept = _TAG.sub(lambda tag: tag["kept"] + tag["content"] if tag["excess"] else tag[0], text)
    if len(kept) < len(text):
        notes.append(f"An element has more than {MAX_ATTRIBUTES} attributes; the rest was left out.")
    return kept
