"""The command as a process: terminals, pipes, signals, what it loads."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Mapping

import pytest

from mailsettings.cli.exit_codes import ExitCode
from mailsettings.schema import from_json
from tests.support.detections import VERIFIED

COMMAND = (sys.executable, "-m", "mailsettings")
PROGRAM = (sys.executable, "-m", "tests.support.cli_program")
PATIENCE = 60  # seconds; for a loaded machine, nothing is measured here
CLEAN = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "COLUMNS")}
HEAVY = ("pydantic", "httpx", "dns", "anyio", "ssl", "rich", "click", "yaml", "idna", "email_validator", "asyncio")


def finished(*command: str, env: Mapping[str, str] = CLEAN) -> subprocess.CompletedProcess[str]:
    """Run *command* to its end, without a terminal."""
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=dict(env), check=False)


def on_terminal(*command: str, env: Mapping[str, str]) -> str:
    """Run *command* with all its streams on a terminal and return what it wrote there."""
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env={**CLEAN, **env}) as process:
        os.close(slave)
        written = b""
        while select.select([master], [], [], PATIENCE)[0]:
            try:
                written += os.read(master, 65536)
            except OSError:  # EIO: the last one on the other side has gone
                break
        process.wait(PATIENCE)
    os.close(master)
    return written.decode()


@pytest.fixture
def compiled() -> None:
    """Have the table compiled: the first look-up after an edit does that, with all that it takes."""
    finished(sys.executable, "-c", "from mailsettings.provider_table import table; table.bundled()")


@pytest.mark.usefixtures("compiled")
def test_a_table_look_up_loads_next_to_nothing() -> None:
    """
    `--offline` for a known domain runs without any of the packages that cost time.
    """
    code = (
        "import sys, mailsettings.__main__ as program\n"
        "sys.argv = ['mailsettings', '--offline', 'ada@gmail.com']\n"
        "try: program.main()\n"
        "except SystemExit as end: print(end.code)\n"
        f"print([name for name in ({', '.join(map(repr, (*HEAVY, 'dataclasses', 'socket')))},) if name in sys.modules])"
    )
    done = finished(sys.executable, "-c", code)

    assert done.stdout.splitlines()[-2:] == ["1", "[]"], done.stderr


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("address", ["ada@gmail.com", "ada@nobody-knows.example"])
def test_a_look_up_as_json_loads_no_network(address: str) -> None:
    """
    The usual way for the table alone loads click, but nothing that could contact anybody.
    """
    code = (
        "import sys\nfrom mailsettings.cli.app import run\n"
        f"code = run(['--offline', '--json', {address!r}])\n"
        "print([name for name in ('pydantic', 'httpx', 'dns', 'anyio', 'ssl', 'rich') if name in sys.modules])"
    )
    done = finished(sys.executable, "-c", code)

    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_module_can_be_run() -> None:
    """
    `python -m mailsettings` is the command.
    """
    done = finished(*COMMAND, "--offline", "ada@gmail.com")

    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "ada@gmail.com")


@pytest.mark.parametrize("arguments", [["foo"], ["--offline", "foo"], ["--", "a\udcffb@c.example"]], ids=ascii)
def test_a_bad_address_gets_one_line_on_stderr(arguments: list[str]) -> None:
    """
    Exit code 2 and one line, also for bytes that are no text.
    """
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, timeout=PATIENCE, check=False)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1)


def test_progress_is_shown_on_a_terminal_and_leaves_nothing() -> None:
    """
    The progress line is written over, cleared, and followed by the answer in colours.
    """
    written = on_terminal(*PROGRAM, "VERIFIED", "ada@example.org", env={"TERM": "xterm"})

    assert "\r\x1b[K0.0 s  asking      example.org MX" in written
    assert "\r\x1b[K\x1b[1mada@example.org\x1b[0m" in written


def test_no_color_means_no_colours() -> None:
    """
    With NO_COLOR set, the card on a terminal is plain.
    """
    written = on_terminal(*PROGRAM, "VERIFIED", "--offline", "ada@example.org", env={"TERM": "xterm", "NO_COLOR": "1"})

    assert (written.splitlines()[0], "\x1b" in written) == ("ada@example.org", False)


def test_a_progress_line_never_wraps() -> None:
    """
    On a narrow terminal the line is cut, so that it can be written over.
    """
    written = on_terminal(*PROGRAM, "VERIFIED", "ada@example.org", env={"TERM": "xterm", "COLUMNS": "20"})
    lines = [part for part in written.split("\r\x1b[K")[1:-1] if part]

    assert lines
    assert max(map(len, lines)) < 20


def test_without_a_terminal_there_is_no_progress_and_no_colour() -> None:
    """
    A pipe gets plain text, stderr stays empty.
    """
    done = finished(*PROGRAM, "VERIFIED", "ada@example.org", env={**CLEAN, "TERM": "xterm"})

    assert (done.returncode, done.stderr, "\x1b" in done.stdout) == (0, "", False)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param((*COMMAND, "--offline", "ada@gmail.com"), id="table"),
        pytest.param((*PROGRAM, "VERIFIED", "ada@example.org"), id="card"),
        pytest.param((*PROGRAM, "VERIFIED", "--json", "ada@example.org"), id="json"),
        pytest.param((*PROGRAM, "VERIFIED", "--jsonl", "ada@example.org"), id="jsonl"),
        pytest.param((*COMMAND, "providers"), id="providers"),
    ],
)
def test_a_reader_who_goes_away_is_no_error(command: tuple[str, ...]) -> None:
    """
    A closed pipe ends the command without a word, as SIGPIPE would.
    """
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (ExitCode.PIPE_CLOSED, b"")


@pytest.mark.parametrize("options", [["-v"], ["-v", "--json"]], ids=str)
def test_an_interrupt_ends_the_command(options: list[str]) -> None:
    """
    Ctrl-C in the middle of a search: exit code 130, no traceback, no half answer.
    """
    with subprocess.Popen(
        [*PROGRAM, "HANGING", *options, "ada@example.org"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "verified" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, "", "")


DEAF = """
import select, signal
from mailsettings.cli.signals import interruptible, signals_from_thread
with signals_from_thread(), interruptible(b"stopped"):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    print("waiting", flush=True)
    select.select([], [], [])
"""


def test_an_interrupt_needs_no_main_thread_that_wakes_up() -> None:
    """
    In one of some hundred runs Ctrl-C came just before the loop began to wait, which then waited on.

    Here the signal is kept from the waiting thread, which is the same every time.
    """
    with subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert (process.returncode, err) == (ExitCode.INTERRUPTED, "stopped")


def test_a_mistake_of_ours_is_one_line() -> None:
    """
    Exit code 70 and what happened, with nothing in it that a terminal obeys.
    """
    done = finished(*PROGRAM, "BROKEN", "ada@example.org")
    line = "mailsettings: RuntimeError: a mistake\\x1b[2J (--debug shows where)\n"

    assert (done.returncode, done.stderr) == (70, line)


def test_debug_shows_where_a_mistake_is() -> None:
    """
    --debug gives the traceback to put into a report.
    """
    done = finished(*PROGRAM, "BROKEN", "--debug", "ada@example.org")

    assert "fake_backend.py" in done.stderr


def test_a_narrow_locale_gets_escapes() -> None:
    """
    A terminal that knows ASCII only is shown escapes instead of a traceback.
    """
    env = {**CLEAN, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = finished(*COMMAND, "--offline", "ada@bücher.example", env=env)

    assert (done.returncode, done.stdout.splitlines()[0]) == (3, r"ada@b\xfccher.example (ada@xn--bcher-kva.example)")


def test_json_is_the_same_in_a_narrow_locale() -> None:
    """
    JSON is ASCII anyway.
    """
    done = finished(*PROGRAM, "VERIFIED", "--json", "ada@example.org", env={**CLEAN, "PYTHONIOENCODING": "ascii"})

    assert from_json(done.stdout) == VERIFIED


@pytest.mark.parametrize(
    ("words", "number", "expected"),
    [
        ("mailsettings prov", 1, {"providers", "provider"}),
        ("mailsettings --js", 1, {"--json", "--jsonl"}),
        ("mailsettings --protocol ", 2, {"imap", "pop3"}),
        ("mailsettings --source gu", 2, {"guess"}),
        ("mailsettings provider gmai", 2, {"gmail"}),
        ("mailsettings providers --j", 2, {"--json"}),
    ],
)
def test_the_shell_completes(words: str, number: int, expected: set[str]) -> None:
    """
    Commands, options, their values, sources and provider ids are completed.
    """
    env = {**CLEAN, "_MAILSETTINGS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    done = finished(*COMMAND, env=env)

    assert expected == {line.partition(",")[2] for line in done.stdout.splitlines()}
