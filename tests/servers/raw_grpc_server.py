"""A gRPC server on bare HTTP/2 frames, for the answers that no gRPC library gives.

    raw_grpc_server.py LOG [CERT KEY]

RAW_PORT      plaintext, with prior knowledge
RAW_TLS_PORT  TLS that chooses h2 by ALPN; RAW_NOALPN_PORT TLS that chooses nothing. With CERT and KEY only.
RAW_SOCKET    plaintext on a Unix socket, LOG.sock

Of the request nothing is read but the name of the service in it, which says what the answer is: a key of ANSWERS, or of
the functions below, with an argument after a colon ("code:14"); what a request without one gets may be written to
LOG.default. Requests are logged, a line each: the service.
"""

import os
import socket
import ssl
import struct
import sys
import threading
import time

from common import LOOPBACK, accepting, bind, log, port_of, ready, reset

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
MAX_FRAME = 16384
STREAM = 1  # a client's first, and there is no second

LIMIT = 4 << 20  # the longest message
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, payload=b"", stream=STREAM):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(number, prefix=7):
    """HPACK's, RFC 7541 5.1; what stands in the first byte beside it is 0."""
    most = (1 << prefix) - 1
    if number < most:
        return bytes([number])
    out, number = bytes([most]), number - most
    while number >= 128:
        out += bytes([number % 128 | 128])
        number //= 128
    return out + bytes([number])


def block(fields):
    """Literal fields, never indexed, no Huffman."""
    out = b""
    for name, value in fields:
        out += b"\x00" + integer(len(name)) + name.encode() + integer(len(value)) + value.encode("latin-1")
    return out


def headers(fields, flags=0):
    """As many frames as it takes."""
    bytes_ = block(fields)
    parts = [bytes_[i:i + MAX_FRAME] for i in range(0, len(bytes_), MAX_FRAME)] or [b""]
    out = b""
    for i, part in enumerate(parts):
        last = END_HEADERS if i == len(parts) - 1 else 0
        out += frame(CONTINUATION if i else HEADERS, last if i else flags | last, part)
    return out


def head(status=200, kind="application/grpc", *more, end=False):
    fields = [(":status", str(status))] + ([("content-type", kind)] if kind else []) + list(more)
    return headers(fields, END_STREAM if end else 0)


def data(payload, end=False):
    return frame(DATA, END_STREAM if end else 0, payload)


def trailers(status="0", message=None, *more):
    fields = [("grpc-status", str(status))] + ([("grpc-message", message)] if message is not None else [])
    return headers(fields + list(more), END_STREAM)


def message(body, flag=0, length=None):
    return struct.pack(">BI", flag, len(body) if length is None else length) + body


def reply(body, flag=0, length=None):
    """A whole answer with status OK around one message."""
    return head() + data(message(body, flag, length)) + trailers()


def page(status, kind="text/html", text=b"<html>Bad Gateway</html>"):
    return head(status, kind) + data(text, end=True)


SERVING = message(b"\x08\x01")
# A number, a fixed64, a text, a fixed32, a group with a status inside, the status, and a number of two bytes' tag.
UNKNOWN_FIELDS = bytes.fromhex("102a 190102030405060708 2203616263 2d01020304 33080234 0801 f80100")

ANSWERS = {
    "": reply(b"\x08\x01"),
    "serving": reply(b"\x08\x01"),
    "not-serving": reply(b"\x08\x02"),
    "unknown": reply(b"\x08\x00"),
    "service-unknown": reply(b"\x08\x03"),
    "empty-message": reply(b""),
    "out-of-range": reply(b"\x08\x2a"),
    "negative": reply(b"\x08" + b"\xff" * 9 + b"\x01"),
    "unknown-fields": reply(UNKNOWN_FIELDS),
    "status-twice": reply(b"\x08\x02\x08\x01"),
    "subtype": head(200, "application/grpc+proto") + data(SERVING) + trailers(),
    "interim": head(103, None) + head() + data(SERVING) + trailers(),
    # What an HTTP/2 client has to bear.
    "padded": head() + frame(DATA, PADDED, b"\x03" + SERVING + b"\x00" * 3) + trailers(),
    "empty-frames": head() + data(b"") + data(SERVING[:3]) + data(b"") + data(SERVING[3:]) + data(b"") + trailers(),
    "strange-frames": frame(0x42, 0xFF, b"what is this", 0) + head() + data(SERVING) + frame(0x42) + trailers(),
    "goaway-first": frame(GOAWAY, 0, struct.pack(">II", STREAM, 0), 0) + head() + data(SERVING) + trailers(),
    "goaway-after": reply(b"\x08\x01") + frame(GOAWAY, 0, struct.pack(">II", STREAM, 0), 0),
    "close-after": reply(b"\x08\x01"),
    "rst-after": reply(b"\x08\x01") + frame(RST_STREAM, 0, struct.pack(">I", 0)),
    # Messages that are none.
    "compressed": reply(b"\x08\x01", flag=1),
    "flag-2": reply(b"\x08\x01", flag=2),
    "too-long": reply(b"\x08\x01", length=LIMIT + 1),
    "longest-there-is": reply(b"\x08\x01", length=0xFFFFFFFF),
    "cut-message": reply(b"\x08", length=2),
    "cut-head": head() + data(b"\x00\x00\x00") + trailers(),
    "two-messages": head() + data(SERVING + SERVING) + trailers(),
    "no-message": head() + trailers(),
    "no-message-at-all": head(200, "application/grpc", ("grpc-status", "0"), end=True),
    "not-protobuf": reply(b"<html>"),
    "field-beyond": reply(b"\x12\x05abc"),
    "cut-varint": reply(b"\x08\x80"),
    # Answers that are none.
    "no-trailers": head() + data(SERVING, end=True),
    "headers-only": head(end=True),
    "404": page(404),
    "502": page(502),
    "404-grpc": head(404, end=True),
    "503-with-status": head(503, "application/grpc", ("grpc-status", "14"), ("grpc-message", "busy"), end=True),
    "html": page(200),
    # A page of somebody who does not know what he hands on.
    "503-serving": head(503) + data(SERVING) + trailers(),
    "html-serving": head(200, "text/html") + data(SERVING) + trailers(),
    "no-type": page(200, None),
    "type-with-controls": page(200, "text/\x9b31m" + "x" * 300),
    # Codes of other kinds: see code, trailers_only.
    "code-over-serving": head() + data(SERVING) + trailers(14, "going away"),
    "code-over-flaw": head() + data(SERVING + SERVING) + trailers(13, "oops"),
    "message-encoded": head() + trailers(14, "50%25 of %E2%82%AC%0A%1B[31m%zz%4"),
    "message-raw": head() + trailers(14, "caf\xe9 \xff"),
    "message-long": head() + trailers(14, "long " * 2000),
    # The end comes too soon.
    "goaway": frame(GOAWAY, 0, struct.pack(">II", 0, 0), 0),
    "goaway-calm": frame(GOAWAY, 0, struct.pack(">II", 0, 11) + b"too_many_pings", 0),
    "close": b"",
    "close-in-message": head() + data(SERVING[:6]),
    "close-before-trailers": head() + data(SERVING),
    "close-in-frame": head() + data(SERVING)[:-2],
    # HTTP/2 that is none.
    "bad-hpack": frame(HEADERS, END_HEADERS, b"\x80"),
    "data-on-0": frame(DATA, 0, SERVING, 0),
    "frame-too-long": head() + frame(DATA, 0, b"\x00" * (MAX_FRAME + 1)),
    "upper-case": headers([(":status", "200"), ("Content-Type", "application/grpc")]),
    "no-status": headers([("content-type", "application/grpc")]) + data(SERVING) + trailers(),
    "data-first": data(SERVING) + head() + trailers(),
    "not-frames": b"HTTP/2 is what I do not speak, whatever you think of it.\n" * 3,
}

# After these the connection is closed at once.
CLOSING = {"close-after", "goaway", "goaway-calm", "not-frames", "close", "close-in-message", "close-before-trailers"}
CLOSING |= {"close-in-frame"}


def code(c, number):
    c.send(head() + trailers(number, f"the words of {number}"))


def trailers_only(c, number):
    c.send(head(200, "application/grpc", ("grpc-status", number), ("grpc-message", "no"), end=True))


def rst(c, number):
    c.send(frame(RST_STREAM, 0, struct.pack(">I", int(number))))


def rst_late(c, number):
    c.send(head() + data(SERVING) + frame(RST_STREAM, 0, struct.pack(">I", int(number))))


def tcp_reset(c):
    reset(c.sock)


def split(c, size):
    """Frames with so many bytes each, and each sent by itself."""
    size = int(size)
    c.send(head())
    for i in range(0, len(SERVING), size):
        c.send(data(SERVING[i:i + size]))
    c.send(trailers())


def drip(c, ms):
    """One byte at a time, of frames too."""
    for byte in reply(b"\x08\x01"):
        c.send(bytes([byte]))
        time.sleep(int(ms) / 1000)


def long_message(c, size):
    """A message of so many bytes that is good: a text that nobody asked for, and the status. The request told the
    client's windows, and those of the clients here are larger than any message."""
    body = b"\x08\x01\x12" + varint(int(size) - 7) + b"x" * (int(size) - 7)
    bytes_ = message(body)
    c.send(head())
    for i in range(0, len(bytes_), MAX_FRAME):
        c.send(data(bytes_[i:i + MAX_FRAME]))
    c.send(trailers())


def varint(number):
    """In 4 bytes, however small."""
    return bytes([number & 127 | 128, number >> 7 & 127 | 128, number >> 14 & 127 | 128, number >> 21])


def headers_kib(c, kib):
    """A good answer with so many KiB of headers; each counts as its name, its value and 4 bytes."""
    more = [(f"x-more-{i:03}", "x" * (1024 - 14)) for i in range(int(kib))]
    c.send(head(200, "application/grpc", *more) + data(SERVING) + trailers())


def trailers_kib(c, kib):
    more = [(f"x-more-{i:03}", "x" * (1024 - 14)) for i in range(int(kib))]
    c.send(head() + data(SERVING) + trailers("0", None, *more))


def endless_headers(c):
    c.send(frame(HEADERS, 0, block([(":status", "200")])))
    while True:
        c.send(frame(CONTINUATION, 0, block([("x-more", "x" * 4000)])))


def endless_data(c):
    c.send(head())
    while True:
        c.send(data(b"\x00" * MAX_FRAME))


def silence(c, after="request"):
    """Nothing more after the request, the headers, a part of the message, the message."""
    after = ("request", "headers", "part", "message").index(after)
    c.send(b"".join((b"", head(), data(SERVING[:6]), data(SERVING[6:]))[: after + 1]))
    while c.sock.recv(65536):
        pass


def stay(c, answer):
    """An answer, and the connection stays open whatever the client says to it."""
    c.send(ANSWERS[answer])
    while c.sock.recv(65536):
        pass


def pings(c):
    """Alive, and never done."""
    while True:
        c.send(frame(PING, 0, b"12345678", 0))
        time.sleep(0.02)


def flood(c, kind):
    """Frames without a pause, of a kind that nobody counts."""
    number = {"update": 8, "update-0": 8, "unknown": 0xFE, "priority": 2, "data": DATA, "ping": PING}[kind]
    payload = {"update": b"\0\0\0\1", "update-0": b"\0\0\0\1", "priority": b"\0\0\0\0\1", "ping": b"12345678"}.get(kind, b"")
    stream = 0 if kind in ("update-0", "ping", "unknown") else 3 if kind == "priority" else STREAM
    c.send(head() if kind == "data" else b"")
    while True:
        c.send(frame(number, 0, payload, stream) * 2000)


BEHAVIOURS = {
    f.__name__.replace("_", "-"): f
    for f in (
        code, trailers_only, rst, rst_late, tcp_reset, split, drip, long_message, headers_kib, trailers_kib,
        endless_headers, endless_data, silence, stay, pings, flood,
    )
}  # fmt: skip


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def send(self, bytes_):
        self.sock.sendall(bytes_)

    def take(self, count):
        while len(self.buffer) < count:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def frame(self):
        """Its kind, flags and payload."""
        start = self.take(9)
        return start[3], start[4], self.take(int.from_bytes(start[:3], "big"))

    def request(self):
        """The name of the service that is asked for."""
        if self.take(len(PREFACE)) != PREFACE:
            raise EOFError
        self.send(frame(SETTINGS, stream=0))
        body = b""
        while True:
            kind, flags, payload = self.frame()
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, stream=0))
            if kind == DATA:
                body += payload
                if flags & END_STREAM:
                    # A frame's head, the field's tag, and its length in one byte.
                    return body[7:].decode()


def default(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def serve(sock, log_path):
    try:
        c = Connection(sock)
        service = c.request()
        log(log_path, f"{service}\n".encode())
        name, *arguments = (service or default(log_path + ".default")).split(":")
        if name in BEHAVIOURS:
            BEHAVIOURS[name](c, *arguments)
        else:
            c.send(ANSWERS[name])
        # The client closes first, unless its going on is what is tested.
        if name in CLOSING:
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(5)
        while c.frame()[0] != GOAWAY:
            pass
    except (OSError, EOFError):
        pass  # the client went, which is its right
    finally:
        sock.close()


def main():
    log_path, *identity = sys.argv[1:]
    log(log_path, b"")
    path = log_path + ".sock"

    def plain(sock):
        accepting(sock, lambda conn: serve(conn, log_path))

    def secure(*protocols):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*identity)
        if protocols:
            tls.set_alpn_protocols(protocols)

        def then(conn):
            try:
                conn = tls.wrap_socket(conn, server_side=True)
            except OSError:
                conn.close()
                return
            serve(conn, log_path)

        return lambda sock: accepting(sock, then)

    roles = {"RAW_PORT": plain}
    if identity:
        roles |= {"RAW_TLS_PORT": secure("h2"), "RAW_NOALPN_PORT": secure()}
    ports = {}
    for name, behave in roles.items():
        socks = bind(*LOOPBACK)
        for sock in socks:
            behave(sock)
        ports[name] = port_of(socks[0])
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(os.path.abspath(path))
    plain(unix)
    ready(RAW_REQUESTS=log_path, RAW_SOCKET=path, **ports)
    threading.Event().wait()


main()
