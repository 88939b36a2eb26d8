"""Asks an OpenID Connect provider over HTTP, through the address guard."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote_plus, urlsplit

import httpx
import orjson

from infra.http.guard import AddressGuard
from infra.http.transport import GuardedTransport
from schemas.oidc import ProviderAnswer, ProviderAway

MAX_ANSWER = 256_000
_TIMEOUT = httpx.Timeout(5.0)


class ProviderClient:
    """The gateway's `Provider`. The operator names the issuer, so that its host alone may be private: whatever else
    its documents name must be public, like any address that a stranger gives us."""

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._transport = GuardedTransport(AddressGuard([f"{host}:{port}"]))
        self._client = httpx.AsyncClient(
            transport=self._transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str) -> ProviderAnswer:
        """A JSON document."""
        return await self._ask("GET", url)

    async def post(self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None) -> ProviderAnswer:
        """A form; id and secret of HTTP Basic are form-encoded first (RFC 6749, 2.3.1)."""
        return await self._ask("POST", url, form, basic)

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> ProviderAnswer:
        try:
            request = httpx.Request(method, url, data=form, headers={"Accept": "application/json"})
            if basic:
                shown = httpx.BasicAuth(quote_plus(basic[0]), quote_plus(basic[1]))
                request = next(shown.auth_flow(request))
            request.extensions = {"timeout": _TIMEOUT.as_dict()}
            response = await self._client.send(request, stream=True)
            try:
                content = await _bounded(response)
            finally:
                await response.aclose()
            found = orjson.loads(content)
        except orjson.JSONDecodeError as problem:
            raise ProviderAway("The identity provider's answer is not JSON.") from problem
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
            raise ProviderAway(f"The identity provider does not answer: {problem}") from problem
        if not isinstance(found, dict):
            raise ProviderAway("The identity provider's answer is not a JSON object.")
        return ProviderAnswer(response.status_code, found)


async def _bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > MAX_ANSWER:
            raise ProviderAway(f"The identity provider's answer is over {MAX_ANSWER} bytes.")
    return bytes(content)
