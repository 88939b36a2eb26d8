"""What can go wrong when the local engines are run: each error is a sentence that says what to do next."""

from infra.errors import InfraError


class LocalError(InfraError):
    """The base of every error of `infra.local`; its text is meant for people."""


class FolderInUse(LocalError):
    """Another `trawl up` holds the data folder."""


class FolderUnusable(LocalError):
    """The data folder, or a place that an engine needs, cannot be created, read or trusted."""


class PortTaken(LocalError):
    """A port that something must listen on is in use."""


class DownloadFailed(LocalError):
    """A file could not be fetched; the part that did arrive is kept for the next try."""


class SumMismatch(LocalError):
    """A file's SHA-256 is not the pinned one; it is never used."""


class EngineMissing(LocalError):
    """A program that an engine needs is not installed, or too old."""


class EngineFailed(LocalError):
    """An engine could not be set up, or did not come up."""
