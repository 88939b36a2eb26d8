"""What a room needs is promises; the data that crosses them is everybody's and stands in `schemas/`, since adapters
know no room."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOMS = ("producers", "streams", "dashboards", "api/exporter")


def test_the_ports_of_a_room_are_protocols() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("ports.py")]
    data = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and "Protocol" not in map(ast.unparse, node.bases)
    ]
    assert len(files) > 9
    assert data == []
