"""The shop's words: departments, categories and makers, read from `demo/words/*.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

# The order of the shop's menu. Category sizes follow from it, so a new department goes at the end.
DEPARTMENTS = ("kitchen", "pantry", "living", "bed-bath", "garden", "outdoors", "desk", "music", "play", "wear")


@dataclass(frozen=True, slots=True)
class Brand:
    """A maker; `note` says who they are, `makes` lists the slugs of the categories they supply."""

    name: str
    note: str
    since: int
    makes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One shelf of the shop and the words that describe what stands on it.

    `price` is the range in pounds; `plural` tells the grammar that its things come as "seeds" or "headphones"; `shape`
    is an SVG fragment in a 100 x 100 box whose fills are the letters a to d, replaced by a palette.
    """

    slug: str
    name: str
    blurb: str
    price: tuple[float, float]
    finishes: tuple[str, ...]
    kinds: tuple[str, ...]
    uses: tuple[str, ...]
    details: tuple[str, ...]
    care: tuple[str, ...]
    specs: tuple[tuple[str, tuple[str, ...]], ...]
    shape: str
    plural: bool
    department: str

    @property
    def path(self) -> str:
        """Path of the first page of the category."""
        return f"/category/{self.slug}"


@dataclass(frozen=True, slots=True)
class Department:
    """Five categories and the makers who supply them."""

    slug: str
    name: str
    blurb: str
    brands: tuple[Brand, ...]
    categories: tuple[Category, ...]

    @property
    def path(self) -> str:
        """Path of the department's page."""
        return f"/department/{self.slug}"


def _category(entry: dict[str, Any], department: str) -> Category:
    lists = {name: tuple(entry[name]) for name in ("finishes", "kinds", "uses", "details", "care")}
    low, high = entry["price"]
    return Category(
        slug=entry["slug"],
        name=entry["name"],
        blurb=entry["blurb"],
        price=(float(low), float(high)),
        specs=tuple((name, tuple(values)) for name, values in entry["specs"].items()),
        shape=entry["shape"],
        plural=bool(entry.get("plural", False)),
        department=department,
        **lists,
    )


def _department(slug: str) -> Department:
    entry = tomllib.loads(resources.files("demo").joinpath("words", f"{slug}.toml").read_text("utf-8"))
    return Department(
        slug=slug,
        name=entry["name"],
        blurb=entry["blurb"],
        brands=tuple(Brand(**{**brand, "makes": tuple(brand["makes"])}) for brand in entry["brand"]),
        categories=tuple(_category(category, slug) for category in entry["category"]),
    )


@cache
def departments() -> tuple[Department, ...]:
    """The ten departments in the order of the menu; the words do not depend on any seed."""
    return tuple(_department(slug) for slug in DEPARTMENTS)


@cache
def categories() -> tuple[Category, ...]:
    """The fifty categories in the order of the menu."""
    return tuple(category for department in departments() for category in department.categories)
