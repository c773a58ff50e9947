"""The page in a real browser: what people see, by mouse and by keyboard, with and without JavaScript."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.support.processes import service_in_memory

CHROMIUM = shutil.which("chromium") or ""
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SHOTS = Path(__file__).parents[2] / "artifacts" / "web"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium; tests/web/install installs it"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with service_in_memory() as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    """A fresh window at the page that collects what the browser complains about."""
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(url)
        yield page


def searched(page: Any, address: str) -> Any:
    """Look for *address* and wait for the answer."""
    page.fill("#address", address)
    page.click("#go")
    page.wait_for_selector("#title")
    return page


def test_servers_are_found_and_shown(page: Any) -> None:
    """
    Both servers with their locks; the title of the answer has the focus, for screen readers.
    """
    searched(page, "ada@example.org")

    assert page.locator(".server .lock.good").count() == 2
    assert page.locator("#stages [aria-current]").inner_text().endswith("Sign in")
    assert "imap.example.org" in page.locator(".server").first.inner_text()
    assert page.evaluate("document.activeElement.id") == "title"
    assert page.complaints == []


def test_a_foreign_domain_is_shown_large(page: Any) -> None:
    """
    The domain to agree to is the largest text of the answer, and the password waits for the tick beside it.
    """
    searched(page, "ada@customer.example")
    size = "(found) => parseFloat(getComputedStyle(found).fontSize)"

    assert page.locator(".domain").inner_text() == "example.org"
    assert page.locator(".domain").evaluate(size) > page.locator("#title").evaluate(size)
    assert page.locator("[name=confirmed]").evaluate("(box) => box.required && !box.checked")


def test_an_app_password_is_asked_for_first(page: Any) -> None:
    """
    What the provider wants stands before the servers, with a link that opens elsewhere and tells nothing.
    """
    searched(page, "ada@gmail.com")
    link = page.locator(".first a").first

    assert "app password" in page.locator(".first").inner_text()
    assert (link.get_attribute("target"), "noreferrer" in link.get_attribute("rel")) == ("_blank", True)


def test_a_look_alike_is_flagged(page: Any) -> None:
    """
    The large name, how it is really spelled, and the alarm stand together, before the password.
    """
    searched(page, "ada@alike.example")
    box = page.locator(".confirm")

    assert box.locator(".domain").inner_text() == "gmaıl.com"
    assert "is not gmail.com" in box.locator(".alarm").inner_text()
    assert box.bounding_box()["y"] < page.locator(".try [name=password]").bounding_box()["y"]


def test_the_domain_to_agree_to_goes_with_the_password(page: Any) -> None:
    """
    Without the tick the browser asks for it and sends nothing; with it, the login is tried.
    """
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/check") else None)
    searched(page, "ada@customer.example")
    page.locator(".try [name=password]").fill("correct horse")
    page.locator(".try button[type=submit]").click()
    before = len(sent)
    page.check("[name=confirmed]")
    page.locator(".try button[type=submit]").click()
    page.locator(".try .result .lock").first.wait_for()

    assert (before, len(sent)) == (0, 1)


def test_a_typo_is_a_question(page: Any) -> None:
    """
    The suggestion is a button; pressing it looks for the other address.
    """
    searched(page, "ada@gmial.com")
    page.click(".ask button")
    page.wait_for_selector(".headline.good")

    assert page.input_value("#address") == "ada@gmail.com"


def test_nothing_found_is_explained(page: Any) -> None:
    """
    What is wrong and what helps, and the form for those who know better is open.
    """
    searched(page, "ada@dead.example")

    assert "does not answer" in page.locator(".findings").inner_text()
    assert page.locator("details[open] [name=incoming-host]").is_visible()


def test_a_search_can_be_stopped(page: Any) -> None:
    """
    While a silent domain is asked, Stop ends it and gives the field back.
    """
    page.fill("#address", "ada@silent.example")
    page.click("#go")
    page.wait_for_selector("#steps li")
    page.click("#stop")

    assert page.locator("#progress").is_hidden()
    assert page.evaluate("document.activeElement.id") == "address"


def test_a_bad_address_is_explained_at_the_field(page: Any) -> None:
    """
    What the browser lets pass and mail does not is answered in words.
    """
    page.fill("#address", "ada@localhost")
    page.click("#go")
    page.wait_for_selector("[role=alert]")

    assert "not a mail domain" in page.locator("[role=alert]").inner_text()


def test_values_can_be_copied(page: Any) -> None:
    """
    The button puts exactly the value into the clipboard.
    """
    searched(page, "ada@example.org")
    page.locator(".copy").first.click()
    page.get_by_text("Copied").wait_for()

    assert page.evaluate("navigator.clipboard.readText()") == "imap.example.org"


def test_who_has_signed_in_is_ready(page: Any) -> None:
    """
    Address, then name and password, then ready: the name is shown as others will see it, and the title has the focus.
    """
    searched(page, "ada@login.example")
    page.locator(".try [name=name]").fill("Ada <i>Lovelace")
    page.locator(".try [name=password]").fill("correct horse")
    page.keyboard.press("Enter")
    page.locator(".ready").wait_for()

    assert "Ada <i>Lovelace <ada@login.example>" in page.locator(".ready dd span").inner_text()
    assert page.evaluate("document.activeElement.closest('.ready') !== null")
    assert page.locator("#stages [aria-current]").inner_text().endswith("Ready")
    assert page.complaints == []


def test_a_password_can_be_looked_at(page: Any) -> None:
    """
    Show and Hide; it is hidden again when it is sent.
    """
    searched(page, "ada@login.example")
    field = page.locator(".try [name=password]")
    field.fill("wrong")
    page.get_by_label("Show the password").first.click()
    shown = field.get_attribute("type")
    page.locator(".try button[type=submit]").click()
    page.locator(".try .result .findings").wait_for()

    assert (shown, field.get_attribute("type")) == ("text", "password")


def test_settings_can_be_entered_by_hand(page: Any) -> None:
    """
    The form has what was found in it; another encryption brings its usual port; what is typed is what is tried.
    """
    searched(page, "ada@login.example")
    page.locator(".hand > summary").click()
    host = page.input_value("[name=incoming-host]")
    page.select_option("[name=incoming-security]", "starttls")
    port = page.input_value("[name=incoming-port]")
    page.select_option("[name=incoming-security]", "tls")
    page.locator(".hand [name=password]").fill("correct horse")
    page.check("[name=typed]")
    page.locator(".hand button[type=submit]").click()
    page.locator(".hand .ready").wait_for()

    assert (host, port, page.input_value("[name=incoming-port]")) == ("imap.login.example", "143", "993")


def test_other_servers_are_folded_away(page: Any) -> None:
    """
    POP3 is one click further.
    """
    searched(page, "ada@gmail.com")
    others = page.locator("details", has_text="Other servers")
    before = others.locator("li").first.is_visible()
    others.locator("summary").click()

    assert (before, "pop.gmail.com" in others.inner_text()) == (False, True)


@pytest.mark.parametrize(("password", "result"), [("correct horse", "It works"), ("wrong", "is wrong")])
def test_a_password_can_be_checked(page: Any, password: str, result: str) -> None:
    """
    It works, or the page says why not; the page stays.
    """
    searched(page, "ada@login.example")
    page.locator(".try [name=password]").fill(password)
    page.locator(".try button[type=submit]").click()
    page.locator(".try .result").get_by_text(result).first.wait_for()

    assert page.locator("#title").is_visible()


def test_the_keyboard_is_enough(page: Any) -> None:
    """
    Type, Enter, and from the answer on each Tab reaches something that shows its focus.
    """
    page.keyboard.type("ada@customer.example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#title")
    reached: list[list[str]] = []
    look = "(at) => [at.name, getComputedStyle(at).outlineStyle]"
    while page.evaluate("document.activeElement !== document.body") and len(reached) < 40:
        page.keyboard.press("Tab")
        reached.append(page.locator(":focus").evaluate(look) if page.locator(":focus").count() else ["", "solid"])

    assert {"password", "confirmed"} <= {name for name, _ in reached}
    assert {style for _, style in reached} <= {"solid", "auto"}


@pytest.mark.parametrize("address", ["ada@example.org", "ada@customer.example", "ada@gmial.com"])
def test_it_works_without_javascript(browser: Any, url: str, address: str) -> None:
    """
    A plain form post brings the whole page, with the same answer.
    """
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(url)
        searched(page, address)

        assert page.locator("#address").input_value() == address
        assert page.locator(".headline").is_visible()


def test_a_password_can_be_checked_without_javascript(browser: Any, url: str) -> None:
    """
    The form for the password is a form, too.
    """
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(url)
        searched(page, "ada@login.example")
        page.locator(".try [name=password]").fill("correct horse")
        page.locator(".try button[type=submit]").click()

        assert "It works" in page.locator("main").inner_text()


def test_it_works_before_the_script_is_there(browser: Any, url: str) -> None:
    """
    On a slow line people press the button before the script has come: the form is posted, and the page comes back.
    """
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/page.js", lambda _route: None)  # never answered
        page.goto(url, wait_until="commit")
        page.wait_for_selector("#go")
        page.fill("#address", "ada@example.org")
        page.click("#go", no_wait_after=True)

        page.wait_for_selector(".headline.good")


def test_remote_text_is_text(page: Any) -> None:
    """
    A banner, a name, a user name and a link written by an attacker run nothing and make no element.
    """
    searched(page, "ada@evil.example")
    page.wait_for_timeout(200)

    assert page.title() == "Mail settings"
    assert page.locator("#answer script, #answer img, #answer b").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert "<script>" in page.locator("#answer").inner_text()


def test_an_address_is_text_without_javascript(browser: Any, url: str) -> None:
    """
    What a visitor types comes back escaped, also in the refusal.
    """
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.evaluate("document.getElementById('search').noValidate = true")
        page.fill("#address", "\"><script>document.title='owned'</script>@x")
        page.evaluate("document.getElementById('search').submit()")
        page.wait_for_selector("[role=alert]")

        assert (page.title(), page.locator("main script").count()) == ("Mail settings", 0)


def test_nothing_comes_from_elsewhere(page: Any, url: str) -> None:
    """
    Every request of the page goes to the service itself.
    """
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    searched(page, "ada@gmail.com")

    assert [place for place in asked if not place.startswith(url)] == []


def at_start(_page: Any) -> None:
    """Nothing has been asked yet."""


def at_work(page: Any) -> None:
    page.fill("#address", "ada@silent.example")
    page.click("#go")
    page.wait_for_selector("#steps li:nth-child(2)")


def at_fault(page: Any) -> None:
    page.fill("#address", "ada@localhost")
    page.click("#go")
    page.wait_for_selector("[role=alert]")


def signed_in(page: Any, password: str = "correct horse") -> None:
    searched(page, "ada@login.example")
    page.locator(".try [name=name]").fill("Ada Lovelace")
    page.locator(".try [name=password]").fill(password)
    page.locator(".try button[type=submit]").click()
    page.locator(".try .result > *").first.wait_for()


def by_hand(page: Any) -> None:
    searched(page, "ada@login.example")
    page.locator(".hand > summary").click()


STATES: dict[str, Callable[[Any], object]] = {
    "start": at_start,
    "working": at_work,
    "bad-address": at_fault,
    "found": partial(searched, address="ada@login.example"),
    "to-confirm": partial(searched, address="ada@customer.example"),
    "look-alike": partial(searched, address="ada@alike.example"),
    "app-password": partial(searched, address="ada@gmail.com"),
    "nothing": partial(searched, address="ada@dead.example"),
    "typo": partial(searched, address="ada@gmial.com"),
    "attack": partial(searched, address="ada@evil.example"),
    "by-hand": by_hand,
    "ready": signed_in,
    "wrong-password": partial(signed_in, password="wrong"),
}


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core; tests/web/install fetches it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nobody_is_shut_out(browser: Any, url: str, state: str, scheme: Any) -> None:
    """
    axe-core finds no violation of WCAG 2.2 AA, nor of its own best practices.
    """
    with browser.new_context(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(url)
        STATES[state](page)
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run()")

    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found["violations"]] == []


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_off(browser: Any, url: str, state: str, width: int) -> None:
    """
    No sideways scrolling at any width; pictures of it are kept, light and dark.
    """
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(url)
        STATES[state](page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=str(SHOTS / f"{state}-{width}-{scheme}.png"), full_page=True)

        assert page.evaluate("document.documentElement.scrollWidth") == width
