"""A detection as HTML. Pure: all remote text passes through markup."""

from __future__ import annotations

from collections.abc import Iterable

from mailsettings.model import Detection, Finding, Hint, Protocol
from mailsettings.web.page.confirmation import confirmation_html
from mailsettings.web.page.forms import manual_form, search_form, sign_in_form
from mailsettings.web.page.markup import Html, join, link, tag
from mailsettings.web.page.servers import alternatives_html, provenance_text, servers_html
from mailsettings.web.service import outcome_of

_HEADLINES = {
    "verified": ("good", "We found your mail settings", "Both servers have answered, over encrypted connections."),
    "found": ("warn", "We found mail settings", "But not all of them could be checked: look at the locks below."),
    "nothing": ("bad", "We found no mail settings", "No server answered that could be the right one."),
}
_BRIDGE = ("warn", "Your mail servers are on your own computer", "The provider's program has to run there first.")
_MAX_FINDINGS = 6  # few readers go beyond the sixth


def answer_html(detection: Detection, *, password: bool) -> Html:
    """Return *detection* as HTML; *password*: the page came over a secure transport and may ask for one."""
    form = sign_in_form(detection, safe=password)
    return join(
        _headline(detection),
        _typo_suggestion(detection),
        confirmation_html(detection, ask=form is not None and password),
        _prerequisites(detection),
        form,
        servers_html(detection),
        findings_html(item for item in detection.findings if item.code != "typo"),  # suggested above
        _notes(detection),
        alternatives_html(detection),
        manual_form(detection, safe=password),
        _documentation(detection),
    )


def _headline(detection: Detection) -> Html:
    outcome = outcome_of(detection)
    bridge = outcome == "nothing" and detection.provider is not None and detection.provider.kind == "bridge"
    mood, title, meaning = _BRIDGE if bridge else _HEADLINES[outcome]
    if detection.confirm:
        mood, meaning = "warn", "One thing is yours to check first: whether your password may go to these servers."
    address = detection.shown_address or detection.address
    both = f" ({detection.address})" if address != detection.address else ""
    provider = join(" · ", detection.provider.name) if detection.provider and detection.provider.name else None
    return tag(
        "header",
        tag("h2", title, tabindex="-1", id="title"),
        tag("p", tag("span", f"{address}{both}", class_="address"), provider),
        tag("p", meaning, class_="small"),
        class_=f"headline {mood}",
    )


def _typo_suggestion(detection: Detection) -> Html | None:
    if not detection.suggestion:
        return None
    button = tag("button", f"Yes, look for {detection.suggestion}", type="submit")
    return tag(
        "section",
        tag("h3", "Did you mean ", tag("strong", detection.suggestion), "?"),
        search_form(detection.suggestion, button),
        class_="box ask",
    )


def _prerequisites(detection: Detection) -> Html | None:
    hints = [hint for hint in detection.hints if _concerns(hint, detection)]
    if not hints:
        return None
    name = (detection.provider.name if detection.provider else "") or "Your provider"
    title = tag("h3", name, " wants this first")
    return tag("section", title, tag("ol", *map(_hint, hints)), class_="box first")


def _concerns(hint: Hint, detection: Detection) -> bool:
    """Tell whether *hint* is about logging in to the best servers: not about another protocol, not about limits."""
    words = hint.id.split("_")
    other = {Protocol.IMAP: "pop", Protocol.POP3: "imap"}
    wrong = [other.get(choice.endpoint.protocol) for choice in detection.incoming[:1]]
    return "limit" not in words and not any(word in wrong for word in words)


def _hint(hint: Hint) -> Html:
    page = join(" ", link(hint.url, "Show me where")) if hint.url else None
    return tag("li", hint.text, page, _speaker(hint))


def _speaker(hint: Hint) -> Html | None:
    """Say which document *hint* is from; nothing for the words of a table."""
    if hint.evidence is None or hint.evidence.authority.words_of_table:
        return None
    return join(" ", tag("span", f"So says {provenance_text(hint.evidence)}.", class_="small"))


def findings_html(items: Iterable[Finding]) -> Html | None:
    """Return what is wrong and what to do about it; None if *items* is empty."""
    entries = tuple(tag("li", _finding(item)) for item in tuple(items)[:_MAX_FINDINGS])
    if not entries:
        return None
    return tag("section", tag("h3", "What is wrong, and what helps"), tag("ul", *entries), class_="box findings")


def _finding(item: Finding) -> Html:
    page = join(" ", link(item.link, "The provider’s page about it")) if item.link else None
    return join(tag("strong", item.text), " ", item.advice, page)


def _notes(detection: Detection) -> Html | None:
    further = (_hint(hint) for hint in detection.hints if not _concerns(hint, detection))
    notes = (tag("li", str(note)) for note in detection.notes)
    entries = (*further, *notes)[:_MAX_FINDINGS]
    if not entries:
        return None
    return tag("details", tag("summary", "Good to know"), tag("ul", *entries))


def _documentation(detection: Detection) -> Html | None:
    linked = {hint.url for hint in detection.hints}
    pages = [page for page in detection.documentation if page.url not in linked][:3]
    if not pages:
        return None
    items = (tag("li", link(page.url, page.text or page.url)) for page in pages)
    return tag("section", tag("h3", "Help from the provider"), tag("ul", *items), class_="notes")
