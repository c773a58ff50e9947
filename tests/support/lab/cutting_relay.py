"""A server that dies in the middle of a reply: a relay to the real one that ends after so many bytes of it.

python -m tests.support.lab.cutting_relay 19000,10.77.1.5,993,1000,reset …

What the client sees is what the kernel sends when a process is killed: FIN if all that came was read, RST if not; or
nothing any more, when the machine is gone.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Self

from tests.support.lab.processes import Daemon

ENDS = ("fin", "reset", "freeze")
_NO_LINGER = struct.pack("ii", 1, 0)  # close with RST


@dataclass(frozen=True, slots=True)
class Cut:
    """A relay at *port* to *ip*:*target*, which passes *size* bytes of the server and then ends as *how* says."""

    port: int
    ip: str
    target: int
    size: int
    how: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what str() has written."""
        port, ip, target, size, how = text.split(",")
        return cls(int(port), ip, int(target), int(size), how)

    def __str__(self) -> str:
        return f"{self.port},{self.ip},{self.target},{self.size},{self.how}"

    def play(self, client: socket.socket) -> None:
        """Be the server for *client*, as long as that lives."""
        with socket.create_connection((self.ip, self.target)) as server:
            listener = Thread(target=_pass_on, args=(client, server), daemon=True)
            listener.start()
            left = self.size
            while left and (data := server.recv(left)):
                client.sendall(data)
                left -= len(data)
            if self.how == "freeze":
                listener.join()
            if self.how == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                # Says nothing to the client, but wakes the listener up: a socket that is being read is not closed.
                client.shutdown(socket.SHUT_RD)
                listener.join()
                client.close()
            else:
                client.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


class _Server(ThreadingTCPServer):
    """Listens to both families for one cut."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        super().__init__(("::", cut.port), _Connection)


class _Connection(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        # The client may be the first to go.
        with suppress(OSError):
            self.server.cut.play(self.request)


def cutters(cuts: Iterable[Cut]) -> Daemon:
    """Return the program that is all of *cuts*."""
    return Daemon("cutters", (sys.executable, "-m", "tests.support.lab.cutting_relay", *map(str, cuts)))


if __name__ == "__main__":
    for each in sys.argv[1:]:
        Thread(target=_Server(Cut.parse(each)).serve_forever).start()
