"""A job's own rules: above, below, a change of so many percent, so many values in a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from schemas.events import CleanBatch, Mark, RecordMarks, TrendRule
from streams.trends.events import direction_of, identity
from streams.trends.observations import Finding, Observation
from streams.trends.sentence import amount

MOST_WATCHED = 20_000
"""Values under rules of one dataset; beyond them the one seen least recently is forgotten."""


class Watched(msgspec.Struct):
    """One series under one rule: its last value, how many in a row the rule held for, the id of what was told of it."""

    last: float | None = None
    in_a_row: int = 0
    told: str = ""
    values: list[float] = []


class Rules(msgspec.Struct):
    """What rules remember of a dataset, by rule and record key, the one seen least recently first."""

    watched: dict[str, Watched] = {}

    def take(self, dataset: str, rules: Sequence[TrendRule], observations: Sequence[Observation]) -> list[Finding]:
        """What is to be told of these values, in their order."""
        by_field: dict[str, list[TrendRule]] = {}
        for rule in rules:
            by_field.setdefault(rule.field, []).append(rule)
        found = []
        for one in observations:
            for rule in by_field.get(one.field, ()):
                finding = self._judge(dataset, rule, one)
                if finding:
                    found.append(finding)
        return found

    def _judge(self, dataset: str, rule: TrendRule, one: Observation) -> Finding | None:
        name = f"{rule.when} {rule.field} {rule.than!r} {rule.times} {one.record_key}"
        watched = self.watched.pop(name, None) or Watched()
        self.watched[name] = watched
        if len(self.watched) > MOST_WATCHED:
            del self.watched[next(iter(self.watched))]
        last, watched.last = watched.last, one.value
        watched.values = [*watched.values[-19:], one.value]
        holds = _holds(rule, last, one.value)
        watched.in_a_row = watched.in_a_row + 1 if holds else 0
        lasting = rule.when != "change"
        if holds and watched.in_a_row >= rule.times and not watched.told:
            before = rule.than if lasting else last or 0.0
            found = _finding(dataset, rule, one, before, watched)
            if lasting:
                watched.told = identity(found)
            else:
                watched.in_a_row = 0
            return found
        if not holds and watched.told:
            found = replace(_finding(dataset, rule, one, last or 0.0, watched), closes=watched.told)
            watched.told = ""
            return replace(found, words=f"is no longer so: {said(rule)}, now {amount(one.value, one.kind)}")
        return None


def _holds(rule: TrendRule, last: float | None, value: float) -> bool:
    if rule.when == "above":
        return value > rule.than
    if rule.when == "below":
        return value < rule.than
    return last is not None and last != 0 and abs(value - last) >= rule.than * abs(last)


def said(rule: TrendRule) -> str:
    """The rule in words."""
    values = f", {rule.times} values in a row" if rule.times > 1 else ""
    if rule.when == "change":
        return f"{rule.field} changes by {rule.than * 100:g} % or more{values}"
    return f"{rule.field} {rule.when} {rule.than:g}{values}"


def _finding(dataset: str, rule: TrendRule, one: Observation, before: float, watched: Watched) -> Finding:
    words: Mapping[str, str] = {
        "above": f"is above {amount(rule.than, one.kind)}: {amount(one.value, one.kind)}",
        "below": f"is below {amount(rule.than, one.kind)}: {amount(one.value, one.kind)}",
        "change": f"changed from {amount(before, one.kind)} to {amount(one.value, one.kind)}",
    }
    return Finding(
        detector="rule",
        kind="spike" if rule.when == "change" else "shift",
        dataset=dataset,
        observation=one,
        direction=direction_of(before, one.value),
        score=8.0,
        confidence=1.0,
        before=before,
        after=one.value,
        values=tuple(watched.values),
        rule=said(rule),
        words=words[rule.when],
    )


def by_marks(clean: CleanBatch, at: float, rules: Sequence[TrendRule], marks: RecordMarks | None) -> Iterator[Finding]:
    """What rules about keys that are new or gone say of a message's marks."""
    for rule in rules:
        if marks is None or rule.when not in ("new", "gone"):
            continue
        for mark in marks.marks:
            if mark.state == rule.when:
                yield _about_key(clean, at, rule, mark)


def _about_key(clean: CleanBatch, at: float, rule: TrendRule, mark: Mark) -> Finding:
    gone = rule.when == "gone"
    return Finding(
        detector="rule",
        kind="shift",
        dataset=clean.dataset,
        observation=Observation(mark.key, "", "number", 0.0 if gone else 1.0, at, mark.record_id, clean.url),
        direction="down" if gone else "up",
        score=8.0,
        confidence=1.0,
        before=1.0 if gone else 0.0,
        after=0.0 if gone else 1.0,
        rule=rule.when,
        words="is gone: a whole run did not see it, told" if gone else "is new, first seen",
    )
