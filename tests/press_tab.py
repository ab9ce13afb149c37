"""Types lines into an interactive shell on a terminal of its own and presses the tab key after each.

    press_tab.py bash|zsh|fish COMPLETIONS_DIRECTORY [LINE EXPECTED]...

The terminal must show what is expected in some time. Else it prints what the terminal showed, and fails.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PROMPT = "ready> "
LIMIT_S = 10

SHELLS = {
    "bash": (
        ["bash", "--noprofile", "--norc", "-i"],
        "bind 'set enable-bracketed-paste off'; . '{dir}/probectl.bash'; PS1='rea''dy> '\n",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "fpath=('{dir}' $fpath); autoload -Uz compinit; compinit -u -D; unsetopt prompt_cr; PROMPT='rea''dy> '\n",
    ),
    "fish": (
        ["fish", "--no-config"],
        "function fish_prompt; echo -n 'rea''dy> '; end; set -g fish_greeting; set -g fish_autosuggestion_enabled 0;"
        " source '{dir}/probectl.fish'\n",
    ),
}


def read_until(fd, wanted):
    """What is printed, until `wanted` is there or the time is over."""
    text, end = "", time.monotonic() + LIMIT_S
    while wanted not in plain(text):
        ready, _, _ = select.select([fd], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            sys.exit(f"expected to see: {wanted}\nsaw: {plain(text)}")
        text += os.read(fd, 65536).decode(errors="replace")
    return text


def plain(text):
    """Without the terminal's escape sequences, and with what a carriage return or a backspace takes back gone."""
    text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", text)
    text = re.sub(r"\x1b[\[(][0-9;?<=>]*[ -/]*[@-~]|\x1b[=>78]", "", text)
    while re.search(r"[^\x08]\x08", text):
        text = re.sub(r"[^\x08]\x08", "", text, count=1)
    return text.replace("\r\n", "\n").replace("\x0e", "").replace("\x0f", "")


def main():
    shell, directory, *lines = sys.argv[1:]
    command, setup = SHELLS[shell]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb" if shell != "fish" else "xterm", PS1="first> ", INPUTRC="/dev/null")
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    read_until(fd, " ")  # its own prompt, whatever that is
    # In the echo of this line the prompt has a backslash in it.
    os.write(fd, setup.format(dir=os.path.realpath(directory)).encode())
    read_until(fd, PROMPT)
    for line, expected in zip(lines[::2], lines[1::2]):
        os.write(fd, line.encode() + b"\t")
        read_until(fd, expected)
        # Ctrl-U and return: an empty line, and a new prompt. Ctrl-C would be a signal, which overtakes what is typed.
        os.write(fd, b"\x15\r")
        read_until(fd, PROMPT)
    os.close(fd)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


signal.alarm(120)
main()
