#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Security groups: what the rules say is what packets meet.

Rules at random, and packets at random, are judged by a model of a few lines as
well, which compares each rule with each packet. Then connections: those of
real TCP, UDP and ICMP between two workloads.
"""
import ipaddress
import pathlib
import random
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffuzz import seed  # noqa: E402 pylint: disable=wrong-import-position
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfpair import (  # noqa: E402 pylint: disable=wrong-import-position
    Pair, connections, echoes)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    ethernet, ip4, ip6, mac, main, poll, sysctl, udp)

IP4, IP6 = 0x800, 0x86dd
TCP, UDP, ICMP, ICMP6, SCTP, GRE = 6, 17, 1, 58, 132, 47
HAS_PORTS = (TCP, UDP, SCTP, 33, 136)
ROUNDS, RULES, PACKETS = 12, 40, 60


# the model

def covers(rule, packet, members):
    """Does the rule allow the packet?"""
    if (rule["direction"], rule["version"]) != \
            (packet["direction"], packet["version"]):
        return False
    if "protocol" in rule and rule["protocol"] != packet["protocol"]:
        return False
    if "port-min" in rule and not (
            rule["port-min"] <= packet["l4"] <= rule["port-max"]):
        return False
    if "icmp-type" in rule and rule["icmp-type"] != packet["l4"] >> 8:
        return False
    if "icmp-code" in rule and rule["icmp-code"] != packet["l4"] & 255:
        return False
    remote = ipaddress.ip_address(packet["remote"])
    for key in ("ip4", "ip6"):
        if key in rule and remote not in ipaddress.ip_network(
                f"{rule[key]}/{rule['prefix-len']}"):
            return False
    if "address-set" in rule:
        return any(remote in net for net in members[rule["address-set"]]
                   if net.version == remote.version)
    return True


class Dice(random.Random):
    """Rules and packets, from so few values that they meet."""

    tracked = False     # only what may begin a connection, and is not another's

    def address(self, version):
        if version == "ip4":
            return f"10.{self.choice((0, 0, 1, 128))}.0.{self.randint(1, 12)}"
        return f"2001:db8:{self.choice((0, 0, 1, 8000))}::{self.randint(1, 12)}"

    def network(self, version):
        whole = 32 if version == "ip4" else 128
        size = self.choice((0, 8, 9, 16, 24, 30, 31, 32) if whole == 32 else
                           (0, 32, 33, 48, 64, 125, 127, 128))
        return ipaddress.ip_network(f"{self.address(version)}/{size}",
                                    strict=False)

    def protocol(self, version):
        return self.choice((TCP, UDP, SCTP, GRE, TCP, UDP,
                            ICMP if version == "ip4" else ICMP6))

    def port(self):
        return self.choice((0, 1, 22, 79, 80, 81, 443, 1023, 1024, 32768,
                            65535, self.randint(0, 65535)))

    def l4(self, protocol, tracked=False):
        if protocol in HAS_PORTS:
            return self.port()
        if protocol in (ICMP, ICMP6):
            if tracked:
                return (8 if protocol == ICMP else 128) << 8
            # not those of neighbour discovery
            return self.choice((8, 13, 0, 3, 128, 129, 1)) << 8 | \
                self.choice((0, 0, 1, 255))
        return 0

    def rule(self, number, group, sets):
        version = self.choice(("ip4", "ip6"))
        rule = {"id": number, "group": group, "version": version,
                "direction": self.choice(("ingress", "egress"))}
        if self.random() < .9:
            protocol = rule["protocol"] = self.protocol(version)
            if protocol in HAS_PORTS and self.random() < .8:
                ends = sorted((self.port(), self.port()))
                rule["port-min"], rule["port-max"] = \
                    self.choice((ends, [ends[0]] * 2))
            elif protocol in (ICMP, ICMP6) and self.random() < .8:
                l4 = self.l4(protocol)
                rule["icmp-type"] = l4 >> 8
                if self.random() < .6:
                    rule["icmp-code"] = l4 & 255
        chance = self.random()
        if chance < .4:
            net = self.network(version)
            rule[version] = str(net.network_address)
            rule["prefix-len"] = net.prefixlen
        elif chance < .7:
            rule["address-set"] = self.choice(sets)
        return rule

    def packet(self):
        version = self.choice(("ip4", "ip6"))
        protocol = self.protocol(version)
        while self.tracked and protocol in (SCTP, GRE):
            protocol = self.protocol(version)
        return {"version": version, "protocol": protocol,
                "direction": self.choice(("ingress", "egress")),
                "l4": self.l4(protocol, self.tracked),
                "remote": self.address(version)}


def payload(protocol, l4, number):
    """An L4 header, and something that tells the packet from others."""
    tail, port = struct.pack("!I", number), 2000 + number % 20000
    if protocol in (ICMP, ICMP6):
        return struct.pack("!BBHHH", l4 >> 8, l4 & 255, 0, port, 1) + tail
    if protocol == TCP:
        return struct.pack("!HHIIBBHHH", port, l4, 1, 0, 0x50, 2, 1024, 0,
                           0) + tail
    if protocol == UDP:
        return udp(port, l4, tail)
    if protocol == SCTP:
        return struct.pack("!HHII", port, l4, 1, 0) + tail
    return struct.pack("!HH", 0, 0x800) + tail


def frame(packet, number, judged, other):
    """From or to the port that has the groups, whose peer is other."""
    own = "10.0.0.99" if packet["version"] == "ip4" else "2001:db8::99"
    ends = (own, packet["remote"])
    macs = (mac(judged), mac(other))
    if packet["direction"] == "ingress":
        ends, macs = ends[::-1], macs[::-1]
    data = payload(packet["protocol"], packet["l4"], number)
    make, kind = (ip4, IP4) if packet["version"] == "ip4" else (ip6, IP6)
    return ethernet(macs[1], macs[0], kind,
                    make(*ends, packet["protocol"], data))


class Ruled:
    """A port with groups, whose rules come and go, and its peer."""

    def __init__(self, t, dice, flags):
        self.t, self.dice, self.hv = t, dice, t.hypervisor()
        self.groups, self.sets = (1, 2), (7, 8, 9)
        self.rules, self.members = {}, {n: set() for n in self.sets}
        df = self.hv.df
        for number in self.groups:
            df.do("security-group-new", {"id": number, "flags": flags})
        for number in self.sets:
            df.do("address-set-new", {"id": number})
        self.hv.network(1)
        self.judged = self.hv.wire(11, group=list(self.groups))
        self.other = self.hv.wire(12)

    def change(self):
        """A rule or a member comes or goes."""
        df, dice = self.hv.df, self.dice
        chance = dice.random()
        if chance < .3:
            number, net = dice.choice(self.sets), dice.network(
                dice.choice(("ip4", "ip6")))
            attrs = {"set": number, "prefix-len": net.prefixlen,
                     f"ip{net.version}": str(net.network_address)}
            if net in self.members[number]:
                df.do("address-set-member-del", attrs)
                self.members[number].remove(net)
            elif net.prefixlen:
                df.do("address-set-member-new", attrs)
                self.members[number].add(net)
            return
        number = dice.randint(1, RULES)
        if number in self.rules and chance < .5:
            df.do("security-group-rule-del", {"id": number})
            del self.rules[number]
            return
        self.rules[number] = dice.rule(number, dice.choice(self.groups),
                                       self.sets)
        df.do("security-group-rule-new", self.rules[number])

    def allowed(self, packet):
        return any(covers(rule, packet, self.members)
                   for rule in self.rules.values())

    def send(self, numbered):
        """Which of some packets arrive, by number."""
        for number, packet in numbered.items():
            wire = self.judged if packet["direction"] == "egress" else \
                self.other
            wire.send(frame(packet, number, 11, 12))
        got = [data[14:] for wire in (self.judged, self.other)
               for data in wire.pending()]
        return {n for n in numbered
                if any(struct.pack("!I", n) in data for data in got)}


def rules_agree_with_a_model(flags):
    def case(t):
        dice = Dice(seed(t.log))
        dice.tracked = not flags
        world = Ruled(t, dice, flags)
        # made up packets have no checksums
        sysctl(world.hv.name, "netfilter/nf_conntrack_checksum", "0")
        number, allowed = 0x5eed0000, 0
        for _ in range(ROUNDS):
            for _ in range(RULES // 2):
                world.change()
            numbered = {}
            for _ in range(PACKETS):
                number += 1
                numbered[number] = dice.packet()
            want = {n for n, packet in numbered.items()
                    if world.allowed(packet)}
            got = world.send(numbered)
            allowed += len(want)
            for n in sorted(got ^ want):
                t.check(f"{numbered[n]} is allowed by {world.rules} and "
                        f"{world.members}", n in got, n in want)
                return
        t.log(f"{allowed} of {ROUNDS * PACKETS} packets were allowed")
        t.check("some were", ROUNDS < allowed < ROUNDS * PACKETS - ROUNDS)
        drops = world.hv.drops(11)
        t.check("and some counted", "policy-egress" in drops)
        t.check("at both ends", "policy-ingress" in world.hv.drops(12))
    case.__name__ = "rules_agree_with_a_model" + \
        ("_stateless" if flags else "")
    return case


# connections

def replies_need_no_rule(t):
    world = Pair(t, [{"direction": "egress", "protocol": TCP,
                      "port-min": 80, "port-max": 80},
                     {"direction": "egress", "protocol": ICMP}])
    for port in (80, 81):
        world.server(world.outer, port)
        world.server(world.inner, port)
    sock = world.client(world.inner, "192.0.2.12", 80)
    t.require("what is allowed connects", sock is not None)
    t.check("and is answered", echoes(sock))
    t.check("another port is not", world.client(
        world.inner, "192.0.2.12", 81), None)
    t.check("nor the other way", world.client(
        world.outer, "192.0.2.11", 80), None)
    t.check("a ping is answered", world.ping(world.inner, "192.0.2.12"))
    t.check("and none let in", world.ping(world.outer, "192.0.2.11"), False)
    t.check("counted", [world.hv.drops(11).get("policy-egress", 0) > 0,
                        world.hv.drops(12).get("policy-ingress", 0) > 0],
            [True, True])


def established_packets_are_hits(t):
    world = Pair(t, [{"direction": "egress", "protocol": TCP}])
    world.server(world.outer, 80)
    sock = world.client(world.inner, "192.0.2.12", 80)
    t.require("it connects", sock is not None)
    for _ in range(3):
        echoes(sock)
    misses = [world.hv.counter(n, "flow-misses") for n in (11, 12)]
    for _ in range(20):
        t.require("it goes on", echoes(sock))
    more = [world.hv.counter(n, "flow-misses") - was
            for n, was in zip((11, 12), misses)]
    # ARP does, every now and then
    t.check("no packet of it walks", sum(more) < 5)
    t.check("entries match the connection", {
        flow["port"] for flow in world.hv.flows()
        if flow["class"] == "connection"}, {11, 12})
    sock.close()
    t.wait("its end is seen", lambda: connections(world)[0][2] in (
        "TIME_WAIT", "CLOSE"))


def both_ends_keep_track(t):
    """Of a connection's first packet conntrack is asked once for both."""
    world = Pair(t, [{"direction": "egress", "protocol": TCP},
                     {"direction": "ingress", "protocol": TCP, "port_min": 80,
                      "port_max": 80}], judged=(11, 12))
    for port in (80, 81):
        world.server(world.outer, port)
    sock = world.client(world.inner, "192.0.2.12", 80)
    t.require("it connects", sock is not None and echoes(sock))
    t.check("in the zone of each", connections(world),
            [(TCP, 80, "ESTABLISHED")] * 2)
    t.check("each rule has let it begin", [
        world.hv.df.do("security-group-rule-get", {"id": n})["matches"]
        for n in (1, 2)], [1, 1])
    t.check("another port is refused", world.client(
        world.inner, "192.0.2.12", 81), None)
    t.check("and forgotten", connections(world),
            [(TCP, 80, "ESTABLISHED")] * 2)
    sock.close()
    t.wait("its end is seen by both", lambda: {
        state for _, _, state in connections(world)} <= {"TIME_WAIT",
                                                         "CLOSE"})


def one_end_may_know_a_connection(begins):
    """What the sender's zone has not seen yet is not new at the receiver's."""
    def case(t):
        world = Pair(t, [{"direction": "egress", "protocol": TCP},
                         {"direction": "ingress", "protocol": TCP,
                          "port_min": 80, "port_max": 80}], judged=(12,))
        ends = [(world.inner, "192.0.2.11"), (world.outer, "192.0.2.12")]
        if begins == "receiver":
            ends.reverse()
        port = 80 if begins == "sender" else 81
        with inside(ends[1][0]):
            listener = socket.create_server(("", port))
        t.defer(listener.close)
        client = world.client(ends[0][0], ends[1][1], port)
        t.require("it connects", client is not None)
        server, _ = listener.accept()
        t.defer(server.close)
        t.check("with one zone", connections(world),
                [(TCP, port, "ESTABLISHED")])
        # from now on judged as well, he is the first to say something
        world.hv.vif(11, group=[1])
        socks = (client, server) if begins == "sender" else (server, client)
        for sock, other in (socks, socks[::-1], socks):
            other.settimeout(5)
            sock.sendall(b"hello")
            t.check("it goes on", other.recv(99), b"hello")
        t.check("with two zones", len(connections(world)), 2)
    case.__name__ = f"one_end_may_know_a_connection_of_the_{begins}"
    return case


def a_rule_that_goes_stops_its_connections(t):
    world = Pair(t, [{"direction": "egress", "protocol": TCP, "port-min": 80,
                      "port-max": 80},
                     {"direction": "egress", "protocol": TCP, "port-min": 81,
                      "port-max": 81}])
    for port in (80, 81):
        world.server(world.outer, port)
    gone, stays = (world.client(world.inner, "192.0.2.12", port)
                   for port in (80, 81))
    for sock in (gone, stays):
        t.require("it connects", sock is not None and echoes(sock))
    world.hv.df.do("security-group-rule-del", {"id": 1})
    t.check("it stops", echoes(gone), False)
    t.check("the other goes on", echoes(stays))
    t.check("the connection is forgotten",
            [port for _, port, _ in connections(world)], [81])


def a_member_that_goes_stops_its_connections(t):
    world = Pair(t, [])
    member = {"set": 5, "ip4": "192.0.2.12"}
    world.hv.df.do("address-set-new", {"id": 5})
    world.hv.df.do("address-set-member-new", member)
    world.rule(1, direction="ingress", protocol=TCP, address_set=5)
    world.server(world.inner, 80)
    sock = world.client(world.outer, "192.0.2.11", 80)
    t.require("it connects", sock is not None and echoes(sock))
    world.hv.df.do("address-set-member-del", member)
    t.check("it stops", echoes(sock), False)
    world.hv.df.do("address-set-member-new", member)
    t.check("another may begin", poll(lambda: world.client(
        world.outer, "192.0.2.11", 80)) is not None)


def connections_go_with_their_port(t):
    world = Pair(t, [{"direction": "egress", "protocol": UDP}])
    with inside(world.inner):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.defer(sock.close)
    sock.sendto(b"hello", ("192.0.2.12", 9))
    t.wait("there is one", lambda: (UDP, 9, "") in connections(world))
    world.hv.df.do("port-del", {"id": 11})
    t.wait("and then none", lambda: connections(world), [])


def stateless_groups_need_both_directions(t):
    world = Pair(t, [{"direction": "egress", "protocol": TCP}],
                 flags=["stateless"])
    world.server(world.outer, 80)
    t.check("no reply comes in",
            world.client(world.inner, "192.0.2.12", 80), None)
    world.rule(2, direction="ingress", protocol=TCP)
    sock = world.client(world.inner, "192.0.2.12", 80, 3)
    t.require("with a rule it does", sock is not None and echoes(sock))
    t.check("without any connection", connections(world), [])


def reassembled(netns, family):
    """Packets that a namespace has put together from fragments."""
    name = "Ip" if family == 4 else "Ip6"
    with inside(netns), open("/proc/thread-self/net/snmp" +
                             ("6" if family == 6 else ""),
                             encoding="ascii") as f:
        lines = [line.split() for line in f]
    if family == 6:
        return int(dict(lines)[f"{name}ReasmOKs"])
    names, values = [line for line in lines if line[0] == f"{name}:"]
    return int(dict(zip(names, values))["ReasmOKs"])


def fragments_are_judged_together(family):
    def case(t):
        version = f"ip{family}"
        world = Pair(t, [{"direction": "egress", "version": version,
                          "protocol": UDP, "port-min": 9, "port-max": 9}])
        where = ("192.0.2.11", "192.0.2.12") if family == 4 else \
            ("2001:db8::11", "2001:db8::12")
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        socks = []
        for netns in (world.inner, world.outer):
            with inside(netns):
                socks.append(socket.socket(kind, socket.SOCK_DGRAM))
            t.defer(socks[-1].close)
        inner, outer = socks
        outer.bind((where[1], 9))
        outer.settimeout(5)
        text = bytes(range(256)) * 20
        for n in range(3):
            inner.sendto(text, (where[1], 9))
            got, sender = outer.recvfrom(1 << 16)
            t.check(f"it is whole, {n}", got == text)
            outer.sendto(text[::-1], sender)
            inner.settimeout(5)
            t.check(f"and so is the answer, {n}",
                    inner.recv(1 << 16) == text[::-1])
        t.check("they were fragments again", reassembled(
            world.outer, family) >= 3)
        before = world.hv.drops(11).get("policy-egress", 0)
        inner.sendto(text, (where[1], 10))
        t.wait("another port's are dropped", lambda: world.hv.drops(11).get(
            "policy-egress", 0) > before)
    case.__name__ = f"ipv{family}_fragments_are_judged_together"
    return case


def floods_are_judged_at_each_receiver(t):
    world = Ruled(t, Dice(1), [])
    third = world.hv.wire(13)
    sent = ethernet("ff:ff:ff:ff:ff:ff", mac(12), IP4, ip4(
        "192.0.2.12", "255.255.255.255", UDP, udp(7, 9, b"all")))
    world.other.send(sent)
    t.check("who has no groups gets it", third.receive(), sent)
    t.check("who has does not", world.judged.pending(), [])
    world.hv.df.do("security-group-rule-new", {
        "id": 1, "group": 1, "direction": "ingress", "version": "ip4",
        "protocol": UDP, "port-min": 9, "port-max": 9})
    world.other.send(sent)
    t.check("but with a rule", world.judged.receive(), sent)


if __name__ == "__main__":
    main(rules_agree_with_a_model(["stateless"]),
         rules_agree_with_a_model([]),
         replies_need_no_rule,
         established_packets_are_hits,
         both_ends_keep_track,
         one_end_may_know_a_connection("sender"),
         one_end_may_know_a_connection("receiver"),
         a_rule_that_goes_stops_its_connections,
         a_member_that_goes_stops_its_connections,
         connections_go_with_their_port,
         stateless_groups_need_both_directions,
         fragments_are_judged_together(4),
         fragments_are_judged_together(6),
         floods_are_judged_at_each_receiver)
