"""What a killed exporter leaves behind goes, and what another one makes stays."""

import os
import time
from pathlib import Path

from api.exporter.folder import named, sweep, unnamed


def test_only_what_was_left_long_ago_goes(tmp_path: Path) -> None:
    making = [named(tmp_path) for _ in range(2)]
    old, new = (Path(one.name) for one in making)
    for folder in (old, new):
        (folder / "sheet").write_text("x")
    other = tmp_path / "somebody's"
    other.mkdir()
    for folder in (old, other):
        os.utime(folder, (time.time() - 1000,) * 2)
    assert sweep(tmp_path, 900.0) == 1
    assert {one.name for one in tmp_path.iterdir()} == {new.name, other.name}
    for one in making:
        one.cleanup()


def test_a_file_has_no_name_and_its_folder_is_nobody_elses(tmp_path: Path) -> None:
    folder = tmp_path / "exporting"
    with unnamed(folder) as file:
        file.write(b"x")
        assert list(folder.iterdir()) == [] and folder.stat().st_mode & 0o077 == 0
