"""Reads the program's JSON as strictly as it can be read, and prints a line for each value:
POINTER=VALUE. Exit status 1 and the reason on standard error when it is not one object on one
line, in valid UTF-8, with every member that is promised and none twice."""

import json
import re
import sys

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


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        sys.exit(f"a member is there twice: {[name for name, _ in pairs]}")
    return members


def no_constant(word):
    sys.exit(f"{word} is not JSON")


def flatten(value, pointer=""):
    if isinstance(value, dict):
        for name, member in value.items():
            flatten(member, f"{pointer}/{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            flatten(item, f"{pointer}/{i}")
    elif isinstance(value, str):
        # One line each: what would break it is shown as JSON shows it.
        print(f"{pointer}={json.dumps(value, ensure_ascii=False)[1:-1]}")
    else:
        print(f"{pointer}={json.dumps(value)}")


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    text = sys.stdin.buffer.read().decode("utf-8", "strict")
    if not text.endswith("\n") or text.count("\n") != 1:
        sys.exit(f"not one line: {text!r}")
    verdict = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
    for name, kind in PROMISED.items():
        if not isinstance(verdict.get(name), kind):
            sys.exit(f"no {name}, or not of its type: {text}")
    if verdict["result"] not in ("success", "failure", "unknown"):
        sys.exit(f"no such result: {text}")
    if not re.fullmatch("([A-Z][a-z0-9]*)+", verdict["reason"]):
        sys.exit(f"not a reason's word: {text}")
    flatten(verdict)


main()
