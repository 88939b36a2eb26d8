"""Stored credentials of sites: looked up when a visit needs them, remembered for a moment, sent to their own host."""

import time
from collections import OrderedDict
from collections.abc import Callable

from producers.fetch.ports import CredentialStore
from schemas.credentials import OpenCredential
from schemas.events import FetchTask

FRESH_S = 60.0
"""Seconds after which a credential that was removed or replaced is no longer sent at the latest."""

_REMEMBERED = 500


class Credentials:
    """One for a fetcher; bounded."""

    def __init__(self, store: CredentialStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, OpenCredential | None]] = OrderedDict()

    async def header(self, task: FetchTask) -> tuple[str, str] | None:
        """The header that a visit carries; None where the task has no credentials, they are gone, or they are for
        another host (a redirect may have led there) or for TLS alone. Raises what the store raises: a page that was
        asked for without them would be another page."""
        named = task.visit.credentials
        if not named:
            return None
        key, now = (task.run_id, named), self._clock()
        read_at, found = self._known.get(key, (-FRESH_S, None))
        if now - read_at >= FRESH_S:
            found = await self._store.open(*key)
            self._known[key] = now, found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if found is None or not found.goes_to(task.url, task.host):
            return None
        return found.header, found.value
