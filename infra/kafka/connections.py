"""aiokafka's connections on uvloop."""

import functools
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError


def survive_uvloop() -> None:
    """Makes a broken connection on uvloop what it is with asyncio: a KafkaConnectionError. Once a process, before its
    loop begins.

    Between a broker's death and the moment at which a connection's reader learns of it, uvloop answers a write with
    RuntimeError. aiokafka expects OSError only (aiokafka #1038, uvloop #506), so that whichever of its own tasks was
    writing ends in silence: without the one that keeps the metadata, the next commit waits for ever.
    """
    send = AIOKafkaConnection.send
    if hasattr(send, "__wrapped__"):
        return

    @functools.wraps(send)
    def surviving(self: Any, request: Any, expect_response: bool = True) -> Any:
        try:
            return send(self, request, expect_response)
        except (KafkaError, NotImplementedError):  # which are RuntimeErrors too, and say what they mean
            raise
        except RuntimeError as problem:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"The connection to {self.host}:{self.port} is broken: {problem}") from problem

    AIOKafkaConnection.send = surviving
