"""Any error as a sentence and an exit code: what people see instead of a traceback."""

import os
import sys

from cli.errors import CliError


def wants_traceback() -> bool:
    """TRAWL_DEBUG=1 asks for the whole story; the supervised processes have it set, their logs are for that."""
    return os.environ.get("TRAWL_DEBUG", "") not in ("", "0")


def explain(problem: BaseException) -> tuple[str, int]:
    """The sentence to print and the exit code of `problem`."""
    if isinstance(problem, CliError):
        return str(problem), problem.exit_code
    if isinstance(problem, BaseExceptionGroup):
        return explain(problem.exceptions[0])
    known = _known_to_infra(problem) or _settings_error(problem)
    if known:
        return known
    if isinstance(problem, PermissionError):
        return f"{problem.filename}: no permission ({problem.strerror}).", 1
    return f"Unexpected {type(problem).__name__}: {problem}. TRAWL_DEBUG=1 shows where.", 1


def _known_to_infra(problem: BaseException) -> tuple[str, int] | None:
    # Asked of what is loaded already: an error of that room cannot exist otherwise, and `trawl --help` stays fast.
    local = sys.modules.get("infra.local.errors")
    if local is not None and isinstance(problem, local.LocalError):
        return str(problem), 1
    errors = sys.modules.get("infra.errors")
    if errors is None or not isinstance(problem, errors.InfraError):
        return None
    absent = (errors.NotConfigured, errors.StoreUnavailable)
    return str(problem), 3 if isinstance(problem, absent) else 1


def _settings_error(problem: BaseException) -> tuple[str, int] | None:
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(problem, pydantic.ValidationError):
        return None
    said = [f"TRAWL_{'.'.join(map(str, entry['loc'])).upper()}: {entry['msg']}" for entry in problem.errors()]
    return "A setting is wrong. " + "; ".join(said) + ".", 2
