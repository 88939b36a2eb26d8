"""The sign on every page that says whether it shows what happens now."""

from typing import Any

from dashboards.feed.feed import Feed
from dashboards.fragments import Fragments, Panel
from dashboards.surroundings import Surroundings
from schemas.moments import of_epoch


def pulse(surroundings: Surroundings, fragments: Fragments) -> Panel:
    """Changes once a second, so that the browser sees a server that no longer answers."""
    template = surroundings.templates.get_template("fragments/pulse.html.jinja")
    return Panel("pulse", fragments, template, lambda now: _facts(surroundings.feed, now))


def _facts(feed: Feed, now: float) -> dict[str, Any]:
    return {
        "live": feed.live(now),
        "heard": of_epoch(feed.heard_at)[:19] + "Z" if feed.heard_at and not feed.live(now) else "",
        "now": of_epoch(now)[:19] + "Z",
    }
