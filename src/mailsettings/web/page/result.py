"""What came of a login, as a piece of the page. Pure: a name that was typed passes through markup."""

from __future__ import annotations

from mailsettings.login.result import LoginResult
from mailsettings.login.verify import Verification
from mailsettings.web.page.answer import findings_html
from mailsettings.web.page.markup import Html, breakable, join, tag

_MOST = 200  # characters of a name


def result_html(done: Verification, name: str) -> Html:
    """Return what came of the login of somebody who calls themselves *name*, or nothing."""
    return _ready(done.address, name[:_MOST].strip()) if done.verified else _failed(done)


def _ready(address: str, name: str) -> Html:
    sender = f"{name} <{address}>" if name else address
    shown = tag("dd", tag("span", breakable(sender)), data_copy="sender")
    return tag(
        "section",
        tag("h3", f"It works, {name}!" if name else "It works!", tabindex="-1", class_="lock good"),
        tag("p", "You can read and send mail with the settings on this page: copy them into your mail program."),
        tag("dl", tag("div", tag("dt", "Others see you as"), shown)),
        class_="ready",
    )


def _failed(done: Verification) -> Html:
    tried = (("Reading mail", done.incoming), ("Sending mail", done.outgoing))
    return join(*(_line(title, each) for title, each in tried if each), findings_html(done.findings))


def _line(title: str, each: LoginResult) -> Html:
    if not each.tried:
        return tag("p", f"{title}: not tried", class_="lock warn")
    if each.verified:
        return tag("p", f"{title}: works", class_="lock good")
    return tag("p", f"{title}: does not work", class_="lock bad")
