"""The wheel holds what the code reads at run time: SQL, declarations, pages, not only modules."""

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from tests.unit.repository.tree import ROOMS, ROOT, files, relative


def test_every_file_of_the_rooms_is_in_the_wheel(tmp_path: Path) -> None:
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(built) as wheel:
        inside = set(wheel.namelist())
    rooms = {relative(path) for path in files() if relative(path).split("/")[0] in ROOMS}
    assert rooms - inside == set()
    assert any(name.endswith(".sql") for name in rooms)
    assert "schemas/topics.yaml" in inside
