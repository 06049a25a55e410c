#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=500
"""Packets that pass their tunnel's device by, and those that may not.

Whichever way a packet takes: on the wire it looks the same. The general way is
forced by someone who looks at what the tunnel's device sends.
"""
import itertools
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    FLAVOURS, TUNNEL, arrives, cloud, everywhere, frame, gso_packet)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    checksum, ethernet, ip4, ip_batch, mac, mac_bytes, main, poll, run,
    sysctl, udp)

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


def is_udp(outer):
    """Not one of those that ask for neighbours, which come when they want."""
    proto = {b"\x08\x00": 23, b"\x86\xdd": 20}.get(outer[12:14])
    return proto and outer[proto] == socket.IPPROTO_UDP


def captured(wire, send, count=1):
    """What the underlay carries when something is sent."""
    wire.pending()
    send()
    got = []
    while len(got) < count:
        outer = wire.receive()
        if outer is None:
            break
        if is_udp(outer):
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


def pair(t, kind="vxlan", family=4, size=2):
    """Two workloads that have talked, so that everything is resolved."""
    hvs = cloud(t, kind, family, size)
    for hv in hvs:
        hv.tc.underlay("underlay")
    w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
    for wire, other, data in ((w11, w21, frame(21, 11, "there")),
                              (w21, w11, frame(11, 21, "back"))):
        wire.send(data)
        arrives(t, "first", other, data)
    return hvs, w11, w21


def taken(t, what, hvs, wires, count=1):
    """Send frames: they arrive; how many were sent and taken directly."""
    before = [counters(hvs[0], "tx-direct"), counters(hvs[1], "rx-direct")]
    for n in range(count):
        data = frame(21, 11, f"{what} {n}")
        wires[0].send(data)
        arrives(t, what, wires[1], data)
    return [counters(hvs[0], "tx-direct")[0] - before[0][0],
            counters(hvs[1], "rx-direct")[0] - before[1][0]]


def goes(t, what, hvs, wires, want, count=1):
    t.check(f"{what}: sent, taken directly",
            taken(t, what, hvs, wires, count), want)


def will_go(t, what, hvs, wires):
    """A slow kernel may be at what follows a change for long: each event has
    routes looked up."""
    t.wait(f"{what}: sent, taken directly",
           lambda: taken(t, what, hvs, wires), [1, 1])


def device_counters(hv, name="tun0"):
    """Packets that a device has received and sent."""
    with inside(hv.name), open("/proc/thread-self/net/dev",
                               encoding="ascii") as f:
        for line in f:
            if line.strip().startswith(f"{name}:"):
                fields = line.partition(":")[2].split()
                return [int(fields[1]), int(fields[9])]
    return None


def both_ends(kind, family):
    def case(t):
        hvs, *wires = pair(t, kind, family)
        before = [device_counters(hv) for hv in hvs]
        goes(t, "usual", hvs, wires, [3, 3], 3)
        t.check("the devices count", [
            [a - b for a, b in zip(device_counters(hv), old)]
            for hv, old in zip(hvs, before)], [[0, 3], [3, 0]])
        for hv in hvs:
            hv.network(1, 0xfedcba)
        goes(t, "another VNI", hvs, wires, [0, 1])
        goes(t, "another VNI", hvs, wires, [1, 1])
        hvs[0].ip("link", "set", "underlay", "mtu", "1280")
        data = ethernet(mac(21), mac(11), 0x800, ip4(
            "192.0.2.11", "192.0.2.21", 17, udp(7, 9, b"m" * 1300)))
        wires[0].send(data)
        if family == 4:
            t.check("longer than the underlay's MTU", wires[1].receive(), data)
        t.check("nothing dropped", [hv.drops(TUNNEL) for hv in hvs], [{}, {}])
    case.__name__ = f"sent_and_taken_directly_over_{kind}_and_ipv{family}"
    return case


def who_looks_at_the_devices_sees_the_packets(t):
    hvs, *wires = pair(t)
    goes(t, "nobody looks", hvs, wires, [1, 1])
    for n, want in ((0, [0, 1]), (1, [1, 0])):
        watcher = t.open_wire("tun0", hvs[n].name)
        goes(t, "someone looks", hvs, wires, want)
        if n:
            t.check("sees it", bool(watcher.receive()))
        watcher.close()
    goes(t, "nobody any more", hvs, wires, [1, 1])
    run("tc", "filter", "add", "dev", "tun0", "egress", "matchall", "action",
        "pass", netns=hvs[0].name)
    goes(t, "filtered", hvs, wires, [0, 1])


def the_hosts_packet_filter_is_obeyed(t):
    if run("modprobe", "nf_tables", check=False):
        t.skip("the kernel has no nftables")
    hvs, w11, w21 = pair(t)
    for n, hook in ((0, "output"), (0, "postrouting"), (1, "prerouting"),
                    (1, "input")):
        name = hvs[n].name
        run("nft", "add table ip t; add chain ip t c { type filter hook "
            f"{hook} priority 0; }}; add rule ip t c udp dport 4789 counter "
            "drop", netns=name)
        w11.send(frame(21, 11, hook))
        t.wait(f"{hook}: the rule has seen it", lambda name=name:
               "packets 1 " in run("nft", "list", "ruleset", netns=name))
        t.check(f"{hook}: dropped", w21.pending(), [])
        run("nft", "delete table ip t", netns=name)
        goes(t, f"{hook} deleted", hvs, (w11, w21), [1, 1])


def neighbours_routes_and_addresses_are_followed(t):
    hvs, *wires = pair(t, size=3)
    underlay = t.open_wire("to1", hvs[0].middle)

    def sent_to(what):
        data = frame(21, 11, what)
        outer = captured(underlay, lambda: wires[0].send(data))[0]
        wires[1].pending()
        return outer
    hvs[0].ip("neigh", "replace", "198.51.100.2", "lladdr", mac(0x99), "dev",
              "underlay", "nud", "permanent")
    t.check("another neighbour", sent_to("neighbour")[:6],
            mac_bytes(mac(0x99)))
    hvs[0].ip("neigh", "del", "198.51.100.2", "dev", "underlay")
    goes(t, "resolved again", hvs, wires, [1, 1])
    hvs[0].ip("neigh", "replace", "198.51.100.77", "lladdr", mac(0x77),
              "dev", "underlay", "nud", "permanent")
    hvs[0].ip("route", "add", "198.51.100.2/32", "via", "198.51.100.77")
    t.check("another route", sent_to("route")[:6], mac_bytes(mac(0x77)))
    hvs[0].ip("route", "del", "198.51.100.2/32")
    goes(t, "first by the old route", hvs, wires, [0, 1])
    goes(t, "the old route", hvs, wires, [1, 1])
    hvs[0].ip("address", "add", "198.51.100.101/24", "dev", "underlay")
    hvs[0].ip("address", "del", "198.51.100.1/24", "dev", "underlay")
    hvs[0].ip("address", "add", "198.51.100.101/24", "dev", "underlay",
              check=False)
    t.check("another source", sent_to("address")[26:30],
            socket.inet_aton("198.51.100.101"))
    hvs[0].ip("link", "set", "underlay", "down")
    wires[0].send(frame(21, 11, "down"))
    t.wait("received", lambda: hvs[0].counter(11, "rx-packets") > 5)
    t.check("nothing is sent", wires[1].pending(), [])
    hvs[0].ip("link", "set", "underlay", "up")
    hvs[0].ip("address", "replace", "198.51.100.101/24", "dev", "underlay")
    goes(t, "up", hvs, wires, [0, 1])
    will_go(t, "up for long", hvs, wires)


def sender(t, hv):
    """A socket that sends what we say it has encapsulated."""
    with inside(hv.name):
        raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.defer(raw.close)
    return raw


def what_is_not_for_us_goes_to_the_host(t):
    hvs, *wires = pair(t)
    raw, taken = sender(t, hvs[0]), counters(hvs[1], "rx-direct")
    with inside(hvs[1].name):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.defer(other.close)
    other.bind(("198.51.100.2", 4790))
    other.settimeout(5)
    inner = frame(21, 11, "inner")
    header = struct.pack("!II", 0x08000000, 100 << 8)
    raw.sendto(header + inner, ("198.51.100.2", 4790))
    t.check("another UDP port", other.recv(1000), header + inner)
    run("ping", "-c", "1", "-W", "5", "198.51.100.2", netns=hvs[0].name)
    # What the host's VXLAN knows, and we do not or only it may judge.
    for what, data in (
            ("a flag that is not ours", b"\x88" + header[1:] + inner),
            ("no flag", b"\0" + header[1:] + inner),
            ("nothing inside", header),
            ("a bit of a frame", header + inner[:10]),
            ("a header cut short", header[:6])):
        raw.sendto(data, ("198.51.100.2", 4789))
        raw.sendto(header + inner, ("198.51.100.2", 4789))
        t.check(f"{what}: only the next one arrives", wires[1].receive(),
                inner)
        t.check(f"{what}: nothing else", wires[1].pending(), [])
    t.check("what was right was taken",
            counters(hvs[1], "rx-direct")[0] - taken[0], 5)
    raw.sendto(header + inner[:20], ("198.51.100.2", 4789))
    t.check("a short frame arrives", wires[1].receive(), inner[:20])
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\1\1\1\0")
    raw.sendto(header + inner, ("198.51.100.2", 4789))
    t.check("IP options: arrives", wires[1].receive(), inner)
    t.check("both by the host",
            counters(hvs[1], "rx-direct")[0] - taken[0], 5)


def whose_an_address_is_may_change(t):
    """The sender's becomes one of the host; the host's own goes."""
    hvs, *wires = pair(t)
    for what, change, undo, address, dev in (
            ("a sender that we are", "add", "del", "198.51.100.1/32", "lo"),
            ("an address not ours any more", "del", "add", "198.51.100.2/24",
             "underlay")):
        goes(t, f"before {what}", hvs, wires, [1, 1])
        hvs[1].ip("address", change, address, "dev", dev)
        taken = counters(hvs[1], "rx-direct")
        came = device_counters(hvs[1], "underlay")[0]
        wires[0].send(frame(21, 11, what))
        t.wait(f"{what}: received", lambda came=came:
               device_counters(hvs[1], "underlay")[0] > came)
        t.check(f"{what}: not taken", [counters(hvs[1], "rx-direct"),
                                       wires[1].pending()], [taken, []])
        hvs[1].ip("address", undo, address, "dev", dev)
    goes(t, "as it was", hvs, wires, [1, 1])


def reverse_path_filtering_is_obeyed(t):
    hvs, *wires = pair(t)
    for mode, want in (("1", 0), ("2", 1), ("0", 1)):
        sysctl(hvs[1].name, "ipv4/conf/all/rp_filter", mode)
        goes(t, f"rp_filter {mode}", hvs, wires, [1, want])


def a_tunnel_of_another_namespace_is_left_alone(t):
    """What its device is to receive arrives there, not here."""
    hvs, *wires = pair(t)
    hv, middle = hvs[1], hvs[0].middle
    taken = counters(hv, "rx-direct")
    hv.ip("link", "del", "tun0")
    ip_batch(middle, "link add tun0 type vxlan external dstport 4789",
             f"link set tun0 netns {hv.name}")
    hv.tc.attach("tun0", TUNNEL)
    hv.ip("link", "set", "tun0", "up")
    wires[0].send(frame(21, 11, "nobody is there"))
    run("ping", "-c", "1", "-W", "5", "198.51.100.2", netns=hvs[0].name)
    t.check("nothing arrives", wires[1].pending(), [])
    t.check("nothing is taken", counters(hv, "rx-direct"), taken)


def near_end(t, hvs):
    """A wire into the second one's underlay device, and that one's MAC."""
    return t.open_wire("to2", hvs[0].middle), hvs[1].ip(
        "-br", "link", "show", "underlay").split()[2]


def a_congestion_mark_is_carried_inside(t):
    hvs, *wires = pair(t)
    near, to = near_end(t, hvs)
    header = struct.pack("!II", 0x08000000, 100 << 8)

    def inner(tos):
        return ethernet(mac(21), mac(11), 0x800, ip4_tos(
            tos, "192.0.2.11", "192.0.2.21", 17, udp(7, 9, b"x" * 40)))
    for outside, inside_, want in ((0, 2, 2), (2, 0, 0), (3, 2, 3), (3, 1, 3),
                                   (3, 3, 3)):
        near.send(ethernet(to, mac(1), 0x800, ip4_tos(
            outside, "198.51.100.1", "198.51.100.2", 17,
            udp(5555, 4789, header + inner(inside_)))))
        t.check(f"{outside} outside and {inside_} inside",
                wires[1].receive(), inner(want))
    t.check("directly", counters(hvs[1], "rx-direct"), [6])
    near.send(ethernet(to, mac(1), 0x800, ip4_tos(
        3, "198.51.100.1", "198.51.100.2", 17,
        udp(5555, 4789, header + inner(0)))))
    t.wait("whom it cannot be told loses it",
           lambda: hvs[1].drops(TUNNEL), {"malformed": 1})
    t.check("does not arrive", wires[1].pending(), [])


def broken_datagram(src, dst, payload):
    """A UDP datagram for VXLAN whose checksum is wrong."""
    data = bytearray(udp(5555, 4789, payload))
    data[6:8] = b"\x12\x34"
    return ip4(src, dst, 17, bytes(data))


def a_wrong_checksum_is_dropped(t):
    hvs, *wires = pair(t)
    near, to = near_end(t, hvs)
    inner = frame(21, 11, "inner")
    payload = struct.pack("!II", 0x08000000, 100 << 8) + inner
    near.send(ethernet(to, mac(1), 0x800, broken_datagram(
        "198.51.100.1", "198.51.100.2", payload)))
    t.wait("counted", lambda: hvs[1].drops(TUNNEL), {"malformed": 1})
    near.send(ethernet(to, mac(1), 0x800, ip4(
        "198.51.100.1", "198.51.100.2", 17, udp(5555, 4789, payload))))
    t.check("without a checksum it arrives", wires[1].receive(), inner)
    t.check("and padding is cut off", wires[1].pending(), [])


def a_kernels_own_tunnel_understands_us(t):
    hvs, w11, _ = pair(t)
    middle = hvs[0].middle
    ip_batch(middle, "address add 198.51.100.9/24 dev br0",
             "link add vx type vxlan id 100 remote 198.51.100.1 dstport 4789",
             "link set vx up mtu 1450")
    hvs[0].chassis(9, TUNNEL, "198.51.100.9")
    hvs[0].remote(99, 9)
    peer = t.open_wire("vx", middle)
    for n in range(3):
        data = frame(11, 99, f"to us {n}")
        peer.send(data)
        t.check("from the kernel", w11.receive(), data)
        data = frame(99, 11, f"from us {n}")
        w11.send(data)
        t.check("to the kernel", poll(
            lambda data=data: data in peer.pending()))


def large_packets_stay_large(t):
    for kind, family in FLAVOURS:
        hvs, w11, w21 = pair(t, kind, family)
        sending = t.open_wire("p11xhv1p", vnet_header=True)
        before = counters(hvs[0]) + counters(hvs[1], "rx-direct")
        sending.send(gso_packet(11, 21, 7, bytes(14000), 1400))
        got = []

        def received(got=got, w21=w21):
            got.extend(w21.pending())
            return sum(len(data) - 54 for data in got)
        t.wait(f"{kind} {family}: all of it arrives", received, 14000)
        t.check(f"{kind} {family}: directly", [
            a - b for a, b in zip(
                counters(hvs[0]) + counters(hvs[1], "rx-direct"), before)],
            [10, 10, 10])
        w11.close()
        t.end()


def everything_goes_in_any_order(t):
    """Between packets. A namespace's end waits for every reference."""
    for order in itertools.permutations(("filter", "port", "device")):
        hvs, *wires = pair(t)
        will_go(t, f"{order}", hvs, wires)
        hv = hvs[1]
        steps = {
            "filter": lambda hv=hv: hv.tc.clsact_del("underlay"),
            "port": lambda hv=hv: [
                hv.df.do(*step) for step in (
                    ("port-del", {"id": 11}), ("chassis-del", {"id": 1}),
                    ("port-del", {"id": TUNNEL}))],
            "device": lambda hv=hv: hv.ip("link", "del", "tun0")}
        for step in order:
            for n in range(50):
                wires[0].send(frame(21, 11, f"{n}"))
            steps[step]()
        for n in range(50):
            wires[0].send(frame(21, 11, f"{n}"))
        run("ping", "-c", "1", "-W", "5", "198.51.100.2", netns=hvs[0].name)
        t.end()


# Routes are cached per CPU, and packets sent where the sender runs.
os.sched_setaffinity(0, {0})
main(*(same_bytes(*flavour) for flavour in FLAVOURS),
     *(both_ends(*flavour) for flavour in FLAVOURS),
     who_looks_at_the_devices_sees_the_packets,
     the_hosts_packet_filter_is_obeyed,
     neighbours_routes_and_addresses_are_followed,
     what_is_not_for_us_goes_to_the_host, reverse_path_filtering_is_obeyed,
     a_tunnel_of_another_namespace_is_left_alone,
     a_congestion_mark_is_carried_inside, a_wrong_checksum_is_dropped,
     whose_an_address_is_may_change,
     a_kernels_own_tunnel_understands_us, large_packets_stay_large,
     everything_goes_in_any_order)
