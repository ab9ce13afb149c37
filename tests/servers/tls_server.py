"""TLS that misbehaves, and TLS that says what it saw.

    tls_server.py LOG CERT KEY

TLS_PORT           shakes hands, reads to the end, and logs a line: the name asked for (SNI), the protocol of ALPN, the
                   bytes that came, and how it ended: close_notify, eof (without it) or an error's name
TLS_EOF_PORT       reads the client's hello and closes
TLS_RESET_PORT     and resets
TLS_HANG_PORT      and says nothing
TLS_DRIP_PORT      and answers one byte at a time, every 100 ms
TLS_GARBAGE_PORT   and answers with what only starts as TLS does
TLS_BANNER_PORT    and answers in plain text
TLS_ALERT_PORT     and answers with the alert that the name asked for has: alert-40.test
TLS_STRICT_PORT    answers whatever comes with an alert: this is no hello
TLS_LATER_PORT     shakes hands, and closes without a word
TLS_WARNS_PORT     the same in TLS 1.2, after a warning that it does not know the name asked for
TLS_MUTE12_PORT    asks for a certificate in TLS 1.2, shakes hands with who has none, and does nothing more
TLS_MUTE13_PORT    the same in TLS 1.3, without a ticket
TLS_RAGGED_PORT    answers in HTTP/1.0, and ends without close_notify
TLS_ASK_PORT       asks for a client certificate, and can do without; takes HTTP/2 and HTTP/1.1 by ALPN; sends /away to /, with close_notify, after the
                   second for which libcurl takes a connection for fresh; answers /garbage in what is no HTTP and the
                   rest not at all, and ends both without close_notify
"""

import re
import socket
import ssl
import sys
import threading
import time

from common import KEPT, LOOPBACK, accepting, bind, log, port_of, ready, reset

PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nup to the end of the connection\n"


WARNING, FATAL = 1, 2  # levels of alerts


def alert(number, level=FATAL):
    return bytes([0x15, 3, 3, 0, 2, level, number])


def linger(conn):
    """Close softly, after the client has."""
    conn.shutdown(socket.SHUT_WR)
    conn.settimeout(5)
    while conn.recv(65536):
        pass


def end_raw(tls):
    """The socket, and not TLS, is what ends."""
    plain = socket.socket(fileno=tls.detach())
    linger(plain)
    plain.close()


def eof(conn, _):
    linger(conn)


def hang(conn, _):
    while conn.recv(65536):
        pass


def drip(conn, _):
    # A record with a server's hello that never comes to its end.
    for byte in b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc\x03\x03" + bytes(4000):
        conn.sendall(bytes([byte]))
        time.sleep(0.1)


def garbage(conn, _):
    conn.sendall(b"\x16\x03\x03\x00\x10" + b"\xde\xad\xbe\xef" * 4)
    linger(conn)


def banner(conn, _):
    conn.sendall(b"220 mail.test ESMTP \x1b[31m\r\n")
    linger(conn)


def tell(conn, hello):
    conn.sendall(alert(int(re.search(rb"alert-(\d+)\.test", hello)[1])))
    linger(conn)


def strict(conn, _):
    conn.sendall(alert(10))
    linger(conn)


def on_hello(then):
    def serve(conn):
        try:
            then(conn, conn.recv(65536))
        except OSError:
            pass
        conn.close()

    return serve


class Recorder:
    def __init__(self, log_path, cert, key):
        self.log_path, self.cert, self.key = log_path, cert, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.context.sni_callback = self.note_name
        self.old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.old.load_cert_chain(cert, key)
        self.old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.asking.load_cert_chain(cert, key)
        self.asking.load_verify_locations(cert)
        self.asking.verify_mode = ssl.CERT_OPTIONAL
        self.asking.set_alpn_protocols(["h2", "http/1.1"])

    @staticmethod
    def note_name(tls, name, _):
        tls.sni = name

    def shake(self, conn, context=None):
        return (context or self.context).wrap_socket(conn, server_side=True, suppress_ragged_eofs=False)

    def record(self, conn):
        name = protocol = None
        count, end = 0, "close_notify"
        try:
            conn = self.shake(conn)
            name, protocol = getattr(conn, "sni", None), conn.selected_alpn_protocol()
            while chunk := conn.recv(65536):
                count += len(chunk)
        except ssl.SSLEOFError:
            end = "eof"
        except OSError as error:
            end = type(error).__name__
        log(self.log_path, f"sni={name} alpn={protocol} bytes={count} end={end}\n".encode())
        conn.close()

    def later(self, conn):
        try:
            end_raw(self.shake(conn))
        except OSError:
            pass

    def ragged(self, conn):
        try:
            tls = self.shake(conn)
            tls.recv(65536)
            tls.sendall(PAGE)
            end_raw(tls)
        except OSError:
            pass

    def warns(self, conn):
        conn.sendall(alert(112, WARNING))
        try:
            end_raw(self.shake(conn, self.old))
        except OSError:
            pass

    def mute(self, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        context.load_verify_locations(self.cert)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.minimum_version = context.maximum_version = version
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0

        def serve(conn):
            try:
                KEPT.append(self.shake(conn, context))
            except OSError:
                pass

        return serve

    def ask(self, conn):
        try:
            tls = self.asking.wrap_socket(conn, server_side=True)
            path = tls.recv(65536).split(b" ")[1]
            if path == b"/away":
                time.sleep(1.1)
                tls.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
                linger(tls.unwrap())
                return
            if path == b"/garbage":
                tls.sendall(b"this is no HTTP\n")
            end_raw(tls)
        except OSError:
            pass


def main():
    log_path, cert, key = sys.argv[1:]
    log(log_path, b"")
    recorder = Recorder(log_path, cert, key)
    roles = {
        "TLS_PORT": recorder.record,
        "TLS_LATER_PORT": recorder.later,
        "TLS_WARNS_PORT": recorder.warns,
        "TLS_MUTE12_PORT": recorder.mute(ssl.TLSVersion.TLSv1_2),
        "TLS_MUTE13_PORT": recorder.mute(ssl.TLSVersion.TLSv1_3),
        "TLS_RAGGED_PORT": recorder.ragged,
        "TLS_ASK_PORT": recorder.ask,
        "TLS_EOF_PORT": on_hello(eof),
        "TLS_RESET_PORT": on_hello(lambda conn, _: reset(conn)),
        "TLS_HANG_PORT": on_hello(hang),
        "TLS_DRIP_PORT": on_hello(drip),
        "TLS_GARBAGE_PORT": on_hello(garbage),
        "TLS_BANNER_PORT": on_hello(banner),
        "TLS_ALERT_PORT": on_hello(tell),
        "TLS_STRICT_PORT": on_hello(strict),
    }
    ports = {}
    for name, then in roles.items():
        socks = bind(*LOOPBACK)
        for sock in socks:
            accepting(sock, then)
        ports[name] = port_of(socks[0])
    ready(TLS_LOG=log_path, **ports)
    threading.Event().wait()


main()
