"""The page without a browser: what is in it, and what is not."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from mailsettings.diagnosis.confirm_reasons import REASON_TEXTS
from mailsettings.model import Confirmation, ConfirmReason
from mailsettings.testing import FakeNetwork, imap, smtp
from mailsettings.web.page.confirmation import confirmation_html
from tests.support.detections import CONFIRM
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


async def searched(network: FakeNetwork, address: str, *, scheme: str = "https") -> str:
    """Return the page that a plain form post brings."""
    async with service(network) as app:
        return (await Visitor(app, scheme=scheme).post("/", data={"address": address})).text


def foreign(domain: str) -> FakeNetwork:
    """A world in which customer.example names servers of *domain*."""
    network = FakeNetwork()
    network.host(f"imap.{domain}").serve(imap())
    network.host(f"smtp.{domain}").serve(smtp())
    network.records("_imaps._tcp.customer.example", SRV=f"0 1 993 imap.{domain}")
    network.records("_submissions._tcp.customer.example", SRV=f"0 1 465 smtp.{domain}")
    return network


async def test_a_look_alike_is_flagged() -> None:
    """
    gmaıl.com, with a dotless i, is shown as people see it, as it is spelled, and with a warning.
    """
    page = await searched(foreign("xn--gmal-nza.com"), "ada@customer.example")

    assert '<p class="domain">gmaıl.com</p>' in page
    assert "<code>xn--gmal-nza.com</code>" in page
    assert "This looks like gmail.com, but is not gmail.com." in page


async def test_a_domain_of_63_characters_is_shown_whole() -> None:
    """
    The end of a name is what tells whose it is.
    """
    domain = f"{'a' * 63}.example"

    assert f'<p class="domain">{domain}</p>' in await searched(foreign(domain), "ada@customer.example")


def asking(*confirmations: Confirmation) -> str:
    """Return the question of an answer that asks for *confirmations*."""
    detection = replace(CONFIRM, confirm=tuple(each.host for each in confirmations), confirmations=confirmations)
    return confirmation_html(detection, ask=True) or ""


@pytest.mark.parametrize("why", ConfirmReason)
async def test_every_reason_is_said_in_words(why: ConfirmReason) -> None:
    """
    The visitor reads why and what to check before the checkbox.
    """
    page = asking(Confirmation("mail.hoster.example", 993, "hoster.example", why))

    assert REASON_TEXTS[why].reason.partition("{")[0] in page
    assert page.index("Agree ") < page.index("checkbox")
    assert "mail.hoster.example</strong>, port 993 for incoming mail and port 587 for outgoing mail" in page


async def test_an_unusual_name_inside_the_own_domain_is_shown_large() -> None:
    """
    The domain alone would look familiar: it is the visitor's own.
    """
    page = asking(Confirmation("old-shop.example.org", 993, "example.org", ConfirmReason.UNUSUAL_NAME))

    assert '<p class="domain">old-shop.example.org</p>' in page
    assert '<p class="domain">example.org</p>' not in page


async def test_hostile_names_are_text() -> None:
    """
    Whatever is in a name makes no element and no attribute.
    """
    evil = '"><script>x.example'
    page = asking(Confirmation(evil, 993, evil, ConfirmReason.OTHER_DOMAIN, evil))

    assert "<script" not in page
    assert 'value="&quot;&gt;&lt;script' in page


@pytest.mark.parametrize(("scheme", "fields"), [("https", True), ("http", False)])
async def test_a_password_is_asked_for_only_where_it_is_safe(scheme: str, fields: bool) -> None:
    """
    Opened over http, the page says why there is no field for it.
    """
    page = await searched(world(), "ada@example.org", scheme=scheme)

    assert ('type="password"' in page, "not opened over https" in page) == (fields, not fields)


@pytest.mark.parametrize("data", [{}, {"address": ""}, {"address": "x" * 400}, {"address": "<b>@x"}, {"other": "1"}])
async def test_a_bad_form_is_a_page_with_a_reason(data: Mapping[str, str]) -> None:
    """
    422 for programs, words for people, and the field again.
    """
    async with service(world()) as app:
        response = await Visitor(app).post("/", data=data)

    assert (response.status_code, 'role="alert"' in response.text, 'id="address"' in response.text) == (422, True, True)
    assert "<b>" not in response.text


@pytest.mark.parametrize("typed", ["Ada <ada@example.org>", "mailto:ada@example.org", "ada@example,org"])
async def test_the_page_names_the_address_that_was_meant(typed: str) -> None:
    """
    Below the field, which keeps what was typed.
    """
    page = await searched(world(), typed)

    assert "Did you mean ada@example.org?" in page


async def test_a_busy_service_says_so_in_words() -> None:
    """
    Too many requests are answered with a page, not with a JSON document.
    """
    async with service(world(), visitor_per_minute=1) as app:
        ada = Visitor(app)
        await ada.post("/", data={"address": "ada@example.org"})
        response = await ada.post("/", data={"address": "ada@example.org"})

    assert (response.status_code, "Please wait a moment" in response.text) == (429, True)


async def test_a_login_without_javascript_keeps_the_settings() -> None:
    """
    The page that comes back has what came of the login and, below it, the servers to copy from.
    """
    async with service(world()) as app:
        form = {"address": "ada@example.org", "password": "wrong", "name": "Ada"}
        page = (await Visitor(app).post("/check", data=form)).text

    assert page.index("Reading mail: does not work") < page.index("imap.<wbr>example.<wbr>org")


async def test_nothing_is_inline() -> None:
    """
    No script, style or handler in the page: the policy forbids them, and must stay as it is.
    """
    page = await searched(world(), "ada@customer.example")

    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|javascript:", page) == []


async def test_the_page_can_be_left_out() -> None:
    """
    An application with a page of its own mounts the paths for programs only.
    """
    async with service(world(), page=False) as app:
        assert (await Visitor(app).get("/")).status_code == 404
