"""The exceptions of cleaning."""


class CleaningError(Exception):
    """Something of a record cannot be used; the text is a sentence for people."""


class UnreadableValueError(CleaningError):
    """A value is not of the type that its field has."""
