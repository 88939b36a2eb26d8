"""A live stream, over lost connections: it goes on where it was by the cursor of the last frame."""

import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cli.errors import Dismissed, NotRunning, Refused
from cli.gateway import Gateway

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0)
"""Seconds before each further try while nobody answers: half a minute, as long as a restart takes."""

_OVER, _DISMISSED = 1000, 1008
_LARGEST_FRAME = 16_000_000


def of_job(job_id: str) -> str:
    """The path of the stream of a job's newest run; its last frame is `complete`."""
    return f"/api/v1/jobs/{quote(job_id, safe='')}/stream"


def frames(gateway: Gateway, path: str) -> Iterator[dict[str, Any]]:
    """Every frame of a stream, each once, until the gateway ends it or nobody asks any more. NotRunning when no gateway
    answers for half a minute, Refused when it is a no, Dismissed when it is one after all."""
    cursor, tries = "", 0
    frame: dict[str, Any] = {}
    while True:
        try:
            with _opened(gateway, path, cursor) as socket:
                while True:
                    frame = dict(orjson.loads(socket.recv()))
                    tries = 0
                    cursor = frame.get("cursor") or cursor
                    yield frame
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else None
            if code == _OVER:
                return
            if code == _DISMISSED:
                said = frame["data"]["message"] if frame.get("type") == "error" else "no reason was told."
                raise Dismissed(f"The gateway ended the stream: {said}") from end
        except InvalidStatus as refusal:
            if refusal.response.status_code not in (502, 503, 504):
                raise Refused(f"The gateway refused the stream: {refusal.response.status_code}.") from refusal
        except ssl.SSLCertVerificationError as problem:
            raise NotRunning(
                f"What answers at {gateway.url} shows a certificate that is not believed ({problem.verify_message})."
            ) from problem
        except (OSError, InvalidHandshake):
            pass
        if tries >= len(_PAUSES):
            raise NotRunning(f"No gateway answers at {gateway.url}: is `trawl up` running?")
        time.sleep(_PAUSES[tries])
        tries += 1


def _opened(gateway: Gateway, path: str, cursor: str) -> ClientConnection:
    sign = "&" if "?" in path else "?"
    after = f"{sign}cursor={quote(cursor, safe='')}" if cursor else ""
    return connect(f"ws{gateway.url.removeprefix('http')}{path}{after}", additional_headers=gateway.headers,
                   max_size=_LARGEST_FRAME, proxy=None, ssl=gateway.tls)  # fmt: skip
