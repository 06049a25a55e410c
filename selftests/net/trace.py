#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Traces: what they tell is what happens, and nothing happens by them.

The packets and worlds are those of the tests of routers and policy; here each
packet is traced, and only then sent.
"""
import errno
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    advertisement, arp, echo4, echo6, icmp6, router_solicitation,
    solicitation)
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    FLAVOURS, TUNNEL, VNI, cloud, everywhere, underlay_address)
import dfrules  # noqa: E402 pylint: disable=wrong-import-position
from dfnl import Refused  # noqa: E402 pylint: disable=wrong-import-position
from dffuzz import seed  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, checksum, ethernet, ip4, ip6, mac, main, sysctl, udp)
from dftrace import (  # noqa: E402 pylint: disable=wrong-import-position
    Tracer, steps)
import routing  # noqa: E402 pylint: disable=wrong-import-position

IP4, IP6, ICMP, TCP, UDP, FRAGMENT, ICMP6 = 0x800, 0x86dd, 1, 6, 17, 44, 58
ROUNDS, PACKETS = 4, 40
UNREACHED = {"no-memory",       # this needs an odd machine,
             "unresolved"}      # and this an agent: ondemand_limits.py


# policy

def tcp(sport, dport, flags, src, dst):
    """A TCP segment with its checksum."""
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 1024,
                       0, 0)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(
        "!HH", TCP, len(head))
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]


def fares(tracer, world, number, packet):
    """Trace a packet; whether it would arrive, by which rules."""
    t, found = tracer.t, tracer.trace(packet["source"], dfrules.frame(
        packet, number))
    for direction, port, remote in (
            ("egress", packet["source"], packet["dst"]),
            ("ingress", packet["target"], packet["src"])):
        groups = dfrules.PORTS[port][1]
        if not groups:
            continue
        judged = steps(found, direction)
        rule = world.rules.get(judged[0].get("rule")) if judged else None
        if not rule:
            t.check("no rule, and dropped for that",
                    [found["verdict"], found.get("reason")],
                    ["drop", f"policy-{direction}"])
            return False
        t.check(f"rule {rule} allows {packet}", dfrules.covers(
            rule, packet, remote, world.members))
        t.check("and is of the port", [
            rule["direction"], judged[0]["group"], rule["group"] in groups],
            [direction, rule["group"], True])
    t.check("what has its rules is sent", found["verdict"], "send")
    return True


def random_policy_is_told(flags):
    def case(t):
        dice = dfrules.Dice(seed(t.log))
        dice.tracked = not flags
        world = dfrules.Ruled(t, dice, flags)
        tracer = Tracer(t, world.hvs[0])
        number, allowed = 0x7ace0000, 0
        for _ in range(ROUNDS):
            for _ in range(dfrules.RULES // 2):
                world.change()
            numbered = {}
            for _ in range(PACKETS):
                number += 1
                numbered[number] = dice.packet()
            before = tracer.state()
            want = {n for n, packet in numbered.items()
                    if fares(tracer, world, n, packet)}
            t.require("traces change nothing", tracer.state() == before)
            got = world.send(numbered)
            allowed += len(want)
            for n in got ^ want:
                t.check(f"{numbered.get(n, n)}", n in got, n in want)
        t.log(f"{allowed} of {ROUNDS * PACKETS} packets were allowed")
        t.check("some were", 0 < allowed < ROUNDS * PACKETS)
    case.__name__ = "random_policy_is_told" + ("_stateless" if flags else "")
    return case


def connections_are_told(t):
    hv = t.hypervisor()
    df, tracer = hv.df, Tracer(t, hv)
    df.do("security-group-new", {"id": 1})
    for number, protocol in ((1, UDP), (2, TCP)):
        df.do("security-group-rule-new", {
            "id": number, "group": 1, "version": "ip4",
            "direction": "egress", "protocol": protocol})
    hv.network(1)
    wires = {11: hv.wire(11, group=[1]), 12: hv.wire(12)}
    a, b = "192.0.2.11", "192.0.2.12"

    def there(data, proto=UDP):
        return ethernet(mac(12), mac(11), IP4, ip4(a, b, proto, data))

    def back(data, proto=UDP):
        return ethernet(mac(11), mac(12), IP4, ip4(b, a, proto, data))

    def told(what, port, frame, stage, verdict, connection):
        found = tracer.quietly(port, frame)
        judged = steps(found, stage)[0]
        t.check(what, [found["verdict"], judged.get("connection")],
                [verdict, connection])
        return judged

    data = udp(1000, 9)
    t.check("the rule", told("a first packet", 11, there(data), "egress",
                             "send", "new")["rule"], 1)
    told("no reply yet", 12, back(udp(9, 1000)), "ingress", "drop", "new")
    tracer.sent("the first", 11, wires, there(data))
    told("the next one", 11, there(data), "egress", "send", "original")
    told("a reply", 12, back(udp(9, 1000)), "ingress", "send", "reply")
    told("another port's", 12, back(udp(9, 1001)), "ingress", "drop", "new")
    error = bytes([3, 3, 0xfc, 0xfc, 0, 0, 0, 0]) + ip4(a, b, UDP, data)
    told("an error about it", 12, back(error, ICMP), "ingress", "send",
         "related")
    other = bytes([3, 3, 0, 0, 0, 0, 0, 0]) + ip4(a, b, UDP, udp(7, 7))
    found = tracer.quietly(12, back(other, ICMP))
    t.check("an error about nothing", found.get("reason"),
            "connection-invalid")
    tracer.sent("the reply", 12, wires, back(udp(9, 1000)))
    df.do("security-group-rule-del", {"id": 1})
    told("no longer allowed", 11, there(data), "egress", "drop", "original")
    t.check("and not ended by a trace", len(tracer.state()["connections"]),
            1)
    # what cannot begin a connection
    reset = tcp(5, 80, 4, a, b)
    found = tracer.quietly(11, there(reset, TCP))
    t.check("a reset out of nowhere", found.get("reason"),
            "connection-invalid")
    REASONS.update(tracer.reasons)
    told("a SYN", 11, there(tcp(5, 80, 2, a, b), TCP), "egress", "send", "new")
    wrong = tcp(5, 80, 2, a, a)
    t.check("a wrong checksum", tracer.quietly(
        11, there(wrong, TCP)).get("reason"), "connection-invalid")
    t.check("that is trusted", tracer.quietly(11, there(
        wrong, TCP), trust_checksums=True)["verdict"], "send")
    piece = ethernet(mac(12), mac(11), IP4,
                     ip4(a, b, UDP, data + bytes(56), frag=0x2000))
    t.check("a fragment", tracer.quietly(11, piece)["verdict"], "wait")
    # padded, as its frame is short
    tracer.sent("a SYN is sent", 11, wires, there(tcp(6, 80, 2, a, b), TCP))


def pair_of_judged(t, **more):
    """Two ports of one group, which has rules 1 and 2 for UDP out and in."""
    hv = t.hypervisor()
    sysctl(hv.name, "netfilter/nf_conntrack_checksum", "0")
    hv.df.do("security-group-new", {"id": 1})
    for number, direction in ((1, "egress"), (2, "ingress")):
        for version in ("ip4", "ip6"):
            hv.df.do("security-group-rule-new", {
                "id": number + 2 * (version == "ip6"), "group": 1,
                "direction": direction, "version": version, "protocol": UDP})
    hv.network(1)
    wires = {n: hv.wire(n, group=[1], **more) for n in (11, 12)}
    return hv, wires, Tracer(t, hv)


def datagram(family, sport, payload=b"", **fields):
    """From 11 to 12; fragments if there are fields."""
    data = udp(sport, 9, payload)
    if family == 4:
        return ethernet(mac(12), mac(11), IP4, ip4(
            "192.0.2.11", "192.0.2.12", UDP, data, **fields))
    if fields:
        data = struct.pack("!BBHI", UDP, 0, 1, fields["ident"]) + data
    return ethernet(mac(12), mac(11), IP6, ip6(
        "2001:db8::11", "2001:db8::12", FRAGMENT if fields else UDP, data))


def both_ends_are_told(t):
    _, wires, tracer = pair_of_judged(t)

    def judged(found):
        return [(step["stage"], step["port"], step.get("rule"),
                 step["connection"]) for step in found["step"]
                if "connection" in step]
    for family, rule in ((4, 1), (6, 3)):
        frame = datagram(family, 7)
        for part in ("new", "original", "original"):
            t.check(f"IPv{family}", judged(tracer.sent(
                f"IPv{family}, {part}", 11, wires, frame)), [
                    ("egress", 11, rule, part),
                    ("ingress", 12, rule + 1, part)])


def limits_are_told(t):
    hv, wires, tracer = pair_of_judged(t, connection_limit=8)
    known = iter(range(1000, 60000))

    def flood(source, frames):
        """Send them, and have them walk before anything is looked at."""
        total = hv.counter(source, "rx-packets") + len(frames)
        wires[source].flood(frames)
        t.wait("they come in", lambda: hv.counter(source, "rx-packets"), total)

    def fill(source):
        # some may end meanwhile, to make room: they have no answer
        flood(source, [ethernet(mac(12), mac(source), IP4, ip4(
            f"192.0.2.{source}", "192.0.2.12", UDP, udp(next(known), 9)))
            for _ in range(10)])
        found = tracer.trace(11, datagram(4, 7))
        return [found["verdict"], found.get("reason"),
                found["step"][-1]["stage"]]
    t.wait("the sender has too many connections", lambda: fill(11),
           ["drop", "connection-limit", "egress"])
    hv.vif(11, group=[1], connection_limit=1000)
    wires[13] = hv.wire(13)
    t.wait("the receiver has", lambda: fill(13),
           ["drop", "connection-limit", "ingress"])
    t.wait("and has counted them",
           lambda: hv.df.port(12)["connections"] < 8, True)
    for family in (4, 6):
        for n in range(40):
            flood(11, [datagram(family, 7, frag=0x2000, ident=n * 50 + m)
                       for m in range(50)])
        frame = datagram(family, 7, bytes(1392), frag=0x2000, ident=1 << 14)
        t.wait("the fragments have come", lambda: tracer.trace(
            11, frame)["verdict"], "drop")
        found = tracer.quietly(11, frame)
        t.check(f"IPv{family} fragments", [found["verdict"], found["reason"]],
                ["drop", "fragment-limit"])
    REASONS.update(tracer.reasons)


def what_the_guard_says_is_told(t):
    hv = t.hypervisor()
    hv.network(1, 101)
    wires = {11: hv.wire(11, flags=["security"], ip4=["192.0.2.11"],
                         ip6=["2001:db8::11"]), 12: hv.wire(12)}
    tracer = Tracer(t, hv)

    def packet(src, data=udp(7, 9), src_mac=mac(11)):
        version = 6 if ":" in src else 4
        dst = "2001:db8::12" if version == 6 else "192.0.2.12"
        return ethernet(mac(12), src_mac, IP6 if version == 6 else IP4,
                        (ip6 if version == 6 else ip4)(src, dst, UDP, data))
    for sent, reason in (
            (packet("192.0.2.11"), None),
            (packet("2001:db8::11"), None),
            (packet("192.0.2.11", src_mac=mac(99)), "spoofed-mac"),
            (packet("2001:db8::11", src_mac=mac(99)), "spoofed-mac"),
            (packet("192.0.2.77"), "spoofed-ip"),
            (packet("2001:db8::77"), "spoofed-ip"),
            (packet("192.0.2.11", udp(67, 68)), "dhcp-server"),
            (packet("2001:db8::11", udp(547, 546)), "dhcp-server"),
            (arp(mac(11), "192.0.2.12", "192.0.2.77"), "spoofed-neighbour"),
            (advertisement(mac(11), "2001:db8::11", "2001:db8::77"),
             "spoofed-neighbour"),
            (ethernet(mac(12), mac(11), IP6, icmp6(
                "2001:db8::11", "ff02::1", 134, bytes(12))),
             "router-advertisement"),
            (ethernet(mac(12), mac(11), 0x88b5), "ether-type")):
        found = tracer.sent(f"{reason}", 11, wires, sent)
        guard = steps(found, "guard")[0]
        t.check(f"{reason}: by the guard", [
            guard["port"], guard["network"], guard["verdict"],
            guard.get("reason")],
                [11, 1, "drop" if reason else "pass", reason])
        t.check("it is the last word", found.get("reason"), reason)
        t.check("nothing comes after it",
                found["step"][-1]["stage"] == "guard", bool(reason))
    REASONS.update(tracer.reasons)


# routers

def routed_packets(t):
    """A world of routers, and what is sent there: [(port, frame)]."""
    hv, w11, w21, w31 = routing.world(t, 11, 21, 31)
    hv.vif(12, 1, ip4=[routing.address(12)])
    hv.vif(22, 2, flags=["admin-down"], ip4=[routing.address(22)])
    hv.wire(23, 2, ip4=[routing.address(23)], mtu=1200)
    hv.route(1, 1, "198.51.100.0/24", (102, routing.address(21)))
    hv.route(2, 1, "198.51.100.128/25", (103, routing.address(31)))
    hv.route(3, 1, "198.51.100.200/32", type="blackhole")
    hv.route(4, 1, "198.51.101.0/24", type="prohibit")
    hv.route(5, 1, "198.51.102.0/24", type="unreachable")
    hv.route(6, 1, "203.0.113.0/24", (102, "10.2.0.253"),
             (103, routing.address(31)))
    hv.router(2)
    hv.interface(202, 2, 2, ["10.2.0.253/24"])
    hv.route(9, 2, "203.0.113.0/24", (202, "10.2.0.254"))
    sent = []
    for family in (4, 6):
        for dst in (21, 31, 12, 29):
            sent += [routing.frame(101, 11, routing.packet(
                11, dst, family, ttl)) for ttl in (64, 1)]
        sent.append(routing.frame(101, 11, routing.packet(
            11, "10.2.0.254" if family == 4 else "2001:db8:2::fe", family)))
    sent += [routing.frame(101, 11, routing.packet(11, dst)) for dst in (
        "198.51.100.1", "198.51.100.129", "198.51.100.200", "198.51.101.1",
        "198.51.102.1", "192.0.2.1", routing.address(22), "203.0.113.1",
        "203.0.113.7", "127.0.0.1", "224.0.0.9", "10.3.0.254")]
    sent.append(routing.frame(101, 11, ip4(
        routing.address(11), routing.address(23), UDP,
        udp(7, 9, bytes(1300)), frag=0x4000)))
    for dst, kind, data in ((12, 0x88b5, b""), (11, 0x88b5, b""),
                            (99, 0x88b5, b""), (101, 0x88b5, b"")):
        sent.append(ethernet(mac(dst), mac(11), kind, data))
    sent.append(ethernet("33:33:00:00:00:09", mac(11)))
    sent.append(ethernet(mac(12), BROADCAST))
    sent.append(ethernet(mac(12), mac(11), IP4, b"\x45" + bytes(30)))
    sent += [routing.frame(101, 11, echo(routing.address(11, family), dst,
                                         b"ping"))
             for family, echo, dst in ((4, echo4, "10.1.0.254"),
                                       (6, echo6, "2001:db8:3::fe"))]
    return hv, {11: w11, 21: w21, 31: w31}, sent


REASONS = set()


def routed_packets_fare_as_told(t):
    hv, wires, sent = routed_packets(t)
    tracer = Tracer(t, hv)
    for n, frame in enumerate(sent):
        found = tracer.sent(f"{n}", 11, wires, frame)
        if found["verdict"] == "send":
            # once more: now there is an entry
            tracer.sent(f"{n} again", 11, wires, frame)
    hits = ["flow" in steps(tracer.trace(11, frame), "flow")[0]
            for frame in (sent[0], sent[-1])]
    t.check("entries are told", hits, [True, False])
    REASONS.update(tracer.reasons)


def hops_are_told(t):
    hv, _, _ = routed_packets(t)
    found = Tracer(t, hv).quietly(11, routing.frame(
        101, 11, routing.packet(11, "198.51.100.129")))
    hop = steps(found, "route")
    t.check("the way", [{key: hop[0].get(key) for key in (
        "router", "interface", "out-interface", "route", "prefix-ip4",
        "prefix-len", "ip4", "network", "port", "mac")}], [{
            "router": 1, "interface": 101, "out-interface": 103, "route": 2,
            "prefix-ip4": "198.51.100.128", "prefix-len": 25,
            "ip4": routing.address(31), "network": 3, "port": 31,
            "mac": mac(31)}])
    t.check("one router", len(hop), 1)
    found = Tracer(t, hv).quietly(11, routing.frame(
        101, 11, routing.packet(11, 21, 6)))
    hop = steps(found, "route")[0]
    t.check("to a subnet", [hop.get(key) for key in (
        "route", "prefix-ip6", "prefix-len", "ip6")],
            [None, "2001:db8:2::", 64, routing.address(21, 6)])
    # what the two routers send each other
    hv.route(6, 1, "203.0.113.0/24", (102, "10.2.0.253"))
    found = Tracer(t, hv).quietly(11, routing.frame(
        101, 11, routing.packet(11, "203.0.113.1")))
    t.check("every router", [step["router"] for step in
                             steps(found, "route")], [1, 2] * 4)
    t.check("a loop", found["reason"], "loop")
    REASONS.add(found["reason"])


# answers

def answers_fare_as_told(t):
    hv, w11, w12 = routing.world(t, 11, 12)
    hv.interface(101, 1, 1, ["10.1.0.254/24", "2001:db8:1::fe/64",
                             "fe80::fe/64"])
    wires, tracer = {11: w11, 12: w12}, Tracer(t, hv)
    a11, a12 = routing.address(11), routing.address(12)
    s11, s12 = routing.address(11, 6), routing.address(12, 6)
    for n, (sent, verdict, reason) in enumerate((
            (arp(mac(11), a12, a11), "answer", None),
            (arp(mac(11), "10.1.0.254", a11), "answer", None),
            (arp(mac(11), "10.1.0.77", a11), "send", None),
            (arp(mac(11), a11, a11), "drop", "neighbour-known"),
            (arp(mac(11), a11, a12), "drop", "neighbour-conflict"),
            (arp(mac(11), a11, a11, 2), "drop", "neighbour-known"),
            (solicitation(mac(11), s11, s12), "answer", None),
            (solicitation(mac(11), s11, s12, wrong=1), "drop", "malformed"),
            (solicitation(mac(11), s11, "2001:db8:1::fe"), "answer", None),
            (advertisement(mac(11), s12, s12), "drop", "neighbour-conflict"),
            (router_solicitation(mac(11), "fe80::11"), "drop", "no-agent"))):
        found = tracer.sent(f"{n}", 11, wires, sent)
        t.check(f"{n}: verdict", [found["verdict"], found.get("reason")],
                [verdict, reason])
    found = tracer.trace(11, arp(mac(11), a12, a11))
    t.check("who answers", [steps(found, "respond")[0].get(key) for key in (
        "port", "mac", "ip4")], [12, mac(12), a12])
    t.check("what", steps(found, "answer")[0]["answer"], "arp")
    REASONS.update(tracer.reasons)


def tokens_are_left_alone(t):
    """They run out by what is sent, and not by what is traced."""
    hv, wire = routing.world(t, 11)
    tracer = Tracer(t, hv)
    hv.interface(101, 1, 1, ["10.1.0.254/24", "2001:db8:1::fe/64",
                             "fe80::fe/64"])
    hv.df.subscribe("packet")
    frame = router_solicitation(mac(11), "fe80::11")

    def fate():
        found = tracer.trace(11, frame)
        return [found["verdict"], found.get("reason")]
    # more than the 20 that there are, and than come back meanwhile
    t.check("by none of many", {tuple(fate()) for _ in range(100)},
            {("answer", None)})

    def sent():
        wire.flood([frame] * 40)
        return fate()
    t.wait("they run out", sent, ["drop", "rate-limited"])
    REASONS.add("rate-limited")


def claims_are_told(t):
    vip = "10.1.0.100"
    hv = t.hypervisor()
    hv.network(1, 101)
    pair = [{"ip4": vip, "prefix-len": 32, "mac": mac(n)} for n in (11, 12)]
    w11 = hv.wire(11, pair=[pair[0]])
    w12 = hv.wire(12, pair=[pair[1]])
    tracer = Tracer(t, hv)
    frame = arp(mac(11), vip, vip)
    found = tracer.quietly(11, frame)
    t.check("a claim", [(step["port"], step["ip4"], step["mac"])
                        for step in steps(found, "claim")],
            [(11, vip, mac(11))])
    t.check("nobody has it", "hold" in hv.df.port(11), False)
    tracer.sent("sent", 11, {11: w11, 12: w12}, frame, found)
    t.wait("now one has", lambda: "hold" in hv.df.port(11))
    t.check("which is no news", steps(tracer.quietly(11, frame), "claim"), [])


# admission, flooding

def what_may_enter_is_told(t):
    hv = t.hypervisor()
    hv.network(1, 101)
    wires = {n: hv.wire(n) for n in (11, 12)}
    hv.df.do("security-group-new", {"id": 1})
    wires[13] = hv.wire(13, group=[1])
    hv.vif(14)
    tracer = Tracer(t, hv)
    flood = ethernet(BROADCAST, mac(11), IP4, ip4(
        "192.0.2.11", "255.255.255.255", UDP, udp(7, 9)))
    wires[11].send(flood)
    for wire in wires.values():
        wire.receive(.2)
    found = tracer.quietly(11, flood)
    t.check("receivers", [(step["port"], step["verdict"], step.get("reason"))
                          for step in steps(found, "send")],
            [(12, "send", None), (13, "drop", "policy-ingress")])
    t.check("a flood is sent", found["verdict"], "send")
    tracer.sent("vlan", 11, wires, ethernet(mac(12), mac(11), vlan=5))
    tracer.sent("no device", 11, wires, ethernet(mac(14), mac(11)))
    hv.ip("link", "set", f"p12x{hv.name.split('-')[0]}", "down")
    tracer.sent("device down", 11, wires, ethernet(mac(12), mac(11)))
    hv.vif(11, flags=["admin-down"])
    tracer.sent("down", 11, wires, ethernet(mac(12), mac(11)))
    short = ethernet(mac(12), mac(11), IP4)[:20]
    t.check("too short", tracer.quietly(11, short)["reason"], "truncated")
    hv.tunnel(TUNNEL)
    for n in range(200, 200 + 150):
        hv.chassis(n, TUNNEL, f"198.51.100.{n - 100}")
        hv.remote(n, n)
    found = tracer.quietly(12, ethernet(BROADCAST, mac(12)))
    t.check("steps are limited", [len(found["step"]), found["lost"] > 20],
            [128, True])
    REASONS.update(tracer.reasons)


# tunnels

def packets_are_followed(kind, family):
    def case(t):
        hv1, hv2 = hvs = cloud(t, kind, family)
        w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
        here, there = Tracer(t, hv1), Tracer(t, hv2)
        sent = ethernet(mac(21), mac(11), IP4, ip4(
            "192.0.2.11", "192.0.2.21", UDP, udp(7, 9)))
        found = here.quietly(11, sent)
        out = steps(found, "send")[0]
        t.check("the way", [found["verdict"], out["action"], out["chassis"],
                            out["tunnel-id"], out["port"]],
                ["send", "tunnel", 2, VNI, TUNNEL])
        t.check("the limit", steps(found, "fit")[0]["mtu"],
                1600 - (50 if family == 4 else 70))
        source = {f"source_ip{family}": underlay_address(1, family)}
        found = there.quietly(TUNNEL, bytes.fromhex(found["frame"]),
                              tunnel_id=out["tunnel-id"], **source)
        t.check("there", [found["verdict"], steps(found, "send")[0]["port"],
                          found["frame"]], ["send", 21, sent.hex()])
        w11.send(sent)
        t.check("it is so", w21.receive(), sent)
        lost = there.quietly(TUNNEL, sent, tunnel_id=VNI + 1)
        t.check("an unknown network", lost["reason"], "unknown-network")
        REASONS.add("unknown-network")
        back = there.quietly(TUNNEL, ethernet(mac(11), mac(21)),
                             tunnel_id=VNI, **source)
        t.check("not into another tunnel", back["reason"], "reflection")
        # what is late follows its port, unless it came from there
        hv2.df.do("port-del", {"id": 21})
        hv2.remote(21, 1, 1, flags=["relay"])
        for address, verdict in ((1, "drop"), (3, "send")):
            late = there.trace(TUNNEL, sent, tunnel_id=VNI, **{
                f"source_ip{family}": underlay_address(address, family)})
            t.check(f"late, from {address}", late["verdict"], verdict)
        spread = here.quietly(11, ethernet(BROADCAST, mac(11)))
        t.check("a flood goes to each", [
            (step["action"], step["chassis"]) for step in
            steps(spread, "send")], [("tunnel", 2)])
    case.__name__ = f"packets_are_followed_{kind}_ipv{family}"
    return case


def what_cannot_be_traced_is_refused(t):
    hv = t.hypervisor()
    hv.network(1, VNI)
    hv.tunnel(TUNNEL)
    hv.chassis(2, TUNNEL, "198.51.100.2")
    hv.vif(11)
    hv.remote(12, 2)
    good = ethernet(mac(12), mac(11))
    tracer = Tracer(t, hv)
    before = tracer.state()
    for what, attrs, err, attr in (
            ("no such port", {"port": 9}, errno.ENOENT, "port"),
            ("a remote port", {"port": 12}, errno.EOPNOTSUPP, "port"),
            ("no header", {"frame": good[:13]}, errno.EINVAL, "frame"),
            ("nothing", {"frame": b""}, errno.EINVAL, "frame"),
            ("too long at all", {"frame": good.ljust(16385, b"\0")},
             errno.EINVAL, "frame"),
            ("a VNI without a tunnel", {"tunnel-id": 1}, errno.EINVAL,
             "tunnel-id"),
            ("a source without a tunnel", {"source-ip4": "192.0.2.1"},
             errno.EINVAL, "source-ip4"),
            ("two sources", {"port": TUNNEL, "tunnel-id": 1,
                             "source-ip4": "192.0.2.1",
                             "source-ip6": "2001:db8::1"},
             errno.EINVAL, "source-ip6")):
        try:
            hv.df.do("trace", {"port": 11, "frame": good, **attrs})
            t.check(f"{what} is refused", False)
        except Refused as refusal:
            t.check(what, [refusal.errno, refusal.attr, bool(
                refusal.message)], [err, attr, True])
    t.check("nothing changes", tracer.state(), before)
    for frame in (good, good[:14], good.ljust(16384, b"\0")):
        t.check(f"{len(frame)} bytes are traced", tracer.trace(
            11, frame)["reason"], "no-device")


def every_reason_was_met(t):
    if not REASONS:
        t.skip("the other cases did not run")
    spec = routing.world(t, 11)[0].df.spec
    t.check("drop reasons that no trace has told", set(
        spec.enums["drop-reason"][1]) - REASONS - UNREACHED, set())


main(random_policy_is_told(["stateless"]), random_policy_is_told([]),
     connections_are_told, both_ends_are_told, limits_are_told,
     what_the_guard_says_is_told, routed_packets_fare_as_told, hops_are_told,
     answers_fare_as_told, tokens_are_left_alone, claims_are_told,
     what_may_enter_is_told,
     *(packets_are_followed(*flavour) for flavour in (FLAVOURS[0], FLAVOURS[-1])),
     what_cannot_be_traced_is_refused,
     every_reason_was_met)
