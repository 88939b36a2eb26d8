"""Writes `schemas/generated/`, or says whether it is current.

python -m schemas.generate              write the JSON Schemas and the AsyncAPI document
python -m schemas.generate --check      exit code 1 and the names of the files that are not current
python -m schemas.generate --release    also promise that the shapes which are new will not change
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas.asyncapi import document
from schemas.examples import VERSIONS
from schemas.json_schema import JOB, standalone
from schemas.released import FILE, meanings, released
from schemas.topics import topics

FOLDER = Path(__file__).parent / "generated"


class _Dumper(yaml.SafeDumper):
    """YAML for people: no anchors, paragraphs as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _paragraphs(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _paragraphs)


@cache
def generated() -> dict[str, str]:
    """File name → content of all that follows from the declarations."""
    shapes = {f"{topic.name}.v{v}": topic.message for topic in topics().values() if topic.struct for v in VERSIONS}
    shapes |= {f"job.v{v}": JOB for v in VERSIONS}
    made = {f"{name}.schema.json": _json(standalone(shape)) for name, shape in shapes.items()}
    api = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return {**made, "asyncapi.yaml": api}


def stale(folder: Path) -> list[str]:
    """Files that are missing, different, or made from nothing any more."""
    made = generated()
    present = {path.name: path.read_text() for path in folder.glob("*") if path.name != FILE}
    return sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))


def write(folder: Path) -> None:
    """Makes the folder current; what was released stays as it is."""
    made = generated()
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*"):
        if path.name not in made and path.name != FILE:
            path.unlink()
    for name, content in made.items():
        (folder / name).write_text(content)


def release(folder: Path) -> None:
    """Adds the shapes that were never released; a promise that was given is not overwritten."""
    known = released() if (folder / FILE).exists() else {}
    (folder / FILE).write_text(_json(meanings() | known))


def main(arguments: list[str] | None = None) -> None:
    """The command; ends with a sentence and exit code 1 when `--check` finds something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--release", action="store_true", help="promise that new shapes will not change")
    given = parser.parse_args(arguments)
    if given.check:
        if names := stale(FOLDER):
            sys.exit(f"Not current: {', '.join(names)}. Run `python -m schemas.generate` and look at the difference.")
        return
    write(FOLDER)
    if given.release:
        release(FOLDER)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
