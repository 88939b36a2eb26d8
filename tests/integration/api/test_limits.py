"""The product's own limits, at two gateways on one database, one of them behind a proxy that it trusts and with TLS."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from infra.local.ports import free_port
from infra.tls import pinned
from tests.integration.api.conftest import Served


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=trawl.example", "-keyout", str(files[1]), "-out", str(files[0])],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def strict(
    served: Served, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A second gateway with the shipped limits."""
    port, metrics_port = free_port(), free_port()
    environ = {name: value for name, value in served.environ.items() if name != "TRAWL_RATE_LIMITS"} | {
        "TRAWL_PORT": str(port),
        "TRAWL_METRICS_PORT": str(metrics_port),
        "TRAWL_TRUSTED_PROXIES": "127.0.0.0/8",
        "TRAWL_TLS_CERT": str(certificate[0]),
        "TRAWL_TLS_KEY": str(certificate[1]),
    }
    found = Served(environ, port, metrics_port, tmp_path_factory.mktemp("strict"), served.password)
    found.start()
    yield found
    found.stop()


def guess(served: Served, address: str, certificate: Path) -> httpx.Response:
    """A wrong password from behind the proxy."""
    with httpx.Client(verify=pinned(certificate), trust_env=False, timeout=60) as http:
        body = {"username": f"nobody-{uuid4()}", "password": "a guess of somebody"}
        url = f"https://{served.address}/api/v1/auth/login"
        return http.post(url, json=body, headers={"X-Forwarded-For": address})


def test_guesses_are_blocked_for_all_gateways_and_through_a_restart(
    strict: Served, certificate: tuple[Path, Path]
) -> None:
    address, cert = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::", certificate[0]
    answers = []
    for number in range(10):  # two a second, from ten addresses of one network
        answers.append(guess(strict, f"6.6.6.{number}, {address}{number}", cert))
        if number % 2:
            time.sleep(1.02)  # the pace is what is tried here, and the database's clock keeps it
    assert {answer.status_code for answer in answers} == {401}
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == list(range(9, -1, -1))
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"10"}
    assert "max-age" in answers[0].headers["strict-transport-security"]
    refused = guess(strict, f"{address}aa", cert)
    assert refused.status_code == 429 and 890 <= int(refused.headers["retry-after"]) <= 900
    assert refused.json()["error"]["details"]["limit"] == 10
    strict.stop(kill=True)
    strict.start()
    again = guess(strict, f"{address}ab", cert)
    assert again.status_code == 429 and 800 <= int(again.headers["retry-after"]) <= 900
    assert guess(strict, f"2001:db8:ffff:{uuid4().hex[:4]}::1", cert).status_code == 401


def test_what_one_gateway_gave_the_other_does_not(
    served: Served, strict: Served, certificate: tuple[Path, Path]
) -> None:
    with httpx.Client(verify=pinned(certificate[0]), trust_env=False, timeout=60) as http:
        body = {"username": "admin", "password": served.password}
        signed_in = http.post(f"http://{served.address}/api/v1/auth/login", json=body).json()
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
        left = [
            int(http.get(f"{where}/api/v1/auth/me", headers=headers).headers["x-ratelimit-remaining"])
            for where in (f"https://{strict.address}", f"http://{served.address}", f"https://{strict.address}")
        ]
        assert left[2] == left[0] - 2, "both took from one bucket"
