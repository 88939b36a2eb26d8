"""What is generated is current, and what was released is still true."""

from pathlib import Path

import pytest

from schemas import generate
from schemas.released import changes, meanings, released
from tests.unit.schemas.validating import GENERATED


@pytest.mark.parametrize("name", generate.generated())
def test_the_file_is_current(name: str) -> None:
    assert (GENERATED / name).read_text() == generate.generated()[name], "run `python -m schemas.generate`"


def test_nothing_is_left_over() -> None:
    assert generate.stale(GENERATED) == []


def test_a_released_version_never_changes() -> None:
    assert changes(released(), meanings()) == []


def test_every_shape_is_released() -> None:
    assert meanings().keys() == released().keys(), "run `python -m schemas.generate --release`"


def test_writing_makes_a_folder_current_and_keeps_what_was_released(tmp_path: Path) -> None:
    (tmp_path / "gone.v1.schema.json").write_text("{}")
    (tmp_path / "released.json").write_text("{}")
    assert "gone.v1.schema.json" in generate.stale(tmp_path)
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {*generate.generated(), "released.json"}


def test_check_names_what_is_not_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path / "generated")
    generate.main([])
    generate.main(["--check"])
    (tmp_path / "generated" / "asyncapi.yaml").write_text("asyncapi: 2.0.0\n")
    with pytest.raises(SystemExit, match=r"asyncapi\.yaml"):
        generate.main(["--check"])


def test_a_release_does_not_overwrite_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "released", lambda: {"Trend": {"": "as it was"}})
    (tmp_path / "released.json").write_text("{}")
    generate.main(["--release"])
    written = (tmp_path / "released.json").read_text()
    assert "as it was" in written
    assert '"RunEvent"' in written
