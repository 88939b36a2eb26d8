"""What never gets into a log line, and what does."""

import time
from typing import Any

import pytest

from infra.redaction import HIDDEN, MOST_TEXT, plain

CANARY = "Kana4rie-vogel-Zwitschert-laut-im-Bergwerk7"
_JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm5hIiwiZXhwIjoxfQ.c2lnbmF0dXJlLXRoYXQtaXM"
assert len(CANARY) == 43, "as long as what we generate"


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "mfa_token", "Authorization", "cookie", "set-cookie", "client_secret", "key",
     "api_key", "X-API-Key", "refreshToken", "backup.otp", "seal_key"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["short", b"bytes", 123456, ["a"], {"deep": "er"}])
def test_a_value_under_such_a_name_is_hidden(name: str, value: Any) -> None:
    assert plain({"outer": [{name: value}]}) == {"outer": [{name: HIDDEN}]}


@pytest.mark.parametrize(
    "words",
    [
        f"refused {_JWT} again",
        f"key trawl_{CANARY} is revoked",
        f"a link with {CANARY} in it",
        f"GET /sign-in/{CANARY[:9]} failed",
        f"GET https://trawl.example/reset-password/{CANARY[:9]}?x=1 failed",
        f"next=%2FReset-Password%2F{CANARY[:9]}",
        f"GET /oidc/callback?state=x&code={CANARY[:9]} failed",
        f"/dashboards/overview?at=1&ticket={CANARY[:9]}.x",
        f"postgresql://trawl:{CANARY}@127.0.0.1/db does not answer",
        f"header Authorization: Bearer {CANARY[:20]}",
        f"password={CANARY[:12]} host=db",
        f'{{"new_password": "{CANARY[:12]}"}}',
        f"https://x.test/?a=1&access_token={CANARY[:12]}&b=2",
        f"-----BEGIN PRIVATE KEY-----\nMIIB{CANARY}\n-----END PRIVATE KEY-----",
    ],
)
def test_a_secret_is_known_by_its_looks(words: str) -> None:
    for given in (words, words.encode(), ValueError(words), [words], {"error": {"why": words}}):
        told = str(plain({"said": given}))
        assert HIDDEN in told
        assert CANARY[:9] not in told and _JWT[:30] not in told


@pytest.mark.parametrize(
    "words",
    [
        "run 16d1d67f-0028-5d26-add9-ea2c238801d0 is over",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "trawl_request_logs_dropped_total is 3",
        "https://shop.test/a-page-with-a-rather-long-name-and-no-secret-in-it-at-all?page=2",
        "it took 3 tries: 1, 2, 3",
    ],
)
def test_what_is_no_secret_stays(words: str) -> None:
    assert plain(words) == words


def test_names_that_only_sound_so_stay() -> None:
    told = {
        "key_id": "ab12",
        "keys_seen": 3,
        "monkey": "x",
        "author": "anna",
        "credentials_id": "7",
        "credential_id": 7,
    }
    assert plain(told) == told


def test_everything_becomes_something_that_json_can_carry_and_is_bounded() -> None:
    class Angry:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    endless: list[Any] = []
    endless.append(endless)
    told = plain(
        {"n": float("nan"), "big": 2**70, "huge": 10**5000, "a": Angry(), "e": endless, 7: {1, 2}, "b": b"\xff"}
    )
    assert (told["n"], told["big"], told["huge"]) == ("nan", str(2**70), "huge")
    assert "Angry" in told["a"] or "<" in told["a"]
    assert told["7"] == [1, 2] and told["b"] == "\\xff"
    assert len(plain("x" * 10**6)) <= MOST_TEXT + 1 and len(plain(list(range(1000)))) < 100


@pytest.mark.parametrize("piece", ["a", "a.", "token", "://", "eyJ", "-", "Bearer ", "trawl_", "key=", " "])
def test_no_text_makes_it_slow(piece: str) -> None:
    began = time.perf_counter()
    plain(piece * 64_000)
    assert time.perf_counter() - began < 20, "some milliseconds, and not the square of them"
