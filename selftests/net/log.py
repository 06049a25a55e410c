#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""The log of security groups: who wants to know is told what they allow and
drop, and no workload can make it more than it may be.

     w11 (group 1)  w12  w13 (groups 1 and 2)
      |              |    |
    --+--------------+----+-- network 1
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import Dragonflow  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, ethernet, ip4, ip6, mac, main, poll, udp)

IP4, IP6, UDP = 0x800, 0x86dd, 17


class World:
    """A hypervisor, whose group 1 allows UDP to port 9 out and to 7 in."""

    def __init__(self, t, flags):
        self.t, self.hv = t, t.hypervisor()
        self.df = self.hv.df
        self.group(1, flags)
        self.group(2, [])
        for number, direction, port in ((1, "egress", 9), (2, "ingress", 7)):
            for version in ("ip4", "ip6"):
                self.df.do("security-group-rule-new", {
                    "id": number + 10 * (version == "ip6"), "group": 1,
                    "direction": direction, "version": version,
                    "protocol": UDP, "port-min": port, "port-max": port})
        self.hv.network(1)
        self.wires = {11: self.hv.wire(11, group=[1]), 12: self.hv.wire(12),
                      13: self.hv.wire(13, group=[1, 2])}

    def group(self, number, flags):
        self.df.do("security-group-new", {"id": number, "flags": flags})

    def listener(self):
        client = Dragonflow(self.hv.name)
        self.t.defer(client.close)
        client.subscribe("log")
        return client

    def send(self, src, dst, sport, dport, family=4):
        if family == 4:
            data = ip4(f"192.0.2.{src}", f"192.0.2.{dst}", UDP,
                       udp(sport, dport))
        else:
            data = ip6(f"2001:db8::{src}", f"2001:db8::{dst}", 99, b"data")
        self.wires[src].send(ethernet(mac(dst), mac(src),
                                      IP4 if family == 4 else IP6, data))


def told(client, seconds=.3):
    """What has been logged by now."""
    out = []
    while True:
        event = client.event(seconds)
        if not event:
            return out
        out.append(event[1])


def brief(entries):
    return [(e["port"], e["direction"], e["verdict"], e["group"],
             e.get("rule")) for e in entries]


def what_is_decided_is_told(t):
    world = World(t, ["log-accept", "log-drop"])
    client, other = world.listener(), world.listener()
    before = time.time_ns()
    world.send(11, 12, 1000, 9)
    entries = told(client)
    t.check("a connection begins", brief(entries),
            [(11, "egress", "accept", 1, 1)])
    match = entries[0]["match"]
    t.check("which", [match[key] for key in (
        "ip4-src", "ip4-dst", "ip-proto", "l4-src", "l4-dst", "eth-src",
        "eth-dst")], ["192.0.2.11", "192.0.2.12", UDP, 1000, 9, mac(11),
                      mac(12)])
    t.check("where", entries[0]["network"], 1)
    t.check("when", before <= entries[0]["time-ns"] <= time.time_ns())
    t.check("the other one hears it too", brief(told(other)), brief(entries))
    world.send(11, 12, 1000, 9)
    world.send(12, 11, 9, 1000)
    t.check("what follows is no news", told(client), [])
    world.send(11, 12, 1000, 10)
    t.check("a drop", brief(told(client)), [(11, "egress", "drop", 1, None)])
    world.send(12, 13, 1, 7)
    t.check("at the receiver", brief(told(client)),
            [(13, "ingress", "accept", 1, 2)])
    world.send(12, 13, 1, 8)
    t.check("a drop there", brief(told(client)),
            [(13, "ingress", "drop", 1, None)])
    world.send(11, 13, 5, 9)
    t.check("each end says its own", brief(told(client)),
            [(11, "egress", "accept", 1, 1), (13, "ingress", "drop", 1, None)])
    world.send(11, 12, 0, 0, 6)
    entries = told(client)
    t.check("IPv6", brief(entries), [(11, "egress", "drop", 1, None)])
    t.check("its addresses", entries[0]["match"]["ip6-dst"], "2001:db8::12")
    t.check("nothing was left out", [e for e in entries if "suppressed" in e],
            [])


def only_what_is_wanted_is_told(t):
    world = World(t, [])
    client = world.listener()

    def both():
        both.sport += 1
        world.send(11, 12, both.sport, 9)
        world.send(11, 12, both.sport, 10)
        return [e["verdict"] for e in told(client)]
    both.sport = 1000
    for flags, want in (([], []), (["log-accept"], ["accept"]),
                        (["log-drop"], ["drop"]),
                        (["log-accept", "log-drop"], ["accept", "drop"]),
                        ([], [])):
        world.group(1, flags)
        t.check(f"{flags}", both(), want)
        t.check(f"{flags} read back", world.df.do("security-group-get", {
            "id": 1})["flags"], flags)
    # of several groups, the one that wants it
    world.group(2, ["log-drop"])
    world.send(12, 13, 1, 8)
    t.check("by the second group", brief(told(client)),
            [(13, "ingress", "drop", 2, None)])
    world.group(2, ["log-accept"])
    world.send(12, 13, 1, 7)
    t.check("not what the other allows", told(client), [])


def stateless_groups_tell_what_walks(t):
    hv = t.hypervisor()
    hv.df.do("security-group-new", {
        "id": 1, "flags": ["stateless", "log-accept", "log-drop"]})
    hv.df.do("security-group-rule-new", {
        "id": 1, "group": 1, "direction": "egress", "version": "ip4",
        "protocol": UDP})
    hv.network(1)
    wire = hv.wire(11, group=[1])
    hv.wire(12)
    client = Dragonflow(hv.name)
    t.defer(client.close)
    client.subscribe("log")
    sent = ethernet(mac(12), mac(11), IP4, ip4(
        "192.0.2.11", "192.0.2.12", UDP, udp(1, 2)))
    for _ in range(3):
        wire.send(sent)
    t.check("the first, which makes an entry", brief(told(client)),
            [(11, "egress", "accept", 1, 1)])
    hv.df.do("security-group-rule-del", {"id": 1})
    wire.send(sent)
    t.check("and what is no longer allowed", brief(told(client)),
            [(11, "egress", "drop", 1, None)])
    wire.send(ethernet(BROADCAST, mac(11), IP4, ip4(
        "192.0.2.11", "255.255.255.255", UDP, udp(1, 2))))
    t.check("also to all", brief(told(client)),
            [(11, "egress", "drop", 1, None)])


def a_connection_that_ends_is_told(t):
    world = World(t, ["log-drop"])
    client = world.listener()
    world.send(11, 12, 1000, 9)
    world.send(12, 11, 9, 1000)
    world.df.do("security-group-rule-del", {"id": 1})
    world.send(12, 11, 9, 1000)
    t.check("by a reply", brief(told(client)),
            [(11, "ingress", "drop", 1, None)])


def a_flood_is_limited(t):
    world = World(t, ["log-drop"])
    client = world.listener()
    world.df.do("datapath-set", {"log-rate": 5, "log-burst": 10})
    t.check("settings", [world.df.do("datapath-get")[key] for key in (
        "log-rate", "log-burst")], [5, 10])
    begin = time.monotonic()
    for n in range(2000):
        world.send(11, 12, n, 10)
    t.wait("all are dropped", lambda: world.hv.drops(11).get(
        "policy-egress"), 2000)
    took = time.monotonic() - begin
    entries = told(client)
    t.log(f"{len(entries)} of 2000 in {took:.1f} s")
    t.check("no more than it may be", 10 <= len(entries) <= 11 + 5 * (
        time.monotonic() - begin))
    world.send(12, 13, 1, 8)
    t.check("another port has its own", brief(told(client)),
            [(13, "ingress", "drop", 1, None)])
    t.check("a token comes back", bool(poll(lambda: again(world, entries,
                                                          client))))
    t.check("and tells of the others", sum(
        e.get("suppressed", 0) for e in entries) + len(entries),
            world.hv.drops(11)["policy-egress"])


def again(world, entries, client):
    world.send(11, 12, 3, 10)
    more = told(client, .01)
    entries += more
    return more


def without_a_listener_there_is_none(t):
    world = World(t, ["log-drop"])
    world.df.do("datapath-set", {"log-burst": 10})
    for n in range(100):
        world.send(11, 12, n, 10)
    t.wait("all are dropped", lambda: world.hv.drops(11).get(
        "policy-egress"), 100)
    client = world.listener()
    world.send(11, 12, 7, 10)
    entries = told(client)
    t.check("who comes later hears what comes later", brief(entries),
            [(11, "egress", "drop", 1, None)])
    t.check("nothing was left out for him", "suppressed" in entries[0], False)


def who_does_not_read_costs_nobody(t):
    world = World(t, ["log-drop"])
    world.df.do("datapath-set", {"log-rate": 1000000, "log-burst": 1000000})
    lazy = world.listener()
    lazy.sock.setsockopt(1, 8, 2048)    # SO_RCVBUF
    for n in range(3000):
        world.send(11, 12, n, 10)
    t.wait("all are dropped", lambda: world.hv.drops(11).get(
        "policy-egress"), 3000)
    client = world.listener()
    world.send(11, 12, 7, 10)
    t.check("others are told", [e["verdict"] for e in told(client)], ["drop"])


main(what_is_decided_is_told, only_what_is_wanted_is_told,
     stateless_groups_tell_what_walks, a_connection_that_ends_is_told,
     a_flood_is_limited, without_a_listener_there_is_none,
     who_does_not_read_costs_nobody)
