"""The package's one exception tree: httpx's, with a branch of our own wherever its leaves do not tell enough.

Whoever knows httpx catches what he knows (`httpx.ConnectError` for everything before a connection stands, and so
on); the exchange tells the branches apart. Each carries a sentence.
"""

import httpx


class AddressBlocked(httpx.ConnectError):
    """The address guard refused: nothing was sent anywhere."""


class NameNotResolved(httpx.ConnectError):
    """The host's name has no address, or nobody answered who knows it."""


class TlsFailed(httpx.ConnectError):
    """The connection stands but no trusted TLS session could be made over it."""


class ConnectionLost(httpx.RemoteProtocolError):
    """The peer went away without an answer, or in the middle of one."""


class HeadTooLarge(httpx.RemoteProtocolError):
    """A header line, or the status line, is longer than we read."""


class BodyTooLarge(httpx.DecodingError):
    """The body, as received or as decompressed, is larger than the caller's limit; reading stopped there."""


class TypeUnwanted(httpx.DecodingError):
    """The response is of a media type that the caller did not ask for; its body was not read."""


class BodyUndecodable(httpx.DecodingError):
    """The body is not what its Content-Encoding says, or ends in the middle of it."""
