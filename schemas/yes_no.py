"""Words that mean yes or no on pages: what extraction leaves to cleaning, and cleaning reads, must be the same."""

YES = frozenset(
    [
        "true",
        "yes",
        "y",
        "on",
        "1",
        "ja",
        "oui",
        "si",
        "sí",
        "sim",
        "igen",
        "tak",
        "da",
        "evet",
        "✓",
        "✔",
        "☑",
        "instock",
        "onlineonly",
        "instoreonly",
        "limitedavailability",
    ]
)
NO = frozenset(
    [
        "false",
        "no",
        "n",
        "off",
        "0",
        "nein",
        "non",
        "não",
        "nao",
        "nem",
        "nie",
        "ne",
        "hayır",
        "✗",
        "✘",
        "☐",
        "outofstock",
        "soldout",
        "discontinued",
    ]
)
"""Lower case; the last words are schema.org's for availability, as the last part of an address."""


def yes_or_no(text: str) -> bool | None:
    """What a single word says; None where it is neither (`sold out`, `unknown`). schema.org's `…/InStock` is a yes."""
    word = text.strip().casefold()
    if word.startswith(("http://schema.org/", "https://schema.org/")):
        word = word.rpartition("/")[2]
    return True if word in YES else False if word in NO else None
