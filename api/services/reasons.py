"""Why a URL is where it is, in a sentence for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.hosts import UrlError
from schemas.job import JobDescription
from schemas.ledger import Run, UrlFate
from schemas.outcomes import OUTCOMES
from schemas.scope import Scope, ScopeError
from schemas.urls import canonical

VERDICT_SECONDS = 0.2
"""What one answer may spend on patterns: a person waits for it, and others for the gateway."""

_RULES = {
    "too_deep": "It is further from a seed than max_depth allows.",
    "scope host": "It is on another host than the seeds (scope: host).",
    "scope domain": "It is on another domain than the seeds (scope: domain).",
    "allow": "None of the allow patterns is found in it.",
}


def rule_sentence(reason: str) -> str:
    """The rule that left a URL out, as the scope names it."""
    if reason.startswith("deny: "):
        return f"The deny pattern {reason.removeprefix('deny: ')} is found in it."
    if reason.startswith("trap: "):
        return f"It looks like an address without an end: {reason.removeprefix('trap: ')}."
    return _RULES.get(reason, "")


def sentence_of(fate: UrlFate, redirects: Sequence[UrlFate], waits: Sequence[str], run: Run) -> str:
    """The answer in one sentence or two."""
    if fate.state != "done":
        began = "It is being visited." if fate.state == "issued" else "It waits for its visit."
        return " ".join([began, *waits[:1]])
    outcome = OUTCOMES.get(fate.outcome or "")
    said = outcome.sentence if outcome else f"It ended as {fate.outcome}."
    if fate.outcome == "out_of_scope":
        return rule_sentence(fate.reason) or said
    if fate.outcome == "cancelled" and fate.reason == "stopped":
        return "The run was stopped before the visit."
    if fate.outcome == "budget":
        return f"{said} max_pages is {run.max_pages}."
    if fate.outcome == "redirected" and redirects:
        last = redirects[-1]
        return f"It redirects to {last.url}, which ended as {last.outcome or last.state}."
    details = f" Status {fate.status}." if fate.status and fate.outcome == "http_error" else ""
    return f"{said}{details} {fate.reason}".strip() if fate.klass != "fetched" else said


def why_unknown(description: Mapping[str, Any], run: Run, url: str) -> str:
    """Of a URL that the run has not met: the rule that would leave it out, or that nothing links to it. Slow where the
    job's patterns are: it is asked in a thread, and gives up after VERDICT_SECONDS."""
    job = JobDescription.model_validate(description)
    options = job.options
    try:
        seeds = [canonical(source) for source in job.sources]
        scope = Scope(
            seeds,
            follow=options.depth_limit > 0,
            scope=options.scope,
            include_subdomains=options.include_subdomains,
            allow=options.allow,
            deny=options.deny,
            max_depth=options.depth_limit,
        )
    except (UrlError, ScopeError) as problem:
        return f"The run has not met it, and its rules cannot be read: {problem}"
    if not options.depth_limit and not (job.sitemaps or job.feeds):
        return "The run has not met it: links are not followed (max_depth is 0), and it is not one of the urls."
    try:
        reason = scope.verdict(url, 1 if options.depth_limit else 0, seconds=VERDICT_SECONDS)
    except ScopeError as problem:
        return f"The run has not met it, and whether its rules leave it out cannot be said: {problem}"
    if reason is not None:
        return f"The run has not met it, and would leave it out. {rule_sentence(reason)}".strip()
    ended = "" if not run.open else " so far"
    return f"The run has not met it{ended}: no page that was read links to it. It is not left out by any rule."
