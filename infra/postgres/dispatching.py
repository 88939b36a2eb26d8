"""The frontier as dispatch sees it: reserving and the states of runs, in dispatch's own shapes."""

from collections.abc import Callable

from infra.postgres.pool import Database
from infra.postgres.reserving import R, Reserving, S
from infra.postgres.run_states import O, RunStates


class DispatchFrontier(Reserving[R, S], RunStates[O]):
    """Both sides over one pool."""

    def __init__(
        self,
        database: Database,
        issued: Callable[..., R],
        said: Callable[..., S],
        open_run: Callable[..., O],
        pages_a_day: int | None = None,
    ) -> None:
        """`pages_a_day` is what an account may visit that was given nothing else; None is no limit."""
        Reserving.__init__(self, database, issued, said, pages_a_day)
        RunStates.__init__(self, database, open_run)
