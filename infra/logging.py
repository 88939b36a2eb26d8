"""Structured logs: one JSON object a line on standard error, each with time, level and process; secrets redacted.

The same lines go to the topic `logs` once the process has a publisher (infra/log_shipping.py).
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from infra.log_shipping import LogQueue
from infra.redaction import plain

SHIPPED = LogQueue()
"""Lines of this process that wait for its publisher."""

_UNSEEN = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What a terminal would obey and no reader sees: it is written as JSON's escape of it."""
_OF_KAFKA = ("aiokafka", "kafka")


def configure(process: str, level: str = "info") -> None:
    """Sets up logging for a process; the libraries' own loggers are brought into the same shape."""
    SHIPPED.process = process
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _process(process),
            redact,
            _ship,
            line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.raiseExceptions = False  # what it would print is no JSON
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("faust").setLevel(logging.WARNING)


def _process(name: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = name
        return event

    return add


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever was logged, as it may be written."""
    return {str(plain(name)): plain(value, name) for name, value in event.items()}


def _ship(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Kafka's client on the trouble that it has with Kafka: each line would make the next one.
    if not str(event.get("logger", "")).startswith(_OF_KAFKA):
        SHIPPED.put(event)
    return event


def line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """The line as it is written."""
    written = orjson.dumps(event).decode()
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", written).encode()


class _Foreign(logging.Handler):
    """A library's log record, in our shape."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # a library's mistake in its own format
            message = str(record.msg)
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().log(record.levelno, "library", logger=record.name, message=message[:2000], **more)
