"""The package's one exception tree: what adapters raise instead of their drivers' errors."""


class InfraError(Exception):
    """Something around us is not as it must be; the text says what to do about it."""


class NotConfigured(InfraError):
    """An address or a secret is missing."""


class StoreUnavailable(InfraError):
    """A store does not answer; whoever asked waits and tries again, nothing is dropped."""


class StoreRefused(InfraError):
    """A store answered that it will not do this; trying again would not help."""


class Fenced(InfraError):
    """A newer owner has taken over: whoever sees this must stop at once and publish nothing more."""


class LogMoved(InfraError):
    """A topic was recreated or trimmed under us: stored offsets do not fit it. Nothing is skipped in silence."""
