"""The Internet as a Transport: TCP connections to checked addresses, and a resolver."""

from __future__ import annotations

from mailsettings.net.dns import resolver_for
from mailsettings.net.nameservers import parse_resolver
from mailsettings.net.tcp import TCPStream, connect
from mailsettings.policy import IPAddress, Policy
from mailsettings.records import Answer, Question


class Internet:
    """A Transport that reaches the real network. It decides nothing: addresses are checked above it."""

    def __init__(self, policy: Policy) -> None:
        """Raises MailSettingsError if *policy* names a resolver that cannot be understood."""
        self._policy = policy
        self._resolver = resolver_for(policy, parse_resolver(policy.resolver))

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver that the policy or the system names."""
        return await self._resolver.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        """Connect to exactly *ip*, never to a name."""
        return await connect(ip, port, ca_file=self._policy.ca_file)

    async def aclose(self) -> None:
        """Close what the resolver keeps open."""
        await self._resolver.aclose()
