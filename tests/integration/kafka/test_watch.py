"""A worker that gets nowhere is ended, and one that only waits for a store is not."""

import asyncio
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("stuck_program.py")
ROOT = PROGRAM.parents[3]


async def run(how: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), how, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 120)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, said.decode()


async def test_who_gets_nowhere_is_ended_and_who_waits_for_a_store_is_not() -> None:
    waits, holds, patient = await asyncio.gather(run("waits"), run("holds"), run("patient"))
    assert waits[0] == 70 and "has not got on" in waits[1]
    assert holds[0] == 1 and "stuck_program.py" in holds[1], (
        "a call that keeps every thread from running, with its place"
    )
    assert patient[0] == 0, patient[1]
