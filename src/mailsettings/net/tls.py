"""TLS for mail and documents: one verifying context per thread, OpenSSL's errors typed, the name compared by us.

secure(stream, host, alpn)  =  stream.start_tls (chain, dates, version)  +  ALPN answer  +  name_matches
"""

from __future__ import annotations

import ssl
import sys
import threading
from functools import cache
from pathlib import Path

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.hostnames import name_matches
from mailsettings.model import TLSFacts
from mailsettings.net.certificates import CertificateError
from mailsettings.net.streams import Stream

WEB = ("http/1.1",)  # RFC 7301's registry; mail protocols have theirs in session.py
NO_ALPN = ()  # SMTP has no protocol id

# verify_code of OpenSSL (x509_vfy.h). A missing intermediate and an unknown CA are both 20: they cannot be told apart.
_BY_VERIFY_CODE = {
    2: FailureKind.CERTIFICATE_UNKNOWN_CA,
    9: FailureKind.CERTIFICATE_NOT_YET_VALID,
    10: FailureKind.CERTIFICATE_EXPIRED,
    18: FailureKind.CERTIFICATE_SELF_SIGNED,
    19: FailureKind.CERTIFICATE_SELF_SIGNED,
    20: FailureKind.CERTIFICATE_UNKNOWN_CA,
    21: FailureKind.CERTIFICATE_UNKNOWN_CA,
}
# OpenSSL's symbols for its reasons: stable names, unlike its messages.
_BY_REASON = {
    "WRONG_VERSION_NUMBER": FailureKind.NOT_TLS,
    "HTTP_REQUEST": FailureKind.NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": FailureKind.NOT_TLS,
    "RECORD_LAYER_FAILURE": FailureKind.NOT_TLS,
    "TLSV1_ALERT_PROTOCOL_VERSION": FailureKind.TLS_TOO_OLD,
    "UNSUPPORTED_PROTOCOL": FailureKind.TLS_TOO_OLD,
    "UNSUPPORTED_SSL_VERSION": FailureKind.TLS_TOO_OLD,
    "VERSION_TOO_LOW": FailureKind.TLS_TOO_OLD,
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": FailureKind.ALPN,
}
# What some of them say beyond the kind.
_DETAILS = {"DH_KEY_TOO_SMALL": Detail.WEAK_DH}


async def secure(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
    """Start TLS on *stream* and verify that the certificate is for *host*.

    Raises CertificateError if it is for other names only, NetworkError(ALPN) if the server chose a protocol that was
    not offered (ALPACA: it may be a server of another kind), NetworkError(TLS_… | NOT_TLS | CERTIFICATE_… | CLOSED).
    """
    facts = await stream.start_tls(host, alpn)
    if not name_matches(host, facts.names):
        raise CertificateError(FailureKind.CERTIFICATE_NAME, _abbreviated(facts.names), facts)
    if facts.alpn and facts.alpn not in alpn:
        raise NetworkError(
            FailureKind.ALPN, f"the server chose {facts.alpn!r}, offered was {', '.join(alpn) or 'nothing'}"
        )
    return facts


def _abbreviated(names: tuple[str, ...], limit: int = 8) -> str:
    """List the *names* of a certificate, at most *limit* of them."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"the certificate is for {', '.join(names[:limit]) or 'no DNS name'}{more}"


def fault(error: ssl.SSLError) -> NetworkError:
    """Convert *error* into a NetworkError, by OpenSSL's codes and symbols and never by its text."""
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = _BY_VERIFY_CODE.get(error.verify_code, FailureKind.CERTIFICATE_OTHER)
        return NetworkError(kind, error.verify_message)
    reason = error.reason or "unknown reason"
    kind, text = _BY_REASON.get(reason, FailureKind.TLS_FAILED), reason.lower().replace("_", " ")
    return NetworkError(kind, text, detail=_DETAILS.get(reason))


def context_for(ca_file: str, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """Return the context for the *next* connection, which will offer *alpn*.

    Raises NetworkError(TLS_FAILED) if there is no trusted CA. *ca_file* (PEM) replaces the system's store, which is
    OpenSSL's: SSL_CERT_FILE and SSL_CERT_DIR are honoured.
    """
    context = _context(ca_file, threading.get_ident(), alpn if sys.platform != "linux" else NO_ALPN)
    # A connection copies this list when it is created, and no other task of this thread runs in between: so one
    # context (35 ms, for its CAs) serves all protocols.
    context.set_alpn_protocols(list(alpn))
    return context


@cache
def _context(ca_file: str, _thread: int, _alpn: tuple[str, ...]) -> ssl.SSLContext:
    """Make a context; one per thread, see context_for."""
    context = _system_context() if not ca_file else _own_context(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # secure() compares names, after the chain has been verified
    context.verify_mode = ssl.CERT_REQUIRED
    # Set by default since Python 3.13: the result must not depend on Python's version.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def _own_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts only the CAs of *ca_file*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one: no PEM
        raise NetworkError(
            FailureKind.TLS_FAILED, f"the CA file {ca_file!r} cannot be used: {error.strerror}"
        ) from error
    return context


def _system_context() -> ssl.SSLContext:
    """Return a context that trusts what the system trusts."""
    if sys.platform != "linux":
        import truststore  # not installed elsewhere

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    if directory_covers_bundle(paths):
        # OpenSSL looks up an issuer in the directory when it needs it; parsing the bundle takes 30 ms.
        context.load_verify_locations(capath=paths.capath)
        return context
    context.set_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not _hashed(paths.capath):
        raise NetworkError(
            FailureKind.TLS_FAILED, "no CA certificates here: install ca-certificates or set SSL_CERT_FILE"
        )
    return context


def directory_covers_bundle(paths: ssl.DefaultVerifyPaths) -> bool:
    """Return whether the system's CA directory holds all CAs of its bundle: Debian's and Alpine's tools write both.

    False if SSL_CERT_FILE or SSL_CERT_DIR names another place than the system's.
    """
    pairs = ((paths.cafile, paths.openssl_cafile), (paths.capath, paths.openssl_capath))
    if not all(found and Path(found).resolve() == Path(own).resolve() for found, own in pairs):
        return False
    return _hashed(paths.capath) >= Path(paths.cafile).read_bytes().count(b"-----BEGIN ")


def _hashed(directory: str | None) -> int:
    """Count the CAs that OpenSSL finds in *directory*, by links such as 5ed36f99.0."""
    return len(list(Path(directory).glob("????????.[0-9]"))) if directory else 0
