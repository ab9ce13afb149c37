"""Servers of grpc.health.v1.Health by grpc-core. Needs Debian's python3-grpcio, and so Debian's python3.

    grpc_server.py DIR CERTS

GRPC_PORT        plaintext, on both families
GRPC_SOCKET      the same on a Unix socket
GRPC_TLS_PORT    TLS with the certificate CERTS/good
GRPC_MTLS_PORT   and with client certificates by CERTS/ca required
GRPC_EMPTY_PORT  has no health service

The service that is asked for says what the answer is:

    ""                 SERVING, and the call is appended to DIR/calls: its metadata, a line each
    a status's name    that status, "EMPTY" an empty message; "shop.Cart" is SERVING
    a code's name      that code, with a message
    sleep              nothing before the client's deadline
    any other          NOT_FOUND
"""

import os
import site
import sys
import threading
from concurrent import futures

# It is run without a look for packages, and grpc is one.
site.main()
import grpc  # noqa: E402

from common import LOOPBACK, log, ready

STATUSES = {"EMPTY": b"", "UNKNOWN": b"\x08\x00", "SERVING": b"\x08\x01", "NOT_SERVING": b"\x08\x02",
            "SERVICE_UNKNOWN": b"\x08\x03", "OUT_OF_RANGE": b"\x08\x2a", "shop.Cart": b"\x08\x01"}  # fmt: skip


class Health(grpc.GenericRpcHandler):
    def __init__(self, calls):
        self.calls = calls

    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(self.check)

    def check(self, request, context):
        # HealthCheckRequest: one text in field 1, shorter here than 128 bytes.
        if request and (request[0] != 0x0A or request[1] != len(request) - 2):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a HealthCheckRequest: {request!r}")
        service = request[2:].decode()
        if service == "":
            lines = [f"{name}: {value}" for name, value in context.invocation_metadata()]
            lines.append(f"(time-remaining-ms: {int(context.time_remaining() * 1000)})")
            log(self.calls, "".join(line + "\n" for line in lines).encode())
            return STATUSES["SERVING"]
        if service in STATUSES:
            return STATUSES[service]
        if service == "sleep":
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait(30)
            return b""
        if service in grpc.StatusCode.__members__:
            context.abort(grpc.StatusCode[service], "the words of 50 % of servers, ä\n")
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")


def serve(handlers, listen):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), handlers=handlers,
                         options=[("grpc.so_reuseport", 0)])  # fmt: skip
    port = listen(server)
    server.start()
    return server, port


def main():
    directory, certs = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    calls, path = os.path.join(directory, "calls"), os.path.join(directory, "grpc.sock")
    log(calls, b"")

    def read(name):
        with open(os.path.join(certs, name), "rb") as file:
            return file.read()

    identity = [(read("good.key"), read("good.crt"))]
    tls = grpc.ssl_server_credentials(identity)
    mutual = grpc.ssl_server_credentials(identity, read("ca.crt"), require_client_auth=True)

    def plain(server):
        # One port that is free on both families; grpc-core binds the second one by itself.
        port = server.add_insecure_port("127.0.0.1:0")
        for host in LOOPBACK[1:]:
            server.add_insecure_port(f"[{host}]:{port}")
        server.add_insecure_port(f"unix:{path}")
        return port

    health = (Health(calls),)
    servers = {
        "GRPC_PORT": serve(health, plain),
        "GRPC_TLS_PORT": serve(health, lambda s: s.add_secure_port("127.0.0.1:0", tls)),
        "GRPC_MTLS_PORT": serve(health, lambda s: s.add_secure_port("127.0.0.1:0", mutual)),
        "GRPC_EMPTY_PORT": serve((), lambda s: s.add_insecure_port("127.0.0.1:0")),
    }
    ready(CALLS=calls, GRPC_SOCKET=path, **{name: port for name, (_, port) in servers.items()})
    threading.Event().wait()


main()
