#!/usr/bin/env python3
"""Measures TCP relays side by side and prints a Markdown table of medians; see ../README.md."""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys

from targets import ECHO, ONCE, SINK, SOURCE, STATISTICS, HaProxy, Nginx, WmProxy, wait_for_ports

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LOAD = os.path.join(ROOT, "bench", "load")

# name, tcpload mode, port, arguments, fresh process for each sample, [(measure, key, unit, floor as ratio to HAProxy, floor as value)]
# The floors are those of the project's performance targets. For rates higher is better, for everything else lower.
SCENARIOS = [
    ("pp", "ping-pong 128 B x 64", "pp", ECHO, ["-c", "64", "-s", "128"], False,
     [("CPU", "us_per_op", "us/op", 1.15, None), ("rate", "rate", "op/s", None, None), ("p99", "p99_us", "us", None, None)]),
    ("churn", "connect, request, close x 64", "churn", ONCE, ["-c", "64", "-S"], False,
     [("CPU", "us_per_op", "us/op", 1.5, None), ("rate", "rate", "op/s", None, None)]),
    ("up", "bulk up x 8", "up", SINK, ["-c", "8", "-U", "STATISTICS"], False,
     [("CPU", "cpu_s_per_GB", "s/GB", 0.60, None), ("rate", "GBps", "GB/s", 1.0, None)]),
    ("down", "bulk down x 8", "down", SOURCE, ["-c", "8"], False,
     [("CPU", "cpu_s_per_GB", "s/GB", 0.60, None), ("rate", "GBps", "GB/s", 1.0, None)]),
    ("idle", "4000 idle connections", "idle", ECHO, ["-c", "4000"], True,
     [("memory", "kb_per_conn", "KiB each", None, 6.0)]),
    ("stall", "20 stalled readers", "stall", SOURCE, ["-c", "20"], True,
     [("memory", "growth_mb", "MB", None, 5.0)]),
]
BASE = int(os.environ.get("BENCH_BASE", "20000"))
HIGHER_IS_BETTER = {"rate", "GBps"}


def tcpload(mode, port, arguments, seconds, pid, extra=()):
    arguments = [str(BASE + STATISTICS) if argument == "STATISTICS" else argument for argument in arguments]
    command = [os.path.join(LOAD, "tcpload"), mode, "-p", str(port), "-d", str(seconds), "-P", str(pid), *arguments, *extra]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if run.returncode != 0:
        return {"failed": f"{' '.join(command)}: exit code {run.returncode} {run.stderr.strip()}"}
    sample = json.loads(run.stdout)
    sample["growth_mb"] = (sample["rss_kb"] - sample["rss0_kb"]) / 1024
    return sample


def complain(target, scenario, sample):
    if "failed" in sample:
        return f"{target.name}, {scenario}: {sample['failed']}"
    if sample["corrupt"] or sample["errs"]:
        return f"{target.name}, {scenario}: {sample['errs']} errors, {sample['corrupt']} corrupt answers"
    return None


def measure(targets, options, complaints):
    results = {}
    for name, title, mode, port, arguments, fresh, _ in SCENARIOS:
        if name not in options.scenarios:
            continue
        samples = results[name] = {target.name: [] for target in targets}

        def warm(target):
            # Where memory is measured only the code is warmed, with few connections: buffers and pools should grow in the measurement.
            load = ("pp", ECHO, ["-c", "4"]) if fresh else (mode, port, arguments)
            tcpload(load[0], target.base + load[1], load[2], options.warmup, target.process.pid, ["-w", "0"])

        def sample(target):
            result = tcpload(mode, target.base + port, arguments, options.seconds, target.process.pid)
            if problem := complain(target, title, result):
                complaints.append(problem)
                print(f"  ! {problem}", file=sys.stderr)
            if "failed" not in result:
                samples[target.name].append(result)

        try:
            if not fresh:
                for target in targets:
                    target.start()
                    warm(target)
            for turn in range(options.samples):
                # Every target is once first, once last: what a target leaves behind falls on another one each time.
                for target in targets[turn % len(targets):] + targets[:turn % len(targets)]:
                    print(f"{title}: {target.name} {turn + 1}/{options.samples}", file=sys.stderr)
                    if fresh:
                        target.start()
                        warm(target)
                    sample(target)
                    if fresh:
                        target.stop()
        finally:
            for target in targets:
                target.stop()
    return results


def medians(results, targets):
    rows = []
    for name, title, _, _, _, _, measures in SCENARIOS:
        if name not in results:
            continue
        for what, key, unit, floor_ratio, floor_value in measures:
            values = {
                target.name: statistics.median(sample[key] for sample in results[name][target.name])
                for target in targets if results[name][target.name]}
            rows.append({"scenario": name, "title": title, "measure": what, "key": key, "unit": unit, "median": values,
                         "floor_ratio": floor_ratio, "floor_value": floor_value})
    return rows


def verdict(row, name, value, base):
    """Whether a wmproxy reaches the floor."""
    if not name.startswith("wmproxy") or value is None:
        return ""
    if row["floor_value"] is not None:
        return " ok" if value <= row["floor_value"] else " **MISSED**"
    if row["floor_ratio"] is None or not base:
        return ""
    ratio = value / base
    good = ratio >= row["floor_ratio"] if row["key"] in HIGHER_IS_BETTER else ratio <= row["floor_ratio"]
    return " ok" if good else " **MISSED**"


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.3g}"


def markdown(rows, targets, facts, complaints):
    names = [target.name for target in targets]
    others = [name for name in names if name != "haproxy"]
    lines = [f"L4 relays, {facts['date']}", "", f"{facts['machine']}; {facts['samples']} samples of {facts['seconds']} s each, medians", ""]
    lines += [f"- {name}: {version}" for name, version in facts["versions"].items()] + [""]
    head = ["scenario", "measure", *names, *(f"{name} / haproxy" for name in others), "floor"]
    lines += ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    for row in rows:
        base = row["median"].get("haproxy")
        cells = [row["title"], f"{row['measure']}, {row['unit']}", *(number(row["median"].get(name)) for name in names)]
        for name in others:
            value = row["median"].get(name)
            ratio = f"{value / base:.2f}" if base and base > 0 and value is not None else "-"
            cells.append(ratio + verdict(row, name, value, base))
        floor = f"{row['floor_ratio']:.2f}" if row["floor_ratio"] is not None else f"{row['floor_value']:g} {row['unit']}" if row["floor_value"] is not None else ""
        lines.append("| " + " | ".join([*cells, floor]) + " |")
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
    parser = argparse.ArgumentParser(prog="bench/l4/run.sh", description="Compares TCP relays on this machine, loopback only.",
        epilog="BENCH_BASE moves the ports: backends at BASE+1..9 (default 20000), relays from BASE+2001 on.")
    parser.add_argument("--targets", default="haproxy,nginx,wmproxy", help="which to run: haproxy, nginx, wmproxy (default: all)")
    parser.add_argument("--engines", default="portable", help="engines of wmproxy, separated by commas (default: portable)")
    parser.add_argument("--scenarios", default=",".join(scenario[0] for scenario in SCENARIOS), help="default: %(default)s")
    parser.add_argument("--samples", type=int, default=3, help="samples of each target, alternating (default: 3)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a sample (default: 3)")
    parser.add_argument("--warmup", type=float, default=6, help="seconds of load before the first sample, at least 5 for .NET's JIT (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one sample of 1 s, warm-up 2 s: shows that it runs, its figures mean little")
    parser.add_argument("--program", help="another wmproxy.dll than the Release build of this tree")
    parser.add_argument("--json", default=os.path.join(ROOT, "artifacts", "bench-l4.json"), help="where the JSON goes (default: %(default)s)")
    options = parser.parse_args()
    options.scenarios = options.scenarios.split(",")
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

    backend = subprocess.Popen([
        os.path.join(LOAD, "tcpsrv"), "-e", str(BASE + ECHO), "-k", str(BASE + SINK), "-s", str(BASE + SOURCE), "-o", str(BASE + ONCE),
        "-u", str(BASE + STATISTICS)])
    complaints = []
    try:
        wait_for_ports([BASE + port for port in (ECHO, SINK, SOURCE, ONCE)], backend, "tcpsrv")
        results = measure(targets, options, complaints)
    finally:
        backend.terminate()
        backend.wait()

    facts = {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"), "machine": machine(),
        "samples": options.samples, "seconds": options.seconds, "warmup": options.warmup,
        "commit": subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
        "versions": {target.name: target.version() for target in targets}}
    rows = medians(results, targets)
    os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
    with open(options.json, "w") as file:
        json.dump({"facts": facts, "medians": rows, "samples": results, "complaints": complaints}, file, indent=1)
    print(markdown(rows, targets, facts, complaints))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
