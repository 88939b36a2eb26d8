"""The server's side of TLS: which versions and ciphers, and a certificate that can be replaced while it is used."""

import asyncio
import signal
import ssl
from pathlib import Path

import structlog

from infra.errors import NotConfigured

log = structlog.get_logger()

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""What Mozilla's intermediate configuration (5.7) leaves of TLS 1.2 for a key exchange that elliptic curves do: forward
secret and authenticated. The ciphers of TLS 1.3 are all of that kind."""


class Certificate:
    """A certificate with its key. Connections that stand keep what they began with."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self.context = _context()

    @classmethod
    def of(cls, certificate: Path | None, key: Path | None) -> "Certificate | None":
        """The certificate that the settings name, read; None where they name none. NotConfigured for half of one."""
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            raise NotConfigured("TLS needs both: set TRAWL_TLS_CERT and TRAWL_TLS_KEY, or neither.")
        found = cls(certificate, key)
        found.read()
        return found

    def read(self) -> None:
        """Reads both files, now or again. NotConfigured says what is wrong; what was read before stays in use."""
        certificate, key = self._files
        try:
            _context().load_cert_chain(certificate, key, password=_no_password)
            self.context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ssl.SSLError) as problem:
            raise NotConfigured(
                f"TLS cannot use {certificate} with {key} ({problem}): TRAWL_TLS_CERT must name a PEM file with the "
                "certificate and what stands between it and its root, TRAWL_TLS_KEY its key, without a password."
            ) from problem

    def read_again_when_told(self) -> None:
        """Reads both files at SIGHUP. What cannot be used is logged, and the old certificate stays."""

        def told() -> None:
            try:
                self.read()
                log.info("certificate_read", file=str(self._files[0]))
            except NotConfigured as problem:
                log.error("certificate_not_read", error=str(problem))

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told)


def pinned(certificate: Path) -> ssl.SSLContext:
    """For a client of this very machine: it believes the certificate in this file and no other, whatever name it is
    for, since 127.0.0.1 is nobody's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what stands there need not be its own root
    try:
        context.load_verify_locations(certificate)
    except (OSError, ssl.SSLError) as problem:
        raise NotConfigured(f"The gateway's certificate {certificate} cannot be read ({problem}).") from problem
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    """Nobody is asked at a terminal that a service does not have."""
    return ""
