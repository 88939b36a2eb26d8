"""The gateway's stores, each as the fake of the unit tests and as the real adapter: both keep the same promises."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from api.ports import Accounts, IdempotencyKeys, Jobs, JobVersions, RunHistory
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.idempotency import IdempotencyKeys as PostgresKeys
from infra.postgres.job_versions import PostgresVersions
from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.run_history import PostgresHistory
from infra.sealing import Seal
from tests.unit.api.accounts_fakes import FakeAccounts
from tests.unit.api.jobs_fakes import FakeHistory, FakeIdempotencyKeys, FakeJobs, FakeVersions

LEASE_S = 600.0
"""Longer than any test takes: a lease ends when a test says so."""


@dataclass
class Stores:
    """The stores of one kind, and what the audit log holds of a request."""

    accounts: Accounts
    jobs: Jobs
    versions: JobVersions
    history: RunHistory
    idempotency: IdempotencyKeys
    database: Database | None

    async def audited(self, request_id: str) -> list[str]:
        """The actions that were audited for a request, in their order."""
        if self.database is None:
            acts = [*self.accounts.acts, *self.jobs.acts]  # type: ignore[attr-defined]
            return [act.action for act in acts if act.request_id == request_id]
        rows = await self.database.fetch("select action from audit where request_id = %s order by id", (request_id,))
        return [row["action"] for row in rows]


@pytest.fixture(params=["fake", "real"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """One kind of store after the other. Tests share the real one, so each uses names of its own."""
    if request.param == "fake":
        jobs, keys = FakeJobs(), FakeIdempotencyKeys()
        jobs.claims = keys.claims
        yield Stores(FakeAccounts(), jobs, FakeVersions(jobs), FakeHistory(jobs), keys, None)
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=24) as database:
        yield Stores(
            PostgresAccounts(database),
            PostgresJobs(database),
            PostgresVersions(database),
            PostgresHistory(database),
            PostgresKeys(database, Seal(secrets.token_urlsafe(32)), lease=LEASE_S),
            database,
        )
