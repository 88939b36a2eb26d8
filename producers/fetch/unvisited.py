"""Answers to tasks for which nobody need be asked, or may be asked now. Pure."""

from msgspec.structs import replace

from producers.fetch.answers import refusal_of
from producers.politeness.breaker import Health
from schemas.events import FetchResult, FetchTask


def seen_lately(task: FetchTask, fetched_at: str) -> FetchResult:
    """The job does not want the page again so soon: as if the host had said that it has not changed."""
    answer = refusal_of(task, "", task.visit.rested, fetched_at)
    return replace(answer, status=304, failure=None)


def given_up(task: FetchTask, health: Health, fetched_at: str) -> FetchResult:
    """The run has waited for this host for as long as it wants to."""
    kind, status = _kind_of(health.failure)
    reason = f"The host has failed {health.failures} times in a row, for longer than the job waits for a host."
    return replace(refusal_of(task, kind, reason, fetched_at), status=status, given_up=True)


def waits_elsewhere(task: FetchTask, failure: str, rest: float, fetched_at: str) -> FetchResult:
    """It would wait here for so long that it crowds others out: it waits in the frontier, and no try is counted."""
    kind, status = _kind_of(failure or "timeout")
    reason = f"It is not the page's turn yet: its host is visited slowly or rests, for {rest:.0f} s at least."
    return replace(refusal_of(task, kind, reason, fetched_at), status=status, resting=True, retry_after=rest)


def rested(answer: FetchResult, rest: float) -> FetchResult:
    """A failing visit to a host that is being left alone: its page waits, and the try is not counted."""
    said = answer.reason or f"The host answered with status {answer.status}."
    return replace(answer, resting=True, retry_after=rest, reason=f"{said} The host is left alone for {rest:.0f} s.")


def last_try(answer: FetchResult, health: Health) -> FetchResult:
    """A failing visit at the end of the run's patience."""
    said = answer.reason or f"The host answered with status {answer.status}."
    return replace(answer, given_up=True, reason=f"{said} It has failed {health.failures} times in a row.")


def _kind_of(failure: str) -> tuple[str, int | None]:
    return ("http_error", int(failure)) if failure.isdecimal() else (failure, None)
