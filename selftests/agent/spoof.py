# SPDX-License-Identifier: GPL-2.0
"""Packets that say of a workload what is so, or what is not; by their names.

    python3 spoof.py send NETNS MAC NAME...
                        from eth0, whose MAC that is, to all
    python3 spoof.py hear NETNS
                        prints "ready", then the names of those that come in,
                        until it is killed
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402  pylint: disable=wrong-import-position
    ALL_NODES, ALL_NODES_MAC, IP4, IP6, NA, NS, RS, UDP, arp, icmp6,
    inet, solicited)
from dftest import (  # noqa: E402  pylint: disable=wrong-import-position
    BROADCAST, Wire, ethernet, ip4, ip6, mac_bytes, udp)

# Which the test's port has: the rest follows from the MAC.
A4, A6, OTHER4, OTHER6 = "10.1.0.11", "2001:db8:1::11", "10.1.0.99", \
    "2001:db8:1::99"
NONE4, NONE6, ALL4 = "0.0.0.0", "::", "255.255.255.255"
OTHER_MAC = "02:00:00:00:00:99"
RA, REPORT2 = 134, 143


class Names:
    """How each of them is made; the name travels along."""

    def __init__(self, address):
        self.mac, raw = address, bytearray(mac_bytes(address))
        self.local = "fe80::%x:%xff:fe%02x:%x" % (
            (raw[0] ^ 2) << 8 | raw[1], raw[2], raw[3], raw[4] << 8 | raw[5])
        self.named = {
            "dhcp": lambda tag: self.ip4(NONE4, (68, 67), tag, ALL4),
            "dhcp6": lambda tag: self.ip6(self.local, (546, 547), tag,
                                          "ff02::1:2"),
            "probe6": lambda tag: self.nd(NONE6, NS, self.local, tag, False),
            "search": lambda tag: self.nd(self.local, RS, None, tag),
            "mld": lambda tag: self.frame6(icmp6(
                NONE6, "ff02::16", REPORT2, bytes(4) + tag, ttl=1)),
            "igmp": lambda tag: ethernet(
                "01:00:5e:00:00:16", self.mac, IP4,
                ip4(NONE4, "224.0.0.22", 2, b"\x22" + bytes(15) + tag)),
            "own4": lambda tag: self.ip4(A4, (7, 9), tag, ALL4),
            "own6": lambda tag: self.ip6(A6, (7, 9), tag, ALL_NODES),
            "mac": lambda tag: self.ip4(A4, (7, 9), tag, ALL4, OTHER_MAC),
            "ip4": lambda tag: self.ip4(OTHER4, (7, 9), tag, ALL4),
            "ip6": lambda tag: self.ip6(OTHER6, (7, 9), tag, ALL_NODES),
            "arp": lambda tag: arp(self.mac, OTHER4, OTHER4) + tag,
            "nd": lambda tag: self.nd(A6, NA, OTHER6, tag),
            "server4": lambda tag: self.ip4(A4, (67, 68), tag, ALL4),
            "server6": lambda tag: self.ip6(A6, (547, 546), tag, ALL_NODES),
            "router": lambda tag: self.nd(self.local, RA, None, tag),
            "type": lambda tag: ethernet(BROADCAST, self.mac, 0x88b5, tag),
        }

    def frame6(self, packet):
        return ethernet(ALL_NODES_MAC, self.mac, IP6, packet)

    def ip4(self, src, ports, tag, dst, address=None):
        return ethernet(BROADCAST, address or self.mac, IP4,
                        ip4(src, dst, UDP, udp(*ports, tag)))

    def ip6(self, src, ports, tag, dst):
        return self.frame6(ip6(src, dst, UDP, udp(*ports, tag)))

    def nd(self, src, kind, target, tag, option=True):
        """The name is in an option that nobody knows."""
        body = bytes(12 if kind == RA else 4)
        if target:
            body += inet(target)
        if option:
            body += (b"\2" if kind == NA else b"\1") + b"\1" + \
                mac_bytes(self.mac)
        tag = tag.ljust((len(tag) + 9) // 8 * 8 - 2, b"\0")
        body += bytes([253, (len(tag) + 2) // 8]) + tag
        dst = solicited(target)[0] if kind == NS else ALL_NODES
        return self.frame6(icmp6(src, dst, kind, body))

    def make(self, name):
        return self.named[name](f"<{name}>".encode())


def send(netns, address, *names):
    wire, known = Wire(netns, "eth0"), Names(address)
    for name in names:
        wire.send(known.make(name))
    wire.close()


def hear(netns):
    wire = Wire(netns, "eth0")
    print("ready", flush=True)
    while True:
        frame = wire.receive(3600)
        for name in re.findall(rb"<([a-z0-9]+)>", frame or b""):
            print(name.decode(), flush=True)


if __name__ == "__main__":
    {"send": send, "hear": hear}[sys.argv[1]](*sys.argv[2:])
