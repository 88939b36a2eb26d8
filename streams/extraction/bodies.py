"""Bodies that were too large for a message: fetched from where they are kept, before the page is read."""

from typing import Protocol

from msgspec.structs import replace

from schemas.events import FetchResult


class MissingBodyError(Exception):
    """The body is not where the message says; the text is a sentence for people."""


class Bodies(Protocol):
    """Where large bodies are kept. Raises what its store raises while it is away; waiting is the caller's."""

    async def get(self, ref: str) -> bytes | None:
        """The compressed body; None if it is not there, or not what was put there."""
        ...


async def whole(result: FetchResult, bodies: Bodies) -> FetchResult:
    """The result with its body in it. Raises MissingBodyError: nobody can read this page any more."""
    if not result.body_ref or result.body:
        return result
    body = await bodies.get(result.body_ref)
    if body is None:
        raise MissingBodyError(f"The page's body {result.body_ref} is not in the blob store, or is damaged there.")
    return replace(result, body=body)
