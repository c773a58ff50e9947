"""DNS through a proxy: over TCP, for no proxy here carries UDP.

192.0.2.1          DNS over TCP (RFC 7766), in the proxy's sight, so that no signature is believed
tls://, https://   as ever, inside TLS that ends at the name server
(nothing)          the system's name servers, except those on this machine: the proxy would ask its own machine instead
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from ipaddress import ip_address

import anyio

from mailsettings.errors import Kind, NetworkError
from mailsettings.interfaces import Answer, Question
from mailsettings.net.dns.message import Query, Response
from mailsettings.net.dns.nameservers import Nameserver, Way, system_nameservers
from mailsettings.net.dns.resolver import Resolver
from mailsettings.net.dns.transports import ByTLS, Carrier, Kept
from mailsettings.net.tcp import Connect, TCPStream
from mailsettings.policy import IPAddress, Policy

_REFUSED = 5  # RFC 1035 §4.1.1
_ADVICE = "name another with --resolver, or let DNS go past the proxy with --dns-past-proxy"


class ByTCP:
    """Plain DNS over TCP, on connections that are kept."""

    round_trips = 4

    def __init__(self, nameserver: Nameserver, connect: Connect) -> None:
        self._nameserver = nameserver
        self._connect = connect
        self._kept = Kept(self._open)

    async def exchange(self, query: Query) -> Response:
        response = await self._kept.exchange(query)
        if response.rcode == _REFUSED:
            # A resolver's word on who asks, not on what: those of Internet providers know their customers only.
            raise NetworkError(
                Kind.PROXY, f"the name server {self._nameserver.host} refuses whoever asks from there: {_ADVICE}"
            )
        return response

    async def _open(self) -> TCPStream:
        return await self._connect(ip_address(self._nameserver.host), self._nameserver.port)

    async def aclose(self) -> None:
        await self._kept.aclose()


class Nobody:
    """Stands where no name server can be asked through the proxy."""

    round_trips = 1

    async def exchange(self, query: Query) -> Response:  # noqa: ARG002 - nobody is asked
        raise NetworkError(Kind.PROXY, f"no name server of this machine can be asked through the proxy: {_ADVICE}")

    async def aclose(self) -> None:
        """Nothing is open."""


def resolver_through(
    connect: Connect, policy: Policy, nameserver: Nameserver | None, system: tuple[Nameserver, ...] | None = None
) -> Resolver:
    """Return a resolver that asks *nameserver*, or the *system*'s, by *connect* and in no other way."""
    way = _blaming_the_proxy(connect, policy.dns_lifetime)
    # The way to the proxy takes its time as well, as for every connection.
    patient = policy.with_(dns_lifetime=policy.dns_lifetime + policy.proxy_timeout)
    if nameserver is None:
        known = system_nameservers() if system is None else system
        servers = tuple(ByTCP(server, way) for server in known if _elsewhere(server))
        return Resolver(servers or (Nobody(),), patient, trusted=False)
    if nameserver.way is Way.UDP:
        return Resolver((ByTCP(nameserver, way),), patient, trusted=False)

    async def ask(question: Question) -> Answer:
        """Find a name server that is given by name."""
        async with aclosing(resolver_through(connect, policy, None, system)) as resolver:
            return await resolver.ask(question)

    return Resolver((_encrypted(nameserver, patient, _Way(ask, way)),), patient, trusted=True)


class _Way:
    """A Transport that leads to a name server."""

    def __init__(self, ask: Callable[[Question], Awaitable[Answer]], connect: Connect) -> None:
        self._ask = ask
        self._connect = connect

    async def ask(self, question: Question) -> Answer:
        return await self._ask(question)

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        return await self._connect(ip, port)

    async def aclose(self) -> None:
        """Nothing is open."""


def _encrypted(nameserver: Nameserver, policy: Policy, way: _Way) -> Carrier:
    """Return what carries questions to *nameserver* inside TLS."""
    if nameserver.way is Way.TLS:
        return ByTLS(nameserver, way.ask, ca_file=policy.ca_file, connect=way.connect)
    from mailsettings.net.dns.doh import ByHTTPS  # noqa: PLC0415 - httpx is loaded for those who want this

    return ByHTTPS(nameserver, policy, way)


def _elsewhere(server: Nameserver) -> bool:
    """Say whether *server* means the same machine to us and to the proxy, as far as can be seen."""
    ip = server.address
    return ip is not None and not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def _blaming_the_proxy(connect: Connect, seconds: float) -> Connect:
    """Return *connect* for name servers: where it does not get there, no domain and no mail server is to blame."""

    async def connected(ip: IPAddress, port: int) -> TCPStream:
        way = f"no way to the name server {ip} port {port} through the proxy"
        try:
            with anyio.fail_after(seconds):
                return await connect(ip, port)
        except TimeoutError as error:
            raise NetworkError(Kind.PROXY, f"{way}: no answer within {seconds:g} s") from error
        except NetworkError as error:
            if error.kind in (Kind.PROXY, Kind.BUDGET):
                raise
            raise NetworkError(Kind.PROXY, f"{way}: {error.seen}") from error

    return connected
