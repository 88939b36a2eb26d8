"""Many clients at once, in a process of their own: what they cost must not be counted as the gateway's.

Each client keeps one connection, asks, waits for the whole answer, rests, and asks again. It speaks just enough
HTTP/1.1 to do so (Content-Length and chunked answers), because a thousand full clients would need the machine for
themselves. Reads its orders as JSON from stdin, writes what it saw as JSON to stdout.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Seen:
    """Seconds of each answer, those of who was told to come later apart, and how the answers were."""

    seconds: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    broken: int = 0


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[bytes, bytes]]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if headers.get(b"transfer-encoding") == b"chunked":
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return int(first.split(b" ")[1]), headers


def _written(request: dict[str, str], host: str, authorization: str) -> bytes:
    body = request.get("body", "").encode()
    lines = [f"{request['method']} {request['path']} HTTP/1.1", f"Host: {host}", f"Authorization: {authorization}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _client(orders: dict[str, Any], dice: random.Random, until: float, seen: Seen) -> None:
    written = [_written(request, orders["host"], orders["authorization"]) for request in orders["requests"]]
    weights = [request.get("weight", 1) for request in orders["requests"]]
    host, _, port = orders["host"].partition(":")
    await asyncio.sleep(dice.uniform(0, orders["rest"] or 1.0))
    while time.monotonic() < until:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            while time.monotonic() < until:
                began = time.perf_counter()
                writer.write(dice.choices(written, weights)[0])
                status, headers = await asyncio.wait_for(_answer(reader), 30)
                later = status in (429, 503)
                (seen.refused if later else seen.seconds).append(time.perf_counter() - began)
                seen.statuses[status] += 1
                wait = headers.get(b"retry-after")
                if later:
                    seen.without_retry_after += wait is None
                    await asyncio.sleep(min(float(wait or 1), 5.0))
                if orders["rest"]:
                    await asyncio.sleep(min(dice.expovariate(1 / orders["rest"]), until - time.monotonic()))
        except (OSError, EOFError, ValueError, TimeoutError):
            seen.broken += 1
            await asyncio.sleep(0.2)
        finally:
            if writer is not None:
                writer.close()


async def _main(orders: dict[str, Any]) -> dict[str, Any]:
    seen = Seen()
    began = time.monotonic()
    until = began + float(orders["seconds"])
    await asyncio.gather(
        *(_client(orders, random.Random(number), until, seen) for number in range(int(orders["clients"])))
    )
    return {
        "seconds": seen.seconds,
        "refused": seen.refused,
        "statuses": {str(status): count for status, count in seen.statuses.items()},
        "without_retry_after": seen.without_retry_after,
        "broken": seen.broken,
        "elapsed": time.monotonic() - began,
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_main(orjson.loads(sys.stdin.buffer.read())))))
