"""Metrics: what Prometheus reads; docs/operate.md says of each figure what it means.

Whatever is read here costs a few short questions to the database and to the system, and no walk through folders.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from studio import logs
from studio.domain.errors import StudioError
from studio.domain.job import JobState
from studio.flows.health import Room
from studio.flows.studio import Studio
from studio.jobs.beat import heard
from studio.recipes.machine import disk_free, gpus
from studio.store.counts import counts

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REFUSED_SIGN_INS = (401, 429)


class Figures:
    """What one web process counts, and what it finds out when it is asked."""

    def __init__(self, studio: Studio) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "studio_requests", "Requests, by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "studio_request_seconds", "Seconds until an answer began, by route.", ("route",), buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._refused = Counter("studio_sign_in_failures", "Refused sign-ins with a password.", registry=self.registry)
        self.registry.register(Workspace(studio))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if (route, method) == ("/signin", "POST") and status in REFUSED_SIGN_INS:
            self._refused.inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


@dataclass(eq=False)
class Workspace(Collector):
    """The figures of the workspace and of the machine, found out at each asking."""

    studio: Studio
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room(self.studio.workspace.root)

    def describe(self) -> Iterable[Metric]:
        return []  # nothing is asked of the database before somebody wants the figures

    def collect(self) -> Iterable[Metric]:
        yield from self._of_the_database()
        yield from self._of_the_supervisor()
        told = "What the web process logged as an error: something of the studio's own failed."
        yield CounterMetricFamily("studio_faults", told, logs.faults())
        yield _gauge("studio_disk_free_bytes", "Free bytes on the disk of the workspace.", disk_free(self.room.root))
        if (taken := self.room.now()) is not None:
            yield _gauge("studio_workspace_bytes", "Bytes of the workspace, counted every ten minutes.", taken)
        yield from _of_the_gpus()

    def _of_the_database(self) -> Iterable[Metric]:
        try:
            found = counts(self.studio.store)
        except StudioError:
            yield _gauge("studio_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("studio_database_up", "Whether the database answers.", 1)
        waiting = sum(number for (_, state), number in found.jobs.items() if state == JobState.QUEUED)
        yield _gauge("studio_queue_length", "Jobs that wait for their turn.", waiting)
        jobs = GaugeMetricFamily("studio_jobs", "Jobs, by kind and state.", labels=("kind", "state"))
        for kind_and_state, number in sorted(found.jobs.items()):
            jobs.add_metric(kind_and_state, number)
        yield jobs
        yield CounterMetricFamily("studio_attempts", "Attempts at jobs that were begun.", found.attempts)
        yield CounterMetricFamily("studio_votes", "Ratings that people gave.", found.ratings)

    def _of_the_supervisor(self) -> Iterable[Metric]:
        beat = heard(self.studio.workspace)
        if beat is None:
            return
        yield _gauge("studio_supervisor_beat_age_seconds", "Seconds since the supervisor was last heard.", beat.age)
        yield _gauge("studio_attempts_at_work", "Attempts that the supervisor carries out now.", beat.attempts)
        lag = "How many seconds old the newest news of a worker was when it came to the database; the most of any."
        yield _gauge("studio_event_lag_seconds", lag, beat.lag)


def _of_the_gpus() -> Iterable[Metric]:
    whole = GaugeMetricFamily("studio_gpu_memory_bytes", "Memory of each GPU.", labels=("gpu", "name"))
    used = GaugeMetricFamily("studio_gpu_memory_used_bytes", "Memory in use on each GPU.", labels=("gpu", "name"))
    for number, gpu in enumerate(gpus()):
        whole.add_metric((str(number), gpu.name), gpu.memory)
        used.add_metric((str(number), gpu.name), gpu.memory - gpu.free)
    return [whole, used] if whole.samples else []


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)
