"""Processes of the tests: the service and Redis on loopback ports, ended by their own handle."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import environ


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run *command* until it listens on *port*, and end it with the block."""
    with subprocess.Popen(command, env={**environ, **environment}) as process:
        try:
            _wait_for(port, process)
            yield process
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


@contextmanager
def service_in_memory() -> Iterator[str]:
    """Run tests.support.web_program; its URL."""
    port = free_port()
    with running(sys.executable, "-m", "tests.support.web_program", str(port), port=port):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def redis(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Redis without a file of its own."""
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning")
    with running("redis-server", *options, port=port) as process:
        yield process
