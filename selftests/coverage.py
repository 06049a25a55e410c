#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which lines no test has run: coverage.py BUILD OUT [DIR...]

Reads what gcov knows of the objects in BUILD and of the counters that lie
beside them or, at the same absolute path, below a DIR. Prints each file of
kmod/ and agent/ with the share of its lines that were run, and the sums;
writes the lines that were not to OUT, as file:first-last. Fails if kmod/ or
agent/lib/ is below the threshold.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

THRESHOLD = 85
SUMS = ("kmod/", "agent/lib/", "agent/")
MUST = ("kmod/", "agent/lib/")


def source(path, top):
    """The file's name in the tree, or None: the module is built in a copy."""
    path = re.sub(r"^.*/kmod-[^/]*/(kmod/)", r"\1", path)
    path = os.path.normpath(os.path.relpath(os.path.join(top, path), top))
    return path if path.startswith(SUMS) else None


def read(note, counters, top, lines):
    """Add what gcov says of one object; without counters, nothing of it ran."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        shutil.copy(note, place / "object.gcno")
        if counters:
            shutil.copy(counters, place / "object.gcda")
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", "object.gcno"], cwd=place,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    for text in done.stdout.splitlines():
        for entry in json.loads(text)["files"]:
            name = source(entry["file"], top)
            if name:
                for line in entry["lines"]:
                    lines[name][line["line_number"]] += line["count"]


def collect(build, elsewhere, top):
    lines = collections.defaultdict(collections.Counter)
    notes = set(build.rglob("*.gcno"))
    # the fuzzers are another compiler's, which gcov does not understand
    for note in sorted(notes - set(build.glob("fuzz/**/*.gcno"))):
        mine = note.with_suffix(".gcda")
        places = [mine] + [d / mine.relative_to("/") for d in elsewhere]
        for counters in [p for p in places if p.exists()] or [None]:
            read(note, counters, top, lines)
    return lines


def share(counts):
    """Lines, those that ran, and how many of a hundred that is."""
    ran = sum(1 for count in counts if count)
    return len(counts), ran, 100 * ran / len(counts) if counts else 0


def spans(numbers):
    """first-last of each run of lines that follow each other."""
    out = []
    for number in numbers:
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return [f"{a}-{b}" if a != b else str(a) for a, b in out]


def report(lines, out):
    rows = [(name, list(lines[name].values())) for name in sorted(lines)]
    for room in SUMS:
        rows.append((room, [count for name in lines if name.startswith(room)
                            for count in lines[name].values()]))
    figures = {name: share(counts) for name, counts in rows}
    for name, (total, ran, percent) in figures.items():
        print(f"{ran:6} of {total:5} lines {percent:5.1f}%  {name}")
    with open(out, "w", encoding="utf-8") as file:
        for name in sorted(lines):
            idle = sorted(n for n, count in lines[name].items() if not count)
            file.writelines(f"{name}:{span}\n" for span in spans(idle))
    return figures


def main(build, out, *elsewhere):
    top = pathlib.Path(__file__).resolve().parents[1]
    lines = collect(pathlib.Path(build).resolve(),
                    [pathlib.Path(d) for d in elsewhere], top)
    figures = report(lines, out)
    low = [room for room in MUST if figures[room][2] < THRESHOLD]
    for room in low:
        print(f"{room} is below {THRESHOLD}%")
    return bool(low)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
