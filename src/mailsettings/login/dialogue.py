"""The whole conversation with one server: greet, log in, look, take leave. No I/O: net.session runs it."""

from __future__ import annotations

from mailsettings import protocols
from mailsettings.errors import NetworkError
from mailsettings.login import imap, pop3, smtp
from mailsettings.login.session import Course, Errand, Topic, only_inside_tls, up_to_farewell
from mailsettings.model import Protocol
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Dialogue, farewell

_PROTOCOLS = {Protocol.IMAP: imap.log_in, Protocol.POP3: pop3.log_in, Protocol.SMTP: smtp.log_in}


def dialogue_for(errand: Errand, *, policy: Policy, tag: str) -> Dialogue:
    """Return the dialogue of *errand*, which ends in a Session; *tag* is eight random letters.

    Raises NetworkError where nothing was said to the login, be it yes or no.
    """
    hello, goodbye = yield from up_to_farewell(protocols.dialogue_for(errand.endpoint, policy=policy, tag=tag))
    only_inside_tls(hello)
    course = Course(hello, errand, tag, policy.max_lines)
    try:
        yield from _PROTOCOLS[errand.endpoint.protocol](course)
    except NetworkError as error:
        if not course.said:
            raise
        # The verdict stands; what went wrong behind it belongs to the answer.
        course.note(Topic.END, False, (error.redacted.encode(),))
    yield from farewell(goodbye)
    return course.session()
