#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a packet of a cached flow costs, and what a port and a flow weigh.

    blast -> gen --veth--> in (tc: dragonflow, or matchall + mirred) -> out

Runs in a VM where a nanosecond is an instruction, see run. "out" is a dummy
device, which drops. blast varies the source address, so that every address is
a flow entry of its own.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
# The tests' client knows nothing but the spec: as good here as there.
sys.path.insert(0, str(TOP / "selftests" / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    Dragonflow, Tc)

OUT_MAC = "02:00:00:00:00:02"
MANY_PORTS = 10000
MANY_FLOWS = 100000


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def send(count, sources, repeat=1):
    """Send packets; the least cost of a packet in several tries."""
    return min(float(subprocess.run(
        [sys.argv[1], "gen", str(count), str(sources)], check=True,
        stdout=subprocess.PIPE, text=True).stdout) for _ in range(repeat))


def devices():
    pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text(
        "1", encoding="ascii")
    run("ip", "link", "add", "gen", "type", "veth", "peer", "name", "in")
    run("ip", "link", "add", "out", "type", "dummy")
    for dev in ("gen", "in", "out"):
        run("ip", "link", "set", dev, "up")


def zero_line():
    """The same way without a decision."""
    run("tc", "qdisc", "add", "dev", "in", "clsact")
    run("tc", "filter", "add", "dev", "in", "ingress", "matchall", "action",
        "mirred", "egress", "redirect", "dev", "out")
    send(2000, 10)
    cost = send(20000, 10, 3)
    run("tc", "qdisc", "del", "dev", "in", "clsact")
    return cost


def kernel_bytes():
    """Slab, vmalloc and per-cpu memory, when nothing is on its way."""
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    found = dict(re.findall(r"(\w+): +(\d+) kB", text))
    return 1024 * sum(int(found[name]) for name in
                      ("SUnreclaim", "VmallocUsed", "Percpu", "PageTables"))


def mac(n):
    return f"02:00:02:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


def remote_ports(df, count):
    df.batch(("port-new", {"id": 1000 + n, "type": "remote", "network": 1,
                           "mac": mac(n), "chassis": 1 + n % 100})
             for n in range(count))


def program(df, tc):
    df.do("datapath-set", {"flow-idle-ms": 3600000})
    df.do("network-new", {"id": 1, "vni": 100})
    df.do("port-new", {"id": 3, "type": "tunnel"})
    for n in range(100):
        df.do("chassis-new", {"id": 1 + n, "tunnel": 3,
                              "remote-ip4": f"198.51.100.{1 + n}"})
    port_in(df, "l2")
    df.do("port-new", {"id": 2, "type": "vif", "network": 1,
                       "mac": OUT_MAC})
    tc.attach("in", 1)
    tc.attach("out", 2)


def port_in(df, kind, limit=2 * MANY_FLOWS):
    df.do("port-new", {"id": 1, "type": "vif", "network": 1,
                       "mac": "02:00:00:00:00:01", "flow-class": kind,
                       "flow-limit": limit})
    df.do("flow-flush", {})


class Table:
    def __init__(self, zero):
        self.zero = zero
        print(f"{'instructions per packet':<44}{'flows':>8}{'ports':>8}"
              f"{'total':>8}{'net':>8}")
        self.row("no decision (tc matchall + mirred)", "-", "-", zero)

    def row(self, what, flows, ports, cost):
        print(f"{what:<44}{flows:>8}{ports:>8}{cost:>8.0f}"
              f"{cost - self.zero:>8.0f}", flush=True)


def cached(df, table, kind, flows):
    port_in(df, kind)
    send(2 * flows + 2000, flows)
    found = df.do("datapath-get")
    cost = send(max(20000, 2 * flows), flows, 3 if flows < 1000 else 1)
    table.row(f"cached, class {kind}", found["flows"], found["ports"], cost)


def main():
    devices()
    table = Table(zero_line())
    run("modprobe", "dragonflow")
    df, tc = Dragonflow(), Tc()
    program(df, tc)

    before = kernel_bytes()
    remote_ports(df, MANY_PORTS)
    port_bytes = (kernel_bytes() - before) / MANY_PORTS
    before = kernel_bytes()
    cached(df, table, "l2", MANY_FLOWS)
    flow_bytes = (kernel_bytes() - before) / MANY_FLOWS
    cached(df, table, "l2", 10)
    df.batch(("port-del", {"id": 1000 + n}) for n in range(MANY_PORTS))
    cached(df, table, "l2", MANY_FLOWS)
    for kind in ("l2", "l3", "connection"):
        cached(df, table, kind, 10)
    port_in(df, "l2", 0)
    table.row("walk, without a cache", 0, df.do("datapath-get")["ports"],
              send(20000, 10, 3))
    df.do("port-new", {"id": 2, "type": "vif", "network": 1,
                       "mac": "02:00:00:00:00:09"})
    table.row("walk, unknown destination, dropped", 0,
              df.do("datapath-get")["ports"], send(20000, 10, 3))
    print(f"\nkernel memory in bytes: {port_bytes:.0f} per remote port "
          f"(of {MANY_PORTS}), {flow_bytes:.0f} per flow (of {MANY_FLOWS})")


if __name__ == "__main__":
    main()
