"""SOCKS5 (RFC 1928) with a login by user and password (RFC 1929): agree, then connect.

    client                             proxy
      05 01 00                   ->                      nobody logs in; 05 01 02: user and password
                                 <-   05 00              agreed
      05 01 00 01 c0000201 03e1  ->                      connect to 192.0.2.1:993
                                 <-   05 00 00 01 00000000 0000

Always by address: the name was resolved and judged before, and the proxy is not to find another one.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from mailsettings.errors import Kind, NetworkError
from mailsettings.wire.exchange import HEAR, Exchange, Tell
from mailsettings.wire.text import quoted

_VERSION = 5
_NO_LOGIN, _PASSWORD = 0, 2  # methods (RFC 1928 §3)
_LOGIN_VERSION = 1  # of RFC 1929
_CONNECT = b"\x05\x01\x00"
_SIZES = {1: 4, 4: 16}  # bytes of an address by its type
_NAME = 3
# RFC 1928 §6. 6 is what Dante says where the server has not answered in time.
_REFUSALS = {
    1: (Kind.UNREACHABLE, "general failure"),
    2: (Kind.DENIED, "not allowed by its rules"),
    3: (Kind.UNREACHABLE, "network unreachable"),
    4: (Kind.UNREACHABLE, "host unreachable"),
    5: (Kind.REFUSED, "connection refused"),
    6: (Kind.CONNECT_TIMEOUT, "TTL expired"),
    7: (Kind.PROXY, "it cannot connect"),
    8: (Kind.UNREACHABLE, "this type of address is not supported"),
}


def agree(user: str, password: str) -> Exchange[None]:
    """Agree on a method, and log in if there is a *user*. NetworkError(PROXY)."""
    method = _PASSWORD if user else _NO_LOGIN
    got = bytearray()
    yield Tell(bytes((_VERSION, 1, method)))
    version, chosen = yield from _exactly(got, 2)
    if version != _VERSION:
        raise _garbage(bytes((version, chosen)) + got)
    if chosen != method:
        raise NetworkError(Kind.PROXY, "the login is not one it accepts" if user else "it wants a login")
    if user:
        yield from _log_in(got, user, password)
    if got:
        raise _garbage(bytes(got))  # nobody has asked for anything yet


def _log_in(got: bytearray, user: str, password: str) -> Exchange[None]:
    """Send *user* and *password*. NetworkError(PROXY) if they are refused."""
    if got:
        raise _garbage(bytes(got))  # an answer ahead of the question
    name, secret = user.encode(), password.encode()
    yield Tell(bytes((_LOGIN_VERSION, len(name))) + name + bytes((len(secret),)) + secret)
    _version, status = yield from _exactly(got, 2)  # some proxies send 5 as the version: only the status counts
    if status:
        raise NetworkError(Kind.PROXY, "it refused the login")


def connect(ip: IPv4Address | IPv6Address, port: int) -> Exchange[bytes]:
    """Ask for a connection to *ip*:*port*; return what the server has already said."""
    got = bytearray()
    yield Tell(_CONNECT + bytes((1 if ip.version == 4 else 4,)) + ip.packed + port.to_bytes(2, "big"))
    version, code, _reserved, type_ = yield from _exactly(got, 4)
    if version != _VERSION:
        raise _garbage(bytes((version, code, _reserved, type_)) + got)
    if code:
        kind, words = _REFUSALS.get(code, (Kind.UNREACHABLE, "unknown reason"))
        raise NetworkError(kind, f"{words} (SOCKS reply {code})")
    yield from _exactly(got, (yield from _address_size(got, type_)) + 2)  # where it connected from: nobody needs that
    return bytes(got)


def _address_size(got: bytearray, type_: int) -> Exchange[int]:
    """Return how many bytes an address of *type_* has."""
    if type_ == _NAME:
        return (yield from _exactly(got, 1))[0]
    if type_ not in _SIZES:
        raise NetworkError(Kind.PROXY, f"its answer has an address of type {type_}")
    return _SIZES[type_]


def _exactly(got: bytearray, count: int) -> Exchange[bytes]:
    """Take the next *count* bytes out of *got*, which is filled as needed."""
    while len(got) < count:
        got += yield HEAR
    taken = bytes(got[:count])
    del got[:count]
    return taken


def _garbage(data: bytes) -> NetworkError:
    return NetworkError(Kind.PROXY, f"{quoted(data)} is no SOCKS5")
