"""Reads the program's JSON as strictly as it can be read, for all tests: a process that starts takes more time than
what it is asked for.

    json_reader.py

JSON_READER_PORT   each connection is a question: its line names a file. What is in the file goes to FILE.flat, a line for
                   each value: POINTER=VALUE. The answer is a line, "ok" or what is wrong: it is not one object on one
                   line, in valid UTF-8, with every member that is promised and none twice.
"""

import json
import re

from common import bind, port_of, ready

PROMISED = {
    "result": str,
    "probe": str,
    "target": str,
    "reason": str,
    "message": str,
    "durationMs": (int, float),
    "timeoutMs": int,
    "timings": dict,
}


class Wrong(Exception):
    """It is not as it has to be."""


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Wrong(f"a member is there twice: {[name for name, _ in pairs]}")
    return members


def no_constant(word):
    raise Wrong(f"{word} is not JSON")


def flatten(value, pointer=""):
    """The lines of a value and of what is in it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from flatten(member, f"{pointer}/{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from flatten(item, f"{pointer}/{i}")
    elif isinstance(value, str):
        # One line each: what would break it is shown as JSON shows it.
        yield f"{pointer}={json.dumps(value, ensure_ascii=False)[1:-1]}\n"
    else:
        yield f"{pointer}={json.dumps(value)}\n"


def read_verdict(path):
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "strict")
    if not text.endswith("\n") or text.count("\n") != 1:
        raise Wrong(f"not one line: {text!r}")
    verdict = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
    for name, kind in PROMISED.items():
        if not isinstance(verdict.get(name), kind):
            raise Wrong(f"no {name}, or not of its type: {text}")
    if verdict["result"] not in ("success", "failure", "unknown"):
        raise Wrong(f"no such result: {text}")
    if not re.fullmatch("([A-Z][a-z0-9]*)+", verdict["reason"]):
        raise Wrong(f"not a reason's word: {text}")
    return verdict


def answer(path):
    try:
        verdict = read_verdict(path)
        with open(path + ".flat", "w", encoding="utf-8") as file:
            file.writelines(flatten(verdict))
        return "ok"
    except Exception as error:  # whatever it is, the next question has nothing to do with it
        return " ".join(f"{type(error).__name__}: {error}".split())


def main():
    (server,) = bind("127.0.0.1")
    server.listen(128)
    ready(JSON_READER_PORT=port_of(server))
    while True:
        connection, _ = server.accept()
        try:
            with connection, connection.makefile("rw", encoding="utf-8") as lines:
                print(answer(lines.readline().rstrip("\n")), file=lines, flush=True)
        except OSError:
            pass  # the test was ended


main()
