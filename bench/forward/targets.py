"""The forward proxies that are compared. Each listens on BASE+1 of its own, lets loopback clients reach loopback destinations, and logs nothing."""

import os
import subprocess

from sidebyside.target import Target, WmProxyTarget

PROXY = 1
ECHO, SINK, SOURCE, ONCE, WEB, STATISTICS = 1, 2, 3, 4, 6, 9


class Forward(Target):
    ports, protocols = (PROXY,), ()

    def serves(self, scenario):
        return scenario.name.partition("-")[0] in self.protocols


class MicroSocks(Forward):
    protocols = ("socks",)

    def version(self):
        run = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "microsocks"], capture_output=True, text=True)
        return f"microsocks {run.stdout.strip() or '?'}"

    def command(self):
        return ["microsocks", "-i", "127.0.0.1", "-p", str(self.base + PROXY)]


class Dante(Forward):
    protocols = ("socks",)

    def version(self):
        return subprocess.run(["danted", "-v"], capture_output=True, text=True).stdout.partition(".  ")[0] or "Dante"

    def command(self):
        config = self.write("danted.conf", f"""\
logoutput: /dev/null
errorlog: /dev/null
internal: 127.0.0.1 port = {self.base + PROXY}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 command: connect }}
""")
        return ["danted", "-f", config, "-p", os.path.join(self.folder, "danted.pid")]


class Squid(Forward):
    protocols = ("connect", "get")

    def version(self):
        return subprocess.run(["squid", "-v"], capture_output=True, text=True).stdout.splitlines()[0].replace("Squid Cache: Version", "Squid")

    def command(self):
        # Its cache would answer in the destination's place.
        config = self.write("squid.conf", f"""\
http_port 127.0.0.1:{self.base + PROXY}
cache deny all
http_access allow all
access_log none
cache_store_log none
cache_log /dev/null
pid_filename {self.folder}/squid.pid
coredump_dir {self.folder}
max_filedescriptors 16384
shutdown_lifetime 0 seconds
""")
        os.chmod(self.folder, 0o777)
        return ["squid", "-N", "-f", config]


class WmProxy(WmProxyTarget):
    ports = (PROXY,)

    def __init__(self, engine, base, backend, program):
        super().__init__(f"wmproxy-{engine.lower()}", base, backend, program)
        self.engine = engine.capitalize()

    def serves(self, scenario):
        return True

    def settings(self):
        return {"Engine": self.engine, "ForwardProxies": {"p": {"Listen": f"tcp://127.0.0.1:{self.base + PROXY}"}}}
