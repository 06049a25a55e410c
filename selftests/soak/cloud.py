# SPDX-License-Identifier: GPL-2.0
"""The cloud of a soak: hypervisors, agents, workloads; and what the judge of these
is told of what was asked for (model.py).

    hv1 --+                 each a namespace with a dragonflowd of its own, all
    hv2 --+-- underlay      on one database; their ports are tap devices of one
    hv3 --+                 process, selftests/soak/probe.c

hv3's agent changes its encapsulations, the others keep theirs.
"""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import time

from model import DENY, FAMILIES, FREE, REACH, Model, Port, text_of
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfct import Conntrack   # noqa: E402  pylint: disable=wrong-import-position
from dfnl import NLM_F_ACK   # noqa: E402  pylint: disable=wrong-import-position

WAIT_FACTOR = int(os.environ.get("WAIT_FACTOR", "1"))
BOUND_MS = 2000 * WAIT_FACTOR       # from a change to what follows from it
LATE_MS = 4000                      # more, to whom it was said that nobody has an address
READY_S = 30 * WAIT_FACTOR          # from an agent's start to when changes count
BUILD = pathlib.Path(os.environ["DF_BUILD"])
TAG = os.getpid()
UNDERLAY = f"underlay-{TAG}"
HVS = ("hv1", "hv2", "hv3")
ENCAPS = ("vxlan4", "geneve6", "vxlan6", "geneve4")
PORTS_MAX, TARGETS_MAX = 48, 64     # of the probe


class Failure(Exception):
    """What the soak is there to find."""


def sh(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise Failure(f"{' '.join(words)}: status {done.returncode}: "
                      f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def netns(hv):
    return f"{hv}-{TAG}"


def inside(name):
    """A command there follows. "ip netns exec" would also mount a /sys."""
    return "nsenter", f"--net=/run/netns/{name}"


def ip(name, *lines):
    """Many commands of ip(8) in a namespace, at the price of one."""
    sh(*inside(name), "ip", "-batch", "-", input="\n".join(lines))


def links(hv):
    return [link["ifname"] for link in json.loads(sh(*inside(netns(hv)), "ip", "-j", "link"))]


def encap_option(encap, hv):
    number = HVS.index(hv) + 1
    address = f"198.51.100.{number}" if encap[-1] == "4" else f"2001:db8:ffff::{number}"
    return f"--encap={encap[:-1]}:{address}"


class Agent:
    """The dragonflowd of a hypervisor. is_running is what was done to it, and
    the same in each run of a seed; follows is whether a change is due by now.
    """

    def __init__(self, cloud, hv):
        self.cloud, self.hv = cloud, hv
        self.encaps = list(ENCAPS)
        self.process = None
        self.is_stopped = False
        self.is_ready = False       # since it was started
        self.began = 0

    @property
    def follows(self):
        return self.is_running and self.is_ready

    @property
    def is_running(self):
        return self.process is not None and not self.is_stopped

    def start(self):
        self.is_ready, self.began = False, time.monotonic()
        options = [encap_option(encap, self.hv) for encap in self.encaps]
        with open(self.cloud.dir / f"{self.hv}.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*inside(netns(self.hv)), "dragonflowd", "--config=/dev/null",
                 f"--database={self.cloud.database}", f"--chassis={self.hv}",
                 f"--run-dir={self.cloud.dir}",
                 f"--state-dir={self.cloud.dir}", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def signal(self, number):
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(timeout=20 * WAIT_FACTOR)
            self.process = None
        else:
            self.is_stopped = number == signal.SIGSTOP
            self.began = time.monotonic()

    def check(self):
        if self.process and self.process.poll() is not None:
            raise Failure(f"the agent of {self.hv} ended by itself: {self.process.returncode}")
        if self.is_running and not self.is_ready:
            self.is_ready = self.is_in_step()
            if not self.is_ready and time.monotonic() - self.began > READY_S:
                raise Failure(f"the agent of {self.hv} is not in step {READY_S} s after its start")

    def ask(self, cmd):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5 * WAIT_FACTOR)
            sock.connect(str(self.cloud.dir / f"{self.hv}.sock"))
            sock.sendall(json.dumps({"cmd": cmd}).encode() + b"\n")
            return json.loads(sock.makefile().readline())

    def is_in_step(self):
        try:
            answer = self.ask("status")
        except (OSError, ValueError):
            return False
        return (answer["ok"] and not answer["pending"] and not answer["problems"]
                and answer.get("reconciled"))


class Probe:
    """probe.c, and what it has said."""

    def __init__(self):
        self.process = subprocess.Popen([BUILD / "selftests" / "probe"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.unread = b""
        self.clock_ms = 0           # the judge's
        self.waiting = None         # the last answer to "ask"

    def tell(self, *words):
        try:
            self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure("the probe is gone") from None

    def read(self, text):
        lines = (self.unread + text).split(b"\n")
        self.unread = lines.pop()
        failed = []
        for word, _, rest in (line.decode().partition(" ") for line in lines):
            if word == "clock":
                self.clock_ms = int(rest)
            elif word == "waiting":
                self.waiting = int(rest)
            else:
                failed.append(f"{word} {rest}".removeprefix("fail "))
        if failed:
            raise Failure("\n".join(failed[:20]))

    def listen(self, seconds):
        """What went wrong, if something does within this time."""
        end = time.monotonic() + seconds
        while True:
            left = max(0, end - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return
            text = os.read(self.process.stdout.fileno(), 65536)
            if not text:
                raise Failure("the probe is gone")
            self.read(text)
            if not left:
                return

    def pass_time(self, milliseconds):
        """By the judge's clock."""
        end = self.clock_ms + milliseconds
        while self.clock_ms < end:
            self.listen(0.1)

    def is_waiting(self):
        """Is there a pair that ought to reach each other and has not yet?"""
        self.waiting = None
        self.tell("ask")
        while self.waiting is None:
            self.listen(0.05)
        return self.waiting

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.stdout.read().decode().strip().splitlines()[-1]
        finally:
            self.process.wait()


class Told:
    """What the judge was told of a link (see probe.c), when, and of which ports."""

    def __init__(self, state, at, since, ports):
        self.state, self.at, self.since, self.ports = state, at, since, ports


class Cloud(Model):
    def __init__(self, directory):
        super().__init__()
        self.dir = pathlib.Path(directory)
        self.database = f"sqlite://{self.dir}/nb.db"
        self.told = {}              # (from, to, letter): Told
        self.apart = set()          # pairs that were told that they are
        self.agents = {hv: Agent(self, hv) for hv in HVS}
        self.probe = None

    # --- the world ------------------------------------------------------------

    def build(self):
        sh("ip", "netns", "add", UNDERLAY)
        sh(*inside(UNDERLAY), "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        ip(UNDERLAY, "link add br0 mtu 1600 type bridge mcast_snooping 0", "link set br0 up")
        for hv in HVS:
            self.build_hypervisor(hv)
        self.probe = Probe()
        for agent in self.agents.values():
            agent.start()
        self.wait_in_step()

    @staticmethod
    def build_hypervisor(hv):
        number = HVS.index(hv) + 1
        sh("ip", "netns", "add", netns(hv))
        # tap devices speak when their workloads do
        sh(*inside(netns(hv)), "sysctl", "-qw",
           "net.ipv6.conf.default.disable_ipv6=1")
        ip(UNDERLAY, f"link add port{number} mtu 1600 master br0 type veth "
           f"peer name underlay mtu 1600 netns {netns(hv)}", f"link set port{number} up")
        sh(*inside(netns(hv)), "sysctl", "-qw",
           "net.ipv6.conf.underlay.disable_ipv6=0")
        ip(netns(hv), "link set lo up", "link set underlay up",
           f"addr add 198.51.100.{number}/24 dev underlay",
           f"addr add 2001:db8:ffff::{number}/64 dev underlay nodad")

    def lose_hypervisor(self, hv):
        """Its namespace goes with all that is in it, at once, and comes back empty."""
        sh("ip", "-n", UNDERLAY, "link", "del", f"port{HVS.index(hv) + 1}")
        sh("ip", "netns", "del", netns(hv))
        for port in self.ports:
            if port.plugged == hv:
                self.plug(port, None)
        self.build_hypervisor(hv)

    def reload_module(self):
        """It can only be unloaded while no device uses it; the agents are not
        running.
        """
        for hv in HVS:
            for link in links(hv):
                subprocess.run(["tc", "-n", netns(hv), "qdisc", "del", "dev", link, "clsact"],
                               stderr=subprocess.DEVNULL, check=False)

        def is_unloaded():
            return not subprocess.run(["modprobe", "-r", "dragonflow"], capture_output=True,
                                      check=False).returncode
        self.wait("the module can be unloaded", 10, is_unloaded)
        sh("modprobe", "dragonflow")

    def destroy(self):
        for agent in self.agents.values():
            if agent.process:
                agent.process.kill()
                agent.process.wait()
        if self.probe:
            self.probe.process.kill()
            self.probe.process.wait()
        for name in (UNDERLAY, *map(netns, HVS)):
            subprocess.run(["ip", "netns", "del", name], check=False)

    def is_in_step(self):
        return all(agent.is_in_step() for agent in self.agents.values())

    def wait(self, what, seconds, condition):
        end = time.monotonic() + seconds * WAIT_FACTOR
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"waited in vain: {what}")
            self.probe.listen(0.1)

    def wait_in_step(self):
        self.wait("every agent is in step", READY_S / WAIT_FACTOR, self.is_in_step)
        for agent in self.agents.values():
            agent.is_ready = True

    def wait_reached(self):
        """What ought to be reachable is; how long that may take the judge knows."""
        while self.probe.is_waiting():
            self.probe.listen(0.1)

    def nb(self, *words, **more):
        try:
            return sh("dfctl", "--database", self.database, *words, **more)
        except Failure as error:
            stopped = [agent for agent in self.agents.values() if agent.is_stopped]
            if not stopped or "keeps it locked" not in str(error):
                raise
        # It was stopped in the middle of a write, so everybody waits for it. In
        # the model it stays stopped, or what is drawn would depend on the time.
        for agent in stopped:
            agent.process.send_signal(signal.SIGCONT)
        return sh("dfctl", "--database", self.database, *words, **more)

    def write(self, *objects):
        """As they are now, in one transaction."""
        fields = [one if isinstance(one, dict) else one.fields() for one in objects]
        self.nb("apply", "-", input="\n".join(map(json.dumps, fields)))

    def erase(self, model, *objects):
        if objects:
            self.nb(model, "delete", *(one.id for one in objects))

    def objects(self, model):
        return json.loads(self.nb("--json", model, "list"))

    def kernel(self, hv, what):
        return json.loads(sh(*inside(netns(hv)), "dfctl", "--json", "kernel", what))

    @staticmethod
    def flush():
        for hv in HVS:
            sh(*inside(netns(hv)), "dfctl", "kernel", "flush")

    @staticmethod
    def connections(hv):
        conntrack = Conntrack(netns(hv))
        try:
            return conntrack.connections()
        finally:
            conntrack.close()

    @staticmethod
    def end_connections():
        for hv in HVS:
            conntrack = Conntrack(netns(hv))
            conntrack.transact(conntrack.message(conntrack.CT_DELETE, bytes(4), NLM_F_ACK))
            conntrack.close()

    def free_number(self, is_port=True):
        used = {target.number for target in self.targets()}
        numbers = range(PORTS_MAX) if is_port else range(PORTS_MAX, TARGETS_MAX)
        return next(number for number in numbers if number not in used)

    # --- workloads ----------------------------------------------------------------

    def station(self, target):
        """Let the probe know where to send for it, and from."""
        network = target.network
        gate = network.gate.mac if network and network.gate else "00:00:00:00:00:00"
        self.probe.tell("station", target.number, target.tenant, network.number if network else 0,
                        target.mac, gate,
                        *(text_of(family, target.address(family)) for family in FAMILIES))
        shared = network.shared if network else None
        if shared and shared.holder is target:
            self.station(shared)    # it may have his MAC

    def plug(self, port, hv):
        port.hosts |= {hv, port.plugged}
        if hv is None:
            self.probe.tell("unplug", port.number)
        else:
            self.station(port)
            self.probe.tell("plug", port.number, netns(hv), port.device)
        port.plugged = hv

    # --- what the judge is told -----------------------------------------------------

    def can_follow(self, *ports):
        """Can all agents act that a change of these ports concerns?"""
        hosts = set().union(*(port.hosts | {port.host} for port in ports)) - {None}
        return all(self.agents[hv].follows for hv in hosts)

    def links(self):
        """All that the model has to say: key as in told, state, ports, their bits."""
        for a, target, links in self.evaluate():
            for letter, (state, ports) in links.items():
                pair = (target, a) if letter in "rR" else (a, target)
                at = {a} if letter in "rR" else ports
                yield ((pair[0].number, pair[1].number, letter), state,
                       ports | {one for one in pair if isinstance(one, Port)},
                       sum(1 << port.number for port in at) if state == REACH else 0)

    def bound(self):
        """From a change to what follows from it, on demand as well."""
        late = any(network.is_on_demand for network in self.networks)
        return BOUND_MS + LATE_MS * late

    def say(self, words):
        """words: {(from, to, state, at): letters}"""
        bound = self.bound()
        for (a, target, state, at), letters in words.items():
            more = {REACH: (bound, f"{at:x}"), DENY: (BOUND_MS,), FREE: ()}[state]
            self.probe.tell(state, a, target, letters, *more)

    def note(self, words, key, told):
        pair = (*key[:2], told.state, told.at)
        words[pair] = words.get(pair, "") + key[2]
        self.told[key] = told

    def tell_apart(self, a, b):
        """At once and for ever, whatever happens."""
        pair = (a.number, b.number)
        if a is b or a.network is b.network or pair in self.apart:
            return
        self.probe.tell("deny", *pair, "bs" if a.tenant == b.tenant else "46bsrRa", 0)
        self.apart.add(pair)

    def tell(self):
        """Let the judge know what is to come of everything that is sent."""
        now, words = self.probe.clock_ms, {}
        for a in self.ports:
            for b in self.ports:
                self.tell_apart(a, b)
        for key, state, ports, at in self.links():
            old = self.told.get(key)
            is_same = old and (old.state, old.at) == (state, at)
            if is_same and now - old.since >= 2 * self.bound():
                continue
            if not self.can_follow(*ports):
                state, at = FREE, 0
            if not old or (old.state, old.at) != (state, at):
                self.note(words, key, Told(state, at, now, ports))
        self.say(words)
        for port in self.ports:
            if self.can_follow(port):
                port.hosts = {port.host}

    def free(self, keys):
        now, words = self.probe.clock_ms, {}
        for key in keys:
            old = self.told[key]
            if old.state != FREE:
                self.note(words, key, Told(FREE, 0, now, old.ports))
        self.say(words)

    def touch(self, *ports):
        """They are about to change: until tell(), either may happen to what has to do
        with them.
        """
        ports = set(ports)
        self.free([key for key, told in self.told.items() if told.ports & ports])

    def foresee(self):
        """The model has changed, the cloud is about to: until tell(), either may happen
        to what this makes a difference to. All else goes on as if nothing happened.
        """
        self.free([key for key, state, _, at in self.links() if key in self.told
                   and (self.told[key].state, self.told[key].at) != (state, at)])

    def forget(self, target):
        """It goes, too; its number may be used again."""
        if target in self.ports:
            self.plug(target, None)
            self.ports.remove(target)
        self.probe.tell("leave", target.number)
        for key in [key for key in self.told if target.number in key[:2]]:
            self.probe.tell("free", *key)
            del self.told[key]
        for pair in [pair for pair in self.apart if target.number in pair]:
            self.probe.tell("free", *pair, "46bsrRa")
            self.apart.remove(pair)
