#!/usr/bin/env python3
"""Measures probectl beside what a user would pick instead, in one run, on loopback.

usage: bench.py BUILD

BUILD holds static/probectl and static-notls/probectl. Prints tables, and writes BUILD/bench/results.md and
BUILD/bench/chart.svg. Whole processes: hyperfine -N gives times, callgrind instructions, wait4 the peak memory and the
page faults. A measurement that fails ends the run; the load test counts what failed.
"""
import datetime
import html
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = int(os.environ.get("RUNS", "300"))
ROUNDS = 15
PLUGINS = "/usr/lib/nagios/plugins"

NGINX = """
daemon off; master_process off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5; root {dir}/www; default_type text/plain;
  server {{ listen 127.0.0.1:{http};
    location = / {{ return 200 "ok\\n"; }}
    location ~ ^/redirect/0$ {{ return 200 "ok\\n"; }}
{redirects}
{headers}
  }}
  server {{ listen 127.0.0.1:{https} ssl; ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
    location = / {{ return 200 "ok\\n"; }} }}
  server {{ listen 127.0.0.1:{grpc} http2;
    location = /grpc.health.v1.Health/Check {{ error_page 405 =200 /serving; }}
    location = /serving {{ types {{ }} default_type application/grpc; add_trailer grpc-status 0; }} }}
}}
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("bench: the server does not start")


def start_nginx(directory):
    http, https, grpc = free_ports(3)
    os.makedirs(f"{directory}/www")
    # nginx answers a POST of a file with 405, which is turned into the file.
    os.makedirs(f"{directory}/www/grpc.health.v1.Health")
    for name in ("grpc.health.v1.Health/Check", "serving"):
        with open(f"{directory}/www/{name}", "wb") as f:
            f.write(b"\0\0\0\0\2\x08\1")
    for name, size in (("1K", 1 << 10), ("1M", 1 << 20), ("32M", 32 << 20), ("1G", 1 << 30)):
        with open(f"{directory}/www/{name}", "wb") as f:
            f.truncate(size)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", f"{directory}/key.pem", "-out", f"{directory}/cert.pem", "-days", "30", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    redirects = "".join(f"    location = /redirect/{n} {{ return 302 /redirect/{n - 1}; }}\n" for n in range(1, 10))
    headers = "".join(f"    location = /headers/{n} {{ return 200 ok;\n" +
                      "".join(f"      add_header X-Filler-{i} 0123456789012345678901234567890123456789;\n"
                              for i in range(n)) + "    }\n" for n in (1, 10, 100, 1000))
    config = NGINX.format(dir=directory, http=http, https=https, grpc=grpc, redirects=redirects, headers=headers)
    with open(f"{directory}/nginx.conf", "w", encoding="ascii") as f:
        f.write(config)
    server = subprocess.Popen(["nginx", "-p", directory, "-c", f"{directory}/nginx.conf"], stderr=subprocess.DEVNULL)
    for port in (http, https, grpc):
        wait_for(port)
    return server, http, https, grpc


def hyperfine(commands, directory):
    """Median milliseconds of each command. In rounds, for a machine has quicker and slower minutes."""
    out, times = f"{directory}/hyperfine.json", [[] for _ in commands]
    for _ in range(ROUNDS):
        subprocess.run(["hyperfine", "-N", "--warmup", "5", "--runs", str(max(10, RUNS // ROUNDS)), "--style", "none",
                        "--export-json", out] + commands,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as f:
            for series, result in zip(times, json.load(f)["results"]):
                series.extend(result["times"])
    return [statistics.median(series) * 1000 for series in times]


def instructions(command, directory):
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/callgrind.out"] +
                          command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"refs:\s+([\d,]+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"bench: {command}: no instructions counted: exit status {done.returncode}: {done.stderr.strip()}")
    return int(found.group(1).replace(",", ""))


def peak(command, directory):
    """The medians of five: memory in KiB, page faults."""
    values = []
    for _ in range(5):
        done = subprocess.run([f"{directory}/peak"] + command.split(), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"bench: {command}: no memory measured: {done.stderr.strip()}")
        values.append([int(word) for word in done.stdout.split()])
    return [statistics.median_low(series) for series in zip(*values)]


def build_helpers(directory):
    cc = "musl-gcc" if shutil.which("musl-gcc") else os.environ.get("CC", "cc")
    for name in ("empty", "peak"):
        subprocess.run([cc, "-O2", "-static", "-no-pie", "-s", "-o", f"{directory}/{name}", f"{HERE}/{name}.c"], check=True)


def measure(rows, directory):
    """rows of (group, name, command): with their figures."""
    times = hyperfine([command for _, _, command in rows], directory)
    return [(group, name, ms, instructions(command, directory), *peak(command, directory))
            for (group, name, command), ms in zip(rows, times)]


def print_table(title, head, rows, report):
    lines = [f"\n### {title}\n", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    print("\n".join(lines))
    report.extend(lines)


def chart(figures, path):
    """Horizontal bars of the medians, ours dark."""
    longest, bar = max(f[2] for f in figures), 420
    rows = []
    for i, (_, name, ms, *_) in enumerate(figures):
        y = 40 + i * 22
        colour = "#1f6feb" if name.startswith("probectl") else "#8c959f"
        rows.append(f'<text x="230" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>'
                    f'<rect x="240" y="{y}" width="{max(1, ms / longest * bar):.1f}" height="16" fill="{colour}"/>'
                    f'<text x="{246 + ms / longest * bar:.1f}" y="{y + 12}">{ms:.2f} ms</text>')
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{60 + 22 * len(figures)}" '
                'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
                '<text x="240" y="24" font-weight="bold">One probe, whole process, median</text>'
                + "".join(rows) + "</svg>\n")


def limits(by_name):
    """The goals, each as (what, measured, at most)."""
    ms = {name: value[0] for name, value in by_name.items()}
    ins = {name: value[1] for name, value in by_name.items()}
    kib = {name: value[2] for name, value in by_name.items()}
    tls, plain = "probectl http", "probectl http (TLS=none)"
    goals = [
        ("tcp / nc -z", ms["probectl tcp"] / ms["nc -z"], 0.35),
        ("tcp / empty program", ms["probectl tcp"] / ms["empty static program"], 1.5),
        ("http / curl -sf", ms[tls] / ms["curl -sf"], 0.10),
        ("http / busybox wget", ms[tls] / ms["busybox wget -q --spider"], 1.2),
        ("http TLS=none / busybox wget", ms[plain] / ms["busybox wget -q --spider"], 0.8),
        ("https / curl -ksf", ms["probectl https"] / ms["curl -ksf (https)"], 0.55),
        ("https / check_http -S", ms["probectl https"] / ms["check_http -S (https)"], 0.95),
        ("grpc / http", ms["probectl grpc"] / ms[tls], 1.5),
        ("exec true / timeout 1 true", ms["probectl exec true"] / ms["timeout 1 true"], 0.45),
        ("exec true - true, ms", ms["probectl exec true"] - ms["empty static program"], 0.15),
        ("instructions: tcp", ins["probectl tcp"], 45000),
        ("instructions: http TLS=none", ins[plain], 150000),
        ("instructions: http", ins[tls], 350000),
        ("KiB: tcp", kib["probectl tcp"], 1024),
        ("KiB: exec", kib["probectl exec true"], 1024),
        ("KiB: http", kib[tls], 2560),
        ("KiB: https", kib["probectl https"], 5120),
    ]
    return goals


def compare(build, directory, ports, report):
    http, https, grpc = ports
    tls, plain, true = f"{build}/static/probectl", f"{build}/static-notls/probectl", f"{directory}/empty"
    rows = [
        ("floor", "empty static program", true),
        ("tcp", "probectl tcp", f"{tls} tcp 127.0.0.1:{http}"),
        ("tcp", "nc -z", f"nc -z 127.0.0.1 {http}"),
        ("tcp", "bash </dev/tcp", f"bash -c :</dev/tcp/127.0.0.1/{http}"),
        ("tcp", "check_tcp", f"{PLUGINS}/check_tcp -H 127.0.0.1 -p {http}"),
        ("http", "probectl http (TLS=none)", f"{plain} http 127.0.0.1:{http}/"),
        ("http", "probectl http", f"{tls} http 127.0.0.1:{http}/"),
        ("http", "busybox wget -q --spider", f"busybox wget -q --spider http://127.0.0.1:{http}/"),
        ("http", "wget -q --spider", f"wget -q --spider http://127.0.0.1:{http}/"),
        ("http", "curl -sf", f"curl -sf -o /dev/null http://127.0.0.1:{http}/"),
        ("http", "check_http", f"{PLUGINS}/check_http -H 127.0.0.1 -p {http}"),
        ("https", "probectl https", f"{tls} http https://127.0.0.1:{https}/"),
        ("https", "curl -ksf (https)", f"curl -ksf -o /dev/null https://127.0.0.1:{https}/"),
        ("https", "check_http -S (https)", f"{PLUGINS}/check_http -S -H 127.0.0.1 -p {https}"),
        ("grpc", "probectl grpc", f"{tls} grpc 127.0.0.1:{grpc}"),
        ("exec", "probectl exec true", f"{tls} exec {true}"),
        ("exec", "timeout 1 true", f"timeout 1 {true}"),
    ]
    figures = measure(rows, directory)
    print_table("One probe, whole process", ["what", "median", "of curl -sf", "instructions", "peak memory", "page faults"],
                [(name, f"{ms:.3f} ms", f"{ms / dict((f[1], f[2]) for f in figures)['curl -sf']:.2f}", f"{count:,}",
                  f"{kib / 1024:.2f} MB", f"{faults:,}") for _, name, ms, count, kib, faults in figures], report)
    by_name = {name: (ms, count, kib) for _, name, ms, count, kib, _ in figures}
    goals = limits(by_name)
    for what, path, limit in (("KB: TLS=none", plain, 500), ("KB: with TLS", tls, 4000)):
        goals.append((what, os.path.getsize(path) / 1000, limit))
    print_table("Goals", ["what", "measured", "at most", ""],
                [(what, f"{value:,.3f}" if value < 100 else f"{value:,.0f}", f"{most:,}", "met" if value <= most else "MISSED")
                 for what, value, most in goals], report)
    return figures


def growth(build, directory, http, report):
    tls = f"{build}/static/probectl"
    rows = [(f"body of {size}", f"{tls} http 127.0.0.1:{http}/{size}") for size in ("1K", "1M", "32M", "1G")]
    rows += [(f"{n} headers", f"{tls} http 127.0.0.1:{http}/headers/{n}") for n in (1, 10, 100, 1000)]
    rows += [(f"{n} redirects", f"{tls} http 127.0.0.1:{http}/redirect/{n}") for n in (0, 1, 3, 9)]
    times = hyperfine([command for _, command in rows], directory)
    table = [growth_row(name, ms, *peak(command, directory)) for (name, command), ms in zip(rows, times)]
    table += addresses(tls, directory, http)
    print_table("How time and memory grow", ["what", "median", "peak memory", "page faults"], table, report)


def growth_row(name, ms, kib, faults):
    return name, f"{ms:.3f} ms", f"{kib / 1024:.2f} MB", f"{faults:,}"


def addresses(tls, directory, http):
    """A name with many addresses, all but the last of which refuse: in a mount namespace with an /etc/hosts of its own."""
    table = []
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return [("addresses", "needs root", "-", "-")]
    for count in (1, 4, 16, 48):
        with open(f"{directory}/hosts", "w", encoding="ascii") as f:
            f.write("".join(f"127.0.{i // 200 + 1}.{i % 200 + 1} many.test\n" for i in range(count - 1)))
            f.write("127.0.0.1 many.test\n")
        script = (f"mount --bind {directory}/hosts /etc/hosts && "
                  f"hyperfine -N --warmup 5 --runs 100 --style none --export-json {directory}/hf.json "
                  f"'{tls} tcp many.test:{http}' >/dev/null && {directory}/peak {tls} tcp many.test:{http}")
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"bench: {count} addresses: not measured: {done.stderr.strip()}")
        with open(f"{directory}/hf.json", encoding="utf-8") as f:
            ms = json.load(f)["results"][0]["median"] * 1000
        table.append(growth_row(f"{count} addresses", ms, *(int(word) for word in done.stdout.split())))
    return table


def load(build, http, report):
    """1,000 http probes, 32 at a time."""
    start = time.monotonic()
    done = subprocess.run(f"seq 1000 | xargs -P 32 -I{{}} {build}/static/probectl http -t 5s -q 127.0.0.1:{http}/", shell=True,
                          check=False)
    seconds = time.monotonic() - start
    print_table("Load: 1,000 http probes, 32 at a time", ["probes", "failed", "seconds", "a second"],
                [("1,000", "none" if done.returncode == 0 else "some", f"{seconds:.2f}", f"{1000 / seconds:,.0f}")], report)


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"model name\s*: (.*)", f.read())
        model = found.group(1) if found else model
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release().split('-')[0]}"


def main():
    build = os.path.abspath(sys.argv[1])
    report = [f"# probectl: figures of {datetime.date.today()}", "",
              f"{machine()}; hyperfine medians of {RUNS} runs, loopback, nginx. Repeat with `make bench`."]
    os.makedirs(f"{build}/bench", exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        build_helpers(directory)
        server, *ports = start_nginx(directory)
        try:
            figures = compare(build, directory, ports, report)
            growth(build, directory, ports[0], report)
            load(build, ports[0], report)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    chart(figures, f"{build}/bench/chart.svg")
    with open(f"{build}/bench/results.md", "w", encoding="utf-8") as f:
        f.write("\n".join(report) + "\n")
    print(f"\nwritten: {build}/bench/results.md and chart.svg")


if __name__ == "__main__":
    main()
