#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""Security groups: what the rules say is what packets meet.

Connections are those of real TCP, UDP and ICMP between two workloads. Any
rules and any packets are what rules.py is about.
"""
import fcntl
import mmap
import pathlib
import socket
import struct
import sys
import termios

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfpair import (  # noqa: E402 pylint: disable=wrong-import-position
    Pair, connections, echoes)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    SOL_PACKET, ethernet, ip4, ip6, mac, main, poll, udp)

IP4, IP6 = 0x800, 0x86dd
TCP, UDP, ICMP, FRAGMENT = 6, 17, 1, 44
PACKET_TX_RING, PACKET_VERSION, TPACKET_V2 = 13, 10, 1
TP_STATUS_SEND_REQUEST = 1


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


class Ring:
    """A packet socket whose packets the kernel takes from memory of ours. They
    are the socket's until somebody frees them."""

    SLOT, SLOTS = 2048, 2
    DATA = 32           # the header of a slot

    def __init__(self, t, dev):
        with inside(t.peers):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.bind((dev, 0))
        t.defer(self.sock.close)
        self.sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self.sock.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack(
            "IIII", self.SLOT * self.SLOTS, 1, self.SLOT, self.SLOTS))
        self.memory = mmap.mmap(self.sock.fileno(), self.SLOT * self.SLOTS)
        t.defer(self.memory.close)
        self.next = 0

    def send(self, frame):
        at = self.next * self.SLOT
        self.next = (self.next + 1) % self.SLOTS
        self.memory[at + self.DATA:at + self.DATA + len(frame)] = frame
        self.memory[at:at + 8] = struct.pack("II", TP_STATUS_SEND_REQUEST, len(frame))
        self.sock.send(b"")

    def unsent(self):
        """The memory that it still answers for."""
        size = bytearray(4)
        fcntl.ioctl(self.sock, termios.TIOCOUTQ, size)
        return struct.unpack("i", size)[0]


def fragment(family, at, more, piece):
    """A piece of a datagram from workload 11 to 12."""
    if family == 4:
        return ethernet(mac(12), mac(11), IP4, ip4(
            "192.0.2.11", "192.0.2.12", UDP, piece, ident=7, frag=more << 13 | at // 8))
    return ethernet(mac(12), mac(11), IP6, ip6(
        "2001:db8::11", "2001:db8::12", FRAGMENT,
        struct.pack("!BBHI", UDP, 0, at | more, 7) + piece))


def fragments_of_a_ring_are_put_together(family):
    """The first comes last, and the whole packet must not be its sender's."""
    def case(t):
        hv = t.hypervisor()
        hv.df.do("security-group-new", {"id": 1})
        hv.df.do("security-group-rule-new", {
            "id": 1, "group": 1, "direction": "egress", "version": f"ip{family}",
            "protocol": UDP, "port-min": 9, "port-max": 9})
        hv.network(1)
        wire = hv.wire(11, group=[1])
        receiver = hv.wire(12)
        ring, size = Ring(t, wire.sock.getsockname()[0]), 512
        text = udp(7, 9, bytes(range(1, 249)) * 6)
        sent = []
        for at in reversed(range(0, len(text), size)):
            sent.append(fragment(family, at, at + size < len(text), text[at:at + size]))
            ring.send(sent[-1])
        got = [receiver.receive() for _ in sent]
        t.check("all of it arrives", b"".join(
            frame[34 if family == 4 else 62:] for frame in got if frame), text)
        t.wait("the sender's memory is free again", ring.unsent, 0)
    case.__name__ = f"ipv{family}_fragments_of_a_ring_are_put_together"
    return case


def floods_are_judged_at_each_receiver(t):
    hv = t.hypervisor()
    hv.df.do("security-group-new", {"id": 1})
    hv.network(1)
    judged, other, third = (hv.wire(n, group=[1] if n == 11 else [])
                            for n in (11, 12, 13))
    sent = ethernet("ff:ff:ff:ff:ff:ff", mac(12), IP4, ip4(
        "192.0.2.12", "255.255.255.255", UDP, udp(7, 9, b"all")))
    other.send(sent)
    t.check("who has no groups gets it", third.receive(), sent)
    t.check("who has does not", judged.pending(), [])
    hv.df.do("security-group-rule-new", {
        "id": 1, "group": 1, "direction": "ingress", "version": "ip4",
        "protocol": UDP, "port-min": 9, "port-max": 9})
    other.send(sent)
    t.check("but with a rule", judged.receive(), sent)


main(replies_need_no_rule,
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
     fragments_of_a_ring_are_put_together(4),
     fragments_of_a_ring_are_put_together(6),
     floods_are_judged_at_each_receiver)
