"""What the test servers share: ports, ways to listen, saying that they are ready, going away."""

import os
import select
import signal
import socket
import struct
import sys
import threading

# A suite that is killed cannot stop its servers; no suite lasts this long.
LIFETIME_S = 900


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


LOOPBACK = ("127.0.0.1", "::1") if has_ipv6() else ("127.0.0.1",)


def _bind(host, port):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if ":" in host:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        s.bind((host, port))
    except OSError:
        s.close()
        raise
    return s


def bind(*hosts):
    """Bound sockets, one for each host, all on the same free port. A connection to a socket that
    is bound and does not listen is refused, and nobody else can take its port meanwhile."""
    for _ in range(100):
        socks = []
        try:
            for host in hosts:
                socks.append(_bind(host, socks[0].getsockname()[1] if socks else 0))
            return socks
        except OSError:
            # The port is free on the first host and taken on another: try the next one.
            for s in socks:
                s.close()
    sys.exit(f"no port is free on all of {hosts}")


def port_of(sock):
    return sock.getsockname()[1]


KEPT = []  # sockets that stay open as long as the server does


def accepting(sock, then):
    """Call then(connection) in a thread for each connection."""
    sock.listen(128)

    def loop():
        while True:
            conn, _ = sock.accept()
            threading.Thread(target=then, args=(conn,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def refusing(sock):
    KEPT.append(sock)


def muting(sock):
    """Fill the listen queue until the kernel drops what comes next."""
    sock.listen(0)
    KEPT.append(sock)
    while True:
        client = socket.socket(sock.family)
        client.setblocking(False)
        client.connect_ex(sock.getsockname())
        # On loopback a connection is made within connect(); the wait is for a busy machine.
        _, writable, _ = select.select([], [client], [], 0.3)
        if not writable:
            client.close()
            return
        KEPT.append(client)


def reset(conn):
    """Close with RST in place of FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def open_ports(roles):
    """A port for each name, and on it what the IPv4 and the IPv6 socket do."""
    ports = {}
    for name, behaviours in roles.items():
        socks = bind(*LOOPBACK)
        for sock, behave in zip(socks, behaviours):
            behave(sock)
        ports[name] = port_of(socks[0])
    return ports


def ready(**values):
    """Say what the helper exports as environment variables: everything listens now."""
    print("ready", *(f"{name}={value}" for name, value in values.items()), flush=True)


def log(path, data):
    """Append in one write, so that lines of two threads never mix."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, data)
    os.close(fd)


# Who runs the tests may ignore it.
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.alarm(LIFETIME_S)
