"""What was found can be published, and reads back the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.errors import DocumentError
from mailsettings.formats import clientconfig, clientconfig_writer
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.model import (
    Auth,
    Choice,
    Detection,
    Endpoint,
    Hint,
    Link,
    Protocol,
    Provider,
    Security,
    Service,
    Trust,
)

words = (
    st.text(st.characters(exclude_categories=("C", "Z")), max_size=12)
    | st.sampled_from(["<b>&amp;", "]]>", "\"quoted\" 'twice'", "`id`", "<!-- x -->", "a b", "メール"])
).filter(lambda text: text == " ".join(text.split()))
hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}\.example\.(org|co\.uk)", fullmatch=True)
urls = st.builds("https://{}/{}".format, hosts, st.from_regex(r"[a-z0-9/&?=;%#+~]{0,20}", fullmatch=True))
usernames = st.sampled_from(
    ["%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%.%EMAILDOMAIN%", 'EX\\ada & "b"', "a<b>"]
)


def servers(*protocols: Protocol) -> st.SearchStrategy[DocumentServer]:
    endpoints = st.builds(
        Endpoint, st.sampled_from(protocols), hosts, st.integers(1, 65535), st.sampled_from(list(Security))
    )
    names = st.lists(usernames, max_size=3, unique=True).map(tuple)
    logins = st.lists(st.sampled_from(list(Auth)), max_size=4, unique=True).map(tuple)
    return st.builds(DocumentServer, endpoints, names, logins)


services = st.builds(
    Service, st.sampled_from(["caldav", "carddav", "webdav", "ews", "owa", "graph", "activesync", "matrix"]), urls
) | st.builds(lambda host, port: Service("managesieve", f"sieve://{host}:{port}"), hosts, st.integers(1, 65535))
jmap = hosts.map(
    lambda host: DocumentServer(
        Endpoint(Protocol.JMAP, host, 443, Security.TLS), ("%EMAILADDRESS%",), (), f"https://{host}/s"
    )
)
configs = st.builds(
    ClientConfig,
    id=hosts,
    name=words,
    short_name=words,
    domains=st.lists(hosts, max_size=4).map(tuple),
    incoming=st.lists(servers(Protocol.IMAP, Protocol.POP3) | jmap, max_size=4).map(tuple),
    outgoing=st.lists(servers(Protocol.SMTP), max_size=4).map(tuple),
    hints=st.lists(st.builds(Hint, st.just("enable"), words, urls), max_size=2).map(tuple),
    documentation=st.lists(st.builds(Link, urls, words, st.sampled_from(["", "en", "pt-br"])), max_size=3).map(tuple),
    webmail=st.just("") | urls,
    issuer=st.just("") | urls,
    services=st.lists(services, max_size=4, unique=True).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(configs)
def test_reading_back_gives_the_same_values(config: ClientConfig) -> None:
    """
    Whatever was written: the reader finds exactly that, apart from its notes on what is unusual.
    """
    again = clientconfig.read(clientconfig_writer.write(config).encode(), "example.org")

    assert config == replace(again, notes=())


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "a\u202eb", " a", "a\ud800"])
def test_what_xml_cannot_hold_is_refused(name: str) -> None:
    """
    A name that would not come back as it was is not written.
    """
    with pytest.raises(DocumentError):
        clientconfig_writer.write(ClientConfig(name=name))


def choice(endpoint: Endpoint, *, verified: bool) -> Choice:
    return Choice(
        endpoint=endpoint,
        username="ada@example.org",
        username_template="%EMAILADDRESS%",
        usernames=("ada@example.org",),
        auth=(Auth.PASSWORD,),
        verified=verified,
        trust=Trust.SAME_DOMAIN,
        reasons=(),
        claims=(),
    )


def test_a_detection_is_published_without_what_was_not_verified() -> None:
    """
    The document of a detection has its verified servers, for every user of the domain.
    """
    good = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
    bad = Endpoint(Protocol.IMAP, "mail.example.org", 143, Security.STARTTLS)
    detection = Detection(
        address="ada@example.org",
        provider=Provider("example", "Example"),
        incoming=(choice(bad, verified=False), choice(good, verified=True)),
    )

    assert clientconfig_writer.config_of(detection) == ClientConfig(
        id="example.org",
        name="Example",
        domains=("example.org",),
        incoming=(DocumentServer(good, ("%EMAILADDRESS%",), (Auth.PASSWORD,)),),
    )
