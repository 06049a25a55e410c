# SPDX-License-Identifier: GPL-2.0
"""What a cloud keeps in memory, so that two moments in which it holds the same
objects and no packet is under way can be compared.

What may differ, and why:
- what the module has allocated: nothing, where the kernel says who has allocated
  what (it was started with slub_debug=U, as make soak does). Elsewhere all that
  is known is how many objects of a size there are on the account of anybody.
- flow entries: none, they have all been flushed
- neighbours and routes of the underlay: the kernel keeps those that it was asked for
- packets: a few may wait in sockets of others
- the kernel's other slabs: those of everybody in it, the tests' processes and
  the file system among them
- per-CPU memory: handed out in chunks of whole pages
- the agent that is never killed: SQLite's cache of pages may grow to 2 MB, malloc
  keeps what was free
- open files: SQLite, when it has moved its log, keeps that connection's file for
  the next time as long as another one of the process holds locks
"""
import collections
import itertools
import os
import pathlib
import re

KB = {"SUnreclaim": 8192, "Percpu": 512}
AGENT_KB, DATABASE_KB = 3072, 8192
FILES = 2
MANY = 256                          # objects of a kind that everybody uses
FLOWS = "dragonflow_flow"
SLABS = pathlib.Path("/sys/kernel/slab")
TRACES = pathlib.Path("/sys/kernel/debug/slab")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
FUNCTION = re.compile(r"(\w+)\+0x\S+( \[dragonflow\])?")
UNDERLAY = re.compile("_*neigh_|dst_alloc$")


def meminfo(name):
    text = pathlib.Path("/proc/meminfo").read_text(encoding="utf-8")
    return int(re.search(rf"^{name}: *(\d+) kB", text, re.M).group(1))


def about(cache, what):
    return (SLABS / cache / what).read_text(encoding="ascii").split()[0]


def objects_of(cache):
    """Those in use; the kernel counts what a CPU has at hand as used, so not before
    it has put that back.
    """
    (SLABS / cache / "shrink").write_text("1", encoding="ascii")
    return int(about(cache, "objects"))


def calls(cache):
    """How often objects were allocated, and by which functions, the innermost first."""
    count, names = 0, []
    for line in (TRACES / cache / "alloc_traces").read_text(encoding="utf-8").splitlines():
        first = re.match(r" *(\d+) ", line)
        if first:
            yield count, names
            count, names = int(first[1]), []
        names += FUNCTION.findall(line)
    yield count, names


def to_blame(names):
    """The function of the module that has asked for an object, and by which others it
    was allocated; None if it is none of ours.
    """
    theirs = list(itertools.takewhile(lambda one: not one[1], names))
    way = [name for name, _ in theirs]
    if len(way) == len(names) or any(UNDERLAY.match(name) for name in way):
        return None
    return names[len(way)][0], " < ".join(way)


def traced():
    """How many objects each function of the module has allocated, and by which others;
    empty if nobody has kept that.
    """
    counts, ways = collections.Counter(), {}
    for cache in (path.name for path in SLABS.iterdir()):
        if cache.startswith(("kmalloc-", "dragonflow")) and about(cache, "store_user") == "1":
            # what waits to be freed is none
            objects_of(cache)
            for count, blame in ((count, to_blame(names)) for count, names in calls(cache)):
                if blame:
                    counts[blame[0]] += count
                    ways.setdefault(blame[0], set()).add(blame[1])
    return counts, ways


class Snapshot:
    def __init__(self, cloud, hv):
        """@hv: whose agent has not been restarted."""
        self.values = {}
        self.limits = {}
        self.ways = {}              # of allocation, by function
        for name, limit in KB.items():
            self.add(f"{name} kB", meminfo(name), limit)
        self.add_objects()
        proc = pathlib.Path(f"/proc/{cloud.agents[hv].process.pid}")
        resident = int((proc / "statm").read_text(encoding="utf-8").split()[1]) * PAGE_KB
        self.add(f"resident kB of {hv}'s agent", resident, AGENT_KB)
        for name, agent in cloud.agents.items():
            files = pathlib.Path(f"/proc/{agent.process.pid}/fd")
            self.add(f"open files of {name}'s agent", len(list(files.iterdir())), FILES)
        size = sum(file.stat().st_size for file in cloud.dir.glob("nb.db*"))
        self.add("kB of the database", size // 1024, DATABASE_KB)

    def add_objects(self):
        counts, self.ways = traced()
        for name, count in counts.items():
            self.add(f"objects from {name}", count, 0)
        for cache in () if counts else SLABS.glob("kmalloc-cg-*"):
            self.add(f"objects of {cache.name}", objects_of(cache.name), MANY)
        # others may have objects in the same cache
        shared = about(FLOWS, "aliases") != "0"
        self.add("flow entries", objects_of(FLOWS), MANY if shared else 0)
        self.add("packets", objects_of("skbuff_head_cache"), MANY)

    def add(self, name, value, limit):
        self.values[name] = value
        self.limits[name] = limit

    def __str__(self):
        return ", ".join(f"{name} {value}" for name, value in sorted(self.values.items()))

    def grown_since(self, before):
        return [f"{name}: {before.values.get(name, 0)} grew to {value}"
                + "".join(f"; by {way}" for way in self.ways.get(name.split()[-1], ()))
                for name, value in self.values.items()
                if value > before.values.get(name, 0) + self.limits[name]]
