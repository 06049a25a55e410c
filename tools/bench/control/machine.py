# SPDX-License-Identifier: GPL-2.0
"""Processes and namespaces: what both systems are made of and measured with.

      w1           hv           w2
    +------+   +--------+    +------+
    | eth0-|---|-v1  v2-|----|-eth0 |   192.0.2.1, 192.0.2.2
    +------+   +--------+    +------+

"hv" is the hypervisor, with an address of an underlay that nobody else is on:
most ports of the network are on another hypervisor, which only the database
knows.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
# The tests' client knows nothing but the spec: as good here as there.
sys.path.insert(0, str(TOP / "selftests" / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position

PREFIX = "dfcontrol-"
HV, W1, W2 = PREFIX + "hv", PREFIX + "w1", PREFIX + "w2"
W3, W3_MAC = PREFIX + "w3", "02:00:00:00:00:03"     # of another network
HERE, THERE = "hv1", "hv2"      # names of the hypervisors
HERE_IP, THERE_IP = "198.51.100.1", "198.51.100.2"
LOCAL = ((W1, "02:00:00:00:00:01", "192.0.2.1"),
         (W2, "02:00:00:00:00:02", "192.0.2.2"))
PROBE_PORT, PROBES_PER_S, PROBE_MAX_S = 5000, 1000, 900


class Failure(Exception):
    """A measurement went wrong, or took too long; there is no number."""


class Deadline:
    """When patience ends."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Failure(f"not finished after {self.seconds} s")
        return left

    def wait_for(self, condition, interval=0.02):
        while not condition():
            self.left()
            time.sleep(interval)


def run(*argv, netns=None, stdin=None, deadline=None):
    """A program; its output."""
    if netns:
        argv = ("ip", "netns", "exec", netns) + argv
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, text=True, input=stdin, check=False,
            stderr=subprocess.PIPE, timeout=deadline and deadline.left())
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{argv[0]} did not finish in time") from error
    if done.returncode:
        raise Failure(f"{' '.join(argv)[:200]}: status {done.returncode}: "
                      f"{done.stderr.strip()}")
    return done.stdout


def mac_of(n):
    """Of the n-th port on the other hypervisor."""
    return f"02:01:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


class Daemon:
    """A process that runs until it is ended."""

    def __init__(self, log, *argv, netns=None, env=None):
        if netns:
            argv = ("ip", "netns", "exec", netns) + argv
        with open(log, "ab") as output:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(env or {})})
        self.log = log
        self.pid = self.process.pid

    def end(self, how=signal.SIGTERM, patience=20):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def memory(self):
        """Resident bytes, and those with shared pages shared out."""
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text(
            encoding="ascii")
        found = dict(re.findall(r"^(Rss|Pss): +(\d+) kB", text, re.M))
        return 1024 * int(found["Rss"]), 1024 * int(found["Pss"])


def kernel_bytes():
    """Slab, vmalloc and per-cpu memory, when nothing is on its way."""
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    found = dict(re.findall(r"(\w+): +(\d+) kB", text))
    return 1024 * sum(int(found[name]) for name in
                      ("SUnreclaim", "VmallocUsed", "Percpu", "PageTables"))


class Machine:
    """The namespaces. The kernel's state of either system goes with them."""

    def __init__(self, devices):
        self.devices = devices

    def up(self):
        self.down()
        for name in (HV, W1, W2, W3):
            run("ip", "netns", "add", name)
            with inside(name):
                for which in ("default", "all"):
                    pathlib.Path("/proc/sys/net/ipv6/conf", which,
                                 "disable_ipv6").write_text("1", encoding="ascii")
        self._hypervisor()
        for device, (name, mac, address), (_, peer_mac, peer) in zip(
                self.devices, LOCAL, reversed(LOCAL)):
            self._workload(device, name, mac, address)
            run("ip", "-n", name, "neigh", "replace", peer, "lladdr", peer_mac,
                "dev", "eth0")

    def plug_third(self, device):
        self._workload(device, W3, W3_MAC, "192.0.2.3")

    @staticmethod
    def _hypervisor():
        run("ip", "-n", HV, "-batch", "-", stdin=f"""
            link set lo up
            link add underlay mtu 1600 type dummy
            link set underlay up
            address add {HERE_IP}/24 dev underlay""")

    @staticmethod
    def _workload(device, name, mac, address):
        run("ip", "-n", HV, "-batch", "-", stdin=f"""
            link add {device} type veth peer name eth0 address {mac} netns {name}
            link set {device} up""")
        run("ip", "-n", name, "-batch", "-", stdin=f"""
            link set lo up
            link set eth0 up
            address add {address}/24 dev eth0""")
        run("ethtool", "-K", "eth0", "tx", "off", netns=name)

    @staticmethod
    def down():
        there = run("ip", "netns", "list").split()
        for name in (HV, W1, W2, W3):
            if name in there:
                run("ip", "netns", "del", name)


def is_reached():
    try:
        run("ping", "-n", "-q", "-c", "1", "-W", "2", LOCAL[1][2], netns=W1)
    except Failure:
        return False
    return True


class Probes:
    """A flow from one workload to the other while the block runs."""

    def __init__(self, build, directory):
        self.program = str(build / "selftests" / "udpflow")
        self.sent, self.received = (directory / name for name in
                                    ("sent", "received"))

    def __enter__(self):
        for log in (self.sent, self.received):
            log.unlink(missing_ok=True)
        self.receiver = Daemon(self.received, self.program, "receive",
                               str(PROBE_PORT), str(1000 * PROBE_MAX_S),
                               netns=W2)
        deadline = Deadline(20)
        deadline.wait_for(lambda: run("ss", "-Hlun", f"sport = :{PROBE_PORT}",
                                      netns=W2))
        self.sender = Daemon(self.sent, self.program, "send", LOCAL[1][2],
                             str(PROBE_PORT), str(PROBES_PER_S),
                             str(PROBE_MAX_S), netns=W1)
        return self

    def __exit__(self, *error):
        self.sender.end()
        self.receiver.end(signal.SIGKILL if error[0] else signal.SIGTERM)

    def number(self, name):
        """After the block: what either end says of "sent", "received", ..."""
        path = self.sent if name == "sent" else self.received
        text = path.read_text(encoding="ascii")
        found = re.search(rf"\b{name}=(\d+)", text)
        if not found:
            raise Failure(f"{path.name}: {text.strip() or 'nothing'}")
        return int(found[1])
