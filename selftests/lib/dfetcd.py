# SPDX-License-Identifier: GPL-2.0
"""etcd servers for tests: one, or a cluster, on loopback; and a client that
does what an operator does.
"""
import base64
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from dfdb import Servers, ServerProcess, free_ports
from dftest import Failure, poll

START_S = 30


class Server(ServerProcess):
    """A server; it keeps its data when it is killed and started again."""

    def __init__(self, directory, ports=None, cluster="", extra=(),
                 address="127.0.0.1", start_s=START_S):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.port, self.peer_port = ports or free_ports(2)
        self.name = self.directory.name
        self.cluster = cluster or f"{self.name}={self.peer_url()}"
        self.extra = extra
        self.address = address
        self.start_s = start_s
        self.process = None

    def peer_url(self):
        return f"http://127.0.0.1:{self.peer_port}"

    def argv(self):
        clients = f"{'https' if '--cert-file' in self.extra else 'http'}" \
            f"://{self.address}:{self.port}"
        # short terms, as loopback has no delay: they bound leases, too
        return ["etcd", "--name", self.name, "--data-dir",
                str(self.directory / "data"),
                "--listen-client-urls", clients,
                "--advertise-client-urls", clients,
                "--listen-peer-urls", self.peer_url(),
                "--initial-advertise-peer-urls", self.peer_url(),
                "--initial-cluster", self.cluster,
                "--heartbeat-interval", "50", "--election-timeout", "500",
                "--logger", "zap", "--log-level", "error", *self.extra]

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.argv(), stdout=log, stderr=log)
        return self

    def wait(self):
        """Until it serves."""
        if not poll(self.serves, self.start_s):
            log = (self.directory / "log").read_text(errors="replace")
            raise Failure(f"etcd does not start: {log[-2000:]}")
        return self

    def ask(self, path, **fields):
        """What the server says to a request; None: nothing."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v3/{path}",
            json.dumps(fields).encode())
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{path}: {error.read().decode()}") from error
        except (OSError, ValueError):
            return None

    def serves(self):
        try:
            return bool(self.ask("kv/range", key=code("x")))
        except Failure:
            return False

    def get(self, key):
        kvs = self.ask("kv/range", key=code(key)).get("kvs")
        return base64.b64decode(kvs[0].get("value", "")).decode() \
            if kvs else None

    def put(self, key, value):
        self.ask("kv/put", key=code(key), value=code(value))

    def keys(self, prefix):
        """All that begin so."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        answer = self.ask("kv/range", key=code(prefix), range_end=code(end),
                          keys_only=True)
        return [base64.b64decode(kv["key"]).decode()
                for kv in answer.get("kvs", [])]

    def revision(self):
        return int(self.ask("kv/range", key=code("x"))["header"]["revision"])

    def metric(self, name):
        """One of the numbers that it keeps of itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics",
                                    timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"{name} "):
                    return int(float(line.split()[1]))
        raise Failure(f"the server does not tell {name}")

    def compact(self):
        """Forget all that was before."""
        self.ask("kv/compaction", revision=self.revision(), physical=True)

    def make_room(self):
        """What has to be done about a server that was full."""
        self.compact()
        self.ask("maintenance/defragment")
        for alarm in self.ask("maintenance/alarm").get("alarms", []):
            self.ask("maintenance/alarm", action="DEACTIVATE", **alarm)


class Cluster(Servers):
    """Three servers."""

    def __init__(self, directory):
        ports = free_ports(6)
        names = ",".join(f"n{i}=http://127.0.0.1:{ports[3 + i]}"
                         for i in range(3))
        self.servers = [Server(pathlib.Path(directory) / f"n{i}",
                               (ports[i], ports[3 + i]), names)
                        for i in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{port}" for port in ports[:3])

    def leader(self):
        """The one that leads, or None."""
        for server in self.servers:
            status = server.process and server.ask("maintenance/status")
            if status and status["leader"] == status["header"]["member_id"]:
                return server
        return None


def code(text):
    return base64.b64encode(text.encode()).decode()
