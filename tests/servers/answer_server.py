"""Servers whose answers are judged by what they say: HTTP bodies, TCP conversations, UDP replies.

    answer_server.py LOG

HTTP_PORT serves the table PAGES below; a path that is not there is 404.

TCP, each on a port of its own:
PONG_PORT    answers PING with +PONG and all else with -ERR, as Redis does; logs what came
LATE_PORT    greets after 0.2 s, and says more after that
SPLIT_PORT   greets in single bytes
SLOW_PORT    sends the first half of its greeting and no more
SAYNO_PORT   says "go away", logs it, and stays
LEAVE_PORT   says "go away" and closes
LIST_PORT    says [12,34] and closes
CLOSER_PORT  closes after 0.1 s
RESETS_PORT  resets after 0.1 s
STILL_PORT   says nothing
FLOOD_PORT   never stops talking
NULS_PORT    greets with NUL bytes
ACROSS_PORT  64 KiB less 3 bytes of filling, a pause, and then "ready" from its third letter on

UDP, each on a port of its own, on both families of loopback:
ECHO_PORT    sends back what came
NO_PORT      answers "no", and logs it
MANY_PORT    answers "no", an empty datagram, and "yes"
LAG_PORT     sends back what came, after 0.1 s
HUSH_PORT    answers nothing; logs what came
GONE_PORT    the port is unreachable
BIG_PORT     answers with 20000 bytes, and "ready" at their end
"""

import json
import socket
import sys
import threading
import time

from common import KEPT, LOOPBACK, accepting, log, open_ports, port_of, ready, reset

HEALTH = {"status": "UP", "components": {"db": {"status": "UP"}, "disk": {"status": "DOWN"}}}
DATA = {
    "text": "3", "number": 3, "float": 1.5, "true": True, "none": None, "list": [1, [2], {"a": "b"}],
    "object": {"a": 1, "b": [True]}, "a/b": "slash", "m~n": "tilde", "~1": "escaped", "": "nameless",
    "empty": "", "ünï": "ö", "quote\"": "\\",
}  # fmt: skip
LIMIT = 10 * 1024

# path: (status, content type, body)
PAGES = {
    "/actuator/health": (200, "application/vnd.spring-boot.actuator.v3+json", json.dumps(HEALTH)),
    "/actuator/down": (503, "application/vnd.spring-boot.actuator.v3+json", '{"status":"DOWN"}'),
    "/login": (200, "text/html", "<html><title>Log in</title></html>"),
    "/data": (200, "application/json", json.dumps(DATA)),
    "/list": (200, "application/json", "[12,34]"),
    "/empty": (200, "text/plain", ""),
    "/lines": (200, "text/plain", "first\nready: yes\nlast\n"),
    "/nul": (200, "application/octet-stream", "one\0two\0\0ready\0end"),
    "/zero": (200, "application/json", '{"a": "UP\\u0000DOWN", "b": "\\\\u0000"}'),
    "/nul-json": (200, "application/json", '{"a":\0 1}'),
    "/half-json": (200, "application/json", '{"status": "UP"'),
    "/two-json": (200, "application/json", '{"status": "UP"} {}'),
    "/deep": (200, "application/json", "[" * 100000),
    "/many": (200, "application/json", "[" + "0," * 400000 + "0]"),
    "/long": (200, "text/plain", "x" * LIMIT + "ready"),
    "/edge": (200, "text/plain", "x" * (LIMIT - 5) + "ready"),
    "/as": (200, "text/plain", "a" * 3000),
    "/evil": (200, "text/plain", "\x1b[31mred\x07\x80\n"),
    "/error": (500, "text/plain", "the database is gone"),
}


def serve(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            conn.close()
            return
        data += more
    path = data.split(b" ")[1].decode()
    chunked = path.startswith("/chunked")
    if path.startswith("/slow"):
        time.sleep(0.1)
    status, kind, text = PAGES.get(path.removeprefix("/chunked").removeprefix("/slow"), (404, "text/plain", "nothing\n"))
    body = text.encode("latin-1" if path.endswith("/evil") else "utf-8")
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nX-Secret: hush-hush\r\nX-Two: one\r\nx-two: two\r\n"
    try:
        if chunked:
            conn.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
            for byte in body:
                conn.sendall(b"1\r\n" + bytes([byte]) + b"\r\n")
            conn.sendall(b"0\r\n\r\n")
        else:
            conn.sendall((head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass
    except OSError:
        pass
    conn.close()


def pong(log_path):
    def talk(conn):
        try:
            while data := conn.recv(65536):
                log(log_path, data)
                conn.sendall(b"+PONG\r\n" if b"PING" in data else b"-ERR unknown command\r\n")
        except OSError:
            pass

    return talk


def says(*parts, then=KEPT.append):
    """Sends bytes and waits for as long as the numbers say."""

    def talk(conn):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                if isinstance(part, bytes):
                    conn.sendall(part)
                else:
                    time.sleep(part)
            then(conn)
        except OSError:
            pass  # the client went, which is its right

    return talk


def flood(conn):
    try:
        while True:
            conn.sendall(b"x" * 65536)
    except OSError:
        pass


def split(text):
    return [part for byte in text for part in (bytes([byte]), 0.005)]


def udp(answers):
    """A UDP port that answers each datagram with what answers() makes of it."""
    while True:
        socks = []
        try:
            for host in LOOPBACK:
                s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
                socks.append(s)
                s.bind((host, port_of(socks[0]) if len(socks) > 1 else 0))
            break
        except OSError:
            for s in socks:
                s.close()
    KEPT.extend(socks)

    def loop(s):
        while True:
            data, address = s.recvfrom(65536)
            for answer in answers(data):
                s.sendto(answer, address)

    for s in socks:
        if answers:
            threading.Thread(target=loop, args=(s,), daemon=True).start()
        else:
            # Connected elsewhere, it takes nothing from others: to them the port is unreachable.
            s.connect((s.getsockname()[0], 9))
    return port_of(socks[0])


def main():
    log_path = sys.argv[1]
    log(log_path, b"")

    def by(then):
        return (lambda sock: accepting(sock, then),) * 2

    def stay(conn):
        KEPT.append(conn)
        log(log_path, b"go away\n")

    def no(data):
        yield b"no"
        log(log_path, b"no\n")

    roles = {
        "HTTP_PORT": by(serve),
        "PONG_PORT": by(pong(log_path)),
        "LATE_PORT": by(says(0.2, b"220 ready\r\n", 0.1, b"and more\r\n")),
        "SPLIT_PORT": by(says(*split(b"220 mail.test ESMTP ready\r\n"))),
        "SLOW_PORT": by(says(b"220 re")),
        "SAYNO_PORT": by(says(b"go away\r\n", then=stay)),
        "LEAVE_PORT": by(says(b"go away\r\n", then=socket.socket.close)),
        "LIST_PORT": by(says(b"[12,34]", then=socket.socket.close)),
        "CLOSER_PORT": by(says(0.1, then=socket.socket.close)),
        "RESETS_PORT": by(says(0.1, then=reset)),
        "STILL_PORT": by(says()),
        "FLOOD_PORT": by(flood),
        "NULS_PORT": by(says(b"\0\0a\0b\0ready\0\n")),
        "ACROSS_PORT": by(says(b"x" * (65536 - 3) + b"re", 0.1, b"ady", 0.1, b"and more")),
    }
    datagrams = {
        "ECHO_PORT": lambda data: [data],
        "NO_PORT": no,
        "MANY_PORT": lambda data: [b"no", b"", b"yes"],
        "LAG_PORT": lambda data: time.sleep(0.1) or [data],
        "HUSH_PORT": lambda data: log(log_path, data) or [],
        "GONE_PORT": None,
        "BIG_PORT": lambda data: [b"x" * 19995 + b"ready"],
    }
    ports = {name: udp(answers) for name, answers in datagrams.items()}
    ready(LOG=log_path, **open_ports(roles), **ports)
    threading.Event().wait()


main()
