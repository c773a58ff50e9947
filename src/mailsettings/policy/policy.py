"""Every timeout, limit, port and address rule, in one place. Pure: it decides, net/ acts.

    Policy(timeouts=Timeouts(deadline=5), limits=Limits(max_hosts=10), proxy=parse_proxy("socks5://127.0.0.1:1080"))

The figures follow the table "Limits" of docs/limits.md; a caller can lower each of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from mailsettings.model import Protocol
from mailsettings.policy.ip_filter import objection_to
from mailsettings.policy.proxy import Proxy, parse_proxy

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

MAIL_PORTS = frozenset({25, 110, 143, 465, 587, 993, 995})
EXTRA_MAIL_PORTS = frozenset({2525})
# Ports of other services, which take in what is meant for a mail server: those that browsers block (the "bad ports" of
# the WHATWG Fetch Standard), without those of mail.
BLOCKED_PORTS = (
    frozenset({0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104})
    | {109, 111, 113, 115, 117, 119, 123, 135, 137, 139, 161, 179, 389, 427, 512, 513, 514, 515, 526, 530, 531, 532}
    | {540, 548, 554, 556, 563, 601, 636, 989, 990, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566}
    | {6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
)
WEB_PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a detection and its parts may take, in seconds."""

    deadline: float = 10.0  # of the whole detection
    greeting_deadline: float = 15.0  # of the whole detection while a connected server's greeting is awaited
    first_response_timeout: float = 4.5  # give up guessing when no server has responded by then
    better_source_grace: float = 0.5  # how long a verified answer waits for better-ranked work that has not responded
    guess_after: float = 0.3  # when the less likely guesses start; sooner if the published sources have nothing
    next_server_delay: float = 0.3  # before the next best server of a direction is tried beside an unresponsive one
    dns_timeout: float = 1.0  # one try of one question
    dns_lifetime: float = 3.0  # one question with all its tries
    connect_timeout: float = 3.2  # outlasts the retransmissions of a SYN 1 s and 3 s after the first
    proxy_timeout: float = 2.0  # to connect to the proxy and log in; its own connecting has connect_timeout
    tls_timeout: float = 5.0
    greeting_timeout: float = 8.0
    smtp_greeting_timeout: float = 12.0  # greeting delays of 5 to 6 s are normal
    reply_timeout: float = 8.0
    inspection_timeout: float = 2.0  # all inspections of a detection, made when a direction has no server
    reach_timeout: float = 1.0  # connecting to one port during the inspections
    http_timeout: float = 5.0  # one document with all its redirects
    connection_attempt_delay: float = 0.25  # between addresses of one host (RFC 8305 §8)
    resolution_delay: float = 0.05  # how long to wait for AAAA once A has been answered (RFC 8305 §3)

    def scaled(self, factor: float) -> Timeouts:
        """Return all timeouts multiplied by *factor*."""
        return Timeouts(**{name: factor * seconds for name, seconds in asdict(self).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a detection may read, how many questions it may ask and connections it may open."""

    # reading
    max_line: int = 8192  # bytes of one line of a mail server
    max_lines: int = 200  # of one reply
    max_reply: int = 65536  # bytes of one reply
    max_connection: int = 262144  # bytes read from one connection
    max_header: int = 16384  # bytes of HTTP headers
    max_body: int = 65536  # bytes of a document
    max_redirects: int = 5
    # asking and connecting
    max_dns: int = 80  # questions per detection
    max_parallel_dns: int = 40  # questions at once in one detection of a service; a usual detection has 34
    dns_sockets: int = 100  # open at once in one event loop: well below the usual 1024 files of a process
    max_tcp: int = 64  # connections per detection
    max_http: int = 16  # documents per detection
    max_hosts: int = 40  # different hosts contacted per detection
    max_per_address: int = 12  # connections to one IP address per detection
    max_parallel_per_address: int = 2
    max_parallel: int = 16  # connections open at once in one detection
    max_inspections: int = 4  # unverified TLS handshakes, made only to explain failures
    max_mx: int = 10
    max_srv: int = 20
    max_addresses: int = 8  # used per host name
    max_aliases: int = 8  # CNAMEs in one chain


_TIMEOUTS = frozenset(item.name for item in fields(Timeouts))
_LIMITS = frozenset(item.name for item in fields(Limits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a detection may contact and send, how long it may take and how much it may use."""

    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    # what may be contacted
    mail_ports: frozenset[int] = MAIL_PORTS | EXTRA_MAIL_PORTS
    other_mail_ports: bool = True  # contact a mail server at any port that browsers do not block, too, if it is public
    web_ports: frozenset[int] = WEB_PORTS
    allow_private: bool = True  # the user's own network: 10/8, 172.16/12, 192.168/16, fc00::/7 …
    allow_networks: tuple[IPNetwork, ...] = ()  # allowed whatever the IP filter says
    # what is sent
    allow_http: bool = True  # request autoconfig over http when https has no document; its claims are not authentic
    send_address: bool = True  # as a URL parameter, over https to its own domain, if the URL without it has failed
    ehlo_name: str = "mailsettings.invalid"  # RFC 5321 §4.1.4 requires a name; ours says which program it is
    # what is searched for
    protocols: frozenset[Protocol] = frozenset(Protocol)  # of the answer: without POP3 no POP3 server is contacted
    guess: bool = True  # try names no source has stated: usual ones, the MX host, those in a hoster's certificate
    exhaustive: bool = False  # look up and contact everything instead of settling early
    # through which resolver, certificate authorities and proxy
    resolver: str = ""  # "192.0.2.1:53", "tls://…" (DoT), "https://…" (DoH); empty: the system's
    resolver_validates: bool = False  # *resolver* checks DNSSEC and cannot be impersonated: believe its AD bit
    ca_file: str = ""  # PEM; empty: the system's store, or SSL_CERT_FILE
    proxy: Proxy | None = None  # for every connection; the URL as text is accepted, too
    dns_past_proxy: bool = False  # send DNS questions directly, which a note in the answer then says

    def __post_init__(self) -> None:
        """Parse a proxy given as text. Raises MailSettingsError if its URL is not usable."""
        given: object = self.proxy
        if isinstance(given, str):
            object.__setattr__(self, "proxy", parse_proxy(given) if given else None)

    @property
    def time_to_connect(self) -> float:
        """Seconds until connecting to a server times out."""
        return self.timeouts.connect_timeout + (self.timeouts.proxy_timeout if self.proxy else 0.0)

    @classmethod
    def personal(cls) -> Policy:
        """Return the policy of a program on the user's own machine."""
        return cls()

    @classmethod
    def service(cls) -> Policy:
        """Return the policy of a service for the public: public IP addresses, mail ports and 443 only.

        No http: there is no user to decide whether to trust a document that could be forged.
        """
        return cls(
            allow_private=False,
            mail_ports=MAIL_PORTS,
            other_mail_ports=False,
            web_ports=frozenset({443}),
            allow_http=False,
            send_address=False,
        )

    def for_mailboxes(self) -> Policy:
        """Return the policy for logins: lists of messages are longer than any reply before a login.

        Replies take longer as well: Dovecot delays the one after a failed login by up to 15 s.
        """
        wait = max(self.timeouts.reply_timeout, 15.0)
        return self.replace(max_lines=1000, max_reply=262144, max_connection=1048576, reply_timeout=wait)

    def slower(self, factor: float) -> Policy:
        """Return the policy of a process that is *factor* times too slow: its timeouts are longer by that factor."""
        return replace(self, timeouts=self.timeouts.scaled(factor))

    def without_proxy(self) -> Policy:
        """Return the policy for connections that do not go through the proxy."""
        return replace(self, proxy=None)

    def objection(self, ip: IPAddress, port: int, *, mail: bool = False, own: bool = False) -> str | None:
        """Say why *ip*:*port* must not be contacted, or None if it may be.

        *mail*: as a mail server, which may have another port than the usual ones, but not in a private network, unless
        it is the user's *own*: only the user has named it, and it may be on this machine.
        """
        usual = port in self.mail_ports or port in self.web_ports
        if not usual and not (mail and self.permits_mail_port(port)):
            return f"port {port} is not one of mail or documents"
        if any(ip in network for network in self.allow_networks if network.version == ip.version):
            return None
        if own and self.allow_private and ip.is_loopback:
            return None
        return objection_to(ip, allow_private=self.allow_private and (usual or own))

    def permits_mail_port(self, port: int) -> bool:
        """Say whether a mail server may be contacted at *port*."""
        other = self.other_mail_ports and port not in BLOCKED_PORTS and port not in self.web_ports
        return other or port in self.mail_ports

    def replace(self, **changes: Any) -> Policy:
        """Return a copy with *changes*; timeouts and limits go by their own names: `replace(deadline=5)`."""
        timeouts = {name: changes.pop(name) for name in _TIMEOUTS & changes.keys()}
        limits = {name: changes.pop(name) for name in _LIMITS & changes.keys()}
        if timeouts:
            changes["timeouts"] = replace(changes.get("timeouts", self.timeouts), **timeouts)
        if limits:
            changes["limits"] = replace(changes.get("limits", self.limits), **limits)
        return replace(self, **changes)
