"""What each code of an error means and what to do about it: the list to which every error leads."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.errors import Code

PAGE = "/docs/errors"


@dataclass(frozen=True, slots=True)
class Meaning:
    """With which statuses a code comes, why, and what whoever gets it can do."""

    statuses: tuple[int, ...]
    why: str
    what_to_do: str


MEANINGS: Mapping[Code, Meaning] = {
    "BAD_REQUEST": Meaning(
        (400, 405, 416),
        "The request could not be read: its body is not JSON, its version or its method does not exist here.",
        "Mend what details.errors names; /docs lists every address with its methods and bodies.",
    ),
    "AUTHENTICATION_REQUIRED": Meaning(
        (401,),
        "Nobody is signed in, or the credential is not good any more.",
        "Sign in at /auth/login and send Authorization: Bearer with the access token, or send an API key as X-API-Key.",
    ),
    "INVALID_CREDENTIALS": Meaning(
        (401,),
        "A password, a code of the second factor, or a mailed link is wrong or was used before.",
        "Try again with the right one; details.mfa_required says that a code is asked for. Wrong tries are counted.",
    ),
    "TOKEN_EXPIRED": Meaning(
        (401,),
        "The access token was good, and its time is over.",
        "Refresh it at /auth/refresh, or sign in again.",
    ),
    "INSUFFICIENT_PERMISSIONS": Meaning(
        (403,),
        "You are signed in, and may not do this.",
        "Do what the message says; for details.required_permissions, ask an administrator.",
    ),
    "RESOURCE_NOT_FOUND": Meaning(
        (404,),
        "There is nothing at this address, or it is somebody else's: the two look the same.",
        "Look at the id, and at who you are signed in as (/auth/me).",
    ),
    "REQUEST_TIMEOUT": Meaning(
        (408,),
        "The request took longer to arrive, or its answer to be made, than is waited for.",
        "Where details name a job, it goes on: ask for it. Else send the request again, faster.",
    ),
    "CONFLICT": Meaning(
        (409,),
        "It is possible, but not in the state that the object is in.",
        "Read the object again, and do what the message says first.",
    ),
    "PRECONDITION_FAILED": Meaning(
        (412,),
        "The object has changed since you read it (If-Match).",
        "Read it again, and send your change with its new ETag.",
    ),
    "PAYLOAD_TOO_LARGE": Meaning(
        (413,),
        "The request's body is larger than this address takes.",
        "Send it in several parts.",
    ),
    "VALIDATION_ERROR": Meaning(
        (422,),
        "The request was read, and a field in it is not valid.",
        "Mend every field that details.errors names; its code says in which way it is wrong.",
    ),
    "RATE_LIMIT_EXCEEDED": Meaning(
        (429,),
        "You ask more often than you may, or have as much as you may have (details.quota).",
        "Come back after as many seconds as Retry-After says; X-RateLimit-Remaining says how many requests are left.",
    ),
    "SERVER_ERROR": Meaning(
        (500,),
        "Something failed here, and it is not your request's fault.",
        "Tell whoever runs this gateway the metadata.request_id: the log has it.",
    ),
    "SERVICE_UNAVAILABLE": Meaning(
        (503,),
        "A store does not answer, or there is too much to do just now.",
        "Send the same again after as many seconds as Retry-After says; /health tells how it stands.",
    ),
}
"""By status, as the page shows them."""


def anchor(code: str) -> str:
    """The code's place on the page."""
    return code.lower().replace("_", "-")


def address(code: str, home: str = "") -> str:
    """Where a code is explained: under `home`, else at whichever address the gateway was asked."""
    return f"{home}{PAGE}#{anchor(code)}"
