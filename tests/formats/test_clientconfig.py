"""Autoconfig documents: every element, and every oddity seen in the wild."""

from __future__ import annotations

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import clientconfig
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.model import Auth, Endpoint, Hint, Link, Protocol, Security, Service
from tests.support.documents import INCOMING, OUTGOING, autoconfig, incoming

IMAP = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
SMTP = Endpoint(Protocol.SMTP, "smtp.example.org", 587, Security.STARTTLS)
PLAIN_IMAP = Endpoint(Protocol.IMAP, "imap.example.org", 143, Security.PLAIN)


def read(provider: str = INCOMING + OUTGOING, beside: str = "") -> ClientConfig:
    return clientconfig.read(autoconfig(provider, beside), "example.org")


def test_a_minimal_document() -> None:
    """
    A document's servers arrive with user names and login methods, and nothing about it is odd.
    """
    config = read()

    assert config == ClientConfig(
        id="example.org",
        domains=("example.org",),
        incoming=(DocumentServer(IMAP, ("%EMAILADDRESS%",), (Auth.PASSWORD,)),),
        outgoing=(DocumentServer(SMTP, ("%EMAILADDRESS%",), (Auth.PASSWORD,)),),
    )


def test_servers_keep_document_order() -> None:
    """
    A provider that lists POP3 first means it.
    """
    config = read(incoming(type="pop3", port="995") + incoming())

    assert [server.endpoint.protocol for server in config.incoming] == [Protocol.POP3, Protocol.IMAP]


def test_login_methods_keep_document_order() -> None:
    """
    Repeated authentication elements are a list in order of preference.
    """
    config = read(incoming(authentication="OAuth2</authentication><authentication>password-cleartext"))

    assert config.incoming[0].auth == (Auth.OAUTH2, Auth.PASSWORD)


def test_repeated_user_names_are_alternatives() -> None:
    """
    Several user names are kept in their order, each once.
    """
    config = read(incoming(username="%EMAILLOCALPART%</username><username>%EMAILADDRESS%"))

    assert config.incoming[0].usernames == ("%EMAILLOCALPART%", "%EMAILADDRESS%")


def test_a_broken_section_drops_only_itself() -> None:
    """
    One server that cannot be contacted does not cost the user the others.
    """
    config = read(incoming(hostname="10.0.0.1") + incoming() + OUTGOING)

    assert [server.endpoint for server in (*config.incoming, *config.outgoing)] == [IMAP, SMTP]


@pytest.mark.parametrize("hostname", ["%EMAILDOMAIN%", "mail.%EMAILDOMAIN%"])
def test_placeholders_in_host_names(hostname: str) -> None:
    """
    The address's domain may be part of a host name, in alternatives too.
    """
    config = read(incoming() + incoming(hostname=hostname))

    assert config.incoming[1].endpoint.host == hostname.replace("%EMAILDOMAIN%", "example.org")


@pytest.mark.parametrize(
    ("changes", "endpoint", "note"),
    [
        pytest.param({"socketType": "TLS"}, IMAP, "socketType is 'TLS'", id="socketType TLS on 993"),
        pytest.param(
            {"socketType": "TLS", "port": "143"},
            Endpoint(Protocol.IMAP, "imap.example.org", 143, Security.STARTTLS),
            "socketType is 'TLS'",
            id="socketType TLS on 143",
        ),
        pytest.param(
            {"socketType": "%server/imap/socket%"}, IMAP, "socketType is '%server/imap/socket%'", id="template unfilled"
        ),
        pytest.param({"socketType": ""}, IMAP, "socketType is missing", id="no socketType"),
        pytest.param({"port": ""}, IMAP, "port is missing; 993 is usual for imap", id="no port"),
        pytest.param(
            {"type": "pop3"},
            Endpoint(Protocol.POP3, "imap.example.org", 993, Security.TLS),
            "port 993 is unusual for pop3",
            id="POP3 on 993",
        ),
        pytest.param(
            {"port": "143"},
            Endpoint(Protocol.IMAP, "imap.example.org", 143, Security.TLS),
            "tls is unusual on port 143",
            id="SSL on 143",
        ),
        pytest.param(
            {"port": "143", "socketType": "plain"}, PLAIN_IMAP, "imap on port 143 is offered without TLS", id="plain"
        ),
        pytest.param({"username": ""}, IMAP, "username is missing", id="no user name"),
        pytest.param(
            {"username": "%EMAILADDRESS"},
            IMAP,
            "username '%EMAILADDRESS' is read as '%EMAILADDRESS%'",
            id="placeholder cut short",
        ),
        pytest.param(
            {"username": "%emaillocalpart%"},
            IMAP,
            "username '%emaillocalpart%' is read as '%EMAILLOCALPART%'",
            id="placeholder in lower case",
        ),
        pytest.param({"restriction": "client-IP-address"}, IMAP, "restriction is 'client-IP-address'", id="restricted"),
        pytest.param({"authentication": "magic"}, IMAP, "authentication is 'magic'", id="unknown login method"),
        pytest.param(
            {"authentication": "client-IP-address"},
            IMAP,
            "authentication is 'client-IP-address': the server looks at where you are",
            id="login by location",
        ),
    ],
)
def test_oddities_are_noted(changes: dict[str, str], endpoint: Endpoint, note: str) -> None:
    """
    What is odd but readable is read, never towards weaker security, and named by element and value.
    """
    config = read(incoming(**changes))

    kind = changes.get("type", "imap")
    assert (config.incoming[0].endpoint, f"incoming '{kind}': {note}" in config.notes) == (endpoint, True)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"port": "0"}, id="port 0"),
        pytest.param({"port": "65536"}, id="port 65536"),
        pytest.param({"port": "993a"}, id="port with a letter"),
        pytest.param({"port": "-993"}, id="negative port"),
        pytest.param({"port": "٩٩٣"}, id="port in other digits"),
        pytest.param({"hostname": ""}, id="no host"),
        pytest.param({"hostname": "imap"}, id="single word"),
        pytest.param({"hostname": "127.0.0.1"}, id="IPv4 address"),
        pytest.param({"hostname": "2130706433"}, id="address in disguise"),
        pytest.param({"hostname": "[::1]"}, id="IPv6 address"),
        pytest.param({"hostname": "localhost"}, id="this machine"),
        pytest.param({"hostname": "imap.example.org:993"}, id="host with port"),
        pytest.param({"hostname": "imap.example.org&#13;&#10;x"}, id="line break in host"),
        pytest.param({"hostname": "imap.example.org/x"}, id="path in host"),
        pytest.param({"hostname": "a" * 300 + ".example.org"}, id="endless host"),
        pytest.param({"hostname": "%EMAILLOCALPART%.example.org"}, id="local part in host"),
        pytest.param({"type": "gopher"}, id="unknown type"),
        pytest.param({"type": "imap", "hostname": "", "url": "https://imap.example.org:993/"}, id="URL with port"),
    ],
)
def test_dangerous_sections_are_dropped(changes: dict[str, str]) -> None:
    """
    A section whose value could become something else further on names no server, and that is noted.
    """
    config = read(incoming(**changes) + OUTGOING)

    assert (config.incoming, len(config.outgoing), bool(config.notes)) == ((), 1, True)


@pytest.mark.parametrize(
    "name",
    [
        "%EMAIL%",
        "%server/imap/user%",
        "%REALNAME%",
        "{email}",
        "{{ email }}",
        "${user}",
        "x&#13;&#10;RCPT TO:&lt;y&gt;",
        "ada&#x202e;",
        "x" * 256,
    ],
)
def test_a_user_name_that_cannot_be_used_costs_no_server(name: str) -> None:
    """
    It is dropped and noted; host and port may be right, and other user names of the section stay.
    """
    config = read(incoming(username=name) + incoming(username=f"{name}</username><username>%EMAILLOCALPART%"))

    assert [(server.endpoint, server.usernames) for server in config.incoming] == [
        (IMAP, ()),
        (IMAP, ("%EMAILLOCALPART%",)),
    ]
    assert "username ignored" in config.notes[0]


@pytest.mark.parametrize("value", ["", "none", "PLAINTEXT", "no", "TLS", "SSL/TLS", "%socket%", "0", "&#32;"])
@pytest.mark.parametrize("port", ["25", "110", "143", "465", "587", "993", "995", "2525", ""])
def test_unknown_security_is_never_plain(value: str, port: str) -> None:
    """
    No value that is not exactly "plain" ends in a connection without TLS.
    """
    config = read(incoming(socketType=value, port=port))

    assert [server.endpoint.security for server in config.incoming] != [Security.PLAIN]


def test_the_first_known_socket_type_counts() -> None:
    """
    Repeated socketType elements are alternatives, of which unknown ones are skipped.
    """
    config = read(incoming(socketType="QUIC</socketType><socketType>SSL</socketType><socketType>plain"))

    assert config.incoming[0].endpoint == IMAP


@pytest.mark.parametrize(
    ("element", "auth"),
    [
        ("<authentication>password-cleartext</authentication>", Auth.PASSWORD),
        ("<authentication>plain</authentication>", Auth.PASSWORD),
        ("<authentication>password-encrypted</authentication>", Auth.ENCRYPTED),
        ("<authentication>secure</authentication>", Auth.ENCRYPTED),
        ("<authentication>NTLM</authentication>", Auth.NTLM),
        ("<authentication>GSSAPI</authentication>", Auth.GSSAPI),
        ("<authentication>TLS-client-cert</authentication>", Auth.CERTIFICATE),
        ("<authentication>OAuth2</authentication>", Auth.OAUTH2),
        ("<authentication>OAuth</authentication>", Auth.OAUTH2),
        ("<authentication>none</authentication>", Auth.NONE),
        ("<authentication>smtp-after-pop</authentication>", Auth.NONE),
        ('<authentication system="sasl">SCRAM-SHA-256</authentication>', Auth.ENCRYPTED),
        ('<authentication system="sasl">LOGIN</authentication>', Auth.PASSWORD),
        ('<authentication system="sasl">OAUTHBEARER</authentication>', Auth.OAUTH2),
        ('<authentication system="sasl">EXTERNAL</authentication>', Auth.CERTIFICATE),
        ('<authentication system="http">Basic</authentication>', Auth.PASSWORD),
        ('<authentication system="http">Digest</authentication>', Auth.ENCRYPTED),
    ],
)
def test_login_methods(element: str, auth: Auth) -> None:
    """
    Each name of a login method, old or new, belongs to one family.
    """
    section = incoming(authentication="").replace("</incomingServer>", f"{element}</incomingServer>")

    assert read(section).incoming[0].auth == (auth,)


def test_http_bearer_is_no_login_method() -> None:
    """
    The draft rules this combination out by name.
    """
    section = incoming(authentication="").replace(
        "</incomingServer>", '<authentication system="http">Bearer</authentication></incomingServer>'
    )

    assert read(section).incoming[0].auth == ()


def test_names_and_links() -> None:
    """
    Display names, documentation by language, the webmail page and what to switch on first are kept.
    """
    config = read(
        "<displayName>Example &amp; Co</displayName><displayShortName>Ex</displayShortName>"
        '<documentation url="https://example.org/help"><descr lang="de">Hilfe</descr><descr lang="en">Help</descr>'
        "</documentation>"
        '<enable visiturl="https://example.org/on"><instruction lang="de">Einschalten</instruction>'
        '<instruction lang="en">Switch IMAP on</instruction></enable>',
        '<webMail><loginPage url="https://webmail.example.org/"/></webMail>',
    )

    assert config == ClientConfig(
        id="example.org",
        name="Example & Co",
        short_name="Ex",
        domains=("example.org",),
        hints=(Hint("enable", "Switch IMAP on", "https://example.org/on"),),
        documentation=(Link("https://example.org/help", "Hilfe", "de"), Link("https://example.org/help", "Help", "en")),
        webmail="https://webmail.example.org/",
    )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user@evil.example/",
        "https://example.org\\@evil.example/",
        "https://127.0.0.1/",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "//example.org/",
    ],
)
def test_links_that_mislead_are_dropped(url: str) -> None:
    """
    A link is shown to people only if they can see where it leads.
    """
    config = read(f'<documentation url="{url}"><descr>Help</descr></documentation>')

    assert (config.documentation, len(config.notes)) == ((), 1)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("%EMAILDOMAIN% Mail", "example.org Mail"),
        ("%EMAILADDRESS% (Mail-in-a-Box)", "example.org (Mail-in-a-Box)"),
        ("Mail of %EMAILLOCALPART%", ""),
        ("%COMPANY%", ""),
        ("{{ site.name }}", ""),
        ("{{name}}", ""),
        ("100% Mail, 50% off", "100% Mail, 50% off"),
    ],
)
def test_placeholders_in_names_are_filled_or_cost_the_name(written: str, name: str) -> None:
    """
    It is the same for all users of the domain, so the domain stands for the address; there is nothing to say about it.
    """
    config = read(f"<displayName>{written}</displayName><displayShortName>{written}</displayShortName>")

    assert (config.name, config.short_name, config.notes) == (name, name, ())


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://webmail.%EMAILDOMAIN%/", "https://webmail.example.org/"),
        ("https://example.org/caf%C3%A9%20menu", "https://example.org/caf%C3%A9%20menu"),
        ("https://example.org/?u=%EMAILADDRESS%", ""),
        ("https://example.org/%USER%", ""),
        ("https://%webmail/host%/", ""),
        ("https://{host}/", ""),
    ],
)
def test_placeholders_in_links_are_filled_or_cost_the_link(written: str, url: str) -> None:
    """
    In documentation, hints, services and the webmail page alike, and in silence.
    """
    config = read(
        f'<documentation url="{written}"><descr>%NAME%</descr></documentation>'
        f'<enable visiturl="{written}"><instruction>Switch IMAP on for %EMAILDOMAIN%</instruction></enable>'
        f'<enable visiturl="https://example.org/"><instruction>Ask %SUPPORT%</instruction></enable>'
        f"<addressBook><url>{written}</url></addressBook>",
        f'<webMail><loginPage url="{written}"/></webMail>',
    )

    assert config.documentation == ((Link(url),) if url else ())
    assert config.hints == (Hint("enable", "Switch IMAP on for example.org", url),)
    assert config.services == ((Service("carddav", url),) if url else ())
    assert (config.webmail, config.notes) == (url, ())


def test_names_are_made_printable() -> None:
    """
    Control characters, bidi marks and length end at the reader.
    """
    config = read(f"<displayName>A\n&#x202e;B&#x9b;{'c' * 99}</displayName>")

    assert config.name == ("A B " + "c" * 99)[:60]


def test_an_issuer_is_selected_and_nothing_else_of_oauth() -> None:
    """
    A document names who issues tokens; the addresses it gives for that are not even kept.
    """
    config = read(
        beside="<oAuth2><issuer>login.example.org</issuer><authURL>https://evil.example/</authURL>"
        "<tokenURL>https://evil.example/</tokenURL></oAuth2>"
    )

    assert (config.issuer, "evil" in repr(config)) == ("https://login.example.org", False)


@pytest.mark.parametrize(
    ("stated", "client"),
    [("mail-programs", "mail-programs"), ("", ""), ("é", ""), ("a&#x7f;", ""), ("x" * 256, ""), ("a b", "a b")],
)
def test_the_client_id_for_all_mail_programs_is_read(stated: str, client: str) -> None:
    """
    Version 1.2; printable ASCII (RFC 6749 appendix A.1), or nothing. The secret beside it is not kept.
    """
    beside = f"<oAuth2><clientID>{stated}</clientID><clientSecret>hush</clientSecret></oAuth2>"
    config = read(beside=beside)

    assert (config.client_id, "hush" in repr(config)) == (client, False)


@pytest.mark.parametrize(
    ("section", "service"),
    [
        pytest.param(
            '<calendar type="caldav"><url>https://dav.example.org/</url></calendar>',
            Service("caldav", "https://dav.example.org/"),
            id="calendar",
        ),
        pytest.param(
            "<addressBook><url>https://dav.%EMAILDOMAIN%/</url></addressBook>",
            Service("carddav", "https://dav.example.org/"),
            id="address book, older spelling, no type",
        ),
        pytest.param(
            '<fileShare type="webdav"><url>https://files.example.org/</url></fileShare>',
            Service("webdav", "https://files.example.org/"),
            id="file share",
        ),
        pytest.param(
            '<setupServer type="managesieve"><hostname>sieve.example.org</hostname><port>4190</port></setupServer>',
            Service("managesieve", "sieve://sieve.example.org:4190"),
            id="ManageSieve",
        ),
        pytest.param(
            '<chatServer type="xmpp"><hostname>xmpp.example.org</hostname><port>5223</port>'
            "<socketType>TLS</socketType></chatServer>",
            Service("xmpp", "xmpp://xmpp.example.org:5223"),
            id="chat",
        ),
        pytest.param(
            '<incomingServer type="exchange"><ewsURL>https://mail.example.org/EWS</ewsURL></incomingServer>',
            Service("exchange", "https://mail.example.org/EWS"),
            id="Exchange",
        ),
        pytest.param(
            '<incomingServer type="activesync"><url>https://mail.example.org/as</url></incomingServer>',
            Service("activesync", "https://mail.example.org/as"),
            id="ActiveSync, as the draft's example spells it",
        ),
    ],
)
def test_services_beside_mail(section: str, service: Service) -> None:
    """
    Sections beside mail are reported, wherever in the document they stand.
    """
    assert (read(beside=section).services, read(section).services) == ((service,), (service,))


@pytest.mark.parametrize(
    "kind",
    ["ms-word:ofe|u|https", "file", "javascript", "data", "smb", "tel", "intent"],
)
@pytest.mark.parametrize("tag", ["calendar", "fileShare", "chatServer"])
@pytest.mark.parametrize("inner", ["<hostname>x.example.org</hostname>", "<url>https://x.example.org/</url>"])
def test_services_of_other_kinds_are_dropped(tag: str, kind: str, inner: str) -> None:
    """
    Programs open a service's URL, and its scheme says with what: the document does not choose that.
    """
    config = read(f'<{tag} type="{kind}">{inner}</{tag}>')

    assert config.services == ()
    assert len(config.notes) == 1


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "javascript:alert(1)", "http://x.example.org/", "//x.example.org/", "sieve://x.example.org"],
)
@pytest.mark.parametrize("kind", ["caldav", "webdav", "videoconference", "managesieve", "xmpp"])
def test_services_with_other_schemes_are_dropped(kind: str, url: str) -> None:
    """
    Where a login is wanted, only https counts; a kind without URLs has none.
    """
    assert read(f'<calendar type="{kind}"><url>{url}</url></calendar>').services == ()


def test_jmap_is_found_by_url() -> None:
    """
    A JMAP server has a URL instead of host and port.
    """
    section = '<incomingServer type="jmap"><url>https://jmap.example.org/session</url></incomingServer>'

    endpoint = Endpoint(Protocol.JMAP, "jmap.example.org", 443, Security.TLS)
    assert read(section).incoming == (DocumentServer(endpoint, url="https://jmap.example.org/session"),)


def test_sections_at_the_wrong_place_are_read() -> None:
    """
    The public collection has servers' instructions under the root: two of its files are so.
    """
    config = read(beside='<enable visiturl="https://example.org/on"/>')

    assert config.hints == (Hint("enable", "", "https://example.org/on"),)


def test_what_is_unknown_is_ignored() -> None:
    """
    Unknown elements and attributes are no reason to say anything.
    """
    config = read(f"<future x='1'><deep>1</deep></future>{INCOMING}", "<unheardOf/>")

    assert (config.incoming[0].endpoint, config.notes) == (IMAP, ())


def test_a_namespace_or_an_unknown_version_changes_nothing() -> None:
    """
    The version must not be a reason to reject a document (draft, "Versions").
    """
    data = autoconfig().replace(b'version="1.1"', b'version="7" xmlns="urn:x"')

    assert clientconfig.read(data, "example.org") == read()


def test_notes_are_bounded() -> None:
    """
    A document of oddities does not become a book.
    """
    config = read("".join(incoming(port=str(70000 + number), socketType="x") for number in range(100)))

    assert len(config.notes) == clientconfig.MAX_NOTES


def test_a_document_without_provider_is_invalid() -> None:
    """
    An empty clientConfig says nothing and is no answer.
    """
    with pytest.raises(DocumentError) as caught:
        clientconfig.read(b'<clientConfig version="1.1"/>', "example.org")

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT


def test_a_document_may_be_cut_off_anywhere() -> None:
    """
    Whatever is missing at the end: a DocumentError, never half a document.
    """
    data = autoconfig()

    for length in range(len(data)):
        with pytest.raises(DocumentError):
            clientconfig.read(data[:length], "example.org")
