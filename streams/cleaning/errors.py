"""The exceptions of cleaning."""


class CleaningError(Exception):
    """Something of a record cannot be used; the text is a sentence for people."""


class UnreadableValueError(CleaningError):
    """A value is not of the type that its field has."""


class UnusableRulesError(CleaningError):
    """The rules of a batch cannot be applied: no job has such ones, but anyone may write a batch."""
