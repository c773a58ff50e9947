"""DNS over HTTPS (RFC 8484), through the same connector as documents."""

from __future__ import annotations

from ipaddress import ip_network

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.dialer import CachedResolver, Dialer
from mailsettings.net.dns.message import Query, Response
from mailsettings.net.dns.nameservers import Nameserver
from mailsettings.net.dns.transports import response_to
from mailsettings.net.http import Fetcher
from mailsettings.net.limiter import Budget
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy

TYPE = "application/dns-message"
UNLIMITED = 1_000_000  # questions are counted above; the connections that they need are not
PARALLEL = 8  # connections: HTTP/1.1 carries one question at a time on each


class DoH:
    """DNS over HTTPS: POST requests over persistent connections. Implements DNSTransport."""

    round_trips = 5

    def __init__(self, nameserver: Nameserver, policy: Policy, transport: Transport) -> None:
        """*transport* connects to the name server, and is closed with this."""
        own = _resolver_policy(nameserver, policy)
        self._url = nameserver.url
        self._transport = transport
        budget = Budget(own)
        dialer = Dialer(self._transport, own, resolver=CachedResolver(self._transport, budget), budget=budget)
        self._fetcher = Fetcher(dialer, own, budget=budget, keep_alive=PARALLEL)

    async def exchange(self, query: Query) -> Response:
        query = query.with_zero_id
        headers = {"Content-Type": TYPE, "Accept": TYPE}
        page = await self._fetcher.get(self._url, method="POST", body=query.wire, headers=headers)
        response = response_to(query, page.body)
        if response is None:
            raise NetworkError(FailureKind.DNS_FAILED, "the name server sent something that is no answer")
        return response

    async def aclose(self) -> None:
        await self._fetcher.aclose()
        await self._transport.aclose()


def _resolver_policy(nameserver: Nameserver, policy: Policy) -> Policy:
    """Return *policy* for connections to a configured resolver, which may be at any address."""
    return policy.replace(
        resolver="",
        allow_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")),
        web_ports=frozenset({nameserver.port}),
        http_timeout=policy.timeouts.dns_lifetime,
        max_dns=UNLIMITED,
        max_tcp=UNLIMITED,
        max_http=UNLIMITED,
        max_per_address=UNLIMITED,
        max_parallel_per_address=PARALLEL,
    )
