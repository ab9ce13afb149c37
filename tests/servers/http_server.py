"""An HTTP server on raw sockets that behaves and misbehaves by path.

    http_server.py LOG CERT KEY

Listens on loopback, both families on one port: HTTP_PORT; OTHER_PORT is a second one for redirects
to another port, HTTPS_PORT speaks TLS. On HTTP4_PORT IPv4 alone listens and IPv6 is refused, on
MUTE_HTTP4_PORT IPv6 does not answer. Every request is appended to LOG as it came, before it is
answered. The paths are the functions and the table RAW below:

    /status/404                 that status with a small body
    /redirect/302?to=LOCATION   LOCATION as it stands
    /raw/NAME                   the bytes of RAW[NAME], then the end of the connection
    /echo                       the request's head and body, as the body of the answer
"""

import http
import socket
import ssl
import sys
import threading
import time

from common import accepting, log, muting, open_ports, ready, refusing, reset

BODY_LIMIT = 10 * 1024  # what a probe reads of a body

RAW = {
    "empty": b"",
    "http09": b"just a body, and no header at all\n",
    "binary": bytes(range(256)) * 4,
    "status-letters": b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "status-short": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status-long": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status-none": b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "status-600": b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    "version": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "other-protocol": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "header-without-colon": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno colon here\r\n\r\n",
    "cut-status": b"HTTP/1.1 20",
    "cut-header": b"HTTP/1.1 200 OK\r\nContent-Len",
    "cut-body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    "cut-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this",
    "no-last-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n",
    "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nthis\r\n0\r\n\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
    "bad-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "huge-length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nab",
    # One more than 63 bits hold.
    "over-length": b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nok",
    "signed-length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
    "length-list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
    "same-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:  2 \r\n\r\nab",
    "says-http2": b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nab",
    "blank-first": b"HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\nab",
    # Values that go on in lines of their own, with a colon and without.
    "folded": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b;\r\n  session=hunter2; Path=/\r\nX-Token: c\r\n"
    b"\thunter2: d\r\nServer: e\r\n hunter2\r\nContent-Length: 2\r\n\r\nok",
    # Just under the limit of a response's headers, and to the same place again.
    "many-headers": b"HTTP/1.1 302 Found\r\nLocation: /raw/many-headers\r\n" + b"a:b\r\n" * 51000 + b"\r\n",
    # Each byte is six in JSON.
    "controls": b"HTTP/1.1 200 OK\r\n\r\n" + b"\x01" * (1 << 20),
    # Each is three in valid UTF-8.
    "no-utf-8": b"HTTP/1.1 200 OK\r\n\r\n" + b"\xff" * (1 << 20),
    # A cut after what a probe reads of a body is none of its business.
    "cut-late": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * (2 * BODY_LIMIT),
    "http10": b"HTTP/1.0 200 OK\r\n\r\nuntil the end of the connection",
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nthis\r\n4;ext=1\r\nthat\r\n0\r\nTrailer: 1\r\n\r\n",
    "not-gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n"
    b"Connection: Upgrade\r\n\r\n\x00\x01",
    "evil": b"HTTP/1.1 503 \x1b[31mred\x1b[0m\x07\xff\xfe\xc3(\r\n"
    b"X-Evil: \x1b]0;title\x07\x80\x9b31m\r\n\r\nbody \x1b[2J\x00\xff\xed\xa0\x80",
    "evil-ok": b"HTTP/1.1 200 \x1b[31mred\x1b[0m\x07\xff\xfe\xc3(\r\n"
    b"X-Evil: \x1b]0;title\x07\x80\x9b31m\r\n\r\nbody \x1b[2J\x00\xff\xed\xa0\x80",
    "evil-location": b"HTTP/1.1 302 Found\r\nLocation: http://else.test/\x1b[31m\xff\x01\r\n"
    b"Content-Length: 0\r\n\r\n",
    "evil-elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://else.test/\xc2\x9b31m\xe2\x80\xae\r\n"
    b"Content-Length: 0\r\n\r\n",
    "long-reason": b"HTTP/1.1 500 " + b"very " * 2000 + b"long\r\nContent-Length: 0\r\n\r\n",
    "long-location": b"HTTP/1.1 302 Found\r\nLocation: http://else.test/" + b"p" * 5000 +
    b"\r\nContent-Length: 0\r\n\r\n",
    "bad-location": b"HTTP/1.1 302 Found\r\nLocation: http://:99999:/[\r\n"
    b"Content-Length: 0\r\n\r\n",
    "file-location": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
    b"Content-Length: 0\r\n\r\n",
    "empty-location": b"HTTP/1.1 302 Found\r\nLocation:\r\nContent-Length: 0\r\n\r\n",
}


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.method = self.query = ""

    def send(self, data):
        self.sock.sendall(data)

    def respond(self, status, body=b"", **headers):
        try:
            reason = http.HTTPStatus(status).phrase
        except ValueError:
            reason = "Unheard Of"
        head = [f"HTTP/1.1 {status} {reason}"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if status not in (204, 304):
            head.append(f"Content-Length: {len(body)}")
        if self.method == "HEAD" or status in (204, 304):
            body = b""
        self.send("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def for_ever(self, data, pause=0.0):
        while True:
            self.send(data)
            time.sleep(pause)

    def drip(self, data, ms):
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(int(ms) / 1000)


def status(c, code):
    c.respond(int(code), f"this is status {code}\n".encode())


def redirect(c, code):
    c.respond(int(code), b"gone that way\n", Location=c.query.removeprefix("to="), Set_Cookie="seen=1; Path=/")


def redirect_endless(c, code):
    c.send(f"HTTP/1.1 {code} Elsewhere\r\nLocation: {c.query.removeprefix('to=')}\r\n\r\n".encode())
    c.for_ever(b"x" * 4096)


def no_location(c, code):
    c.respond(int(code), b"somewhere\n")


def loop(c):
    c.respond(302, Location="/loop")


def chain(c, n):
    if int(n) == 0:
        c.respond(200, b"the end of the chain\n")
    else:
        c.respond(302, Location=f"/chain/{int(n) - 1}")


def slow_chain(c, ms):
    time.sleep(int(ms) / 1000)
    c.respond(302, Location=f"/slow-chain/{ms}")


def raw(c, name):
    c.send(RAW[name])


def echo(c):
    c.respond(200, c.request)


def body(c, size):
    c.respond(200, b"x" * int(size))


def body_part(c, size, length):
    """So many bytes of a body of that length, or of chunks, or of a body that ends with the connection."""
    form = {"chunks": "Transfer-Encoding: chunked", "close": "X-Length: none"}.get(length, f"Content-Length: {length}")
    start = f"{int(size):x}\r\n".encode() if length == "chunks" else b""
    c.send(f"HTTP/1.1 200 OK\r\n{form}\r\n\r\n".encode() + start + b"x" * int(size))
    c.sock.recv(1)  # returns when the client goes


def endless_body(c):
    c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    c.for_ever(b"x" * 4096)


def endless_chunks(c):
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.for_ever(b"1\r\nx\r\n" * 512)


def endless_error_body(c):
    c.send(b"HTTP/1.1 500 Internal Server Error\r\n\r\n")
    c.for_ever(b"x" * 4096)


def endless_header(c, ms):
    c.send(b"HTTP/1.1 200 OK\r\n")
    c.for_ever(b"X-More: and more\r\n" * (1 if int(ms) else 200), int(ms) / 1000)


def endless_line(c, ms):
    c.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    c.for_ever(b"x" * (1 if int(ms) else 4096), int(ms) / 1000)


def endless_interim(c, ms):
    c.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", int(ms) / 1000)


def headers(c, kib):
    """A good answer with so many KiB of headers."""
    line = b"X-More: " + b"x" * 1014 + b"\r\n"
    c.send(b"HTTP/1.1 200 OK\r\n" + line * int(kib) + b"Content-Length: 2\r\n\r\nok")


def drip_header(c, ms):
    c.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10000 + b"\r\n\r\n", ms)


def drip_body(c, ms):
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    log(c.log_path, b"the header is out\n")
    c.drip(b"x" * 10000, ms)


def drip_chunks(c, ms):
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.for_ever(b"1\r\nx\r\n", int(ms) / 1000)


def silence(c):
    c.sock.recv(1)  # returns when the client goes


def silent_body(c):
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    c.sock.recv(1)


def rst(c):
    reset(c.sock)


def rst_body(c):
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    # Let the client read what there is first: a reset throws away what it has not read yet.
    time.sleep(0.05)
    reset(c.sock)


PATHS = {
    f.__name__.replace("_", "-"): f
    for f in (
        status, redirect, redirect_endless, no_location, loop, chain, slow_chain, raw, echo, body, body_part,
        endless_body, endless_chunks, endless_error_body, endless_header, endless_line,
        endless_interim, headers, drip_header, drip_body, drip_chunks, silence, silent_body, rst,
        rst_body,
    )
}  # fmt: skip


def read_request(sock):
    data = b""
    while b"\r\n\r\n" not in data and not data.startswith(b"\x16"):
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(rest) < int(value):
                rest += sock.recv(65536)
    return head + b"\r\n\r\n" + rest


def serve(sock, log_path, tls):
    try:
        if tls:
            sock = tls.wrap_socket(sock, server_side=True)
        c = Connection(sock)
        c.log_path, c.request = log_path, read_request(sock)
        if c.request is None:
            return
        if c.request.startswith(b"\x16"):  # a TLS handshake
            c.respond(400, b"this port speaks plain HTTP\n")
            return
        log(log_path, c.request)
        c.method, target, _ = c.request.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        path, _, c.query = target.partition("?")
        name, *args = path.lstrip("/").split("/")
        if name in PATHS:
            PATHS[name](c, *args)
        else:
            c.respond(404 if name else 200, b"no such path\n")
        # Close softly: a plain close with unread data from the client would be a reset.
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(5)
        while sock.recv(65536):
            pass
    except (OSError, ValueError):
        pass  # the client went, which is its right
    finally:
        sock.close()


def main():
    log_path, cert, key = sys.argv[1:]
    log(log_path, b"")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)

    def plain(sock):
        accepting(sock, lambda conn: serve(conn, log_path, None))

    def secure(sock):
        accepting(sock, lambda conn: serve(conn, log_path, tls))

    roles = {  # of the IPv4 socket and of the IPv6 one
        "HTTP_PORT": (plain, plain),
        "OTHER_PORT": (plain, plain),
        "HTTPS_PORT": (secure, secure),
        "HTTP4_PORT": (plain, refusing),
        "MUTE_HTTP4_PORT": (plain, muting),
    }
    ready(REQUESTS=log_path, **open_ports(roles))
    threading.Event().wait()


main()
