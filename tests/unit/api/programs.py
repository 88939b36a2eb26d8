"""A registered OAuth2 client, as a test plays it."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.unit.api.conftest import PASSWORD, Client

BACK = "https://board.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
OURS = {"Origin": "http://gateway.test"}
HTML = {"Accept": "text/html"}


@dataclass
class Program:
    """A registered client, and what it does."""

    client: Client
    id: str
    secret: str | None

    @property
    def asking(self) -> dict[str, str]:
        return {"response_type": "code", "client_id": self.id, "redirect_uri": BACK, "scope": "read_data manage_jobs",
                "state": "a state", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}  # fmt: skip

    async def answer(
        self, decision: str = "allow", headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        form = {**self.asking, **more, "decision": decision}
        return await self.client.http.post("/oauth/authorize", data=form, headers=OURS if headers is None else headers)

    async def code(self, **more: Any) -> str:
        return told(await self.answer(**more))["code"]

    async def token(self, path: str = "token", **form: str) -> httpx.Response:
        shown = {"client_id": self.id} if self.secret is None else {}
        auth = None if self.secret is None else httpx.BasicAuth(self.id, self.secret)
        return await self.client.http.post(f"/oauth/{path}", data={**shown, **form}, auth=auth)  # type: ignore[arg-type]

    async def redeem(self, code: str, **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return await self.token(**{**form, **more})

    async def granted(self, **more: Any) -> dict[str, str]:
        answer = await self.redeem(await self.code(**more))
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    async def refresh(self, token: str, **more: str) -> httpx.Response:
        return await self.token(grant_type="refresh_token", refresh_token=token, **more)


def told(answer: httpx.Response) -> dict[str, str]:
    """What the browser carries back to the client."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(BACK), answer.headers["location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def bearer(granted: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {granted['access_token']}"}


async def register(client: Client, **fields: Any) -> Program:
    wanted = {"name": "board", "redirect_uris": [BACK], "scopes": ["read_data", "manage_jobs"], **fields}
    client.http.cookies.clear()
    headers = await client.headers("root")
    answer = await client.http.post("/api/v1/oauth/clients", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Program(client, made["client_id"], made["client_secret"])


async def sign_in(client: Client, username: str = "anna") -> None:
    client.http.cookies.clear()
    answer = await client.http.post("/sign-in", data={"username": username, "password": PASSWORD}, headers=OURS)
    assert answer.status_code == 303, answer.text
