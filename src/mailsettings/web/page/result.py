"""The result of a login as HTML. Pure: the typed name passes through markup."""

from __future__ import annotations

from mailsettings.login.result import LoginResult
from mailsettings.login.verify import Verification
from mailsettings.web.page.answer import findings_html
from mailsettings.web.page.markup import Html, breakable, join, tag

_MAX_NAME = 200  # characters


def result_html(verification: Verification, name: str) -> Html:
    """Return the result of the visitor's login; *name* is their display name, possibly empty."""
    if verification.verified:
        return _ready(verification.address, name[:_MAX_NAME].strip())
    return _failed(verification)


def _ready(address: str, name: str) -> Html:
    sender = f"{name} <{address}>" if name else address
    from_line = tag("dd", tag("span", breakable(sender)), data_copy="sender")
    return tag(
        "section",
        tag("h3", f"It works, {name}!" if name else "It works!", tabindex="-1", class_="lock good"),
        tag("p", "You can read and send mail with the settings on this page: copy them into your mail program."),
        tag("dl", tag("div", tag("dt", "Others see you as"), from_line)),
        class_="ready",
    )


def _failed(verification: Verification) -> Html:
    results = (("Reading mail", verification.incoming), ("Sending mail", verification.outgoing))
    lines = (_line(title, result) for title, result in results if result)
    return join(*lines, findings_html(verification.findings))


def _line(title: str, result: LoginResult) -> Html:
    if not result.tried:
        return tag("p", f"{title}: not tried", class_="lock warn")
    if result.verified:
        return tag("p", f"{title}: works", class_="lock good")
    return tag("p", f"{title}: does not work", class_="lock bad")
