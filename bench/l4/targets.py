"""The relays that are compared. Each forwards its BASE+1..5 to the backends' BASE+1..5 and runs in a folder of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ECHO, SINK, SOURCE, ONCE = 1, 2, 3, 4
PORTS = (ECHO, SINK, SOURCE, ONCE)
DATAGRAM = 5

# Each sample is from new client ports: the sessions of the one before must be gone by the time of the next, or they run out.
SESSION_SECONDS = 5
STATISTICS = 9


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

    has_udp = True

    def __init__(self, name, base, backend):
        self.name, self.base, self.backend, self.process, self.folder = name, base, backend, None, None

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="wmbench-")
        log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen(
            self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment())
        try:
            wait_for_ports([self.base + port for port in PORTS], self.process, self.name)
            if self.has_udp:
                wait_for_echo(self.base + DATAGRAM, self.process, self.name)
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


class HaProxy(Target):
    has_udp = False

    def version(self):
        return subprocess.run(["haproxy", "-v"], capture_output=True, text=True).stdout.splitlines()[0].split(" - ")[0]

    def command(self):
        listens = "".join(
            f"listen l{port}\n  bind 127.0.0.1:{self.base + port}\n  server s 127.0.0.1:{self.backend + port}\n" for port in PORTS)
        config = self.write("haproxy.cfg", f"""\
global
  nbthread 2
  maxconn 9000
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  maxconn 9000
{listens}""")
        return ["haproxy", "-db", "-f", config]


class Nginx(Target):
    def version(self):
        return subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().removeprefix("nginx version: ")

    def command(self):
        servers = "".join(
            f"  server {{ listen 127.0.0.1:{self.base + port} reuseport backlog=4096; proxy_pass 127.0.0.1:{self.backend + port}; }}\n" for port in PORTS)
        module = "/usr/lib/nginx/modules/ngx_stream_module.so"
        load = f"load_module {module};\n" if os.path.exists(module) else ""
        user = "user root;\n" if os.geteuid() == 0 else ""
        config = self.write("nginx.conf", f"""\
{load}{user}daemon off;
worker_processes 2;
pid {self.folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 9000; }}
stream {{
  proxy_timeout 10m;
{servers}  server {{ listen 127.0.0.1:{self.base + DATAGRAM} udp reuseport; proxy_timeout {SESSION_SECONDS}s; proxy_pass 127.0.0.1:{self.backend + DATAGRAM}; }}
}}
""")
        return ["nginx", "-e", "stderr", "-p", self.folder, "-c", config]


class WmProxy(Target):
    def __init__(self, engine, base, backend, program):
        super().__init__(f"wmproxy-{engine.lower()}", base, backend)
        self.engine, self.program = engine.capitalize(), program

    def version(self):
        run = subprocess.run(["dotnet", self.program, "version"], capture_output=True, text=True)
        runtimes = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True).stdout.splitlines()
        newest = [line.split()[1] for line in runtimes if line.startswith("Microsoft.NETCore.App 10.")]
        return f"{(run.stdout.strip().splitlines() or ['wmproxy'])[0]}, .NET {newest[-1] if newest else '?'}"

    def command(self):
        streams = {
            f"s{port}": {"Listen": f"tcp://127.0.0.1:{self.base + port}", "To": f"tcp://127.0.0.1:{self.backend + port}"} for port in PORTS}
        streams["datagrams"] = {
            "Listen": f"udp://127.0.0.1:{self.base + DATAGRAM}", "To": f"udp://127.0.0.1:{self.backend + DATAGRAM}", "IdleTimeout": f"{SESSION_SECONDS}s"}
        config = self.write("appsettings.json", json.dumps({"WmProxy": {"Engine": self.engine, "Streams": streams}}, indent=2))
        return ["dotnet", self.program, "run", "-c", config]

    def environment(self):
        return {name: value for name, value in os.environ.items() if name not in ("ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS")}
