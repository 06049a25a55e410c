#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=120
"""Agents that start while their database is away: with each kind of server, which
is killed and started again; and databases that are not what they were. What that
means for packets: selftests/agent/offline.sh.
"""
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dfetcd  # noqa: E402 pylint: disable=wrong-import-position
import dfredis  # noqa: E402 pylint: disable=wrong-import-position
import dfzk  # noqa: E402 pylint: disable=wrong-import-position
from dfdb import Agent, dfctl, memory  # noqa: E402 pylint: disable=wrong-import-position
from dftest import main  # noqa: E402 pylint: disable=wrong-import-position

# How long an agent waits for the end of its predecessor's lease. As long as the
# server is away, and a moment longer, none ends.
PATIENCE_S = 12
NETWORK = "00000000-0000-4000-8000-0000000000ff"
FAR = "00000000-0000-4000-8000-0000000000ee"
SUBNET = "00000000-0000-4000-8000-0000000000aa"
FAR_SUBNET = "00000000-0000-4000-8000-0000000000dd"
GROUP = "00000000-0000-4000-8000-0000000000bb"
ROUTER = "00000000-0000-4000-8000-0000000000cc"


def port_id(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


def write(t, uri, *argv):
    status, said = dfctl(uri, *argv)
    t.require(f"dfctl {' '.join(argv)}: {said}", status, 0)


def add_port(t, uri, number, host):
    write(t, uri, "port", "create", f"id={port_id(number)}",
          f"network_id={NETWORK}", f"fixed_ips=192.0.2.{number}",
          f"binding_host={host}")


class Host:
    """hv1, with what it keeps."""

    def __init__(self, t, uri):
        self.t, self.uri, self.directory = t, uri, pathlib.Path(t.directory())
        self.agent = None

    def start(self):
        self.agent = Agent(self.t, self.uri, "hv1", self.directory)

    def cache(self):
        """The file, or nothing."""
        try:
            return (self.directory / "hv1.cache").read_text(encoding="utf-8")
        except OSError:
            return ""

    def wait_in_step(self):
        self.t.wait("hv1 is in step", lambda: self.agent.status().get("problems"),
                    [], 30)

    def wait_saved(self, *ports):
        """These ports, and no others."""
        def saved():
            there = set()
            for line in self.cache().splitlines():
                words = line.split(" ")
                if words[1] in "+-" and "port/" in line:
                    key = words[2 if words[1] == "-" else 3]
                    (there.add if words[1] == "+" else there.discard)(key)
            return there
        self.t.wait(f"{ports} are known", saved,
                    {f"port/{port_id(port)}" for port in ports}, 10)

    def wait_known(self, objects):
        """Works from the last known state, with so many objects for ports."""
        def known():
            status = self.agent.status()
            problems = " ".join(status.get("problems", ()))
            return ("works from the last known state of 20" in problems
                    and status["cache"]["in_use"], status.get("desired"))
        self.t.wait("hv1 works from what it knew", known, (True, objects), 20)


def cloud(t, uri):
    """What hv1 reaches: two networks behind a router, a port of its own, which has
    a group, and two at hv2, one of which is a member of the group; and hv1."""
    path = pathlib.Path(t.directory()) / "cloud.json"
    ports = [{"model": "port", "id": port_id(number), "network_id": NETWORK,
              "fixed_ips": [{"subnet_id": SUBNET,
                             "ip_address": f"192.0.2.{number}"}],
              "binding_host": f"hv{1 if number == 1 else 2}",
              "security_groups": [GROUP][:number < 3]}
             for number in (1, 2, 3)]
    path.write_text(json.dumps([
        {"model": "network", "id": NETWORK}, {"model": "network", "id": FAR},
        {"model": "subnet", "id": SUBNET, "network_id": NETWORK,
         "cidr": "192.0.2.0/24"},
        {"model": "chassis", "name": "hv2",
         "encaps": [{"type": "vxlan", "ip": "127.0.0.2"}]},
        {"model": "security_group", "id": GROUP},
        {"model": "security_group_rule", "security_group_id": GROUP,
         "direction": "ingress", "remote_group_id": GROUP},
        {"model": "router", "id": ROUTER},
        {"model": "router_interface", "router_id": ROUTER,
         "network_id": NETWORK, "fixed_ips": [
             {"subnet_id": SUBNET, "ip_address": "192.0.2.254"}]},
        {"model": "subnet", "id": FAR_SUBNET, "network_id": FAR,
         "cidr": "198.51.100.0/24"},
        {"model": "router_interface", "router_id": ROUTER, "network_id": FAR,
         "fixed_ips": [{"subnet_id": FAR_SUBNET,
                        "ip_address": "198.51.100.254"}]}, *ports]),
                    encoding="ascii")
    write(t, uri, "apply", str(path))
    host = Host(t, uri)
    host.start()
    host.wait_in_step()
    host.wait_saved(1, 2, 3)
    t.check("topics", len(host.agent.topics()), 6)
    return host


def outlive(t, server, uri, away_s=0):
    """The server dies; the agent is started without it; the server comes back."""
    host = cloud(t, uri)
    before = host.agent.status()["desired"]
    server.kill()
    host.agent.kill()
    saved = host.cache()
    host.start()
    host.wait_known(before)
    t.check("the log says so", "working from the last known state of 20" in
            host.agent.socket.with_suffix(".log").read_text(encoding="utf-8"))
    t.check("the file is left alone", host.cache(), saved)
    t.wait("time goes by", lambda: host.agent.status()["uptime_s"] >= away_s,
           True, away_s + 5)
    server.start()
    server.wait()
    host.wait_in_step()
    t.check("it is the same", host.agent.status()["desired"], before)
    write(t, uri, "port", "delete", port_id(3))
    host.wait_saved(1, 2)
    return host


def lose_data(t, server, uri, empty):
    """A server that has nothing any more is not taken at its word until somebody
    says so."""
    host = outlive(t, server, uri, PATIENCE_S + 1)
    before = host.agent.status()["desired"]
    server.kill()
    host.agent.kill()
    empty()
    server.start()
    server.wait()
    host.start()
    host.wait_known(before)
    t.wait("it says why", lambda: "database is empty" in " ".join(
        host.agent.status()["problems"]), True, 10)
    write(t, uri, "network", "create", f"id={NETWORK}")
    host.wait_in_step()
    t.check("then that is what counts", host.agent.status()["desired"], 0)


def agents_start_without_zookeeper(t):
    server = dfzk.Server(memory() / "zookeeper").start()
    t.defer(server.remove)
    server.wait()

    def empty():
        shutil.rmtree(server.directory / "data")
        (server.directory / "data").mkdir()
    lose_data(t, server,
              f"zookeeper://127.0.0.1:{server.port}/cloud?session=4000", empty)


def agents_start_without_etcd(t):
    server = dfetcd.Server(memory() / "etcd").start()
    t.defer(server.remove)
    server.wait()
    outlive(t, server, f"etcd://127.0.0.1:{server.port}/cloud")


def agents_start_without_redis(t):
    server = dfredis.Server(memory() / "redis").start()
    t.defer(server.remove)
    server.wait()
    outlive(t, server, f"redis://127.0.0.1:{server.port}/cloud")


def a_file_that_is_missing_is_waited_for(t):
    there, away = (pathlib.Path(t.directory()) / name for name in ("db", "away"))
    there.mkdir()
    host = cloud(t, f"sqlite://{there}/nb.db")
    before = host.agent.status()["desired"]
    host.agent.kill()
    there.rename(away)
    host.start()
    host.wait_known(before)
    there.mkdir()
    t.wait("it looks for it", lambda: host.agent.status()["problems"][1:],
           [f"database: cannot open {there}/nb.db: No such file or directory"])
    t.check("no other is made", list(there.iterdir()), [])
    there.rmdir()
    away.rename(there)
    write(t, host.uri, "port", "delete", port_id(3))
    add_port(t, host.uri, 4, "hv2")
    host.wait_in_step()
    t.check("as many as before", host.agent.status()["desired"], before)
    host.wait_saved(1, 2, 4)


def another_cloud_takes_the_place_of_the_first(t):
    directory = pathlib.Path(t.directory())
    host = cloud(t, f"sqlite://{directory}/nb.db")
    host.agent.kill()
    host.agent = None
    for path in directory.glob("nb.db*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write(t, host.uri, "network", "create", f"id={NETWORK}")
    host.start()
    host.wait_in_step()
    t.check("nothing of it is left", host.agent.status()["desired"], 0)
    host.wait_saved()


main(agents_start_without_zookeeper, agents_start_without_etcd,
     agents_start_without_redis, a_file_that_is_missing_is_waited_for,
     another_cloud_takes_the_place_of_the_first, needs_module=False, at_once=3)
