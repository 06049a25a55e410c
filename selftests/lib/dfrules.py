# SPDX-License-Identifier: GPL-2.0
"""Rules of security groups at random, packets at random, and who is right.

The model compares each rule with each packet, in a few lines that have nothing
in common with how the module does it. A packet arrives if the groups of its
sender let it out and those of its receiver let it in, wherever the two are:

      p11 1,2   p12          p21 2          p31 1       and their groups
        |        |            |              |
      +-+--------+-+        +-+---+        +-+---+
      |    hv1     |--------| hv2 |--------| hv3 |      or all at hv1
      +------------+        +-----+        +-----+
"""
import collections
import functools
import ipaddress
import random
import struct

from dfcloud import cloud, everywhere
from dftest import ethernet, ip4, ip6, mac, poll, sysctl, udp

IP4, IP6 = 0x800, 0x86dd
TCP, UDP, ICMP, ICMP6, SCTP, GRE = 6, 17, 1, 58, 132, 47
HAS_PORTS = (TCP, UDP, SCTP, 33, 136)
RULES = 40
# of each port its hypervisor and its groups
PORTS = {11: (1, (1, 2)), 12: (1, ()), 21: (2, (2,)), 31: (3, (1,))}
GROUPS, SETS = (1, 2), (7, 8, 9)

# the same few, over and over
address_of = functools.lru_cache(None)(ipaddress.ip_address)
network_of = functools.lru_cache(None)(ipaddress.ip_network)


def covers(rule, packet, remote, members):
    """Does the rule allow the packet, whose other end is remote?"""
    if rule["version"] != packet["version"]:
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
    remote = address_of(remote)
    for key in ("ip4", "ip6"):
        if key in rule and remote not in network_of(
                f"{rule[key]}/{rule['prefix-len']}"):
            return False
    if "address-set" in rule:
        return any(remote in net for net in members[rule["address-set"]]
                   if net.version == remote.version)
    return True


class Dice(random.Random):
    """Rules and packets, from so few values that they meet."""

    # only what may begin a connection, and cannot belong to another's
    tracked = False

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

    def rule(self, number):
        version = self.choice(("ip4", "ip6"))
        rule = {"id": number, "group": self.choice(GROUPS), "version": version,
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
            rule["address-set"] = self.choice(SETS)
        return rule

    def packet(self):
        version = self.choice(("ip4", "ip6"))
        protocol = self.protocol(version)
        while self.tracked and protocol == GRE:
            protocol = self.protocol(version)
        source, target = self.sample(sorted(PORTS), 2)
        src = dst = self.address(version)
        while dst == src:
            dst = self.address(version)
        return {"version": version, "protocol": protocol,
                "l4": self.l4(protocol, self.tracked), "src": src, "dst": dst,
                "source": source, "target": target}


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
        # that an association begins with, and its tag
        return struct.pack("!HHIIBBHIIHHI", port, l4, 0, 0, 1, 0, 20, number,
                           1500, 1, 1, 1)
    return struct.pack("!HH", 0, 0x800) + tail


def frame(packet, number):
    data = payload(packet["protocol"], packet["l4"], number)
    make, kind = (ip4, IP4) if packet["version"] == "ip4" else (ip6, IP6)
    return ethernet(mac(packet["target"]), mac(packet["source"]), kind, make(
        packet["src"], packet["dst"], packet["protocol"], data))


class Ruled:
    """Ports with groups, whose rules come and go, on up to three hypervisors."""

    def __init__(self, t, dice, flags, flavour=("vxlan", 4), size=1):
        self.dice = dice
        self.rules, self.members = {}, {n: set() for n in SETS}
        self.hvs = cloud(t, *flavour, size)
        for hv in self.hvs:
            # made up packets have no checksums
            sysctl(hv.name, "netfilter/nf_conntrack_checksum", "0")
        for number in GROUPS:
            self.do("security-group-new", {"id": number, "flags": flags})
        for number in SETS:
            self.do("address-set-new", {"id": number})
        self.wires = {number: everywhere(self.hvs, number, min(home, size),
                                         group=list(groups))
                      for number, (home, groups) in PORTS.items()}

    def do(self, operation, attrs):
        """On each hypervisor, as the agents would."""
        for hv in self.hvs:
            hv.df.do(operation, attrs)

    def change(self):
        """A rule or a member comes or goes."""
        dice = self.dice
        chance = dice.random()
        if chance < .3:
            number, net = dice.choice(SETS), dice.network(
                dice.choice(("ip4", "ip6")))
            attrs = {"set": number, "prefix-len": net.prefixlen,
                     f"ip{net.version}": str(net.network_address)}
            if net in self.members[number]:
                self.do("address-set-member-del", attrs)
                self.members[number].remove(net)
            elif net.prefixlen:
                self.do("address-set-member-new", attrs)
                self.members[number].add(net)
            return
        number = dice.randint(1, RULES)
        if number in self.rules and chance < .5:
            self.do("security-group-rule-del", {"id": number})
            del self.rules[number]
            return
        self.rules[number] = dice.rule(number)
        self.do("security-group-rule-new", self.rules[number])

    def _passes(self, packet, port, direction, remote):
        """Do the groups of one end allow it?"""
        groups = PORTS[port][1]
        return not groups or any(
            covers(rule, packet, remote, self.members)
            for rule in self.rules.values() if rule["group"] in groups
            and rule["direction"] == direction)

    def allowed(self, packet):
        return self._passes(packet, packet["source"], "egress",
                            packet["dst"]) and \
            self._passes(packet, packet["target"], "ingress", packet["src"])

    def drops(self):
        """How many packets were dropped at all ports, by reason."""
        return sum((collections.Counter({
            drop["reason"]: drop["packets"] for drop in stats.get("drop", [])})
            for _, stats in self._ports()), collections.Counter())

    def _ports(self):
        """The types and counters of all that are here."""
        return [(port["type"], port["stats"]) for hv in self.hvs
                for port in hv.df.dump("port-get") if "stats" in port]

    def _over(self):
        """How many packets have come to their end: delivered, dropped."""
        ports = self._ports()
        return (sum(stats["tx-packets"] for kind, stats in ports
                    if kind == "vif"),
                sum(drop["packets"] for _, stats in ports
                    for drop in stats.get("drop", [])))

    def send(self, numbered):
        """Which of some packets arrive, by number, as they are and where they
        should; anything else that arrives is told by its bytes."""
        left, got = {}, []
        for number, packet in numbered.items():
            left[packet["target"], frame(packet, number)] = number
        before = self._over()

        def is_over():
            for target, wire in self.wires.items():
                # a group that keeps connections takes the padding off
                got.extend((target, data.ljust(60, b"\0"))
                           for data in wire.pending())
            delivered, dropped = (now - was for now, was in
                                  zip(self._over(), before))
            return (delivered, delivered + dropped) == \
                (len(got), len(numbered))

        for (_, data), number in left.items():
            self.wires[numbered[number]["source"]].send(data)
        if not poll(is_over):
            got.append("not all have come to an end")
        return {left.pop(one, one) for one in got}
