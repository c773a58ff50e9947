"""Canaries in a network of their own: real sockets listen on denied addresses, and nothing may connect."""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_network

import anyio
import pytest

from mailsettings import Policy, detect
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.internet import Internet
from mailsettings.net.network import open_network
from mailsettings.net.streams import Stream
from mailsettings.policy import IPAddress, Timeouts
from mailsettings.testing import FakeNetwork, FakeTransport
from tests.support.lab.namespaces import inside
from tests.support.security.harness import ADA, Build
from tests.support.security.ssrf_vectors import ANSWERS, HARMLESS, ROUTES

pytestmark = pytest.mark.lab

CANARIES = ("127.0.0.1", "10.11.12.13", "169.254.169.254", HARMLESS)
PORTS = (25, 80, 110, 143, 443, 465, 587, 993, 995)


def obstacle() -> str:
    """Say why there is no such network here, or nothing."""
    if os.geteuid():
        return "network namespaces need root"
    return "" if shutil.which("ip") else "ip of iproute2 is not installed"


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """Make a namespace in which this machine has all the canaries' addresses, and remove it in the end."""
    if reason := obstacle():
        pytest.skip(reason)
    name = f"mailsettings-canary-{os.getpid()}"
    _ip("netns", "add", name)
    try:
        _ip("-netns", name, "link", "set", "lo", "up")
        for address in CANARIES[1:]:
            _ip("-netns", name, "address", "add", f"{address}/32", "dev", "lo")
        yield name
    finally:
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


class Canaries:
    """Listeners on every address and mail port; each connection is counted by its address."""

    def __init__(self, stack: ExitStack) -> None:
        self._selector = stack.enter_context(selectors.DefaultSelector())
        for address in CANARIES:
            for port in PORTS:
                listener = stack.enter_context(socket.create_server((address, port)))
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ)

    def sang(self) -> set[str]:
        """Return the addresses that were connected to since the last time."""
        found: set[str] = set()
        while ready := self._selector.select(timeout=0):
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                connection, _ = key.fileobj.accept()
                found.add(connection.getsockname()[0])
                connection.close()
        return found


class HostileDNS:
    """A Transport with the zones of a FakeNetwork and real connections."""

    def __init__(self, net: FakeNetwork, policy: Policy) -> None:
        self._names: FakeTransport = net.transport(policy)
        self._internet = Internet(policy)

    async def ask(self, question: Question) -> Answer:
        return await self._names.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._internet.connect(ip, port)

    async def aclose(self) -> None:
        await self._internet.aclose()


async def search(net: FakeNetwork, policy: Policy) -> None:
    transport = HostileDNS(net, policy)
    async with open_network(policy, transport) as network:
        await detect(ADA, policy=policy, net=network)


def contacted(namespace: str, build: Build, policy: Policy) -> set[str]:
    """Detect inside the namespace; return the canaries' addresses that were connected to."""
    net = FakeNetwork()
    build(net)
    with inside(namespace), ExitStack() as stack:
        canaries = Canaries(stack)
        anyio.run(search, net, policy)
        return canaries.sang()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("route", ROUTES)
def test_no_canary_sings(namespace: str, route: str, answer: str) -> None:
    """The service profile: neither loopback nor 10/8 nor metadata, by any route, with any kind of answer."""
    policy = Policy.service().replace(connect_timeout=0.4, http_timeout=0.4, first_response_timeout=0.4, deadline=0.8)
    reached = set()
    for address in CANARIES[:3]:
        reached |= contacted(namespace, partial(ANSWERS[answer], route=ROUTES[route], address=address), policy)

    assert reached <= {HARMLESS}


def test_the_canaries_can_sing(namespace: str) -> None:
    """Opened by name, each is connected to: the silence above is the policy's doing."""
    policy = Policy(
        timeouts=Timeouts(connect_timeout=0.4, http_timeout=0.4, first_response_timeout=0.4, deadline=0.8),
        allow_networks=tuple(ip_network(f"{address}/32") for address in CANARIES),
    )
    reached = set()
    for address in CANARIES:
        reached |= contacted(namespace, partial(ANSWERS["first"], route=ROUTES["srv"], address=address), policy)

    assert reached == set(CANARIES)
