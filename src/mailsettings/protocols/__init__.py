"""Sans-I/O mail protocol dialogues: generators that yield commands and receive their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailsettings.model import Endpoint, Protocol
from mailsettings.protocols import imap, pop3, smtp

if TYPE_CHECKING:
    from mailsettings.policy import Policy
    from mailsettings.protocols.dialogue import Dialogue


def dialogue_for(endpoint: Endpoint, *, policy: Policy, tag: str) -> Dialogue:
    """Return the dialogue for *endpoint*'s protocol; *tag* is eight random letters, for IMAP.

    Raises ValueError for protocols that are not line-based.
    """
    match endpoint.protocol:
        case Protocol.IMAP:
            return imap.dialogue(endpoint.security, tag=tag, max_lines=policy.limits.max_lines)
        case Protocol.POP3:
            return pop3.dialogue(endpoint.security, max_lines=policy.limits.max_lines)
        case Protocol.SMTP:
            return smtp.dialogue(endpoint.security, name=policy.ehlo_name, max_lines=policy.limits.max_lines)
    raise ValueError(f"{endpoint.protocol} is not a protocol of lines")
