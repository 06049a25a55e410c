#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What the module hands to the agent, and what it sends for the agent.

     w11  w12                    w21
      |    |                      |
    --+-network 1-- 101        --+-network 2-- (no router)
"""
import fcntl
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    ALL_ROUTERS, ALL_ROUTERS_MAC, ECHO6, IP6, RS, icmp6, router_solicitation)
from dfnl import Dragonflow  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    ethernet, inside, mac, main, run)

LL11 = "fe80::11"


def world(t):
    hv = t.hypervisor()
    for n in (1, 2):
        hv.network(n, 100 + n)
    hv.router(1)
    hv.interface(101, 1, 1, ["2001:db8:1::fe/64", "fe80::fe/64"])
    wires = [hv.wire(n, n // 10, ip6=[f"2001:db8:{n // 10}::{n}"])
             for n in (11, 12, 21)]
    return hv, *wires


def agent(t, hv):
    client = Dragonflow(hv.name)
    t.defer(client.close)
    client.subscribe("packet")
    return client


def padded(frame):
    return frame.ljust(60, b"\0")


def router_solicitations_are_punted(t):
    hv, w11, w12, _ = world(t)
    listener, other = agent(t, hv), agent(t, hv)
    for what, sent in (
            ("with an address", router_solicitation(mac(11), LL11)),
            ("without option", router_solicitation(mac(11), LL11,
                                                   option=False)),
            ("without an address", router_solicitation(mac(11), "::",
                                                       option=False)),
            ("to the router itself", router_solicitation(
                mac(11), LL11, dst="fe80::fe", dst_mac=mac(101)))):
        w11.send(sent)
        want = ("packet-punt", {"port": 11, "reason": "router-solicitation",
                                "frame": padded(sent).hex()})
        t.check(f"{what}: the agent gets it", listener.event(), want)
        t.check(f"{what}: so does who looks on", other.event(), want)
        t.check(f"{what}: nobody else", w12.pending(), [])
    t.check("punts", hv.counter(11, "punts"), 4)
    t.check("no entry is for that", hv.flows(11), [])
    t.check("nothing dropped", hv.drops(11), {})


def no_flow_entry_takes_one_away(t):
    """Whatever a workload has sent to all routers before."""
    hv, w11, w12, _ = world(t)
    listener = agent(t, hv)
    other = ethernet(ALL_ROUTERS_MAC, mac(11), IP6,
                     icmp6(LL11, ALL_ROUTERS, 132, bytes(20)))
    w11.send(other)
    t.check("it is flooded", w12.receive(), other)
    t.check("and has an entry", len(hv.flows(11)), 1)
    w11.send(router_solicitation(mac(11), LL11))
    t.check("the agent gets it", (listener.event() or [0])[0], "packet-punt")
    t.check("nobody else", w12.pending(), [])


def elsewhere_they_are_flooded(t):
    hv, w11, w12, w21 = world(t)
    listener = agent(t, hv)
    w22 = hv.wire(22, 2)
    sent = router_solicitation(mac(21), "fe80::21")
    w21.send(sent)
    t.check("without a router all hear it", w22.receive(), sent)
    sent = router_solicitation(mac(11), LL11, dst_mac=mac(12))
    w11.send(sent)
    t.check("to a workload", w12.receive(), sent)
    t.check("the agent has nothing", listener.event(0), None)


def wrong_ones_are_dropped(t):
    hv, w11, w12, _ = world(t)
    listener = agent(t, hv)
    for what, sent, reason in (
            ("from afar", router_solicitation(mac(11), LL11, ttl=254),
             "malformed"),
            ("code", router_solicitation(mac(11), LL11, code=1),
             "malformed"),
            ("checksum", router_solicitation(mac(11), LL11, wrong=1),
             "malformed"),
            ("option without address", router_solicitation(mac(11), "::"),
             "malformed"),
            ("another's address", router_solicitation(
                mac(11), "2001:db8:1::12"), "neighbour-conflict")):
        before = hv.drops(11).get(reason, 0)
        w11.send(sent)
        t.wait(f"{what}: dropped", lambda r=reason: hv.drops(11).get(r, 0),
               before + 1)
    t.check("the agent has nothing", listener.event(0), None)
    t.check("nor has a workload", w12.pending(), [])


def tap(t, hv, number):
    """The device of a virtual machine, as a file to write frames to."""
    dev = f"vm{number}"
    run("modprobe", "tun")
    with inside(hv.name):
        # pylint: disable=consider-using-with
        file = open("/dev/net/tun", "wb", buffering=0)
        t.defer(file.close)
        # TUNSETIFF; IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
        fcntl.ioctl(file, 0x400454ca,
                    struct.pack("16sH22x", dev.encode(), 0x5002))
    hv.ip("link", "set", dev, "up")
    hv.tc.attach(dev, number)
    hv.vif(number)
    return file


def as_segments(frame, size):
    """TCP that is to be cut, and summed up: so the machine says."""
    return struct.pack("=BBHHHH", 1, 4, 74, size, 54, 16) + frame


def what_claims_to_be_segments_is_dropped(t):
    """The kernel warns of such packets when somebody sums them up."""
    hv, _, w12, _ = world(t)
    listener = agent(t, hv)
    machine = tap(t, hv, 13)
    for number, (what, frame) in enumerate((
            ("a router solicitation", ethernet(
                ALL_ROUTERS_MAC, mac(13), IP6,
                icmp6("fe80::13", ALL_ROUTERS, RS, bytes(4) + b"\x0e\x10" +
                      bytes(126)))),
            ("an echo request to the router", ethernet(
                mac(101), mac(13), IP6,
                icmp6("2001:db8:1::13", "2001:db8:1::fe", ECHO6,
                      bytes(200)))))):
        machine.write(as_segments(frame, 64))
        t.wait(f"{what}: dropped",
               lambda: hv.drops(13).get("malformed", 0), number + 1)
    t.check("the agent has nothing", listener.event(0), None)
    t.check("nor has a workload", w12.pending(), [])


def without_an_agent_they_are_counted(t):
    hv, w11, w12, _ = world(t)
    w11.send(router_solicitation(mac(11), LL11))
    t.wait("nobody listens", lambda: hv.drops(11), {"no-agent": 1})
    listener = Dragonflow(hv.name)
    listener.subscribe("packet")
    w11.send(router_solicitation(mac(11), LL11))
    t.check("somebody does", bool(listener.event()))
    listener.close()
    w11.send(router_solicitation(mac(11), LL11))
    t.wait("and is gone", lambda: hv.drops(11), {"no-agent": 2})
    t.check("punts", hv.counter(11, "punts"), 1)
    t.check("no workload hears", w12.pending(), [])


def punts_are_rationed(t):
    hv, w11, w12, _ = world(t)
    listener = agent(t, hv)
    many = 3000
    w11.flood([router_solicitation(mac(11), LL11)] * many)
    t.wait("all are dealt with", lambda: hv.counter(11, "punts") +
           hv.drops(11).get("rate-limited", 0), many, seconds=20)
    punts = hv.counter(11, "punts")
    t.log(f"{punts} of {many} punted")
    t.check("the burst", punts >= 20)
    t.check("not all", punts < many)
    t.check("nothing else", set(hv.drops(11)), {"rate-limited"})
    got = 0
    while listener.event(0):
        got += 1
    t.check("the agent got them", got, punts)
    w12.send(router_solicitation(mac(12), "fe80::12"))
    t.check("another port has its own", (listener.event() or [0, {}])[1]
            .get("port"), 12)


def frames_are_sent_as_they_are(t):
    hv, w11, w12, _ = world(t)
    for what, frame in (
            ("a frame", ethernet(mac(11), mac(101))),
            ("with a tag", ethernet(mac(11), mac(101), vlan=7)),
            ("a solicitation", router_solicitation(mac(101), "fe80::fe")),
            ("the largest", ethernet(mac(11), mac(101)).ljust(1514, b"x"))):
        sent = hv.counter(11, "tx-packets")
        hv.df.do("packet-execute", {"port": 11, "frame": frame})
        t.check(f"{what}: it arrives", w11.receive(), frame)
        t.check(f"{what}: nowhere else", w12.pending(), [])
        t.check(f"{what}: it counts", hv.counter(11, "tx-packets"), sent + 1)
    t.check("nothing dropped", hv.drops(11), {})


main(router_solicitations_are_punted, no_flow_entry_takes_one_away,
     elsewhere_they_are_flooded, wrong_ones_are_dropped,
     what_claims_to_be_segments_is_dropped,
     without_an_agent_they_are_counted, punts_are_rationed,
     frames_are_sent_as_they_are)
