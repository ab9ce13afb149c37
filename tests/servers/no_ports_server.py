"""A network namespace of its own (see netns.sh), in which no local port is left to connect from.

Port 80 of loopback listens, on both families. NO_PORTS_PID is a process in the namespace.
"""

import errno
import os
import socket
import sys
import threading

from common import KEPT, LOOPBACK, ready


def use_up(host):
    listener = socket.create_server((host, 80), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    KEPT.append(listener)
    try:
        while True:
            KEPT.append(socket.create_connection(listener.getsockname()[:2]))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            sys.exit(f"{host}: {error}")


def main():
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as ports:
        ports.write("40000 40000")
    for host in LOOPBACK:
        use_up(host)
    ready(NO_PORTS_PID=os.getpid())
    threading.Event().wait()


main()
