#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Packets that pass their tunnel's device by, and those that may not.

Whichever way a packet takes: on the wire it looks the same. The general way is
forced by someone who looks at what the tunnel's device sends.
"""
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    FLAVOURS, TUNNEL, arrives, cloud, everywhere, frame)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    checksum, ethernet, ip4, mac, mac_bytes, main, run, udp)

DIRECT = ("tx-packets", "tx-direct")


def counters(hv, *names):
    stats = hv.df.port(TUNNEL)["stats"]
    return [stats[name] for name in names or DIRECT]


def ip6(src, dst, proto, payload, traffic_class=0):
    return struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(payload),
                       proto, 64) + \
        socket.inet_pton(socket.AF_INET6, src) + \
        socket.inet_pton(socket.AF_INET6, dst) + payload


def ip4_tos(tos, *packet):
    """An IPv4 packet with another type of service."""
    data = bytearray(ip4(*packet))
    data[1] = tos
    data[10:12] = b"\0\0"
    data[10:12] = struct.pack("!H", checksum(bytes(data[:20])))
    return bytes(data)


def samples():
    """One of everything that a workload may send: name, frame."""
    def eth(kind, payload):
        return ethernet(mac(21), mac(11), kind, payload)
    pair = ("192.0.2.11", "192.0.2.21")
    pair6 = ("2001:db8::11", "2001:db8::21")
    yield "no IP", frame(21, 11, "not IP")
    yield "ARP", eth(0x806, struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, mac_bytes(mac(11)),
        bytes(4), mac_bytes(mac(21)), bytes(4)))
    for port in (7, 8, 9):
        yield f"UDP {port}", eth(0x800, ip4(*pair, 17, udp(port, 9, b"x" * 40)))
        yield f"UDP {port} over IPv6", eth(0x86dd, ip6(
            *pair6, 17, udp(port, 9, b"x" * 40)))
    for tos in (1, 3, 0xb8):
        yield f"type of service {tos}", eth(0x800, ip4_tos(
            tos, *pair, 17, udp(7, 9)))
        yield f"traffic class {tos}", eth(0x86dd, ip6(
            *pair6, 17, udp(7, 9), tos))
    yield "first fragment", eth(0x800, ip4(*pair, 17, udp(7, 9, b"y" * 32),
                                           ident=5, frag=0x2000))
    yield "later fragment", eth(0x800, ip4(*pair, 17, b"z" * 64, ident=5,
                                           frag=5))
    yield "large", eth(0x800, ip4(*pair, 17, udp(7, 9, b"l" * 1400)))


def normal(outer, family):
    """An underlay frame without what differs between any two packets."""
    if family == 4:
        return outer[:18] + b"id" + outer[20:24] + b"cs" + outer[26:]
    return outer


def is_valid(outer, family):
    """Are the checksums of IP and UDP right?"""
    if family == 4:
        return checksum(outer[14:34]) == 0 and outer[40:42] == b"\0\0"
    pseudo = outer[22:54] + struct.pack("!II", len(outer) - 54, 17)
    return outer[60:62] != b"\0\0" and checksum(pseudo + outer[54:]) == 0


def general_way(t, hv):
    """Who looks at the tunnel's device must see what it sends."""
    return t.open_wire("tun0", hv.name)


def captured(wire, send, count=1):
    """What the underlay carries when something is sent."""
    wire.pending()
    send()
    got = []
    for _ in range(count):
        outer = wire.receive()
        if outer is None:
            break
        got.append(outer)
    return got


def both_ways(t, hv, underlay, send, count=1):
    """Send twice, the second time through the device: what it looked like."""
    packets, direct = counters(hv)
    one = captured(underlay, send, count)
    t.check("passes the device by",
            [a - b for a, b in zip(counters(hv), (packets, direct))],
            [count, count])
    watcher = general_way(t, hv)
    two = captured(underlay, send, count)
    t.check("goes by the device", counters(hv, "tx-direct"),
            [direct + count])
    watcher.close()
    return one, two


def same_bytes(kind, family):
    def case(t):
        hvs = cloud(t, kind, family)
        w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
        run("ethtool", "-K", "underlay", "tx", "off", netns=hvs[0].name)
        data = frame(21, 11, "resolves the underlay's neighbours")
        w11.send(data)
        arrives(t, "first", w21, data)
        underlay = t.open_wire("to1", hvs[0].middle)
        ports = set()
        for name, data in samples():
            one, two = both_ways(t, hvs[0], underlay,
                                 lambda data=data: w11.send(data))
            t.check(f"{name}: seen", [len(one), len(two)], [1, 1])
            t.check(f"{name}: the same", normal(one[0], family),
                    normal(two[0], family))
            t.check(f"{name}: valid", [is_valid(outer, family)
                                       for outer in one + two], [True] * 2)
            t.check(f"{name}: all of it", one[0][-len(data):], data)
            t.check(f"{name}: arrives", [w21.receive(), w21.receive()],
                    [data, data])
            at = 34 if family == 4 else 54
            if name.startswith("UDP"):
                ports.add(one[0][at:at + 2])
        t.check("flows of one pair differ at the underlay", len(ports) > 2)
        t.check("nothing dropped", hvs[0].drops(11), {})
    case.__name__ = f"the_same_bytes_of_{kind}_over_ipv{family}"
    return case


# Routes are cached per CPU, and packets sent where the sender runs.
os.sched_setaffinity(0, {0})
main(*(same_bytes(*flavour) for flavour in FLAVOURS))
