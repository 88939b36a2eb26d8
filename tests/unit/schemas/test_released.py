"""What counts as a change of a released shape, and what does not."""

from copy import deepcopy
from typing import Any

import pytest

from schemas.json_schema import Schema
from schemas.released import changes, meaning

BEFORE: Schema = {
    "type": "object",
    "description": "A word.",
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": ["spike", "shift"]},
        "values": {"type": "array", "items": {"type": "number"}, "default": []},
        "job": {"anyOf": [{"type": "object"}, {"type": "null"}], "default": None},
        "names": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
    },
    "required": ["id", "kind"],
}


def breaches(change: Any) -> list[str]:
    after = deepcopy(BEFORE)
    change(after["properties"], after)
    return changes({"Thing": meaning(BEFORE)}, {"Thing": meaning(after)})


ALLOWED = {
    "nothing": lambda members, whole: None,
    "other words": lambda members, whole: whole.update(description="Better words.", title="Thing"),
    "a member with a default": lambda members, whole: members.update(more={"type": "string", "default": ""}),
    "a whole tree with a default": lambda members, whole: members.update(
        more={"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "default": []}
    ),
}

REFUSED = {
    "a member is gone": (lambda members, whole: members.pop("id"), "Thing.id was"),
    "another type": (lambda members, whole: members.update(id={"type": "integer"}), "Thing.id was"),
    "another type within": (
        lambda members, whole: members["values"].update(items={"type": "string"}),
        "Thing.values[]",
    ),
    "another default": (lambda members, whole: members["values"].update(default=[1]), "Thing.values was"),
    "required now": (lambda members, whole: whole["required"].append("values"), "Thing.values was"),
    "optional now": (lambda members, whole: whole["required"].remove("kind"), "Thing.kind was"),
    "one more name": (lambda members, whole: members["kind"]["enum"].append("drift"), "Thing.kind was"),
    "one more alternative": (lambda members, whole: members["job"]["anyOf"].append({}), "Thing.job|2 is new"),
    "no more unknown members": (lambda members, whole: whole.update(additionalProperties=False), "Thing was"),
    "a map of other things": (lambda members, whole: members["names"].update(additionalProperties={}), "Thing.names{}"),
    "a new member that is required": (
        lambda members, whole: (members.update(more={}), whole["required"].append("more")),
        "Thing.more is new",
    ),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED)
def test_allowed(change: Any) -> None:
    assert breaches(change) == []


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED)
def test_refused(change: Any, told: str) -> None:
    found = breaches(change)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_a_shape_that_is_gone_is_told() -> None:
    assert changes({"Thing": {"": "{type: object}"}}, {}) == ["Thing was {type: object}, is gone"]
