"""/run?id=…: one run, from its accounts to its last record. Without an id: the runs to choose from."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from bokeh.document import Document

from dashboards.charts.pace import PaceChart, life_span
from dashboards.feed.feed import Feed
from dashboards.feed.tally import LatestRecord
from dashboards.fragments import Fragments, Panel
from dashboards.look.palette import CLASS_COLOURS, SAND, WATER
from dashboards.page import Component, Page
from dashboards.pages.accounts import accounts
from dashboards.pages.pulse import pulse
from dashboards.pages.rows import progress, run_row
from dashboards.pages.run_story import RunStory
from dashboards.surroundings import Surroundings, argument, visit_of
from schemas.events import PageOutcome
from schemas.ledger import ENDED_STATES
from schemas.moments import epoch
from schemas.outcomes import OUTCOMES

_RUNS_SHOWN = 60
_HOSTS_SHOWN = 6
_FIELDS_SHOWN = 5

Facts = Callable[[float], Mapping[str, Any]]


def run(doc: Document, surroundings: Surroundings) -> None:
    """Fills the document."""
    run_id = _uuid(argument(doc, "id"))
    if run_id:
        _one(doc, surroundings, run_id)
    else:
        _choice(doc, surroundings)


def _choice(doc: Document, surroundings: Surroundings) -> None:
    feed, visit = surroundings.feed, visit_of(doc)
    page = Page(doc, feed, Fragments(), visit)
    template = surroundings.templates.get_template("fragments/runs.html.jinja")
    runs = Panel("runs", page.fragments, template, lambda now: {"runs": _rows(feed)})
    doc.title = "Runs · Trawl"
    page.show([pulse(surroundings, page.fragments), runs], template="runs.html.jinja",
              templates=surroundings.templates, now=surroundings.clock(), visit=visit, page="run")  # fmt: skip


def _rows(feed: Feed) -> list[dict[str, Any]]:
    return [run_row(event) for event in feed.runs.recent(_RUNS_SHOWN)]


def _one(doc: Document, surroundings: Surroundings, run_id: str) -> None:
    visit = visit_of(doc)
    page = Page(doc, surroundings.feed, Fragments(), visit)
    story = RunStory(run_id, surroundings)
    components: list[Component] = [pulse(surroundings, page.fragments), *_pace_charts(story)]
    facts: dict[str, Facts] = {
        "run-head": lambda now: _head(story, now),
        "accounts": lambda now: _accounts(story),
        "outcomes": lambda now: _outcomes(story, now),
        "hosts": lambda now: _hosts(story, now),
        "pages": lambda now: {"pages": [_page(outcome) for outcome in reversed(story.tally(now).pages)]},
        "records": lambda now: {"records": [_record(record) for record in reversed(story.tally(now).records)]},
    }
    for slot, gather in facts.items():
        template = surroundings.templates.get_template(f"fragments/{slot}.html.jinja")
        components.append(Panel(slot, page.fragments, template, gather))
    doc.title = "Run · Trawl"
    page.show(components, template="run.html.jinja", templates=surroundings.templates, now=surroundings.clock(),
              visit=visit, page="run")  # fmt: skip
    end = surroundings.in_background(story.follow(), f"run {run_id}")
    doc.on_session_destroyed(lambda context: end())


def _pace_charts(story: RunStory) -> list[Component]:
    """Pages over records, one stretch of time for both."""
    span = life_span()
    return [
        PaceChart("pace_pages", story.pace, "pages", colour=SAND, span=span),
        PaceChart("pace_records", story.pace, "records", colour=WATER, span=span),
    ]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _head(story: RunStory, now: float) -> dict[str, Any]:
    event, told = story.event, story.particulars
    if event is None:
        return {"event": None, "looked": story.looked, "id": story.run_id}
    over = event.state in ENDED_STATES
    started = epoch(told.started_at or told.created_at) if told else None
    ended = (epoch(told.finished_at) if told and told.finished_at else None) or epoch(event.at)
    seconds = ended - started if over and started and ended else None
    pace = story.tally(now).pace
    pages, records = (0.0, 0.0) if over else pace.recent(now)
    if over and seconds:
        pages, records = (sum(row[i] for row in pace) / max(seconds, 1.0) for i in (1, 2))
    return {
        "event": event,
        "id": story.run_id,
        "over": over,
        "name": told.name if told else event.dataset,
        "urls": tuple(told.urls[:2]) if told else (),
        "more_urls": max(0, len(told.urls) - 2) if told else 0,
        "owner": told.owner if told else "",
        "created_at": told.created_at if told else "",
        "started_at": (told.started_at or told.created_at) if told else "",
        "seconds": seconds,
        "pages": round(pages, 2),
        "records": round(records, 2),
        "shares": progress(event.counts),
        "done": event.counts.fetched + event.counts.failed + event.counts.filtered,
    }


def _accounts(story: RunStory) -> dict[str, Any]:
    return {"accounts": accounts(story.event.counts) if story.event else ()}


def _outcomes(story: RunStory, now: float) -> dict[str, Any]:
    tally = story.tally(now)
    most = max(tally.outcomes.values(), default=1)
    rows = sorted(tally.outcomes.items(), key=lambda entry: (-entry[1], entry[0]))
    filtered = sum(pages for (klass, _), pages in tally.outcomes.items() if klass == "filtered")
    return {
        "retries": tally.retries,
        "left_out": max(0, story.event.counts.filtered - filtered) if story.event else 0,
        "rows": [
            {
                "outcome": outcome.replace("_", " "),
                "sentence": OUTCOMES[outcome].sentence if outcome in OUTCOMES else "",
                "klass": klass if klass in CLASS_COLOURS else "other",
                "pages": pages,
                "share": round(100.0 * pages / most, 1),
            }
            for (klass, outcome), pages in rows
        ],
    }


def _hosts(story: RunStory, now: float) -> dict[str, Any]:
    slowest = story.tally(now).slowest(_HOSTS_SHOWN)
    most = max((pace.mean_ms for _, pace in slowest), default=1.0)
    return {
        "hosts": [
            (host, pace.visits, pace.mean_ms, pace.worst_ms, round(100.0 * pace.mean_ms / (most or 1.0), 1))
            for host, pace in slowest
        ]
    }


def _page(outcome: PageOutcome) -> dict[str, Any]:
    return {
        "url": outcome.url,
        "klass": outcome.klass if outcome.final else "retry",
        "outcome": outcome.outcome.replace("_", " "),
        "final": outcome.final,
        "status": outcome.status,
        "ms": outcome.elapsed_ms,
        "records": outcome.records,
        "at": outcome.fetched_at,
        "reason": outcome.reason,
    }


def _record(record: LatestRecord) -> dict[str, Any]:
    fields = [(name, value) for name, value in record.data.items() if value not in (None, "", [], record.key)]
    fields.sort(key=lambda entry: str(entry[1]).startswith(("http://", "https://")))
    return {
        "dataset": record.dataset,
        "key": record.key,
        "url": record.url,
        "fields": [
            (name, value, isinstance(value, int | float) and not isinstance(value, bool))
            for name, value in fields[:_FIELDS_SHOWN]
        ],
        "more": max(0, len(fields) - _FIELDS_SHOWN),
    }
