# SPDX-License-Identifier: GPL-2.0
"""What grows, and what a packet costs then.

A sweep asks a system for a path with so much of something: sweep_WHAT(n). It
answers with the Traffic that shows the difference. The largest size also tells
what one of these weighs in the kernel's memory.
"""
import pathlib
import re
import time

from scenarios import CHAINS, FLOWS, PACKETS, RUNS
from world import SOURCE_MAC, SOURCE_PORT, Failure

NAMES = ("sweep-ports", "sweep-flows", "sweep-routes", "sweep-rules",
         "sweep-hostile")
SIZES = {
    "sweep-ports": (10, 1000, 10000),
    "sweep-flows": (10, 1000, 20000),
    "sweep-routes": (10, 1000, 10000),
    "sweep-rules": (1, 8, 64),
    "sweep-hostile": (100, 10000),
}
# Connections, where few would all be found in a cache in front.
SPREAD = 1000
WEIGHED = {"sweep-ports": "memory-remote-port", "sweep-flows": "memory-flow"}


class Traffic:
    """Packets of a path, so many different ones."""

    def __init__(self, path="l2_local", variants=FLOWS, by=SOURCE_PORT):
        self.path, self.variants, self.by = path, variants, by

    def runs(self, system):
        way = CHAINS[self.path].there
        ports = (1024, 5201)
        # the second time all are known, wherever they have to be answered
        for _ in range(2):
            way.warm(system, max(500, self.variants), ports, self.by,
                     self.variants)
        return [way.send(system, max(PACKETS, self.variants), ports, self.by,
                         self.variants) for _ in range(RUNS)]


def kernel_bytes():
    """Slab, vmalloc and per-cpu memory, when nothing is on its way."""
    time.sleep(1)
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    found = dict(re.findall(r"(\w+): +(\d+) kB", text))
    return 1024 * sum(int(found[name]) for name in
                      ("SUnreclaim", "VmallocUsed", "Percpu", "PageTables"))


def method_of(name):
    return name.replace("-", "_")


def attack(system, count):
    """Frames that no workload of good will sends: addresses and ports that
    nothing has been decided for. Where they end is no concern."""
    way = CHAINS["l2_local"].there
    for place in (SOURCE_MAC, (SOURCE_PORT[0] + 2, SOURCE_PORT[1])):
        try:
            way.send(system, count, (1024, 1), place, count)
        except Failure:
            pass
