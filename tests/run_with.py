"""Runs a command with a standard output that is out of the ordinary, and ends with its exit status.

    run_with.py tty COMMAND...          a terminal; what was written to it is printed
    run_with.py unread-tty COMMAND...   a terminal that is full and that nobody reads
    run_with.py unread-pipe COMMAND...  a pipe that is full and that nobody reads
    run_with.py gone COMMAND...         a pipe whose reader is gone
    run_with.py gone-ignored COMMAND... ... while SIGPIPE is ignored
    run_with.py rss COMMAND...          as it is; the most memory that it was seen to hold, in KiB, on stderr

The modes unread-stderr and gone-stderr do the same to standard error. How long the command took, in ms, goes to the file
that the variable TOOK names, if it is set.
"""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import threading
import time


def fill(fd):
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (4096, 1):  # to the last byte
        try:
            while True:
                os.write(fd, b"." * size)
        except BlockingIOError:
            pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)


def peak_kib(process):
    """VmHWM until the end. What wait4() tells is of no use: it counts in the memory of the process
    that forked, this one."""
    peak = 0
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
        time.sleep(0.002)
    return peak


def main():
    mode, *command = sys.argv[1:]
    stream = "stderr" if mode.endswith("-stderr") else "stdout"
    reader = writer = None
    printed = []
    if mode.endswith("tty"):
        reader, writer = pty.openpty()
    elif mode != "rss":
        reader, writer = os.pipe()
    if mode.startswith("unread"):
        fill(writer)
    if mode.startswith("gone"):
        os.close(reader)
    if mode == "tty":

        def collect():
            try:
                while data := os.read(reader, 65536):
                    printed.append(data)
            except OSError:
                pass  # the last writer of a terminal is gone

        thread = threading.Thread(target=collect, daemon=True)
        thread.start()
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        # Python ignores SIGPIPE for itself, and gives a child the default back unless told not to.
        restore_signals=mode != "gone-ignored",
        **({stream: writer} if writer is not None else {}),
    )
    if writer is not None:
        os.close(writer)
    peak = peak_kib(process) if mode == "rss" else 0
    status = process.wait()
    if took := os.environ.get("TOOK"):
        with open(took, "w") as file:
            print(round((time.monotonic() - started) * 1000), file=file)
    if mode == "tty":
        thread.join()
        sys.stdout.buffer.write(b"".join(printed))
    if mode == "rss":
        print(peak, file=sys.stderr)
    sys.exit(status if status >= 0 else 128 - status)


signal.alarm(60)
main()
