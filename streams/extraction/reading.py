"""A run's pinned rules, compiled once and remembered for as long as its pages come."""

from collections import OrderedDict
from dataclasses import dataclass

from schemas.events import CleanRules
from schemas.job import Freshness
from schemas.pinned import PinnedRun
from schemas.retry import RetryPolicy
from schemas.scope import Scope
from schemas.spelling import Spelling
from schemas.urls import canonical
from streams.extraction.batches import clean_rules, has_rules
from streams.extraction.ports import TaskLedger
from streams.extraction.rules import Rules
from streams.extraction.weight import Load, load_of

_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Reader:
    """How the pages of one run are read. `rules` is None where each page gives its page record."""

    run: PinnedRun
    rules: Rules | None
    clean: CleanRules
    scope: Scope
    retries: RetryPolicy
    follows: bool
    spelling: Spelling
    freshness: Freshness | None
    load: Load

    @property
    def tells_of_empty_pages(self) -> bool:
        """Whether a page on which the job's rules select nothing goes the way of records: trends watches whether the
        pages of a site still give any."""
        return self.rules is not None and self.run.description.trends.enabled

    @classmethod
    def of(cls, run: PinnedRun) -> "Reader":
        """Compiles the job's rules; they were checked when the job was made."""
        job, options = run.description, run.description.options
        depth = options.depth_limit
        scope = Scope(
            [canonical(url) for url in job.sources],
            follow=depth > 0,
            scope=options.scope,
            include_subdomains=options.include_subdomains,
            allow=options.allow,
            deny=options.deny,
            max_depth=depth,
            chains=options.max_depth is None,
        )
        rules = Rules(job.extract) if has_rules(job) else None
        retries = RetryPolicy(
            max_tries=options.max_retries + 1,
            base=options.retry_delay,
            cap=options.retry_max_delay,
            max_tries_of={name: count + 1 for name, count in options.retries.items()},
        )
        spelling = Spelling(options.strip_query, options.keep_query)
        load = load_of(job.extract)
        return cls(
            run, rules, clean_rules(job, run.whole_run), scope, retries, depth > 0, spelling, options.freshness, load
        )

    @classmethod
    def without_rules(cls, run: PinnedRun) -> "Reader":
        """What a task needs to be given up: nothing that the user wrote."""
        return cls(run, None, CleanRules(), Scope([]), RetryPolicy(), False, Spelling(), None, Load())


class Readers:
    """The readers of the runs that are going on; bounded, the least recently used is forgotten."""

    def __init__(self, ledger: TaskLedger) -> None:
        self._ledger = ledger
        self._known: OrderedDict[str, Reader] = OrderedDict()

    async def of(self, run_id: str) -> Reader | None:
        """The run's reader; None for a run that does not exist (any more)."""
        known = self._known.get(run_id)
        if known is None:
            run = await self._ledger.run(run_id)
            if run is None:
                return None
            known = self._known[run_id] = Reader.of(run)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(run_id)
        return known
