"""The frontier as dispatch sees it: reserving and the states of runs."""

from infra.postgres.pool import Database
from infra.postgres.reserving import Reserving
from infra.postgres.run_states import RunStates


class DispatchFrontier(Reserving, RunStates):
    """Both sides over one pool."""

    def __init__(self, database: Database, pages_a_day: int | None = None) -> None:
        """`pages_a_day` is what an account may visit that was given nothing else; None is no limit."""
        Reserving.__init__(self, database, pages_a_day)
        RunStates.__init__(self, database)
