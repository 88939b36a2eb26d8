"""Joins what begins with what ends: alarms open happenings, values that come back close them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from streams.trends.daily.judge import Daily
from streams.trends.detector.state import Ints
from streams.trends.events import confidence, direction_of, identity, watcher_of
from streams.trends.happenings import SHIFT, SPIKE, Happenings
from streams.trends.observations import Finding, Observation

_KINDS: dict[float, Literal["spike", "shift"]] = {SPIKE: "spike", SHIFT: "shift"}


def come_back(
    happenings: Happenings,
    dataset: str,
    slots: Ints,
    observations: Sequence[Observation],
    alarms: Sequence[tuple[int, Finding]],
) -> list[tuple[int, Finding]]:
    """The alarms, and before each of them what it found ended; observations in order, a slot perhaps several times."""
    concerned = happenings.are_open(slots)
    if alarms:
        concerned |= np.isin(slots, slots[[index for index, _ in alarms]])
    elif not concerned.any():
        return []
    spoken = dict(alarms)
    found: list[tuple[int, Finding]] = []
    for index in np.flatnonzero(concerned).tolist():
        slot = int(slots[index])
        if happenings.rows[slot, 0] and (ended := happenings.go_on(slot, observations[index].value)):
            found.append((index, _ended(ended, dataset, observations[index])))
        if alarm := spoken.get(index):
            kind = SPIKE if alarm.kind == "spike" else SHIFT
            happenings.begin(slot, kind, alarm.before, alarm.after, identity(alarm))
            found.append((index, alarm))
    return found


def _ended(ended: tuple[float, float, float, str], dataset: str, observation: Observation) -> Finding:
    kind, before, after, opened = ended
    return Finding(
        detector=watcher_of(observation),
        kind=_KINDS[kind],
        dataset=dataset,
        observation=observation,
        direction=direction_of(after, before),
        score=0.0,
        confidence=1.0,
        before=after,
        after=observation.value,
        values=(before, after, observation.value),
        closes=opened,
    )


def told_by_day(one: Daily, dataset: str, observation: Observation) -> Finding:
    """What the days of a series said, at the observation that ended the last of them."""
    return Finding(
        detector=one.detector,
        kind="shift",
        dataset=dataset,
        observation=observation,
        direction=direction_of(one.before, one.after),
        score=one.score,
        confidence=confidence(one.score),
        before=one.before,
        after=one.after,
        values=one.values,
        closes=one.closes,
    )
