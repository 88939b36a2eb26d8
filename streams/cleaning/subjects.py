"""What a record is about, by rule: its data type from the names of its fields, its category from its words."""

from functools import lru_cache
from typing import Any

OTHER = "other"

_SIGNS = {
    "ecommerce": {
        "price", "sku", "gtin", "ean", "upc", "brand", "availability", "in_stock", "stock", "seller", "offers",
    },
    "social_media": {
        "likes", "followers", "retweets", "shares", "hashtags", "handle", "username", "replies", "reposts", "mentions",
    },
    "research": {"doi", "abstract", "citations", "journal", "arxiv_id", "pmid", "issn", "references", "affiliations"},
    "news": {
        "headline", "byline", "published", "published_at", "date_published", "author", "authors", "article", "section",
    },
}  # fmt: skip
"""Field names that tell a type. The type with most of them wins; at a draw the one named first here."""

_SUBJECTS = {
    "technology": """technology software computer computers laptop smartphone phone internet ai robot robotics app cloud
        data programming developer gadget electronics chip semiconductor cybersecurity startup tablet camera""",
    "science": """science scientific research researchers physics chemistry biology astronomy space nasa climate species
        experiment laboratory genome quantum telescope fossil mathematics""",
    "business": """business company companies market industry economy economic trade startup ceo merger acquisition
        revenue retail supply management enterprise""",
    "finance": """finance financial bank banking stock stocks shares bonds investor investment crypto bitcoin inflation
        interest currency fund earnings dividend""",
    "politics": """politics political government minister president parliament senate congress election elections vote
        policy law party democracy diplomacy sanctions""",
    "health": """health medical medicine hospital doctor patients disease virus vaccine cancer drug therapy nutrition
        fitness mental surgery vitamin""",
    "sports": """sport sports football soccer basketball tennis cricket olympic league team coach championship goal
        tournament player cycling running""",
    "entertainment": """film movie movies music album concert actor actress celebrity television series festival theatre
        game games gaming streaming song""",
    "education": """education school university college student students teacher learning course exam campus
        curriculum""",
    "travel": """travel hotel hotels flight flights tourism tourist airline destination beach vacation holiday
        itinerary""",
    "home": """furniture kitchen garden sofa lamp kettle table chair bed carpet household cookware mug desk shelf
        cushion blanket""",
    "fashion": """fashion clothing dress shoes jacket shirt jeans jewellery jewelry handbag sneakers skirt coat""",
    "food": """food recipe recipes restaurant coffee tea chocolate wine cheese bread cooking ingredients dessert""",
    "books": """book books novel paperback hardcover fiction poetry author isbn literature""",
}
_WORDS = {word.encode(): subject for subject, words in reversed(_SUBJECTS.items()) for word in words.split()}
_SAY_IT = ("category", "section", "content_category", "topic")
SAID_IN = frozenset(_SAY_IT)
"""Fields in which a record may say its subject itself."""

_LETTERS_ALONE = bytes(byte | 32 if chr(byte).isalpha() and byte < 128 else 32 for byte in range(256))
"""Letters in lower case, blanks for all else."""

_MANY_WORDS = 60
"""Words from which on a single one of a subject is chance."""


@lru_cache(maxsize=1024)
def data_type_of(fields: tuple[str, ...]) -> str:
    """news, social_media, ecommerce, research, or other: by the record's field names."""
    names = {name.lower() for name in fields}
    best = max(_SIGNS, key=lambda kind: len(_SIGNS[kind] & names))
    return best if _SIGNS[best] & names else OTHER


def said_category(data: dict[str, Any]) -> str:
    """What the record says itself, where a word of that names a subject."""
    for name in _SAY_IT:
        said = data.get(name)
        if isinstance(said, str) and (found := _said(said)):
            return found
    return ""


def category_of(text: str) -> str:
    """The subject that most words of a text belong to, else other. English words only."""
    words = _words(text)
    if _WORDS.keys().isdisjoint(words):
        return OTHER
    known = [_WORDS[word] for word in words if word in _WORDS]
    if len(known) < 2:
        return known[0] if len(words) < _MANY_WORDS else OTHER
    return max(known, key=known.count)  # the first of those that are said equally often


def _words(text: str) -> list[bytes]:
    """Runs of English letters. As bytes, since those are translated and parted several times faster than text; lower
    case comes first where it makes letters of what are none (the Kelvin sign)."""
    plain = text if text.isascii() else text.lower()
    return plain.encode("ascii", "replace").translate(_LETTERS_ALONE).split()


@lru_cache(maxsize=4096)
def _said(text: str) -> str:
    words = _words(text.lower()[:200])
    named = [word.decode() for word in words if word.decode() in _SUBJECTS]
    return named[0] if named else next((_WORDS[word] for word in words if word in _WORDS), "")
