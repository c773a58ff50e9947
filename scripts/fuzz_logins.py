"""The parsers behind a login: the servers' replies and challenges, what they mean, and the issuer's metadata."""

from __future__ import annotations

from contextlib import suppress

from mailsettings.diagnosis.replies import meanings
from mailsettings.errors import NetworkError
from mailsettings.formats import oauth_metadata
from mailsettings.login.credentials import Credentials
from mailsettings.login.sasl import MECHANISMS, Mechanism, decode_challenge, scram
from mailsettings.login.session import LoginRequest, LoginSession
from mailsettings.login.verify import login_dialogue
from mailsettings.model import Endpoint, Protocol, Security
from scripts.fuzz_target import POLICY, Target, run_dialogue, text

PASSWORD = "Pa55-w0rd-that-must-stay-secret"  # noqa: S105 - looked for in every text
KEYS = (Credentials.password(PASSWORD), Credentials.token(PASSWORD))
MAILBOX_POLICY = POLICY.for_mailboxes()
ISSUER = "https://login.example.org"
METADATA = (
    b'{"issuer": "https://login.example.org", "authorization_endpoint": "https://login.example.org/auth", '
    b'"token_endpoint": "https://login.example.org/token"}'
)
SCRAM = b"r=NONCEserver,s=QSXCR+Q6sek8bf92,i=4096\nv=rmF9pqV8S7suAoZWja4dJRkFsKQ="
REFUSALS = (
    b"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
    b"NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833",
    b"-ERR [IN-USE] Do you have another POP session running?",
    b"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
    b"534-5.7.9 Please log in with your web browser\n534 5.7.14 and try again",
)


def log_in(protocol: Protocol, port: int) -> Target:
    """Return the login to a server of *protocol*, with a password and with a token, to the end of the mailbox."""
    endpoint = Endpoint(protocol, "mail.example.org", port, Security.TLS)

    def run(data: bytes) -> list[LoginSession]:
        sessions = []
        for key in KEYS:
            what = LoginRequest(endpoint, "ada", key, sender="ada@example.org", send_id=True, thorough=True)
            try:
                session = run_dialogue(login_dialogue(what, policy=MAILBOX_POLICY, tag="T"), data, MAILBOX_POLICY)
            except NetworkError:
                continue
            assert isinstance(session, LoginSession)
            _check(session)
            sessions.append(session)
        return sessions

    return Target(f"login-{protocol}", run, SESSIONS[protocol])


def _check(session: LoginSession) -> None:
    """Check that the texts about a login are printable and free of its password."""
    texts = (*(said.text for said in session.replies), *(observed.evidence for observed in session.observations))
    assert all(line.isprintable() for each in texts for line in each.split("\n")), texts
    assert not any(PASSWORD in each for each in texts), texts
    assert session.accepted or not session.opened


def challenges(data: bytes) -> object:
    """Answer *data*, a challenge a line, with each mechanism, in base64 and bare."""
    endpoint = Endpoint(Protocol.IMAP, "mail.example.org", 993, Security.TLS)
    said = data.split(b"\n")[:5]
    for start in MECHANISMS.values():
        _answers(start("ada", KEYS[0], endpoint), said)
    return [decode_challenge(each) for each in said]


def _answers(mechanism: Mechanism, said: list[bytes]) -> None:
    """Carry *mechanism* on for as long as it and *said* last."""
    next(mechanism)
    with suppress(StopIteration, NetworkError):
        for each in said:
            mechanism.send(each)


def scrams(data: bytes) -> object:
    """Let *data*, two lines, be what a server says to SCRAM; our nonce, which is random, is NONCE there."""
    endpoint = Endpoint(Protocol.IMAP, "mail.example.org", 993, Security.TLS)
    mechanism = scram("sha256")("ada", KEYS[0], endpoint)
    nonce = next(mechanism).partition(b",r=")[2]
    first, _, last = data.partition(b"\n")
    proof = mechanism.send(first.replace(b"NONCE", nonce))
    with suppress(NetworkError):  # the signature cannot be guessed
        mechanism.send(last)
    return proof


def meant(written: str) -> object:
    """Say what *written* means in each protocol, at a provider with rules of its own as well."""
    return [meanings(written, protocol, provider=name) for protocol in Protocol for name in ("", "gmail", "outlook")]


SESSIONS = {
    Protocol.IMAP: (
        b"* OK hi\r\n* CAPABILITY IMAP4rev1 SASL-IR ID AUTH=PLAIN AUTH=XOAUTH2\r\nT1 OK\r\n"
        b"T21 OK [CAPABILITY IMAP4rev1 ID MOVE] welcome\r\n* ID NIL\r\nT22 OK\r\n* 3 EXISTS\r\nT23 OK [READ-ONLY]\r\n",
        b"* OK hi\r\n* CAPABILITY IMAP4rev1 ID\r\nT1 OK\r\n+ go\r\n+ go\r\nT21 NO [AUTHENTICATIONFAILED] no\r\n",
        b"* OK hi\r\n* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=LOGIN\r\nT1 OK\r\n+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"
        b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n* BYE Pa55-w0rd-that-must-stay-secret\r\nT21 NO no\r\n",
    ),
    Protocol.POP3: (
        b"+OK hi\r\n+OK\r\nUIDL\r\nTOP\r\nEXPIRE 0\r\nSASL PLAIN OAUTHBEARER\r\n.\r\n+OK welcome\r\n+OK 2 300\r\n"
        b"+OK\r\n1 aa\r\n2 bb\r\n.\r\n+OK\r\n1 100\r\n2 200\r\n.\r\n"
        b"+OK\r\nSubject: x\r\n\r\n.\r\n+OK\r\n+OK\r\nSubject: y\r\n\r\n.\r\n+OK\r\n",
        b"+OK hi\r\n+OK\r\nUIDL\r\nUSER\r\n.\r\n+OK\r\n-ERR [AUTH] no\r\n",
    ),
    Protocol.SMTP: (
        b"220 hi\r\n250-hi\r\n250 AUTH PLAIN XOAUTH2\r\n235 2.7.0 welcome\r\n250 2.1.0 Ok\r\n250 Ok\r\n",
        b"220 hi\r\n250-hi\r\n250 AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n535-5.7.8 no\r\n535 no\r\n",
    ),
}
LOGIN_TARGETS = (
    log_in(Protocol.IMAP, 993),
    log_in(Protocol.POP3, 995),
    log_in(Protocol.SMTP, 465),
    Target("challenges", challenges, (b"UGFzc3dvcmQ6", b"PDE4OTYuNjk3MTcwOTUyQG1haWw+", b"eyJzdGF0dXMiOiI0MDAifQ==")),
    # The server names the rounds of its key: a million are allowed (login.sasl), and are half a second.
    Target("scram", scrams, (SCRAM,), too_long=2.0),
    Target("replies", text(meant), REFUSALS),
    Target("issuer", lambda data: oauth_metadata.read(data, ISSUER), (METADATA,)),
)  # fmt: skip
