"""The cookies of all runs that this fetcher visits for, kept in PostgreSQL so that they survive it.

A site's cookies are read when the site is first visited, or visited again after a pause in which another fetcher may
have had it; what changes is written about once a second.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from producers.fetch.cookies import Jar, Place
from producers.fetch.ports import CookieStore
from schemas.cookies import Cookie, KeptCookie
from schemas.events import FetchTask
from schemas.hosts import registered_domain

log = structlog.get_logger()

WRITE_EVERY_S = 1.0
FRESH_S = 10.0
"""Longer than a host may change hands in (the lease's length, and a margin)."""

MAX_JARS = 1000
MAX_PER_RUN = 3000
_AT_ONCE = 2000


class Jars:
    """One for a fetcher; bounded. `run` writes until it is cancelled, `flush` writes what is left."""

    def __init__(self, store: CookieStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._jars: OrderedDict[tuple[str, str], Jar] = OrderedDict()
        self._seen: dict[tuple[str, str], float] = {}
        self._loading: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._counts: dict[str, int] = {}
        self._unwritten: dict[tuple[str, str, str], Cookie] = {}

    async def header(self, task: FetchTask) -> str:
        """The Cookie header of a visit, or nothing: what the run has been given, then what its job asks to send."""
        visit = task.visit
        if not visit.keep_cookies:
            return "; ".join(f"{name}={value}" for name, value in visit.cookies.items())
        key = (task.run_id, registered_domain(task.host))
        jar = await self._fresh(key)
        pairs = jar.header(Place.of(task.url), self._clock()) if jar else []
        given = {name for name, _ in pairs}
        pairs += [(name, value) for name, value in visit.cookies.items() if name not in given]
        return "; ".join(f"{name}={value}" if name else value for name, value in pairs)

    def receive(self, task: FetchTask, headers: Sequence[tuple[str, str]]) -> None:
        """Takes what a response sets, if the run keeps cookies."""
        if not task.visit.keep_cookies:
            return
        said = [value for name, value in headers if len(name) == 10 and name.lower() == "set-cookie"]
        if not said:
            return
        key = (task.run_id, registered_domain(task.host))
        jar, place, now = self._jars.setdefault(key, Jar()), Place.of(task.url), self._clock()
        before = len(jar)
        for value in said:
            for cookie in jar.receive(value, place, now):
                self._unwritten[(*key, cookie.id)] = cookie
        self._counts[task.run_id] = self._counts.get(task.run_id, 0) + len(jar) - before
        self._bound(task.run_id, key)

    async def run(self) -> None:
        """Writes about once a second."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            with contextlib.suppress(Exception):  # it was logged, and is tried again
                await self.flush()

    async def flush(self) -> None:
        """Writes what has changed. Raises what the store raises; nothing is lost then."""
        while self._unwritten:
            some = dict(list(self._unwritten.items())[:_AT_ONCE])
            kept = [KeptCookie(run_id=run, site=site, cookie=cookie) for (run, site, _), cookie in some.items()]
            try:
                await self._store.save(kept)
            except Exception as problem:
                log.warning("cookies_not_written", count=len(self._unwritten), error=str(problem))
                raise
            for key, cookie in some.items():
                if self._unwritten.get(key) is cookie:
                    del self._unwritten[key]

    async def _fresh(self, key: tuple[str, str]) -> Jar | None:
        """The site's jar as of the last FRESH_S; None where there is no cookie."""
        now, seen = self._clock(), self._seen.get(key, 0.0)
        self._seen[key] = now
        if now - seen > FRESH_S:
            loading = self._loading.get(key)
            if loading is None:
                loading = self._loading[key] = asyncio.create_task(self._load(key))
                loading.add_done_callback(lambda _: self._loading.pop(key, None))
            # Shielded: other visits wait for the same cookies when one of them is broken off.
            await asyncio.shield(loading)
        elif key in self._loading:
            await asyncio.shield(self._loading[key])
        jar = self._jars.get(key)
        if jar is not None:
            self._jars.move_to_end(key)
        return jar

    async def _load(self, key: tuple[str, str]) -> None:
        run_id, site = key
        try:
            kept = await self._store.load(run_id, site)
        except Exception as problem:
            self._seen[key] = 0.0
            log.warning("cookies_not_read", run_id=run_id, site=site, error=str(problem))
            return
        mine = [cookie for (run, of, _), cookie in self._unwritten.items() if (run, of) == key]
        gone = {cookie.id for cookie in mine if cookie.expired(self._clock())}
        jar = Jar([cookie for cookie in mine if cookie.id not in gone])
        jar.merge(cookie for cookie in kept if cookie.id not in gone)
        before = len(self._jars.pop(key, ()))
        if len(jar):
            self._jars[key] = jar
        self._counts[run_id] = self._counts.get(run_id, 0) + len(jar) - before
        self._bound(run_id, key)

    def _bound(self, run_id: str, newest: tuple[str, str]) -> None:
        """A run beyond its cookies loses those of the site that it has not visited for longest; a fetcher beyond its
        jars puts one away, to be read again."""
        now = self._clock()
        while self._counts.get(run_id, 0) > MAX_PER_RUN:
            key = next((key for key in self._jars if key[0] == run_id and key != newest), None)
            if key is None:
                break
            gone = self._jars.pop(key).clear(now)
            self._unwritten |= {(*key, cookie.id): cookie for cookie in gone}
            self._counts[run_id] -= len(gone)
        while len(self._jars) > MAX_JARS:
            key, jar = self._jars.popitem(last=False)
            self._counts[key[0]] -= len(jar)
            self._seen.pop(key, None)
        if not self._counts.get(run_id, 1):
            self._counts.pop(run_id, None)
        if len(self._seen) > 20 * MAX_JARS:
            self._seen = {key: seen for key, seen in self._seen.items() if now - seen <= FRESH_S}
