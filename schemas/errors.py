"""The package's one exception tree."""


class SchemaError(Exception):
    """Something that came from outside does not have the shape that was promised."""


class CodecError(SchemaError):
    """Bytes of a topic are not an event of that topic; `code` is stable for machines, the text is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class DeedDone(Exception):
    """What a request with an Idempotency-Key asks for was done by an earlier attempt, or is another attempt's to do."""
