"""Many places of a request at a time lose none: groups hold every place, and a refusal is laid to the right ones."""

from itertools import combinations

import pytest

from tests.integration.api.operations import operations
from tests.integration.api.together import Case, Place, groups
from tests.unit.api.conftest import World

DOCUMENT = World().app().openapi()
OPERATIONS = {str(operation): operation for operation in operations(DOCUMENT)}
SCRAPE = OPERATIONS["POST /api/v1/scrape"]


def test_every_place_is_in_a_group_and_none_within_another() -> None:
    for operation in OPERATIONS.values():
        found = groups(DOCUMENT, operation)
        parameters = {(kind, (name,)) for kind, name in operation.parameters}
        assert parameters <= {(place.kind, place.names) for group in found for place in group.places}
        assert {group.media for group in found if group.media} == set(operation.media)
        for group in found:
            assert group.places and len(set(group.places)) == len(group.places)
            assert not any(one.is_in(other) for one, other in combinations(group.places, 2)), str(operation)


@pytest.mark.parametrize(
    "names",
    [
        ("options", "headers", "?"),
        ("options", "cookies", "any"),
        ("extract", "fields", "any", "css"),
        ("clean", "computed", "?"),
        ("filters", "any"),
    ],
)
def test_names_that_callers_choose_are_places(names: tuple[str, ...]) -> None:
    """Also where the document allows only names of a pattern."""
    assert any(Place("body", names) in group.places for group in groups(DOCUMENT, SCRAPE))


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (("options", "max_pages"), "options.max_pages"),
        (("urls", "*"), "urls.0"),
        (("schedule", "cron"), "schedule.Schedule.cron"),
        (("filters", "?"), "filters.it's"),
        (("Idempotency-Key",), "idempotency-key"),
    ],
)
def test_a_refusal_names_a_place(names: tuple[str, ...], field: str) -> None:
    right, wrong = Place("body", names), Place("body", ("options", "delay"))
    assert Case(SCRAPE, "application/json", (right, wrong), "it's").named([field]) == {right}


@pytest.mark.parametrize("field", ["options", "options.max_page", "max_pages", "other.options.max_pages"])
def test_a_refusal_of_something_else_names_none(field: str) -> None:
    assert not Place("body", ("options", "max_pages")).is_named(field, "x")
