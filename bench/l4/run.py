#!/usr/bin/env python3
"""Measures TCP and UDP relays side by side and prints a Markdown table of medians; see ../README.md."""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from typing import NamedTuple

from targets import DATAGRAM, ECHO, ONCE, SINK, SOURCE, STATISTICS, HaProxy, Nginx, WmProxy, wait_for_echo, wait_for_ports

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LOAD = os.path.join(ROOT, "bench", "load")

HIGHER_IS_BETTER = {"rate", "GBps", "rt_rate"}


class Measure(NamedTuple):
    """One figure of a sample, and the project's targets for it: a ratio to the best of the peers, or a value where there are none."""

    what: str
    key: str
    unit: str
    peers: tuple = ()
    floor: float | None = None
    goal: float | None = None


class Scenario(NamedTuple):
    """
    One kind of load. Where memory is measured each sample is a process of its own, warmed by another load, of few connections: code that is compiled by
    then is not the connections', but buffers and pools should grow in the measurement.
    """

    name: str
    title: str
    load: tuple
    port: int
    measures: tuple
    fresh: tuple = ()

    @property
    def is_udp(self):
        return self.load[0] == "udpload"


HAPROXY, NGINX, EITHER = ("haproxy",), ("nginx",), ("haproxy", "nginx")
SCENARIOS = [
    Scenario("pp", "ping-pong 128 B x 64", ("tcpload", "pp", "-c", "64", "-s", "128"), ECHO, (
        Measure("CPU", "us_per_op", "us/op", HAPROXY, 1.15, 0.85), Measure("rate", "rate", "op/s"), Measure("p99", "p99_us", "us"))),
    Scenario("churn", "connect, request, close x 64", ("tcpload", "churn", "-c", "64", "-S"), ONCE, (
        Measure("CPU", "us_per_op", "us/op", HAPROXY, 1.5, 1.0), Measure("rate", "rate", "op/s"))),
    Scenario("up", "bulk up x 8", ("tcpload", "up", "-c", "8", "-U", "STATISTICS"), SINK, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", EITHER, 0.60, 0.35), Measure("rate", "GBps", "GB/s", EITHER, 1.0, 1.3))),
    Scenario("down", "bulk down x 8", ("tcpload", "down", "-c", "8"), SOURCE, (
        Measure("CPU", "cpu_s_per_GB", "s/GB", EITHER, 0.60, 0.35), Measure("rate", "GBps", "GB/s", EITHER, 1.0, 1.3))),
    Scenario("idle", "4,000 idle connections", ("tcpload", "idle", "-c", "4000"), ECHO, (
        Measure("memory", "kb_per_conn", "KiB each", (), 6.0, 3.4),), fresh=(("tcpload", "pp", "-c", "4"), ECHO)),
    Scenario("stall", "20 stalled readers", ("tcpload", "stall", "-c", "20"), SOURCE, (
        Measure("memory", "growth_mb", "MB", (), 5.0, 1.0),), fresh=(("tcpload", "down", "-c", "4"), SOURCE)),
    Scenario("udp1", "UDP 64 B, 1 session", ("udpload", "-c", "1", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt"), Measure("rate", "rt_rate", "rt/s"), Measure("lost", "loss_pct", "%"))),
    Scenario("udp100", "UDP 64 B, 100 sessions", ("udpload", "-c", "100", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt", NGINX, 1.0, 0.80), Measure("rate", "rt_rate", "rt/s", NGINX, 1.0, 1.15), Measure("lost", "loss_pct", "%"))),
    Scenario("udp4000", "UDP 64 B, 4,000 sessions", ("udpload", "-c", "4000", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("CPU", "us_per_rt", "us/rt", NGINX, 1.0, 0.55), Measure("rate", "rt_rate", "rt/s", NGINX, 1.0, 1.6), Measure("lost", "loss_pct", "%"))),
    Scenario("udppaced", "UDP 64 B, 100 sessions, 80,000/s", ("udpload", "-c", "100", "-s", "64", "-r", "80000"), DATAGRAM, (
        Measure("lost", "loss_pct", "%", (), 0.3, 0.0), Measure("p99", "p99_us", "us"))),
    Scenario("udpmemory", "4,000 UDP sessions", ("udpload", "-c", "4000", "-s", "64", "-w", "128"), DATAGRAM, (
        Measure("memory", "kb_per_session", "KiB each", (), 6.0, 1.0),), fresh=(("udpload", "-c", "64", "-w", "16"), DATAGRAM)),
]
BASE = int(os.environ.get("BENCH_BASE", "20000"))


def run_load(load, port, seconds, pid, warmup=None):
    program, *arguments = (str(BASE + STATISTICS) if argument == "STATISTICS" else argument for argument in load)
    command = [os.path.join(LOAD, program), *arguments, "-p", str(port), "-d", str(seconds), "-P", str(pid)]
    if warmup is not None:
        command += ["-W" if program == "udpload" else "-w", str(warmup)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if run.returncode != 0:
        return {"failed": f"{' '.join(command)}: exit code {run.returncode} {run.stderr.strip()}"}
    sample = json.loads(run.stdout)
    sample["growth_mb"] = (sample["rss_kb"] - sample["rss0_kb"]) / 1024
    return sample


def complain(target, scenario, sample):
    if "failed" in sample:
        return f"{target.name}, {scenario.title}: {sample['failed']}"
    if scenario.is_udp:
        # Lost datagrams are a measure; wrong ones are a fault.
        return f"{target.name}, {scenario.title}: {sample['bad']} wrong answers" if sample["bad"] else None
    if sample["corrupt"] or sample["errs"]:
        return f"{target.name}, {scenario.title}: {sample['errs']} errors, {sample['corrupt']} corrupt answers"
    return None


def measure(all_targets, options, complaints):
    results = {}
    for scenario in SCENARIOS:
        if scenario.name not in options.scenarios:
            continue
        targets = [target for target in all_targets if target.has_udp or not scenario.is_udp]
        samples = results[scenario.name] = {target.name: [] for target in targets}

        def warm(target):
            load, port = scenario.fresh or (scenario.load, scenario.port)
            run_load(load, target.base + port, options.warmup, target.process.pid, warmup=0)

        def sample(target):
            result = run_load(scenario.load, target.base + scenario.port, options.seconds, target.process.pid)
            if problem := complain(target, scenario, result):
                complaints.append(problem)
                print(f"  ! {problem}", file=sys.stderr)
            if "failed" not in result:
                samples[target.name].append(result)

        try:
            if not scenario.fresh:
                for target in targets:
                    target.start()
                    warm(target)
            for turn in range(options.samples):
                # Every target is once first, once last: what a target leaves behind falls on another one each time.
                first = turn % len(targets)
                for target in targets[first:] + targets[:first]:
                    print(f"{scenario.title}: {target.name} {turn + 1}/{options.samples}", file=sys.stderr)
                    if scenario.fresh:
                        target.start()
                        warm(target)
                    sample(target)
                    if scenario.fresh:
                        target.stop()
        finally:
            for target in targets:
                target.stop()
    return results


def medians(results):
    rows = []
    for scenario in SCENARIOS:
        for measure in scenario.measures if scenario.name in results else ():
            values = {name: statistics.median(sample[measure.key] for sample in samples) for name, samples in results[scenario.name].items() if samples}
            rows.append({"scenario": scenario.name, "title": scenario.title, "median": values, **measure._asdict()})
    return rows


def best(row):
    """The figure of the best of the peers that the targets are ratios to."""
    values = [row["median"][peer] for peer in row["peers"] if row["median"].get(peer)]
    return (max if row["key"] in HIGHER_IS_BETTER else min)(values, default=None)


def compared(row, name):
    """What is compared with floor and goal, as text: the ratio to the peer, or nothing where the value itself is."""
    value = row["median"].get(name)
    if row["floor"] is None or value is None:
        return ""
    figure, text = value, ""
    if row["peers"]:
        if not (base := best(row)):
            return ""
        figure, text = value / base, f"{value / base:.2f} "
    # A ratio counts as it is shown: 0.853 is 0.85.
    figure = round(figure, 2) if row["peers"] else figure
    reaches = (lambda limit: figure >= limit) if row["key"] in HIGHER_IS_BETTER else (lambda limit: figure <= limit)
    return text + ("goal" if reaches(row["goal"]) else "floor" if reaches(row["floor"]) else "**MISSED**")


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.3g}"


def markdown(rows, targets, facts, complaints):
    names = [target.name for target in targets]
    ours = [name for name in names if name.startswith("wmproxy")]
    lines = [f"L4 relays, {facts['date']}", "", f"`{facts['command']}`", ""]
    lines += [f"{facts['machine']}; {facts['samples']} samples of {facts['seconds']:g} s each, medians; commit {facts['commit']}", ""]
    lines += [f"- {name}: {version}" for name, version in facts["versions"].items()] + [""]
    head = ["scenario", "measure", *names, *(f"{name} / peer" for name in ours), "peer", "floor", "goal"]
    lines += ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * len(names) + " --- |" * (len(head) - 2 - len(names))]
    for row in rows:
        limits = [f"{row[limit]:g}" if row[limit] is not None else "" for limit in ("floor", "goal")]
        cells = [row["title"], f"{row['what']}, {row['unit']}", *(number(row["median"].get(name)) for name in names)]
        cells += [*(compared(row, name) for name in ours), "best of both" if len(row["peers"]) > 1 else "".join(row["peers"]), *limits]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"**Not valid:** {problem}" for problem in complaints)]
    return "\n".join(lines).rstrip() + "\n"


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{len(os.sched_getaffinity(0))} x {model}, {memory:.0f} GiB, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser(prog="bench/l4/run.sh", description="Compares TCP and UDP relays on this machine, loopback only.",
        epilog="BENCH_BASE moves the ports: backends at BASE+1..9 (default 20000), relays from BASE+2001 on.")
    parser.add_argument("--targets", default="haproxy,nginx,wmproxy", help="which to run: haproxy, nginx, wmproxy (default: all)")
    parser.add_argument("--engines", default="portable,linux", help="engines of wmproxy, separated by commas (default: %(default)s)")
    parser.add_argument("--scenarios", default=",".join(scenario.name for scenario in SCENARIOS), help="default: %(default)s")
    parser.add_argument("--samples", type=int, default=3, help="samples of each target, alternating (default: 3)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a sample (default: 3)")
    parser.add_argument("--warmup", type=float, default=6, help="seconds of load before the first sample, at least 5 for .NET's JIT (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one sample of 1 s, warm-up 2 s: shows that it runs, its figures mean little")
    parser.add_argument("--program", help="another wmproxy.dll than the Release build of this tree")
    parser.add_argument("--json", default=os.path.join(ROOT, "artifacts", "bench-l4.json"), help="where the JSON goes (default: %(default)s)")
    options = parser.parse_args()
    options.scenarios = options.scenarios.split(",")
    if unknown := set(options.scenarios) - {scenario.name for scenario in SCENARIOS}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if options.quick:
        options.samples, options.seconds, options.warmup = 1, 1, 2

    # Two descriptors for each of 4000 connections, in the relay; children inherit it.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    subprocess.run(["make", "-s", "-C", LOAD], check=True)
    chosen = options.targets.split(",")
    targets = []
    if "haproxy" in chosen:
        targets.append(HaProxy("haproxy", BASE + 2000, BASE))
    if "nginx" in chosen:
        targets.append(Nginx("nginx", BASE + 3000, BASE))
    if "wmproxy" in chosen:
        program = options.program or os.path.join(ROOT, "src/WmProxy.Server/bin/Release/net10.0/wmproxy.dll")
        if not options.program:
            subprocess.run(["dotnet", "build", "-c", "Release", "-v", "quiet", "--nologo", os.path.join(ROOT, "src/WmProxy.Server")], check=True)
        targets += [WmProxy(engine, BASE + 4000 + 1000 * i, BASE, program) for i, engine in enumerate(options.engines.split(","))]

    backends, complaints = [], []
    try:
        backends.append(subprocess.Popen([
            os.path.join(LOAD, "tcpsrv"), "-e", str(BASE + ECHO), "-k", str(BASE + SINK), "-s", str(BASE + SOURCE), "-o", str(BASE + ONCE),
            "-u", str(BASE + STATISTICS)]))
        backends.append(subprocess.Popen([os.path.join(LOAD, "udpecho"), "-p", str(BASE + DATAGRAM)]))
        wait_for_ports([BASE + port for port in (ECHO, SINK, SOURCE, ONCE)], backends[0], "tcpsrv")
        wait_for_echo(BASE + DATAGRAM, backends[1], "udpecho")
        results = measure(targets, options, complaints)
    finally:
        for backend in backends:
            backend.terminate()
            backend.wait()

    facts = {
        "command": " ".join(["bench/l4/run.sh", *sys.argv[1:]]), "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"), "machine": machine(),
        "samples": options.samples, "seconds": options.seconds, "warmup": options.warmup,
        "commit": subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
        "versions": {target.name: target.version() for target in targets}}
    rows = medians(results)
    os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
    with open(options.json, "w") as file:
        json.dump({"facts": facts, "medians": rows, "samples": results, "complaints": complaints}, file, indent=1)
    print(markdown(rows, targets, facts, complaints))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
