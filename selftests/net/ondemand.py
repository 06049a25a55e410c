#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Packets wait until somebody is found, or is known not to be there.

The world is that of lib/dfdemand.py.
"""
import errno
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    IP4, IP6, UDP, arp, parse_arp, parse_icmp)
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    TUNNEL, VNI, gso_packet)
from dfdemand import (  # noqa: E402 pylint: disable=wrong-import-position
    PACKETS_MAX, WAIT_MS, World, address, addresses, ask, packet, who)
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_EXCL, Dragonflow, Refused)
from dfstream import stream  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, Background, WAIT_FACTOR, ethernet, ip4, ip6, ip_batch, mac,
    main, poll, quiet, sysctl, udp)


# what becomes of packets once somebody is found


def questions_wait_and_are_answered(family):
    def case(t):
        world = World(t)
        w11, w12 = world.wires[11], world.wires[12]
        w11.send(ask(11, address(21, family), family))
        world.asked("a question", 11, **who(21, family))
        [lookup] = world.lookups()
        t.check("the time that is left", 0 < lookup.pop("ttl-ms") <= WAIT_MS)
        t.check("it reads back", lookup, {
            "network": 1, **who(21, family), "port": 11, "state": "pending",
            "packets": 1})
        t.check("in the count", world.df.do("datapath-get")["lookups"], 1)
        t.check("nobody hears of it", w12.pending(), [])
        world.found(21)
        answer = w11.receive()
        t.require("it is answered", answer is not None)
        if family == 4:
            t.check("with who has it", parse_arp(answer)["sender_mac"],
                    mac(21))
        else:
            t.check("with who has it", answer[-6:].hex(":"), mac(21))
        t.check("the lookup is gone", world.lookups(), [])
        t.check("nobody hears of it", w12.pending(), [])
        w11.send(ask(11, address(21, family), family))
        t.check("from now on at once", w11.receive(), answer)
        world.not_asked("somebody who is known")
        t.check("nothing dropped", world.hv.drops(11), {})
        t.check("each counted once", [world.hv.counter(11, name) for name in
                                      ("rx-packets", "flow-misses")], [2, 2])
    case.__name__ = f"ipv{family}_questions_wait_and_are_answered"
    return case


def packets_wait_and_are_delivered_in_order(t):
    world = World(t)
    world.elsewhere(21, 22)
    w11, w21 = world.wires[11], world.wires[21]
    sent = [packet(11, 21, 4 + 2 * (n % 2), b"%d" % n)
            for n in range(PACKETS_MAX)]
    w11.flood(sent)
    world.asked("a MAC", 11, mac=mac(21))
    world.holds("all", PACKETS_MAX)
    t.check("one lookup for all", len(world.lookups()), 1)
    world.found(21)
    for n, data in enumerate(sent):
        t.check(f"{n} arrives", w21.receive(), data)
    t.check("nothing else", [w21.pending(), world.wires[22].pending()],
            [[], []])
    w11.send(sent[0])
    t.check("from now on at once", w21.receive(), sent[0])
    world.not_asked("somebody who is known")
    t.check("nothing dropped", [world.hv.drops(11), world.hv.drops(TUNNEL)],
            [{}, {}])
    t.check("counted once", world.hv.counter(11, "rx-packets"),
            PACKETS_MAX + 1)
    # one that walks while the port is still being published leaves no entry
    w11.send(sent[0])
    t.check("once more", w21.receive(), sent[0])
    t.check("and then by an entry", world.hv.counter(11, "flow-hits") > 0)


def routed_packets_wait(family):
    def case(t):
        world = World(t)
        world.elsewhere(31)
        w11, w31 = world.wires[11], world.wires[31]
        w11.send(packet(11, 31, family, to=101))
        world.asked("beyond the router", 11, network=2, **who(31, family))
        t.check("listed for its network",
                [len(world.lookups(n)) for n in (1, 2)], [0, 1])
        world.found(31)
        want = packet(11, 31, family, ttl=63)
        want = want[:6] + bytes.fromhex(mac(102).replace(":", "")) + want[12:]
        t.check("it is routed", w31.receive(), want)
        t.check("nothing dropped", world.hv.drops(11), {})
    case.__name__ = f"routed_packets_of_ipv{family}_wait"
    return case


def a_gateway_is_looked_for(t):
    """What a route leads to is, and not the destination beyond it."""
    world = World(t)
    world.hv.route(1, 1, "0.0.0.0/0", (102, address(31)))
    world.wires[11].send(ethernet(mac(101), mac(11), IP4, ip4(
        address(11), "198.51.100.1", UDP, udp(7, 9))))
    world.asked("the gateway", 11, network=2, ip4=address(31))


def others_end_a_lookup_as_well(t):
    """A workload here, a router interface, a shared address."""
    world = World(t)
    w11 = world.wires[11]
    w11.send(packet(11, 14))
    world.asked("a workload here", 11, mac=mac(14))
    here = t.open_wire(world.hv.device("p14"))
    world.hv.tc.attach("p14", 14)
    world.hv.vif(14, **addresses(14))
    t.check("a workload here: it has it", here.receive(), packet(11, 14))
    w11.send(ask(11, "10.1.0.253", 4))
    world.asked("a router interface", 11, ip4="10.1.0.253")
    world.hv.interface(103, 1, 1, ["10.1.0.253/32"])
    t.check("a router interface: it answers",
            parse_arp(w11.receive())["sender_mac"], mac(103))
    w11.send(ask(11, "10.1.0.99", 4))
    world.asked("a shared address", 11, ip4="10.1.0.99")
    world.found(22, pair=[{"ip4": "10.1.0.99"}])
    t.check("a shared address: it is answered",
            parse_arp(w11.receive())["sender_mac"], mac(22))
    t.check("nothing waits", world.lookups(), [])
    t.check("nothing dropped", world.hv.drops(11), {})


def resolve(world, family):
    """What is an agent from now on finds port 21, and nobody else."""
    world.agent.adopt()
    world.df = world.hv.df = Dragonflow(world.hv.name)
    while True:
        event = world.agent.event(100)
        if event and event[1].get(f"ip{family}") == address(21, family):
            world.found(21)
        elif event:
            world.absent(3000, **{k: v for k, v in event[1].items()
                                  if k in ("ip4", "ip6", "mac")})


def the_first_connection_comes_to_be(family, groups=False):
    """TCP, all of it real but for who knows the database."""
    def case(t):
        world = World(t, local=())
        if groups:
            world.df.do("security-group-new", {"id": 1})
            world.df.do("security-group-rule-new", {
                "id": 1, "group": 1, "direction": "egress",
                "version": f"ip{family}"})
        here, there = (workload(hv, n) for hv, n in
                       ((world.hv, 11), (world.other, 21)))
        world.hv.vif(11, **addresses(11), group=[1] if groups else [])
        world.other.vif(21, **addresses(21))
        world.other.remote(11, 1, **addresses(11))

        Background(t, resolve, world, family)
        begin = time.monotonic()
        t.check("a transfer", stream(t, here, there, address(21, family)))
        t.log(f"{time.monotonic() - begin:.2f} s")
        t.check("nothing dropped", world.hv.drops(11), {})
        if groups:
            [rule] = world.df.dump("security-group-rule-get")
            t.check("one connection, whether it waited or not",
                    rule["matches"], 1)
    case.__name__ = f"the_first_connection_of_ipv{family}_comes_to_be" + (
        "_with_groups" if groups else "")
    return case


def workload(hv, number):
    """A namespace with a stack: its name."""
    name = hv.case.netns(f"w{number}")
    hv.tc.veth(f"p{number}", "eth0", name)
    hv.tc.attach(f"p{number}", number)
    # nobody is there to answer
    sysctl(name, "ipv6/conf/eth0/router_solicitations", "0")
    quiet(name, "eth0", False)
    ip_batch(name, f"link set eth0 address {mac(number)} up",
             f"address add {address(number)}/24 dev eth0",
             f"address add {address(number, 6)}/64 dev eth0 nodad")
    return name


def fragments_wait_as_they_are(family):
    """With groups they are put together, and wait; they leave in pieces."""
    def case(t):
        world = World(t, local=())
        world.elsewhere(21)
        world.df.do("security-group-new", {"id": 1})
        world.df.do("security-group-rule-new", {
            "id": 1, "group": 1, "direction": "egress",
            "version": f"ip{family}", "protocol": UDP})
        w11 = world.hv.wire(11, **addresses(11), group=[1])
        w21 = world.wires[21]
        sent = pieces(11, 21, family)
        w11.flood(sent)
        world.asked("a datagram", 11, mac=mac(21))
        world.holds("a datagram", 1)
        world.found(21)
        got = [w21.receive() for _ in sent]
        t.check("lengths of what arrives", [len(one or b"") for one in got],
                [len(one) for one in sent])
        t.check("and what", [one[-100:] for one in got if one],
                [one[-100:] for one in sent])
        t.check("nothing dropped", world.hv.drops(11), {})
        [rule] = world.df.dump("security-group-rule-get")
        t.check("one connection", rule["matches"], 1)
    case.__name__ = f"fragments_of_ipv{family}_wait_as_they_are"
    return case


def pieces(src, dst, family):
    data = udp(7, 9, bytes(range(200)) * 10)
    out = []
    for at in (0, 1200):
        piece, more = data[at:at + 1200], at + 1200 < len(data)
        if family == 4:
            body = ip4(address(src), address(dst), UDP, piece, ident=7,
                       frag=(0x2000 if more else 0) | at // 8)
        else:
            body = ip6(address(src, 6), address(dst, 6), 44, struct.pack(
                "!BBHI", UDP, 0, at | more, 7) + piece)
        out.append(ethernet(mac(dst), mac(src), IP4 if family == 4 else IP6,
                            body))
    return out


def large_packets_wait_whole(t):
    """What a virtual machine leaves to be cut is cut when it leaves."""
    world = World(t, local=())
    world.elsewhere(21)
    far = world.hv.device("p11", 1500)
    world.hv.tc.attach("p11", 11)
    world.hv.vif(11, **addresses(11))
    wire = t.open_wire(far, vnet_header=True)
    wire.send(gso_packet(11, 21, 7, b"x" * 4000, 1000))
    world.asked("a large packet", 11, mac=mac(21))
    world.found(21)
    got = poll(lambda: sum(len(one) - 54 for one in
                           world.wires[21].pending()) or None)
    t.check("something arrives", bool(got))
    t.wait("four packets sent", lambda: world.hv.counter(
        TUNNEL, "tx-packets"), 4)


# nobody has it


def absent_addresses_are_asked_for_no_more(t):
    world = World(t)
    w11, w12 = world.wires[11], world.wires[12]
    for family in (4, 6):
        question = ask(11, address(21, family), family)
        w11.send(question)
        world.asked(f"IPv{family}", 11, **who(21, family))
        t.check("nobody hears it before", w12.pending(), [])
        world.absent(**who(21, family))
        t.check(f"IPv{family}: then all hear it", w12.receive(), question)
        w11.send(question)
        t.check(f"IPv{family}: and later", w12.receive(), question)
        world.not_asked(f"IPv{family}")
    w11.send(packet(11, 21))
    world.asked("a MAC", 11, mac=mac(21))
    world.holds("a MAC", 1)
    world.absent(mac=mac(21))
    world.dropped("a MAC", 11, unknown_destination=1)
    w11.send(packet(11, 21))
    world.dropped("and later", 11, unknown_destination=2)
    world.not_asked("a MAC")
    t.check("three are absent", [
        (one["state"], one["packets"], one["port"], one["ttl-ms"] <= 60000)
        for one in world.lookups()], [("absent", 0, 11, True)] * 3)
    world.elsewhere(21)
    world.found(21)
    w11.send(packet(11, 21))
    t.check("until it is found", world.wires[21].receive(), packet(11, 21))
    t.check("none is left", world.lookups(), [])


def senders_are_told_of_absent_hosts(family):
    def case(t):
        world = World(t)
        w11 = world.wires[11]
        for what in ("one that waited", "and later"):
            w11.send(packet(11, 31, family, to=101))
            if what == "one that waited":
                world.asked(what, 11, network=2, **who(31, family))
                world.absent(network=2, **who(31, family))
            error = w11.receive()
            t.require(f"{what}: an error", error is not None)
            error = parse_icmp(error)
            t.check(f"{what}: host unreachable", (
                error["type"], error["code"], error["sum"]),
                (3, 1, 0) if family == 4 else (1, 3, 0))
        world.not_asked("an absent host")
        world.dropped("both", 11, no_neighbour=2)
    case.__name__ = f"senders_are_told_of_absent_hosts_of_ipv{family}"
    return case


def absence_ends(t):
    world = World(t)
    w11 = world.wires[11]
    world.absent(300 * WAIT_FACTOR, mac=mac(21))
    [lookup] = world.lookups()
    t.check("nobody has looked for it", "port" in lookup, False)
    w11.send(packet(11, 21))
    world.dropped("absent", 11, unknown_destination=1)
    t.wait("it ends", world.lookups, [])
    w11.send(packet(11, 21))
    world.asked("after that", 11, mac=mac(21))
    world.absent(1, mac=mac(21))
    t.wait("it ends as well", world.lookups, [])
    for ttl in (60000, 100, 60000):
        world.absent(ttl, mac=mac(21))
    t.wait("what was said last counts",
           lambda: [one["ttl-ms"] > 50000 for one in world.lookups()],
           [True], seconds=0.5)
    try:
        world.df.do("lookup-new", {"network": 1, "mac": mac(21),
                                   "ttl-ms": 1000}, NLM_F_EXCL)
        t.check("a second one is refused if so wanted", False)
    except Refused as refusal:
        t.check("refused", refusal.errno, errno.EEXIST)


def what_was_known_is_forgotten(t):
    world = World(t)
    world.elsewhere(21)
    world.wires[11].send(packet(11, 21))
    world.asked("once", 11, mac=mac(21))
    world.df.do("lookup-del", {"network": 1, "mac": mac(21)})
    world.asked("it still waits", 11, mac=mac(21))
    world.holds("it", 1)
    world.absent(mac=mac(22))
    world.df.do("lookup-del", {"network": 1, "mac": mac(22)})
    world.wires[11].send(packet(11, 22))
    world.asked("who was absent", 11, mac=mac(22))
    world.found(21)
    t.check("it arrives", world.wires[21].receive(), packet(11, 21))
    t.check("nothing dropped", world.hv.drops(11), {})


# who is asked, and about what


def some_are_not_asked_about(t):
    world = World(t)
    w11, w12 = world.wires[11], world.wires[12]
    for what, sent in (
            ("itself", ask(11, address(11), 4)),
            ("a neighbour", ask(11, address(12), 4)),
            ("the router", ask(11, "10.1.0.254", 4)),
            ("no address", arp(mac(11), "0.0.0.0", address(11))),
            ("a group", arp(mac(11), "224.0.0.1", address(11))),
            ("a flood", ethernet(BROADCAST, mac(11), payload=b"all")),
            ("MAC zero", ethernet("00:00:00:00:00:00", mac(11)))):
        w11.send(sent)
        t.wait(f"{what}: received", lambda s=sent: s in w12.pending() or
               bool(w11.pending()) or bool(world.hv.drops(11)))
        world.not_asked(what)
    world.hv.network(3)
    w41 = world.hv.wire(41, 3)
    w41.send(ethernet(mac(42), mac(41)))
    world.dropped("another network", 41, unknown_destination=1)
    world.not_asked("another network")
    t.check("nothing waits", world.lookups(), [])


def what_comes_by_a_tunnel_is_not_asked_about(t):
    world = World(t)
    world.elsewhere(21)
    world.other.remote(99, 1)
    world.wires[21].send(packet(21, 99))
    world.dropped("by a tunnel", TUNNEL, unknown_destination=1)
    world.not_asked("by a tunnel")


def use_is_remembered(t):
    world = World(t)
    world.elsewhere(21)
    t.check("not of a local port", world.idle(11), None)
    world.hv.network(3, VNI + 2)
    world.hv.remote(51, 2, 3)
    t.check("nor in other networks", world.idle(51), None)
    world.found(21)
    t.check("a new one", world.idle(21) < 1000 * WAIT_FACTOR)
    t.wait("it is idle", lambda: world.idle(21) > 2500, seconds=10)
    world.wires[11].send(packet(11, 21))
    t.check("arrives", world.wires[21].receive(), packet(11, 21))
    before = world.idle(21)
    t.check("a packet was decided", before < 2000 * WAIT_FACTOR)
    for _ in range(3):
        world.wires[11].send(packet(11, 21))
        world.wires[21].receive()
    t.wait("entries are not seen",
           lambda: world.idle(21) > before + 1500, seconds=10)
    world.found(21)
    t.check("a replacement is no use", world.idle(21) > before + 1400)
    world.wires[11].send(packet(11, 21))
    t.check("arrives", world.wires[21].receive(), packet(11, 21))
    t.check("but lets its packets walk",
            world.idle(21) < 1500 * WAIT_FACTOR)


main(*(case(family) for family in (4, 6) for case in (
    questions_wait_and_are_answered, routed_packets_wait,
    senders_are_told_of_absent_hosts, fragments_wait_as_they_are,
    the_first_connection_comes_to_be)),
     the_first_connection_comes_to_be(4, True),
     packets_wait_and_are_delivered_in_order, a_gateway_is_looked_for,
     others_end_a_lookup_as_well, large_packets_wait_whole,
     absent_addresses_are_asked_for_no_more, absence_ends,
     what_was_known_is_forgotten, some_are_not_asked_about,
     what_comes_by_a_tunnel_is_not_asked_about, use_is_remembered)
