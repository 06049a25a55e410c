#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""Databases of several servers, for SOAK_SECONDS: servers are killed and started
again, stand still, all go down, networks are cut for moments and for longer than a
session, agents are killed; and all the time

- counters are raised by processes that race. Of what was acknowledged nothing is
  lost, and nothing is done twice
- somebody follows a topic from near, and somebody through the network that is cut.
  Both see every change once and in order
- ports come, move and go by dfctl. In the end that is what two agents know, one of
  them far away
- the database is found in order (dfctl db check), and agents stay small

Redis with sentinels may forget what it has acknowledged: there, all must agree in the
end about what there is.

What happens is drawn from SEED, in rounds of a database each. Without SOAK_SECONDS
or SOAK_ROUNDS, one short round of each, always of the same seed.
"""
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dfetcd  # noqa: E402 pylint: disable=wrong-import-position
import dfredis  # noqa: E402 pylint: disable=wrong-import-position
import dfzk  # noqa: E402 pylint: disable=wrong-import-position
from dfdb import (  # noqa: E402 pylint: disable=wrong-import-position
    Agent, Helper, Proxy, Servers, dfctl, memory, put, state_of, value_of)
from dftest import main, poll  # noqa: E402 pylint: disable=wrong-import-position

ROUNDS = int(os.environ.get("SOAK_ROUNDS") or 0)
SECONDS = 0 if ROUNDS else int(os.environ.get("SOAK_SECONDS") or 0)
IS_SHORT = not (SECONDS or ROUNDS)
SEED = int(os.environ.get("SEED") or
           (1 if IS_SHORT else time.time_ns() // 1000000 % 1000000))
EVENTS = 2 if IS_SHORT else 8       # in a round
TIMES = 200 if IS_SHORT else 600    # that each counter is raised
SETTLE_S = 60
AGENT_KIB = 40 << 10                # that an agent needs at most


class Kind:
    """A database; forgets: a failover may lose what was acknowledged."""

    forgets = False
    cluster = None

    def ports(self):
        return [server.port for server in self.cluster.servers]


class Zookeeper(Kind):
    name = "zookeeper"

    def __init__(self):
        self.cluster = dfzk.Ensemble(memory())

    def uri(self, hosts):
        return f"zookeeper://{hosts}/soak?timeout=120000&session=4000"


class Etcd(Kind):
    name = "etcd"

    def __init__(self):
        self.cluster = dfetcd.Cluster(memory())

    def uri(self, hosts):
        return f"etcd://{hosts}/soak?timeout=120000"


class Redis(Kind):
    """One server: nobody else has what it has."""

    name = "redis"

    def __init__(self):
        self.cluster = Servers()
        self.cluster.servers = [dfredis.Server(memory() / "one")]

    def uri(self, hosts):
        return f"redis://{hosts}/soak?timeout=120000"


class RedisFailover(Kind):
    """The way that is cut is the one to the sentinels; who knows the master is
    never far from it."""

    name, forgets = "redis with sentinels", True

    def __init__(self):
        self.cluster = dfredis.Failover(memory(), down_ms=600)

    def uri(self, hosts):
        return (f"redis://{hosts}/soak?sentinel={self.cluster.NAME}"
                "&timeout=120000&replicas=1")

    def ports(self):
        return [server.port for server in self.cluster.sentinels]


class Cloud(threading.Thread):
    """Ports come, move and go, until told to stop; and what there is by now."""

    NETWORK = str(uuid.UUID(int=1))

    def __init__(self, uri, rng, forgets):
        super().__init__(daemon=True)
        self.uri, self.rng, self.forgets = uri, rng, forgets
        self.ports = {}             # id: host
        self.failure = None
        self.count = 0
        self.is_over = False

    def ctl(self, *argv):
        status, said = dfctl(self.uri, *argv, seconds=120)
        if status:
            raise OSError(f"{' '.join(argv)}: {said}")
        return said

    def begin(self):
        self.ctl("network", "create", f"id={self.NETWORK}")
        for _ in range(6):
            self.create()

    def create(self):
        name, host = str(uuid.UUID(int=self.rng.getrandbits(128))), self.rng.choice(HOSTS)
        self.ctl("port", "create", f"id={name}", f"network_id={self.NETWORK}",
                 f"binding_host={host}")
        self.ports[name] = host

    def move(self):
        name, host = self.rng.choice(sorted(self.ports)), self.rng.choice(HOSTS)
        self.ctl("port", "set", name, f"binding_host={host}")
        self.ports[name] = host

    def delete(self):
        # a hypervisor without a port would not follow the network
        for name, host in sorted(self.ports.items()):
            if list(self.ports.values()).count(host) > 2:
                self.ctl("port", "delete", name)
                del self.ports[name]
                return

    def run(self):
        while not self.is_over:
            try:
                self.rng.choice((self.create, self.move, self.delete))()
                self.count += 1
            except OSError as failure:
                self.failure = failure
                self.is_over = not self.forgets
                self.look()

    def look(self):
        """What there is, instead of what should be."""
        self.ports = listed(self.uri)

    def end(self):
        self.is_over = True
        self.join()


HOSTS = ("near", "far")


def listed(uri):
    status, said = dfctl(uri, "-j", "port", "list", seconds=120)
    return {} if status else {port["id"]: port["binding_host"] for port in json.loads(said)}


def difference(got, want):
    """Not all of it."""
    return sorted(set(got.items()) ^ set(want.items()))[:3]


class Round:
    """One database, what happens to it, and what has to be true in the end."""

    def __init__(self, t, kind, rng):
        self.t, self.rng = t, rng
        self.kind = kind()
        self.cluster = self.kind.cluster
        t.defer(self.cluster.remove)
        self.cluster.start()
        self.proxies = [Proxy(port) for port in self.kind.ports()]
        for proxy in self.proxies:
            t.defer(proxy.end)
        self.near = self.uri(self.kind.ports())
        self.far = self.uri([proxy.port for proxy in self.proxies])
        self.begin = time.monotonic()
        self.agents = {}
        self.directories = {host: t.directory() for host in HOSTS}

    def uri(self, ports):
        return self.kind.uri(",".join(f"127.0.0.1:{port}" for port in ports))

    def log(self, text):
        self.t.log(f"{time.monotonic() - self.begin:.1f} s: {text}")

    # --- what happens -----------------------------------------------------------

    def server(self):
        return self.rng.choice(self.cluster.servers)

    def server_dies(self):
        server = self.server()
        server.kill()
        time.sleep(self.rng.uniform(0.1, 2))
        server.start().wait()

    def leader_dies(self):
        find = getattr(self.cluster, "leader", None) or getattr(self.cluster, "master", None)
        server = poll(find, 20) if find else self.server()
        server.kill()
        time.sleep(self.rng.uniform(0.1, 3))
        server.start().wait()

    def server_stands_still(self):
        server = self.server()
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.2, 5))
        server.process.send_signal(signal.SIGCONT)

    def all_die(self):
        for server in self.cluster.servers:
            server.kill()
        time.sleep(self.rng.uniform(0.1, 2))
        for server in self.cluster.servers:
            server.start()
        for server in self.cluster.servers:
            server.wait()

    def cut(self, seconds):
        for proxy in self.proxies:
            proxy.cut()
        time.sleep(seconds)
        for proxy in self.proxies:
            proxy.mend()

    def short_cut(self):
        self.cut(self.rng.uniform(0.1, 1))

    def long_cut(self):
        self.cut(self.rng.uniform(5, 9))

    def one_way_is_cut(self):
        proxy = self.rng.choice(self.proxies)
        proxy.cut()
        time.sleep(self.rng.uniform(0.5, 5))
        proxy.mend()

    def agent_dies(self):
        host = self.rng.choice(HOSTS)
        self.agents[host].kill()
        self.start_agent(host)

    def events(self):
        """Replicas that are killed all at once may each have forgotten something."""
        return [self.server_dies, self.leader_dies, self.server_stands_still, self.short_cut,
                self.long_cut, self.one_way_is_cut, self.agent_dies] + \
            [self.all_die] * (not self.kind.forgets)

    def happen(self):
        events = self.events()
        for event in self.rng.sample(events, len(events))[:EVENTS]:
            self.log(event.__name__.replace("_", " "))
            event()
            if self.kind.forgets:
                self.t.wait("the replicas are in step", self.cluster.is_in_step, True, SETTLE_S)
            time.sleep(self.rng.uniform(0.2, 1))

    # --- who is there meanwhile --------------------------------------------------

    def start_agent(self, host):
        uri = self.far if host == "far" else self.near
        self.agents[host] = Agent(self.t, uri, host, self.directories[host])

    def start_helpers(self):
        t = self.t
        t.require("a counter", put(t, self.near, "counter", "0"), 0)
        self.followers = [Helper(t, uri, "follow", "topic") for uri in (self.near, self.far)]
        for follower in self.followers:
            follower.wait_for(t, "synced", 30)
        self.counters = [Helper(t, uri, "count", "counter", str(TIMES))
                         for uri in (self.near, self.far)]
        self.writers = [Helper(t, self.near, "scribble", "topic", str(2 * TIMES))]

    # --- what has to be true ------------------------------------------------------

    def check_counters(self):
        statuses = [writer.wait(180) for writer in self.counters + self.writers]
        if self.kind.forgets:
            return
        self.t.check("the writers succeeded", any(statuses), False)
        self.t.check("every increment is there, once", value_of(self.t, self.near, "counter"),
                     str(TIMES * len(self.counters)))

    def check_followers(self):
        new = Helper(self.t, self.near, "follow", "topic")
        new.wait_for(self.t, "synced", 30)
        for follower in self.followers:
            self.t.wait("who followed knows what is there",
                        lambda: state_of(follower) == state_of(new),  # pylint: disable=W0640
                        True, SETTLE_S)
            if self.kind.forgets:
                continue
            self.t.check("and has seen every change once, in order", follower.puts(),
                         list(range(1, 2 * TIMES + 1)))
        new.kill()

    def check_agents(self, cloud):
        for host in HOSTS:
            here = {name: at for name, at in cloud.ports.items() if at == host}
            self.t.wait(f"agent {host} knows the ports, and which are its own",
                        lambda: [difference(*both) for both in zip(  # pylint: disable=W0640
                            self.knows(host), (cloud.ports, here))],  # pylint: disable=W0640
                        [[], []], SETTLE_S)
            self.t.check("it is connected", self.agents[host].status().get("database_state"), "up")

    def knows(self, host):
        """All ports that an agent knows, with their hosts, and those bound there: by its
        last known state."""
        topics, objects = {}, {}
        path = pathlib.Path(self.directories[host]) / f"{host}.cache"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines()[1:]:
            _, what, *words = line.split(" ", 4)
            if what == "+":
                topics[words[1]], objects[words[1]] = words[0], json.loads(words[2])
            elif what == "-":
                objects.pop(words[0], None)
            elif what == "x":
                objects = {key: value for key, value in objects.items()
                           if topics[key] != words[0]}
        return ({value["id"]: value["binding_host"] for key, value in objects.items()
                 if key.startswith("port/")},
                {value["id"]: value["host"] for key, value in objects.items()
                 if key.startswith("binding/")})

    def check_database(self, cloud):
        self.t.check("the ports are those that were acknowledged",
                     difference(listed(self.near), cloud.ports), [])
        status, said = dfctl(self.near, "db", "check")
        self.t.check(f"the database is in order: {said}", status, 0)

    def rss(self, host):
        with open(f"/proc/{self.agents[host].process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def run(self):
        cloud = Cloud(self.near, self.rng, self.kind.forgets)
        cloud.begin()
        for host in HOSTS:
            self.start_agent(host)
        self.start_helpers()
        cloud.start()
        self.happen()
        cloud.end()
        if self.kind.forgets:
            cloud.look()
        else:
            self.t.check("dfctl never failed", cloud.failure, None)
        self.check_counters()
        self.check_followers()
        for host in HOSTS:
            self.log(f"agent {host} has {self.rss(host)} KiB")
            self.t.check("an agent stays small", self.rss(host) < AGENT_KIB)
        self.check_agents(cloud)
        for agent in self.agents.values():
            agent.kill()
        self.check_database(cloud)
        self.log(f"{cloud.count} changes by dfctl")


def soak(kind):
    def case(t):
        t.log(f"SEED={SEED}")
        rng = random.Random(f"{SEED} {kind.name}")
        begin, rounds = time.monotonic(), 0
        while rounds < (ROUNDS or 1) or time.monotonic() - begin < SECONDS / len(KINDS):
            Round(t, kind, rng).run()
            rounds += 1
            if t.failed:
                break
        t.log(f"{rounds} rounds")

    what = "ends_in_agreement" if kind.forgets else "loses_nothing"
    case.__name__ = f"{kind.name.replace(' ', '_')}_{what}"
    return case


KINDS = (Zookeeper, Etcd, Redis, RedisFailover)
main(*(soak(kind) for kind in KINDS), needs_module=False)
