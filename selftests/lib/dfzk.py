# SPDX-License-Identifier: GPL-2.0
"""ZooKeeper servers for tests: one, or an ensemble, on loopback; and a client
that looks at nodes.
"""
import pathlib
import socket
import struct
import subprocess

from dfdb import Servers, ServerProcess, free_ports
from dftest import Failure, poll

JAR = "/usr/share/java/zookeeper.jar"
SERVER = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
# Compiled little and collected simply: it starts fast and stays small.
JAVA = ("java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dznode.container.checkIntervalMs=500", "-Dzookeeper.forceSync=no",
        "-Dzookeeper.preAllocSize=64")
CONFIG = """tickTime={tick}
dataDir={data}
clientPort={port}
clientPortAddress={address}
initLimit=50
syncLimit=20
admin.enableServer=false
4lw.commands.whitelist=*
maxClientCnxns=0
minSessionTimeout={tick}
maxSessionTimeout=600000
"""
START_S = 40


class Server(ServerProcess):
    """A server; it keeps its data when it is killed and started again."""

    def __init__(self, directory, tick=100, port=None, extra="", number=None,
                 start_s=START_S, address="127.0.0.1", disk=None, java=()):
        self.directory = pathlib.Path(directory)
        self.disk, self.java = disk, java
        self.port = port or free_ports(1)[0]
        self.process = None
        self.start_s = start_s
        data = self.directory / "data"
        data.mkdir(parents=True)
        log = f"dataLogDir={disk.path}\n" if disk else ""
        if number:
            (data / "myid").write_text(f"{number}\n", encoding="ascii")
        (self.directory / "zoo.cfg").write_text(
            CONFIG.format(tick=tick, data=data, port=self.port,
                          address=address) + log + extra,
            encoding="ascii")

    def argv(self):
        argv = [*JAVA, *self.java, "-cp", JAR, SERVER, str(self.directory / "zoo.cfg")]
        return self.disk.inside(argv) if self.disk else argv

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.argv(), stdout=log,
                                            stderr=log, cwd=self.directory)
        return self

    def wait(self):
        """Until it serves."""
        if not poll(self.mode, self.start_s):
            log = (self.directory / "log").read_text(errors="replace")
            raise Failure(f"ZooKeeper does not start: {log[-2000:]}")
        return self

    def ask(self, word):
        """A command of four letters."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                sock.sendall(word.encode())
                return sock.makefile(errors="replace").read()
        except OSError:
            return ""

    def mode(self):
        """standalone, leader, follower, or nothing."""
        for line in self.ask("srvr").splitlines():
            if line.startswith("Mode: "):
                return line[6:]
        return ""

    def number(self, name):
        """One of the numbers that it keeps of itself."""
        for line in self.ask("mntr").splitlines():
            if line.split("\t")[0] == name:
                return int(line.split("\t")[1])
        raise Failure(f"the server does not tell {name}")


class Ensemble(Servers):
    """Three servers; disks are for their logs."""

    def __init__(self, directory, disks=(None, None, None)):
        ports = free_ports(9)
        extra = "".join(
            f"server.{i + 1}=127.0.0.1:{ports[3 + i]}:{ports[6 + i]}\n"
            for i in range(3))
        self.servers = [Server(pathlib.Path(directory) / str(i + 1),
                               port=ports[i], extra=extra, number=i + 1,
                               disk=disks[i])
                        for i in range(3)]
        self.hosts = ",".join(f"127.0.0.1:{port}" for port in ports[:3])

    def leader(self):
        """The one that leads, or None."""
        for server in self.servers:
            if server.process and server.mode() == "leader":
                return server
        return None


class Nodes:
    """Looks at nodes, and writes some: what an operator's tool would do."""

    CREATE, GET, SET, CHILDREN = 1, 4, 5, 8
    NONODE = -101

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self._send(struct.pack("!iqiqi16s", 0, 0, 30000, 0, 16, bytes(16)))
        self._receive()
        self.xid = 0

    def _send(self, data):
        self.sock.sendall(struct.pack("!i", len(data)) + data)

    def _receive(self):
        size = struct.unpack("!i", self._read(4))[0]
        return self._read(size)

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise Failure("ZooKeeper closed the connection")
            data += more
        return data

    def _do(self, kind, data):
        self.xid += 1
        self._send(struct.pack("!ii", self.xid, kind) + data)
        answer = self._receive()
        _, _, error = struct.unpack_from("!iqi", answer)
        return error, answer[16:]

    @staticmethod
    def _text(text):
        data = text.encode()
        return struct.pack("!i", len(data)) + data

    def children(self, path):
        """Their names; None: there is no such node."""
        error, data = self._do(self.CHILDREN, self._text(path) + b"\0")
        if error == self.NONODE:
            return None
        if error:
            raise Failure(f"{path}: error {error}")
        names, at = [], 4
        for _ in range(struct.unpack_from("!i", data)[0]):
            size = struct.unpack_from("!i", data, at)[0]
            names.append(data[at + 4:at + 4 + size].decode())
            at += 4 + size
        return names

    def get(self, path):
        error, data = self._do(self.GET, self._text(path) + b"\0")
        if error:
            return None
        size = struct.unpack_from("!i", data)[0]
        return data[4:4 + max(size, 0)]

    def set(self, path, text):
        error, _ = self._do(self.SET, self._text(path) + self._text(text)
                            + struct.pack("!i", -1))
        if error:
            raise Failure(f"{path}: error {error}")

    def create(self, path, text):
        acl = struct.pack("!ii", 1, 31) + self._text("world") \
            + self._text("anyone")
        error, _ = self._do(self.CREATE, self._text(path) + self._text(text)
                            + acl + struct.pack("!i", 0))
        if error:
            raise Failure(f"{path}: error {error}")

    def close(self):
        self.sock.close()
