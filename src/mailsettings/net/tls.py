"""TLS for mail and documents: one context per process, one meaning per fault, the name compared by us.

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

WEB = ("http/1.1",)  # RFC 7301's registry; mail protocols have theirs in talk.py
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
# … and what some of them say beyond the kind.
_DETAILS = {"DH_KEY_TOO_SMALL": Detail.WEAK_DH}


async def secure(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
    """Start TLS on *stream* and make sure that the certificate is for *host*.

    Raises CertificateError when it is for other names only, NetworkError(ALPN) when the server chose a protocol that
    was not offered (ALPACA: it may be a server of another kind), NetworkError(TLS_… | NOT_TLS | CERTIFICATE_… |
    CLOSED).
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
    """Say which *names* a certificate has, at most *limit* of them."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"the certificate is for {', '.join(names[:limit]) or 'no DNS name'}{more}"


def fault(error: ssl.SSLError) -> NetworkError:
    """Return what *error* means, by OpenSSL's codes and symbols and never by its text."""
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = _BY_VERIFY_CODE.get(error.verify_code, FailureKind.CERTIFICATE_OTHER)
        return NetworkError(kind, error.verify_message)
    reason = error.reason or "unknown reason"
    kind, said = _BY_REASON.get(reason, FailureKind.TLS_FAILED), reason.lower().replace("_", " ")
    return NetworkError(kind, said, detail=_DETAILS.get(reason))


def context_for(ca_file: str, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """Return the context to wrap the *next* connection with, which will offer *alpn*.

    Raises NetworkError(TLS_FAILED) when there is no CA to trust. *ca_file* (PEM) replaces the system's store, which is
    OpenSSL's: SSL_CERT_FILE and SSL_CERT_DIR are honoured.
    """
    context = _context(ca_file, threading.get_ident(), alpn if sys.platform != "linux" else NO_ALPN)
    # A connection copies this list when it is made, and no other task of this thread runs between here and there: so
    # one context (35 ms, for its CAs) does for all protocols.
    context.set_alpn_protocols(list(alpn))
    return context


@cache
def _context(ca_file: str, _thread: int, _alpn: tuple[str, ...]) -> ssl.SSLContext:
    """Make a context; one per thread, see context_for."""
    context = _system_context() if not ca_file else _own_context(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # names.py compares names, after the chain has been verified
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags &= (
        ~ssl.VERIFY_X509_STRICT
    )  # set by default since 3.13: verdicts must not depend on Python's age
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def _own_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts the CAs of *ca_file* and no others."""
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
    if stands_for_bundle(paths):
        # OpenSSL looks into the directory by name of issuer when it meets one; parsing the bundle takes 30 ms.
        context.load_verify_locations(capath=paths.capath)
        return context
    context.set_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not _hashed(paths.capath):
        raise NetworkError(
            FailureKind.TLS_FAILED, "no CA certificates here: install ca-certificates or set SSL_CERT_FILE"
        )
    return context


def stands_for_bundle(paths: ssl.DefaultVerifyPaths) -> bool:
    """Say whether the system's directory of CAs has all that its bundle has: Debian's and Alpine's tools write both.

    Never where SSL_CERT_FILE or SSL_CERT_DIR names another place than the system's.
    """
    pairs = ((paths.cafile, paths.openssl_cafile), (paths.capath, paths.openssl_capath))
    if not all(found and Path(found).resolve() == Path(own).resolve() for found, own in pairs):
        return False
    return _hashed(paths.capath) >= Path(paths.cafile).read_bytes().count(b"-----BEGIN ")


def _hashed(directory: str | None) -> int:
    """Count the CAs that OpenSSL finds in *directory*: links such as 5ed36f99.0."""
    return len(list(Path(directory).glob("????????.[0-9]"))) if directory else 0
