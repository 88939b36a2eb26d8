"""Asks for records over REST and follows the run as it happens.

    python websocket.py GATEWAY URL

TRAWL_API_KEY must be set. Frames are `{"type": …, "data": …}`: progress, log, status, record, trend, and at the end
complete. What was stored before the connection comes first, so nothing is missed, and everything comes once.
"""

import asyncio
import json
import os
import sys
import urllib.request
from collections import Counter

from websockets.asyncio.client import connect


def ask(gateway: str, key: str, url: str) -> str:
    """Opens a run; returns the job's id."""
    job = {
        "url": url,
        "name": "websocket-example",
        "options": {"delay": 0.5},
        "extract": {
            "items": "[data-sku]",
            "fields": {"sku": "::attr(data-sku)", "price": {"css": ".price::text", "type": "price"}},
            "key": "sku",
        },
    }
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{gateway}/api/v1/scrape", json.dumps(job).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["job_id"])


async def follow(gateway: str, key: str, job: str) -> Counter[str]:
    """Prints records as they come; returns how many frames of each type there were."""
    address = f"ws{gateway.removeprefix('http')}/api/v1/jobs/{job}/stream"
    seen: Counter[str] = Counter()
    async with connect(address, additional_headers={"Authorization": f"Bearer {key}"}, max_size=16_000_000) as socket:
        async for message in socket:
            frame = json.loads(message)
            seen[frame["type"]] += 1
            if frame["type"] == "record" and seen["record"] <= 5:
                print(json.dumps(frame["data"]["data"]))
            if frame["type"] == "complete":
                print(f"The run {frame['data']['status']}. Frames: {dict(seen)}")
                break
    return seen


def main(gateway: str, url: str) -> None:
    """One run, followed to its end."""
    key = os.environ["TRAWL_API_KEY"]
    asyncio.run(asyncio.wait_for(follow(gateway, key, ask(gateway, key, url)), 120))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
