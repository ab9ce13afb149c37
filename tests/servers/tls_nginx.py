"""nginx, on sockets that are bound before it starts, so that no port is guessed.

    tls_nginx.py DIR CERTS

    NGINX_PORT         plain HTTP/1.1             NGINX_H2C_PORT    plain HTTP/2, with prior knowledge
    NGINX_TLS12_PORT   TLS 1.2 alone, ECDSA       NGINX_TLS13_PORT  TLS 1.3 alone, ECDSA
    NGINX_RSA12_PORT   TLS 1.2 alone, RSA         NGINX_RSA13_PORT  TLS 1.3 alone, RSA
    NGINX_OLD_PORT     TLS 1.1 and older          NGINX_H2_PORT     TLS with HTTP/2 by ALPN
    NGINX_CLIENT_PORT  TLS, a client certificate by CERTS/ca required, HTTP/2
    NGINX_STAGING_PORT TLS that refuses to shake hands for names other than staging.test
    NGINX_SOCKET       plain HTTP/1.1 on a Unix socket
    NGINX_TLS_SOCKET   TLS with HTTP/2 on a Unix socket

Every request is logged to NGINX_LOG: the port, protocol, Host or :authority, TLS version, SNI, subject of the client's
certificate, target, and the headers te, content-type and grpc-timeout. NGINX_ERRORS has what nginx complains of.
Paths: /status/CODE, /body/SIZE, /redirect (to /status/200), any other: 200.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from common import LOOPBACK, bind, port_of, ready

CONF = """
{user}
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/errors info;
events {{ worker_connections 256; }}
http {{
    log_format probe '$server_port $server_protocol $http_host $ssl_protocol $ssl_server_name "$ssl_client_s_dn" '
                     '$request_method $request_uri te=$http_te type=$content_type timeout=$http_grpc_timeout';
    access_log {dir}/log probe;
    client_body_temp_path {dir}/tmp; proxy_temp_path {dir}/tmp; fastcgi_temp_path {dir}/tmp;
    uwsgi_temp_path {dir}/tmp; scgi_temp_path {dir}/tmp;
    default_type text/plain;
    ssl_session_cache off;
    absolute_redirect off;
    ssl_certificate {certs}/good.crt; ssl_certificate_key {certs}/good.key;
    {servers}
}}
"""
PATHS = """
        location / { return 200 "ok\\n"; }
        location /status/200 { return 200; } location /status/204 { return 204; }
        location /status/404 { return 404; } location /status/503 { return 503; }
        location /redirect { return 302 /status/200; }
        location /body { root DIR; }
"""
RSA = "ssl_certificate {certs}/rsa.crt; ssl_certificate_key {certs}/rsa.key; "

# Name: what its listen directive adds, what else its server has.
SERVERS = {
    "NGINX_PORT": ("", ""),
    "NGINX_H2C_PORT": ("http2", ""),
    "NGINX_TLS12_PORT": ("ssl", "ssl_protocols TLSv1.2;"),
    "NGINX_TLS13_PORT": ("ssl", "ssl_protocols TLSv1.3;"),
    "NGINX_RSA12_PORT": ("ssl", RSA + "ssl_protocols TLSv1.2;"),
    "NGINX_RSA13_PORT": ("ssl", RSA + "ssl_protocols TLSv1.3;"),
    "NGINX_OLD_PORT": ("ssl", "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;"),
    "NGINX_H2_PORT": ("ssl http2", ""),
    "NGINX_CLIENT_PORT": ("ssl http2", "ssl_verify_client on; ssl_client_certificate {certs}/ca.crt;"),
    "NGINX_STAGING_PORT": ("ssl", "ssl_reject_handshake on;"),
    "NGINX_SOCKET": ("", ""),
    "NGINX_TLS_SOCKET": ("ssl http2", ""),
}


def open_sockets(name, directory):
    if name.endswith("SOCKET"):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(os.path.join(directory, name))
        return [sock]
    return bind(*LOOPBACK)


def listens(sock, more):
    address = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        where = f"unix:{address}"
    elif sock.family == socket.AF_INET6:
        where = f"[{address[0]}]:{address[1]}"
    else:
        where = f"{address[0]}:{address[1]}"
    return f"listen {where} {more};"


def main():
    directory, certs = map(os.path.abspath, sys.argv[1:])
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(os.path.join(directory, "tmp"))
    os.makedirs(os.path.join(directory, "body"))
    for size in (0, 10240, 100000):
        with open(os.path.join(directory, "body", str(size)), "wb") as file:
            file.write(b"x" * size)

    values, inherited, servers = {}, [], []
    for name, (more, rest) in SERVERS.items():
        socks = open_sockets(name, directory)
        for sock in socks:
            sock.listen(64)
            os.set_inheritable(sock.fileno(), True)
        inherited += socks
        values[name] = port_of(socks[0]) if name.endswith("PORT") else socks[0].getsockname()
        listening = " ".join(listens(sock, more) for sock in socks)
        servers.append(f"server {{ {listening} {rest.format(certs=certs)} {PATHS.replace('DIR', directory)} }}")
        if name == "NGINX_STAGING_PORT":
            servers.append(f"server {{ {listening} server_name staging.test; {PATHS.replace('DIR', directory)} }}")
    conf = os.path.join(directory, "conf")
    with open(conf, "w", encoding="utf-8") as file:
        # As root it would serve as nobody, who cannot see the directory.
        user = "user root;" if os.geteuid() == 0 else ""
        file.write(CONF.format(user=user, dir=directory, certs=certs, servers="\n".join(servers)))

    # Where nginx takes sockets over from another, this variable has their numbers.
    numbers = "".join(f"{sock.fileno()};" for sock in inherited)
    nginx = subprocess.Popen(
        ["nginx", "-p", directory, "-c", conf, "-e", os.path.join(directory, "errors")],
        env=dict(os.environ, NGINX=numbers, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"), close_fds=False,
    )  # fmt: skip

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGALRM, lambda *_: sys.exit())
    try:
        # Its sockets listen already: the first probe waits until nginx accepts it. What has to be awaited is a failure.
        while not os.path.exists(os.path.join(directory, "nginx.pid")):
            if nginx.poll() is not None:
                sys.exit("nginx ended")
            time.sleep(0.01)
        ready(NGINX_LOG=os.path.join(directory, "log"), NGINX_ERRORS=os.path.join(directory, "errors"), **values)
        threading.Event().wait()
    finally:
        nginx.terminate()
        nginx.wait()


main()
