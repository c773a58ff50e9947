"""The exit codes of the command, and which of them an answer gets. Pure.

0  the best incoming and the best outgoing server were contacted and verified
1  servers were found, but not verified in both directions; with `check`, something is wrong
2  the command line is not valid
3  nothing was found
4  nothing was found, and neither the network nor its DNS responded to any question
5  `check` needs a confirmation of the host before a password may go there
70  a bug of ours, 130  interrupted, 141  the reader of the output closed the pipe
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from mailsettings.schema import Object


class ExitCode(IntEnum):
    """The exit codes of the command, as in the table above."""

    VERIFIED = 0
    UNVERIFIED = 1
    USAGE = 2
    NOTHING = 3
    NO_NETWORK = 4
    CONFIRM_FIRST = 5
    BUG = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells count
    PIPE_CLOSED = 141  # 128 + SIGPIPE


# A network that is down fails in these ways only; every other failure is a response of some host.
_NO_NETWORK_KINDS = frozenset({"no-network", "dns-timeout", "proxy"})
# What a resolver without access to the Internet answers for every name; it counts only beside a sign of that.
_NOTHING_KINDS = frozenset({"no-such-name", "no-address"})
_TIMEOUT_KINDS = _NO_NETWORK_KINDS | {"unreachable", "connect-timeout", "deadline", "budget", "denied"}


def exit_code(detection: Object) -> ExitCode:
    """Return the exit code for *detection*, in its JSON form."""
    if not detection["incoming"] and not detection["outgoing"]:
        return ExitCode.NO_NETWORK if no_network(detection) else ExitCode.NOTHING
    return ExitCode.VERIFIED if both_verified(detection) else ExitCode.UNVERIFIED


def both_verified(detection: Object) -> bool:
    """Say of the JSON form what `Detection.verified` says of the model."""
    best = (detection["incoming"][:1], detection["outgoing"][:1])
    return all(choices and choices[0]["verified"] for choices in best)


def no_network(detection: Object) -> bool:
    """Say whether questions were asked and none was answered."""
    kinds = {failure["kind"] for failure in detection["failures"]}
    answered = any(choice["verified"] for choice in (*detection["incoming"], *detection["outgoing"]))
    unanswered = _TIMEOUT_KINDS | _NOTHING_KINDS if "no-network" in kinds else _TIMEOUT_KINDS
    return not answered and bool(kinds & _NO_NETWORK_KINDS) and kinds <= unanswered
