#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""Packets that are broken in every way the parser knows, sent into a port.

    +--------- hv ---------+
    |  p1   network 1  p2  |
    +--|---------------|---+
       w1              w2

The packets are those of the parser's unit test, unit/key_vectors.h.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    ethernet, mac, main)
from dfvectors import (  # noqa: E402 pylint: disable=wrong-import-position
    vectors)

def is_for_the_module(name, frame):
    """A device takes no less than a header, the core removes the tags."""
    return len(frame) >= 15 and "vlan tag cut short" not in name \
        and len(frame) <= 8900


def world(t, **more):
    hv = t.hypervisor()
    hv.network(1, flags=["vlan-transparent"])
    w1, w2 = (hv.wire(n, mtu=9000, **more) for n in (1, 2))
    return hv, w1, w2


def towards(frame):
    """The same packet, from port 1 to port 2."""
    head = ethernet(mac(2), mac(1))[:12]
    return head + frame[12:]


def each_is_dropped_for_its_reason(t):
    hv, w1, w2 = world(t)
    counts = {"malformed": 0, "truncated": 0}
    tried = 0
    for name, frame, fate in vectors():
        if not fate or not is_for_the_module(name, frame):
            continue
        tried += 1
        counts[fate] += 1
        w1.send(towards(frame))
        t.wait(f"{name}: {fate}", lambda: hv.drops(1),
               {key: n for key, n in counts.items() if n})
        if t.failed:
            return
    t.check("none arrives", w2.pending(), [])
    t.check("no flow entry is made", hv.flows(), [])
    t.log(f"{tried} broken packets")
    t.check("there were many", tried > 60)


def each_good_one_passes(t):
    for kind in ("l2", "l3", "connection"):
        hv, w1, w2 = world(t, flow_class=kind)
        tried = 0
        for name, frame, fate in vectors():
            if fate or not is_for_the_module(name, frame):
                continue
            tried += 1
            frame = towards(frame)
            for _ in range(2):
                w1.send(frame)
                got = w2.receive()
                if not t.check(f"{name} as {kind}", got and got.hex(),
                               frame.hex()):
                    t.log(hv.drops(1))
                    return
        t.check("nothing is dropped", hv.drops(1), {})
        t.check("every packet found or made its entry",
                hv.counter(1, "flow-hits") + hv.counter(1, "flow-misses"),
                2 * tried)
        t.check("the second found one",
                hv.counter(1, "flow-hits") >= tried)
        t.end()


def hostile_packets_do_not_harm_others(t):
    hv, w1, w2 = world(t)
    w3 = hv.wire(3)
    bad = [towards(frame) for name, frame, fate in vectors()
           if fate and is_for_the_module(name, frame)]
    good = ethernet(mac(2), mac(3), payload=b"unharmed")
    for n, frame in enumerate(bad):
        w1.send(frame)
        w3.send(good)
        t.require(f"packet {n} of another port", w2.receive(), good)
    t.check("all bad ones are counted at their port",
            sum(hv.drops(1).values()), len(bad))
    t.check("and none at the other", hv.drops(3), {})


main(each_is_dropped_for_its_reason, each_good_one_passes,
     hostile_packets_do_not_harm_others)
