"""HTTP requests by wrk, which knows nothing of the proxy's processes: their CPU is read here."""

import os
import re
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process and its descendants, those that have ended and were waited for too."""
    parents, ticks = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry)] = int(fields[1])
        ticks[int(entry)] = sum(int(field) for field in fields[11:15])

    def belongs(process):
        while process and process != pid:
            process = parents.get(process, 0)
        return process == pid

    return sum(ticks[process] for process in ticks if belongs(process)) / TICKS


def run(arguments, port, seconds, pid):
    """arguments: a script, then what wrk gets besides, with the target of the requests behind --."""
    command = ["wrk", "-t", "1", "-d", f"{max(1, round(seconds))}s", "--latency", *arguments[:-1], f"http://127.0.0.1:{port}/", "--", arguments[-1]]
    before = cpu_seconds(pid)
    result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    cpu = cpu_seconds(pid) - before
    requests = re.search(r"(\d+) requests in", result.stdout)
    if result.returncode != 0 or not requests or not int(requests[1]):
        return {"failed": f"{' '.join(command)}: exit code {result.returncode} {result.stderr.strip()} {result.stdout.strip()}"}
    count = int(requests[1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", result.stdout)
    failed = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", result.stdout))
    answers = re.search(r"Non-2xx or 3xx responses: (\d+)", result.stdout)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", result.stdout)[1]), "us_per_op": cpu * 1e6 / count,
        "p99_us": float(p99[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[p99[2]], "errs": failed, "corrupt": int(answers[1]) if answers else 0}
