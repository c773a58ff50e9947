r"""Request a connection from a proxy: SOCKS5 (RFC 1928, login: RFC 1929), or HTTP CONNECT (RFC 9110 §9.3.6).

    client                             proxy
      05 01 00                   ->                      without a login; 05 01 02: user and password
                                 <-   05 00              agreed
      05 01 00 01 c0000201 03e1  ->                      connect to 192.0.2.1:993
                                 <-   05 00 00 01 00000000 0000

    CONNECT 192.0.2.1:993 HTTP/1.1\r\nHost: 192.0.2.1:993\r\n\r\n    ->      with a login by Basic (RFC 7617)
                                 <-   HTTP/1.1 200 Connection established\r\n\r\n

Always by address: the name was resolved and checked before, and the proxy must not resolve it differently. NetworkError
is PROXY for a fault of the proxy itself, otherwise what it reports of the server. Bytes after its reply come from the
server. The runner sets the timeouts, and raises CLOSED at the end of the stream.
"""

from __future__ import annotations

from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.protocols.dialogue import CommandGenerator, SendBytes, read_bytes

if TYPE_CHECKING:
    import h11

_SOCKS5 = 5
_NO_LOGIN, _PASSWORD = 0, 2  # methods (RFC 1928 §3)
_LOGIN_VERSION = 1  # of RFC 1929
_SOCKS_CONNECT = b"\x05\x01\x00"
_SIZES = {1: 4, 4: 16}  # bytes of an address by its type
_DOMAIN_NAME = 3
# RFC 1928 §6. Dante replies 6 if the server has timed out.
_SOCKS_REFUSALS = {
    1: (FailureKind.UNREACHABLE, "general failure"),
    2: (FailureKind.DENIED, "not allowed by its rules"),
    3: (FailureKind.UNREACHABLE, "network unreachable"),
    4: (FailureKind.UNREACHABLE, "host unreachable"),
    5: (FailureKind.REFUSED, "connection refused"),
    6: (FailureKind.CONNECT_TIMEOUT, "TTL expired"),
    7: (FailureKind.PROXY, "it cannot connect"),
    8: (FailureKind.UNREACHABLE, "this type of address is not supported"),
}

_HTTP_PREFIX = b"HTTP/"
_AUTH_REQUIRED = 407
# Others by their first digit; 3 is a captive portal.
_HTTP_KINDS = {504: FailureKind.CONNECT_TIMEOUT, _AUTH_REQUIRED: FailureKind.PROXY}
_HTTP_CLASSES = {3: FailureKind.PROXY, 4: FailureKind.DENIED, 5: FailureKind.UNREACHABLE}


def socks_negotiate(user: str, password: str) -> CommandGenerator[None]:
    """Negotiate a method, and log in if there is a *user*. NetworkError(PROXY)."""
    method = _PASSWORD if user else _NO_LOGIN
    buffer = bytearray()
    yield SendBytes(bytes((_SOCKS5, 1, method)))
    version, chosen = yield from _read_exactly(buffer, 2)
    if version != _SOCKS5:
        raise _not_socks(bytes((version, chosen)) + buffer)
    if chosen != method:
        raise NetworkError(FailureKind.PROXY, "the login is not one it accepts" if user else "it wants a login")
    if user:
        yield from _log_in(buffer, user, password)
    if buffer:
        raise _not_socks(bytes(buffer))  # bytes before any request


def _log_in(buffer: bytearray, user: str, password: str) -> CommandGenerator[None]:
    """Send *user* and *password*. NetworkError(PROXY) if they are refused."""
    if buffer:
        raise _not_socks(bytes(buffer))  # a reply before the request
    name, secret = user.encode(), password.encode()
    yield SendBytes(bytes((_LOGIN_VERSION, len(name))) + name + bytes((len(secret),)) + secret)
    # Some proxies send 5 as the version: only the status counts.
    _version, status = yield from _read_exactly(buffer, 2)
    if status:
        raise NetworkError(FailureKind.PROXY, "it refused the login")


def socks_connect(ip: IPv4Address | IPv6Address, port: int) -> CommandGenerator[bytes]:
    """Request a connection to *ip*:*port*; return the bytes that the server has already sent."""
    buffer = bytearray()
    yield SendBytes(_SOCKS_CONNECT + bytes((1 if ip.version == 4 else 4,)) + ip.packed + port.to_bytes(2, "big"))
    version, code, _reserved, type_ = yield from _read_exactly(buffer, 4)
    if version != _SOCKS5:
        raise _not_socks(bytes((version, code, _reserved, type_)) + buffer)
    if code:
        kind, text = _SOCKS_REFUSALS.get(code, (FailureKind.UNREACHABLE, "unknown reason"))
        raise NetworkError(kind, f"{text} (SOCKS reply {code})")
    size = yield from _address_size(buffer, type_)
    yield from _read_exactly(buffer, size + 2)  # the proxy's own address and port: unused
    return bytes(buffer)


def _address_size(buffer: bytearray, type_: int) -> CommandGenerator[int]:
    """Return the length of an address of *type_* in bytes."""
    if type_ == _DOMAIN_NAME:
        return (yield from _read_exactly(buffer, 1))[0]
    if type_ not in _SIZES:
        raise NetworkError(FailureKind.PROXY, f"its answer has an address of type {type_}")
    return _SIZES[type_]


def _read_exactly(buffer: bytearray, count: int) -> CommandGenerator[bytes]:
    """Remove the next *count* bytes from *buffer*, reading more as needed."""
    while len(buffer) < count:
        buffer += yield from read_bytes()
    taken = bytes(buffer[:count])
    del buffer[:count]
    return taken


def _not_socks(data: bytes) -> NetworkError:
    return NetworkError(FailureKind.PROXY, "{} is no SOCKS5", quoting=quoted(data))


def http_connect(
    ip: IPv4Address | IPv6Address, port: int, *, user: str, password: str, max_header: int
) -> CommandGenerator[bytes]:
    """Request a connection to *ip*:*port*; return the bytes that the server has already sent.

    *max_header* limits the bytes received before the tunnel is open.
    """
    import h11

    authority = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    headers = [("Host", authority)]
    if user:
        headers.append(("Proxy-Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"))
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_header)
    yield SendBytes(connection.send(h11.Request(method="CONNECT", target=authority, headers=headers)) or b"")
    connection.send(h11.EndOfMessage())
    response = yield from _http_response(connection, max_header)
    if not 200 <= response.status_code < 300:
        raise _http_refusal(response, user)
    connection.next_event()  # the end of the message, whatever length it announces
    return bytes(connection.trailing_data[0])


def _http_response(connection: h11.Connection, max_header: int) -> CommandGenerator[h11.Response]:
    """Return the head of the final response; interim ones are skipped, within *max_header*."""
    import h11

    head = b""
    while not isinstance(event := _next_event(connection, head), h11.Response):
        if event is h11.NEED_DATA:
            if len(head) > max_header:
                raise NetworkError(FailureKind.PROXY, f"more than {max_header} bytes of headers")
            data = yield from read_bytes()
            head += data
            if not head.startswith(_HTTP_PREFIX[: len(head)]):
                raise _not_http(head)  # h11 would wait for an empty line
            connection.receive_data(data)
    return event


def _next_event(connection: h11.Connection, head: bytes) -> object:
    import h11

    try:
        return connection.next_event()
    except h11.RemoteProtocolError as error:
        raise _not_http(head) from error


def _not_http(head: bytes) -> NetworkError:
    return NetworkError(FailureKind.PROXY, "{} is no answer to CONNECT", quoting=quoted(head))


def _http_refusal(response: h11.Response, user: str) -> NetworkError:
    """Return the error for *response*: of the server, or of the proxy."""
    status = response.status_code
    kind = _HTTP_KINDS.get(status) or _HTTP_CLASSES.get(status // 100, FailureKind.PROXY)
    text = ("it refused the login" if user else "it wants a login") if status == _AUTH_REQUIRED else "it answered"
    return NetworkError(kind, text, quoting=f"{status} {excerpt(response.reason)}".rstrip())
