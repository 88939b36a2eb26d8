"""The package's one exception tree."""


class StreamError(Exception):
    """A stage cannot go on; its worker ends and says why."""


class LogMoved(StreamError):
    """Stored offsets do not fit the topic any more."""
