#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: request
# TIMEOUT=300
"""Everything at once, for SOAK_SECONDS: a cloud in which ports, networks,
hypervisors and agents come and go while every port sends to every other one.
Who may reach whom is known (cloud.py), and judged packet by packet (probe.c):

- what must be reachable is, at the latest BOUND_MS after a change
- nothing ever reaches another network, or a port that is down, deleted, moved
- between ports that nothing touches not one packet is lost, whatever agents do

What happens is drawn from a table (actions.py) by SEED, in rounds. After each
all is deleted but what is steady, and what is in memory then is compared with
how it was before the first. At the end nothing may be left. Only how many rounds
there are depends on the time: SEED and SOAK_ROUNDS repeat all actions.

Without SOAK_SECONDS or SOAK_ROUNDS, the first round only, which is short.
"""
import os
import random
import sys
import tempfile
import time
import traceback

import memory
from actions import ACTIONS, add_network, add_port, delete_port, network_create, port_create
from cloud import BOUND_MS, HVS, Cloud, Failure, sh

SECONDS = int(os.environ.get("SOAK_SECONDS") or 0)
SEED = int(os.environ.get("SEED") or 1)
ROUNDS = int(os.environ.get("SOAK_ROUNDS") or (0 if SECONDS else 1))
FIRST_ROUND, ROUND = 14, 60         # actions
CASES = ("traffic_follows_the_model", "nothing_is_left", "memory_is_flat")
RECENT = 12


class Soak:
    def __init__(self, cloud):
        self.cloud = cloud
        self.rng = random.Random(SEED)
        self.count = 0
        self.begin = time.monotonic()
        self.history = []
        self.put_off = []           # (number of the action, what to do)
        cloud.later = self.later
        self.rounds = 0
        self.memory = []

    def later(self, actions, function):
        self.put_off.append((self.count + actions, function))

    def log(self, text):
        self.history.append(f"action {self.count} at "
                            f"{time.monotonic() - self.begin:.1f} s: {text}")

    def run_due(self, everything=False):
        due = [one for one in self.put_off if everything or one[0] <= self.count]
        self.put_off = [one for one in self.put_off if one not in due]
        for _, function in due:
            function()

    def steady_ports(self):
        """Two networks with the same addresses, each on two hypervisors."""
        for _ in range(2):
            network = add_network(self.cloud, self.rng, steady=True)
            ports = [add_port(self.cloud, self.rng, network, hv, steady=True)
                     for hv in ("hv1", "hv2", "hv1")]
            for a, b in zip(ports, ports[1:] + ports[:1]):
                yield a, b

    def begin_traffic(self):
        flows = list(self.steady_ports())
        self.log("the ports that nothing touches")
        self.cloud.tell()
        # From here on; they have reached each other once.
        self.cloud.wait_in_step()
        self.settle()
        for a, b in flows:
            self.cloud.probe.tell("steady", a.number, b.number)
            self.cloud.probe.tell("steady", b.number, a.number)
        self.memory.append(memory.Snapshot(self.cloud))

    def settle(self):
        """As long as it may take until all has become what it must be."""
        self.cloud.probe.listen(BOUND_MS / 1000 + 1)

    def draw(self):
        """Do something; what has nothing to be done to now is drawn again."""
        while True:
            function, = self.rng.choices([one for one, _ in ACTIONS],
                                         [weight for _, weight in ACTIONS])
            done = function(self.cloud, self.rng)
            if done:
                return done

    def step(self, function=None):
        self.count += 1
        self.run_due()
        for agent in self.cloud.agents.values():
            agent.check()
        what, touched = function(self.cloud, self.rng) if function else self.draw()
        self.log(what)
        self.cloud.tell(touched)
        self.cloud.probe.listen(self.rng.random())

    def is_over(self):
        if ROUNDS:
            return self.rounds >= ROUNDS
        return time.monotonic() - self.begin > SECONDS

    def churn(self):
        for function in (network_create, port_create, port_create):
            self.step(function)
        for _ in range(ROUND if self.rounds else FIRST_ROUND):
            self.step()
        self.count += 1
        self.run_due(everything=True)
        self.log("no more changes")
        self.cloud.wait_in_step()
        self.cloud.tell()
        self.settle()

    def delete_all(self):
        """All but what is steady; then what is left is looked at."""
        self.count += 1
        for port in self.cloud.live():
            delete_port(self.cloud, port)
        for network in [one for one in self.cloud.networks if not one.is_steady]:
            self.cloud.nb("network", "delete", network.id)
            self.cloud.networks.remove(network)
        self.log("delete all but what is steady")
        self.cloud.tell()
        self.settle()
        self.run_due(everything=True)
        self.cloud.wait_in_step()
        self.memory.append(memory.Snapshot(self.cloud))

    def run(self):
        self.cloud.build()
        self.begin_traffic()
        while not self.is_over():
            self.churn()
            self.delete_all()
            self.rounds += 1

    def nothing_is_left(self):
        self.cloud.probe.tell("calm")
        for port in self.cloud.live(steady=True):
            delete_port(self.cloud, port)
        self.run_due(everything=True)
        for network in self.cloud.networks:
            self.cloud.nb("network", "delete", network.id)
        for hv in HVS:
            self.cloud.wait(f"the kernel of {hv} is empty", 20, lambda hv=hv: self.is_empty(hv))

    def is_empty(self, hv):
        return (not self.cloud.kernel(hv, "networks") and not self.cloud.kernel(hv, "chassis")
                and all(port["type"] == "tunnel" for port in self.cloud.kernel(hv, "ports")))

    def memory_is_flat(self):
        grown = self.memory[-1].grown_since(self.memory[0])
        if grown:
            raise Failure("\n".join(grown))

    def explain(self):
        """What a person needs to know of a failure."""
        print(f"# failed at action {self.count}, {time.monotonic() - self.begin:.1f} s;"
              f" to replay: make soak SEED={SEED} SOAK_ROUNDS={self.rounds + 1}")
        for line in self.history[-RECENT:] + [str(port) for port in self.cloud.ports]:
            print(f"#   {line}")
        for hv in HVS:
            print(f"# {hv}:", "running" if self.cloud.agents[hv].is_running else "not running")
            for words in (("tail", "-n", "6", f"{self.cloud.dir}/{hv}.log"),
                          ("ip", "netns", "exec", f"{hv}-{os.getpid()}", "dfctl", "kernel",
                           "ports")):
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
    print(f"# seed {SEED}, {ROUNDS} rounds, {SECONDS} s", flush=True)
    sh("modprobe", "-a", "dragonflow", "tun")
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        soak = Soak(Cloud(directory))
        try:
            for number, name in enumerate(CASES, 1):
                failed = failed or not run_case(soak, name)
                print(f"{'not ok' if failed else 'ok'} {number} {name}", flush=True)
            if not failed:
                print(f"# {soak.count} actions in {soak.rounds} rounds; {soak.cloud.probe.end()}")
        finally:
            soak.cloud.destroy()
    return int(failed)


sys.exit(main())
