"""The sign on every page that says whether it shows what happens now."""

from typing import Any

from dashboards.feed.feed import Feed
from dashboards.feed.moments import rfc3339
from dashboards.fragments import Fragments, Panel
from dashboards.surroundings import Surroundings


def pulse(surroundings: Surroundings, fragments: Fragments) -> Panel:
    """Changes once a second, so that the browser sees a server that no longer answers."""
    template = surroundings.templates.get_template("fragments/pulse.html.jinja")
    return Panel("pulse", fragments, template, lambda now: _facts(surroundings.feed, now))


def _facts(feed: Feed, now: float) -> dict[str, Any]:
    return {
        "live": feed.live(now),
        "heard": rfc3339(feed.heard_at)[:19] + "Z" if feed.heard_at and not feed.live(now) else "",
        "now": rfc3339(now)[:19] + "Z",
    }
