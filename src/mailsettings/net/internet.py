"""The Internet as a Transport: TCP connections to checked addresses, and a resolver; optionally through a proxy."""

from __future__ import annotations

from functools import partial

from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.dns.factory import resolver_for, resolver_through
from mailsettings.net.dns.nameservers import parse_resolver
from mailsettings.net.dns.resolver import Resolver
from mailsettings.net.tcp import Connect, TCPStream, connect
from mailsettings.policy import IPAddress, Policy


class Internet:
    """A Transport over real sockets. It decides nothing: addresses are checked above it."""

    def __init__(self, policy: Policy) -> None:
        """Raises MailSettingsError if *policy* names an invalid resolver."""
        self._connect = _connector(policy)
        self._resolver = _resolver(policy, self._connect)

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver that the policy or the system names."""
        return await self._resolver.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        """Connect to exactly *ip*, through the policy's proxy if it has one."""
        return await self._connect(ip, port)

    async def aclose(self) -> None:
        """Close the resolver's connections."""
        await self._resolver.aclose()


def _connector(policy: Policy) -> Connect:
    """Return the function that opens connections as *policy* requires: directly or through a proxy."""
    if policy.proxy is None:
        return partial(connect, ca_file=policy.ca_file)
    from mailsettings.net.tunnel import Tunnel

    # Only the proxy's own name is resolved directly: it cannot be resolved through the proxy.
    return Tunnel(policy.proxy, policy, resolver_for(policy.without_proxy(), None).ask).connect


def _resolver(policy: Policy, proxied: Connect) -> Resolver:
    """Return the resolver that *policy* names; with a proxy, it is reached by *proxied*."""
    nameserver = parse_resolver(policy.resolver)
    if policy.proxy is None:
        return resolver_for(policy, nameserver)
    if policy.dns_past_proxy:
        return resolver_for(policy.without_proxy(), nameserver)
    return resolver_through(proxied, policy, nameserver)
