"""The package's one exception tree. Each class is an exit code, so that scripts can tell what went wrong."""


class CliError(Exception):
    """A command did not do what was asked; the text is one or two sentences that say what to do next."""

    exit_code = 1


class WrongUse(CliError):
    """The command was given something that it cannot mean."""

    exit_code = 2


class NotRunning(CliError):
    """Nothing answers where a gateway, an engine or a process was expected."""

    exit_code = 3


class RunFailed(CliError):
    """A run ended, but not as completed; or the demo's sums did not close."""

    exit_code = 4


class Refused(CliError):
    """The gateway answered and said no: the key, the rights or the request."""

    exit_code = 5


class Dismissed(Refused):
    """The gateway ended a stream that it had let in. Perhaps only the sign-in changed: whoever still may asks again."""


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""
