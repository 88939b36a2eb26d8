"""ClickHouse's exceptions, as its HTTP interface tells them."""

import re
from http import HTTPStatus

UNKNOWN_EXCEPTION = 1002
CANNOT_READ = 27
SYNTAX_ERROR = 62
TOO_MANY_QUERIES = 202
AUTHENTICATION_FAILED = 516
_CODE = re.compile(r"Code: (\d+)\. ")
_STATUS = {
    SYNTAX_ERROR: HTTPStatus.BAD_REQUEST,
    CANNOT_READ: HTTPStatus.BAD_REQUEST,
    60: HTTPStatus.NOT_FOUND,  # UNKNOWN_TABLE
    81: HTTPStatus.NOT_FOUND,  # UNKNOWN_DATABASE
    159: HTTPStatus.REQUEST_TIMEOUT,  # TIMEOUT_EXCEEDED
    TOO_MANY_QUERIES: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refused(Exception):
    """A request that gets an exception for an answer: HTTP status, ClickHouse's code, text."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


def from_engine(error: Exception) -> Refused:
    """The engine's error, with the words of its Python wrapping taken off."""
    text = str(error)
    found = _CODE.search(text)
    if not found:
        return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, UNKNOWN_EXCEPTION, f"Code: {UNKNOWN_EXCEPTION}. {text}")
    code = int(found[1])
    return Refused(_STATUS.get(code, HTTPStatus.INTERNAL_SERVER_ERROR), code, text[found.start() :])


def cannot_read(text: str) -> Refused:
    """A body that is not what its headers say."""
    return _ours(HTTPStatus.BAD_REQUEST, CANNOT_READ, text)


def bad_request(text: str) -> Refused:
    """A parameter that makes no sense."""
    return _ours(HTTPStatus.BAD_REQUEST, SYNTAX_ERROR, text)


def wrong_password() -> Refused:
    """The same answer for a wrong user, a wrong password and none."""
    return _ours(HTTPStatus.FORBIDDEN, AUTHENTICATION_FAILED, "Authentication failed: wrong user or password.")


def too_many(limit: int) -> Refused:
    """As many queries as may wait are waiting."""
    return _ours(HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY_QUERIES, f"Too many queries: {limit} wait already.")


def _ours(status: int, code: int, text: str) -> Refused:
    return Refused(status, code, f"Code: {code}. DB::Exception: {text}")
