"""What the outside provider's documents name may be no address at all."""

import pytest

from infra.http.provider import ProviderClient
from schemas.oidc import ProviderAway


@pytest.mark.parametrize("url", ["", "text", "https://[", "https://x:y/", "file:///etc/passwd"])
async def test_an_address_that_is_none_is_a_provider_that_is_away(url: str) -> None:
    async with ProviderClient("https://id.example") as client:
        with pytest.raises(ProviderAway):
            await client.get(url)
        with pytest.raises(ProviderAway):
            await client.post(url, {"code": "x"}, ("trawl", "hidden"))
