"""Host names: parsed once, then trusted; their registrable domain, and which certificates match them. Pure.

    parse_host("IMAP.Bücher.example.")  ->  "imap.xn--bcher-kva.example"
    registrable("imap.mail.example.co.uk")  ->  "example.co.uk"

The registrable domain follows from the public suffix list, with its private part. Without that part two customers of
one hosting company, a.github.io and b.github.io, would count as one domain: a password for the one could be sent to the
other without asking. The cost: hosts of a company that rents out names below its own domain do not count as one domain
either, and the user is asked.

Parsing the whole list takes 60 ms, more than all else before the first question, so only the rules about one host are
parsed.

The list does not know where hosters give names to the machines that they rent out, nor ISPs to their customers' lines;
the provider table does (`customers`, see docs/providers.md). The name of such a machine counts as a domain of its own:

    registrable("static.4.3.2.1.clients.your-server.de")  ->  "static.4.3.2.1.clients.your-server.de"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from mailsettings.errors import AddressError
from mailsettings.escape import short_repr

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_HOST = 253  # octets, RFC 1035 §2.3.4 less the root

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ANY_LABEL = "[^.]+"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?!0x)(?![0-9]+$){_LABEL}")
# One label or more; the last is no number, which makes all of it an address in disguise.
_OWN_HOST = re.compile(rf"(?:{_LABEL}\.)*(?!0x)(?![0-9]+$){_LABEL}")
# Names of this machine, of its network or of no host at all (RFC 6761, RFC 6762, RFC 8375, RFC 7686, ICANN .internal).
# `.example` and `.test` are ordinary names here: labs use them, and no public zone has them.
LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "onion", "invalid")
LOCAL_SUFFIXES = (*LOCAL_NAMES, "home.arpa", "in-addr.arpa", "ip6.arpa", "arpa")


def parse_host(text: str) -> str:
    """Parse *text* as the name of a public host: lower-case A-labels, two or more, no trailing dot.

    Raises AddressError for addresses in disguise, for names of the local machine or network and for anything that is
    not letters, digits and hyphens (RFC 1123 §2.1).
    """
    host = text.lower().removesuffix(".")
    if not host.isascii():
        host, _ = to_a_and_u_labels(host)
    if len(host) > MAX_HOST:
        raise AddressError(f"the host name has {len(host)} octets, more than {MAX_HOST}")
    if host.startswith("[") or ":" in host or re.fullmatch(r"[0-9.]+|0x[0-9a-fx.]+", host):
        raise AddressError(f"{short_repr(text)} is a network address, not a domain name")
    if host in LOCAL_SUFFIXES or host.rpartition(".")[2] in LOCAL_SUFFIXES or host.endswith(".home.arpa"):
        raise AddressError(f"{short_repr(text)} means this machine or its own network, not a mail domain")
    if "." not in host:
        raise AddressError(f"{short_repr(text)} is a single word; a mail domain has a dot, like example.org")
    if not _HOST.fullmatch(host):
        raise AddressError(f"{short_repr(text)} is not a domain name")
    return host


def parse_own_host(text: str) -> str:
    """Parse *text* as a host that the user names: also an IP address, a single word, or a name of the own network.

    parse_own_host("NAS.local") is "nas.local"; an IPv6 address is without its brackets. Raises AddressError for
    anything else, and for addresses in disguise, such as 127.1.
    """
    host = text.lower().removesuffix(".")
    if _OWN_HOST.fullmatch(host) and len(host) <= MAX_HOST:
        return host
    try:
        return _ip_address(host) if "." in host or ":" in host else parse_host(text)
    except ValueError:  # AddressError is one
        return parse_host(text)


def _ip_address(host: str) -> str:
    """Return *host*, an IP address, in its plain form. ValueError if it is none or has a zone."""
    from ipaddress import ip_address

    address = ip_address(host.removeprefix("[").removesuffix("]"))
    if getattr(address, "scope_id", None) is not None:
        raise ValueError("an address with a zone")
    return str(address)


def is_public_name(host: str) -> bool:
    """Say whether *host* is the name of a public host, and not an address or a name of the user's own network."""
    try:
        return parse_host(host) == host
    except AddressError:
        return False


def unicode_host(host: str) -> str:
    """Return *host* with U-labels instead of A-labels where that is possible, for people."""
    if "xn--" not in host:
        return host
    import idna

    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def to_a_and_u_labels(domain: str) -> tuple[str, str]:
    """Return *domain* as A-labels and as U-labels (UTS-46, non-transitional: ß stays ß)."""
    import idna

    try:
        ascii_form = idna.encode(domain, uts46=True).decode("ascii").lower()
        return ascii_form, idna.decode(ascii_form)
    except idna.IDNAError as error:
        raise AddressError(f"{short_repr(domain)} is not an international domain name: {error}") from error


def inside(host: str, domain: str) -> bool:
    """Say whether *host* is *domain* or a name below it; both in lower case, without a trailing dot."""
    return host == domain or host.endswith(f".{domain}")


def name_matches(host: str, names: Iterable[str]) -> bool:
    """Say whether a certificate with these DNS *names* is valid for *host* (RFC 9525 §6.3).

    Only DNS names count, never the common name. A wildcard stands for exactly one whole left-most label, and not
    directly below a top-level domain: `*.example.org` matches `imap.example.org`, not `example.org` or
    `a.b.example.org`.
    """
    wanted = host.lower().removesuffix(".")
    _, _, parent = wanted.partition(".")
    wildcard = f"*.{parent}" if "." in parent else None
    return any(name.lower() in (wanted, wildcard) for name in names)


def registrable(host: str) -> str:
    """Return the registered domain that *host* is or belongs to; *host* itself if there is none.

    registrable("imap.mail.example.co.uk") is "example.co.uk"; registrable("co.uk") stays "co.uk", so that two hosts
    with nothing but a suffix in common never compare equal by accident. A rented machine is a domain of its own.
    """
    plain = host.lower().removesuffix(".")
    if _names_machines_below(plain):
        return plain
    # The rule "*" of the list: an unknown top-level domain counts as a suffix.
    by_list = _suffixes_of(plain).privatesuffix(plain) or plain
    return max(by_list, rented_machine(plain), key=len)


def belongs_to(host: str, domain: str) -> bool:
    """Say whether *host* is within the registrable domain of *domain*, and no machine that a stranger rents there.

    belongs_to("imap.example.org", "mail.example.org") is true; of two customers of one hosting company it is false. The
    tenant of a machine has all names below it.
    """
    plain, owner = host.lower().removesuffix("."), registrable(domain)
    return inside(plain, owner) and (rented_machine(owner) == owner or registrable(plain) == owner)


def same_owner(one: str, other: str) -> bool:
    """Say whether one of two hosts belongs to the other: a machine's tenant and the hoster are two owners."""
    return belongs_to(one, other) or belongs_to(other, one)


def is_public_suffix(host: str) -> bool:
    """Say whether *host* is a suffix under which the public can register names or rent machines: `com`, `github.io`."""
    plain = host.lower().removesuffix(".")
    return _names_machines_below(plain) or _suffixes_of(plain).publicsuffix(plain) == plain


def rented_machine(host: str) -> str:
    """Return the machine that *host* is, or lies below, if a hoster or ISP gives its name to a customer; else "".

    *host* is in lower case. `**.clients.your-server.de` makes every name below clients.your-server.de a machine,
    `vps*.ovh.net` only vps1.ovh.net and the like, to which imap.vps1.ovh.net belongs.
    """
    return "" if _names_machines_below(host) else _machine(host)


def _names_machines_below(host: str) -> bool:
    """Say whether any name directly below *host* is a customer's machine, and no other name directly beside it is."""
    parent = host.partition(".")[2]
    return _any_name_is_a_machine(host) and not _any_name_is_a_machine(parent)


def _any_name_is_a_machine(zone: str) -> bool:
    return _machine(f"x.{zone}") == f"x.{zone}"


def _machine(host: str) -> str:
    found = ((tail, below_or_matches(above, head)) for tail, above, head in _customer_patterns(host))
    return max((f"{machine}.{tail}" for tail, machine in found if machine), key=len, default="")


def matches(name: str, pattern: str) -> bool:
    """Say whether *pattern* stands for *name*: a host in lower case, or some of its labels.

    A * stands for letters, digits and hyphens within one label, also for none of them: mx*.example.net is for
    mx.example.net and mx12.example.net. A leading ** stands for one label or more.
    """
    return re.fullmatch(_expression(pattern), name) is not None


def below_or_matches(name: str, pattern: str) -> str:
    """Return the end of *name* that *pattern* stands for, the longest of several; "" if there is none."""
    found = re.fullmatch(rf"(?:{_ANY_LABEL}\.)*?({_expression(pattern)})", name)
    return found[1] if found else ""


@cache
def _expression(pattern: str) -> str:
    """Return *pattern* as a regular expression."""
    whole = {"*": _ANY_LABEL, "**": rf"(?:{_ANY_LABEL}\.)*{_ANY_LABEL}"}
    return r"\.".join(whole.get(label, label.replace("*", "[a-z0-9-]*")) for label in pattern.split("."))


def _customer_patterns(host: str) -> Iterator[tuple[str, str, str]]:
    """Yield the patterns of rented machines whose fixed end *host* has: the end, the labels before it, the pattern."""
    labels = host.split(".")
    for count in range(1, len(labels)):
        tail = ".".join(labels[count:])
        yield from ((tail, ".".join(labels[:count]), head) for head in _customers().get(tail, ()))


@cache
def _customers() -> Mapping[str, tuple[str, ...]]:
    """Return the table's patterns of rented machines by their fixed end: what stands before it."""
    from pathlib import Path

    found: dict[str, tuple[str, ...]] = {}
    for line in Path(__file__).with_name("provider_table").joinpath("customers.txt").read_text("ascii").splitlines():
        tail, head = line.split(" ")
        found[tail] = (*found.get(tail, ()), head)
    return found


def _suffixes_of(host: str) -> PublicSuffixList:
    """Return the rules of the list that are about *host*; publicsuffixlist applies them."""
    from publicsuffixlist import PublicSuffixList

    rules = (mark + name for name in _names_above(host) for mark in ("", "*.", "!"))
    return PublicSuffixList([rule for rule in rules if rule.encode() in _lines()])


def _names_above(host: str) -> Iterator[str]:
    """Yield *host* and the names above it, as the list writes them: international ones in Unicode."""
    labels = host.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        yield name
        if "xn--" in name:
            try:
                yield name.encode().decode("idna")
            except UnicodeError:  # no rule can match it
                continue


@cache
def _lines() -> frozenset[bytes]:
    """Return the lines of the list: one rule each, lower case. Its comments match no name."""
    from pathlib import Path

    from publicsuffixlist import PSLFILE

    return frozenset(Path(PSLFILE).read_bytes().split(b"\n"))
