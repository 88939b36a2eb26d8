"""What the scheduler needs: schedules whose time has come."""

from typing import Protocol

from schemas.schedules import Firing


class DueSchedules(Protocol):
    """Each method is one transaction in which a run is opened and its firing told, or nothing happens."""

    async def step(self) -> list[Firing]:
        """Handles the schedule that has waited longest; nothing where none is due, or another holds it."""
        ...

    async def start_waiting(self) -> list[Firing]:
        """Starts one firing that waited for the end of a run; nothing where none can begin."""
        ...
