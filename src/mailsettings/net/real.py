"""The Internet as a Transport: TCP connections to checked addresses, and a resolver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailsettings.net.nameservers import parse_resolver
from mailsettings.net.tcp import TCPStream, connect
from mailsettings.policy import IPAddress, Policy
from mailsettings.records import Answer, Question

if TYPE_CHECKING:
    from mailsettings.net.dns import Resolver


class Internet:
    """A Transport that reaches the real network. It decides nothing: addresses are checked above it."""

    def __init__(self, policy: Policy) -> None:
        """Raises MailSettingsError if *policy* names a resolver that cannot be understood."""
        self._policy = policy
        self._nameserver = parse_resolver(policy.resolver)
        self._resolver: Resolver | None = None

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver that the policy or the system names."""
        if self._resolver is None:
            from mailsettings.net.dns import resolver_for  # noqa: PLC0415 - dnspython takes 80 ms

            self._resolver = resolver_for(self._policy, self._nameserver)
        return await self._resolver.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        """Connect to exactly *ip*, never to a name."""
        return await connect(ip, port, ca_file=self._policy.ca_file)

    async def aclose(self) -> None:
        """Close what the resolver keeps open."""
        if self._resolver is not None:
            await self._resolver.aclose()
