"""Many places of one request at a time: which of them a body can hold side by side, and whose fault a refusal is.

A request with a string in every place costs what a request with a string in one costs. A refusal names the places that
it is about; they are done, and the others are asked again without them, until what is left is taken. What is refused
without a name is asked again in halves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tests.integration.api.operations import Operation, example, places


@dataclass(frozen=True)
class Place:
    """Where a string can stand: of which kind (path, query, header, body), and what its names are, from the outside."""

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.names)}"

    def is_in(self, other: "Place") -> bool:
        """Whether what stands in the one would take the room of the other, or they are the same."""
        shorter = min(len(self.names), len(other.names))
        return self.kind == other.kind and self.names[:shorter] == other.names[:shorter]

    def is_named(self, field: str, text: str) -> bool:
        """Whether a fault's field means this place. A field may have more parts (which of several shapes it is about),
        and a name that a caller chose is one of them as it was sent."""
        parts = field.lower().split(".")
        *above, last = ["0" if name == "*" else name.lower() for name in self.names] or [""]
        if last == "?":
            return _in_order(above, parts) and bool(text) and text.lower()[:50] in field.lower()
        return parts[0] == (above or [last])[0] and _in_order([*above, last], parts)


def _in_order(wanted: list[str], parts: list[str]) -> bool:
    rest = iter(parts)
    return all(name in rest for name in wanted)


@dataclass(frozen=True)
class Case:
    """One string in these places, everything else as the example has it."""

    operation: Operation
    media: str
    places: tuple[Place, ...]
    text: str

    def __str__(self) -> str:
        said = " + ".join(str(place) for place in self.places[:4]) + (" + …" if len(self.places) > 4 else "")
        return f"{self.operation} {self.media} {said} = {self.text[:60]!a}"

    def named(self, fields: Iterable[str]) -> set[Place]:
        """The places that these faults are about."""
        return {place for field in fields for place in self.places if place.is_named(field, self.text)}

    def halves(self) -> list["Case"]:
        """The same in two requests."""
        middle = len(self.places) // 2
        return [replace(self, places=self.places[:middle]), replace(self, places=self.places[middle:])]

    def without(self, done: set[Place]) -> "Case":
        """The same with what is left."""
        return replace(self, places=tuple(place for place in self.places if place not in done))


@dataclass(frozen=True)
class Group:
    """Places of one operation that one request can hold."""

    operation: Operation
    media: str
    places: tuple[Place, ...]

    def case(self, text: str) -> Case:
        """It with a string."""
        return Case(self.operation, self.media, self.places, text)


def groups(document: dict[str, Any], operation: Operation, more: Iterable[tuple[str, ...]] = ()) -> list[Group]:
    """All places of an operation, in as few groups as can be; parameters stand beside the first body. `more` are fields
    of its bodies that the document does not list."""
    outside = [Place(kind, (name,)) for kind, name in operation.parameters]
    found: list[Group] = []
    for media, content in operation.media.items():
        inside = dict.fromkeys([*places(document, content), *(more if media == "application/json" else ())])
        if "json" not in media and "form" not in media:
            inside = {(): None}
        for side in _side_by_side([Place("body", names) for names in inside]):
            found.append(Group(operation, media, (*(outside if not found else ()), *side)))
    return found or ([Group(operation, "", tuple(outside))] if outside else [])


def _side_by_side(wanted: list[Place]) -> list[list[Place]]:
    """No place within another, the deepest first: they have the most company."""
    found: list[list[Place]] = []
    for place in sorted(wanted, key=lambda one: -len(one.names)):
        room = next((side for side in found if not any(place.is_in(other) for other in side)), None)
        if room is None:
            found.append([place])
        else:
            room.append(place)
    return found


def base(document: dict[str, Any], operation: Operation, media: str, unique: str) -> Any:
    """The body that strings are put in: the example, with names of its own where two things cannot share one."""
    body = example(document, operation.media[media])
    if not isinstance(body, dict):
        return body
    own = {"username": f"u{unique}", "email": f"u{unique}@example.com"}
    body = dict(body)
    if operation.path.endswith(("/users", "/register")):
        body |= own
    elif operation.path.endswith("/users/{user_id}"):
        body |= {"email": own["email"]} if "email" in body else {}
    elif operation.path.endswith(("/credentials", "/keys", "/clients")) and "name" in body:
        body |= {"name": f"n {unique}"}
    elif operation.path.endswith("/scrape/sync"):
        body |= {"options": {"max_pages": 5}}
    return body
