"""Runs kinds of load against several targets in turn and prints a Markdown table of medians."""

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

from sidebyside import wrk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOAD = os.path.join(ROOT, "bench", "load")
BASE = int(os.environ.get("BENCH_BASE", "20000"))

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
    """One kind of load. For a fresh one each sample is a process of its own, since its memory is measured."""

    name: str
    title: str
    load: tuple
    port: int
    measures: tuple
    fresh: bool = False

    # What warms the code where memory is measured: little enough that buffers and pools grow in the measurement. By default the load itself.
    gentle: tuple | None = None

    @property
    def is_udp(self):
        return self.load[0] == "udpload"


def run_load(load, port, seconds, pid, warmup=None):
    program, *arguments = load
    if program == "wrk":
        return wrk.run(arguments, port, seconds, pid)
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


def measure(scenarios, all_targets, options, complaints):
    results = {}
    for scenario in scenarios:
        if scenario.name not in options.scenarios:
            continue
        targets = [target for target in all_targets if target.serves(scenario)]
        samples = results[scenario.name] = {target.name: [] for target in targets}

        def warm(target):
            load, port = scenario.gentle or (scenario.load, scenario.port)
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


def medians(scenarios, results):
    rows = []
    for scenario in scenarios:
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


def markdown(title, rows, targets, facts, complaints):
    names = [target.name for target in targets]
    ours = [name for name in names if name.startswith("wmproxy")]
    lines = [f"{title}, {facts['date']}", "", f"`{facts['command']}`", ""]
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


def main(name, title, scenarios, peers, make_targets, start_backends, epilog, engines="portable,linux"):
    """
    The command. peers: names for --targets, without wmproxy. make_targets(chosen, engines, program): the targets in order. start_backends(): the processes
    that stand behind them, once they are ready.
    """
    parser = argparse.ArgumentParser(prog=f"bench/{name}/run.sh", description=f"Compares {title} on this machine, loopback only.", epilog=epilog)
    everything = ",".join([*peers, "wmproxy"])
    parser.add_argument("--targets", default=everything, help="which to run (default: %(default)s)")
    parser.add_argument("--engines", default=engines, help="engines of wmproxy, separated by commas (default: %(default)s)")
    parser.add_argument("--scenarios", default=",".join(scenario.name for scenario in scenarios), help="default: %(default)s")
    parser.add_argument("--samples", type=int, default=3, help="samples of each target, alternating (default: 3)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a sample (default: 3)")
    parser.add_argument("--warmup", type=float, default=6, help="seconds of load before the first sample, at least 5 for .NET's JIT (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one sample of 1 s, warm-up 2 s: shows that it runs, its figures mean little")
    parser.add_argument("--program", help="another wmproxy.dll than the Release build of this tree")
    parser.add_argument("--json", default=os.path.join(ROOT, "artifacts", f"bench-{name}.json"), help="where the JSON goes (default: %(default)s)")
    options = parser.parse_args()
    options.scenarios = options.scenarios.split(",")
    if unknown := set(options.scenarios) - {scenario.name for scenario in scenarios}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if options.quick:
        options.samples, options.seconds, options.warmup = 1, 1, 2

    # Two descriptors for each of 4000 connections, in the relay; children inherit it.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    subprocess.run(["make", "-s", "-C", LOAD], check=True)
    chosen = options.targets.split(",")
    program = options.program or os.path.join(ROOT, "src/WmProxy.Server/bin/Release/net10.0/wmproxy.dll")
    if "wmproxy" in chosen and not options.program:
        subprocess.run(["dotnet", "build", "-c", "Release", "-v", "quiet", "--nologo", os.path.join(ROOT, "src/WmProxy.Server")], check=True)
    targets = make_targets(chosen, options.engines.split(","), program)

    backends, complaints = [], []
    try:
        start_backends(backends)
        results = measure(scenarios, targets, options, complaints)
    finally:
        for backend in backends:
            backend.terminate()
            backend.wait()

    facts = {
        "command": " ".join([f"bench/{name}/run.sh", *sys.argv[1:]]), "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "machine": machine(), "samples": options.samples, "seconds": options.seconds, "warmup": options.warmup,
        "commit": subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
        "versions": {target.name: target.version() for target in targets}}
    rows = medians(scenarios, results)
    os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
    with open(options.json, "w") as file:
        json.dump({"facts": facts, "medians": rows, "samples": results, "complaints": complaints}, file, indent=1)
    print(markdown(title, rows, targets, facts, complaints))
    sys.exit(1 if complaints else 0)
