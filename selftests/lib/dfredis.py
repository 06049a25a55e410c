# SPDX-License-Identifier: GPL-2.0
"""Redis servers for tests: one, or a master with replicas and sentinels, on
loopback; and a client that does what an operator does.
"""
import pathlib
import socket
import subprocess

from dfdb import ServerProcess, free_ports
from dftest import Failure, poll

START_S = 20


class Server(ServerProcess):
    """A server, or a sentinel; it keeps its data, or what it has learnt, when it
    is killed and started again."""

    def __init__(self, directory, *options, sentinel=False, tls=None,
                 port=None, address="127.0.0.1", start_s=START_S):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.port = port or free_ports(1)[0]
        self.process = None
        self.start_s = start_s
        self.sentinel = sentinel
        self.tls = tls
        self.password = None
        lines = [f"bind {address}", f"dir {self.directory}",
                 "protected-mode no"]
        if tls:
            lines += ["port 0", f"tls-port {self.port}",
                      f"tls-ca-cert-file {tls.ca}",
                      f"tls-cert-file {tls.cert('server')}",
                      f"tls-key-file {tls.key('server')}"]
        else:
            lines += [f"port {self.port}"]
        if not sentinel:
            lines += ["save ''", "appendonly yes", "appendfsync no",
                      "repl-diskless-sync-delay 0"]
        (self.directory / "conf").write_text(
            "\n".join([*lines, *options, ""]), encoding="ascii")

    def argv(self):
        return ["redis-server", str(self.directory / "conf"),
                *(["--sentinel"] if self.sentinel else [])]

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.argv(), stdout=log, stderr=log)
        return self

    def wait(self):
        """Until it serves."""
        if not poll(self.serves, self.start_s):
            log = (self.directory / "log").read_text(errors="replace")
            raise Failure(f"Redis does not start: {log[-2000:]}")
        return self

    def serves(self):
        try:
            return self.ask("PING") is not None
        except Failure as error:
            # it reads what it had, or wants to know who we are
            return "LOADING" not in str(error)

    def ask(self, *words):
        """What it says; None: nothing. Of lists only simple ones, as lists."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                answers = sock.makefile("rb")
                for command in [("AUTH", self.password)] * bool(self.password) \
                        + [words]:
                    sock.sendall(b"*%d\r\n" % len(command) + b"".join(
                        b"$%d\r\n%s\r\n" % (len(str(word).encode()),
                                            str(word).encode())
                        for word in command))
                    answer = self._read(answers)
                return answer
        except (OSError, ValueError):
            return None

    def _read(self, answers):
        line = answers.readline()
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"$" and int(rest) >= 0:
            return answers.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self._read(answers) for _ in range(int(rest))]
        if kind == b"-":
            raise Failure(rest)
        return int(rest) if kind == b":" else rest


class Failover:
    """A master with two replicas, and three sentinels that watch over them."""

    NAME = "cloud"

    def __init__(self, directory, down_ms=4000):
        directory = pathlib.Path(directory)
        ports = free_ports(6)
        self.servers = [
            Server(directory / f"r{i}", *(
                [f"replicaof 127.0.0.1 {ports[0]}"] if i else []),
                   port=ports[i]) for i in range(3)]
        self.sentinels = [
            Server(directory / f"s{i}",
                   f"sentinel monitor {self.NAME} 127.0.0.1 {ports[0]} 2",
                   f"sentinel down-after-milliseconds {self.NAME} {down_ms}",
                   f"sentinel failover-timeout {self.NAME} 3000",
                   sentinel=True, port=ports[3 + i]) for i in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{port}" for port in ports[3:])

    def start(self):
        for server in self.servers:
            server.start().wait()
        if not poll(self.is_in_step, START_S):
            raise Failure("the replicas do not connect")
        for sentinel in self.sentinels:
            sentinel.start().wait()
        if not poll(self.is_watched, START_S):
            raise Failure("the sentinels do not find each other")
        return self

    def is_in_step(self):
        """All replicas have what the master has."""
        said = self.master().ask("INFO", "replication") or ""
        return said.count("state=online") == len(self.servers) - 1

    def is_watched(self):
        """All sentinels know of each other, and of the replicas."""
        try:
            return all(
                sentinel.ask("SENTINEL", "CKQUORUM", self.NAME)
                .startswith("OK 3")
                and len(sentinel.ask("SENTINEL", "replicas", self.NAME)) == 2
                for sentinel in self.sentinels)
        except Failure:
            return False

    def master(self):
        """The one that is a master, of those that run."""
        for server in self.servers:
            said = server.process and server.ask("ROLE")
            if said and said[0] == "master":
                return server
        return self.servers[0]

    def remove(self):
        for server in self.sentinels + self.servers:
            server.remove()
