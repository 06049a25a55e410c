#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""Routers, on one hypervisor, packet by packet.

     w11  w12          w21  w22  w23        w31
      |    |            |    |    |          |
    --+-network 1--   --+-network 2--    --network 3--
      10.1.0.0/24       10.2.0.0/24       10.3.0.0/24
      2001:db8:1::/64   2001:db8:2::/64   2001:db8:3::/64
           | .254 101        | .254 102        | .254 103
           +--- router 1 ----+-----------------+
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    checksum, ethernet, ip4, ip6, mac, main, udp)

IP4, IP6 = 0x800, 0x86dd


def address(number, family=4):
    """Port 21 is host 21 of network 2."""
    if family == 4:
        return f"10.{number // 10}.0.{number}"
    return f"2001:db8:{number // 10}::{number}"


def router(hv, number=1, networks=(1, 2, 3), first=100, **more):
    hv.router(number)
    for n in networks:
        hv.interface(first + n, number, n, [
            f"10.{n}.0.254/24", f"2001:db8:{n}::fe/64"], **more)


def plug(hv, number, **more):
    return hv.wire(number, number // 10, ip4=[address(number)],
                   ip6=[address(number, 6)], **more)


def world(t, *ports, routed=(1, 2, 3), **more):
    """Networks, a router, and the wires of these ports."""
    hv = t.hypervisor()
    for n in (1, 2, 3):
        hv.network(n, 100 + n)
    if routed:
        router(hv, networks=routed)
    return hv, *(plug(hv, number, **more) for number in ports)


def packet(src, dst, family=4, ttl=64, sport=7, dport=9, text=b"text"):
    """A datagram between ports, or addresses; IPv6 sums are not looked at."""
    src, dst = (n if isinstance(n, str) else address(n, family)
                for n in (src, dst))
    data = udp(sport, dport, text)
    if ":" in dst:
        return ip6(src, dst, 17, data, ttl)
    return ip4(src, dst, 17, data, ttl=ttl)


def frame(dst, src, data):
    """dst and src are what mac() is of."""
    kind = IP6 if data[0] >> 4 == 6 else IP4
    return ethernet(mac(dst), mac(src), kind, data)


def goes(t, what, sender, receiver, sent, want):
    receiver.pending()      # what it may have been told about before
    sender.send(sent)
    got = receiver.receive()
    t.check(f"{what}: arrives", got, want)
    t.check(f"{what}: once", receiver.pending(), [])


def stays(t, what, sender, receivers, sent, hv, port, reason):
    """A packet is dropped for this reason, and nobody else gets anything."""
    before = hv.drops(port).get(reason, 0)
    sender.send(sent)
    t.wait(f"{what}: {reason}",
           lambda: hv.drops(port).get(reason, 0) - before, 1)
    for receiver in receivers:
        t.check(f"{what}: nothing arrives", receiver.pending(), [])


def packets_are_routed(family):
    def case(t):
        hv, w11, w21 = world(t, 11, 21)
        for n in range(3):
            goes(t, f"there {n}", w11, w21,
                 frame(101, 11, packet(11, 21, family)),
                 frame(21, 102, packet(11, 21, family, 63)))
            goes(t, f"back {n}", w21, w11,
                 frame(102, 21, packet(21, 11, family, 2)),
                 frame(11, 101, packet(21, 11, family, 1)))
        t.check("one walk, two hits", [
            hv.counter(11, name) for name in ("flow-misses", "flow-hits")],
            [1, 2])
        [flow] = hv.flows(11)
        t.check("the entry's class", flow["class"], "l3")
        t.check("its steps", [step["type"] for step in flow["action"]],
                ["route", "output"])
        route = flow["action"][0]
        t.check("the route step", [route[k] for k in (
            "eth-dst", "eth-src", "hops")], [mac(21), mac(102), 1])
        t.check("nothing dropped", [hv.drops(11), hv.drops(21)], [{}, {}])
    case.__name__ = f"ipv{family}_packets_are_routed"
    return case


def other_packets_stay_in_their_network(t):
    hv, w11, w12, w21 = world(t, 11, 12, 21)
    goes(t, "to a neighbour", w11, w12, frame(12, 11, packet(11, 12)),
         frame(12, 11, packet(11, 12)))
    t.check("its class is the port's", hv.flows(11)[0]["class"], "l2")
    # by the router, which a host may do
    goes(t, "by the router", w11, w12, frame(101, 11, packet(11, 12)),
         frame(12, 101, packet(11, 12, ttl=63)))
    stays(t, "a router's address of another network", w11, [w12, w21],
          frame(102, 11, packet(11, 21)), hv, 11, "unknown-destination")


def every_ttl_counts(t):
    hv, w11, w21 = world(t, 11, 21)
    for family in (4, 6):
        for ttl in (255, 2):
            goes(t, f"IPv{family} with {ttl}", w11, w21,
                 frame(101, 11, packet(11, 21, family, ttl)),
                 frame(21, 102, packet(11, 21, family, ttl - 1)))
        # by the entry that is there, and by a walk
        for dst in (21, 22):
            for ttl in (1, 0):
                before = hv.drops(11).get("ttl-exceeded", 0)
                w11.send(frame(101, 11, packet(11, dst, family, ttl)))
                t.wait(f"IPv{family} with {ttl}", lambda b=before: hv.drops(
                    11).get("ttl-exceeded", 0) - b, 1)
    t.check("none arrives", w21.pending(), [])


def headers_with_options_are_routed(t):
    hv, w11, w21 = world(t, 11, 21)
    options = b"\x07\x07\x04" + bytes(4) + b"\x00"   # record route, empty
    data = packet(11, 21)
    head = bytes([0x47]) + data[1:2] + struct.pack(
        "!H", len(data) + len(options)) + data[4:10] + b"\0\0" + data[12:20] \
        + options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    w11.send(frame(101, 11, head + data[20:]))
    got = w21.receive()
    t.check("it arrives", bool(got))
    t.check("TTL", got[22], 63)
    t.check("header checksum", checksum(got[14:14 + 28]), 0)
    t.check("options and payload", got[34:14 + len(head) + 12],
            options + data[20:])
    t.check("nothing dropped", hv.drops(11), {})


def routes_decide(t):
    hv, w11, w21, w31 = world(t, 11, 21, 31)
    hv.route(1, 1, "198.51.100.0/24", (102, address(21)))
    hv.route(2, 1, "198.51.100.128/25", (103, address(31)))
    hv.route(3, 1, "198.51.100.200/32", type="blackhole")
    hv.route(4, 1, "198.51.101.0/24", type="prohibit")
    hv.route(5, 1, "198.51.102.0/24", type="unreachable")
    hv.route(6, 1, "2001:db8:99::/48", (102, address(21, 6)))
    hv.route(7, 1, "2001:db8:99::1/128", (103, address(31, 6)))
    # without gateway: the destination is a neighbour there
    hv.vif(22, 2, ip4=["198.51.103.7"], ip6=[])
    hv.route(8, 1, "198.51.103.0/24", (102,))
    for dst, wire, port in (("198.51.100.1", w21, 21),
                            ("198.51.100.129", w31, 31),
                            ("2001:db8:99::2", w21, 21),
                            ("2001:db8:99::1", w31, 31)):
        src = address(11, 6 if ":" in dst else 4)
        goes(t, dst, w11, wire, frame(101, 11, packet(src, dst)),
             frame(port, 100 + port // 10, packet(src, dst, ttl=63)))
    for dst, reason in (("198.51.100.200", "blackhole"),
                        ("198.51.101.1", "prohibited"),
                        ("198.51.102.1", "no-route"),
                        ("198.51.103.7", "no-device"),
                        ("198.51.103.8", "no-neighbour"),
                        ("198.51.104.1", "no-route"),
                        (address(29), "no-neighbour"),
                        (address(29, 6), "no-neighbour"),
                        ("2001:db8:98::1", "no-route")):
        src = address(11, 6 if ":" in dst else 4)
        stays(t, dst, w11, [w21, w31], frame(101, 11, packet(src, dst)),
              hv, 11, reason)
    hv.route(9, 1, "0.0.0.0/0", (103, address(31)))
    goes(t, "default route", w11, w31,
         frame(101, 11, packet(11, "198.51.104.1")),
         frame(31, 103, packet(11, "198.51.104.1", ttl=63)))


def what_must_not_be_forwarded_is_not(t):
    hv, w11, w21 = world(t, 11, 21)
    for src, dst, reason in (
            (11, "224.0.0.5", "unroutable"),
            (11, "255.255.255.255", "unroutable"),
            (11, "127.0.0.1", "unroutable"),
            (11, "169.254.1.1", "unroutable"),
            ("127.0.0.1", 21, "unroutable"),
            ("224.0.0.1", 21, "unroutable"),
            ("0.0.0.0", 21, "unroutable")):
        stays(t, f"{src} to {dst}", w11, [w21],
              frame(101, 11, packet(src, dst)), hv, 11, reason)
    for src, dst in (("fe80::1", address(21, 6)), ("::", address(21, 6)),
                     (address(11, 6), "fe80::1"),
                     (address(11, 6), "ff0e::1")):
        stays(t, f"{src} to {dst}", w11, [w21],
              frame(101, 11, packet(src, dst)), hv, 11, "unroutable")
    stays(t, "not IP", w11, [w21], ethernet(mac(101), mac(11)), hv, 11,
          "router-input")
    hv.network(1, 101, flags=["vlan-transparent"])
    stays(t, "with a VLAN tag", w11, [w21], ethernet(
        mac(101), mac(11), IP4, packet(11, 21), vlan=5), hv, 11,
        "router-input")


def a_routed_change_takes_effect_at_once(t):
    """And what it does not concern stays hot."""
    hv, w11, w12, w21, w31 = world(t, 11, 12, 21, 31)
    hv.route(1, 1, "198.51.0.0/16", (102, address(21)))
    hv.route(2, 1, "203.0.0.0/8", (102, address(21)))
    others = [(w11, w21, frame(101, 11, packet(11, 21)),
               frame(21, 102, packet(11, 21, ttl=63))),
              (w12, w21, frame(101, 12, packet(12, 21)),
               frame(21, 102, packet(12, 21, ttl=63))),
              (w21, w31, frame(102, 21, packet(21, 31)),
               frame(31, 103, packet(21, 31, ttl=63))),
              (w11, w21, frame(101, 11, packet(11, "203.0.113.1")),
               frame(21, 102, packet(11, "203.0.113.1", ttl=63))),
              (w11, w21, frame(101, 11, packet(11, "198.51.1.1")),
               frame(21, 102, packet(11, "198.51.1.1", ttl=63)))]

    def misses():
        return sum(hv.counter(n, "flow-misses") for n in (11, 12, 21))

    def others_are_hot(what):
        before = misses()
        for other in others:
            goes(t, f"{what}: others", *other)
        t.check(f"{what}: walks of others", misses() - before, 0)

    def live(wire, port):
        goes(t, f"to {port}", w11, wire,
             frame(101, 11, packet(11, "198.51.100.1")),
             frame(port, 100 + port // 10,
                   packet(11, "198.51.100.1", ttl=63)))

    def gone(reason):
        stays(t, reason, w11, [w21, w31],
              frame(101, 11, packet(11, "198.51.100.1")), hv, 11, reason)

    for other in others:
        goes(t, "others begin", *other)
    live(w21, 21)
    hv.route(3, 1, "198.51.100.0/24", (103, address(31)))
    live(w31, 31)
    others_are_hot("a longer prefix is added")
    hv.route(3, 1, "198.51.100.0/24", type="blackhole")
    gone("blackhole")
    others_are_hot("it becomes a blackhole")
    hv.route(4, 1, "198.51.100.1/32", (103, address(31)))
    live(w31, 31)
    hv.df.do("route-del", {"id": 4})
    gone("blackhole")
    hv.df.do("route-del", {"id": 3})
    live(w21, 21)
    others_are_hot("all of it goes")
    hv.route(3, 1, "198.51.100.0/24", (103, address(31)))
    live(w31, 31)
    others_are_hot("it is there again")


def an_interface_or_router_goes_down_at_once(t):
    hv, w11, w12, w21, w31 = world(t, 11, 12, 21, 31)
    there = frame(101, 11, packet(11, 21)), frame(
        21, 102, packet(11, 21, ttl=63))
    other = frame(101, 11, packet(11, 31)), frame(
        31, 103, packet(11, 31, ttl=63))
    switched = frame(12, 11, packet(11, 12))

    def down():
        stays(t, "down", w11, [w21], there[0], hv, 11, "admin-down")

    def interface(n, **more):
        hv.interface(100 + n, 1, n, [f"10.{n}.0.254/24",
                                     f"2001:db8:{n}::fe/64"], **more)

    goes(t, "first", w11, w21, *there)
    goes(t, "other first", w11, w31, *other)
    goes(t, "switched first", w11, w12, switched, switched)
    misses = hv.counter(11, "flow-misses")
    interface(2, flags=["admin-down"])
    goes(t, "other", w11, w31, *other)
    t.check("other stays hot", hv.counter(11, "flow-misses"), misses)
    down()
    interface(2)
    goes(t, "the way out is up", w11, w21, *there)
    interface(1, flags=["admin-down"])
    down()
    interface(1)
    goes(t, "the way in is up", w11, w21, *there)
    hv.router(1, flags=["admin-down"])
    down()
    misses = hv.counter(11, "flow-misses")
    goes(t, "switched", w11, w12, switched, switched)
    t.check("switched stays hot", hv.counter(11, "flow-misses"), misses)
    hv.router(1)
    goes(t, "the router is up", w11, w21, *there)
    interface(2, address=mac(109))
    goes(t, "another MAC", w11, w21, there[0],
         frame(21, 109, packet(11, 21, ttl=63)))
    hv.df.do("router-interface-del", {"id": 102})
    stays(t, "no interface", w11, [w21], there[0], hv, 11, "no-route")
    interface(2)
    goes(t, "it is back", w11, w21, *there)
    hv.df.do("router-interface-del", {"id": 101})
    stays(t, "no way in", w11, [w21], there[0], hv, 11,
          "unknown-destination")


def addresses_move_at_once(t):
    hv, w11, w21, w22 = world(t, 11, 21, 22)
    data = frame(101, 11, packet(11, 21))
    goes(t, "first", w11, w21, data,
         frame(21, 102, packet(11, 21, ttl=63)))
    hv.vif(21, 2)
    stays(t, "nobody has it", w11, [w21, w22], data, hv, 11, "no-neighbour")
    hv.vif(22, 2, ip4=[address(22), address(21)])
    goes(t, "another has it", w11, w22, data,
         frame(22, 102, packet(11, 21, ttl=63)))
    hv.vif(22, 2, address=mac(29), ip4=[address(22), address(21)])
    goes(t, "with another MAC", w11, w22, data,
         frame(29, 102, packet(11, 21, ttl=63)))
    hv.df.do("port-del", {"id": 22})
    stays(t, "its port is gone", w11, [w21], data, hv, 11, "no-neighbour")


def tenants_may_have_the_same_addresses(t):
    hv = t.hypervisor()
    wires = {}
    for tenant in (0, 100):
        for n in (1, 2):
            hv.network(tenant + n, 100 + tenant + n)
        hv.router(1 + tenant)
        for n in (1, 2):
            hv.interface(tenant + 100 + n, 1 + tenant, tenant + n,
                         [f"10.{n}.0.254/24"], address=mac(100 + n))
            port = tenant + n * 10 + 1
            wires[port] = hv.wire(port, tenant + n, address=mac(n * 10 + 1),
                                  ip4=[address(n * 10 + 1)])
    for tenant in (0, 100):
        for _ in range(2):
            goes(t, f"tenant {tenant}", wires[tenant + 11],
                 wires[tenant + 21], frame(101, 11, packet(11, 21)),
                 frame(21, 102, packet(11, 21, ttl=63)))
    t.check("nothing anywhere else", [w.pending() for w in wires.values()],
            [[], [], [], []])


def several_routers_are_crossed(t):
    """Networks 1 and 3 belong to different routers that meet in network 2."""
    hv, w11, w21, w31 = world(t, 11, 21, 31, routed=(1, 2))
    hv.router(2)
    hv.interface(202, 2, 2, ["10.2.0.253/24", "2001:db8:2::fd/64"])
    hv.interface(203, 2, 3, ["10.3.0.254/24", "2001:db8:3::fe/64"])
    for family, there, back in ((4, "10.3.0.0/24", "10.1.0.0/24"),
                                (6, "2001:db8:3::/64", "2001:db8:1::/64")):
        far, near = (("10.2.0.253", "10.2.0.254") if family == 4 else
                     ("2001:db8:2::fd", "2001:db8:2::fe"))
        hv.route(family * 10, 1, there, (102, far))
        hv.route(family * 10 + 1, 2, back, (202, near))
        for n in range(2):
            goes(t, f"there {n}", w11, w31,
                 frame(101, 11, packet(11, 31, family)),
                 frame(31, 203, packet(11, 31, family, 62)))
            goes(t, f"back {n}", w31, w11,
                 frame(203, 31, packet(31, 11, family)),
                 frame(11, 101, packet(31, 11, family, 62)))
        stays(t, "one too few", w11, [w31],
              frame(101, 11, packet(11, 31, family, 2)), hv, 11,
              "ttl-exceeded")
    t.check("two of three by an entry", hv.counter(11, "flow-hits"), 2)
    hv.interface(203, 2, 3, ["10.3.0.254/24", "2001:db8:3::fe/64"],
                 flags=["admin-down"])
    stays(t, "the second router's interface is down", w11, [w31],
          frame(101, 11, packet(11, 31)), hv, 11, "admin-down")
    hv.router(2, flags=["admin-down"])
    stays(t, "the second router is down", w11, [w31],
          frame(101, 11, packet(11, 31)), hv, 11, "admin-down")
    # a packet that the two send to each other
    hv.router(2)
    hv.route(1, 1, "198.51.100.0/24", (102, "10.2.0.253"))
    hv.route(2, 2, "198.51.100.0/24", (202, "10.2.0.254"))
    stays(t, "a loop", w11, [w21, w31],
          frame(101, 11, packet(11, "198.51.100.1")), hv, 11, "loop")
    stays(t, "a loop, with few hops", w11, [w21, w31],
          frame(101, 11, packet(11, "198.51.100.1", ttl=5)), hv, 11,
          "ttl-exceeded")


def flows_over(t, w11, wires, count, sport=1000):
    """Send flows over an ECMP route; the port that each arrives at."""
    out = {}
    for n in range(count):
        dst = f"198.51.{100 + n // 250}.{1 + n % 250}"
        w11.send(frame(101, 11, packet(11, dst, sport=sport)))
        found = []

        def arrived(found=found):
            found += [port for port, wire in wires.items()
                      for _ in wire.pending()]
            return len(found)
        t.wait(f"flow {n} arrives", arrived, 1)
        out[dst] = found[0] if found else None
    return out


def several_next_hops_share_the_flows(t):
    hv, w11, w21, w22, w23 = world(t, 11, 21, 22, 23)
    wires = {21: w21, 22: w22, 23: w23}

    def hops(*ports):
        hv.route(1, 1, "198.51.0.0/16", *(
            (102, address(port), weight) for port, weight in ports))

    hops((21, 1), (22, 1), (23, 2))
    first = flows_over(t, w11, wires, 120)
    shares = [list(first.values()).count(port) for port in (21, 22, 23)]
    t.log(f"shares of 1, 1, 2: {shares}")
    t.check("each gets its share, about", all(
        want * .6 < got < want * 1.4
        for got, want in zip(shares, (30, 30, 60))))
    t.check("each keeps its way", flows_over(t, w11, wires, 120), first)
    hops((21, 1), (23, 2))
    second = flows_over(t, w11, wires, 120)
    t.check("only the flows of the lost one move", [
        dst for dst in first if first[dst] != 22 and
        first[dst] != second[dst]], [])
    t.check("and those do", 22 in second.values(), False)
    hops((21, 1), (22, 1), (23, 2))
    third = flows_over(t, w11, wires, 120)
    t.check("those that move go to the new one", {
        third[dst] for dst in first if third[dst] != second[dst]}, {22})


def classes_decide_what_is_a_flow(t):
    hv, w11, w21, w22 = world(t, 11, 21, 22)
    hv.route(1, 1, "198.51.100.0/24", (102, address(21)),
             (102, address(22)))
    for flow_class, ways in (("l2", 1), ("l3", 1), ("connection", 2)):
        hv.vif(11, 1, ip4=[address(11)], flow_class=flow_class)
        hv.df.do("flow-flush", {"port": 11})
        seen = set()
        for sport in range(32):
            w11.send(frame(101, 11, packet(11, "198.51.100.1",
                                           sport=sport)))
            got = []

            def arrived(got=got):
                got += [port for port, wire in ((21, w21), (22, w22))
                        for _ in wire.pending()]
                return len(got)
            t.wait(f"{flow_class}: one arrives", arrived, 1)
            seen.update(got)
        t.check(f"{flow_class}: ways of one pair of addresses", len(seen),
                ways)
        t.check(f"{flow_class}: class of the entries", {
            flow["class"] for flow in hv.flows(11)},
            {"l3" if flow_class == "l2" else flow_class})


if __name__ == "__main__":
    main(packets_are_routed(4), packets_are_routed(6),
         other_packets_stay_in_their_network, every_ttl_counts,
         headers_with_options_are_routed, routes_decide,
         what_must_not_be_forwarded_is_not,
         a_routed_change_takes_effect_at_once,
         an_interface_or_router_goes_down_at_once, addresses_move_at_once,
         tenants_may_have_the_same_addresses, several_routers_are_crossed,
         several_next_hops_share_the_flows, classes_decide_what_is_a_flow)
