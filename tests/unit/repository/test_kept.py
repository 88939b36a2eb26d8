"""Whoever looks for a secret in all that is kept looks everywhere: at keys, headers, and into what is packed."""

import base64
import hashlib
from pathlib import Path

import pytest
import zstandard

from schemas.message import Message
from tests.kept import files, told_by

SECRET = b"Kanarie-in-the-mine"
PLAIN = b"".join(hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(60)) + SECRET
PACKED = zstandard.ZstdCompressor().compress(PLAIN)


@pytest.mark.parametrize(
    "message",
    [
        Message("t", 0, 0, SECRET, b""),
        Message("t", 0, 0, None, b"", ((SECRET.decode(), b"x"),)),
        Message("t", 0, 0, None, b"", (("x", SECRET),)),
        Message("t", 0, 0, None, b'{"body": "' + base64.b64encode(PACKED) + b'", "status": 200}'),
        Message("t", 0, 0, None, SECRET),
    ],
    ids=["key", "name of a header", "header", "packed", "value"],
)
def test_each_part_of_a_message_is_looked_at(message: Message) -> None:
    assert SECRET not in PACKED, "it is well hidden there"
    assert SECRET.decode() in told_by(message)


def test_blobs_are_unpacked(tmp_path: Path) -> None:
    for name, data in {"logs/postgres.log": b"", "blobs/pages/a": PACKED, "exports/b": SECRET}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(data)
    assert sum(SECRET.decode() in text for _, text in files(tmp_path)) == 2
