"""`openssl s_server`, one for each argument, with a page for whoever asks for one.

    tls_openssl.py DIR NAME:OPTIONS...

NAME_PORT is where it listens, on IPv4 loopback; OPTIONS are its own. What it says goes to DIR/NAME.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

from common import ready


def start(directory, argument):
    name, options = argument.split(":", 1)
    path = os.path.join(directory, name)
    # -naccept would end it; -www goes on, one connection after the other.
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", *shlex.split(options)]
    with open(path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    return name, path, process


def port(path, process):
    while True:
        with open(path, encoding="latin-1") as log:
            if found := re.search(r"^ACCEPT .*:(\d+)$", log.read(), re.MULTILINE):
                return found[1]
        if process.poll() is not None:
            with open(path, encoding="latin-1") as log:
                sys.exit(f"{shlex.join(process.args)}: {log.read()}")
        time.sleep(0.01)


def main():
    directory, *arguments = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    servers = [start(directory, argument) for argument in arguments]

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGALRM, lambda *_: sys.exit())
    try:
        ready(OPENSSL_LOGS=directory, **{f"{name}_PORT": port(path, process) for name, path, process in servers})
        threading.Event().wait()
    finally:
        for _, _, process in servers:
            process.terminate()
        for _, _, process in servers:
            process.wait()


main()
