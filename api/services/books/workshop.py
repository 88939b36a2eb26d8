"""Where models are learnt and asked: a process for each target, begun when it is first needed."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec

from api.errors import unavailable
from api.services.books.apprentice import Learnt, Lesson
from api.services.books.features import Features, Target

_LINE = 16_000_000
_ENDING_S = 5.0


@dataclass(slots=True)
class _Bench:
    version: str
    process: asyncio.subprocess.Process
    learnt: Learnt | None


class Workshop:
    """One model of each target at a time. Learning and asking take `patience` seconds at most; one who takes longer, or
    breaks, is put away, and 503 tells to try again."""

    def __init__(self, patience: float = 60.0) -> None:
        self._patience = patience
        self._benches: dict[Target, _Bench] = {}
        self._locks: dict[Target, asyncio.Lock] = {"price": asyncio.Lock(), "rating": asyncio.Lock()}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for target in list(self._benches):
            await self._put_away(target)

    async def ask(
        self, target: Target, version: str, features: Sequence[Features], wanted: Sequence[Features]
    ) -> tuple[Learnt, list[float]] | None:
        """What the model of this version, learnt from `features` unless it is there, says of each that is wanted; None
        where there are too few to learn from."""
        async with self._locks[target]:
            bench = self._benches.get(target)
            if bench is None or bench.version != version or bench.process.returncode is not None:
                await self._put_away(target)
                bench = self._benches[target] = await self._begun(version)
                bench.learnt = await self._asked(target, Lesson(target, list(features)), Learnt | None)
            if bench.learnt is None:
                return None
            return bench.learnt, await self._asked(target, list(wanted), list[float])

    async def _begun(self, version: str) -> _Bench:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.services.books.apprentice",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
            env={name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
            | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return _Bench(version, process, None)

    async def _asked(self, target: Target, question: object, shape: Any) -> Any:
        process = self._benches[target].process
        assert process.stdin and process.stdout
        try:
            async with asyncio.timeout(self._patience):
                process.stdin.write(msgspec.json.encode(question) + b"\n")
                await process.stdin.drain()
                return msgspec.json.decode(await process.stdout.readuntil(b"\n"), type=shape)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, msgspec.DecodeError):
            await self._put_away(target)
            raise unavailable("The model could not be asked just now; try again shortly.") from None
        except asyncio.CancelledError:
            # Its answer would be taken for that to the next question.
            await self._put_away(target)
            raise

    async def _put_away(self, target: Target) -> None:
        bench = self._benches.pop(target, None)
        if bench is None or bench.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            bench.process.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bench.process.wait(), _ENDING_S)
