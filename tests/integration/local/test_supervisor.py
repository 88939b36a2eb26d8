"""The supervisor with real programs: small Python scripts that behave well or badly."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.local.engine import Command
from infra.local.keeper import Event, State, Unit
from infra.local.restart import RestartPolicy
from infra.local.supervisor import Supervisor

ROOT = str(Path(__file__).parents[3])
QUICK = RestartPolicy(first_s=0.01, longest_s=0.05)
GOOD = """
import signal, sys, threading
from infra import notify
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
notify.ready("at work")
stop.wait()
print("drained", flush=True)
"""


STUBBORN = """
import signal, time
from infra import notify
signal.signal(signal.SIGTERM, signal.SIG_IGN)
notify.ready()
time.sleep(60)
"""
IMPERSONATED = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", "from infra import notify; notify.ready()"])
print("told", flush=True)
time.sleep(60)
"""


class Scene:
    """A supervisor, what it told, and the last status it wrote."""

    def __init__(self, logs: Path) -> None:
        self.events: list[Event] = []
        self.status: dict[str, Any] = {}
        self.logs = logs
        self.changed = asyncio.Event()
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, *sys.path])}
        self.supervisor = Supervisor(logs, environ, tell=self._tell, write_status=self.status.update, policy=QUICK)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self.changed.set()

    def start(self, name: str, script: str, **options: Any) -> None:
        command = Command((sys.executable, "-c", textwrap.dedent(script)), patience_s=options.pop("patience_s", 10.0))
        self.supervisor.start(Unit(name, lambda: command, **options))

    def states(self, name: str) -> list[State]:
        return [event.state for event in self.events if event.name == name]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def pid(self, name: str) -> int:
        document: Any = self.supervisor.status()
        return int(document["processes"][name]["pid"])


@pytest.fixture
def play(tmp_path: Path) -> Callable[[], Any]:
    @asynccontextmanager
    async def scene() -> AsyncIterator[Scene]:
        scene = Scene(tmp_path)
        async with scene.supervisor:
            yield scene

    return scene


async def test_a_process_is_ready_when_it_says_so_and_stops_when_asked(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", GOOD)
        assert await scene.supervisor.settled() == []
        assert scene.states("fetch") == [State.STARTING, State.READY]
        pid = scene.pid("fetch")
        assert os.getsid(pid) == pid, "Ctrl-C must not reach it"
    assert scene.states("fetch")[-2:] == [State.STOPPING, State.STOPPED]
    assert (scene.logs / "fetch.log").read_text() == "drained\n"
    entry = scene.status["processes"]["fetch"]
    assert entry == {"pid": None, "state": "stopped", "restarts": 0, "why": "", "ending": "", "status": "at work"}


async def test_only_the_process_itself_can_say_that_it_is_ready(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", IMPERSONATED, start_limit_s=8.0)
        await scene.until(lambda: State.CRASHED in scene.states("fetch"))
        assert State.READY not in scene.states("fetch")
        assert "not ready within 8 s" in scene.events[-1].text
        assert "told" in (scene.logs / "fetch.log").read_text()


async def test_what_waits_for_another_starts_after_it_and_stops_before_it(play: Any) -> None:
    async with play() as scene:
        scene.start("kafka", GOOD)
        scene.start("intake", GOOD, waits_for=("kafka",))
        scene.start("gateway", GOOD, waits_for=("kafka", "intake"))
        await scene.supervisor.settled()
    told = [(event.name, event.state, event.text) for event in scene.events]
    assert ("gateway", State.WAITING, "waits for kafka, intake") in told
    order = [name for name, state, _ in told if state is State.READY]
    assert order == ["kafka", "intake", "gateway"]
    assert [name for name, state, _ in told if state is State.STOPPED] == order[::-1]


async def test_a_crashed_process_is_started_again_and_said_so(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", GOOD)
        await scene.supervisor.settled()
        first = scene.pid("fetch")
        os.kill(first, signal.SIGKILL)
        await scene.until(lambda: scene.states("fetch").count(State.READY) == 2)
        assert scene.pid("fetch") != first
        crash = next(event for event in scene.events if event.state is State.CRASHED)
        assert crash.text.startswith("killed by SIGKILL; starts again in 0.0")
        assert scene.supervisor.status()["processes"]["fetch"]["restarts"] == 1


async def test_without_its_engine_a_crashed_process_is_not_started_again(play: Any) -> None:
    gate = """
    import os, signal, sys, threading
    from infra import notify
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while os.path.exists(os.environ["GATE"]) and not stop.wait(0.05):
        pass
    notify.ready()
    stop.wait()
    """
    async with play() as scene:
        closed = scene.logs / "gate"
        command = Command((sys.executable, "-c", textwrap.dedent(gate)), {"GATE": str(closed)})
        scene.supervisor.start(Unit("kafka", lambda: command, is_engine=True))
        scene.start("intake", GOOD, waits_for=("kafka",))
        await scene.supervisor.settled()
        closed.touch()
        os.kill(scene.pid("kafka"), signal.SIGKILL)
        await scene.until(lambda: State.CRASHED in scene.states("kafka"))
        os.kill(scene.pid("intake"), signal.SIGKILL)
        await scene.until(lambda: scene.states("intake")[-1] is State.WAITING)
        assert [event.text for event in scene.events if event.name == "intake"][-1] == "waits for kafka"
        closed.unlink()
        await scene.until(lambda: scene.states("intake")[-1] is State.READY)
        told = [(event.name, event.state) for event in scene.events]
        back = told.index(("kafka", State.READY), told.index(("kafka", State.CRASHED)))
        again = told.index(("intake", State.STARTING), told.index(("intake", State.CRASHED)))
        assert again > back, scene.events


async def test_five_crashes_in_a_minute_leave_it_down_with_the_reason(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", "import sys; print('cannot read the map', flush=True); sys.exit(3)")
        scene.start("gateway", GOOD, waits_for=("fetch",))
        down = await scene.supervisor.settled()
        assert [keeper.unit.name for keeper in down] == ["fetch", "gateway"]
        assert scene.states("fetch").count(State.STARTING) == 5
        why = scene.supervisor.status()["processes"]["fetch"]["why"]
        ending = scene.supervisor.status()["processes"]["fetch"]["ending"]
        assert ending.startswith("5 crashes") and ending.endswith("exited with code 3")
        assert "5 crashes" in why and "exited with code 3: cannot read the map" in why
        assert scene.supervisor.status()["processes"]["gateway"]["why"] == "not started: fetch is down"


KILLED = """
import os, signal
from infra import notify
notify.ready()
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_who_is_killed_has_not_crashed_and_is_never_left_down(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", KILLED)
        await scene.until(lambda: scene.states("fetch").count(State.STARTING) >= 8)
        assert State.DOWN not in scene.states("fetch")


async def test_a_program_that_is_not_there_is_a_crash_with_a_reason(play: Any) -> None:
    async with play() as scene:
        scene.supervisor.start(Unit("ghost", lambda: Command(("/no/such/program",))))
        await scene.supervisor.settled()
        assert scene.supervisor.status()["processes"]["ghost"]["ending"].endswith("exited with code 126")
        assert "/no/such/program cannot be run" in scene.supervisor.status()["processes"]["ghost"]["why"]


async def test_one_that_will_not_stop_is_killed_after_its_patience(play: Any) -> None:
    async with play() as scene:
        scene.start("fetch", STUBBORN, patience_s=0.3)
        await scene.supervisor.settled()
        pid = scene.pid("fetch")
    assert not psutil.pid_exists(pid)


async def test_a_second_signal_spares_nobody_but_the_engines(play: Any) -> None:
    async with play() as scene:
        scene.start("kafka", GOOD, is_engine=True)
        scene.start("fetch", STUBBORN, waits_for=("kafka",))
        await scene.supervisor.settled()
        started = asyncio.get_running_loop().time()
        this = asyncio.current_task()
        assert this
        asyncio.get_running_loop().call_later(0.3, this.cancel)
        with pytest.raises(asyncio.CancelledError):
            await scene.supervisor.__aexit__()
        this.uncancel()
    assert asyncio.get_running_loop().time() - started < 5
    assert (scene.logs / "kafka.log").read_text() == "drained\n"
    assert scene.status["processes"]["fetch"]["state"] == "stopped"


async def test_children_of_a_dead_child_go_with_it(play: Any) -> None:
    script = """
    import subprocess, sys
    from infra import notify
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    notify.ready(str(child.pid))
    child.wait()
    """
    async with play() as scene:
        scene.start("fetch", script)
        await scene.supervisor.settled()
        grandchild = psutil.Process(int(scene.supervisor.status()["processes"]["fetch"]["status"]))
        os.kill(scene.pid("fetch"), signal.SIGKILL)
        await scene.until(lambda: State.CRASHED in scene.states("fetch"))
        grandchild.wait(timeout=60)
