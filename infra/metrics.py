"""The names of what processes count, once; and how a process tells its metrics to the others.

A process publishes all its samples each second to `system-metrics`: that one way feeds the dashboards, ClickHouse and
the gateway's Prometheus page, and needs no port of its own. What a gateway counts of its own work has a registry for
each gateway (`api/metrics.py`), and is told on its page alone.
"""

import asyncio
import os
import socket
import uuid
from collections.abc import Callable
from typing import Protocol

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Summary

from schemas.events import Event, MetricSample

REGISTRY = CollectorRegistry()
MESSAGES = Counter("trawl_messages", "Messages handled.", ["stage", "topic"], registry=REGISTRY)
RECORDS = Counter("trawl_records", "Records handled.", ["stage"], registry=REGISTRY)
PAGES = Counter("trawl_pages", "Pages visited, whatever came back.", ["stage"], registry=REGISTRY)
REJECTS = Counter("trawl_dead_letters", "Messages and records that could not be used.", ["stage"], registry=REGISTRY)
OUTPUTS = Counter("trawl_outputs", "Events published.", ["stage"], registry=REGISTRY)
STEP_SECONDS = Summary(
    "trawl_step_seconds", "One batch, from decoding to acknowledgement.", ["stage"], registry=REGISTRY
)
UNREADABLE = Counter(
    "trawl_unreadable_values", "Values that cleaning left out: they are not of their field's type.", registry=REGISTRY
)
SERIES = Gauge("trawl_series", "Series that the trends worker remembers.", registry=REGISTRY)
SERIES_RETIRED = Counter(
    "trawl_series_retired", "Series forgotten to make room: TRAWL_TREND_SERIES is too small.", registry=REGISTRY
)
KEYS_FORGOTTEN = Counter(
    "trawl_record_keys_forgotten",
    "Record keys whose last version was forgotten to make room: TRAWL_TREND_SERIES is too small.",
    registry=REGISTRY,
)
LAG_MESSAGES = Gauge("trawl_lag_messages", "Messages that wait for a stage.", ["stage", "topic"], registry=REGISTRY)
LAG_SECONDS = Gauge(
    "trawl_lag_seconds", "For how long the oldest of them has waited.", ["stage", "topic"], registry=REGISTRY
)
AUDIT_POSITION = Gauge("trawl_audit_position", "Seals of the audit log, where it is this process that seals.",
                       registry=REGISTRY)  # fmt: skip
MEMORY = Gauge("trawl_memory_bytes", "Resident memory of the process.", registry=REGISTRY)
CPU = Gauge("trawl_cpu_seconds", "Processor time of the process.", registry=REGISTRY)


class StageMeter:
    """Counts one stage's steps for the pump."""

    def __init__(self, stage: str, topic: str) -> None:
        self._messages = MESSAGES.labels(stage, topic)
        self._records = RECORDS.labels(stage)
        self._rejects = REJECTS.labels(stage)
        self._outputs = OUTPUTS.labels(stage)
        self._seconds = STEP_SECONDS.labels(stage)

    def seen(self, messages: int, records: int, rejects: int, outputs: int, seconds: float) -> None:
        """One step was done."""
        self._messages.inc(messages)
        self._records.inc(records)
        self._rejects.inc(rejects)
        self._outputs.inc(outputs)
        self._seconds.observe(seconds)


class SeriesMeter:
    """Counts what trends remembers."""

    def seen(self, known: int, retired: int, forgotten: int) -> None:
        """So many series are known at the moment, so many more were retired, and so many more record keys forgotten."""
        SERIES.set(known)
        SERIES_RETIRED.inc(retired)
        KEYS_FORGOTTEN.inc(forgotten)


def lag_seen(stage: str, topic: str, messages: int, seconds: float) -> None:
    """How far a stage is behind."""
    LAG_MESSAGES.labels(stage, topic).set(messages)
    LAG_SECONDS.labels(stage, topic).set(seconds)


class SendSoon(Protocol):
    """Publishes in the background, or drops and counts."""

    def send_soon(self, event: Event) -> bool:
        """False: dropped."""
        ...


async def report(process: str, publisher: SendSoon, clock: Callable[[], str], every: float = 1.0) -> None:
    """Publishes all samples of this process, for ever."""
    instance = f"{socket.gethostname()}:{os.getpid()}"
    own = psutil.Process()
    while True:
        MEMORY.set(own.memory_info().rss)
        times = own.cpu_times()
        CPU.set(times.user + times.system)
        publisher.send_soon(
            MetricSample(id=str(uuid.uuid4()), process=process, instance=instance, at=clock(), values=samples())
        )
        await asyncio.sleep(every)


def samples() -> dict[str, float]:
    """Prometheus sample name with labels → value; when they were created is nobody's question."""
    found = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = float(sample.value)
    return found
