"""One life of one program: from its start to its end."""

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.bounded_log import BoundedLog
from infra.local.engine import Command, environment

_PIECE = 64 * 1024
# After the end of a program its own children may still hold the pipe; what they say is not waited for longer.
_LAST_WORDS_S = 1.0


@dataclass(frozen=True)
class Ending:
    """How a program ended: its exit code, negative for a signal (as in `subprocess`), and the last it said."""

    code: int
    last_lines: tuple[str, ...]

    def __str__(self) -> str:
        if self.code >= 0:
            return f"exited with code {self.code}"
        try:
            return f"killed by {signal.Signals(-self.code).name}"
        except ValueError:  # a real-time signal
            return f"killed by signal {-self.code}"


class Child:
    """A running program, in a session and process group of its own.

    So Ctrl-C on the terminal reaches the supervisor alone, which then stops its children in order. The kernel ends the
    program when the supervisor dies; that is bound to the thread that starts it, which must be one that stays.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, command: Command, log: BoundedLog, pump: "asyncio.Task[None]"
    ) -> None:
        self._process = process
        self._command = command
        self._log = log
        self._pump = pump

    @classmethod
    async def start(cls, command: Command, log: BoundedLog, environ: dict[str, str]) -> "Child":
        """Starts it. A program that cannot be run ends at once with code 126; OSError when there can be no process.

        `environ` is the whole environment, to which the command adds its own.
        """
        log.forget()
        # Not asyncio's own pipe: with it a program would not count as ended while a child of its own has the other end.
        output, inlet = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *_launched(command),
                env=environment(command.account, environ, command.environ),
                cwd=command.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=inlet,
                stderr=inlet,
                start_new_session=True,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(inlet)
        return cls(process, command, log, asyncio.create_task(_keep(output, log)))

    @property
    def pid(self) -> int:
        """Its process id, also that of its group."""
        return self._process.pid

    async def ended(self) -> Ending:
        """Waits for its end, however it comes."""
        code = await self._process.wait()
        self.kill()  # whoever of its group outlived it
        await asyncio.wait({self._pump}, timeout=_LAST_WORDS_S)
        self._pump.cancel()
        return Ending(code, tuple(self._log.last_lines()))

    async def stop(self, patience_s: float | None = None) -> Ending:
        """Asks it to stop, kills it when it has not after its patience (or this one), and waits for its end."""
        limit = self._command.patience_s if patience_s is None else min(patience_s, self._command.patience_s)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self._command.stop_signal)
        try:
            async with asyncio.timeout(limit):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        return await self.ended()

    def kill(self) -> None:
        """Ends it and its group at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _launched(command: Command) -> list[str]:
    """The command by way of the launcher, which binds it to this process."""
    account = command.account
    numbers = (os.getpid(), command.orphan_signal, account.uid if account else -1, account.gid if account else -1)
    launcher = str(Path(__file__).with_name("launch.py"))
    return [sys.executable, "-I", "-S", launcher, *(str(int(number)) for number in numbers), "--", *command.argv]


async def _keep(output: int, log: BoundedLog) -> None:
    """Writes what comes from the pipe to the log until its end, or until it is cancelled."""
    reader = asyncio.StreamReader(_PIECE)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(output, "rb"))
    try:
        while piece := await reader.read(_PIECE):
            log.write(piece)
    finally:
        transport.close()
