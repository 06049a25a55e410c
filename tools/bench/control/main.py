#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The control plane's benchmark, in the VM: run starts it; see there.

Writes results (see report.py) to a file; says on standard output how it gets
on, and what did not finish.
"""
import argparse
import math
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tools" / "bench"))

# pylint: disable=wrong-import-position
import report  # noqa: E402
from dragonflow import DRIVERS, Dragonflow  # noqa: E402
from machine import Deadline, Failure, Probes, is_reached  # noqa: E402
from ovn import Ovn  # noqa: E402

SYSTEMS = {system.NAME: system for system in (Dragonflow, Ovn)}
PORTS = (100, 1000, 10000)
CHANGES, BATCHES, COMMANDS = 50, 3, 5
LEAST_FOR_P99 = 20
# Probes before the kill and after the end of the restart.
FLOW_S = 2
# Long enough for the flows of a big network to be computed.
CLEAR_MS = 10000


def quantile(values, share):
    """By nearest rank: one of the values."""
    values = sorted(values)
    return values[max(0, math.ceil(share * len(values)) - 1)]


class Bench:
    """One system with one number of ports; its results join all others."""

    def __init__(self, args, system, ports, results):
        self.args, self.name, self.ports = args, system, ports
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dfcontrol-"))
        self.build = pathlib.Path(args.build)
        self.system = SYSTEMS[system](self.build, self.directory, ports,
                                      args.driver)
        self.repeat = args.repeat if ports < 10000 else \
            max(1, args.repeat - 1)
        self.results = results

    def say(self, text):
        print(f"{time.monotonic() - self.args.begin:6.0f} s  "
              f"{self.name:<11} {self.ports:>6} ports  {text}", flush=True)

    def add(self, scenario, metric, unit, runs, value=None):
        entry = report.result(f"{scenario}-{self.ports}", self.name, metric,
                              unit, runs, value)
        self.results.append(entry)
        # whoever ends a long run keeps what it has measured
        report.save(self.args.output, self.results)
        runs = " ".join(map(report.number, entry["runs"]))
        self.say(f"{scenario}: {metric} {report.number(entry['value'])} {unit}"
                 f"  ({runs})")

    def timed(self, deadline):
        begin = time.monotonic()
        self.system.start(deadline)
        self.system.wait(deadline)
        return time.monotonic() - begin

    def cold_start(self, deadline):
        """From the start of the agent, an empty kernel, to all in it."""
        runs = []
        for _ in range(self.repeat):
            self.system.empty(deadline)
            runs.append(self.timed(deadline))
        self.add("cold-start", "seconds", "s", runs)

    def offline_start(self, deadline):
        """The same without the database, from what the agent knew last. OVN's
        controller has nothing then."""
        if not hasattr(self.system, "lose_database"):
            return
        runs = []
        for _ in range(self.repeat):
            deadline.wait_for(self.system.is_kept)
            self.system.lose_database()
            self.system.empty(deadline)
            begin = time.monotonic()
            self.system.start(deadline)
            deadline.wait_for(self.system.is_programmed)
            runs.append(time.monotonic() - begin)
            self.system.find_database()
            self.system.wait(deadline)
        self.add(f"cold-start-offline-{self.args.driver}", "seconds", "s", runs)

    def size(self, deadline):
        for metric, (value, unit) in self.system.sizes(deadline).items():
            self.add("size", metric, unit, [value])
        for place, daemons in zip(("hypervisor", "central"),
                                  self.system.daemons()):
            memory = [daemon.memory() for daemon in daemons] or [(0, 0)]
            for kind, values in zip(("rss", "pss"), zip(*memory)):
                self.add("size", f"{place}_{kind}_bytes", "bytes",
                         [sum(values)])

    def commit(self, deadline):
        """From a commit to its effect."""
        batches = {}
        for _ in range(BATCHES):
            for prefix, times in self.system.changes(CHANGES, deadline).items():
                batches.setdefault(prefix, []).append(times)
        scenario = f"commit-to-kernel-{self.args.driver}"
        for prefix, runs in batches.items():
            every = sum(runs, [])
            self.add(scenario, f"{prefix}p50_ms", "ms",
                     [statistics.median(times) for times in runs])
            if len(every) < LEAST_FOR_P99:
                self.say(f"{scenario}: too few changes for a p99:"
                         f" {len(every)}")
                continue
            # the least of the batches would be the luckiest, not the 99th
            self.add(scenario, f"{prefix}p99_ms", "ms",
                     [quantile(times, 0.99) for times in runs],
                     quantile(every, 0.99))
        self.add(scenario, "command_ms", "ms",
                 [self._command(n, deadline) for n in range(COMMANDS)])

    def _command(self, number, deadline):
        begin = time.monotonic()
        self.system.command(number, deadline)
        return (time.monotonic() - begin) * 1000

    def restart(self, deadline):
        """From the start of the agent, all there already, to knowing it."""
        runs, written = [], []
        for _ in range(self.repeat):
            self.system.kill()
            runs.append(self.timed(deadline))
            written.append(self.system.written())
        self.add("restart", "seconds", "s", runs)
        self.add("restart", "objects_written", "objects", written)

    def outage_agent(self, deadline):
        self._outage("outage-agent-killed", self.system.kill,
                     self.system.start, deadline)

    def outage_agent_waiting(self, deadline):
        """The controller of OVN begins by deleting all flows, unless it is
        told to wait: as good as it gets. Ours never does."""
        if hasattr(self.system, "wait_before_clear"):
            self.system.wait_before_clear(CLEAR_MS)
            self._outage("outage-agent-killed-waiting", self.system.kill,
                         self.system.start, deadline)
            self.system.wait_before_clear(0)

    def outage_switch(self, deadline):
        """OVN alone has a switch that can die: ours is the kernel."""
        if hasattr(self.system, "kill_switch"):
            self._outage("outage-switch-killed", self.system.kill_switch,
                         self.system.start_switch, deadline)

    def _outage(self, scenario, kill, start, deadline):
        deadline.wait_for(is_reached)
        lost, sent, gaps = [], [], []
        for _ in range(self.repeat):
            with Probes(self.build, self.directory) as probes:
                time.sleep(FLOW_S)
                kill()
                start(deadline)
                self.system.wait(deadline)
                time.sleep(FLOW_S)
            lost.append(probes.number("sent") - probes.number("received"))
            sent.append(probes.number("sent"))
            gaps.append(probes.number("longest_gap_ms"))
        self.add(scenario, "probes_lost", "probes", lost, max(lost))
        self.add(scenario, "probes", "probes", sent)
        self.add(scenario, "longest_gap_ms", "ms", gaps, max(gaps))

    def first_packet(self, deadline):
        """From a packet to a port that is not known to the port. OVN knows all
        in advance."""
        if not hasattr(self.system, "first_packets"):
            return
        self.system.fill_on_demand(deadline)
        # the first of each batch is not counted
        size = min(CHANGES + 1, self.ports // BATCHES)
        runs = [self.system.first_packets(range(n * size, (n + 1) * size), deadline)
                for n in range(BATCHES)]
        scenario = f"first-packet-{self.args.driver}"
        self.add(scenario, "p50_ms", "ms", [statistics.median(run) for run in runs])
        every = sum(runs, [])
        if len(every) < LEAST_FOR_P99:
            self.say(f"{scenario}: too few packets for a p99: {len(every)}")
            return
        self.add(scenario, "p99_ms", "ms", [quantile(run, 0.99) for run in runs],
                 quantile(every, 0.99))

    STEPS = {"cold-start": cold_start,
             "cold-start-offline": offline_start, "size": size,
             "commit-to-kernel": commit, "restart": restart,
             "outage-agent-killed": outage_agent,
             "outage-agent-killed-waiting": outage_agent_waiting,
             "outage-switch-killed": outage_switch,
             "first-packet": first_packet}

    def run(self):
        """Whether all of it was measured."""
        deadline = Deadline(self.args.limit)
        scenario = "start"
        try:
            self.system.fill(deadline)
            self.say("the database is filled")
            if "cold-start" not in self.args.scenarios:
                self.system.empty(deadline)
                self.timed(deadline)
            for scenario in self.args.scenarios:
                self.STEPS[scenario](self, deadline)
        except (Failure, OSError) as error:
            self.say(f"{scenario}: FAILED: {error}")
            if self.args.logs:
                shutil.copytree(self.directory,
                                pathlib.Path(self.args.logs,
                                             f"{self.name}-{self.ports}"),
                                ignore=lambda _, names: [
                                    name for name in names
                                    if not name.endswith(".log")])
            return False
        finally:
            self.system.stop()
            shutil.rmtree(self.directory)
        return True


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--output", required=True, help="the file of results")
    parser.add_argument("--logs", help="directory, for those of failures")
    parser.add_argument("--ports", nargs="+", type=int,
                        help="in the network; without it those that a system"
                        " is measured with in reasonable time")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS,
                        default=list(SYSTEMS), metavar="SYSTEM")
    parser.add_argument("--scenarios", nargs="+", choices=Bench.STEPS,
                        default=list(Bench.STEPS), metavar="SCENARIO")
    parser.add_argument("--driver", choices=DRIVERS, default="sqlite")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--limit", type=int, default=240,
                        help="seconds for one system with one number of ports")
    return parser.parse_args()


def plan(ports, systems):
    """How many ports with which system, and what is left out unless it is
    asked for."""
    pairs = [(n, name) for n in ports or PORTS for name in systems]
    left_out = [] if ports else [
        (n, name) for n, name in pairs if n > SYSTEMS[name].MOST]
    return [pair for pair in pairs if pair not in left_out], left_out


def main():
    args = arguments()
    args.begin = time.monotonic()
    # a system is measured in the order that makes sense, whatever was typed
    args.scenarios = [name for name in Bench.STEPS if name in args.scenarios]
    results, complete = [], True
    pairs, left_out = plan(args.ports, args.systems)
    for ports, system in pairs:
        complete = Bench(args, system, ports, results).run() and complete
    if not complete:
        print("not everything was measured: see above")
    for ports, system in left_out:
        print(f"left out: {system} with {ports} ports takes too long; to have"
              f" it: -y {system} -n {ports} -l SECONDS")
    sys.exit(0 if results else 1)


if __name__ == "__main__":
    main()
