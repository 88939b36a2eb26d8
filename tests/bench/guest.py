"""One worker more of a stage, beside those of `trawl up`, as anybody would start it: `trawl cleaning`."""

import os
import subprocess
import sys

from tests.acceptance.system import ROOT, System


def joined(system: System, stage: str) -> "subprocess.Popen[bytes]":
    """Such a process; whoever asked for it ends it."""
    engines = {f"TRAWL_{name.upper()}": system.endpoint(name) for name in ("kafka", "postgres", "clickhouse")}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TRAWL_")} | engines
    environ["TRAWL_DATA"] = str(system.folder)
    with (system.log.parent / f"guest-{stage}.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "cli", stage], cwd=ROOT, env=environ, stdout=log, stderr=log)
