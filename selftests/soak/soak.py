#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
# TIMEOUT=180
"""Everything at once, for SOAK_SECONDS: a cloud in which ports, networks, routers,
security groups, hypervisors and agents come and go while every port sends to every
other one. Who may reach whom is known (model.py), and judged packet by packet
(judge.c):

- what must be reachable is, at the latest BOUND_MS after a change (and LATE_MS if
  there are networks on demand), and from then on not one packet is lost, comes twice or comes to anybody else, whatever else
  changes and whatever agents do
- nothing ever reaches another tenant, or a port that is down, deleted, moved, or
  to which no route leads, or whose groups or the sender's forbid it

What happens is drawn from a table (actions.py and others) by SEED, in rounds. After each all
is deleted but what is steady, what is in memory then is compared with how it was
before the first, and after every other one the module is loaded anew. At the end
nothing may be left. Only how many rounds there are depends on the time: SEED and
SOAK_ROUNDS repeat all actions. SEED comes from the clock if it is not given.

Without SOAK_SECONDS or SOAK_ROUNDS, the first round only, which is short, and
always of the same seed: a change is judged, not a draw.
"""
import hashlib
import itertools
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import traceback

import memory
from actions import (ACTIONS, MORTAL, TENANTS, delete_networks, delete_ports, make_interface,
                     make_network, make_port, new_id, port_create, routed_network_create,
                     set_encaps)
from cloud import (ENCAPS, HVS, WAIT_FACTOR, Cloud, Failure, inside, links, netns, sh)
from model import Behind, Router
from policy import delete_policy, group_create, make_steady_group, port_groups, rule_create
from routing import (delete_routing, route_behind_create, route_change, route_delete,
                     route_drop_create)
from sharing import shared_claim, shared_create

SECONDS = int(os.environ.get("SOAK_SECONDS") or 0)
IS_SHORT = not (SECONDS or os.environ.get("SOAK_ROUNDS"))
SEED = int(os.environ.get("SEED") or
           (1 if IS_SHORT else time.time_ns() // 1000000 % 1000000))
ROUNDS = int(os.environ.get("SOAK_ROUNDS") or (0 if SECONDS else 1))
FIRST_ROUND, ROUND = 9, 100         # actions
TRIES = 50                          # with other numbers it may be possible
UNJUDGED = 10                       # so many follow closely upon each other
RELOAD_ROUNDS = 2
# The others need something to change, and what these change is judged each time.
BEGINNING = ((routed_network_create, port_create, group_create, route_behind_create,
              route_behind_create, shared_create, rule_create),
             (shared_claim, port_groups, route_change),
             (route_delete, route_drop_create))
MODELS = ("network", "subnet", "port", "port_status", "port_claims", "binding", "standby_binding",
          "router", "router_interface", "router_link", "security_group", "security_group_rule",
          "security_group_member", "address_group")
TABLES = ("networks", "chassis", "flows", "routers", "interfaces", "routes")
CASES = ("traffic_follows_the_model", "memory_is_flat", "nothing_is_left")
IMMORTAL, = set(HVS) - set(MORTAL)
REST_S = 10 * WAIT_FACTOR           # until what was freed is


class Soak:
    def __init__(self, cloud):
        self.cloud = cloud
        self.rng = random.Random(SEED)
        self.count = 0
        self.begin = time.monotonic()
        self.digest = hashlib.sha256()
        self.put_off = []           # (number of the action, what to do)
        cloud.later = self.later
        self.rounds = 0             # that have begun
        self.steady = []
        self.before = self.now = None       # what is in memory
        self.grown = []

    def later(self, actions, function):
        self.put_off.append((self.count + actions, function))

    def log(self, text):
        print(f"# {time.monotonic() - self.begin:.1f} s: action {self.count}: {text}", flush=True)
        self.digest.update(text.encode())

    def run_due(self, everything=False):
        due = [one for one in self.put_off if everything or one[0] <= self.count]
        self.put_off = [one for one in self.put_off if one not in due]
        for _, function in due:
            function()

    # --- what nothing touches ---------------------------------------------------

    def steady_tenant(self, tenant, groups):
        """Two networks, a router between them, and ports on two hypervisors; all of it
        has addresses that another tenant has as well.
        """
        cloud, rng = self.cloud, self.rng
        router = Router(new_id(rng), tenant, 0, steady=True)
        cloud.routers.append(router)
        networks = [make_network(cloud, rng, tenant, steady=True) for _ in range(2)]
        interfaces = [make_interface(rng, router, network) for network in networks]
        ports = [make_port(cloud, rng, network, hv, steady=True)
                 for network, hv in zip((*networks, networks[0]), ("hv1", "hv1", "hv2"))]
        for a, b in zip(ports, ports[1:] + ports[:1]):
            a.groups = groups
            cloud.plug(a, a.host)
            self.steady += [(a, b), (b, a)]
        for index in (1, 2):
            cloud.behind.append(Behind(cloud.free_number(False), tenant, index))
            cloud.station(cloud.behind[-1])
        return [router, *networks, *(subnet for network in networks for subnet in
                                     network.subnets()), *interfaces, *ports]

    def steady_world(self):
        """Ports of one tenant have a group, those of the other have none."""
        group = make_steady_group(self.cloud, self.rng)
        objects = [group, *group.rules]
        for tenant in TENANTS:
            objects += self.steady_tenant(tenant, [group] if tenant == 1 else [])
        self.cloud.write(*objects)

    def begin_steady(self):
        """They have reached each other once: from here on."""
        self.cloud.wait_in_step()
        self.cloud.tell()
        self.cloud.wait_reached()
        for a, b in self.steady:
            self.cloud.probe.tell("steady", a.number, b.number)

    # --- a round ----------------------------------------------------------------

    def draw(self, function=None):
        """Do that if it can be done, or else something; what has nothing to be done to
        now is drawn again.
        """
        for tries in itertools.count():
            chosen = function
            if function is None or tries >= TRIES:
                chosen, = self.rng.choices([one for one, _ in ACTIONS],
                                           [weight for _, weight in ACTIONS])
            done = chosen(self.cloud, self.rng)
            if done:
                return done

    def step(self, function=None):
        self.count += 1
        self.run_due()
        for agent in self.cloud.agents.values():
            agent.check()
        self.log(self.draw(function))
        self.cloud.tell()
        self.cloud.probe.listen(self.rng.random())

    def is_over(self):
        if ROUNDS:
            return self.rounds >= ROUNDS
        return time.monotonic() - self.begin > SECONDS

    def pass_bound(self):
        """Until what was changed must have taken effect, and a while more: flows go on
        all the time, and are judged before another change hides what became of one.
        """
        self.cloud.probe.pass_time(self.cloud.bound() + 1000)

    def churn(self):
        for functions in BEGINNING:
            for function in functions:
                self.step(function)
            self.pass_bound()
        for number in range(1, (ROUND if self.rounds > 1 else FIRST_ROUND) + 1):
            self.step()
            if number % UNJUDGED == 0:
                self.pass_bound()
        self.count += 1
        self.run_due(everything=True)
        self.log("no more changes")
        self.cloud.wait_in_step()
        self.cloud.tell()
        self.cloud.wait_reached()
        self.pass_bound()

    def delete_all(self, steady=False):
        """All, or all but what is steady."""
        self.count += 1
        ports = self.cloud.live(steady)
        networks = [one for one in self.cloud.networks if steady or not one.is_steady]
        if self.cloud.agents["hv3"].encaps != list(ENCAPS):
            set_encaps(self.cloud, list(ENCAPS))
        delete_ports(self.cloud, *ports)
        delete_routing(self.cloud, steady)
        delete_policy(self.cloud, steady)
        if networks:
            delete_networks(self.cloud, *networks)
        self.log("delete all" + " but what is steady" * (not steady))
        self.cloud.tell()
        self.run_due(everything=True)
        self.cloud.wait_in_step()

    def at_rest(self):
        """What is in memory while nothing is sent, and no flow is known; as soon as
        it is no more than before, or at last.
        """
        self.cloud.probe.tell("pause")
        self.cloud.probe.listen(0.3)
        end = time.monotonic() + REST_S
        while True:
            self.cloud.end_connections()
            self.cloud.flush()
            self.cloud.probe.listen(0.5)
            now = memory.Snapshot(self.cloud, IMMORTAL)
            if self.before is None or not now.grown_since(self.before) or time.monotonic() > end:
                break
        self.cloud.probe.tell("resume")
        return now

    def reload_module(self):
        self.log("load the module anew")
        self.cloud.touch(*self.cloud.ports)
        self.cloud.probe.tell("calm")
        for agent in self.cloud.agents.values():
            agent.signal(signal.SIGTERM)
        self.cloud.reload_module()
        for agent in self.cloud.agents.values():
            agent.start()
        self.begin_steady()

    def run(self):
        self.cloud.build()
        self.steady_world()
        self.log("what nothing touches")
        self.begin_steady()
        self.before = self.at_rest()
        while not self.is_over():
            self.rounds += 1
            self.churn()
            self.delete_all()
            self.now = self.at_rest()
            self.grown = self.now.grown_since(self.before)
            if self.grown:
                break
            if self.rounds % RELOAD_ROUNDS == 0:
                self.reload_module()

    # --- what is true in the end ---------------------------------------------------

    def memory_is_flat(self):
        print(f"# memory before: {self.before}\n# memory in the end: {self.now}")
        if self.grown:
            raise Failure("\n".join(self.grown))

    def nothing_is_left(self):
        self.cloud.probe.tell("calm")
        self.delete_all(steady=True)
        self.cloud.flush()
        for hv in HVS:
            self.cloud.wait(f"the kernel of {hv} is empty", 20, lambda hv=hv: self.is_empty(hv))
            wrong = [link for link in links(hv)
                     if link not in ("lo", "underlay") and not link.startswith("df-")]
            self.expect(f"devices of {hv}", wrong, [])
        for model in MODELS:
            self.cloud.wait(f"no {model} in the database", 5,
                            lambda model=model: not self.cloud.objects(model))
        for agent in self.cloud.agents.values():
            process = agent.process
            agent.signal(signal.SIGTERM)
            self.expect(f"status of {agent.hv}'s agent", process.returncode, 0)
        self.expect("agents in the database", self.cloud.objects("agent"), [])
        self.expect("processes", self.processes(), [])
        left = [file.name for file in self.cloud.dir.iterdir()
                if not file.name.startswith("nb.db") and file.suffix not in (".log", ".lock", ".cache")]
        self.expect("files", left, [])

    @staticmethod
    def expect(what, got, want):
        if got != want:
            raise Failure(f"{what}: {got}, not {want}")

    def is_empty(self, hv):
        return (not any(self.cloud.kernel(hv, table) for table in TABLES)
                and not self.cloud.connections(hv)
                and all(port["type"] == "tunnel" for port in self.cloud.kernel(hv, "ports")))

    def processes(self):
        """Those that were told of our directory."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.cloud.dir) in words:
                found.append(words.replace("\0", " "))
        return found

    def explain(self):
        """What a person needs to know of a failure."""
        print(f"# failed at action {self.count}, {time.monotonic() - self.begin:.1f} s;"
              f" to replay: make soak SEED={SEED} SOAK_ROUNDS={self.rounds}")
        for port in self.cloud.ports:
            print(f"#   {port}")
        for router in self.cloud.routers:
            networks = ", ".join(f"{one.network} {'up' if one.works else 'down'}"
                                 for one in router.interfaces.values())
            print(f"#   {router}: {networks}; {router.fields()['routes']}")
        for shared in self.cloud.shared:
            print(f"#   {shared} ({shared.number}): port {shared.holder and shared.holder.number}")
        for group in self.cloud.groups:
            print(f"#   {group}: {'; '.join(map(str, group.rules))}")
        for hv in HVS:
            print(f"# {hv}:", "running" if self.cloud.agents[hv].is_running else "not running")
            for words in (("tail", "-n", "6", f"{self.cloud.dir}/{hv}.log"),
                          (*inside(netns(hv)), "dfctl", "kernel", "ports")):
                try:
                    print("#   " + sh(*words).strip().replace("\n", "\n#   "))
                except Failure as error:
                    print(f"#   {error}")


def run_case(soak, name):
    try:
        soak.run() if name == CASES[0] else getattr(soak, name)()
        return True
    except Failure as error:
        print("# FAIL: " + str(error).replace("\n", "\n# "))
    except Exception:               # pylint: disable=broad-except
        print("# " + traceback.format_exc().replace("\n", "\n# "))
    soak.explain()
    return False


def main():
    print(f"KTAP version 1\n1..{len(CASES)}", flush=True)
    if os.environ.get("VM") != "1":
        for number, name in enumerate(CASES, 1):
            print(f"ok {number} {name} # SKIP the module is loaded in the test VM only")
        return 0
    print(f"# SEED={SEED}, {ROUNDS} rounds, {SECONDS} s", flush=True)
    sh("modprobe", "-a", "dragonflow", "tun")
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        soak = Soak(Cloud(directory))
        try:
            for number, name in enumerate(CASES, 1):
                failed = failed or not run_case(soak, name)
                print(f"{'not ok' if failed else 'ok'} {number} {name}", flush=True)
            if not failed:
                print(f"# {soak.count} actions in {soak.rounds} rounds, "
                      f"{soak.digest.hexdigest()[:12]}; {soak.cloud.probe.end()}")
        finally:
            soak.cloud.destroy()
    return int(failed)


sys.exit(main())
