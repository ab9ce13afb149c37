"""TCP listeners that behave and misbehave, each on a port of its own.

    tcp_server.py LOG

ACCEPT_PORT   accepts, reads to the end and logs what came and how it ended
CLOSE_PORT    accepts and closes at once
RESET_PORT    accepts and resets
SILENT_PORT   accepts and says nothing
GREET_PORT    accepts and greets
REFUSED_PORT  nobody listens, on either family, and nobody else can
FULL_PORT     the listen queue is full: a connection is never answered

Of the two families of `localhost`, which matter to a client that tries both:

V4_PORT       IPv4 listens, IPv6 is refused        V6_PORT       the reverse
MUTE6_PORT    IPv4 listens, IPv6 does not answer   MUTE4_PORT    the reverse
HALF_PORT     IPv4 is refused, IPv6 does not answer
"""

import socket
import sys
import threading

from common import KEPT, accepting, log, muting, open_ports, ready, refusing, reset

def recorder(log_path):
    def record(conn):
        data, end = b"", "closed"
        try:
            while chunk := conn.recv(65536):
                data += chunk
        except ConnectionResetError:
            end = "reset"
        log(log_path, f"{len(data)} bytes, {end}\n".encode())
        conn.close()

    return record


def greet(conn):
    conn.sendall(b"220 ready\r\n")
    KEPT.append(conn)


def main():
    log_path = sys.argv[1]
    log(log_path, b"")

    def by(then):
        return lambda sock: accepting(sock, then)

    accept = by(recorder(log_path))
    roles = {  # of the IPv4 socket and of the IPv6 one
        "ACCEPT_PORT": (accept, accept),
        "CLOSE_PORT": (by(socket.socket.close),) * 2,
        "RESET_PORT": (by(reset),) * 2,
        "SILENT_PORT": (by(KEPT.append),) * 2,
        "GREET_PORT": (by(greet),) * 2,
        "REFUSED_PORT": (refusing, refusing),
        "FULL_PORT": (muting, muting),
        "V4_PORT": (accept, refusing),
        "V6_PORT": (refusing, accept),
        "MUTE6_PORT": (accept, muting),
        "MUTE4_PORT": (muting, accept),
        "HALF_PORT": (refusing, muting),
    }
    ready(CONNECTIONS=log_path, **open_ports(roles))
    threading.Event().wait()


main()
