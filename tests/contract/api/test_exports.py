"""What every store of exports promises of asking: which files are the same one, and why there is none."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.ports.exports import Exports
from schemas.exports import Export, ExportAsked
from schemas.ledger import Opening
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, end, opening
from tests.integration.exports.keeping import exports_of
from tests.unit.api.exports_fakes import FakeExports
from tests.unit.api.fakes import FakeJobs

DAY = datetime(2026, 1, 5, tzinfo=UTC)
PASSWORD = "a horse, 4 batteries & a staple"


@pytest.fixture
def exports(stores: Stores) -> Exports:
    if stores.database is not None:
        return exports_of(stores.database)
    assert isinstance(stores.jobs, FakeJobs)
    return FakeExports(stores.jobs)


@pytest.fixture
async def over(stores: Stores) -> Opening:
    """A job of an owner of its own, whose run is over."""
    found = opening(owner=f"owner {uuid4()}", dataset=f"d-{uuid4()}")
    await stores.jobs.create(found, act())
    await end(stores, found.run_id)
    return found


async def asked(exports: Exports, job: Opening, most: int = 99, **what: Any) -> Any:
    wanted = ExportAsked(**{"job_id": job.job_id, "run_id": None, "format": "csv"} | what)
    return await exports.ask(wanted, most, 10**9, act("export_asked"))


async def test_the_same_is_one_file_and_each_difference_another(exports: Exports, over: Opening) -> None:
    different: list[dict[str, Any]] = [
        {},
        {"format": "json"},
        {"variant": "bom"},
        {"compressed": True},
        {"conditions": ["a=1"]},
        {"conditions": ["a=1", "b=2"]},
        {"since": DAY},
        {"until": DAY},
        {"conditions": ["a=1"], "since": DAY, "compressed": True},
    ]
    files = [await asked(exports, over, **what) for what in different]
    assert all(isinstance(one, Export) for one in files)
    assert len({one.id for one in files}) == len({one.filename for one in files}) == len(different)
    assert [(await asked(exports, over, **what)).id for what in different] == [one.id for one in files]
    assert (await asked(exports, over, conditions=["b=2", "a=1", "b=2"])).id == files[5].id
    last = files[-1]
    assert (last.conditions, last.since, last.until, last.compressed) == (["a=1"], DAY, None, True)
    assert last.media_type == "application/gzip" and not last.encrypted


async def test_one_with_a_password_is_the_same_as_no_other(exports: Exports, over: Opening) -> None:
    plain = await asked(exports, over)
    locked = [await asked(exports, over, password=PASSWORD) for _ in range(2)]
    assert len({one.id for one in (plain, *locked)}) == len({one.filename for one in (plain, *locked)}) == 3
    assert [one.encrypted for one in (plain, *locked)] == [False, True, True]
    assert (await asked(exports, over)).id == plain.id, "nor is it anybody else's"
    assert PASSWORD not in repr(locked)


async def test_there_is_none_of_a_run_that_is_not_over_or_beyond_what_one_may_have(
    stores: Stores, exports: Exports, over: Opening
) -> None:
    under_way = opening(owner=f"owner {uuid4()}")
    await stores.jobs.create(under_way, act())
    assert await asked(exports, under_way, run_id=under_way.run_id) == "open"
    assert await asked(exports, over, run_id=under_way.run_id) == "gone"
    first = await asked(exports, over, most=1)
    assert await asked(exports, over, most=1, conditions=["a=1"]) == "full"
    assert (await asked(exports, over, most=1)).id == first.id
