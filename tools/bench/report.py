#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a benchmark has found: its file, its table, its picture.

    report.py [--svg FILE [--metric METRIC] [--pick REGEX]] [--markdown]
              [--missing FILE...] [--join FILE] [--] BENCH.JSON...

prints the tables of one or more files, and draws one metric of the scenarios
that a regular expression picks. A file is an array of results:

    scenario  what was done; of a sweep "sweep-WHAT-N"
    system    by what: dragonflow, or what stands beside it
    metric    what was measured, e.g. instructions_net
    value     the one number that counts: of several runs the least, or, of a
              ratio, the middle one
    unit      of the value, e.g. "instructions"
    runs      the numbers it was made of, one at least
"""
import argparse
import json
import math
import pathlib
import re
import sys

from svg import bars

KEYS = ("scenario", "system", "metric", "value", "unit", "runs")
# The order of columns; others follow in the order they come.
SYSTEMS = ("dragonflow", "mirred", "flower", "flowtable", "ovs", "ovn")

# What a picture shows that has room for a screen: routed and first packets.
PICKED = "^(l3|new)-"


class Nonsense(Exception):
    """Not results that anybody should believe or draw."""


def result(scenario, system, metric, unit, runs, value=None):
    """One entry of a file. The least of its runs is its value unless told."""
    runs = [round(run, 3) for run in runs]
    return dict(zip(KEYS, (scenario, system, metric,
                           min(runs) if value is None else round(value, 3),
                           unit, runs)))


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) \
        and math.isfinite(value)


def check(results):
    """Raise Nonsense unless this is an array of results, each there once."""
    if not isinstance(results, list) or not results:
        raise Nonsense("no results")
    seen = set()
    for entry in results:
        if not isinstance(entry, dict) or set(entry) != set(KEYS):
            raise Nonsense(f"not a result: {entry}")
        names = tuple(entry[key] for key in ("scenario", "system", "metric"))
        if not all(isinstance(name, str) and name
                   for name in names + (entry["unit"],)):
            raise Nonsense(f"a name is missing: {entry}")
        if not entry["runs"] or \
                not all(map(_is_number, entry["runs"] + [entry["value"]])):
            raise Nonsense(f"not numbers: {entry}")
        if not min(entry["runs"]) <= entry["value"] <= max(entry["runs"]):
            raise Nonsense(f"the value is none of the runs': {entry}")
        if names in seen:
            raise Nonsense(f"twice: {' '.join(names)}")
        seen.add(names)


def load(path):
    try:
        results = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Nonsense(f"{path}: {error}") from error
    check(results)
    return results


def save(path, results):
    check(results)
    lines = ",\n".join(json.dumps(entry) for entry in results)
    pathlib.Path(path).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def spread(entry):
    """How far the runs are apart, in percent of the value."""
    width = max(entry["runs"]) - min(entry["runs"])
    return 100 * width / abs(entry["value"]) if entry["value"] else 0


def number(value):
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def _ordered(names, first=()):
    names = list(dict.fromkeys(names))
    return [name for name in first if name in names] + \
        [name for name in names if name not in first]


def _natural(text):
    """Sort key: what stands before a number at the end, then that number."""
    found = re.fullmatch(r"(.*?)-(\d+)", text)
    return (found[1], int(found[2])) if found else (text, 0)


def scenarios_of(results):
    """In the order they come, but sweeps at the end and by size."""
    names = _ordered(entry["scenario"] for entry in results)
    sweeps = [name for name in names if name.startswith("sweep-")]
    return [name for name in names if name not in sweeps] + \
        sorted(sweeps, key=_natural)


def table(results, metric):
    """Lines: a scenario each, a column for each system and for the spread."""
    chosen = [entry for entry in results if entry["metric"] == metric]
    cells = {(e["scenario"], e["system"]): e for e in chosen}
    systems = _ordered((e["system"] for e in chosen), SYSTEMS)
    lines = [[f"{metric} [{chosen[0]['unit']}]"] + systems + ["spread"]]
    for scenario in scenarios_of(chosen):
        row = [cells.get((scenario, system)) for system in systems]
        widest = max(spread(entry) for entry in row if entry)
        lines.append([scenario]
                     + [number(e["value"]) if e else "-" for e in row]
                     + [f"{widest:.2g} %"])
    return lines


def _aligned(lines):
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(
        [line[0].ljust(widths[0])]
        + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
        for line in lines)


def text(results, markdown=False):
    """All tables, one for each metric."""
    parts = []
    for metric in _ordered(entry["metric"] for entry in results):
        lines = table(results, metric)
        if markdown:
            rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
            parts.append("\n".join(f"| {' | '.join(line)} |"
                                   for line in lines[:1] + [rule] + lines[1:]))
        else:
            parts.append(_aligned(lines))
    return "\n\n".join(parts)


def text_missing(missing):
    """What was left out, and why: the scenarios of each system and reason."""
    reasons = {}
    for entry in missing:
        reasons.setdefault((entry["system"], entry["why"]), []).append(
            entry["scenario"])
    return "\n".join(["left out:"] + [
        f"  {system}: {why}: {' '.join(dict.fromkeys(names))}"
        for (system, why), names in reasons.items()])


def draw(path, results, metric, pick):
    chosen = [entry for entry in results if entry["metric"] == metric
              and re.search(pick, entry["scenario"])]
    if not chosen:
        print(f"\nnothing to draw: no {metric} of {pick}")
        return
    systems = _ordered((entry["system"] for entry in chosen), SYSTEMS)
    groups = [(scenario, sorted(
        ((e["system"], e["value"]) for e in chosen
         if e["scenario"] == scenario), key=lambda e: systems.index(e[0])))
        for scenario in scenarios_of(chosen)]
    title = f"{chosen[0]['unit']} per packet, beyond those of a bare redirect"
    pathlib.Path(path).write_text(bars(title, groups, SYSTEMS[0], number),
                                  encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--svg", metavar="FILE")
    parser.add_argument("--metric", default="instructions_net")
    parser.add_argument("--pick", default=PICKED, metavar="REGEX")
    parser.add_argument("--markdown", action="store_true",
                        help="tables as in our documentation")
    parser.add_argument("--join", metavar="FILE",
                        help="write all results into one file")
    parser.add_argument("--missing", metavar="FILE", nargs="*", default=[],
                        help="what was left out: scenario, system, why")
    parser.add_argument("files", nargs="+", metavar="BENCH.JSON")
    args = parser.parse_args()
    try:
        results = [entry for path in args.files for entry in load(path)]
        if args.join:
            save(args.join, results)
        print(text(results, args.markdown))
        missing = [entry for path in args.missing for entry in json.loads(
            pathlib.Path(path).read_text(encoding="utf-8"))]
        if missing:
            print("\n" + text_missing(missing))
        if args.svg:
            draw(args.svg, results, args.metric, args.pick)
    except Nonsense as error:
        sys.exit(f"report: {error}")


if __name__ == "__main__":
    main()
