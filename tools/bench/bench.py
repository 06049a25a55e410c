#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Measure systems in scenarios, where we are: in the VM, or on real hardware.

tools/bench/run starts it; see there. Writes results (see report.py) to a file,
and says on standard output how it gets on.
"""
import argparse
import json
import pathlib
import sys

import report
import scenarios
import sweeps
import systems
from world import Failure, World

ZERO = systems.NAMES[0]
SCENARIOS = scenarios.NAMES + sweeps.NAMES
# How often all is measured: the best counts, and where time does, most of them
# are disturbed.
RUNS = {"instructions": 3, "cycles": 3, "time": 10}


class Bench:
    """The results so far, and why others are missing."""

    def __init__(self, unit, out):
        self.unit, self.out = unit, pathlib.Path(out)
        self.totals, self.results, self.missing = {}, [], []
        self.failed = False
        self.like = None

    def leave_out(self, scenario, system, why):
        self.missing.append({"scenario": scenario, "system": system,
                             "why": why})

    def save(self):
        """To a file, as it stands: the VM's time may run out."""
        if not self.results:
            return
        for name, what in (("-missing", self.missing), ("", self.results)):
            path = self.out / f"{self.unit}{name}.json"
            new = path.with_suffix(".new")
            new.write_text(json.dumps(what), encoding="utf-8")
            new.replace(path)

    def measured(self, scenario, system, runs, like=None):
        """Runs of a scenario; like is one on the same chain, if not itself."""
        self.totals[scenario, system] = min(runs)
        like = (like or scenario).removesuffix(scenarios.STATEFUL)
        zero = self.totals.get((like, ZERO))
        if self.unit == "time":
            self._ratio(scenario, system, runs, zero)
            return
        self.results.append(report.result(
            scenario, system, f"{self.unit}_total", self.unit, runs))
        if zero is not None and system != ZERO:
            self.results.append(report.result(
                scenario, system, f"{self.unit}_net", self.unit,
                [run - zero for run in runs]))

    def _ratio(self, scenario, system, runs, zero):
        """Time says little on a machine that does other things: the best of
        the runs, and only next to the best of the zero line."""
        if zero is None or system == ZERO:
            return
        ratios = [zero / run for run in runs]
        self.results.append(report.result(
            scenario, system, "throughput_ratio", f"of {ZERO}", ratios,
            max(ratios)))

    def one(self, name, system):
        """One scenario of one system."""
        scenario, stateful = scenarios.split(name)
        path = scenario.path_of(stateful)

        def work():
            if system.NAME != ZERO and \
                    (scenario.talks or self.unit == "time"):
                self._zero_anew(name, scenario, system.world)
            getattr(system, path)()
            return scenario.runs(system, stateful)
        if self._can(name, system, path):
            self._try(name, system, work)

    def _zero_anew(self, name, scenario, world):
        """The zero line as it is now. Time wants it close by, for a machine
        is not always as busy. And where workloads have sockets, it is the one
        with the system's modules in the kernel: what these do within the
        workloads (openvswitch has all namespaces track connections) would not
        happen in virtual machines."""
        zero = systems.load(ZERO)(world)
        try:
            getattr(zero, scenario.path)()
            self.totals[name.removesuffix(scenarios.STATEFUL), ZERO] = \
                min(scenario.runs(zero, False))
        finally:
            zero.down()

    def sweep(self, name, system):
        """A sweep: a scenario for each size."""
        method, weight = sweeps.method_of(name), sweeps.WEIGHED.get(name)
        if not self._can(name, system, method):
            return
        sizes = sweeps.sizes(name, system)
        for size in sweeps.SIZES[name][len(sizes):]:
            self.leave_out(f"{name}-{size}", system.NAME, "takes too long")
        for size in sizes:

            def work(size=size):
                before = sweeps.kernel_bytes()
                traffic = getattr(system, method)(size)
                runs = traffic.runs(system)
                if weight and size == sizes[-1]:
                    self.results.append(report.result(
                        weight, system.NAME, "bytes_per_object", "bytes",
                        [(sweeps.kernel_bytes() - before) / size]))
                self.like = traffic.path.replace("_", "-")
                return runs
            self._try(f"{name}-{size}", system, work)

    def _can(self, name, system, method):
        why = systems.lacks(type(system), method)
        if why:
            self.leave_out(name, system.NAME, why)
        return not why

    def _try(self, name, system, work):
        self.like = None
        try:
            runs = work()
            self.measured(name, system.NAME, runs, self.like)
            done = f"{min(runs):10.1f}"
        except (Failure, OSError) as error:
            self.failed = True
            done = f"FAILED: {error}"
            self.leave_out(name, system.NAME, done)
        finally:
            system.down()
        self.save()
        print(f"{name:<28} {system.NAME:<11} {done}", flush=True)


def zero_line(names):
    """What the zero line has to be measured at to be that of the others."""
    needed = {name.removesuffix(scenarios.STATEFUL) for name in names}
    if needed & set(sweeps.NAMES):
        needed |= {"l2-local", "l3-local"}
    return [name for name in scenarios.SCENARIOS if name in needed]


def measure(args, bench):
    with World(args.traffic, RUNS[args.unit], args.unit == "cycles") as world:
        for name in args.systems:
            try:
                system = systems.load(name)(world)
            except (Failure, OSError) as error:
                bench.failed = True
                for scenario in args.scenarios:
                    bench.leave_out(scenario, name, f"FAILED: {error}")
                print(f"{name}: FAILED: {error}", flush=True)
                continue
            try:
                for scenario in (zero_line(args.scenarios) if name == ZERO
                                 else args.scenarios):
                    if scenario in sweeps.NAMES:
                        bench.sweep(scenario, system)
                    else:
                        bench.one(scenario, system)
            finally:
                system.close()


def chosen(words, known, what):
    """Names of words, "all" being all; sorted as known is."""
    words = " ".join(words).split()
    unknown = [word for word in words if word not in known + ("all",)]
    if unknown or not words:
        sys.exit(f"bench: no such {what}: {' '.join(unknown)}\n"
                 f"known: {' '.join(known)}")
    return [name for name in known if name in words or "all" in words]


def plan(args):
    """What has to be run where: the arguments of this program for each VM,
    a line each."""
    names, timed = args.scenarios, []
    if args.unit != "cycles" and not args.quick:
        timed = [name for name in names if name in scenarios.TIMED]
    for unit, scenario_names in ((args.unit, names), ("time", timed)):
        if scenario_names:
            print("--unit", unit, "--systems", *args.systems,
                  "--scenarios", *scenario_names)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--unit", default="instructions",
                        choices=["instructions", "cycles", "time"])
    parser.add_argument("--scenarios", nargs="+", default=["all"])
    parser.add_argument("--systems", nargs="+", default=["all"])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", action="store_true",
                      help="print what has to be run, and do not")
    parser.add_argument("--quick", action="store_true",
                        help="plan no throughput")
    what.add_argument("--traffic", help="the generator")
    parser.add_argument("--output", default=".",
                        help="directory, for results and what is missing")
    args = parser.parse_args()
    args.scenarios = chosen(args.scenarios, SCENARIOS, "scenario")
    args.systems = chosen(args.systems, systems.NAMES, "system")
    if ZERO not in args.systems:
        args.systems.insert(0, ZERO)
    return args


def main():
    args = arguments()
    if args.plan:
        plan(args)
        return
    bench = Bench(args.unit, args.output)
    try:
        measure(args, bench)
    except Failure as error:
        sys.exit(f"bench: {error}")
    finally:
        bench.save()
    sys.exit(bench.failed)


if __name__ == "__main__":
    main()
