"""Coming in at a gateway that shares its processor: who is let in at last was not refused."""

from functools import partial

import httpx
import websockets.asyncio.client

PATIENCE_S = 60.0
"""How long what must come may take to come; only what never comes waits so long."""

connect = partial(websockets.asyncio.client.connect, open_timeout=PATIENCE_S)
Browser = partial(httpx.AsyncClient, timeout=PATIENCE_S)
