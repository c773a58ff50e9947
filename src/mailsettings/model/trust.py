"""Trust: whether a password may go to a verified server without asking, and what the user has to agree to if not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trust(StrEnum):
    """Whether a password may go to a server, and why. The rules are in decision.trust."""

    OWN = "own"  # named by the caller's or the user's own table
    PROVIDER = "provider"  # named by the provider table's row for the domain or for its mail exchangers
    DOMAIN = "domain"  # named by the domain in a way that cannot be forged, and inside that domain
    SAME_DOMAIN = "same-domain"  # inside the domain, under a usual name or with a certificate for one
    CONFIRM = "confirm"  # verified, but the user has to agree to the host first
    UNVERIFIED = "unverified"  # never

    @property
    def allows_password(self) -> bool:
        """True if a password may be sent to the verified server without asking the user."""
        return self not in (Trust.CONFIRM, Trust.UNVERIFIED)


class ConfirmReason(StrEnum):
    """Why the user has to agree to a host first."""

    OTHER_DOMAIN = "other-domain"  # outside the address's domain, and no source safe from forgery vouches for it
    UNUSUAL_NAME = "unusual-name"  # inside the domain, under a name that only a forgeable source gives
    UNUSUAL_PORT = "unusual-port"  # a port that anyone on the machine may open
    DOCUMENT_HOST = "document-host"  # the machine that serves the document names itself
    NOT_IN_ROW = "not-in-row"  # the provider table has the domain, and does not name this host
    DISPUTED = "disputed"  # the table's row for the domain contradicts what the domain itself says
    TRACES = "traces"  # known from SPF, NS or CNAME records only
    BACKUP_EXCHANGER = "backup-exchanger"  # known from a mail exchanger that is not the most preferred one
    CUSTOMER_EXCHANGER = "customer-exchanger"  # the exchanger's name is one that customers of the provider can have
    PUBLIC_SUFFIX = "public-suffix"  # the address is right at a suffix under which the public registers names


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One host that the user has to agree to before a password is sent there."""

    host: str  # A-labels
    port: int
    group: str  # the domain above the host below which no stranger can rent or register a name: one question
    why: ConfirmReason
    look_alike_of: str = ""  # the well-known domain that the host's looks like without being it
