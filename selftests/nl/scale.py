#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""Many objects: SCALE_PORTS remote ports (10,000, fewer on a slow kernel) behind
100 hypervisors in 10 networks."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import Dragonflow  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    Background, mac, main)

PORTS = int(os.environ.get("SCALE_PORTS", "10000"))
NETWORKS, CHASSIS, FIRST = 10, 100, 1000


def surroundings(hv):
    hv.tunnel(1)
    for n in range(NETWORKS):
        hv.network(1 + n, 100 + n)
    for n in range(CHASSIS):
        hv.chassis(1 + n, 1, f"198.51.100.{1 + n}")


def remote(n):
    return {"id": FIRST + n, "type": "remote", "network": 1 + n % NETWORKS,
            "mac": mac(n), "chassis": 1 + n // NETWORKS % CHASSIS}


def timed(t, what, function):
    begin = time.monotonic()
    result = function()
    t.log(f"{what}: {time.monotonic() - begin:.2f} s")
    return result


def many_remote_ports_are_programmed_and_dumped(t):
    hv = t.hypervisor()
    surroundings(hv)
    # Encoding in Python takes longer than the kernel: what is told is both.
    timed(t, f"{PORTS} remote ports programmed", lambda: hv.df.batch(
        ("port-new", remote(n)) for n in range(PORTS)))
    ports = timed(t, f"{PORTS} remote ports dumped",
                  lambda: hv.df.dump("port-get"))
    got = {p["id"]: p for p in ports if p["type"] == "remote"}
    t.check("ports in the dump", len(ports), PORTS + 1)
    t.check("the dump is consistent", hv.df.interrupted, False)
    t.check("they are the same", all(
        got[FIRST + n] == {**remote(n), "flags": []} for n in range(PORTS)))
    t.check("ports of each network",
            {n["ports"] for n in hv.df.dump("network-get")},
            {PORTS // NETWORKS})
    timed(t, "the same once more", lambda: hv.df.batch(
        ("port-new", remote(n)) for n in range(PORTS)))
    t.check("nothing was added", hv.df.do("datapath-get")["ports"],
            PORTS + 1)
    timed(t, f"{PORTS} remote ports deleted", lambda: hv.df.batch(
        ("port-del", {"id": FIRST + n}) for n in range(PORTS)))
    t.check("none is left", hv.df.do("datapath-get")["ports"], 1)
    t.check("hypervisors hold nothing",
            {c["networks"] for c in hv.df.dump("chassis-get")}, {0})


def churn(netns, number):
    df = Dragonflow(netns)
    while True:
        df.do("port-new", remote(number))
        df.do("port-del", {"id": FIRST + number})


def a_dump_across_changes_says_so(t):
    hv = t.hypervisor()
    surroundings(hv)
    hv.df.batch(("port-new", remote(n)) for n in range(2000))
    writer = Background(t, churn, hv.name, 3000)
    interrupted = 0
    for _ in range(10):
        seen = {p["id"] for p in hv.df.dump("port-get")}
        interrupted += hv.df.interrupted
        if hv.df.interrupted:
            continue
        t.check("a dump that nothing interrupted is whole",
                seen >= {FIRST + n for n in range(2000)})
    t.check("some were interrupted", interrupted > 0)
    writer.stop()
    seen = {p["id"] for p in hv.df.dump("port-get")}
    t.check("in the end all are there",
            seen >= {FIRST + n for n in range(2000)})


main(many_remote_ports_are_programmed_and_dumped,
     a_dump_across_changes_says_so)
