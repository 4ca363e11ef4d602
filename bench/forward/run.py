#!/usr/bin/env python3
"""Measures forward proxies side by side; see ../README.md."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sidebyside.runner import BASE, LOAD, Measure, Scenario, main
from sidebyside.target import wait_for_ports
from targets import ECHO, ONCE, PROXY, SINK, SOURCE, STATISTICS, WEB, Dante, MicroSocks, Squid, WmProxy

HERE = os.path.dirname(os.path.abspath(__file__))
MICROSOCKS, DANTE, SQUID = ("microsocks",), ("dante",), ("squid",)


def through(protocol, mode, port, *arguments):
    return ("tcpload", mode, "-x", protocol, "-t", f"127.0.0.1:{BASE + port}", *arguments)


SCENARIOS = [
    Scenario("socks-churn", "SOCKS 5: connect, request, close x 64", through("socks5", "churn", ONCE, "-c", "64", "-S"), PROXY, (
        Measure("CPU", "us_per_op", "us/op", MICROSOCKS, 1.0, 0.7), Measure("rate", "rate", "op/s"))),
    Scenario("socks-pp", "SOCKS 5: ping-pong 128 B x 64", through("socks5", "pp", ECHO, "-c", "64", "-s", "128"), PROXY, (
        Measure("CPU", "us_per_op", "us/op"), Measure("rate", "rate", "op/s"), Measure("p99", "p99_us", "us"))),
    Scenario("socks-up", "SOCKS 5: bulk up x 8", through("socks5", "up", SINK, "-c", "8", "-U", str(BASE + STATISTICS)), PROXY, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", DANTE, 0.7, 0.36), Measure("rate", "GBps", "GB/s"))),
    Scenario("socks-down", "SOCKS 5: bulk down x 8", through("socks5", "down", SOURCE, "-c", "8"), PROXY, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", DANTE, 0.7, 0.36), Measure("rate", "GBps", "GB/s"))),
    Scenario("connect-churn", "CONNECT: connect, request, close x 64", through("connect", "churn", ONCE, "-c", "64", "-S"), PROXY, (
        Measure("CPU", "us_per_op", "us/op"), Measure("rate", "rate", "op/s"))),
    Scenario("get", "GET 1 KiB, 64 connections kept alive", (
        "wrk", "-c", "64", "-s", os.path.join(HERE, "absolute.lua"), f"http://127.0.0.1:{BASE + WEB}/"), PROXY, (
        Measure("CPU", "us_per_op", "us/op", SQUID, 0.5, 0.4), Measure("rate", "rate", "op/s"), Measure("p99", "p99_us", "us"))),
]


def make_targets(chosen, engines, program):
    targets = [kind(name, BASE + 1000 * place, BASE) for place, (name, kind) in
        enumerate({"microsocks": MicroSocks, "dante": Dante, "squid": Squid}.items(), 2) if name in chosen]
    if "wmproxy" in chosen:
        targets += [WmProxy(engine, BASE + 5000 + 1000 * i, BASE, program) for i, engine in enumerate(engines)]
    return targets


def start_backends(backends):
    backends.append(subprocess.Popen([
        os.path.join(LOAD, "tcpsrv"), "-e", str(BASE + ECHO), "-k", str(BASE + SINK), "-s", str(BASE + SOURCE), "-o", str(BASE + ONCE),
        "-u", str(BASE + STATISTICS)]))
    folder = tempfile.mkdtemp(prefix="wmbench-web-")
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w") as file:
        file.write(f"""\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{BASE + WEB}; location / {{ default_type text/plain; return 200 "{"x" * 1024}"; }} }}
}}
""")
    backends.append(subprocess.Popen(["nginx", "-e", "stderr", "-p", folder, "-c", config]))
    wait_for_ports([BASE + port for port in (ECHO, SINK, SOURCE, ONCE)], backends[0], "tcpsrv")
    wait_for_ports([BASE + WEB], backends[1], "nginx")


if __name__ == "__main__":
    main(
        "forward", "Forward proxies", SCENARIOS, ["microsocks", "dante", "squid"], make_targets, start_backends,
        "BENCH_BASE moves the ports: backends at BASE+1..9 (default 20000), proxies from BASE+2001 on.")
