"""The grammar: product descriptions and reviews in plain English from a category's words."""

from dataclasses import dataclass

from demo.draw import Draw
from demo.vocabulary import Brand, Category

_SMALL_WORDS = {"a", "and", "come", "for", "in", "of", "the", "with"}

_OPENINGS_ONE = (
    "{A} {thing} for {use}.",
    "For {use}: {a} {thing} that earns its place.",
    "This is the {thing} we reach for ourselves: right for {use}.",
    "{A} {thing}, plainly made, and just the thing for {use}.",
    "If you have been looking for {a} {thing} for {use}, stop here.",
)
_OPENINGS_MANY = (
    "Our favourite {thing} for {use}.",
    "For {use}: {thing} that earn their place.",
    "These are the {thing} we reach for ourselves: right for {use}.",
    "Good {thing}, honestly made, and just the thing for {use}.",
    "If you have been looking for {thing} for {use}, stop here.",
)
_MAKERS = (
    "Made by {brand}, {note}, since {since}.",
    "From {brand}: {note}, at work since {since}.",
    "The maker is {brand}, {note}, established {since}.",
    "Behind the bench: {brand}, {note}, going strong since {since}.",
)
_REVIEWS = (
    (5, "Exactly as described, and better in the hand than in the picture."),
    (5, "Bought one for myself and went back for two more as presents."),
    (5, "Six months of daily use and it looks as it did on the first day."),
    (5, "Beautifully packed, with no plastic, and here the next morning."),
    (5, "I had doubts about the price. I no longer have them."),
    (5, "My father, who approves of nothing, approves of this."),
    (4, "Very well made. A little larger than I had pictured, so do measure."),
    (4, "Lovely thing. One star off because the colour is cooler than on my screen."),
    (4, "Does what it should, without fuss. Delivery took four days."),
    (4, "A good honest piece of work. I would have liked a longer guarantee."),
    (4, "Second one we have owned; the first went to university with our daughter."),
    (3, "Nice enough, though not quite as sturdy as the one it replaces."),
    (3, "Good, but it arrived with a scuff. The shop replaced it without argument."),
)
_PEOPLE = (
    "Aisha K.", "Alasdair M.", "Bea W.", "Callum R.", "Chidi O.",
    "Dorothy P.", "Elin J.", "Farah S.", "George T.", "Hana L.",
    "Imogen C.", "Joao F.", "Kirsty B.", "Lewis A.", "Maren H.",
    "Nadia E.", "Oscar D.", "Priya N.", "Ruth G.", "Tomasz Z.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Review:
    """What one customer said; `stars` from 1 to 5."""

    person: str
    stars: int
    text: str


def titled(phrase: str) -> str:
    """A phrase as a heading: "pour-over kettle" becomes "Pour-Over Kettle"; small words stay small."""
    words = phrase.split(" ")
    parts = [
        [part if part in _SMALL_WORDS else part[:1].upper() + part[1:] for part in word.split("-")] for word in words
    ]
    heading = " ".join("-".join(word) for word in parts)
    return heading[:1].upper() + heading[1:]


def article(phrase: str) -> str:
    """The indefinite article that goes before a phrase of the shop ("an oak lamp", "a 1,000-piece jigsaw")."""
    return "an" if phrase[:1].lower() in "aeiou" and not phrase.lower().startswith("eu") else "a"


def description(draw: Draw, category: Category, brand: Brand, thing: str) -> str:
    """Four or five sentences: what it is for, two details, who makes it, and how to look after it."""
    use = draw.pick(category.uses)
    openings = _OPENINGS_MANY if category.plural else _OPENINGS_ONE
    a = article(thing)
    sentences = [draw.pick(openings).format(a=a, A=a.capitalize(), thing=thing, use=use)]
    sentences += draw.some(category.details, 2)
    sentences.append(draw.pick(_MAKERS).format(brand=brand.name, note=brand.note, since=brand.since))
    sentences.append(draw.pick(category.care))
    return " ".join(sentences)


def reviews(draw: Draw, rating: float, count: int) -> tuple[Review, ...]:
    """`count` reviews by different people whose stars lie near the product's rating."""
    fitting = [(stars, text) for stars, text in _REVIEWS if abs(stars - rating) <= 1.0]
    chosen = draw.some(fitting, count)
    people = draw.some(_PEOPLE, len(chosen))
    return tuple(Review(person, stars, text) for person, (stars, text) in zip(people, chosen, strict=True))
