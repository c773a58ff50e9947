"""Name servers with one fault each, in front of the laboratory's own, which gives the true answers.

python -m tests.support.lab.faulty_name_servers 10.77.0.2 10.77.0.53 6.6.6.6 5300,servfail 5301,forged-id …
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer
from threading import Thread
from typing import BinaryIO

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.support.lab.processes import Daemon

Message = dns.message.Message
Send = Callable[[bytes], object]
LATE, TOO_LATE = 0.6, 30.0  # seconds: within one try of a question, and after every question has been given up
_PATIENCE = 5.0  # seconds for the true resolver
_FORGERIES = 8  # before the true answer

# What comes instead of the true answer.
RCODES = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "nxdomain": dns.rcode.NXDOMAIN,
    "formerr": dns.rcode.FORMERR,
}
# What comes before the true answer.
FORGED = ("forged-id", "forged-question", "forged-query", "forged-source", "garbage")
# How the true answer comes.
HONEST = ("late", "too-late", "silent", "twice")
# The answer does not fit into a datagram; and how TCP ends.
TRUNCATED = ("truncated", "truncated-refused", "truncated-silent", "truncated-half")
MODES = (*RCODES, *FORGED, *HONEST, *TRUNCATED)


def faulty_servers(ip: str, truth: str, forged: str, ports: Mapping[str, int]) -> Daemon:
    """Return the program with a name server for each mode at *ip*, at the port that *ports* says.

    *truth* is the address of the resolver that is asked, *forged* the address in forged answers.
    """
    parts = [f"{port},{mode}" for mode, port in ports.items()]
    command = (sys.executable, "-m", "tests.support.lab.faulty_name_servers", ip, truth, forged, *parts)
    return Daemon("faulty-name-servers", command)


def forgeries(mode: str, query: Message, forged: str) -> Iterator[bytes]:
    """Yield what an off-path attacker sends before the true answer can be there."""
    if mode == "garbage":
        yield from (b"", b"\0", query.to_wire()[:11], bytes(range(256)) * 4)
        return
    question = query.question[0]
    if mode == "forged-question":
        query = dns.message.make_query(f"forged.{question.name}", question.rdtype, id=query.id)
    answer = dns.message.make_response(query)
    kind, data = ("AAAA", f"::ffff:{forged}") if question.rdtype == 28 else ("A", forged)
    answer.answer.append(dns.rrset.from_text(question.name, 3600, "IN", kind, data))
    wire = answer.to_wire()
    for number in range(1, _FORGERIES + 1):
        match mode:
            case "forged-id":
                yield ((query.id + number) & 0xFFFF).to_bytes(2, "big") + wire[2:]
            case "forged-query":
                yield wire[:2] + bytes([wire[2] & 0x7F]) + wire[3:]
            case "forged-source" | "forged-question":
                yield wire


def truth(ip: str, resolver: str, query: bytes) -> bytes:
    """Return the true resolver's response to *query*, asked from *ip*, as it does not answer every client."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((ip, 0))
        udp.settimeout(_PATIENCE)
        udp.sendto(query, (resolver, 53))
        return udp.recv(65535)


@dataclass(frozen=True, slots=True)
class Lies:
    """How one name server answers."""

    mode: str
    ip: str  # its own address
    resolver: str
    forged: str  # an IPv4 address

    def answer(self, wire: bytes, send: Send, elsewhere: Send) -> None:
        """Answer the datagram *wire*; *elsewhere* sends from another port."""
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        if self.mode in RCODES:
            answer.set_rcode(RCODES[self.mode])
            send(answer.to_wire())
        elif self.mode in TRUNCATED:
            answer.flags |= dns.flags.TC
            send(answer.to_wire())
        elif self.mode != "silent":
            for forgery in forgeries(self.mode, query, self.forged):
                (elsewhere if self.mode == "forged-source" else send)(forgery)
            time.sleep({"late": LATE, "too-late": TOO_LATE}.get(self.mode, 0.0))
            said = truth(self.ip, self.resolver, wire)
            for _ in range(2 if self.mode == "twice" else 1):
                send(said)

    def converse(self, stream: BinaryIO) -> None:
        """Answer over TCP, where there is any."""
        while length := int.from_bytes(stream.read(2), "big"):
            said = truth(self.ip, self.resolver, stream.read(length))
            whole = len(said).to_bytes(2, "big") + said
            if self.mode == "truncated-half":
                stream.write(whole[: len(whole) // 2])
                return
            if self.mode == "truncated":
                stream.write(whole)


class _Datagrams(ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, port: int, lies: Lies) -> None:
        self.lies = lies
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.other.bind((lies.ip, 0))
        super().__init__((lies.ip, port), _Datagram)


class _Datagram(BaseRequestHandler):
    server: _Datagrams

    def handle(self) -> None:
        wire, udp = self.request
        peer = self.client_address
        # A client that has its answer closes the port.
        with suppress(OSError):
            self.server.lies.answer(
                wire, lambda data: udp.sendto(data, peer), lambda data: self.server.other.sendto(data, peer)
            )


class _Streams(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, lies: Lies) -> None:
        self.lies = lies
        super().__init__((lies.ip, port), _Stream)


class _Stream(BaseRequestHandler):
    server: _Streams

    def handle(self) -> None:
        with suppress(OSError), self.request.makefile("rwb", buffering=0) as stream:
            self.server.lies.converse(stream)


def main(ip: str, resolver: str, forged: str, *parts: str) -> None:
    """Serve what *parts* say, until the process is ended."""
    for part in parts:
        port, mode = part.split(",")
        lies = Lies(mode, ip, resolver, forged)
        Thread(target=_Datagrams(int(port), lies).serve_forever).start()
        if mode in TRUNCATED and mode != "truncated-refused":
            Thread(target=_Streams(int(port), lies).serve_forever).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
