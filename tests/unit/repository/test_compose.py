"""docker-compose.yml: the same processes as `up`, no password in the file, nothing open to others."""

import re
import subprocess
from importlib.metadata import requires
from typing import Any

import pytest
import yaml

from cli.processes import PROCESSES
from infra.settings import Settings
from tests.unit.repository.tree import ROOT

ENGINES = {"kafka", "postgres", "clickhouse"}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_the_services_are_the_engines_the_provisioning_and_the_processes() -> None:
    assert set(SERVICES) == ENGINES | {"provision"} | {process.name for process in PROCESSES}


@pytest.mark.parametrize("process", [process.name for process in PROCESSES])
def test_each_process_runs_its_own_command_after_provisioning(process: str) -> None:
    service = SERVICES[process]
    assert service["command"] == [process]
    assert service["depends_on"]["provision"] == {"condition": "service_completed_successfully"}
    assert service["healthcheck"]["test"] == ["CMD", "trawl", "health"]
    assert "TRAWL_POSTGRES_OWNER" not in service["environment"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_each_engine_has_a_version_a_volume_and_a_health_check(engine: str) -> None:
    service = SERVICES[engine]
    assert re.search(r":\d+(\.\d+)*$", service["image"])
    assert service["volumes"]
    assert service["healthcheck"]["test"]


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = re.findall(r"\$\{([A-Z_]*PASSWORD[A-Z_]*)(.)", text)
    assert named
    assert {operator for _, operator in named} == {":"}
    assert not re.search(r"\$\{[A-Z_]*PASSWORD[A-Z_]*:-", text)
    assert not re.search(r"(?i)password: *[\"']?[a-z0-9]+[\"']?$", text, re.MULTILINE)


def test_every_port_is_bound_to_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert dockerfile.count("\nFROM ") == 2
    last = dockerfile.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!root)\w+$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "--require-hashes" in dockerfile
    rooms = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE))
    assert rooms == {"schemas", "producers", "streams", "api", "dashboards", "cli", "infra", "demo"}


def test_the_image_can_render_pages() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    last = dockerfile.rsplit("\nFROM ", 1)[1]
    assert re.search(r"apt-get install .*\bchromium\b", last)
    chosen = re.search(r"awk '(.*)' requirements-dev.lock > render.lock", dockerfile)
    assert chosen and "--requirement render.lock" in dockerfile
    lock = subprocess.run(["awk", chosen[1], "requirements-dev.lock"], cwd=ROOT, capture_output=True, check=True).stdout
    laid = {*re.findall(r"^(\S+)==", lock.decode(), re.MULTILINE)}
    needed = {re.split(r"[^\w-]", name)[0] for name in requires("playwright") or []}
    assert laid == {"playwright", *needed} and b"--hash=" in lock


def test_what_the_image_exposes_can_be_reached_and_no_process_tells_tracebacks() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    exposed = re.search(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert exposed and {f"127.0.0.1:{port}:{port}" for port in exposed[1].split()} <= set(ports)
    assert SERVICES["gateway"]["environment"]["TRAWL_METRICS_HOST"] == "0.0.0.0"
    assert [name for name, service in SERVICES.items() if "TRAWL_DEBUG" in service["environment"]] == []


def test_every_setting_of_the_processes_exists() -> None:
    known = {f"TRAWL_{name.upper()}" for name in Settings.model_fields} | {"TRAWL_READY_FILE"}
    named = {name for process in PROCESSES for name in SERVICES[process.name]["environment"]}
    assert {name for name in named if name.startswith("TRAWL_")} - known == set()
