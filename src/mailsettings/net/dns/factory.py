"""Build the resolver that a policy asks for: which name servers, over which transport.

                   directly                            through a proxy, which does not relay UDP
192.0.2.1          UDP, TCP for long answers           TCP (RFC 7766)
tls://, https://   TLS that ends at the name server    the same
(nothing)          the system's name servers           without those on this machine: the proxy would ask its own

The AD bit counts over TLS; over UDP only if the policy says that this resolver validates (`resolver_validates`). A name
server on this machine is not enough: many of them, such as Docker's 127.0.0.11, only pass on what came unprotected from
elsewhere. Over TCP through a proxy it never counts, because the proxy can change it.
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


def resolver_for(
    policy: Policy, nameserver: Nameserver | None, system: tuple[Nameserver, ...] | None = None
) -> Resolver:
    """Return a resolver that queries *nameserver*, or else the name servers *system*, by default this machine's."""
    if nameserver is None:
        local = system_nameservers() if system is None else system
        return Resolver(tuple(map(Do53, local)), policy, trusted=False)
    if nameserver.scheme is Scheme.UDP:
        return Resolver((Do53(nameserver),), policy, trusted=policy.resolver_validates)
    # Its own name is resolved by the system's resolvers.
    transport = _NameserverTransport(resolver_for(policy, None, system).ask, partial(connect, ca_file=policy.ca_file))
    return Resolver((_encrypted(nameserver, policy, transport),), policy, trusted=True)


def resolver_through(
    connect: Connect, policy: Policy, nameserver: Nameserver | None, system: tuple[Nameserver, ...] | None = None
) -> Resolver:
    """Return a resolver that queries *nameserver*, or those of *system*, through *connect* only."""
    proxied = _with_proxy_errors(connect, policy.timeouts.dns_lifetime)
    # As for every connection, the time to reach the proxy is added.
    extended = policy.replace(dns_lifetime=policy.timeouts.dns_lifetime + policy.timeouts.proxy_timeout)
    if nameserver is None:
        local = system_nameservers() if system is None else system
        servers = tuple(DoTCP(server, proxied) for server in local if _is_remote(server))
        return Resolver(servers or (NoNameserver(),), extended, trusted=False)
    if nameserver.scheme is Scheme.UDP:
        return Resolver((DoTCP(nameserver, proxied),), extended, trusted=False)

    async def ask(question: Question) -> Answer:
        """Resolve the name of a name server."""
        async with aclosing(resolver_through(connect, policy, None, system)) as resolver:
            return await resolver.ask(question)

    return Resolver((_encrypted(nameserver, extended, _NameserverTransport(ask, proxied)),), extended, trusted=True)


class _NameserverTransport:
    """A Transport to an encrypted name server, made of *ask* for its name and *connect*."""

    def __init__(self, ask: Callable[[Question], Awaitable[Answer]], connect: Connect) -> None:
        self._ask = ask
        self._connect = connect

    async def ask(self, question: Question) -> Answer:
        return await self._ask(question)

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        return await self._connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


def _encrypted(nameserver: Nameserver, policy: Policy, transport: _NameserverTransport) -> DNSTransport:
    """Return the DoT or DoH transport for *nameserver*."""
    if nameserver.scheme is Scheme.TLS:
        return DoT(nameserver, transport.ask, transport.connect)
    from mailsettings.net.dns.doh import DoH

    return DoH(nameserver, policy, transport)


def _is_remote(server: Nameserver) -> bool:
    """Return whether the address of *server* means the same machine here and at the proxy."""
    ip = server.address
    return ip is not None and not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def _with_proxy_errors(connect: Connect, seconds: float) -> Connect:
    """Return *connect* for name servers, with its failures as PROXY: they are no fault of a domain or mail server."""

    async def connected(ip: IPAddress, port: int) -> TCPStream:
        prefix = f"no way to the name server {ip} port {port} through the proxy"
        try:
            with anyio.fail_after(seconds):
                return await connect(ip, port)
        except TimeoutError as error:
            raise NetworkError(FailureKind.PROXY, f"{prefix}: no answer within {seconds:g} s") from error
        except NetworkError as error:
            if error.kind in (FailureKind.PROXY, FailureKind.BUDGET):
                raise
            raise error.again(FailureKind.PROXY, prefix=f"{prefix}: ") from error

    return connected
