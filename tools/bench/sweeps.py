# SPDX-License-Identifier: GPL-2.0
"""What grows, and what a packet costs then.

A sweep asks a system for a path with so much of something: sweep_WHAT(n). It
answers with the Traffic that shows the difference. The largest size also tells
what one of these weighs in the kernel's memory.
"""
import contextlib
import pathlib
import re
import time

from scenarios import (CHAINS, CLIENT_PORT, FLOWS, PACKETS, SERVER_PORT, WARM, Lost)
from world import SOURCE_MAC, SOURCE_PORT

NAMES = ("sweep-ports", "sweep-flows", "sweep-routes", "sweep-lookups",
         "sweep-interfaces", "sweep-rules", "sweep-members", "sweep-hostile",
         "sweep-hostile-stateful")
SIZES = {
    "sweep-ports": (10, 300, 3000),
    "sweep-flows": (10, 1000, 20000),
    "sweep-routes": (10, 300, 3000, 100000),
    "sweep-lookups": (10, 300, 3000, 100000),
    "sweep-interfaces": (10, 300, 10000),
    "sweep-rules": (1, 8, 64, 10000),
    "sweep-members": (10, 300, 100000),
    "sweep-hostile": (100, 10000),
    "sweep-hostile-stateful": (0, 100, 10000),
}
# Connections, where few would all be found in a cache in front.
SPREAD = 1000
WEIGHED = {"sweep-ports": "memory-remote-port", "sweep-flows": "memory-flow",
           "sweep-routes": "memory-route", "sweep-rules": "memory-rule",
           "sweep-members": "memory-member",
           "sweep-interfaces": "memory-router-interface"}


class Traffic:
    """Packets of a path, so many different ones; answered if connections are
    kept track of."""

    def __init__(self, path="l2_local", variants=FLOWS, by=SOURCE_PORT,
                 answered=False, chain=None):
        self.path, self.variants, self.by = path, variants, by
        self.answered, self.chain = answered, chain or path

    def runs(self, system):
        chain = CHAINS[self.chain]
        ports = (CLIENT_PORT, SERVER_PORT)
        rest = (ports, self.by, self.variants)
        chain.there.warm(system, max(WARM, self.variants), *rest)
        if self.answered:
            chain.answer(system, self.variants)
            chain.there.warm(system, max(WARM, self.variants), *rest)
        return [chain.there.send(system, max(PACKETS, self.variants), *rest)
                for _ in range(system.world.runs)]


def kernel_bytes():
    """Slab, vmalloc and per-cpu memory, when nothing is on its way."""
    time.sleep(1)
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    found = dict(re.findall(r"(\w+): +(\d+) kB", text))
    return 1024 * sum(int(found[name]) for name in
                      ("SUnreclaim", "VmallocUsed", "Percpu", "PageTables"))


def sizes(name, system):
    """Those that the system is measured at."""
    most = system.MOST.get(name, max(SIZES[name]))
    return [size for size in SIZES[name] if size <= most]


def method_of(name):
    return name.replace("-", "_")


def attack(system, count):
    """Frames that no workload of good will sends: addresses and ports that
    nothing has been decided for. Where they end is no concern, but they are
    sent."""
    way = CHAINS["l2_local"].there
    for place in (SOURCE_MAC, (SOURCE_PORT[0] + 2, SOURCE_PORT[1])):
        with contextlib.suppress(Lost):
            way.send(system, count, (CLIENT_PORT, 1), place, count)


def attack_by_neighbour(system, count):
    """The receiver begins so many connections, allowed ones and others."""
    if not count:
        return
    for port in (SERVER_PORT, 1):
        CHAINS["l2_local"].intrude(system, count, port)
