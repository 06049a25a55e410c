# SPDX-License-Identifier: GPL-2.0
"""What a cloud keeps in memory, so that two moments in which it holds the same
objects can be compared.

What may differ, and why:
- objects of our own caches: the flows of the traffic that is going on; they
  come and go with it, so a few hundred, which is far below what a churn makes
- the kernel's other slabs: those of everybody in it, the tests' processes and
  the file system among them; a lost object for each action would show
- per-CPU memory: handed out in chunks of whole pages
- an agent: SQLite's cache of pages may grow to 2 MB, malloc keeps what was free
- open files: none
"""
import os
import pathlib
import re

KB = {"SUnreclaim": 8192, "Percpu": 512}
FLOWS = 500
AGENT_KB = 3072
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def meminfo(name):
    text = pathlib.Path("/proc/meminfo").read_text(encoding="utf-8")
    return int(re.search(rf"^{name}: *(\d+) kB", text, re.M).group(1))


def own_caches():
    caches = {}
    for line in pathlib.Path("/proc/slabinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("dragonflow", "df_")):
            name, active = line.split()[:2]
            caches[name] = int(active)
    return caches


class Snapshot:
    def __init__(self, cloud):
        self.values = {name: meminfo(name) for name in KB}
        self.limits = dict(KB)
        for name, active in own_caches().items():
            self.add(f"objects of {name}", active, FLOWS)
        for hv, agent in cloud.agents.items():
            proc = pathlib.Path(f"/proc/{agent.process.pid}")
            resident = int((proc / "statm").read_text(encoding="utf-8").split()[1]) * PAGE_KB
            self.add(f"resident kB of {hv}'s agent", resident, AGENT_KB)
            self.add(f"open files of {hv}'s agent", len(list((proc / "fd").iterdir())), 0)

    def add(self, name, value, limit):
        self.values[name] = value
        self.limits[name] = limit

    def grown_since(self, before):
        print("# memory: " + ", ".join(f"{name} {before.values.get(name)} -> {value}"
                                       for name, value in self.values.items()))
        return [f"{name}: {before.values[name]} grew to {value}"
                for name, value in self.values.items()
                if name in before.values and value > before.values[name] + self.limits[name]]
