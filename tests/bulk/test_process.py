"""`mailsettings bulk` as a process: killed, interrupted, piped, on a terminal."""

import contextlib
import csv
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from mailsettings.cli.exit_codes import ExitCode
from tests.support.bulk_program import DOMAINS
from tests.support.processes import free_port

PROGRAM = (sys.executable, "-m", "tests.support.bulk_program")
PATIENCE = 60  # seconds; for a loaded machine, nothing is measured here


@pytest.fixture
def addresses(tmp_path: Path) -> Path:
    """Two people at each domain of the slow network, and one who is nowhere."""
    people = [f"{name}@d{number}.example" for number in range(DOMAINS) for name in ("ada", "eve")]
    path = tmp_path / "in.txt"
    path.write_text("\n".join([*people, "nobody"]) + "\n")
    return path


def command(*arguments: str | Path) -> Sequence[str]:
    return [*PROGRAM, *map(str, arguments)]


def finished(*arguments: str | Path, stdin: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments), stdin=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for(process: "subprocess.Popen[Any]", output: Path, lines: int) -> None:
    """Return when *output* has *lines* lines, or *process* has come to its end."""
    while not output.exists() or output.read_bytes().count(b"\n") < lines:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            return


def stopped(arguments: Sequence[str], output: Path, lines: int, how: signal.Signals) -> tuple[int, str]:
    """Run the command until *output* has *lines* lines, then send it the signal *how*; return its code and stderr."""
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        wait_for(process, output, lines)
        process.send_signal(how)
        _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_a_run_that_is_killed_again_and_again_loses_nothing(addresses: Path, tmp_path: Path) -> None:
    """
    kill -9 in the middle, four times; then every address has one record, and each of them is good.
    """
    output, ends = tmp_path / "out.jsonl", []
    run = command(addresses, "-o", output, "--concurrency", "4", "--resume")
    for lines in (5, 25, 50, 80):
        code, _ = stopped(run, output, lines, signal.SIGKILL)
        ends.append((code, len(output.read_bytes().splitlines())))
    last = finished(*run[len(PROGRAM) :])
    found = records(output)

    assert [code for code, _ in ends] == [-signal.SIGKILL] * 4
    assert ends[-1][1] < 2 * DOMAINS, "the last kill came too late to mean anything"
    assert (last.returncode, sorted(each["place"] for each in found)) == (0, list(range(1, 2 * DOMAINS + 2)))
    assert {each["verdict"] for each in found if each["input"] != "nobody"} == {"verified"}


def test_an_interrupt_leaves_whole_records_and_says_how_to_go_on(addresses: Path, tmp_path: Path) -> None:
    """
    Ctrl-C: exit code 130, one line, and nothing half written.
    """
    output = tmp_path / "out.jsonl"
    code, said = stopped(command(addresses, "-o", output, "--concurrency", "4"), output, 10, signal.SIGINT)

    assert (code, said) == (ExitCode.INTERRUPTED, "mailsettings: stopped; the same command with --resume goes on\n")
    assert output.read_bytes().endswith(b"\n")
    assert len(records(output)) >= 10


def test_standard_input_is_read_and_a_summary_is_printed(addresses: Path, tmp_path: Path) -> None:
    """
    Without a terminal the summary is all there is on standard error.
    """
    with addresses.open("rb") as stdin:
        done = finished("-", "-o", tmp_path / "out.csv", stdin=stdin)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))

    assert (done.returncode, done.stdout, len(rows)) == (0, "", 2 * DOMAINS + 1)
    assert done.stderr.startswith("mailsettings: 121 answered in ")
    assert done.stderr.endswith(": 1 bad-address, 120 verified\n")


def test_a_pipe_that_says_nothing_holds_nothing_up(tmp_path: Path) -> None:
    """
    The address that came is answered while the next one is still awaited.
    """
    output = tmp_path / "out.jsonl"
    with subprocess.Popen(command("-", "-o", output), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"ada@d0.example\n")
        process.stdin.flush()
        wait_for(process, output, 1)
        process.communicate(timeout=PATIENCE)

    assert [each["verdict"] for each in records(output)] == ["verified"]


def test_the_progress_is_one_line_on_a_terminal(addresses: Path, tmp_path: Path) -> None:
    """
    Count, share, rate, what was found, what remains; then the summary in its place.
    """
    master, slave = pty.openpty()
    with subprocess.Popen(
        command(addresses, "-o", tmp_path / "out.jsonl", "--concurrency", "2"), stderr=slave
    ) as process:
        os.close(slave)
        written = b""
        while chunk := _read(master):
            written += chunk
        process.wait(PATIENCE)
    os.close(master)
    *states, summary = written.decode().split("\r\x1b[K")[1:]

    assert states
    assert all(" of 121  " in state and "% verified" in state and "\n" not in state for state in states)
    assert "121 answered" in summary


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the last one on the other side has gone
        return b""


def test_an_output_that_exists_is_not_touched(addresses: Path, tmp_path: Path) -> None:
    """
    One line says what to do about it.
    """
    output = tmp_path / "out.jsonl"
    output.write_text("mine\n")
    done = finished(addresses, "-o", output)

    assert (done.returncode, output.read_text()) == (ExitCode.USAGE, "mine\n")
    assert "--resume" in done.stderr


def test_a_csv_without_addresses_is_one_line_of_error(tmp_path: Path) -> None:
    """
    The error comes before anything is contacted, and lists the columns there are.
    """
    table = tmp_path / "in.csv"
    table.write_text("name,phone\nAda,1\n")
    done = finished(table, "-o", tmp_path / "out.jsonl")

    assert (done.returncode, "name, phone" in done.stderr, "Traceback" in done.stderr) == (ExitCode.USAGE, True, False)


def test_without_the_redis_it_names_it_goes_on(addresses: Path, tmp_path: Path) -> None:
    """
    Everything is answered; one line says that limits are not shared, and shows no password.
    """
    away = f"redis://:secret@127.0.0.1:{free_port()}/0"
    done = finished(addresses, "-o", tmp_path / "out.jsonl", "--redis", away)
    [said, summary] = done.stderr.splitlines()

    assert (done.returncode, len(records(tmp_path / "out.jsonl"))) == (0, 2 * DOMAINS + 1)
    assert said.startswith("mailsettings: Redis does not answer (ConnectionError); connections are limited by each")
    assert "121 answered" in summary


@pytest.mark.parametrize("url", ["http://:secret@10.0.0.1", "redis://:secret@10.0.0.1:port/0"], ids=["scheme", "port"])
def test_what_is_no_url_of_redis_is_refused(url: str, addresses: Path, tmp_path: Path) -> None:
    """
    Before anything is contacted, and without repeating it: there may be a password in it.
    """
    done = finished(addresses, "-o", tmp_path / "out.jsonl", "--redis", url)

    assert (done.returncode, (tmp_path / "out.jsonl").exists()) == (ExitCode.USAGE, False)
    assert "redis://host:6379/0" in done.stderr
    assert "secret" not in done.stderr


def test_the_whole_detection_is_there_if_wanted(addresses: Path, tmp_path: Path) -> None:
    """
    --full: the JSON of `mailsettings --json` inside each record.
    """
    addresses.write_text("ada@d0.example\n")
    finished(addresses, "-o", tmp_path / "out.jsonl", "--full")
    [found] = records(tmp_path / "out.jsonl")

    assert isinstance(found["detection"], dict)
    assert found["detection"]["address"] == "ada@d0.example"
