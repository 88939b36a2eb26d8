"""Writes the pinned list of the broker's jars: `python -m infra.local.pinning`.

To pin another version, change ROOTS and run it. Apache Maven resolves the runtime dependencies afresh and checks each
jar against the repository's own sums before ours are taken.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from infra.local.download import sha256_of
from infra.local.errors import LocalError
from infra.local.jars import Jar

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    # Kafka logs through SLF4J and leaves the binding to its distribution; without this one it is silent.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)


def resolve_with_maven(roots: Sequence[str]) -> list[Jar]:
    """The runtime dependencies of these coordinates, with size and sum. Raises LocalError without Maven."""
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalError("Pinning needs Apache Maven (the command `mvn`): install it and try again.")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pom.xml").write_text(_project(roots))
        options = ["-DincludeScope=runtime", f"-DoutputDirectory={folder}/jars", "-Dmdep.useRepositoryLayout=true"]
        subprocess.run([maven, "-q", "-B", "dependency:copy-dependencies", *options], cwd=folder, check=True)
        found = sorted(Path(folder, "jars").rglob("*.jar"))
        return [Jar(_coordinate(path, Path(folder, "jars")), path.stat().st_size, sha256_of(path)) for path in found]


def _coordinate(path: Path, repository: Path) -> str:
    *group, artifact, version, _ = path.relative_to(repository).parts
    return f"{'.'.join(group)}:{artifact}:{version}"


def _project(roots: Sequence[str]) -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
        "</dependency>"
        for group, artifact, version in (map(escape, root.split(":")) for root in roots)
    )
    head = "<modelVersion>4.0.0</modelVersion><groupId>trawl</groupId><artifactId>jars</artifactId><version>1</version>"
    return f"<project>{head}<dependencies>{wanted}</dependencies></project>"


def main() -> None:
    """Resolves with Maven and writes the pinned list anew."""
    jars = sorted(resolve_with_maven(ROOTS), key=lambda jar: jar.coordinate)
    lines = [f"{jar.sha256} {jar.size:>9} {jar.coordinate}" for jar in jars]
    head = f"# SHA-256, bytes, Maven coordinate of {', '.join(ROOTS)} (python -m infra.local.pinning)"
    target = Path(__file__).parents[1] / "kafka" / "jars.txt"
    target.write_text("\n".join([head, *lines, ""]))


if __name__ == "__main__":
    main()
