"""Raw batches of every kind, made by dice: what cleaning must go on answering to the byte."""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from schemas import codec
from schemas.events.pipelines import CleanStep, FieldPipeline, Pipelines
from schemas.events.records import CleanRules, FieldRule, RecordBatch
from schemas.ids import digest
from streams.cleaning.cleaner import clean
from streams.cleaning.limits import fitted

_encoder = msgspec.json.Encoder(order="sorted")

_SENTENCES = [
    "The keeper climbed the narrow stairs before dawn, trimmed the lamp and wrote the weather into the book. ",
    "Der Wasserkocher aus Edelstahl fasst einen Liter und schaltet sich von selbst ab, sobald das Wasser kocht. ",
    "La bouilloire s'arrête d'elle-même dès que l'eau bout, en deux minutes à peine. ",
    "El hervidor de acero cabe un litro y se apaga solo cuando el agua hierve. ",
    "やかんは水が沸くと自動的に止まります。 ",
    "Чайник выключается сам, как только закипит вода. ",
    "DATA ABOUT FOOTBALL AND THE BANK, A TEAM OF PLAYERS. ",
    "3.14 — 42 ½ … № 7 ☃ ",
]
_TEXTS = [
    "Blue kettle", "  Product number 7 of bench ", "two  blanks", "line\nbreak\t tab", "", "   ", "n/a", "N/A", "-",
    "unknown",
    "caf\u00e9 table", "zero\u200bwidth", "soft\u00adhyphen", "bad\ufffdletter", "lone\ud800surrogate",
    "\u212aelvin wine",
    "film film wine", "<b>bold</b> &amp; <script>x</script> book", "Football team", "ΣΑΣ", "İstanbul hotel",
    "http is a word",
    "yes", "no", "in stock", "a\u00a0b", "\ufeffmarked", "\x00zero", "| pipe |", "5", "lorem ipsum",
]  # fmt: skip
_NUMBERS = ["4.5", "1,234.5", "1.234,5", "1 234", "-3", "12.05.2024", "many", "", "45%", "1e5", "١٢٣", 7, -0.5, True,
    None, [],
            {"a": 1}, 2**70, 1e300, "  8 "]  # fmt: skip
_PRICES = ["£20.13", "$1,299.00", "1.299 €", "EUR 12,50", "free", "none", "", 12, 9.99, None, "£ 3", "20.13", "£20.1",
    "100,00 zł",
           "ask us", ["£1.00"], " £5.00 ", "€1,234,567.89"]  # fmt: skip
_URLS = ["/product/1", "product/2?b=1&a=2", "http://SHOP.example/x", "//cdn.example/i.png", "mailto:me@x.example",
    "../up", "", " ",
         "https://shop.example:443/a b", "#top", "/a/../b", "/a//b", "/.hidden", "/a%7Eb", "http://u:p@h/",
         "/ok?utm_source=x",
         "http://shop.example/list/", 7, None, "/é", "?q=1", "/" + "x" * 2100, "//", "/a;b=1", "/\\evil",
         "/tab\tbed"]  # fmt: skip
_DATES = [
    "2024-05-01",
    "2024-05-01T10:00:00+02:00",
    "5.11.2024",
    "May 3, 2024",
    "someday",
    "",
    1700000000,
    None,
    [2024],
]
_LISTS = [["a", " b ", ""], [], "a, b", ["n/a"], [{"price": "£1.00", "n": "x"}, {"n": ""}, 3], {"price": "£2.50"},
    None, "x",
          [["deep", [1, 2]]], [True, 1, 1.5]]  # fmt: skip
_OBJECTS = [{"a": " x ", "b": None, "c": {"d": []}}, {}, [], "text", 3, None, {"price": "bad", "name": "n"}]
_BY_TYPE: dict[str, list[Any]] = {
    "text": _TEXTS, "html": _TEXTS, "markdown": _TEXTS, "number": _NUMBERS, "price": _PRICES, "url": _URLS,
    "image": _URLS,
    "date": _DATES, "list": _LISTS, "boolean": ["yes", "no", True, False, "maybe", None, 1, 0, ""], "object": _OBJECTS,
}  # fmt: skip
_NAMES = ["name", "price", "sku", "url", "rating", "price_currency", "language", "category", "brand", "published",
    " odd name ",
          "likes", "description", "offers", "DOI"]  # fmt: skip
_ANY = [
    *_TEXTS[:8],
    *_NUMBERS[:4],
    *_LISTS[:3],
    *_OBJECTS[:2],
    "en-GB",
    "deutsch",
    "Sports & Games",
    float("inf"),
    2**64,
]


def _text(dice: random.Random) -> str:
    if dice.random() < 0.75:
        return dice.choice(_TEXTS)
    return "".join(dice.choice(_SENTENCES) for _ in range(dice.choice([1, 3, 6, 30])))


def _value(kind: str, dice: random.Random) -> Any:
    if kind in ("text", "html", "markdown") and dice.random() < 0.9:
        return _text(dice)
    if kind == "price" and dice.random() < 0.5:
        return f"{dice.choice('£$€')}{dice.random() * 100:.2f}"
    if dice.random() < 0.05:
        return dice.choice(_ANY)
    return dice.choice(_BY_TYPE[kind])


def _rule(dice: random.Random) -> FieldRule:
    kind = dice.choice(sorted(_BY_TYPE))
    below = {"price": FieldRule(type="price"), "n": FieldRule(required=dice.random() < 0.5)}
    return FieldRule(
        type=kind,  # type: ignore[arg-type]
        required=dice.random() < 0.1,
        default=_value(kind, dice) if dice.random() < 0.15 else None,
        fields=below if kind in ("list", "object") and dice.random() < 0.5 else {},
    )


def _pipelines(fields: dict[str, FieldRule], dice: random.Random) -> Pipelines:
    steps = [[CleanStep(do="lower")], [CleanStep(do="replace", find="e", to="3")], [CleanStep(do="regex",
        find="[aeiou]+", to="_")],
             [CleanStep(do="map", table={"yes": 1, "no": None, "in stock": "5"}, drop=True)], [CleanStep(do="title")],
             []]  # fmt: skip
    checks: list[Callable[[], FieldPipeline]] = [
        lambda: FieldPipeline(steps=dice.choice(steps), strict=dice.random() < 0.5),
        lambda: FieldPipeline(steps=dice.choice(steps), minimum=5, strict=dice.random() < 0.5),
        lambda: FieldPipeline(longest=12, shortest=2), lambda: FieldPipeline(decimal=","),
        lambda: FieldPipeline(pattern="[a-z]", strict=dice.random() < 0.3), lambda: FieldPipeline(one_of=["yes", 20.0,
        "n/a"]),
    ]  # fmt: skip
    return Pipelines(
        fields={name: dice.choice(checks)() for name in fields if dice.random() < 0.5},
        computed={"label": 'upper(name) + "!"', "gross": "round(price * 1.19, 2)"} if dice.random() < 0.5 else {},
        schema={"required": ["name"]} if dice.random() < 0.2 else {},
    )


def _rules(dice: random.Random) -> CleanRules:
    fields = {name: _rule(dice) for name in dice.sample(_NAMES, dice.randrange(0, 8))}
    if dice.random() < 0.4:
        fields |= {
            "name": FieldRule(),
            "price": FieldRule(type="price"),
            "url": FieldRule(type="url"),
            "rating": FieldRule(type="number"),
        }
    if dice.random() < 0.1:
        fields["gross"] = FieldRule(type="number", required=dice.random() < 0.5)
    filters: list[dict[str, Any]] = [
        {},
        {},
        {"min_price": 5},
        {"categories": ["wine", "n/a"]},
        {"price": {"max": 50}},
        {"rating": [7, "4.5"]},
    ]
    return CleanRules(
        fields=fields,
        key=dice.choice([[], ["sku"], ["name", "brand"], ["url"], ["rating"]]),
        filters=dice.choice(filters),
        pipelines=_pipelines(fields, dice) if dice.random() < 0.3 else None,
    )


def batch(seed: int) -> RecordBatch:
    """The batch of that number: the same wherever it is made."""
    dice = random.Random(seed)
    rules = _rules(dice)
    records = []
    for _ in range(dice.choice([0, 1, 3, 25, 60])):
        names = [name for name in rules.fields if dice.random() < 0.93]
        record = {name: _value(rules.fields[name].type, dice) for name in names}
        if dice.random() < 0.3:
            record |= {name: dice.choice(_ANY) for name in dice.sample(_NAMES, dice.randrange(1, 4))}
        records.append(record)
    run, page = digest("run", str(seed)), digest("page", str(seed))
    return RecordBatch(
        id=digest("batch", str(seed)), dataset=f"d-{seed % 5}", run_id=run, job_id=digest("job"),
        url=dice.choice(["http://shop.example/list/", "https://shop.example/a/b?c=d", "", "not an address"]),
        url_fp=page, fetch_id=page, fetched_at=dice.choice(["2024-05-15T12:30:15Z", ""]), rules=rules, records=records,
    )  # fmt: skip


def answers(seeds: range) -> Iterator[bytes]:
    """What cleaning says of each batch: the clean batch as published, its rejects, what it could not read."""
    for seed in seeds:
        raw = batch(seed)
        cleaned = fitted(clean(raw), raw)
        rejects = [(one.index, one.code, one.reason) for one in cleaned.rejects]
        yield codec.encode(cleaned.batch) + _encoder.encode((rejects, dict(cleaned.unreadable)))


def fingerprint(seeds: range) -> str:
    """SHA-256 of all of them."""
    return hashlib.sha256(b"\n".join(answers(seeds))).hexdigest()
