"""A name server on 127.0.0.1:53, in a network namespace of its own (see netns.sh), and TCP
listeners on the addresses of its names.

    dns_server.py LOG

LOG gets the name of every question. What comes of a connection to PORT of each name:

one.test          127.0.0.1 opens
alias.test        the same by a CNAME
three.test        127.0.0.2 and .3 do not answer, 127.0.0.4 opens
mute.test         127.0.0.2 and .3: nobody answers
refused.test      127.0.0.5 and .6: both refuse
half.test         127.0.0.2 does not answer, 127.0.0.5 refuses
unreachable.test  an address that no route leads to
forbidden.test    an address that the local routing table forbids
many.test         127.0.1.1 to .40: all refuse
nothing.test      exists, and has no address
absent.test       does not exist
broken.test       the name server fails
garbled.test      the answer is no DNS
every other name  no answer at all
"""

import os
import socket
import struct
import sys

from common import accepting, bind, log, muting, port_of, ready, refusing

A, CNAME = 1, 5
SERVFAIL, NXDOMAIN = 2, 3

ADDRESSES = {
    "one.test": ["127.0.0.1"],
    "alias.test": ["127.0.0.1"],
    "three.test": ["127.0.0.2", "127.0.0.3", "127.0.0.4"],
    "mute.test": ["127.0.0.2", "127.0.0.3"],
    "refused.test": ["127.0.0.5", "127.0.0.6"],
    "half.test": ["127.0.0.2", "127.0.0.5"],
    "unreachable.test": ["198.51.100.1"],
    "forbidden.test": ["203.0.113.1"],
    "many.test": [f"127.0.1.{n}" for n in range(1, 41)],
    "nothing.test": [],
}
ERRORS = {"absent.test": NXDOMAIN, "broken.test": SERVFAIL}


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def record(owner, kind, data):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def reply(query):
    """The name that was asked for and the answer, which may be None."""
    ident, labels, i = query[:2], [], 12
    while length := query[i]:
        labels.append(query[i + 1 : i + 1 + length].decode("latin-1"))
        i += 1 + length
    name, (kind,) = ".".join(labels).lower(), struct.unpack("!H", query[i + 1 : i + 3])
    if name == "garbled.test":
        return name, ident + b"\xff" * 5
    if name not in ADDRESSES and name not in ERRORS:
        return name, None
    records, owner = [], b"\xc0\x0c"  # the name of the question, by its offset
    if name == "alias.test":
        target = encode("one.test")
        records.append(record(owner, CNAME, target))
        owner = target
    if kind == A:
        records += [record(owner, A, socket.inet_aton(a)) for a in ADDRESSES.get(name, [])]
    flags = 0x8180 | ERRORS.get(name, 0)
    head = ident + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
    return name, head + query[12 : i + 5] + b"".join(records)


def main():
    log_path = sys.argv[1]
    log(log_path, b"")
    hosts = {
        "127.0.0.1": lambda sock: accepting(sock, socket.socket.close),
        "127.0.0.2": muting,
        "127.0.0.3": muting,
        "127.0.0.4": lambda sock: accepting(sock, socket.socket.close),
        "127.0.0.5": refusing,
        "127.0.0.6": refusing,
    }
    socks = bind(*hosts)
    for sock, behave in zip(socks, hosts.values()):
        behave(sock)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    ready(NETNS_PID=os.getpid(), NETNS_PORT=port_of(socks[0]), QUESTIONS=log_path)
    while True:
        query, client = server.recvfrom(4096)
        name, answer = reply(query)
        log(log_path, name.encode() + b"\n")
        if answer:
            server.sendto(answer, client)


main()
