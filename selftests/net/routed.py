#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""Distributed routing, with the IP stacks of workloads, on three hypervisors.

      11   21   12        13   22         23
       |    |    |         |    |          |
    +-----hv1------+    +----hv2---+    +-hv3-+     11 12 13: network 1
    |     tun0     |    |   tun0   |    |     |     21 22 23: network 2
    +---underlay---+    +-underlay-+    +-----+
           | .1              | .2          | .3     198.51.100.0/24
      -----+----- bridge ----+-------------+--      MTU 1500

    router 1: networks 1 and 2, addresses .254 and ::fe of both
    hv1 receives by its tunnel device, the others at their underlay device
"""
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfstream import stream  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    ip_batch, mac, mac_bytes, main, poll, run)

TUNNEL, UNDERLAY_MTU = 1000, 1500
HOMES = {11: 1, 12: 1, 21: 1, 13: 2, 22: 2, 23: 3}
TUNNEL_MTU = UNDERLAY_MTU - 50      # VXLAN over IPv4
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, DO = 10, 14, 23, 24, 2


def address(number, family):
    net, host = divmod(number, 10)
    return f"10.{net}.0.{host}" if family == 4 else f"2001:db8:{net}::{host}"


def hypervisors(t, count):
    middle = t.netns("middle")
    ip_batch(middle, "link add br0 type bridge mcast_snooping 0",
             "link set br0 up")
    for n in range(1, count + 1):
        hv = t.hypervisor(f"hv{n}")
        hv.tc.veth("underlay", f"to{n}", middle, UNDERLAY_MTU)
        ip_batch(middle, f"link set to{n} master br0 up")
        ip_batch(hv.name, f"address add 198.51.100.{n}/24 dev underlay",
                 "link add tun0 type vxlan external dstport 4789",
                 "link set tun0 up")
        hv.tunnel(TUNNEL, "tun0")
        if n != 1:
            hv.tc.underlay("underlay")
        for m in range(1, count + 1):
            if m != n:
                hv.chassis(m, TUNNEL, f"198.51.100.{m}")
        yield hv


def workload(t, hvs, number, home):
    """A namespace with one address of each family and a default route."""
    name, hv = t.netns(f"w{number}", is_quiet=False), hvs[home - 1]
    hv.tc.veth(f"p{number}", "eth0", name)
    hv.tc.attach(f"p{number}", number)
    for n, other in enumerate(hvs, 1):
        more = {"ip4": [address(number, 4)], "ip6": [address(number, 6)]}
        if n == home:
            other.vif(number, number // 10, **more)
        else:
            other.remote(number, home, number // 10, **more)
    net = number // 10
    ip_batch(name, "link set eth0 addrgenmode none",
             f"link set eth0 address {mac(number)} up",
             f"address add {address(number, 4)}/24 dev eth0",
             f"address add {address(number, 6)}/64 dev eth0 nodad",
             f"route add default via 10.{net}.0.254",
             f"route add default via 2001:db8:{net}::fe")
    return name


def cloud(t, *numbers, networks=(1, 2)):
    count = max(HOMES[number] for number in numbers)
    hvs = list(hypervisors(t, count))
    for hv in hvs:
        for n in networks:
            hv.network(n, 100 + n)
        hv.router(1)
        for n in networks:
            hv.interface(100 + n, 1, n, [f"10.{n}.0.254/24",
                                         f"2001:db8:{n}::fe/64"])
    return hvs, {number: workload(t, hvs, number, HOMES[number])
                 for number in numbers}


def ping(name, to, *more):
    return " 0% packet loss" in run(
        "ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", *more, to,
        netns=name, check=False)


def received(hv):
    """What has come by the tunnel: by its device, and at the underlay's."""
    direct, every = (hv.counter(TUNNEL, name)
                     for name in ("rx-direct", "rx-packets"))
    return every > direct, direct > 0


def everybody_reaches_everybody(t):
    hvs, names = cloud(t, *HOMES)
    for what, src, dst in (
            ("same network, same hypervisor", 11, 12),
            ("same network, another hypervisor", 11, 13),
            ("routed, same hypervisor", 11, 21),
            ("routed, another hypervisor", 11, 22),
            ("routed, the third hypervisor", 13, 23),
            ("and back", 23, 11)):
        for family in (4, 6):
            t.check(f"{what}, IPv{family}",
                    ping(names[src], address(dst, family)))
    t.check("the router itself", [ping(names[23], to) for to in (
        "10.2.0.254", "10.1.0.254", "2001:db8:1::fe")], [True] * 3)
    t.check("and with fragments", ping(names[23], "10.1.0.254", "-s",
                                       "4000"))
    dropped = {number: hvs[HOMES[number] - 1].drops(number)
               for number in HOMES}
    t.check("nothing dropped", {
        number: dropped[number] for number in dropped if dropped[number]},
        {})
    t.check("hv1 received by the device", received(hvs[0]), (True, False))
    t.check("the others at the underlay, but for what came first",
            [received(hv)[1] for hv in hvs[1:]], [True, True])


def neighbours_are_resolved_at_home(t):
    """No ARP or neighbour discovery is on the wire."""
    hvs, names = cloud(t, 11, 13, 22)
    wire = t.open_wire("underlay", hvs[1].name)
    for family in (4, 6):
        for dst in (13, 22):
            t.check(f"IPv{family} to {dst}",
                    ping(names[11], address(dst, family)))
    whole = [frame for frame in wire.pending()
             if frame[12:14] == b"\x08\x00" and frame[23] == 17]
    inner = [frame[50:] for frame in whole]
    kinds = {frame[12:14] for frame in inner}
    t.check("what is on the wire is IP", kinds, {b"\x08\x00", b"\x86\xdd"})
    t.check("and no discovery", [
        frame for frame in inner if frame[12:14] == b"\x86\xdd" and
        frame[20] == 58 and 133 <= frame[54] <= 137], [])
    vnis = {int.from_bytes(frame[46:49], "big"): set() for frame in whole}
    for frame in whole:
        if not frame[50] & 1:       # stacks tell of their groups when they want
            vnis[int.from_bytes(frame[46:49], "big")].add(frame[50:56])
    t.check("the VNI is that of the destination's network", vnis, {
        101: {mac_bytes(mac(13))}, 102: {mac_bytes(mac(22))}})
    t.check("it was answered", hvs[0].counter(11, "answers") >= 4)


def transfers_arrive_whole(t):
    """The path is narrower than the workloads' links: PMTU discovery works."""
    hvs, names = cloud(t, 11, 21, 13, 22)
    for what, dst in (("routed, same hypervisor", 21),
                      ("same network, another hypervisor", 13),
                      ("routed, another hypervisor", 22)):
        for family in (4, 6):
            t.check(f"{what}, IPv{family}", stream(
                t, names[11], names[dst], address(dst, family)))
    run("ethtool", "-K", "eth0", "tx", "off", netns=names[11])
    for family in (4, 6):
        t.check(f"without offloads, IPv{family}", stream(
            t, names[11], names[22], address(22, family)))
    flows = [flow for flow in hvs[0].flows(11)
             if len(flow.get("action", [])) == 2]
    t.check("routed flows", bool(flows))


def udp_socket(name, family):
    with inside(name):
        return socket.socket(socket.AF_INET if family == 4 else
                             socket.AF_INET6, socket.SOCK_DGRAM)


def offender(sock, family):
    """Who has reported an error, and its type and code; None if nobody."""
    try:
        _, extra, _, _ = sock.recvmsg(2048, 512,
                                      MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    for _, kind, data in extra:
        if kind not in (IP_RECVERR, IPV6_RECVERR):
            continue
        _, _, icmp, code, _, _, _ = struct.unpack_from("=IBBBBII", data)
        where = data[16:]
        ip = where[4:8] if family == 4 else where[8:24]
        return (socket.inet_ntop(socket.AF_INET if family == 4 else
                                 socket.AF_INET6, ip), icmp, code)
    return None


def probe(t, name, to, family, ttl):
    sock = udp_socket(name, family)
    level, error, hops = (
        (socket.IPPROTO_IP, IP_RECVERR, socket.IP_TTL) if family == 4 else
        (socket.IPPROTO_IPV6, IPV6_RECVERR, socket.IPV6_UNICAST_HOPS))
    sock.setsockopt(level, error, 1)
    sock.setsockopt(level, hops, ttl)
    sock.connect((to, 33434 + ttl))
    sock.send(b"where")
    got = poll(lambda: offender(sock, family))
    sock.close()
    return got


def traceroute_shows_every_hop(t):
    """Router 2 lies behind router 1: networks 1 and 3 meet in network 2."""
    hvs, names = cloud(t, 11, 13)
    for hv in hvs:
        hv.network(3, 103)
        hv.router(2)
        hv.interface(202, 2, 2, ["10.2.0.253/24", "2001:db8:2::fd/64"])
        hv.interface(203, 2, 3, ["10.3.0.254/24", "2001:db8:3::fe/64"])
        for family, there, back, far, near in (
                (4, "10.3.0.0/24", "10.1.0.0/24", "10.2.0.253",
                 "10.2.0.254"),
                (6, "2001:db8:3::/64", "2001:db8:1::/64", "2001:db8:2::fd",
                 "2001:db8:2::fe")):
            hv.route(family, 1, there, (102, far))
            hv.route(10 + family, 2, back, (202, near))
    names[31] = workload(t, hvs, 31, 2)
    for family, hops in ((4, ("10.1.0.254", "10.2.0.253")),
                         (6, ("2001:db8:1::fe", "2001:db8:2::fd"))):
        exceeded = (11, 0) if family == 4 else (3, 0)
        unreachable = (3, 3) if family == 4 else (1, 4)
        to = address(31, family)
        t.check(f"IPv{family}: hops", [
            probe(t, names[11], to, family, ttl) for ttl in (1, 2, 3)],
            [(hops[0], *exceeded), (hops[1], *exceeded),
             (to, *unreachable)])
        t.check(f"IPv{family}: from where nothing is at home", [
            probe(t, names[31], address(11, family), family, ttl)[0]
            for ttl in (1, 2, 3)],
            ["10.3.0.254", "10.2.0.254", "10.1.0.1"] if family == 4 else
            ["2001:db8:3::fe", "2001:db8:2::fe", "2001:db8:1::1"])


def path_mtu(name, to, family):
    """What the kernel believes after packets that are too big."""
    sock = udp_socket(name, family)
    level, discover, mtu = (
        (socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_MTU) if family == 4 else
        (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_MTU))
    sock.setsockopt(level, discover, DO)
    sock.connect((to, 9))

    def known():
        try:
            sock.send(bytes(1500 - (28 if family == 4 else 48)))
        except OSError:
            pass
        got = sock.getsockopt(level, mtu)
        return got if got < 1500 else None
    got = poll(known)
    sock.close()
    return got


def senders_learn_the_mtu_of_the_path(t):
    hvs, names = cloud(t, 11, 21, 13, 22)
    for family in (4, 6):
        t.check(f"IPv{family}, in the same network, by a tunnel",
                path_mtu(names[11], address(13, family), family), TUNNEL_MTU)
        t.check(f"IPv{family}, routed, by a tunnel",
                path_mtu(names[11], address(22, family), family), TUNNEL_MTU)
    for hv in hvs:
        hv.interface(102, 1, 2, ["10.2.0.254/24", "2001:db8:2::fe/64"],
                     mtu=1400)
    for name in names.values():
        run("ip", "route", "flush", "cache", netns=name)
        run("ip", "-6", "route", "flush", "cache", netns=name)
    for family in (4, 6):
        for dst in (21, 22):
            t.check(f"IPv{family}, MTU of the interface, to {dst}",
                    path_mtu(names[11], address(dst, family), family), 1400)
    t.check("counted", hvs[0].drops(11).get("too-big", 0) >= 6)
    t.check("IPv4 that allows fragments gets through",
            ping(names[11], address(13, 4), "-s", "3000", "-M", "dont"))


main(everybody_reaches_everybody, neighbours_are_resolved_at_home,
     transfers_arrive_whole, traceroute_shows_every_hop,
     senders_learn_the_mtu_of_the_path)
