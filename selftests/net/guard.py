#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Port security: a workload sends what is true of itself, and nothing else.

     w11    w12
      |      |
    --+-- 1 -+--    11 has port security, and pairs; 12 hears what comes

Packets at random, of few values so that they meet in the flow cache, are judged
by a model of a few lines as well. Then what workloads need before they have an
address, changes under traffic, claims, and workloads with a stack of their own.
"""
import ipaddress
import pathlib
import random
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    ALL_NODES, ARP, ICMP, ICMP6, IP4, IP6, NA, NS, RS, UDP, advertisement, arp,
    echo4, icmp6, inet, router_solicitation, solicitation)
from dffuzz import seed  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, Background, ethernet, ip4, ip6, ip_batch, mac, main, mac_bytes,
    poll, run, udp)

TCP, IGMP, GRE, FRAGMENT = 6, 2, 47, 44
RA, REDIRECT, QUERY, REPORT, DONE, REPORT2 = 134, 137, 130, 131, 132, 143
ROUNDS, BATCH = 40, 20
REASONS = ("spoofed-mac", "spoofed-ip", "spoofed-neighbour", "dhcp-server",
           "router-advertisement", "ether-type")
OWN, VMAC, OTHER = mac(11), "00:00:5e:00:01:07", mac(12)
A4, A6, B4, B6 = "192.0.2.11", "2001:db8::11", "192.0.2.12", "2001:db8::12"
NONE4, NONE6 = "0.0.0.0", "::"


def link_local(address):
    """What RFC 4291 makes of a MAC."""
    raw = bytearray(mac_bytes(address))
    raw[0] ^= 2
    return str(ipaddress.IPv6Address(
        b"\xfe\x80" + bytes(6) + bytes(raw[:3]) + b"\xff\xfe" + bytes(raw[3:])))


HAS = {address: [ipaddress.ip_network(text) for text in (
    *texts, link_local(address))] for address, texts in (
        (OWN, (A4, A6, "10.9.0.0/16")),
        (VMAC, ("192.0.2.100", "2001:db8:5::/64")))}
GUARDED = {
    "flags": ["security"], "ip4": [A4], "ip6": [A6], "pair": [
        {"ip4": "10.9.0.0", "prefix-len": 16},
        {"ip4": "192.0.2.100", "mac": VMAC},
        {"ip6": "2001:db8:5::", "prefix-len": 64, "mac": VMAC}]}
SOURCES4 = (A4, A4, A4, "192.0.2.100", "10.9.1.2", B4, "10.10.0.1", NONE4)
SOURCES6 = (A6, A6, A6, "2001:db8:5::7", B6, "2001:db8:6::7", NONE6, NONE6,
            link_local(OWN), link_local(VMAC), "fe80::77",
            "::ffff:192.0.2.11")
PORTS = (9, 67, 68, 546, 547)


# the model

def may(packet, text):
    """Has the port the address, with the MAC that the packet is from?"""
    ip = ipaddress.ip_address(text)
    return any(ip in net for net in HAS[packet["mac"]]
               if net.version == ip.version)


def is_question(packet):
    ends = (68, 67) if packet["kind"] == "ip4" else (546, 547)
    return (packet["proto"], packet["ports"], packet["frag"]) == \
        (UDP, ends, "none")


def starter4(packet):
    if packet["proto"] == IGMP:
        return packet["dst"].startswith("224.") and packet["frag"] == "none"
    return is_question(packet) and packet["dst"] == "255.255.255.255"


def starter6(packet):
    return packet["proto"] == ICMP6 and packet["dst"].startswith("ff02:") and \
        packet["type"] in (NS, RS, REPORT, DONE, REPORT2)


def server(packet):
    src, dst = (67, 68) if packet["kind"] == "ip4" else (547, 546)
    if packet["proto"] == UDP and packet["frag"] != "later" and \
            (packet["ports"][0] == src or packet["ports"][1] == dst):
        return "dhcp-server"
    return None


def verdict4(packet):
    if not may(packet, packet["src"]) and not (
            packet["src"] == NONE4 and starter4(packet)):
        return "spoofed-ip"
    return server(packet)


def verdict6(packet):
    if not may(packet, packet["src"]) and not (
            packet["src"] == NONE6 and starter6(packet)):
        return "spoofed-ip"
    if packet["proto"] != ICMP6:
        return server(packet)
    if packet["type"] in (RA, REDIRECT):
        return "router-advertisement"
    if packet["type"] in (NS, NA, RS) and (
            packet["option"] not in (None, packet["mac"])
            or (packet["type"] == NA or packet["src"] == NONE6)
            and packet["type"] != RS and not may(packet, packet["target"])):
        return "spoofed-neighbour"
    return None


def verdict_arp(packet):
    claim = packet["src"]
    if claim == NONE4 and packet["operation"] == 1:
        claim = packet["target"]
    if packet["sender"] != packet["mac"] or not may(packet, claim):
        return "spoofed-neighbour"
    return None


def verdict(packet):
    """Why the packet is to be dropped, or None."""
    if packet["mac"] not in HAS:
        return "spoofed-mac"
    return {"ip4": verdict4, "ip6": verdict6, "arp": verdict_arp,
            "other": lambda _: "ether-type"}[packet["kind"]](packet)


# the packets

class Dice(random.Random):
    fragments = True

    def __init__(self, *args):
        super().__init__(*args)
        self.passed = []

    def packet(self):
        """Another one, or once more one that may pass."""
        if self.passed and self.random() < .3:
            return self.choice(self.passed)
        packet = self.fresh()
        if not verdict(packet):
            self.passed.append(packet)
        return packet

    def fresh(self):
        kind = self.choice(("ip4", "ip4", "ip6", "ip6", "ip6", "arp", "other"))
        return {"kind": kind, "frag": "none",
                "mac": self.choice((OWN,) * 6 + (VMAC, VMAC, OTHER)),
                "vlan": self.choice((None,) * 5 + (7,)),
                **getattr(self, kind)()}

    def l4(self, protocols):
        proto = self.choice(protocols)
        return {"proto": proto,
                "ports": self.choice(((self.choice(PORTS), self.choice(PORTS)),
                                      (68, 67), (546, 547), (67, 68))),
                "frag": self.choice(("none", "first", "later"))
                if proto == UDP and self.fragments else "none"}

    def ip4(self):
        return {"src": self.choice(SOURCES4), "dst": self.choice(
            (B4, B4, "255.255.255.255", "224.0.0.22")),
                **self.l4((UDP, UDP, UDP, TCP, ICMP, IGMP, GRE))}

    def ip6(self):
        return {"src": self.choice(SOURCES6), "dst": self.choice(
            (B6, B6, "ff02::16", "ff05::2")), **self.l4((UDP, TCP, ICMP6, ICMP6)),
                "type": self.choice((128, QUERY, REPORT, DONE, REPORT2, RS, RA,
                                     NS, NS, NA, NA, REDIRECT)),
                "target": self.choice(SOURCES6),
                "option": self.choice((None, OWN, OWN, VMAC, OTHER))}

    def arp(self):
        return {"src": self.choice(SOURCES4), "target": self.choice(SOURCES4),
                "operation": self.choice((1, 1, 2, 3)),
                "sender": self.choice((OWN, OWN, VMAC, OTHER))}

    def other(self):
        return {"type": self.choice((0x88b5, 0x8035, 0x8847, 0x8864, 0x8100,
                                     40, ARP))}


def payload4(packet, number):
    tail = struct.pack("!II", number, 0)
    if packet["frag"] == "later":
        return tail
    if packet["proto"] == UDP:
        return udp(*packet["ports"], tail)
    if packet["proto"] == TCP:
        return struct.pack("!HHIIBBHHH", *packet["ports"], 1, 0, 0x50, 2, 1024,
                           0, 0) + tail
    return struct.pack("!II", 8 << 24, 0) + tail


def message6(packet, number):
    """ICMPv6; the number is in an option where others are not."""
    kind, nonce = packet["type"], b"\x0e\x01" + struct.pack("!HI", 0, number)
    if kind not in (NS, NA, RS, RA, REDIRECT):
        return icmp6(packet["src"], packet["dst"], kind, nonce)
    body = {RS: bytes(4), RA: bytes(12)}.get(kind) or \
        bytes(4) + inet(packet["target"])
    if kind == REDIRECT:
        body += inet(B6)
    if packet["option"]:
        body += (b"\2" if kind == NA else b"\1") + b"\1" + \
            mac_bytes(packet["option"])
    return icmp6(packet["src"], packet["dst"], kind, body + nonce)


def packet6(packet, number):
    if packet["proto"] == ICMP6:
        return message6(packet, number)
    data, proto = payload4(packet, number), packet["proto"]
    if packet["frag"] != "none":
        data = struct.pack("!BxHI", proto, {"first": 1, "later": 128}[
            packet["frag"]], number) + data
        proto = FRAGMENT
    return ip6(packet["src"], packet["dst"], proto, data)


def other(packet, number):
    """What cannot be judged: also tags behind tags, and other ARP."""
    tail = struct.pack("!II", number, 0)
    if packet["type"] == ARP:
        return struct.pack("!HHBBH", 6, IP4, 6, 4, 1) + bytes(20) + tail
    if packet["type"] == 0x8100:
        return struct.pack("!HHHH", 7, 0x8100, 7, 0x8100) + tail
    if packet["type"] == 40:        # a length, and IPv4 behind a SNAP header
        return bytes.fromhex("aaaa030000000800") + ip4(A4, B4, UDP, b"") + tail
    return tail


def frame(packet, number):
    kind, dst = packet["kind"], packet.get("dst", "")
    to = mac(12)
    if dst == "255.255.255.255" or kind == "arp":
        to = BROADCAST
    elif dst.startswith("ff") or dst.startswith("224"):
        to = "33:33:00:00:00:16"
    if kind == "ip4":
        kind, data = IP4, ip4(
            packet["src"], dst, packet["proto"], payload4(packet, number),
            frag={"none": 0, "first": 0x2000, "later": 16}[packet["frag"]],
            ident=number & 0xffff)
    elif kind == "ip6":
        kind, data = IP6, packet6(packet, number)
    elif kind == "arp":
        kind, data = ARP, struct.pack(
            "!HHBBH6s4s6s4s", 1, IP4, 6, 4, packet["operation"],
            mac_bytes(packet["sender"]), inet(packet["src"]), bytes(6),
            inet(packet["target"])) + struct.pack("!I", number)
    else:
        kind, data = packet["type"], other(packet, number)
    return ethernet(to, packet["mac"], kind, data, packet["vlan"])


def is_neighbour(packet):
    """What becomes of it depends on more than port security."""
    return packet["kind"] == "arp" or packet["kind"] == "ip6" and \
        packet["proto"] == ICMP6 and packet["type"] in (NS, NA, RS)


def guard_drops(hv):
    drops = hv.drops(11)
    return {reason: drops.get(reason, 0) for reason in REASONS}


def agrees(t, hv, wires, packets):
    """Send some, by number: does the model say what becomes of them?"""
    verdicts = [verdict(packet) for packet in packets.values()]
    before, seen = guard_drops(hv), hv.counter(11, "rx-packets")
    for number, packet in packets.items():
        wires[0].send(frame(packet, number))
    poll(lambda: hv.counter(11, "rx-packets") - seen == len(packets)
         and sum(guard_drops(hv).values()) - sum(before.values())
         >= sum(map(bool, verdicts)))
    came = b"".join(wires[1].pending())
    after = guard_drops(hv)
    good = t.check("the reasons", {
        reason: after[reason] - before[reason] for reason in REASONS},
        {reason: verdicts.count(reason) for reason in REASONS})
    for (number, packet), why in zip(packets.items(), verdicts):
        if not is_neighbour(packet):
            good &= t.check(f"{packet} arrives", struct.pack("!I", number)
                            in came, why is None)
    if not good:
        t.log(list(zip(verdicts, packets.values())))
    return good, len(packets) - sum(map(bool, verdicts))


def a_model_agrees(name, **more):
    def case(t):
        dice = Dice(seed(t.log))
        hv = t.hypervisor()
        hv.network(1, flags=["vlan-transparent"])
        if "group" in more:
            dice.fragments = False
            hv.df.do("security-group-new", {"id": 1, "flags": ["stateless"]})
            for number in (1, 2):
                hv.df.do("security-group-rule-new", {
                    "id": number, "group": 1, "direction": "egress",
                    "version": f"ip{2 * number + 2}"})
        wires = hv.wire(11, **GUARDED, **more), hv.wire(12, ip4=[B4], ip6=[B6])
        number, passed, rounds = 0x5eed0000, 0, 0
        while rounds < ROUNDS or (
                rounds < 5 * ROUNDS and not all(guard_drops(hv).values())):
            packets = {number + n: dice.packet() for n in range(BATCH)}
            number, rounds = number + BATCH, rounds + 1
            good, some = agrees(t, hv, wires, packets)
            passed += some
            if not good:
                return
        t.check("some may", rounds < passed < rounds * (BATCH - 1))
        t.check("each reason was met", [why for why, packets in guard_drops(
            hv).items() if not packets], [])
        t.check("entries were used", hv.counter(11, "flow-hits") > ROUNDS)
        classes = {flow["class"] for flow in hv.flows(11)}
        t.check(f"none of a lower class: {classes}", "l2" in classes, False)
    case.__name__ = f"a_model_agrees_{name}"
    return case


def world(t, **more):
    hv = t.hypervisor()
    hv.network(1)
    return hv, hv.wire(11, **{**GUARDED, **more}), hv.wire(12)


def datagram(src, address=OWN, ports=(7, 9), dst=B4, to=None):
    make, kind = (ip6, IP6) if ":" in src else (ip4, IP4)
    return ethernet(to or mac(12), address, kind, make(
        src, B6 if kind == IP6 and dst == B4 else dst, UDP, udp(*ports)))


def dropped(t, what, hv, wires, sent, reason):
    before = hv.drops(11).get(reason, 0)
    wires[0].send(sent)
    t.wait(f"{what}: {reason}",
           lambda: hv.drops(11).get(reason, 0) - before, 1)
    t.check(f"{what}: does not arrive", wires[1].pending(), [])


def arrives(t, what, wires, sent):
    wires[0].send(sent)
    t.check(f"{what}: arrives", wires[1].receive(), sent)


# changes

def a_switch_takes_effect_at_once(flow_class):
    def case(t):
        hv, wire, heard = world(t, **{"flow-class": flow_class})
        with_security = {**GUARDED, "flow-class": flow_class}
        without = {**with_security, "flags": []}

        def spoof():
            while True:
                wire.send(datagram(B4))
                time.sleep(.001)
        Background(t, spoof)

        def drops():
            return hv.drops(11).get("spoofed-ip", 0)
        for _ in range(5):
            before = drops()
            hv.vif(11, **with_security)
            t.require("dropped", poll(lambda: drops() > before + 1))
            heard.pending()     # from before the first that was dropped
            t.require("more", poll(lambda: drops() > before + 20))
            t.check("on, and nothing comes", heard.pending(), [])
            hv.vif(11, **without)
            t.check("off, and it comes", bool(heard.receive()))
    case.__name__ = f"a_switch_takes_effect_at_once_{flow_class}"
    return case


def a_pair_takes_effect_at_once(t):
    hv, *wires = world(t)
    for ip, mine in (("198.51.100.7", "198.51.100.0"),
                     ("2001:db8:7::7", "2001:db8:7::")):
        key, size = ("ip6", 64) if ":" in ip else ("ip4", 24)
        for address in (OWN, VMAC):
            sent = datagram(ip, address)
            dropped(t, f"{ip} before", hv, wires, sent, "spoofed-ip")
            allowed = {**GUARDED, "pair": [*GUARDED["pair"], {
                key: mine, "prefix-len": size, "mac": address}]}
            hv.vif(11, **allowed)
            for _ in range(2):
                arrives(t, f"{ip} with {address}", wires, sent)
            other = OWN if address == VMAC else VMAC
            dropped(t, "with the other MAC", hv, wires,
                    datagram(ip, other), "spoofed-ip")
            allowed["pair"][-1]["prefix-len"] = size + 8
            dropped(t, "beyond the prefix", hv, wires, datagram(
                "198.51.101.7" if key == "ip4" else "2001:db8:7:1::7",
                address), "spoofed-ip")
            hv.vif(11, **GUARDED)
            dropped(t, f"{ip} after", hv, wires, sent, "spoofed-ip")
    hv.vif(11, **{**GUARDED, "ip4": ["192.0.2.99"]})
    dropped(t, "the address of before", hv, wires, datagram(A4), "spoofed-ip")
    arrives(t, "that of now", wires, datagram("192.0.2.99"))
    hv.vif(11, address=mac(15), **GUARDED)
    dropped(t, "the MAC of before", hv, wires, datagram(A4), "spoofed-mac")
    arrives(t, "that of now", wires, datagram(A4, mac(15)))


def fragments_are_judged_one_by_one(t):
    hv, *wires = world(t)
    hv.df.do("security-group-new", {"id": 1})
    hv.df.do("security-group-rule-new", {
        "id": 1, "group": 1, "direction": "egress", "version": "ip4"})
    hv.vif(11, **GUARDED, group=[1])

    def fragment(src, frag, data):
        return ethernet(mac(12), OWN, IP4, ip4(
            src, B4, UDP, data, frag=frag, ident=7))
    first = struct.pack("!HHHH", 7, 9, 40, 0) + bytes(16)
    for frag, data in ((0x2000, first), (3, bytes(16))):
        dropped(t, f"{frag:x}", hv, wires, fragment(B4, frag, data),
                "spoofed-ip")
    wires[0].send(fragment(A4, 0x2000, first))
    dropped(t, "the rest of another's", hv, wires,
            fragment(B4, 3, bytes(16)), "spoofed-ip")
    wires[0].send(fragment(A4, 3, bytes(16)))
    t.check("its own arrive", [bool(wires[1].receive()) for _ in range(2)],
            [True, True])


# claims

def nobody_claims_what_he_may_not_have(t):
    hv, *wires = world(t)

    def held():
        return [one.get("ip4") or one["ip6"]
                for one in hv.df.port(11).get("hold", [])]
    for what, sent in (
            ("an address of no pair", arp(OWN, "192.0.2.150", "192.0.2.150")),
            ("that of a pair, with its own MAC",
             arp(OWN, "192.0.2.100", "192.0.2.100")),
            ("an advertised address",
             advertisement(OWN, A6, "2001:db8::150")),
            ("one of a pair, with its own MAC",
             advertisement(OWN, A6, "2001:db8:5::1")),
            ("from an address that it has, another's",
             advertisement(VMAC, "2001:db8:5::1", "2001:db8::150")),
            ("a probe for another's", solicitation(
                OWN, NONE6, "2001:db8::150", option=False)),
            ("a probe for another's", arp(OWN, "192.0.2.150", NONE4))):
        dropped(t, what, hv, wires, sent, "spoofed-neighbour")
    t.check("nothing is held", held(), [])
    for ip, address, sent in (
            ("10.9.1.1", OWN, arp(OWN, "10.9.1.1", "10.9.1.1")),
            ("192.0.2.100", VMAC, arp(VMAC, "192.0.2.100", "192.0.2.100")),
            ("2001:db8:5::1", VMAC, advertisement(
                VMAC, "2001:db8:5::1", "2001:db8:5::1"))):
        arrives(t, f"{ip} from {address}", wires, sent)
        t.wait(f"{ip} is held", lambda ip=ip: ip in held())


# before there is an address

LOCAL = link_local(OWN)


def question(src, ports, dst, to=BROADCAST):
    return datagram(src, ports=ports, dst=dst, to=to)


def membership(kind, src, dst="ff02::16"):
    return ethernet("33:33:00:00:00:16", OWN, IP6,
                    icmp6(src, dst, kind, bytes(20), ttl=1))


def igmp(src, kind=0x22):
    return ethernet("01:00:5e:00:00:16", OWN, IP4,
                    ip4(src, "224.0.0.22", IGMP, bytes([kind]) + bytes(15)))


STARTS = [
    ("DHCP", question(NONE4, (68, 67), "255.255.255.255")),
    ("DHCP of who has an address", question(A4, (68, 67), "255.255.255.255")),
    ("DHCP renewed", question(A4, (68, 67), B4, mac(12))),
    ("DHCPv6", question(LOCAL, (546, 547), "ff02::1:2")),
    ("IGMP without an address", igmp(NONE4)), ("IGMP", igmp(A4)),
    ("MLD without an address", membership(REPORT2, NONE6)),
    ("MLD", membership(REPORT2, LOCAL)),
    ("MLD, version 1", membership(REPORT, LOCAL)),
    ("leaving", membership(DONE, LOCAL, "ff02::2")),
    ("a probe for its link-local address",
     solicitation(OWN, NONE6, LOCAL, option=False)),
    ("a search for routers", router_solicitation(OWN, LOCAL)),
    ("one without an address", router_solicitation(OWN, NONE6, option=False)),
    ("a question", arp(OWN, "192.0.2.150", A4)),
]


def who_starts_needs_no_rule(t):
    hv, *wires = world(t)
    hv.df.do("security-group-new", {"id": 1})
    for attrs in ({}, {"group": [1]}):
        hv.vif(11, **GUARDED, **attrs)
        for _ in range(2):
            for what, sent in STARTS:
                arrives(t, what, wires, sent)
    for what, sent in (
            ("what only looks like DHCP", question(A4, (68, 66), B4, mac(12))),
            ("from another port", question(A4, (69, 67), B4, mac(12))),
            ("like DHCPv6", question(LOCAL, (546, 548), "ff02::1:2")),
            ("a query", membership(QUERY, LOCAL)),
            ("a ping", ethernet(mac(12), OWN, IP4, echo4(A4, B4, b""))),
            ("IGMP to one", ethernet(mac(12), OWN, IP4,
                                     ip4(A4, B4, IGMP, bytes(8))))):
        dropped(t, what, hv, wires, sent, "policy-egress")
    before = hv.counter(11, "flow-hits")
    arrives(t, "DHCP renewed, by its entry", wires, STARTS[2][1])
    t.check("a hit", hv.counter(11, "flow-hits") - before, 1)


def who_starts_is_answered(t):
    hv, guarded, server_wire = world(t)
    hv.df.do("security-group-new", {"id": 1})
    hv.vif(11, **GUARDED, group=[1])

    def reply(src, ports, dst, to):
        return datagram(src, mac(12), ports, dst, to)
    query = ethernet("33:33:00:00:00:01", mac(12), IP6, icmp6(
        "fe80::12", ALL_NODES, QUERY, bytes(20), ttl=1))
    for what, sent in (
            ("DHCP", reply(B4, (67, 68), "255.255.255.255", BROADCAST)),
            ("DHCP to one", reply(B4, (67, 68), A4, OWN)),
            ("DHCPv6", reply("fe80::12", (547, 546), LOCAL, OWN)),
            ("who listens", query)):
        arrives(t, what, (server_wire, guarded), sent)
    for ports in ((67, 69), (66, 68), (9, 9)):
        for dst, to in ((A4, OWN), ("255.255.255.255", BROADCAST)):
            server_wire.send(reply(B4, ports, dst, to))
    t.wait("counted", lambda: hv.drops(12).get("policy-ingress"), 6)
    t.check("and nothing else", guarded.pending(), [])


# workloads with a stack

def tentative(netns):
    return "tentative" in run("ip", "-6", "address", "show", "dev", "eth0",
                              netns=netns)


def pings(netns, address, *more):
    return "bytes from" in run("ping", "-c", "1", "-W", "1", *more, address,
                               netns=netns, check=False)


def a_workload_that_is_honest_notices_nothing(t):
    hv = t.hypervisor()
    hv.network(1)
    for n in (11, 12):
        hv.vif(n, flags=["security"], ip4=[f"192.0.2.{n}"],
               ip6=[f"2001:db8::{n}", f"2001:db8:1::{n}"])
    inner, outer = hv.stack(11), hv.stack(12)
    ip_batch(inner, "address add 2001:db8:1::11/64 dev eth0")
    ip_batch(outer, "address add 2001:db8:1::12/64 dev eth0")
    t.wait("addresses are found to be free", lambda: [
        tentative(netns) for netns in (inner, outer)], [False, False])
    for address in (B4, B6, "2001:db8:1::12", link_local(mac(12)) + "%eth0"):
        t.check(f"{address} answers", pings(inner, address))
    t.check("nothing was spoofed", {why: n for why, n in hv.drops(11).items()
                                    if why in REASONS}, {})
    ip_batch(inner, "address add 192.0.2.77/24 dev eth0",
             "address add 2001:db8::77/64 dev eth0 nodad")
    t.check("from another address, none", [
        pings(inner, B4, "-I", "192.0.2.77"),
        pings(inner, B6, "-I", "2001:db8::77")], [False, False])
    drops = hv.drops(11)
    t.check("counted", drops.get("spoofed-ip", 0)
            + drops.get("spoofed-neighbour", 0) > 1)


main(a_model_agrees("l2"), a_model_agrees("l3", **{"flow-class": "l3"}),
     a_model_agrees("connection", **{"flow-class": "connection"}),
     a_model_agrees("with_rules", group=[1]),
     *(a_switch_takes_effect_at_once(one) for one in (
         "l2", "l3", "connection")),
     a_pair_takes_effect_at_once,
     fragments_are_judged_one_by_one,
     nobody_claims_what_he_may_not_have,
     who_starts_needs_no_rule,
     who_starts_is_answered,
     a_workload_that_is_honest_notices_nothing)
