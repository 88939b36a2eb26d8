"""The gateway's own metrics, declared in one place, and those that the other processes published."""

import re
import time
from collections import defaultdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from schemas.events import MetricSample

_NAME = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\Z", re.DOTALL).match
_FRESH_S = 30.0


class Metrics:
    """A registry of its own: tests build many gateways in one process."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        self.requests = Counter("trawl_http_requests", "Answers.", ("method", "route", "status"), registry=own)
        self.request_seconds = Histogram("trawl_http_request_seconds", "Time of an answer.", ("route",), registry=own)
        self.in_flight = Gauge("trawl_http_in_flight", "Requests being answered.", registry=own)
        self.request_logs_dropped = Counter("trawl_request_logs_dropped", "Request logs not published.", registry=own)
        self.refused = Counter("trawl_refused", "Turned away at the door, by why.", ("why",), registry=own)
        self.sockets = Gauge("trawl_sockets", "Open WebSockets.", registry=own)
        self.slow_sockets = Counter("trawl_slow_sockets", "WebSockets let go for reading too slowly.", registry=own)
        self.live_messages = Counter("trawl_live_messages", "Messages seen by the live hub.", ("topic",), registry=own)
        self.live_bad_messages = Counter("trawl_live_bad_messages", "Messages it could not read.", registry=own)
        self.live_connected = Gauge("trawl_live_connected", "1 while the live hub reads Kafka.", registry=own)
        self._samples: dict[tuple[str, str], tuple[float, MetricSample]] = {}

    def heard(self, sample: MetricSample) -> None:
        """Keeps the newest sample of a process."""
        self._samples[sample.process, sample.instance] = (time.monotonic(), sample)

    def text(self) -> bytes:
        """Everything in Prometheus' text format: ours, then the others', each line with its process and instance."""
        self._forget()
        families: dict[str, list[str]] = defaultdict(list)
        for _, sample in self._samples.values():
            origin = f'process="{_quoted(sample.process)}",instance="{_quoted(sample.instance)}"'
            for name, value in sample.values.items():
                parts = _NAME(name)
                if parts:
                    labels = f"{origin},{parts[2]}" if parts[2] else origin
                    families[parts[1]].append(f"{parts[1]}{{{labels}}} {value}")
        others = "".join(f"{line}\n" for name in sorted(families) for line in families[name])
        return generate_latest(self.registry) + others.encode()

    def _forget(self) -> None:
        limit = time.monotonic() - _FRESH_S
        for key in [key for key, (heard, _) in self._samples.items() if heard < limit]:
            del self._samples[key]


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
