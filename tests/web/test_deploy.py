"""What deploy/ promises: the unit is read by systemd, exposes little, and the service works so confined."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from mailsettings.web.settings import Settings
from tests.support.processes import free_port, running

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "mailsettings.service"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
COMMAND = Path(sys.executable).with_name("mailsettings")
CHECKOUT = Path(__file__).parents[2]
CONFINE = Path(__file__).parents[1] / "support" / "systemd_sandbox.py"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


def _has_seccomp() -> bool:
    done = subprocess.run(["/usr/bin/python3", "-c", "import seccomp"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the command where it is on this machine."""
    place = tmp_path / UNIT.name
    place.write_text(UNIT.read_text().replace("/opt/mailsettings/bin/mailsettings", str(COMMAND)))
    return place


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_reads_the_unit(unit: Path) -> None:
    """
    Every line is known and every value is one.
    """
    done = analyze("verify", "--man=no", str(unit))

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_unit_exposes_little(unit: Path) -> None:
    """
    systemd's own measure, from 0 to 10: below 1.3, which is what network, a socket for it and its own root leave.
    """
    done = analyze("security", "--offline=true", "--no-pager", "--threshold=13", str(unit))

    assert (done.returncode, "Overall exposure level" in done.stdout) == (0, True)


@contextmanager
def confined(unit: Path, *arguments: str) -> Iterator[str]:
    """Run the service as the unit would: its system calls, no capability, no root, one directory to write to."""
    port = free_port()
    cache = unit.parent / "cache"
    cache.mkdir()
    sandbox = (
        "bwrap", "--unshare-user", "--uid", "10025", "--gid", "10025", "--cap-drop", "ALL", "--unshare-ipc",
        "--unshare-pid", "--unshare-uts", "--new-session", "--die-with-parent",
        "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
        "--ro-bind", str(CHECKOUT), str(CHECKOUT),  # which may lie in /tmp itself
        "--ro-bind", str(unit), "/tmp/unit", "--bind", str(cache), "/tmp/cache",
    )  # fmt: skip
    command = ("/usr/bin/python3", str(CONFINE), "/tmp/unit", str(COMMAND), "serve", "--port", str(port), *arguments)
    with running(*sandbox, *command, port=port, MAILSETTINGS_CACHE="/tmp/cache/a.sqlite", MAILSETTINGS_DRAIN="1"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.slow
@needs_systemd
@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bwrap; tests/web/install installs it")
@pytest.mark.skipif(not _has_seccomp(), reason="no python3-seccomp; tests/web/install installs it")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_service_works_so_confined(unit: Path, workers: str) -> None:
    """
    Page, answer and cache file, with the unit's system calls and no memory that is both written and run.
    """
    with confined(unit, "--workers", workers) as url:
        page = httpx.get(url, timeout=30).status_code
        answer = httpx.post(f"{url}/v1/detect", json={"address": "ada@nowhere.invalid"}, timeout=30)
        found = httpx.post(f"{url}/v1/detect", json={"address": "ada@gmail.com"}, timeout=60).status_code
        store = httpx.get(f"{url}/readyz", timeout=30).json()["store"]

    assert (page, answer.status_code, found, store) == (200, 422, 200, "ok")
    assert (unit.parent / "cache" / "a.sqlite").exists()


def test_confinement_confines(unit: Path) -> None:
    """
    The rules that the service is run under are real: a kind of socket that the unit does not name is refused.
    """
    if not (shutil.which("systemd-analyze") and _has_seccomp()):
        pytest.skip("no systemd-analyze or no python3-seccomp; tests/web/install installs the latter")
    code = f"import socket; socket.socket({socket.AF_NETLINK}, socket.SOCK_RAW)"
    command = ("/usr/bin/python3", str(CONFINE), str(unit), "/usr/bin/python3", "-c", code)
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, "PermissionError" in done.stderr) == (1, True)


def test_the_image_and_the_unit_speak_of_what_there_is() -> None:
    """
    Each setting that they name is one, and the health check asks a path and a port that the service has.
    """
    named = set(re.findall(r"MAILSETTINGS_([A-Z_]+)", DOCKERFILE.read_text() + UNIT.read_text()))

    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert "http://127.0.0.1:8025/healthz" in DOCKERFILE.read_text()
