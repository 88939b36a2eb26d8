"""A URL's story in a terminal."""

from cli.commands.why import told

STEP = {"url": "http://x/", "depth": 0, "found_at": "2026-01-05T10:30:00Z", "outcome": "redirected", "status": 301}


def test_a_story_is_told_in_lines_that_a_page_cannot_colour() -> None:
    visit = {"attempt": 1, "at": "2026-01-05T10:30:01Z", "outcome": "timeout", "status": None, "reason": "[red]slow",
             "elapsed_ms": 30.4, "address": "192.0.2.1", "final": True}  # fmt: skip
    story = {"url": "x", "canonical": "http://x/[b]", "trace_id": "t" * 32, "known": True, "sentence": "Too slow.",
             "found_on": [STEP], "redirects": [STEP], "attempts": [visit], "waits_for": ["Its turn."]}  # fmt: skip
    url = {"outcome": None, "state": "queued", "depth": 2, "found_at": "2026-01-05T10:30:00Z"}
    lines = list(told({"urls": [url], "story": story}))
    assert lines[0] == "[bold]Too slow.[/]" and lines[1].endswith(r"http://x/\[b]")
    assert lines[2] == "state      queued, 2 links from a seed, found 2026-01-05T10:30:00Z"
    assert lines[3] == "found on   http://x/" and lines[4] == "redirects  http://x/ 301 redirected"
    assert lines[5] == r"visit 1    2026-01-05T10:30:01Z 30 ms 192.0.2.1 timeout \[red]slow"
    assert lines[6:] == ["waits for  Its turn.", f"trace      {'t' * 32}"]


def test_what_was_never_met_is_a_sentence_an_address_and_a_trace() -> None:
    story = {"canonical": "http://x/", "trace_id": "t", "sentence": "Never.", "found_on": [], "redirects": [],
             "attempts": [], "waits_for": []}  # fmt: skip
    assert list(told({"urls": [], "story": story})) == ["[bold]Never.[/]", "address    http://x/", "trace      t"]
