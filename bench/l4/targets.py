"""The relays that are compared. Each forwards its BASE+1..5 to the backends' BASE+1..5 and runs in a folder of its own."""

import os
import subprocess

from sidebyside.target import Target, WmProxyTarget

ECHO, SINK, SOURCE, ONCE = 1, 2, 3, 4
PORTS = (ECHO, SINK, SOURCE, ONCE)
DATAGRAM = 5

# Each sample is from new client ports: the sessions of the one before must be gone by the time of the next, or they run out.
SESSION_SECONDS = 5
STATISTICS = 9


class HaProxy(Target):
    ports = PORTS

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
    ports, datagram_port = PORTS, DATAGRAM

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


class WmProxy(WmProxyTarget):
    ports, datagram_port = PORTS, DATAGRAM

    def __init__(self, engine, base, backend, program):
        super().__init__(f"wmproxy-{engine.lower()}", base, backend, program)
        self.engine = engine.capitalize()

    def settings(self):
        streams = {
            f"s{port}": {"Listen": f"tcp://127.0.0.1:{self.base + port}", "To": f"tcp://127.0.0.1:{self.backend + port}"} for port in PORTS}
        streams["datagrams"] = {
            "Listen": f"udp://127.0.0.1:{self.base + DATAGRAM}", "To": f"udp://127.0.0.1:{self.backend + DATAGRAM}", "IdleTimeout": f"{SESSION_SECONDS}s"}
        return {"Engine": self.engine, "Streams": streams}
