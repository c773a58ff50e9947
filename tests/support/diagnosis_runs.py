"""Worlds in memory in which something is wrong, and the diagnosis of typed settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import dns.edns
import dns.message
import dns.rcode

from mailsettings import Policy, parse_address
from mailsettings.model import Protocol, Security, ServerSettings
from mailsettings.net.dns.message import Query, Response
from mailsettings.net.dns.transports import response_to
from mailsettings.net.network import open_network
from mailsettings.testing import FakeNetwork, run_virtual
from mailsettings.troubleshooting import Diagnosis, diagnose
from tests.support.values import endpoint

D = "world.example"
TODAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
ADA = f"ada@{D}"


async def _diagnosed(net: FakeNetwork, what: ServerSettings | str, policy: Policy, today: datetime) -> Diagnosis:
    async with open_network(policy, net.transport(policy), clock=lambda: today) as network:
        return await diagnose(what, policy=policy, net=network)


def diagnosed(net: FakeNetwork, what: str, *, today: datetime = TODAY) -> Diagnosis:
    """Return the diagnosis of an address, or of a server written as in tests.support.values.endpoint."""
    result, _ = run_virtual(partial(_diagnosed, net, meant(what), Policy(), today))
    assert net.open_streams == ()
    return result


def meant(what: str) -> ServerSettings | str:
    """Read an address, or a server whose security stands in front where the port says another: `tls+pop3://…:110`."""
    if "://" not in what:
        return what
    security, plus, rest = what.rpartition("+")
    typed = endpoint(rest)
    typed = replace(typed, security=Security(security)) if plus else typed
    outgoing = typed.protocol is Protocol.SMTP
    return ServerSettings(parse_address(ADA), None if outgoing else typed, typed if outgoing else None)


def codes(net: FakeNetwork, what: str, *, today: datetime = TODAY) -> list[str]:
    """Return the codes of the findings."""
    return [item.code for item in diagnosed(net, what, today=today).findings]


class Refusing:
    """A name server that says SERVFAIL with these extended errors."""

    round_trips = 1

    def __init__(self, *errors: int) -> None:
        self._errors = errors

    async def exchange(self, query: Query) -> Response:
        response = dns.message.make_response(dns.message.from_wire(query.wire))
        response.set_rcode(dns.rcode.SERVFAIL)
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(error)) for error in self._errors])
        read = response_to(query, response.to_wire())
        assert read is not None
        return read

    async def aclose(self) -> None:
        """Nothing is open."""
