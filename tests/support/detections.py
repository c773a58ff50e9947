"""Hand-made detections, one of each sort a person may get."""

from dataclasses import replace

from mailsettings.errors import FailureKind
from mailsettings.model import (
    URL,
    Auth,
    Authority,
    Choice,
    Claim,
    Confirmation,
    ConfirmReason,
    Detection,
    Endpoint,
    Evidence,
    Failure,
    Hello,
    Hint,
    HostName,
    Link,
    Note,
    Probe,
    Protocol,
    Provider,
    Question,
    Security,
    Step,
    Timing,
    TLSFacts,
    Trust,
)

TLS = TLSFacts("TLSv1.3", names=("imap.example.org",), issuer="Test CA", not_after="2027-02-01T00:00:00+00:00")
STEPS = (
    Timing(Step.RESOLVE, 0.004),
    Timing(Step.CONNECT, 0.012),
    Timing(Step.TLS, 0.024),
    Timing(Step.GREETING, 0.008),
)


def choice(
    url: str = "imap://imap.example.org:993",
    *,
    security: Security = Security.TLS,
    verified: bool = True,
    failed: FailureKind | None = None,
    authority: Authority = Authority.SRV,
    locator: str = "_imaps._tcp.example.org SRV",
    source: str = "srv",
    trust: Trust = Trust.SAME_DOMAIN,
    username: str = "ada@example.org",
) -> Choice:
    """Return a choice for *url*, verified, or *failed*, or never contacted."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    endpoint = Endpoint(Protocol(scheme), host, int(port), security)
    failure = Failure(failed, endpoint, "seen like this") if failed else None
    hello = Hello("ready", "Dovecot", ("IMAP4rev1",), ("PLAIN",), (Auth.PASSWORD,), TLS) if verified else None
    claim = Claim(endpoint, Evidence(authority, source, locator, domain="example.org"), auth=(Auth.PASSWORD,))
    return Choice(
        endpoint=endpoint,
        username=username,
        username_template="%EMAILADDRESS%",
        usernames=(username, username.partition("@")[0]),
        auth=(Auth.PASSWORD,),
        verified=verified,
        trust=trust if verified else Trust.UNVERIFIED,
        reasons=("verified: spoken inside TLS",),
        claims=(claim,),
        probe=Probe(endpoint, hello, failure, TLS if verified else None, "192.0.2.1", (), STEPS)
        if verified or failed
        else None,
        confirm_reason=ConfirmReason.OTHER_DOMAIN if trust is Trust.CONFIRM else None,
    )


VERIFIED = Detection(
    "ada@example.org",
    incoming=(choice(),),
    outgoing=(choice("smtp://smtp.example.org:465", locator="_submissions._tcp.example.org SRV"),),
    settled_by="nothing outstanding could be better",
    seconds=0.42,
)

_GMAIL = {"authority": Authority.TABLE, "source": "table", "locator": "providers.yaml: gmail", "trust": Trust.PROVIDER}
HINTS = (
    Hint("enable_imap", "Switch on IMAP in the settings of Gmail.", "https://support.google.com/mail/answer/7126229"),
    Hint(
        "app_password",
        "With 2-step verification switched on, create an app password and use it instead of the account's password.",
        "https://support.google.com/accounts/answer/185833",
    ),
)
GMAIL = Detection(
    "ada@gmail.com",
    Provider("gmail", "Gmail", hints=HINTS),
    incoming=(
        replace(
            choice("imap://imap.gmail.com:993", username="ada@gmail.com", **_GMAIL),  # type: ignore[arg-type]
            auth=(Auth.OAUTH2, Auth.PASSWORD),
            usernames=("ada@gmail.com",),
        ),
        choice("pop3://pop.gmail.com:995", username="ada@gmail.com", **_GMAIL),  # type: ignore[arg-type]
    ),
    outgoing=(
        choice("smtp://smtp.gmail.com:465", username="ada@gmail.com", **_GMAIL),  # type: ignore[arg-type]
    ),
    hints=HINTS,
    documentation=(Link("https://support.google.com/mail/answer/7126229", "Gmail in other programs"),),
    settled_by="nothing outstanding could be better",
    seconds=0.31,
)

_HOSTER = {"trust": Trust.CONFIRM, "locator": "_imaps._tcp.example.org SRV"}
CONFIRM = replace(
    VERIFIED,
    incoming=(choice("imap://mail.hoster.example:993", trust=Trust.CONFIRM),),
    outgoing=(choice("smtp://mail.hoster.example:587", security=Security.STARTTLS, trust=Trust.CONFIRM),),
    confirm=("mail.hoster.example",),
    confirmations=(Confirmation("mail.hoster.example", 993, "hoster.example", ConfirmReason.OTHER_DOMAIN),),
    notes=(Note("sources disagree on incoming mail: guess says imap.example.org; srv says mail.hoster.example"),),
)
INCOMING_ONLY = replace(
    VERIFIED,
    outgoing=(),
    failures=(
        Failure(FailureKind.CONNECT_TIMEOUT, Endpoint(Protocol.SMTP, "smtp.example.org", 465, Security.TLS)),
        Failure(FailureKind.CONNECT_TIMEOUT, Endpoint(Protocol.SMTP, "smtp.example.org", 587, Security.STARTTLS)),
        Failure(FailureKind.NO_SUCH_NAME, Question("mail.example.org", "A")),
        Failure(FailureKind.NO_SUCH_NAME, Question("mail.example.org", "AAAA")),
        Failure(FailureKind.HTTP_STATUS, URL("https://autoconfig.example.org/mail/config-v1.1.xml"), "404"),
    ),
)
UNVERIFIED = replace(
    GMAIL,
    incoming=(choice("imap://imap.gmail.com:993", verified=False, **_GMAIL),),  # type: ignore[arg-type]
    outgoing=(choice("smtp://smtp.gmail.com:465", verified=False, failed=FailureKind.CONNECT_TIMEOUT, **_GMAIL),),  # type: ignore[arg-type]
    seconds=0.0,
    settled_by="offline: the provider table only",
)
NOTHING = Detection(
    "ada@nothing.example",
    failures=(
        *(
            Failure(FailureKind.NO_SUCH_NAME, HostName(f"{name}.nothing.example"))
            for name in ("imap", "mail", "smtp", "pop", "pop3", "autoconfig")
        ),
        Failure(
            FailureKind.REFUSED, Endpoint(Protocol.IMAP, "nothing.example", 993, Security.TLS), "connection refused"
        ),
        Failure(FailureKind.HTTP_STATUS, URL("https://autoconfig.thunderbird.net/v1.1/nothing.example"), "404"),
    ),
    settled_by="every source had its say",
    seconds=1.24,
)
NO_NETWORK = Detection(
    "ada@nothing.example",
    failures=(
        Failure(FailureKind.NO_NETWORK, Question("nothing.example", "MX")),
        Failure(FailureKind.DNS_TIMEOUT, HostName("imap.nothing.example")),
    ),
    seconds=0.01,
)
