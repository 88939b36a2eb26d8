"""The package's one exception tree; each carries a sentence for people."""

from infra.errors import InfraError


class BrowserError(InfraError):
    """The browser could not do what was asked."""


class NoBrowser(BrowserError):
    """There is none here: trying again would not help."""


class NotStarted(BrowserError):
    """There is one, but it did not come up."""


class BrowserGone(BrowserError):
    """The browser ended under its pages."""
