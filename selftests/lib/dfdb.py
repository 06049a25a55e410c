# SPDX-License-Identifier: GPL-2.0
"""What tests of database drivers share: processes that use a database, what
they saw, and a proxy that stops like a network that is cut.
"""
import atexit
import errno
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from dftest import poll

BUILD = pathlib.Path(os.environ.get(
    "DF_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
SUITE = BUILD / "selftests/db/conformance"
MAC = "mac_address=02:00:00:00:00:01"


def free_ports(count):
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def memory():
    """A new directory that waits for no disk, if there is such a place, with room
    for what servers set aside: what they promise of disks, these tests do not
    look at. It is gone when the test is over."""
    place = "/dev/shm"
    try:
        room = os.statvfs(place)
        if room.f_bavail * room.f_frsize < 4 << 30:
            place = None
    except OSError:
        place = None
    path = tempfile.mkdtemp(dir=place)
    atexit.register(shutil.rmtree, path, True)
    return pathlib.Path(path)


class ServerProcess:
    """A server that has a directory, which is kept when it is killed."""

    process, directory = None, None

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, True)


class Servers:
    """Several that are one database."""

    servers = ()

    def start(self):
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait()
        return self

    def remove(self):
        for server in self.servers:
            server.remove()


class Disk:
    """A small one, mounted at a directory for those who are run in it."""

    def __init__(self, t, directory, size):
        self.path = pathlib.Path(directory)
        self.path.mkdir(parents=True)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c",
             'mount -t tmpfs -o "size=$0" none "$1" && echo && exec sleep 3600',
             str(size), str(directory)], stdout=subprocess.PIPE)
        t.defer(self.holder.wait)
        t.defer(self.holder.kill)
        t.require("there is a disk", self.holder.stdout.read(1), b"\n")
        self.holder.stdout.close()
        self.filler = pathlib.Path(f"/proc/{self.holder.pid}/root{self.path}/filler")

    def inside(self, argv):
        return ["nsenter", f"--target={self.holder.pid}", "--mount", *argv]

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f:
            while True:
                try:
                    f.write(bytes(4096))
                except OSError as error:
                    if error.errno == errno.ENOSPC:
                        return
                    raise

    def free(self):
        self.filler.unlink()


class Helper:
    """A process that does something to a database; its lines."""

    def __init__(self, t, uri, *argv):
        self.lines = []
        self.file = tempfile.NamedTemporaryFile("r", encoding="ascii")
        self.process = subprocess.Popen(
            [SUITE, "--helper", uri, *argv, *["-"] * (3 - len(argv))],
            stdout=os.open(self.file.name, os.O_WRONLY | os.O_APPEND))
        t.defer(self.kill)

    def said(self):
        """Everything so far."""
        self.lines += self.file.read().splitlines()
        return self.lines

    def wait_for(self, t, what, seconds=10):
        """A line that begins so."""
        t.require(f"it says {what}", bool(poll(
            lambda: any(line.startswith(what) for line in self.said()),
            seconds)))

    def puts(self):
        """The values of all puts, as numbers."""
        return [int(line.split()[3]) for line in self.said()
                if line.startswith("put ")]

    def wait(self, seconds=60):
        return self.process.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def dfctl(uri, *argv, seconds=20):
    """Status, and all that it prints."""
    done = subprocess.run(
        [BUILD / "bin/dfctl", "-d", uri, "--timeout", str(seconds), *argv],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    return done.returncode, done.stdout


def refuses(t, uri, text, *argv):
    status, said = dfctl(uri, *(argv or ("network", "list")))
    t.check(f"{argv} is refused", bool(status))
    t.check(f"because: {said}", text in said)
    return said


def is_each_once(t, follower, last):
    """What a follower of a scribbler from its beginning must have seen."""
    t.wait(f"the last of {last} changes", lambda: last in follower.puts(),
           True, 20)
    t.check("every change once, in order", follower.puts(),
            list(range(1, last + 1)))


def storm(t, uri, names, times):
    """Writers that race, one that counts on, and one that follows it."""
    t.check("a counter", put(t, uri, "counter", "0"), 0)
    follower = Helper(t, uri, "follow", "topic")
    follower.wait_for(t, "synced")
    writers = [Helper(t, uri, "count", "counter", str(times)) for _ in names]
    scribbler = Helper(t, uri, "scribble", "topic", str(times))
    return follower, [*writers, scribbler]


def put(t, uri, key, value):
    """Helpers count from what is there."""
    return Helper(t, uri, "put", key, value).wait()


def calm(t, uri, follower, writers, times):
    """Nothing was lost, and nothing done twice."""
    for writer in writers:
        t.check("a writer succeeded", writer.wait(120), 0)
    t.check("every increment is there", value_of(t, uri, "counter"),
            str(times * (len(writers) - 1)))
    is_each_once(t, follower, times)


def value_of(t, uri, key):
    reader = Helper(t, uri, "get", key)
    reader.wait()
    return reader.said()[-1]


def keys_of(follower):
    return [line.split()[1] for line in follower.said()
            if line.startswith("put ")]


def state_of(follower):
    """What is there, by what was told."""
    there = {}
    for line in follower.said():
        words = line.split()
        if words[0] == "put":
            there[words[1]] = words[2]
        elif words[0] == "delete":
            there.pop(words[1], None)
    return there


class Agent:
    """A hypervisor's agent, without a datapath."""

    def __init__(self, t, uri, name, directory=None, *options):
        """directory: of one that was there before, with what it knew."""
        self.socket = pathlib.Path(directory or t.directory()) / f"{name}.sock"
        with open(self.socket.with_suffix(".log"), "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "bin/dragonflowd", "--config=/dev/null",
                 f"--database={uri}", f"--chassis={name}",
                 f"--run-dir={self.socket.parent}",
                 f"--state-dir={self.socket.parent}", "--dataplane=none",
                 "--encap=vxlan:127.0.0.1", *options], stdout=log, stderr=log)
        t.defer(self.kill)

    def status(self):
        """As dfctl tells it; nothing if it does not answer."""
        done = subprocess.run(
            [BUILD / "bin/dfctl", "--control-socket", str(self.socket), "-j",
             "status"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=False)
        return (json.loads(done.stdout)["agent"] if done.stdout else None) or {}

    def topics(self):
        """What it follows, and has read."""
        return {topic["topic"] for topic in self.status().get("topics", ())
                if topic["synced"]}

    def kill(self):
        self.process.kill()
        self.process.wait()


def conform(*uris):
    """The conformance suite at several databases at once, told as one; of the
    tests that the command line names, or of all. Its status."""
    suites = [subprocess.Popen([SUITE, uri, *sys.argv[1:]], text=True,
                               stdout=subprocess.PIPE) for uri in uris]
    lines = [suite.communicate()[0].splitlines() for suite in suites]
    plan = sum(int(line[3:]) for line in sum(lines, [])
               if line.startswith("1.."))
    print(f"KTAP version 1\n1..{plan}")
    number = 0
    for uri, said in zip(uris, lines):
        print(f"# {uri}")
        for line in said[2:]:
            words = line.split()
            if words[0] in ("ok", "not"):
                number += 1
                line = f"{' '.join(words[:-2])} {number} {words[-1]}"
            print(line)
    return max(suite.returncode for suite in suites)


class Certificates:
    """An authority, and certificates that it signed: of a server at 127.0.0.1,
    and of a client."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.ca = str(self.directory / "ca.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", f"/CN={self.directory.name}", "-keyout",
                      self.key("ca"), "-out", self.ca)
        self._sign("server", "subjectAltName=IP:127.0.0.1")
        self._sign("client", "extendedKeyUsage=clientAuth")

    def cert(self, name):
        return str(self.directory / f"{name}.pem")

    def key(self, name):
        return str(self.directory / f"{name}.key")

    @staticmethod
    def _openssl(*argv):
        subprocess.run(["openssl", *argv], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _sign(self, name, extension):
        request = self.directory / f"{name}.csr"
        more = self.directory / f"{name}.ext"
        more.write_text(f"{extension}\n", encoding="ascii")
        self._openssl("req", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                      f"/CN={name}", "-keyout", self.key(name), "-out",
                      str(request))
        self._openssl("x509", "-req", "-in", str(request), "-CA", self.ca,
                      "-CAkey", self.key("ca"), "-CAcreateserial", "-days",
                      "2", "-extfile", str(more), "-out", self.cert(name))


class Proxy:
    """Passes bytes between clients and a server, unless it is cut: then both
    ends see nothing at all, as if a cable was pulled."""

    def __init__(self, port):
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = {}
        self.is_cut = False
        self.is_ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self):
        self.is_cut = True

    def mend(self):
        self.is_cut = False

    def end(self):
        self.is_ended = True
        self.thread.join()
        self.listener.close()
        for sock in list(self.pairs):
            sock.close()

    def _accept(self):
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port))
        except OSError:
            client.close()
            return
        self.pairs[client], self.pairs[server] = server, client

    def _pass(self, sock):
        other = self.pairs.get(sock)
        if not other:
            return
        try:
            data = sock.recv(1 << 16)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (sock, other):
                self.pairs.pop(end, None)
                end.close()

    def _run(self):
        while not self.is_ended:
            if self.is_cut:
                time.sleep(0.01)
                continue
            ready, _, _ = select.select([self.listener, *self.pairs], [], [],
                                        0.02)
            for sock in ready:
                if sock is self.listener:
                    self._accept()
                elif not self.is_cut:
                    self._pass(sock)
