"""A point at which a worker may be stopped, killed or overtaken."""

from collections.abc import Generator


class Pause:
    """Awaiting it gives the turn back to whoever steps the coroutine: an event loop, or the model's scheduler."""

    def __await__(self) -> Generator[None, None, None]:
        yield
