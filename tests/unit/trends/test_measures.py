"""The scorers of the benchmarks, against what their definitions give by hand."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streams.trends.detector import FEW_KEYS, MANY_KEYS, Detector
from tests.bench import detector as benched
from tests.bench import nab, tcpd
from tests.bench.detector import run
from tests.bench.streams_of_noise import NOISES, bursts, silence
from tests.bench.table import Table


def sigmoid(position: float) -> float:
    return 2 / (1 + math.exp(5 * position)) - 1


def labelled(windows: list[tuple[int, int]], rows: int = 100) -> nab.Labelled:
    return nab.Labelled("file", (np.arange(rows) * 300.0).astype(np.float64), np.zeros(rows), windows)


def spoken(rows: int, *places: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    scores = np.zeros(rows)
    scores[list(places)] = 3.0
    return scores


def test_silence_is_nothing_and_the_first_row_of_each_window_is_everything() -> None:
    file = labelled([(30, 39), (60, 69)])
    for profile in nab.PROFILES.values():
        assert nab.total([nab.worth_of(file, spoken(100))], 3.0, profile) == 0.0
        assert nab.total([nab.worth_of(file, spoken(100, 30, 60))], 3.0, profile) == pytest.approx(100.0)


def test_late_and_false_detections_cost_what_the_definition_says() -> None:
    """Once within the window (row 35 of 30 to 39), once behind it, once far behind, once in probation."""
    file = labelled([(30, 39)])
    said = nab.worth_of(file, spoken(100, 3, 33, 35, 41, 90))
    standard = nab.PROFILES["standard"]
    gained = sigmoid(-7 / 10) / sigmoid(-1.0) + 0.11 * (sigmoid(2 / 9) - 1.0)
    assert nab.total([said], 3.0, standard) == pytest.approx(100 * (gained + 1) / 2)
    low_fn = nab.PROFILES["low FN"]
    assert nab.total([said], 3.0, low_fn) == pytest.approx(100 * (gained + 2) / 3)


def test_what_comes_before_every_window_is_wholly_false() -> None:
    said = nab.worth_of(labelled([(50, 59)]), spoken(100, 20))
    assert nab.total([said], 3.0, nab.PROFILES["low FP"]) == pytest.approx(100 * -0.22 / 2)


def test_one_threshold_is_the_best_for_all_files() -> None:
    found, noisy = labelled([(30, 39)]), labelled([(30, 39)])
    scores = spoken(100, 30)
    loud = np.where(np.arange(100) > 50, 2.0, 0.0) + spoken(100, 31)
    best, threshold = nab.best([nab.worth_of(found, scores), nab.worth_of(noisy, loud)], nab.PROFILES["standard"])
    assert threshold == 3.0
    assert best > 99


def test_the_measures_of_change_points_are_those_of_the_paper() -> None:
    annotations = {"a": [50], "b": [50, 80], "c": []}
    assert tcpd.f1(annotations, [52, 80]) == pytest.approx(2 * 1.0 * 1.0 / 2.0)
    assert tcpd.f1(annotations, []) == pytest.approx(
        2 * 1.0 * ((1 / 2 + 1 / 3 + 1) / 3) / (1 + (1 / 2 + 1 / 3 + 1) / 3)
    )
    assert tcpd.f1(annotations, [20]) < tcpd.f1(annotations, [])
    assert tcpd.cover(annotations, [50], 100) == pytest.approx((1.0 + (0.5 + 0.3 * 0.6 + 0.2 * 0.4) + 0.5) / 3)


def test_the_table_is_made_from_the_data_that_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("NAB/labels", "NAB/data/kind", "TCPD/datasets/well"):
        (tmp_path / name).mkdir(parents=True)
    values = 10 + np.random.default_rng(2).normal(size=1200)
    values[900:920] += 20
    times = [f"2026-01-{1 + row // 288:02} {row // 12 % 24:02}:{row * 5 % 60:02}:00" for row in range(1200)]
    lines = ["timestamp,value", *(f"{at},{value}" for at, value in zip(times, values, strict=True))]
    windows = {}
    for name in ("kind/one.csv", "kind/two.csv"):
        (tmp_path / "NAB/data" / name).write_text("\n".join(lines))
        windows[name] = [[times[880] + ".000000", times[950] + ".000000"]]
    (tmp_path / "NAB/labels/combined_windows.json").write_text(json.dumps(windows))
    told = {"n_dim": 1, "series": [{"raw": [*values[860:940].tolist(), None]}]}
    (tmp_path / "TCPD/datasets/well/well.json").write_text(json.dumps(told))
    (tmp_path / "TCPD/annotations.json").write_text(json.dumps({"well": {"1": [40]}, "absent": {"1": [3]}}))
    files = nab.read(tmp_path / "NAB")
    assert files[0].windows == [(880, 950)]
    summary = nab.summary(nab.corpus(files, FEW_KEYS))
    assert summary["standard"][0] > 80
    deaf, usual = nab.corpus(files, replace(FEW_KEYS, warm_up=2000)), nab.corpus(files, FEW_KEYS)
    assert nab.best(deaf, nab.PROFILES["standard"])[0] == 0.0
    wide, _ = nab.fitted(files, [replace(FEW_KEYS, warm_up=2000), FEW_KEYS])
    assert np.array_equal(wide.scores, usual[0].scores), "the best of what was tried"
    alone = Detector(FEW_KEYS, 1).observe(np.zeros(1200, dtype=np.intp), files[0].values, files[0].seconds).score
    assert np.array_equal(nab.detect([labelled([]), files[0]], FEW_KEYS)[1], alone), "a file knows nothing of others"
    (series,) = tcpd.read(tmp_path / "TCPD")
    assert len(series.values) == 81
    assert run([str(tmp_path / "nothing")]) == 2
    assert "Give the folder" in capsys.readouterr().err
    benched.nab_rows(Table("bench"), tmp_path)
    rows = capsys.readouterr().out.splitlines()
    assert [row[:44].strip() for row in rows if "wide" in row] == [f"NAB {name}, wide" for name in nab.PROFILES]
    assert all("fitted on all 2 files" in row for row in rows if "wide" in row)


@pytest.mark.parametrize("name", ["normal", "correlated (AR 0.6)"])
def test_noise_sets_off_few_alarms(name: str) -> None:
    """Of a million observations of noise some hundred are told with the settings for many series."""
    few, many = (silence(NOISES[name], one, 200, 800) for one in (FEW_KEYS, MANY_KEYS))
    assert few.within_budget
    assert few.alarms <= 2600
    assert many.alarms <= 500


def test_planted_bursts_are_found_at_once_and_hardly_another() -> None:
    said = bursts(2.2)
    assert said.recall >= 0.93
    assert said.delay <= 2.9
    assert said.false_a_slot <= 0.1
    assert said.average_precision >= 0.95
    strict = bursts(3.0)
    assert strict.recall >= 0.93
    assert strict.false_a_slot <= 0.02
