"""What a job's description names of its owner's: stored credentials, webhooks."""

from typing import Protocol

from schemas.job import JobDescription


class _Known(Protocol):
    async def check(self, owner: str, description: JobDescription) -> None: ...


class References:
    """One check for everything that a description can name. `needed` is what no run can do without; what is `told`
    may go while the job stays."""

    def __init__(self, needed: _Known, told: _Known) -> None:
        self._needed = needed
        self._told = told

    async def check(self, owner: str, description: JobDescription) -> None:
        """ApiError 422 for what is named and is none of the owner's."""
        await self._needed.check(owner, description)
        await self._told.check(owner, description)

    async def check_to_run(self, owner: str, description: JobDescription) -> None:
        """The same for a job that was accepted once: a webhook that was removed since keeps no run from starting."""
        await self._needed.check(owner, description)
