r"""HTTP's CONNECT (RFC 9110 §9.3.6) with a login by Basic (RFC 7617); h11 reads the answer.

CONNECT 192.0.2.1:993 HTTP/1.1\r\nHost: 192.0.2.1:993\r\n\r\n    ->
                                                                 <-   HTTP/1.1 200 Connection established\r\n\r\n
"""

from __future__ import annotations

from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address

import h11

from mailsettings.errors import Kind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.wire.exchange import HEAR, Exchange, Tell

_BEGINNING = b"HTTP/"
_LOGIN_WANTED = 407
_KINDS = {504: Kind.CONNECT_TIMEOUT, _LOGIN_WANTED: Kind.PROXY}  # others by their first digit
_BY_CLASS = {3: Kind.PROXY, 4: Kind.DENIED, 5: Kind.UNREACHABLE}  # 3: a portal that wants something else first


def connect(ip: IPv4Address | IPv6Address, port: int, *, user: str, password: str, max_header: int) -> Exchange[bytes]:
    """Ask for a connection to *ip*:*port*; return what the server has already said.

    *max_header* is in bytes, of all that comes before the tunnel is open.
    """
    place = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    headers = [("Host", place)]
    if user:
        headers.append(("Proxy-Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"))
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_header)
    yield Tell(connection.send(h11.Request(method="CONNECT", target=place, headers=headers)) or b"")
    connection.send(h11.EndOfMessage())
    response = yield from _response(connection, max_header)
    if not 200 <= response.status_code < 300:
        raise _refusal(response, user)
    connection.next_event()  # the end of the message, whatever length it claims
    return bytes(connection.trailing_data[0])


def _response(connection: h11.Connection, max_header: int) -> Exchange[h11.Response]:
    """Return the head of the final answer; interim ones are read past, within *max_header*."""
    head = b""
    while not isinstance(event := _next(connection, head), h11.Response):
        if event is h11.NEED_DATA:
            if len(head) > max_header:
                raise NetworkError(Kind.PROXY, f"more than {max_header} bytes of headers")
            data = yield HEAR
            head += data
            if not head.startswith(_BEGINNING[: len(head)]):
                raise _garbage(head)  # h11 would wait for an empty line
            connection.receive_data(data)
    return event


def _next(connection: h11.Connection, head: bytes) -> object:
    try:
        return connection.next_event()
    except h11.RemoteProtocolError as error:
        raise _garbage(head) from error


def _garbage(head: bytes) -> NetworkError:
    return NetworkError(Kind.PROXY, "{} is no answer to CONNECT", quoting=quoted(head))


def _refusal(response: h11.Response, user: str) -> NetworkError:
    """Say what *response* means for the server, or for the proxy."""
    status = response.status_code
    kind = _KINDS.get(status) or _BY_CLASS.get(status // 100, Kind.PROXY)
    words = ("it refused the login" if user else "it wants a login") if status == _LOGIN_WANTED else "it answered"
    return NetworkError(kind, words, quoting=f"{status} {excerpt(response.reason)}".rstrip())
