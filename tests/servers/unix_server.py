"""Unix sockets that behave and misbehave, as files of DIR.

    unix_server.py DIR

ok       accepts and reads to the end                 close   accepts and closes at once
counted  the same, and logs what came and how it ended
silent   accepts and says nothing                                           greet   accepts and greets
full     its queue is full                    late    its queue is full until a file DIR/go is there
stale    nobody listens any more              bound   nobody listens yet
dgram    a datagram socket                    seqpacket   one of sequenced packets
locked/inside   in a directory that nobody but its owner may enter          shut    a socket without permissions
"odd name", a name with control characters, and one of as many bytes as the kernel takes: a...a in DIR as the working
directory.
"""

import os
import socket
import sys
import threading
import time

from common import KEPT, accepting, log, ready

LONGEST = 107  # bytes of a path


def bound(path, kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.bind(path)
    KEPT.append(sock)
    return sock


def drain(conn):
    count = 0
    while chunk := conn.recv(65536):
        count += len(chunk)
    conn.close()
    return count


def record(conn):
    log("connections", f"{drain(conn)} bytes, closed\n".encode())


def greet(conn):
    conn.sendall(b"220 ready\r\n")
    KEPT.append(conn)


def filled(path):
    """A socket whose queue takes no more; what it holds already is accepted first."""
    sock = bound(path)
    sock.listen(0)
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        try:
            client.connect(path)
        except BlockingIOError:
            client.close()
            return sock
        KEPT.append(client)


def accept_later(sock):
    while not os.path.exists("go"):
        time.sleep(0.01)
    while True:
        KEPT.append(sock.accept()[0])


def main():
    directory = os.path.abspath(sys.argv[1])
    os.makedirs(os.path.join(directory, "locked"))
    # Paths are short here, however deep the directory lies.
    os.chdir(directory)
    log("connections", b"")
    for path in ("ok", "a" * LONGEST, "odd name", "odd\n\x1b[31m\xff".encode("latin-1"), "locked/inside", "shut"):
        accepting(bound(path), drain)
    accepting(bound("counted"), record)
    accepting(bound("close"), socket.socket.close)
    accepting(bound("silent"), KEPT.append)
    accepting(bound("greet"), greet)
    filled("full")
    threading.Thread(target=accept_later, args=(filled("late"),), daemon=True).start()
    bound("stale").close()
    bound("bound")
    bound("dgram", socket.SOCK_DGRAM)
    seqpacket = bound("seqpacket", socket.SOCK_SEQPACKET)
    seqpacket.listen(8)
    os.chmod("shut", 0)
    os.chmod("locked", 0o700)
    ready(UNIX_DIR=directory)
    threading.Event().wait()


main()
