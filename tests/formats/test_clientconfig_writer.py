"""What was found can be published, and reads back the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.errors import DocumentError
from mailsettings.escape import has_invisible
from mailsettings.formats import clientconfig, clientconfig_writer
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.text import expanded
from mailsettings.model import (
    Auth,
    Authority,
    Choice,
    Claim,
    Detection,
    Endpoint,
    Evidence,
    Hint,
    Link,
    Protocol,
    Provider,
    Security,
    Service,
    Trust,
)


def is_filled(text: str) -> bool:
    """Return True if *text* has no placeholder: one that is not known is left out when it is read."""
    return expanded(text, "example.org") == text


words = (
    st.text(st.characters(exclude_categories=("C", "Z")), max_size=12)
    | st.sampled_from(["<b>&amp;", "]]>", "\"quoted\" 'twice'", "`id`", "<!-- x -->", "a b", "メール"])
).filter(lambda text: text == " ".join(text.split()) and not has_invisible(text) and is_filled(text))
hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}\.example\.(org|co\.uk)", fullmatch=True)
urls = st.builds("https://{}/{}".format, hosts, st.from_regex(r"[a-z0-9/&?=;%#+~]{0,20}", fullmatch=True)).filter(
    is_filled
)
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


GOOD = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
OTHER = Endpoint(Protocol.IMAP, "mail.example.org", 143, Security.STARTTLS)


def evidence(authority: Authority) -> Evidence:
    return Evidence(authority, "somewhere", "a place", domain="example.org")


def choice(
    endpoint: Endpoint = GOOD,
    *,
    verified: bool = True,
    trust: Trust = Trust.SAME_DOMAIN,
    template: str = "%EMAILADDRESS%",
    authority: Authority = Authority.DOMAIN,
) -> Choice:
    return Choice(
        endpoint=endpoint,
        username="ada@example.org",
        username_template=template,
        usernames=("ada@example.org",),
        auth=(Auth.PASSWORD,),
        verified=verified,
        trust=trust,
        reasons=(),
        claims=(Claim(endpoint, evidence(authority), (template,)),),
    )


def published(authority: Authority, *choices: Choice) -> ClientConfig:
    """Return the document of a detection whose provider, hint and link *authority* gives."""
    given = evidence(authority)
    return clientconfig_writer.config_of(
        Detection(
            address="ada@example.org",
            provider=Provider("example", "Example", evidence=given),
            incoming=choices,
            hints=(Hint("enable", "Switch it on.", "https://example.org/on", given),),
            documentation=(Link("https://example.org/help", evidence=given),),
        )
    )


def test_a_detection_is_published_without_what_was_not_verified() -> None:
    """
    The document of a detection has its verified servers, for every user of the domain.
    """
    config = published(Authority.DOMAIN, choice(OTHER, verified=False), choice(GOOD))

    assert config == ClientConfig(
        id="example.org",
        name="example.org",
        domains=("example.org",),
        incoming=(DocumentServer(GOOD, ("%EMAILADDRESS%",), (Auth.PASSWORD,)),),
    )


@pytest.mark.parametrize("authority", list(Authority))
def test_only_the_words_of_tables_are_published(authority: Authority) -> None:
    """
    What a document has told one user, forged or not, is not passed on to all others.
    """
    config = published(authority, choice())
    of_table = authority.name.endswith("TABLE") or authority in (Authority.HOSTING, Authority.TRACE)

    assert (config.name == "Example", bool(config.hints), bool(config.documentation)) == (of_table,) * 3


@pytest.mark.parametrize("trust", list(Trust))
def test_only_servers_that_may_have_the_password_are_published(trust: Trust) -> None:
    """
    A document cannot ask the user; nor is the next best server published where the best needs the user's agreement.
    """
    incoming = published(Authority.TABLE, choice(trust=trust), choice(OTHER)).incoming

    assert [server.endpoint for server in incoming][:1] == [GOOD] * trust.allows_password


@pytest.mark.parametrize(
    ("template", "authority", "usernames"),
    [
        ("%EMAILLOCALPART%", Authority.DOMAIN, ("%EMAILLOCALPART%",)),
        ("call-0900-1234", Authority.DOMAIN, ()),
        ("%EMAILLOCALPART%-at-evil", Authority.ISPDB, ()),
        ("%EMAILLOCALPART%@example.net", Authority.TABLE, ("%EMAILLOCALPART%@example.net",)),
    ],
)
def test_user_names_of_documents_are_published_without_words(
    template: str, authority: Authority, usernames: tuple[str, ...]
) -> None:
    """
    One that holds more than placeholders is for one user, or no user name at all.
    """
    (server,) = published(authority, choice(template=template, authority=authority)).incoming

    assert server.usernames == usernames
