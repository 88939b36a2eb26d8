"""The gateway as the commands see it: a client of the same REST interface that everyone has."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from cli.errors import CliError, NotRunning, Refused
from cli.place import certificate, gateway
from infra.tls import pinned

_TRIES, _PATIENCE = 5, 5
"""How often, and after how many seconds at most, a request is said again that was one too many."""


class Gateway:
    """One connection pool to one gateway. Every error is a CliError whose text says what to do."""

    def __init__(self, url: str, key: str, *, timeout: float = 15.0, certificate: Path | str | None = None) -> None:
        """`certificate` is the one that a gateway on this machine must show, if it speaks TLS."""
        self.url = url
        self.headers = {"X-API-Key": key}
        self.tls = pinned(Path(certificate)) if certificate else None
        # A proxy of the environment is for the world outside; a gateway is named on purpose.
        self._client = httpx.Client(base_url=url, headers=self.headers, timeout=timeout, trust_env=False,
                                    verify=self.tls or True)  # fmt: skip

    @classmethod
    def of(cls, data: Path | None, url: str | None) -> Self:
        """The gateway that the command line means."""
        return cls(*gateway(data, url), certificate=certificate(data, url))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None) -> Any:
        """The JSON answer. NotRunning when there is none, Refused when it is a no."""
        response = self._send(method, path, params, json)
        if response.is_error:
            raise _refusal(response)
        return response.json() if response.content else None

    def _send(self, method: str, path: str, params: Mapping[str, Any] | None, json: Any) -> httpx.Response:
        given = {name: value for name, value in (params or {}).items() if value is not None}
        for _ in range(_TRIES):
            response = self._request(method, path, given, json)
            seconds = response.headers.get("Retry-After", "")
            # Too many in a second is no refusal: what was not let in was not done, and may be said again.
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS or not seconds.isdecimal():
                break
            if int(seconds) > _PATIENCE:
                break
            time.sleep(int(seconds))
        return response

    def _request(self, method: str, path: str, given: Mapping[str, Any], json: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, params=given, json=json)
        except httpx.TimeoutException as problem:
            raise NotRunning(
                f"The gateway at {self.url} did not answer in time; `trawl status` says more."
            ) from problem
        except httpx.TransportError as problem:
            raise NotRunning(f"No gateway answers at {self.url}: is `trawl up` running?") from problem

    def download(self, path: str, params: Mapping[str, Any]) -> Iterator[bytes]:
        """A body of any length, as it comes."""
        given = {name: value for name, value in params.items() if value is not None}
        try:
            with self._client.stream("GET", path, params=given) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                yield from response.iter_bytes()
        except httpx.TransportError as problem:
            raise NotRunning(f"The gateway at {self.url} went away; what came until then is not whole.") from problem

    def health(self) -> dict[str, Any]:
        """What the gateway says of itself and what it depends on, well or not."""
        response = self._send("GET", "/health", None, None)
        if response.status_code not in (200, 503):
            raise _refusal(response)
        return dict(response.json())

    def scrape(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A new job and its first run."""
        return dict(self.ask("POST", "/api/v1/scrape", json=job))

    def start(self, job_id: str, *, force: bool = False) -> dict[str, Any]:
        """Another run of a job; Refused while one is open, unless `force`."""
        return dict(self.ask("POST", f"/api/v1/jobs/{job_id}/start", params={"force": str(force).lower()}))

    def job(self, job_id: str) -> dict[str, Any]:
        """A job with its newest run."""
        return dict(self.ask("GET", f"/api/v1/jobs/{job_id}"))

    def jobs(self, status: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """The newest jobs first."""
        return list(self.ask("GET", "/api/v1/jobs", params={"status": status, "limit": limit})["jobs"])

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Drops what a job still waits for."""
        return dict(self.ask("POST", f"/api/v1/jobs/{job_id}/cancel"))

    def urls(self, job_id: str, outcome: str | None, limit: int) -> list[dict[str, Any]]:
        """URLs of a job's newest run with their fate; `outcome` is an outcome or a class of them."""
        page = self.ask("GET", f"/api/v1/jobs/{job_id}/urls", params={"outcome": outcome, "limit": limit})
        return list(page["urls"])

    def trends(self, job_id: str) -> list[dict[str, Any]]:
        """What was noticed in a job's records, newest first, all of it."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.ask("GET", f"/api/v1/jobs/{job_id}/trends", params={"limit": 1000, "cursor": cursor})
            found += page["trends"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def records(self, job_id: str, limit: int, **choice: Any) -> Iterator[dict[str, Any]]:
        """Up to `limit` records of a job's newest run; `choice` is what else the address is asked with: `run_id`,
        `where`, `sort`."""
        cursor = None
        while limit > 0:
            params = choice | {"limit": min(limit, 1000), "cursor": cursor}
            page = self.ask("GET", f"/api/v1/jobs/{job_id}/records", params=params)
            yield from page["records"]
            limit -= len(page["records"])
            cursor = page.get("next_cursor")
            if cursor is None or not page["records"]:
                return


def _refusal(response: httpx.Response) -> CliError:
    """The gateway's own words, with each field that it found wrong."""
    try:
        error = response.json()["error"]
        sentences = [
            f"{fault['field']}: {fault['message']}" if fault["field"] else fault["message"]
            for fault in error["details"]["errors"]
        ]
        said = f"{error['message']} {'; '.join(sentences)}" if sentences != [error["message"]] else error["message"]
    except (ValueError, KeyError, TypeError):
        said = f"answer {response.status_code} that is not the gateway's. Is another program at this address?"
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return NotRunning(f"The gateway says: {said}")
    return Refused(f"The gateway says: {said}")
