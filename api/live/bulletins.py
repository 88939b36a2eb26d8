"""The frames of `/ws`: what the business-intelligence interface calls job updates, alerts and system metrics."""

import os
import time
from collections.abc import Collection
from datetime import UTC, datetime

from api.live.frames import Frame, frame
from api.metrics import Metrics
from api.services.progress import progress, status_of
from schemas.events import CleanBatch, MetricSample, RunEvent, Trend
from schemas.happenings import Happening
from schemas.heads import BatchHead
from schemas.moments import rfc3339


def job_update(event: RunEvent) -> Frame:
    """How a job's run goes. `progress` is per cent; when it will be over is not known from its events."""
    data = {
        "job_id": event.job_id,
        "status": status_of(event.state),
        "progress": progress(event.state, event.counts, event.max_pages).percent_complete,
        "records_collected": event.counts.stored,
        "estimated_completion": None,
    }
    return frame("job_update", data, event.id)


def alert(trend: Trend) -> Frame:
    """Something was noticed in a series."""
    data = {
        "alert_id": trend.id,
        "severity": "critical" if trend.confidence >= 0.99 else "warning",
        "title": f"{trend.kind} in {trend.dataset}",
        "message": trend.sentence,
        "triggered_at": trend.at,
    }
    return frame("alert", data, trend.id)


def data_update(batch: CleanBatch | BatchHead) -> Frame:
    """Records of a page have arrived."""
    data = {
        "job_id": batch.job_id,
        "dataset": batch.dataset,
        "url": batch.url,
        "records": len(batch.records),
        "fetched_at": batch.fetched_at,
    }
    return frame("data_update", data, batch.id)


def notification(told: Happening) -> Frame:
    """What a webhook is told, in its form: a run's end, a trend, records that are new, changed or gone."""
    data = {"type": told.event, "timestamp": told.data["at"], "summary": told.summary, "data": told.data}
    return frame("notification", data, told.event_id)


class SystemMetrics:
    """How the system is, from the samples that its processes publish: processor and memory of all of them, as shares
    of this machine's."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._before: tuple[float, dict[tuple[str, str], float], float] | None = None

    def frame(self, samples: Collection[MetricSample]) -> Frame:
        """As of now; what is counted over time is zero in the first one."""
        now, requests = time.monotonic(), self._requests()
        spent = {(each.process, each.instance): each.values.get("trawl_cpu_seconds", 0.0) for each in samples}
        memory = sum(each.values.get("trawl_memory_bytes", 0.0) for each in samples)
        cpu = rate = 0.0
        if self._before:
            at, spent_before, requests_before = self._before
            passed = max(now - at, 1e-3)
            used = sum(max(0.0, seconds - spent_before.get(key, seconds)) for key, seconds in spent.items())
            cpu, rate = 100 * used / passed / (os.cpu_count() or 1), 60 * (requests - requests_before) / passed
        self._before = now, spent, requests
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        data = {
            "timestamp": rfc3339(datetime.now(UTC)),
            "cpu_percent": round(cpu, 1),
            "memory_percent": round(100 * memory / physical, 1),
            "active_connections": int(self._metrics.registry.get_sample_value("trawl_sockets") or 0),
            "requests_per_minute": round(rate),
        }
        return frame("system_metrics", data)

    def _requests(self) -> float:
        return sum(
            sample.value
            for family in self._metrics.requests.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        )
