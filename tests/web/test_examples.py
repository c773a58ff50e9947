"""The examples do what they say."""

import importlib.util
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from mailsettings import sync
from mailsettings.login.verify import verify
from mailsettings.net.network import Network, open_network
from mailsettings.policy import Policy
from mailsettings.testing import Account, FakeNetwork, imap, smtp
from tests.support.processes import free_port, running
from tests.support.web_service import Visitor, service, world

EXAMPLES = Path(__file__).parents[2] / "examples"
WIZARD = EXAMPLES / "wizard"
CHROMIUM = shutil.which("chromium") or ""


def loaded(path: Path) -> Any:
    """Return the example at *path* as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.anyio
async def test_the_service_can_be_mounted() -> None:
    """
    Below a path of another application, beside its own page.
    """
    async with service(world()) as setup:
        app = loaded(WIZARD / "wizard.py").wizard(setup)
        health, page = [await Visitor(app).get(path) for path in ("/mail-setup/healthz", "/")]

    assert (health.json(), page.status_code) == ({"status": "ok"}, 200)


@pytest.mark.anyio
async def test_the_progress_bar_ends_with_the_servers(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The bar on standard error, the two servers on standard output.
    """
    network = world()
    async with open_network(Policy(), network.transport(Policy())) as opened:
        await loaded(EXAMPLES / "progress.py").main("ada@example.org", opened)
    written = capsys.readouterr()

    assert written.out.splitlines() == [
        "imap://imap.example.org:993 (tls) ada@example.org verified",
        "smtp://smtp.example.org:465 (tls) ada@example.org verified",
    ]
    assert "contacting imap.example.org" in written.err


def test_the_client_with_a_bar_is_thirty_lines() -> None:
    """
    As short as promised.
    """
    assert len((EXAMPLES / "progress.py").read_text().splitlines()) <= 32


def dialog(answers: list[str], password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the dialog with a user who types *answers* and *password*."""
    typed = iter(answers)
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    monkeypatch.setattr("getpass.getpass", lambda _prompt: password)
    network = FakeNetwork()
    accounts = {"ada@customer.example": Account("correct horse")}
    network.host("imap.example.org").serve(imap(accounts=accounts))
    network.host("smtp.example.org").serve(smtp(accounts=accounts))
    network.records("_imaps._tcp.customer.example", SRV="0 1 993 imap.example.org")
    network.records("_submissions._tcp.customer.example", SRV="0 1 465 smtp.example.org")

    def opened() -> Network:
        return Network(Policy().for_mailboxes(), network.transport(Policy()))

    def log_in(detection: Any, credentials: Any) -> Any:
        return anyio.run(partial(verify, detection, credentials, confirmed=detection.confirm, net=opened()))

    loaded(EXAMPLES / "account_dialog.py").main(lambda address: sync.detect(address, net=opened()), log_in)


def test_the_dialog_asks_agrees_and_logs_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A bad address is asked for again, the foreign servers are agreed to, the password works.
    """
    dialog(["nobody", "ada@customer.example", "y", "y"], "correct horse", monkeypatch)

    assert capsys.readouterr().out.splitlines()[-1] == "It works."


def test_the_dialog_sends_nothing_to_who_is_not_agreed_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Without the user's word for every host there is no login.
    """
    dialog(["ada@customer.example", "y", "n"], "correct horse", monkeypatch)

    assert "works" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["progress.py", "account_dialog.py"])
def test_a_program_is_typed(name: str) -> None:
    """
    It is typed as strictly as the library.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(EXAMPLES / name)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["Success: no issues found in 1 source file"])


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no chromium; tests/web/install installs it")
def test_the_wizard_shows_what_the_service_finds() -> None:
    """
    As its first line says: under uvicorn, in a browser; from the form through the stream of events to the servers.
    """
    from playwright.sync_api import sync_playwright  # only where there is a browser

    port = free_port()
    command = (sys.executable, "-m", "tests.support.wizard_program", str(port))
    with running(*command, port=port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.fill("[name=address]", "ada@customer.example")
        page.click("button")
        page.wait_for_selector("text=May imap.example.org, port 993, get your password?")
        shown = page.locator("pre").inner_text()
        browser.close()

    assert shown.splitlines()[0] == "imap imap.example.org:993 tls ada@customer.example"
