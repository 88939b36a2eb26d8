"""HTTP outward: the address guard, httpx's transport over aiohttp's connector, and the fetcher's exchange."""
