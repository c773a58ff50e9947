"""The network's own time: what a detection of two known servers exchanges, with blocking sockets and nothing else.

python -m benchmarks.exchange RESOLVER CA_FILE [COUNT]     prints CPU and clock of each exchange, in seconds

Questions for both addresses, a connection, a handshake, a greeting, one command and LOGOUT or QUIT, for IMAP and SMTP
in parallel in two threads. Nothing is checked but the certificate, and nothing is stored: what a detection takes longer
is what it decides, verifies and reports.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import sys
import threading
import time

SERVERS = (
    ("imap.gmail.com", 993, b"a CAPABILITY\r\n", b"b LOGOUT\r\n"),
    ("smtp.gmail.com", 465, b"EHLO example.org\r\n", b"QUIT\r\n"),
)
_A, _AAAA = 1, 28


def ask(resolver: str, host: str, kind: int) -> socket.socket:
    """Send a question and return where the answer will come."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in host.split("."))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((resolver, 53))
    udp.send(os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1))
    return udp


def exchange(resolver: str, context: ssl.SSLContext, host: str, port: int, command: bytes, farewell: bytes) -> None:
    """Exchange with one server what a detection does."""
    with ask(resolver, host, _A) as first, ask(resolver, host, _AAAA) as second:
        # The address is the end of an answer of one record without EDNS.
        address = socket.inet_ntoa(first.recv(4096)[-4:])
        second.recv(4096)
    with context.wrap_socket(socket.create_connection((address, port)), server_hostname=host) as stream:
        for words in (command, farewell):
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            stream.recv(4096)
            stream.sendall(words)


def main(resolver: str, ca_file: str, count: int) -> None:
    """Print one line for each exchange after the first."""
    context = ssl.create_default_context(cafile=ca_file)
    for number in range(count + 1):
        cpu, clock = time.process_time(), time.perf_counter()
        threads = [threading.Thread(target=exchange, args=(resolver, context, *server)) for server in SERVERS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if number:
            print(time.process_time() - cpu, time.perf_counter() - clock)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 30)
