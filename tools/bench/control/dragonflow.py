# SPDX-License-Identifier: GPL-2.0
"""Dragonflow: a database, one agent, one kernel.

The network has its first two ports here, the others on a hypervisor that
exists in the database only.
"""
import json
import os
import re
import signal
import socket

from machine import (
    HERE, HERE_IP, HV, LOCAL, THERE, THERE_IP, W3, W3_MAC, Daemon, Failure,
    Machine, inside, kernel_bytes, mac_of, run)

from dfnl import Dragonflow as Kernel, Refused
import dfetcd
import dfredis
import dfzk

NETWORK = "00000000-0000-4000-8000-0000000000ff"
ON_DEMAND = "00000000-0000-4000-8000-0000000000fe"
ON_DEMAND_ID = "0a000003-0000-4000-8000-000000000003"
LOCAL_IDS = ("0a000001-0000-4000-8000-000000000001",
             "0a000002-0000-4000-8000-000000000002")


class Sqlite:
    """A driver: where the database is, what it takes to have one. A driver
    with a server starts it in start() and ends it in stop()."""

    def __init__(self, directory):
        self.directory = directory
        self.uri = f"sqlite://{directory}/nb.db"

    def start(self):
        """Nothing: the first who opens the file makes it."""

    def reach(self, _netns):
        """Who sees the file reaches it."""

    def lose(self):
        """It is away."""
        (self.directory / "nb.db").rename(self.directory / "away")

    def find(self):
        """It is there again."""
        (self.directory / "away").rename(self.directory / "nb.db")

    def stop(self):
        """Nothing runs."""

    def daemons(self):
        return []

    def bytes(self):
        """The file, and its log."""
        return sum(path.stat().st_size
                   for path in self.directory.glob("nb.db*") if path.is_file())


class Served:
    """One server, outside of the hypervisor's namespace. It waits for no disk,
    as the VM has none."""

    ADDRESS = "203.0.113.1"

    def __init__(self, directory, name, server, path):
        self.directory, self.name, self.server = directory, name, server
        self.daemon = None
        self.uri = f"{name}://{self.ADDRESS}:{server.port}/{path}"

    def start(self):
        run("ip", "-batch", "-", stdin=f"""
            link set lo up
            address replace {self.ADDRESS}/32 dev lo""")
        self.daemon = Daemon(self.directory / f"{self.name}.log",
                             *self.server.argv())
        self.server.wait()

    def reach(self, netns):
        """A new hypervisor is connected to the server."""
        run("ip", "-batch", "-", stdin=f"""
            link add df-db type veth peer name df-db netns {netns}
            address add 203.0.113.5/30 dev df-db
            link set df-db up""")
        run("ip", "-n", netns, "-batch", "-", stdin=f"""
            address add 203.0.113.6/30 dev df-db
            link set df-db up
            route add {self.ADDRESS} via 203.0.113.5""")

    def stop(self):
        if self.daemon:
            self.daemon.end()
            self.daemon = None

    lose = stop

    def find(self):
        """Its server is started again."""
        self.start()

    def daemons(self):
        return [self.daemon]

    def bytes(self):
        """What it keeps of it: snapshots, logs."""
        return sum(path.stat().st_blocks * 512 for path in
                   self.server.directory.rglob("*") if path.is_file())


def zookeeper(directory):
    return Served(directory, "zookeeper", dfzk.Server(
        directory / "zookeeper", tick=2000, start_s=600, address="0.0.0.0"),
                  "bench?timeout=600000&session=10000")


def etcd(directory):
    return Served(directory, "etcd", dfetcd.Server(
        directory / "etcd", start_s=600, address="0.0.0.0"),
                  "bench?timeout=600000&failover=60000")


def redis(directory):
    return Served(directory, "redis", dfredis.Server(
        directory / "redis", start_s=600, address="0.0.0.0"),
                  "bench?timeout=600000&failover=60000")


DRIVERS = {"sqlite": Sqlite, "zookeeper": zookeeper, "etcd": etcd,
           "redis": redis}


def ask(path, what):
    """The answer of the agent whose socket that is, or None."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(10)
        try:
            control.connect(str(path))
            control.sendall(json.dumps({"cmd": what}).encode() + b"\n")
            answer = control.makefile().readline()
        except OSError:
            return None
    return json.loads(answer) if answer else None


class Dragonflow:
    """What main.py asks of a system."""

    NAME = "dragonflow"
    AGENT = "agent"
    MOST = 10000

    def __init__(self, build, directory, ports, driver):
        self.build, self.directory, self.ports = build, directory, ports
        self.driver = DRIVERS[driver](directory)
        self.machine = Machine([f"tap{name[:11]}" for name in LOCAL_IDS])
        self.agent, self.kernel, self.kernel_bytes = None, None, 0
        os.environ["DRAGONFLOW_DRIVER_DIR"] = str(build / "lib/dragonflow")

    def dfctl(self, *argv, deadline=None):
        return run("dfctl", "--database", self.driver.uri, "--timeout", "600",
                   *argv, deadline=deadline)

    def fill(self, deadline):
        run("modprobe", "dragonflow")
        self.driver.start()
        objects = [
            {"model": "chassis", "name": THERE,
             "encaps": [{"type": "vxlan", "ip": THERE_IP}]},
            {"model": "network", "id": NETWORK}]
        # as OVN's here: without port security, and IPAM
        objects += [{"model": "port", "id": name, "network_id": NETWORK,
                     "mac_address": mac, "binding_host": HERE,
                     "port_security_enabled": False}
                    for name, (_, mac, _) in zip(LOCAL_IDS, LOCAL)]
        objects += [{"model": "port", "network_id": NETWORK,
                     "id": f"{n:08x}-0000-4000-8000-000000000000",
                     "mac_address": mac_of(n), "binding_host": THERE}
                    for n in range(self.ports - len(LOCAL))]
        path = self.directory / "objects.json"
        path.write_text(json.dumps(objects), encoding="ascii")
        self.dfctl("apply", str(path), deadline=deadline)

    def empty(self, _deadline):
        """A hypervisor that has nothing."""
        self.kill()
        if self.kernel:
            self.kernel.close()
        self.machine.up()
        self.driver.reach(HV)
        with inside(HV):
            self.kernel = Kernel(HV)
        self.kernel_bytes = kernel_bytes()

    def start(self, _deadline):
        self.agent = Daemon(
            self.directory / "agent.log", "dragonflowd", "--config=/dev/null",
            f"--database={self.driver.uri}", f"--chassis={HERE}",
            f"--run-dir={self.directory}",
            f"--state-dir={self.directory}", f"--encap=vxlan:{HERE_IP}",
            netns=HV)

    def is_kept(self):
        """Does the agent's file hold what it knows?"""
        cache = self.ask("status")["cache"]
        return cache["bytes"] and (self.directory / f"{HERE}.cache").exists()

    def lose_database(self):
        self.driver.lose()

    def find_database(self):
        self.driver.find()

    def is_programmed(self):
        """Does the kernel have all ports, and the tunnel's?"""
        try:
            return self.kernel.do("datapath-get")["ports"] > self.ports
        except Refused:
            return False

    def wait(self, deadline):
        """Until the kernel has everything, by its own word and the agent's."""
        deadline.wait_for(self.is_programmed)
        deadline.wait_for(self._is_in_step)

    def _is_in_step(self):
        status = self.ask("status")
        return status and status["pending"] == 0 and \
            not status["problems"] and status.get("reconciled")

    def ask(self, what):
        return ask(self.directory / f"{HERE}.sock", what)

    def kill(self):
        if self.agent:
            self.agent.end(signal.SIGKILL)
            self.agent = None

    def written(self):
        """Objects that the last start wrote or deleted."""
        said = self.ask("status")["reconciled"]
        found = re.search(r"(\d+) objects written, (\d+) deleted", said)
        if not found:
            raise Failure(f"the agent says: {said}")
        return int(found[1]) + int(found[2])

    def changes(self, count, deadline):
        """Create ports; milliseconds by metric: until the kernel had it, and
        until the database had it."""
        text = run(str(self.build / "bench/commit"), self.driver.uri, NETWORK,
                   THERE, str(count), netns=HV, deadline=deadline)
        pairs = [list(map(float, line.split())) for line in text.splitlines()]
        return {"": [pair[1] for pair in pairs],
                "commit_": [pair[0] for pair in pairs]}

    def fill_on_demand(self, deadline):
        """A network of as many ports again, of which none is known in advance
        but the one that is here."""
        objects = [{"model": "network", "id": ON_DEMAND, "on_demand": True},
                   {"model": "port", "id": ON_DEMAND_ID, "mac_address": W3_MAC,
                    "network_id": ON_DEMAND, "binding_host": HERE,
                    "port_security_enabled": False}]
        objects += [{"model": "port", "network_id": ON_DEMAND,
                     "id": f"{n:08x}-0001-4000-8000-000000000000",
                     "mac_address": mac_of(n), "binding_host": THERE}
                    for n in range(self.ports)]
        path = self.directory / "on-demand.json"
        path.write_text(json.dumps(objects), encoding="ascii")
        self.dfctl("apply", str(path), deadline=deadline)
        self.machine.plug_third(f"tap{ON_DEMAND_ID[:11]}")
        deadline.wait_for(lambda: any(
            port["id"] == ON_DEMAND_ID and port["status"] == "up"
            for port in self.ask("status")["ports"]))

    def first_packets(self, numbers, deadline):
        """To ports that nobody here knows yet; milliseconds until the kernel had
        each."""
        text = run(str(self.build / "bench/first"), W3, W3_MAC,
                   *map(mac_of, numbers), netns=HV, deadline=deadline)
        return [float(line) for line in text.splitlines()]

    def command(self, number, deadline):
        """The same as a command, by whoever sits in a terminal."""
        before = self.kernel.do("datapath-get")["ports"]
        self.dfctl("port", "create", f"network_id={NETWORK}",
                   f"mac_address=02:03:00:00:00:{number:02x}",
                   f"id={0x0b000000 + number:08x}-0000-4000-8000-000000000000",
                   f"binding_host={THERE}", deadline=deadline)
        deadline.wait_for(lambda: self.kernel.do("datapath-get")["ports"] >
                          before, 0.001)

    def sizes(self, _deadline):
        found = self.kernel.do("datapath-get")
        objects = found["networks"] + found["ports"] + found["chassis"]
        return {"objects": (objects, "objects"),
                "flow_entries": (found["flows"], "entries"),
                "kernel_bytes": (kernel_bytes() - self.kernel_bytes, "bytes"),
                "database_bytes": (self.driver.bytes(), "bytes")}

    def daemons(self):
        """On the hypervisor, and beside it."""
        return [self.agent], self.driver.daemons()

    def stop(self):
        self.kill()
        self.driver.stop()
        if self.kernel:
            self.kernel.close()
        self.machine.down()
