"""The question whether a password may go to servers that nothing vouches for, as HTML. Pure.

One question per group, which names every host that would get the password. All remote text passes through markup.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.diagnosis.confirm_reasons import look_alike_warning, reason_texts, rented_machine_warning
from mailsettings.hostnames import belongs_to, rented_machine, unicode_host
from mailsettings.model import Authority, Choice, Confirmation, ConfirmReason, Detection
from mailsettings.web.page.forms import SIGN_IN
from mailsettings.web.page.markup import Html, join, tag

_PURPOSE = {"imap": "incoming", "pop3": "incoming", "jmap": "incoming", "smtp": "outgoing"}


def confirmation_html(detection: Detection, *, ask: bool) -> Html | None:
    """Return what the user has to agree to; None if there is nothing. *ask*: with a checkbox for the login form."""
    groups = dict.fromkeys(each.group for each in detection.confirmations)
    if not groups:
        return None
    title = tag("h3", "Is this your mail provider, and may your password go there?")
    return tag("section", title, *(_question(group, detection, ask=ask) for group in groups), class_="box confirm")


def _question(group: str, detection: Detection, *, ask: bool) -> Html:
    asked = tuple(each for each in detection.confirmations if each.group == group)
    own = detection.address.rpartition("@")[2]
    return join(
        *_headline(asked, group, own),
        tag("ul", *(_host(each, detection) for each in asked), class_="hosts"),
        *_alarms(asked),
        tag("p", f"{unicode_host(own)} itself names these servers.") if _named_by_domain(asked, detection) else None,
        *_reasons(asked, group, own),
        _checkbox(asked) if ask else None,
    )


def _headline(asked: tuple[Confirmation, ...], group: str, own: str) -> Iterator[Html | None]:
    """Yield in large letters whose servers they are; the hosts themselves where that is the user's own domain."""
    for name in [each.host for each in asked] if belongs_to(group, own) else [group]:
        yield tag("p", unicode_host(name), class_="domain")
        yield _spelling(name)


def _spelling(host: str) -> Html | None:
    """Return the A-labels of *host* where people read other letters."""
    return tag("p", "Spelled ", tag("code", host)) if unicode_host(host) != host else None


def _host(confirmation: Confirmation, detection: Detection) -> Html:
    """Return the host in both spellings, with every port of it that would get the password."""
    host = confirmation.host
    spelling = join(" (", tag("code", host), ")") if unicode_host(host) != host else None
    ports = " and ".join(
        f"port {choice.endpoint.port} for {_PURPOSE[choice.endpoint.protocol]} mail"
        for choice in _best(detection)
        if choice.endpoint.host == host
    )
    return tag("li", tag("strong", unicode_host(host)), spelling, f", {ports or confirmation.port}")


def _alarms(asked: tuple[Confirmation, ...]) -> Iterator[Html]:
    for other in dict.fromkeys(each.look_alike_of for each in asked if each.look_alike_of):
        yield tag("p", look_alike_warning("This", unicode_host(other)), class_="alarm")
    if any(rented_machine(each.host) for each in asked):
        yield tag("p", rented_machine_warning("This"), class_="alarm")


def _reasons(asked: tuple[Confirmation, ...], group: str, own: str) -> Iterator[Html]:
    whys = ((each.why, unicode_host(each.host), each.port) for each in asked)
    for text in reason_texts(whys, group=unicode_host(group), domain=unicode_host(own)):
        yield tag("p", text)


def _named_by_domain(asked: tuple[Confirmation, ...], detection: Detection) -> bool:
    """Say whether it is the domain itself that names the servers of another domain."""
    hosts = {each.host for each in asked if each.why is ConfirmReason.OTHER_DOMAIN}
    found = [choice.claims for choice in _best(detection) if choice.endpoint.host in hosts]
    return bool(found) and all(claims and claims[0].evidence.authority is Authority.DOMAIN for claims in found)


def _best(detection: Detection) -> tuple[Choice, ...]:
    return (*detection.incoming[:1], *detection.outgoing[:1])


def _checkbox(asked: tuple[Confirmation, ...]) -> Html:
    """Return the checkbox that is required for signing in; its value is the hosts, separated by spaces."""
    hosts = " ".join(each.host for each in asked)
    box = tag("input", type="checkbox", name="confirmed", value=hosts, required=True, form=SIGN_IN)
    return tag("label", box, tag("span", "Yes, ", *_named(asked), " may get my password"), class_="agree")


def _named(asked: tuple[Confirmation, ...]) -> tuple[Html | str, ...]:
    names = [tag("strong", unicode_host(each.host)) for each in asked]
    return tuple(part for name in names for part in (" and ", name))[1:]
