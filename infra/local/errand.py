"""A program that is run to its end, for setting an engine up."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.engine import Account, environment
from infra.local.errors import EngineFailed

PATIENCE_S = 120.0
_SHOWN = 2_000


async def errand(
    purpose: str,
    argv: Sequence[str],
    *,
    text: str = "",
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
) -> None:
    """Runs the program with `text` on its standard input; one that is no longer waited for is killed.

    Raises EngineFailed, with the end of what it said, when it fails or takes longer than two minutes.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=environment(account, os.environ, environ or {}),
        cwd=folder,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            output, _ = await process.communicate(text.encode())
    except TimeoutError:
        raise EngineFailed(f"{purpose} took longer than {PATIENCE_S:.0f} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = output.decode(errors="replace").strip()[-_SHOWN:]
        raise EngineFailed(f"{purpose} failed (exit code {process.returncode}): {said}")
