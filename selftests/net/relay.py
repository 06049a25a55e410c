#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=200
"""Late packets, for a port that was here: they follow it.

     w11           21 was here      w21
      |                              |
    +-hv1--+       +-hv2--+       +-hv3--+
    |      |-------|      |-------|      |   hv1 has not heard of the move
    +------+       +------+       +------+
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    TUNNEL, arrives, cloud, frame)
from dftest import main  # noqa: E402 pylint: disable=wrong-import-position


def moved(t, kind, family, is_direct):
    """21 has moved from hv2 to hv3; hv1 sends to hv2 as before."""
    hvs = cloud(t, kind, family, 3)
    if is_direct:
        for hv in hvs:
            hv.tc.underlay("underlay")
    w11 = hvs[0].wire(11)
    for hv in hvs[1:]:
        hv.remote(11, 1)
    hvs[0].remote(21, 2)
    w21 = hvs[2].wire(21)
    hvs[1].vif(21)
    return hvs, w11, w21


def relays(kind, family, is_direct):
    def case(t):
        hvs, w11, w21 = moved(t, kind, family, is_direct)
        hvs[1].remote(21, 3, flags=["relay"])
        for n in range(3):
            data = frame(21, 11, f"late {n}")
            w11.send(data)
            arrives(t, f"late {n}", w21, data)
        t.check("no entry is kept", hvs[1].flows(TUNNEL), [])
        hvs[0].remote(21, 3)
        data = frame(21, 11, "in time")
        w11.send(data)
        arrives(t, "in time", w21, data)
        t.check("nothing dropped", [hv.drops(TUNNEL) for hv in hvs],
                [{}] * 3)
    case.__name__ = f"late_packets_follow_{kind}_ipv{family}" + \
        ("_direct" if is_direct else "")
    return case


def nothing_is_relayed_without_the_flag(t):
    hvs, w11, w21 = moved(t, "vxlan", 4, False)
    hvs[1].remote(21, 3)
    w11.send(frame(21, 11, "late"))
    t.wait("a reflection", lambda: hvs[1].drops(TUNNEL), {"reflection": 1})
    t.check("nothing arrives", w21.pending(), [])


def two_who_take_each_other_for_the_place_do_not_loop(t):
    hvs, w11, _ = moved(t, "vxlan", 4, True)
    hvs[1].remote(21, 3, flags=["relay"])
    hvs[2].remote(21, 2, flags=["relay"])
    for n in range(1, 4):
        w11.send(frame(21, 11, f"lost {n}"))
        t.wait("it does not go back", lambda n=n: hvs[2].drops(
            TUNNEL).get("reflection"), n)
    t.check("once there and no more",
            [hv.counter(TUNNEL, "rx-packets") for hv in hvs], [0, 3, 3])


def its_own_workloads_reach_it(t):
    """On standby, what comes from here goes to where the port is."""
    hvs, w11, w21 = moved(t, "vxlan", 4, False)
    hvs[1].remote(21, 3, flags=["relay"])
    w22 = hvs[1].wire(22)
    for hv in (hvs[0], hvs[2]):
        hv.remote(22, 2)
    data = frame(21, 22, "from where it was")
    w22.send(data)
    arrives(t, "from where it was", w21, data, [w11])
    t.check("that is an ordinary flow", len(hvs[1].flows(22)), 1)
    hvs[1].vif(21)
    w11.send(frame(21, 11, "it is back"))
    t.wait("it is back", lambda: hvs[1].drops(TUNNEL), {"no-device": 1})


main(relays("vxlan", 4, False), relays("vxlan", 4, True),
     relays("vxlan", 6, True), relays("geneve", 6, False),
     nothing_is_relayed_without_the_flag,
     two_who_take_each_other_for_the_place_do_not_loop,
     its_own_workloads_reach_it)
