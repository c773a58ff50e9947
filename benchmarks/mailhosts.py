"""A name server and mail servers on loopback for benchmarks.serve: a world with any number of domains.

t17.example     its SRV records lead to TLS on 993 and 465       s17.example     to STARTTLS on 143 and 587
pit17.example   to servers that never respond                    x17.example      DNS takes a second for each question

Each domain has a server of its own, t17.hosts.example with an address of its own, so that none is known from before.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import zlib
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream

CERTIFIED = "*.hosts.example"
RESOLVER = "127.0.0.53"
_A, _NS, _SRV = 1, 2, 33
_SILENT = IPv4Address("127.2.0.0")
_SPEAKING = IPv4Address("127.1.0.0")
_PORTS = {
    ("t", "_imaps"): 993, ("t", "_submissions"): 465, ("s", "_imap"): 143, ("s", "_submission"): 587,
    ("pit", "_imaps"): 993, ("pit", "_submissions"): 465, ("x", "_imaps"): 993, ("x", "_submissions"): 465,
}  # fmt: skip


async def serve(pem: str) -> None:
    """Run all of them until the process is killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with anyio.create_task_group() as group:
        for port, reply in ((993, _imap), (465, _smtp), (143, _imap), (587, _smtp)):
            listener = await anyio.create_tcp_listener(local_host="0.0.0.0", local_port=port, backlog=2048)
            handler = partial(_converse, reply=reply, context=context, tls=port in (993, 465))
            group.start_soon(listener.serve, handler)
        group.start_soon(_answer_questions)


# DNS


async def _answer_questions() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.bind((RESOLVER, 53))
        async with anyio.create_task_group() as group:
            while True:
                await anyio.wait_readable(udp)
                # Refused: an earlier client is gone, which the kernel reports now.
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    query, place = udp.recvfrom(4096)
                    group.start_soon(_answer, udp, query, place)


async def _answer(udp: socket.socket, query: bytes, place: tuple[str, int]) -> None:
    labels, rdtype, end = _question(query)
    if any(_kind(label) == "x" for label in labels):
        await anyio.sleep(1)
    with contextlib.suppress(OSError):
        udp.sendto(_response(query[:end], labels, rdtype), place)


def _question(query: bytes) -> tuple[list[str], int, int]:
    """Return the labels and the type that are asked for, and where the question ends."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return labels, int.from_bytes(query[at + 1 : at + 3], "big"), at + 5


def _response(question: bytes, labels: list[str], rdtype: int) -> bytes:
    data = _record(labels, rdtype)
    exists = data or len(labels) <= 2
    flags = 0x8180 if exists else 0x8183
    head = question[:2] + struct.pack("!HHHHH", flags, 1, int(bool(data)), 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, rdtype, 1, 60, len(data)) + data if data else b""
    return head + question[12:] + record


def _record(labels: list[str], rdtype: int) -> bytes:
    """Return the one record there is, or nothing."""
    if rdtype == _A and labels[1:] == ["hosts", "example"]:
        net = _SILENT if labels[0].startswith("pit") else _SPEAKING
        return (net + zlib.crc32(labels[0].encode()) % 65000 + 1).packed
    if rdtype == _NS and labels == ["com"]:
        return _name(["a", "nic", "example"])
    if rdtype == _SRV and len(labels) >= 4:
        port = _PORTS.get((_kind(labels[2]), labels[0]))
        return struct.pack("!HHH", 0, 1, port) + _name([labels[2], "hosts", "example"]) if port else b""
    return b""


def _kind(label: str) -> str:
    return label.rstrip("0123456789")


def _name(labels: list[str]) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


# mail


def _imap(line: bytes, secure: bool) -> bytes:
    tag, command = line.split()[:2]
    told = b"AUTH=PLAIN" if secure else b"STARTTLS LOGINDISABLED"
    return b"* CAPABILITY IMAP4rev1 %s\r\n%s OK\r\n" % (told, tag) if command == b"CAPABILITY" else b"%s OK\r\n" % tag


def _smtp(line: bytes, secure: bool) -> bytes:
    return b"250-x\r\n250 %s\r\n" % (b"AUTH PLAIN" if secure else b"STARTTLS") if line[:4] == b"EHLO" else b"220 x\r\n"


async def _converse(
    stream: ByteStream, *, reply: Callable[[bytes, bool], bytes], context: ssl.SSLContext, tls: bool
) -> None:
    """Greet and answer line by line, as the smallest of servers do; a pit accepts and says nothing."""
    try:
        async with stream:
            if stream.extra(SocketAttribute.local_address)[0].startswith("127.2."):
                await anyio.sleep_forever()
            if tls:
                stream = await _secured(stream, context)
            await stream.send(b"* OK hi\r\n" if reply is _imap else b"220 x\r\n")
            await _talk(stream, reply, context, secure=tls)
    except (ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead):
        pass  # the client had enough


async def _talk(
    stream: ByteStream, reply: Callable[[bytes, bool], bytes], context: ssl.SSLContext, *, secure: bool
) -> None:
    while True:
        line = await BufferedByteReceiveStream(stream).receive_until(b"\r\n", 1024)
        await stream.send(reply(line, secure))
        if line.endswith(b"STARTTLS"):
            stream, secure = await _secured(stream, context), True


async def _secured(stream: ByteStream, context: ssl.SSLContext) -> TLSStream:
    return await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)
