"""What the lossless loop finds in each stage: one that it takes for another is acknowledged at the wrong time."""

import pytest

from schemas.stages import Closing, Decoding, Stateful
from streams.cleaning.stage import Cleaning
from streams.extraction.stage import Extraction
from streams.intake.stage import Intake
from streams.notifications.stage import Notifying
from streams.trends.stage import Trends
from streams.uploads.stage import Uploading
from streams.warehouse.stage import Warehouse


@pytest.mark.parametrize(
    ("stage", "promises"),
    [
        (Cleaning, {Closing}),
        (Extraction, {Closing}),
        (Intake, {Closing}),
        (Notifying, set()),
        (Trends, {Stateful}),
        (Uploading, {Closing}),
        (Warehouse, {Stateful, Closing, Decoding}),
    ],
)
def test_what_a_stage_promises(stage: type, promises: set[type]) -> None:
    assert {promise for promise in (Stateful, Closing, Decoding) if issubclass(stage, promise)} == promises
