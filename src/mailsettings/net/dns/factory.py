"""Resolvers as a policy wants them: which name servers are asked, and on what way.

                   directly                            through a proxy, which carries no UDP
192.0.2.1          UDP, TCP for what is too long       TCP (RFC 7766), in the proxy's sight: no signature is believed
tls://, https://   TLS that ends at the name server    the same
(nothing)          the system's name servers           without those on this machine: the proxy would ask its own
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.dns.nameservers import Nameserver, Scheme, system_nameservers
from mailsettings.net.dns.resolver import Resolver
from mailsettings.net.dns.transports import DNSTransport, Do53, DoT, DoTCP, NoNameserver
from mailsettings.net.tcp import Connect, TCPStream, connect
from mailsettings.policy import IPAddress, Policy


def resolver_for(policy: Policy, nameserver: Nameserver | None) -> Resolver:
    """Return a resolver that asks *nameserver*, or the system's if there is none."""
    if nameserver is None:
        found = system_nameservers()
        local = all(server.address is not None and server.address.is_loopback for server in found)
        return Resolver(tuple(map(Do53, found)), policy, trusted=local)
    if nameserver.scheme is Scheme.UDP:
        return Resolver((Do53(nameserver),), policy, trusted=True)
    # Its own name is looked up by the system's resolvers.
    route = _Route(resolver_for(policy, None).ask, partial(connect, ca_file=policy.ca_file))
    return Resolver((_encrypted(nameserver, policy, route),), policy, trusted=True)


def resolver_through(
    connect: Connect, policy: Policy, nameserver: Nameserver | None, system: tuple[Nameserver, ...] | None = None
) -> Resolver:
    """Return a resolver that asks *nameserver*, or the *system*'s, by *connect* and in no other way."""
    way = _blaming_the_proxy(connect, policy.timeouts.dns_lifetime)
    # The way to the proxy takes its time as well, as for every connection.
    patient = policy.replace(dns_lifetime=policy.timeouts.dns_lifetime + policy.timeouts.proxy_timeout)
    if nameserver is None:
        known = system_nameservers() if system is None else system
        servers = tuple(DoTCP(server, way) for server in known if _elsewhere(server))
        return Resolver(servers or (NoNameserver(),), patient, trusted=False)
    if nameserver.scheme is Scheme.UDP:
        return Resolver((DoTCP(nameserver, way),), patient, trusted=False)

    async def ask(question: Question) -> Answer:
        """Find a name server that is given by name."""
        async with aclosing(resolver_through(connect, policy, None, system)) as resolver:
            return await resolver.ask(question)

    return Resolver((_encrypted(nameserver, patient, _Route(ask, way)),), patient, trusted=True)


class _Route:
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


def _encrypted(nameserver: Nameserver, policy: Policy, route: _Route) -> DNSTransport:
    """Return what carries questions to *nameserver* inside TLS."""
    if nameserver.scheme is Scheme.TLS:
        return DoT(nameserver, route.ask, route.connect)
    from mailsettings.net.dns.doh import DoH

    return DoH(nameserver, policy, route)


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
            raise NetworkError(FailureKind.PROXY, f"{way}: no answer within {seconds:g} s") from error
        except NetworkError as error:
            if error.kind in (FailureKind.PROXY, FailureKind.BUDGET):
                raise
            raise error.again(FailureKind.PROXY, prefix=f"{way}: ") from error

    return connected
