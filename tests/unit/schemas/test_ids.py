"""Identities: pinned, because stores, logs and outsiders remember them for longer than any version of this code."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids

RUN = "16d1d67f-0028-5d26-add9-ea2c238801d0"
PAGE = "bc1d4557-cd12-1a9f-d430-24645d3efd0a"
FETCH = "9d2c8a52-3f1e-4a73-8d58-0a4b7f1c2e33"
BATCH = "1c59665c-4c15-e35d-515e-b6385a6bc47b"

PINNED = [
    ("digest", ids.digest("a", "b"), "d565f29a-d896-4a7c-d671-f8867f47bbb9"),
    ("batch", ids.batch_id(RUN, PAGE, FETCH, 1, 0), BATCH),
    ("next part", ids.batch_id(RUN, PAGE, FETCH, 1, 1), "732a7b37-96c1-6548-eb0e-7ddddaf2b6a5"),
    ("new rules", ids.batch_id(RUN, PAGE, FETCH, 2, 0), "7cc2ea1d-b795-c919-6b6a-32de61a92442"),
    ("record", ids.record_id(BATCH, 0), "214a7870-f6da-d9ea-7003-aaa7e3bc122f"),
    ("dead letter", ids.dead_letter_id("raw-pages", 3, 1207), "ef8b4b69-8d0d-fea3-4c87-709dd2253a15"),
    ("rejected record", ids.rejected_record_id(BATCH, 2), "1ca3ccae-2696-9a01-e5a3-a90b8adb0426"),
    ("outcome", ids.outcome_id(RUN, PAGE, 1, FETCH), "6b749251-d9d5-606c-5a5c-b647b9aca2c2"),
    ("outsider's run", ids.outsider_run_id("/price-watch", "3b1f6c1e-8a53-4f0b-9a57-2f6f5a1dc0de"), RUN),
    ("trace", ids.trace_id(RUN, PAGE), "3557adaa09338fa5be70d749ab1f1f2b"),
    ("traceparent", ids.traceparent(RUN, PAGE, BATCH), "00-3557adaa09338fa5be70d749ab1f1f2b-9b0cd440156fc80b-01"),
]


@pytest.mark.parametrize(("found", "pinned"), [case[1:] for case in PINNED], ids=[case[0] for case in PINNED])
def test_pinned(found: str, pinned: str) -> None:
    assert found == pinned


def test_all_are_different() -> None:
    assert len({found for _, found, _ in PINNED}) == len(PINNED)


printable = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=10)


@given(st.lists(printable, min_size=1), st.lists(printable, min_size=1))
def test_a_digest_is_a_uuid_that_tells_lists_of_parts_apart(one: list[str], other: list[str]) -> None:
    assert str(UUID(ids.digest(*one))) == ids.digest(*one)
    assert (ids.digest(*one) == ids.digest(*other)) == (one == other)


@given(printable, printable)
def test_where_one_part_ends_matters(left: str, right: str) -> None:
    assert (ids.digest(left, right) == ids.digest(left + right, "")) == (right == "")
