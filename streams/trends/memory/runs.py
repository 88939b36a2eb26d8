"""Which run of a job is which, by the records that come of it: a run is over when a later one has begun."""

import msgspec

_REMEMBERED = 16


class Runs(msgspec.Struct):
    """Of one job in one dataset: its number among the partition's owners, the runs that were seen (newest last), and
    whether what is gone since the last run but one is still being told."""

    owner: int
    count: int = 0
    newest: list[str] = []
    seen: dict[int, int] = {}
    """Run number → keys that it saw."""

    sweeping: bool = False

    def number_of(self, run_id: str) -> int:
        """Of this run, from 1; a run that was not seen before is the newest, and begins."""
        if run_id in self.newest:
            return self._number(run_id)
        self.count += 1
        self.newest = [*self.newest, run_id][-_REMEMBERED:]
        self.seen = {number: keys for number, keys in self.seen.items() if number > self.count - _REMEMBERED}
        self.sweeping = self.count > 2
        return self.count

    def swept(self, whole_run: str | None) -> int:
        """The number of the run whose unseen keys are gone: of the one that is said to be whole, 0 where there is none,
        and where nobody says so of the last but the newest."""
        if whole_run is None:
            return self.count - 1
        return self._number(whole_run) if whole_run in self.newest else 0

    def _number(self, run_id: str) -> int:
        return self.count - len(self.newest) + 1 + self.newest.index(run_id)
