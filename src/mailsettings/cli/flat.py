"""The types of a detection as JSON (schema.py): what the card is drawn from. For the type checker only.

The card reads JSON values rather than the model, so that an answer from the table alone can be shown without loading
the model: its dataclasses alone take longer than that whole process may (see fast_offline.py).
"""

from __future__ import annotations

from typing import TypedDict


class Evidence(TypedDict):
    authority: str
    source: str
    locator: str
    authentic: bool
    domain: str
    usernames: list[str]
    auth: list[str]
    order: int
    eager: bool


class TLSFacts(TypedDict):
    version: str
    names: list[str]
    issuer: str
    subject: str
    not_before: str
    not_after: str
    alpn: str


class Hello(TypedDict):
    greeting: str
    software: str
    capabilities: list[str]
    mechanisms: list[str]
    auth: list[str]
    tls: TLSFacts | None
    notes: list[str]


class Failure(TypedDict):
    kind: str
    where: str
    seen: str


class Step(TypedDict):
    name: str
    seconds: float


class Probe(TypedDict):
    hello: Hello | None
    failure: Failure | None
    tls: TLSFacts | None
    address: str
    aliases: list[str]
    steps: list[Step]
    notes: list[str]


class Choice(TypedDict):
    protocol: str
    host: str
    port: int
    security: str
    username: str
    username_template: str
    usernames: list[str]
    auth: list[str]
    verified: bool
    trust: str
    reasons: list[str]
    evidence: list[Evidence]
    probe: Probe | None


class Hint(TypedDict):
    id: str
    text: str
    url: str


class Link(TypedDict):
    url: str
    text: str
    language: str


class OAuth(TypedDict):
    issuer: str
    auth_url: str
    token_url: str
    scopes: list[str]


class Provider(TypedDict):
    id: str
    name: str
    kind: str
    hints: list[Hint]
    documentation: list[Link]
    oauth: OAuth | None


class Service(TypedDict):
    kind: str
    url: str


class Finding(TypedDict):
    code: str
    confidence: str
    evidence: str
    text: str
    advice: str
    whose: str
    link: str


class OAuthWord(TypedDict):
    oauth: OAuth
    known: bool
    locator: str


class Detection(TypedDict):
    schema: int
    address: str
    provider: Provider | None
    incoming: list[Choice]
    outgoing: list[Choice]
    confirm: list[str]
    hints: list[Hint]
    documentation: list[Link]
    notes: list[str]
    failures: list[Failure]
    other_services: list[Service]
    settled_by: str
    seconds: float
    suggestion: str
    shown_address: str
    oauth: list[OAuthWord]
    findings: list[Finding]
