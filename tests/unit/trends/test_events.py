import msgspec
import pytest

from schemas.events import Trend
from streams.trends.events import change_of, confidence, finding_of, series_name, trend_of
from streams.trends.observations import Alarm, Finding, Observation

SIX_PM = 1795370400.0  # 2026-11-22T18:00:00Z


def alarm(
    value: float = 39.9,
    *,
    baseline: float = 49.87,
    residual: float | None = None,
    channel: int = 1,
    earlier: tuple[float, ...] = (49.9, 49.9, 49.95, 49.85),
    kind: str = "price",
    key: str = "sku-123",
    record_id: str = "record-1",
    field: str = "price",
) -> Finding:
    observation = Observation(key, field, kind, value, SIX_PM, record_id, "https://shop.example/1")  # type: ignore[arg-type]
    said = Alarm(
        dataset="deals",
        observation=observation,
        channel=channel,
        score=4.5,
        baseline=baseline,
        residual=value - baseline if residual is None else residual,
        values=(*earlier, value),
    )
    return finding_of(said)


def test_a_drop_is_told_as_people_saw_it() -> None:
    trend = trend_of(alarm(), "run-7")
    assert trend.sentence == "Price of sku-123 in deals fell from 49.90 to 39.90 (−20.0 %) at 2026-11-22 18:00 UTC"
    assert (trend.kind, trend.direction) == ("spike", "down")
    assert (trend.before, trend.after) == (49.9, 39.9)
    assert trend.change == pytest.approx(-10 / 49.9)
    assert (trend.at, trend.run_id, trend.record_id) == ("2026-11-22T18:00:00.000Z", "run-7", "record-1")
    assert trend.values == [49.9, 49.9, 49.95, 49.85, 39.9]
    assert trend.confidence == pytest.approx(1 - 6 * 10**-4.5)
    assert trend.series == "deals/sku-123/price"


def test_it_fits_the_event_that_travels() -> None:
    trend = trend_of(alarm(), "run-7")
    assert msgspec.json.decode(msgspec.json.encode(trend), type=Trend) == trend
    assert (trend.detector, trend.phase, trend.closes, trend.event_id()) == ("point", "began", "", trend.id)


@pytest.mark.parametrize(
    ("channel", "kind"), [(1, "spike"), (2, "shift"), (3, "shift"), (4, "spike"), (5, "shift"), (6, "shift")]
)
def test_the_channel_says_the_kind(channel: int, kind: str) -> None:
    assert trend_of(alarm(channel=channel), "run").kind == kind


def test_a_shift_goes_from_the_long_average_to_the_value() -> None:
    trend = trend_of(alarm(55.0, channel=3, residual=2.5, earlier=(54.0, 55.0)), "run")
    assert (trend.before, trend.after, trend.direction) == (49.87, 55.0, "up")
    assert trend.sentence.startswith("Price of sku-123 in deals shifted up from 49.87 to 55.00 (+10.3 %) by 2026")


def test_a_value_on_the_other_side_of_its_level_does_not_turn_the_direction_round() -> None:
    trend = trend_of(alarm(49.0, channel=2, residual=2.5), "run")
    assert (trend.direction, trend.before) == ("up", 49.87)
    assert trend.after == pytest.approx(52.37)
    assert trend.change > 0


def test_a_point_whose_neighbours_are_already_there_is_held_against_the_average() -> None:
    trend = trend_of(alarm(39.9, earlier=(39.0, 39.0, 39.0)), "run")
    assert (trend.before, trend.after, trend.direction) == (49.87, 39.9, "down")


def test_the_same_alarm_has_the_same_id_and_no_other_has() -> None:
    ids = [
        trend_of(one, "run").id
        for one in (alarm(), alarm(channel=2), alarm(record_id="record-2"), alarm(key="sku-124"), alarm(field="stock"))
    ]
    assert len(set(ids)) == len(ids)
    assert trend_of(alarm(), "another run").id == ids[0]
    assert trend_of(alarm(channel=4), "run").id == ids[0]


def test_amounts_are_told_apart() -> None:
    close = trend_of(alarm(0.1231, baseline=0.1234, earlier=()), "run").sentence
    assert "from 0.1234 to 0.1231" in close
    stock = trend_of(alarm(12.0, baseline=340.0, earlier=(), kind="number", field="items_left"), "run").sentence
    assert stock.startswith("Items left of sku-123 in deals fell from 340 to 12 (−96.5 %)")
    negative = trend_of(alarm(-5.5, baseline=2.0, earlier=(), kind="number"), "run").sentence
    assert "from 2 to −5.5 (−375.0 %)" in negative


def test_what_rose_from_nothing_has_no_percentage() -> None:
    trend = trend_of(alarm(5.0, baseline=0.0, earlier=(0.0, 0.0)), "run")
    assert trend.change == 1.0
    assert "from 0.00 to 5.00 at" in trend.sentence
    assert change_of(0.0, -3.0) == -1.0
    assert change_of(0.0, 0.0) == 0.0
    assert change_of(-10.0, -5.0) == 0.5
    assert change_of(5e-324, 1e300) == 1e9


def test_long_keys_are_shortened_in_the_sentence_only() -> None:
    trend = trend_of(alarm(key="https://shop.example/" + "x" * 300), "run")
    assert len(trend.sentence) < 200
    assert len(trend.record_key) > 300


def test_confidence_grows_with_the_score_and_stays_a_probability() -> None:
    values = [confidence(score) for score in (0.0, 0.5, 1.0, 2.8, 4.0, 8.0)]
    assert values[:2] == [0.0, 0.0]
    assert values == sorted(values)
    assert values[-1] < 1


def test_series_names_do_not_collide() -> None:
    assert series_name("a", "b/c", "d") == "a/b%2Fc/d"
    assert len({series_name("a", "b/c", "d"), series_name("a/b", "c", "d"), series_name("a", "b%2Fc", "d")}) == 3
