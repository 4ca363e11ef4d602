#!/usr/bin/env python3
"""Measures TCP and UDP relays side by side; see ../README.md."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sidebyside.runner import BASE, LOAD, Measure, Scenario, main
from sidebyside.target import wait_for_echo, wait_for_ports
from targets import DATAGRAM, ECHO, ONCE, SINK, SOURCE, STATISTICS, HaProxy, Nginx, WmProxy

HAPROXY, NGINX, EITHER = ("haproxy",), ("nginx",), ("haproxy", "nginx")
# What warms the code where memory is measured.
FEW_BYTES = ("tcpload", "pp", "-c", "4"), ECHO
FEW_TRANSFERS = ("tcpload", "down", "-c", "4"), SOURCE
FEW_SESSIONS = ("udpload", "-c", "64", "-w", "16"), DATAGRAM
SCENARIOS = [
    Scenario("pp", "ping-pong 128 B x 64", ("tcpload", "pp", "-c", "64", "-s", "128"), ECHO, (
        Measure("CPU", "us_per_op", "us/op", HAPROXY, 1.15, 0.85), Measure("rate", "rate", "op/s"), Measure("p99", "p99_us", "us"))),
    Scenario("churn", "connect, request, close x 64", ("tcpload", "churn", "-c", "64", "-S"), ONCE, (
        Measure("CPU", "us_per_op", "us/op", HAPROXY, 1.5, 1.0), Measure("rate", "rate", "op/s"))),
    Scenario("up", "bulk up x 8", ("tcpload", "up", "-c", "8", "-U", str(BASE + STATISTICS)), SINK, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", EITHER, 0.60, 0.35), Measure("rate", "GBps", "GB/s", EITHER, 1.0, 1.3))),
    Scenario("down", "bulk down x 8", ("tcpload", "down", "-c", "8"), SOURCE, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", EITHER, 0.60, 0.35), Measure("rate", "GBps", "GB/s", EITHER, 1.0, 1.3))),
    Scenario("idle", "4,000 idle connections", ("tcpload", "idle", "-c", "4000"), ECHO, (
        Measure("memory", "kb_per_conn", "KiB each", (), 6.0, 3.4),), fresh=True, gentle=FEW_BYTES),
    Scenario("stall", "20 stalled readers", ("tcpload", "stall", "-c", "20"), SOURCE, (
        Measure("memory", "growth_mb", "MB", (), 5.0, 1.0),), fresh=True, gentle=FEW_TRANSFERS),
    Scenario("udp1", "UDP 64 B, 1 session", ("udpload", "-c", "1", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt"), Measure("rate", "rt_rate", "rt/s"), Measure("lost", "loss_pct", "%"))),
    Scenario("udp100", "UDP 64 B, 100 sessions", ("udpload", "-c", "100", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt", NGINX, 1.0, 0.80), Measure("rate", "rt_rate", "rt/s", NGINX, 1.0, 1.15), Measure("lost", "loss_pct", "%"))),
    Scenario("udp4000", "UDP 64 B, 4,000 sessions", ("udpload", "-c", "4000", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt", NGINX, 1.0, 0.55), Measure("rate", "rt_rate", "rt/s", NGINX, 1.0, 1.6), Measure("lost", "loss_pct", "%"))),
    Scenario("udppaced", "UDP 64 B, 100 sessions, 80,000/s", ("udpload", "-c", "100", "-s", "64", "-r", "80000"), DATAGRAM, (
        Measure("lost", "loss_pct", "%", (), 0.3, 0.0), Measure("p99", "p99_us", "us"))),
    Scenario("udpmemory", "4,000 UDP sessions", ("udpload", "-c", "4000", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("memory", "kb_per_session", "KiB each", (), 6.0, 1.0),), fresh=True, gentle=FEW_SESSIONS),
]


def make_targets(chosen, engines, program):
    targets = []
    if "haproxy" in chosen:
        targets.append(HaProxy("haproxy", BASE + 2000, BASE))
    if "nginx" in chosen:
        targets.append(Nginx("nginx", BASE + 3000, BASE))
    if "wmproxy" in chosen:
        targets += [WmProxy(engine, BASE + 4000 + 1000 * i, BASE, program) for i, engine in enumerate(engines)]
    return targets


def start_backends(backends):
    backends.append(subprocess.Popen([
        os.path.join(LOAD, "tcpsrv"), "-e", str(BASE + ECHO), "-k", str(BASE + SINK), "-s", str(BASE + SOURCE), "-o", str(BASE + ONCE),
        "-u", str(BASE + STATISTICS)]))
    backends.append(subprocess.Popen([os.path.join(LOAD, "udpecho"), "-p", str(BASE + DATAGRAM)]))
    wait_for_ports([BASE + port for port in (ECHO, SINK, SOURCE, ONCE)], backends[0], "tcpsrv")
    wait_for_echo(BASE + DATAGRAM, backends[1], "udpecho")


if __name__ == "__main__":
    main(
        "l4", "L4 relays", SCENARIOS, ["haproxy", "nginx"], make_targets, start_backends,
        "BENCH_BASE moves the ports: backends at BASE+1..9 (default 20000), relays from BASE+2001 on.")
