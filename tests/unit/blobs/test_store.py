"""The blob store on a folder, and on a store that is reached by URL."""

import asyncio
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.blobs.store import DAY_S, Blobs
from infra.errors import NotConfigured, StoreUnavailable


async def test_what_is_put_comes_back_by_its_reference(tmp_path: Path) -> None:
    async with Blobs.of(None, tmp_path) as blobs:
        data = os.urandom(2_000_000)
        ref = await blobs.put("pages", data)
        today = datetime.now(UTC).date()
        assert ref in {f"pages/{day}/{hashlib.sha256(data).hexdigest()}" for day in (today, today - timedelta(days=1))}
        assert await blobs.put("pages", data) == ref
        assert await blobs.get(ref) == data
        assert (await blobs.put("screenshots", data)).startswith("screenshots/")
    async with Blobs.of(None, tmp_path) as again:
        assert await again.get(ref) == data
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("odd", ["", "pages/../../secret", "/etc/passwd", "pages/2026-01-01/" + "g" * 64, "other/x"])
async def test_a_reference_leads_to_blobs_and_nowhere_else(odd: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    async with Blobs(tmp_path / "blobs") as blobs:
        assert await blobs.get(odd) is None
        assert await blobs.get(f"pages/2026-01-01/{'0' * 64}") is None


async def test_what_is_damaged_is_not_given(tmp_path: Path) -> None:
    async with Blobs(tmp_path) as blobs:
        ref = await blobs.put("pages", b"a page")
        (tmp_path / ref).write_bytes(b"a pagf")
        assert await blobs.get(ref) is None


async def test_a_sweep_takes_whole_days_that_are_old_enough(tmp_path: Path) -> None:
    now = datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()
    async with Blobs(tmp_path) as blobs:
        for day in ("2026-06-06", "2026-06-07", "2026-06-10", "not-a-day"):
            for number in range(3):
                place = tmp_path / "pages" / day / f"{number:064x}"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(b"x")
        kept = await blobs.put("screenshots", b"picture")
        assert await blobs.sweep("pages", 3 * DAY_S, now) == 3
        assert sorted(found.name for found in (tmp_path / "pages").iterdir()) == [
            "2026-06-07",
            "2026-06-10",
            "not-a-day",
        ]
        assert await blobs.get(kept) == b"picture"
        assert await blobs.sweep("pages", 3 * DAY_S, now) == 0
        assert await blobs.sweep("screenshots", 0.0, time.time()) == 0


async def test_many_at_once_and_a_store_elsewhere(tmp_path: Path) -> None:
    async with Blobs(f"file://{tmp_path}/") as blobs:
        refs = await asyncio.gather(*(blobs.put("pages", b"%d" % n) for n in range(50)))
        assert [await blobs.get(ref) for ref in refs] == [b"%d" % n for n in range(50)]


async def test_a_store_that_does_not_exist_is_said_at_once_and_one_that_is_away_when_it_is_asked(
    tmp_path: Path,
) -> None:
    with pytest.raises(NotConfigured, match="TRAWL_BLOBS"):
        async with Blobs("nonsense://x"):
            pass
    async with Blobs(tmp_path / "blobs") as blobs:
        (tmp_path / "blobs" / "pages").write_text("a file where a folder should be")
        with pytest.raises(StoreUnavailable):
            await blobs.put("pages", b"x")
