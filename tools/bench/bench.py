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
import systems
from world import Failure, World

ZERO = systems.NAMES[0]


class Bench:
    """The results so far, and why others are missing."""

    def __init__(self, unit):
        self.unit = unit
        self.totals, self.results, self.missing = {}, [], []
        self.failed = False

    def leave_out(self, scenario, system, why):
        self.missing.append({"scenario": scenario, "system": system,
                             "why": why})

    def measured(self, scenario, system, runs):
        self.totals[scenario, system] = min(runs)
        zero = self.totals.get((scenario.removesuffix(scenarios.STATEFUL),
                                ZERO))
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

    def one(self, world, name, system):
        """One scenario of one system."""
        scenario, stateful = scenarios.split(name)
        path = scenario.path_of(stateful)
        why = systems.lacks(type(system), path)
        if why:
            self.leave_out(name, system.NAME, why)
            return
        try:
            getattr(system, path)()
            runs = scenario.runs(world, stateful)
            self.measured(name, system.NAME, runs)
            done = f"{min(runs):10.1f}"
        except (Failure, OSError) as error:
            self.failed = True
            self.leave_out(name, system.NAME, f"FAILED: {error}")
            done = f"FAILED: {error}"
        finally:
            system.down()
        print(f"{name:<28} {system.NAME:<11} {done}", flush=True)


def measure(args):
    bench = Bench(args.unit)
    with World(args.traffic, args.unit == "cycles") as world:
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
                for scenario in args.scenarios:
                    bench.one(world, scenario, system)
            finally:
                system.close()
    return bench


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
    if args.unit != "cycles":
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
    what.add_argument("--traffic", help="the generator")
    parser.add_argument("--output", default=".",
                        help="directory, for results and what is missing")
    args = parser.parse_args()
    args.scenarios = chosen(args.scenarios, scenarios.NAMES, "scenario")
    args.systems = chosen(args.systems, systems.NAMES, "system")
    if ZERO not in args.systems:
        args.systems.insert(0, ZERO)
    return args


def main():
    args = arguments()
    if args.plan:
        plan(args)
        return
    try:
        bench = measure(args)
    except Failure as error:
        sys.exit(f"bench: {error}")
    out = pathlib.Path(args.output)
    for name, content in (("", bench.results), ("-missing", bench.missing)):
        (out / f"{args.unit}{name}.json").write_text(
            json.dumps(content), encoding="utf-8")
    sys.exit(bench.failed)


if __name__ == "__main__":
    main()
