"""The life of a child: it reads one page after the other, and keeps nothing but its runs' compiled rules."""

import os
import resource
import time
from collections import OrderedDict
from socket import socket
from typing import BinaryIO

from streams.extraction.children.wire import (
    HEAD,
    PID,
    Failed,
    Order,
    Read,
    Refused,
    Reply,
    Told,
    WhichRun,
    decode_order,
    encode_told,
    framed,
    key_of,
    unpacked_run,
)
from streams.extraction.contents import read_contents
from streams.extraction.errors import ExtractionError
from streams.extraction.reading import Reader

_RETIRES_AT = 512 * 1024
"""Kilobytes resident at most: what a large page took is given back by ending."""

_REMEMBERED = 50
_TOO_MUCH_MEMORY = (
    "Reading this page takes more memory than a page may have: leave such pages out by the job's deny, or set its"
    " max_body so that they are not fetched."
)


def serve(connection: socket) -> None:
    """Says its process id, then answers orders until nobody is there to give them."""
    readers: OrderedDict[str, Reader] = OrderedDict()
    with connection, connection.makefile("rb") as orders:
        connection.sendall(os.getpid().to_bytes(PID, "big"))
        while (body := _frame(orders)) is not None:
            reply = _reply(decode_order(body), readers)
            connection.sendall(framed(_encoded(reply)))
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _RETIRES_AT:
                return


def limit_memory(most: int) -> None:
    """`most` bytes of data: a page that takes more fails here, and not elsewhere on the machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _frame(orders: BinaryIO) -> bytes | None:
    head = orders.read(HEAD)
    if len(head) < HEAD:
        return None
    size = int.from_bytes(head, "big")
    body = orders.read(size)
    return body if len(body) == size else None


def _reply(order: Order, readers: "OrderedDict[str, Reader]") -> Reply:
    try:
        reader = _reader(order, readers)
        return WhichRun() if reader is None else Read(read_contents(order.result, reader))
    except ExtractionError as problem:
        return Refused(problem.outcome, str(problem))
    except MemoryError:
        return Refused("extract_failed", _TOO_MUCH_MEMORY)
    except Exception as problem:
        return Failed(repr(problem)[:1000])


def _reader(order: Order, readers: "OrderedDict[str, Reader]") -> Reader | None:
    if order.run is not None:
        run = unpacked_run(order.run)
        readers[key_of(run)] = Reader.of(run)
        while len(readers) > _REMEMBERED:
            readers.popitem(last=False)
    reader = readers.get(order.key)
    if reader is not None:
        readers.move_to_end(order.key)
    return reader


def _encoded(reply: Reply) -> bytes:
    try:
        return encode_told(Told(time.process_time(), reply))
    except MemoryError:
        return encode_told(Told(time.process_time(), Refused("extract_failed", _TOO_MUCH_MEMORY)))
    except Exception as problem:
        return encode_told(Told(time.process_time(), Failed(repr(problem)[:1000])))
