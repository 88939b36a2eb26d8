"""The cookies of runs in PostgreSQL. Their values are sealed: a session is worth the password that opened it."""

from collections.abc import Sequence
from typing import Any

import structlog

from infra.errors import StoreRefused
from infra.postgres.pool import Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.cookies import Cookie, KeptCookie

log = structlog.get_logger()
_PLAIN = ("name", "domain", "path", "host_only", "secure", "http_only", "created", "expires")


class RunCookies:
    """The fetchers' cookie store. Outages are the caller's to wait out: it has a lease to think of."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._sql = queries("cookies")

    async def load(self, run_id: str, site: str) -> list[Cookie]:
        """A site's cookies in a run; without those that do not open, as if the site had not set them."""
        rows = await self._database.fetch(self._sql["load"], {"run": run_id, "site": site})
        return [cookie for row in rows if (cookie := self._opened(row)) is not None]

    async def save(self, kept: Sequence[KeptCookie]) -> None:
        """Writes new and changed ones; each cookie of a run at most once in a call."""
        values = {name: [getattr(one.cookie, name) for one in kept] for name in _PLAIN}
        key_id = self._seal.key_id  # asked before they are sealed: a new key may be taken up in between
        ids = [one.id for one in kept]
        values |= {
            "run": [one.run_id for one in kept],
            "site": [one.site for one in kept],
            "id": ids,
            "sealed": [
                self._seal.seal(one.cookie.value.encode(), _context(id)) for id, one in zip(ids, kept, strict=True)
            ],
            "key_id": [key_id] * len(kept),
        }
        await self._database.fetch(self._sql["save"], values)

    async def sweep(self) -> None:
        """Forgets what no run needs any more."""
        await self._database.fetch(self._sql["sweep"])

    def _opened(self, row: dict[str, Any]) -> Cookie | None:
        try:
            value = self._seal.open(bytes(row["sealed"]), _context(str(row["id"])), row["key_id"])
        except StoreRefused as problem:
            log.warning("cookie_unreadable", id=str(row["id"]), error=str(problem))
            return None
        return Cookie(value=value.decode(), **{name: row[name] for name in _PLAIN})


def _context(cookie_id: str) -> str:
    return f"run cookie {cookie_id}"
