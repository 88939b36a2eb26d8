"""A run's live stream, over lost connections: it goes on where it was by the cursor of the last frame."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from cli.errors import NotRunning, Refused

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0)
"""Seconds before each further try while nobody answers: half a minute, as long as a restart takes."""

_OVER, _REFUSED = 1000, 1008


def frames(url: str, key: str, job_id: str, run_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Every frame of a run until it is complete, each once. NotRunning when no gateway answers for half a minute,
    Refused when it is a no."""
    address = f"{url.replace('http', 'ws', 1)}/api/v1/jobs/{quote(job_id)}/stream"
    asked: dict[str, str] = {"run_id": run_id} if run_id else {}
    tries = 0
    while True:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        try:
            headers = {"X-API-Key": key}
            with connect(f"{address}?{query}", additional_headers=headers, max_size=None, proxy=None) as said:
                for text in said:
                    frame = dict(json.loads(text))
                    tries = 0
                    if frame.get("cursor"):
                        asked["cursor"] = frame["cursor"]
                    yield frame
                    if frame["type"] == "complete":
                        return
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else None
            if code in (_OVER, _REFUSED):
                return
        except InvalidStatus as refusal:
            if refusal.response.status_code not in (502, 503, 504):
                raise Refused(f"The gateway refused the stream: {refusal.response.status_code}.") from refusal
        except (OSError, InvalidHandshake):
            pass
        else:
            return
        if tries >= len(_PAUSES):
            raise NotRunning(f"No gateway answers at {url}: is `trawl up` running?")
        time.sleep(_PAUSES[tries])
        tries += 1
