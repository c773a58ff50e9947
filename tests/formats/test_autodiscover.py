"""Autodiscover: the question, every answer it can have, and the look-up in JSON."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import autodiscover, xml
from mailsettings.formats.autodiscover import AutodiscoverSettings, RedirectAddress, RedirectURL
from mailsettings.formats.server import DocumentServer
from mailsettings.model import Auth, Endpoint, Protocol, Security, Service
from tests.support import documents
from tests.support.documents import IMAP_BLOCK

IMAP = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
SETTINGS = "<Action>settings</Action>"


def settings(*blocks: str) -> AutodiscoverSettings:
    answer = autodiscover.read(documents.autodiscover(SETTINGS + "".join(blocks)))
    assert isinstance(answer, AutodiscoverSettings)
    return answer


def block(elements: str = "", **changes: str) -> str:
    values = {"Type": "IMAP", "Server": "imap.example.org", "Port": "993"} | changes
    body = "".join(f"<{tag}>{value}</{tag}>" for tag, value in values.items() if value)
    return f"<Protocol>{body}{elements}</Protocol>"


@pytest.mark.parametrize("local", ["ada", "a&b", "a<b", "`id`", "a'b", "ü"])
def test_the_question_is_escaped(local: str) -> None:
    """
    An address may hold characters that mean something in XML.
    """
    request = xml.read(autodiscover.request_body(f"{local}@example.org"), "autodiscover").first("request")

    assert request.first("emailaddress").text == f"{local}@example.org"


def test_a_minimal_answer() -> None:
    """
    IMAP on 993 with SSL=on is TLS from the first byte.
    """
    assert settings(IMAP_BLOCK) == AutodiscoverSettings(incoming=(DocumentServer(IMAP),))


@pytest.mark.parametrize("kind", ["POP3", "POP", "pop3"])
def test_both_names_of_pop3(kind: str) -> None:
    """
    Templates in the wild say POP as well.
    """
    assert settings(block(Type=kind, Port="995")).incoming[0].endpoint.protocol is Protocol.POP3


@pytest.mark.parametrize(
    ("port", "elements", "security"),
    [
        pytest.param("993", "", Security.TLS, id="nothing said on 993"),
        pytest.param("143", "", Security.STARTTLS, id="nothing said on 143"),
        pytest.param("143", "<SSL>on</SSL>", Security.STARTTLS, id="SSL=on on 143"),
        pytest.param("143", "<SSL>off</SSL>", Security.PLAIN, id="SSL=off on 143"),
        pytest.param("993", "<SSL>off</SSL>", Security.TLS, id="SSL=off on 993"),
        pytest.param("143", "<SSL>off</SSL><Encryption>TLS</Encryption>", Security.STARTTLS, id="Encryption wins"),
        pytest.param("143", "<SSL>on</SSL><Encryption>None</Encryption>", Security.PLAIN, id="Encryption wins back"),
        pytest.param("143", "<Encryption>Auto</Encryption>", Security.STARTTLS, id="Auto"),
        pytest.param("993", "<Encryption>SSL</Encryption>", Security.TLS, id="SSL on 993"),
        pytest.param("993", "<Encryption>TLS</Encryption>", Security.TLS, id="TLS on 993"),
    ],
)
def test_security(port: str, elements: str, security: Security) -> None:
    """
    Encryption overrides SSL, and the port overrides what templates say of ports they were not made for.
    """
    assert settings(block(elements, Port=port)).incoming[0].endpoint.security is security


@pytest.mark.parametrize("element", ["SSL", "Encryption"])
@pytest.mark.parametrize("value", ["yes", "starttls", "%server/imap/socket%", "plaintext", "-1", "cleartext"])
@pytest.mark.parametrize("port", ["143", "587", "993", "2525"])
def test_unknown_values_are_never_plain(element: str, value: str, port: str) -> None:
    """
    668 domains say SSL=yes, 156 Encryption=starttls: none of them means no TLS.
    """
    (server,) = settings(block(f"<{element}>{value}</{element}>", Port=port)).incoming

    assert server.endpoint.security is not Security.PLAIN


@pytest.mark.parametrize(
    ("elements", "auth"),
    [
        pytest.param("<SPA>off</SPA>", (Auth.PASSWORD,), id="SPA off"),
        pytest.param("<SPA>on</SPA>", (Auth.NTLM, Auth.PASSWORD), id="SPA on"),
        pytest.param("", (), id="SPA not said"),
        pytest.param("<AuthRequired>off</AuthRequired>", (Auth.NONE,), id="no login"),
    ],
)
def test_login_methods(elements: str, auth: tuple[Auth, ...]) -> None:
    """
    SPA is NTLM; a password is tried beside it because templates switch it on without having it.
    """
    assert settings(block(elements)).incoming[0].auth == auth


@pytest.mark.parametrize(
    ("elements", "usernames"),
    [
        ("<LoginName>ada@example.org</LoginName>", ("ada@example.org",)),
        ("<DomainRequired>on</DomainRequired><DomainName>EX</DomainName><LoginName>ada</LoginName>", ("EX\\ada",)),
        ("<DomainRequired>off</DomainRequired><DomainName>EX</DomainName><LoginName>ada</LoginName>", ("ada",)),
        ("", ()),
    ],
)
def test_login_names(elements: str, usernames: tuple[str, ...]) -> None:
    """
    A Windows domain goes in front where it is required.
    """
    assert settings(block(elements)).incoming[0].usernames == usernames


@pytest.mark.parametrize(
    "broken",
    [
        block(Server="10.0.0.1"),
        block(Server=""),
        block(Port="0"),
        block(Port="imap"),
        block(Type="NNTP"),
        block(Type=""),
    ],
)
def test_a_broken_section_drops_only_itself(broken: str) -> None:
    """
    One section that names no usable server leaves the others, and a note.
    """
    found = settings(broken, block())

    assert ([server.endpoint for server in found.incoming], len(found.notes)) == ([IMAP], 1)


@pytest.mark.parametrize("name", ["a&#10;b", "%EMAIL%", "{{mail}}"])
def test_a_login_name_that_cannot_be_used_costs_no_server(name: str) -> None:
    """
    Host and port may be right; the usual user names are tried.
    """
    found = settings(block(f"<LoginName>{name}</LoginName>"))

    assert ([(server.endpoint, server.usernames) for server in found.incoming], len(found.notes)) == ([(IMAP, ())], 1)


def test_smtp_is_outgoing() -> None:
    """
    Incoming and outgoing servers are told apart by type.
    """
    found = settings(block(Type="SMTP", Server="smtp.example.org", Port="587"))

    assert [str(server.endpoint) for server in found.outgoing] == ["smtp://smtp.example.org:587 (starttls)"]


def test_exchange_is_noted_beside_mail() -> None:
    """
    Exchange's own protocols become services; addresses for inside the company do not.
    """
    found = settings(
        "<Protocol><Type>EXCH</Type><EwsUrl>https://mail.example.org/EWS/Exchange.asmx</EwsUrl></Protocol>"
        "<Protocol><Type>WEB</Type><External><OWAUrl>https://mail.example.org/owa</OWAUrl></External>"
        "<Internal><OWAUrl>https://exchange/owa</OWAUrl></Internal></Protocol>"
    )

    assert found.services == (
        Service("ews", "https://mail.example.org/EWS/Exchange.asmx"),
        Service("owa", "https://mail.example.org/owa"),
    )


def test_redirect_address() -> None:
    """
    The mailbox may have another address.
    """
    data = documents.autodiscover("<Action>redirectAddr</Action><RedirectAddr>ada@mail.example.org</RedirectAddr>")

    assert autodiscover.read(data) == RedirectAddress("ada@mail.example.org")


def test_redirect_url() -> None:
    """
    The answer may be elsewhere.
    """
    url = "https://ad.example.org/autodiscover/autodiscover.xml"
    data = documents.autodiscover(f"<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>")

    assert autodiscover.read(data) == RedirectURL(url)


@pytest.mark.parametrize("url", ["http://ad.example.org/", "https://10.0.0.1/", "file:///etc/passwd", ""])
def test_redirects_lead_to_https_only(url: str) -> None:
    """
    An answer cannot lead the next question into the clear or to an address.
    """
    data = documents.autodiscover(f"<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>")

    with pytest.raises(DocumentError):
        autodiscover.read(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html><body>404</body></html>", id="web page"),
        pytest.param(
            documents.autodiscover(
                response="<Error><ErrorCode>500</ErrorCode><Message>The address is unknown</Message></Error>"
            ),
            id="error",
        ),
        pytest.param(documents.autodiscover(response=" "), id="empty response"),
    ],
)
def test_no_settings(data: bytes) -> None:
    """
    An error, and anything that is no answer, is no document.
    """
    with pytest.raises(DocumentError) as caught:
        autodiscover.read(data)

    assert caught.value.kind is FailureKind.NO_DOCUMENT


def test_the_json_answer() -> None:
    """
    The JSON look-up names one URL.
    """
    data = b'{"Protocol":"ActiveSync","Url":"https://outlook.office365.com/Microsoft-Server-ActiveSync"}'

    assert autodiscover.read_v2(data) == "https://outlook.office365.com/Microsoft-Server-ActiveSync"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b'{"ErrorCode":"InvalidProtocol","ErrorMessage":"no"}', FailureKind.NO_DOCUMENT, id="error"),
        pytest.param(b"<html>", FailureKind.NO_DOCUMENT, id="web page"),
        pytest.param(b'{"Url":["https://a.example"]}', FailureKind.NO_DOCUMENT, id="another type"),
        pytest.param(b'{"Url":"http://a.example/"}', FailureKind.INVALID_DOCUMENT, id="plain http"),
        pytest.param(b'{"Url":', FailureKind.INVALID_DOCUMENT, id="cut off"),
    ],
)
def test_the_json_answer_may_be_none(data: bytes, kind: FailureKind) -> None:
    """
    What names no https URL is told apart as none and broken.
    """
    with pytest.raises(DocumentError) as caught:
        autodiscover.read_v2(data)

    assert caught.value.kind is kind


@hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.text(max_size=40), st.text(max_size=40))
def test_server_and_login_name_may_be_anything(server: str, login: str) -> None:
    """
    Whatever a section says: a server with a valid endpoint, or none.
    """
    text = "".join(f"&#{ord(one)};" for one in server if one.isprintable())
    name = "".join(f"&#{ord(one)};" for one in login if one.isprintable())

    found = settings(block(f"<LoginName>{name}</LoginName>", Server=text)).incoming

    assert len(found) <= 1
