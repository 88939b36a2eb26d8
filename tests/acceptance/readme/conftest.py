"""Someone who has read the README, at a shell, with the system up and a shop that it may visit."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.system import ROOT, Site, System

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Reader:
    """Their surroundings: this project's environment, and nothing set but where the data is."""

    environ: dict[str, str]

    def types(self, script: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """What happens when they paste this."""
        script = script.replace(".venv/bin/", f"{BIN}/")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=self.environ, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip


@pytest.fixture
def reader(system: System, site: Site) -> Reader:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRAWL_")}
    environ |= {"TRAWL_DATA": str(system.folder), "SITE": site.url, "PATH": f"{BIN}:{os.environ['PATH']}"}
    return Reader(environ)
