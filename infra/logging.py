"""Structured logs: one JSON object a line on standard error, each with time, level and process; secrets redacted."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_SECRET = re.compile(r"(?i)(password|passwd|secret|token|api[-_]?key|authorization|cookie)")
_IN_URL = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@")


def configure(process: str, level: str = "info") -> None:
    """Sets up logging for a process; the libraries' own loggers are brought into the same shape."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _process(process),
            redact,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = _Foreign()
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("faust").setLevel(logging.WARNING)


def _process(name: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = name
        return event

    return add


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Values under secret names, and passwords inside URLs, are never written."""
    for name, value in event.items():
        if _SECRET.search(name) and value:
            event[name] = "[redacted]"
        elif isinstance(value, str):
            event[name] = _IN_URL.sub(r"\1[redacted]@", value)
    return event


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")


class _Foreign(logging.Handler):
    """A library's log record, in our shape."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, "library", logger=record.name, message=record.getMessage()[:2000])
