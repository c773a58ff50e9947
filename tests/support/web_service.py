"""The service in a world in memory, and visitors who ask it."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from fastapi import FastAPI

from mailsettings.policy import Policy
from mailsettings.testing import FakeNetwork, imap, smtp
from mailsettings.web import Settings, create_app
from mailsettings.web.store import Local, Store

_LOCAL = Settings(cache=":memory:", visitor_per_minute=1000, visitor_per_hour=1000)
_VISITORS = count(1)
NOW = 1_800_000_000.0  # seconds; a clock that stands still, so that no test runs over the end of a minute


def world() -> FakeNetwork:
    """A domain that names its servers in SRV records, another whose servers are its hoster's, and one that has none."""
    network = FakeNetwork()
    network.host("imap.example.org").serve(imap())
    network.host("smtp.example.org").serve(smtp())
    network.records("com", NS="a.nic.example")
    for domain in ("example.org", "customer.example"):
        network.records(f"_imaps._tcp.{domain}", SRV="0 1 993 imap.example.org")
        network.records(f"_submissions._tcp.{domain}", SRV="0 1 465 smtp.example.org")
    return network


@dataclass
class Visitor:
    """Somebody with an address of their own who asks *app*."""

    app: FastAPI
    ip: str = field(default_factory=lambda: f"12.0.{next(_VISITORS) // 250}.{next(_VISITORS) % 250}")
    scheme: str = "https"

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self._ask("POST", path, json=json, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self._ask("GET", path, **more)

    async def detect(self, address: str, **options: Any) -> httpx.Response:
        return await self.post("/v1/detect", {"address": address, "options": options})

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(self.ip, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=f"{self.scheme}://service.example") as client:
            return await client.request(method, path, timeout=math.inf, **more)


@asynccontextmanager
async def service(
    network: FakeNetwork, *, policy: Policy | None = None, store: Store | None = None, **settings: Any
) -> AsyncIterator[FastAPI]:
    """Run the service in *network*, with *settings* other than the usual ones."""
    known = _LOCAL.model_copy(update=settings)
    app = create_app(
        policy,
        store if store is not None else Local(clock=lambda: NOW),
        settings=known,
        transport=network.transport(Policy.service()),
    )
    try:
        yield app
    finally:
        await app.state.service.aclose()


def searches(network: FakeNetwork, domain: str = "example.org") -> int:
    """Return how often *domain* was searched for: each search asks for its mail exchangers once."""
    return network.questions.count(f"{domain} MX")
