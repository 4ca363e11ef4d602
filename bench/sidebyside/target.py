"""What is compared: one process, or one tree of processes, that listens on ports of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def wait_for_ports(ports, process, what):
    limit = time.monotonic() + 30
    for port in ports:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{what} ended with {process.returncode} before it listened")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > limit:
                    raise SystemExit(f"{what} does not listen on {port}")
                time.sleep(0.02)


def wait_for_echo(port, process, what):
    limit = time.monotonic() + 30
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.1)
        client.connect(("127.0.0.1", port))
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{what} ended with {process.returncode} before it answered")
            try:
                client.send(b"?")
                client.recv(16)
                return
            except OSError:
                # Nobody listens yet (ICMP), or the answer was lost.
                if time.monotonic() > limit:
                    raise SystemExit(f"{what} does not answer on {port}")
                time.sleep(0.02)


class Target:
    """One relay: start() gives a fresh process, stop() ends it."""

    # The ports behind self.base that it listens on, and the one that answers datagrams.
    ports, datagram_port = (), None

    def __init__(self, name, base, backend):
        self.name, self.base, self.backend, self.process, self.folder = name, base, backend, None, None

    @property
    def has_udp(self):
        return self.datagram_port is not None

    def serves(self, scenario):
        """Whether it can be given that load at all."""
        return self.has_udp or not scenario.is_udp

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="wmbench-")
        log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen(
            self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment())
        try:
            wait_for_ports([self.base + port for port in self.ports], self.process, self.name)
            if self.has_udp:
                wait_for_echo(self.base + self.datagram_port, self.process, self.name)
        except SystemExit:
            log.flush()
            print(open(log.name).read()[-3000:])
            self.stop()
            raise

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def environment(self):
        return None


class WmProxyTarget(Target):
    """The project itself."""

    def __init__(self, name, base, backend, program):
        super().__init__(name, base, backend)
        self.program = program

    def version(self):
        run = subprocess.run(["dotnet", self.program, "version"], capture_output=True, text=True)
        runtimes = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True).stdout.splitlines()
        newest = [line.split()[1] for line in runtimes if line.startswith("Microsoft.NETCore.App 10.")]
        return f"{(run.stdout.strip().splitlines() or ['wmproxy'])[0]}, .NET {newest[-1] if newest else '?'}"

    def command(self):
        config = self.write("appsettings.json", json.dumps({"WmProxy": self.settings()}, indent=2))
        return ["dotnet", self.program, "run", "-c", config]

    def environment(self):
        return {name: value for name, value in os.environ.items() if name not in ("ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS")}
