"""What keeps a file from being made."""


class ExportError(Exception):
    """The base of these errors; the text is for whoever asked."""


class TooLarge(ExportError):
    """The file has more bytes than one may have."""
