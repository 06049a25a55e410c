#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=600
"""Workloads of ill will: what they may use up is theirs alone.

     11 attacker    12 victim    13 - 14 neighbours

Whatever the attacker does, nothing that the neighbours send to each other is
lost, and it goes on to be one lookup for each packet. So it is where all are on
one hypervisor; and where the tunnel that the neighbours need is the attacker's
as well: he and one of them here, the victim and the other one there. Then what
is bounded: the connections of a port and of conntrack, and the fragments of a
port.
"""
import pathlib
import random
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    TUNNEL, everywhere, hypervisors)
from dfct import Conntrack  # noqa: E402 pylint: disable=wrong-import-position
from dffuzz import seed  # noqa: E402 pylint: disable=wrong-import-position
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfpair import (  # noqa: E402 pylint: disable=wrong-import-position
    Pair, asked, connections, echoes)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    checksum, ethernet, ip4, ip6, mac, main, poll, sysctl, udp)

IP4, IP6 = 0x800, 0x86dd
ICMP, TCP, UDP, FRAGMENT, SCTP = 1, 6, 17, 44, 132
SYN, RST, ACK = 2, 4, 16
MORE = 0x2000       # fragments follow
ATTACKER, VICTIM, ONE, TWO = 11, 12, 13, 14
TOGETHER = {ATTACKER: 1, VICTIM: 1, ONE: 1, TWO: 1}
APART = {ATTACKER: 1, VICTIM: 2, ONE: 2, TWO: 1}
CONNECTIONS, FLOWS = 64, 32
TUNNEL_FLOWS = 256
PORT = 9            # that the rules let in
FLOOD, BATCH = 1500, 250


def address(number, version=4):
    return f"192.0.2.{number}" if version == 4 else f"2001:db8::{number}"


def tcp(src, dst, flags, seq=1):
    return struct.pack("!HHIIBBHHH", src, dst, seq, 1, 0x50, flags, 1024, 0, 0)


def frame4(source, target, proto, data, **fields):
    return ethernet(mac(target), mac(source), IP4, ip4(
        address(source), address(target), proto, data, **fields))


class World:
    """All four ports have the same group, wherever they are."""

    def __init__(self, t, homes=None, **limits):
        self.t, homes = t, homes or TOGETHER
        self.hvs = hypervisors(t, max(homes.values()))
        self.hv = self.hvs[0]
        self.homes = {number: self.hvs[home - 1]
                      for number, home in homes.items()}
        for hv in self.hvs:
            self.program(hv)
        self.wires = {number: everywhere(
            self.hvs, number, home, group=[1], ip4=[address(number)],
            ip6=[address(number, 6)], **(limits if number == ATTACKER else {}))
            for number, home in homes.items()}

    @staticmethod
    def program(hv):
        # made up packets have no checksums
        sysctl(hv.name, "netfilter/nf_conntrack_checksum", "0")
        hv.df.do("security-group-new", {"id": 1})
        rules = [{"direction": "egress"}, {
            "direction": "ingress", "protocol": UDP, "port-min": PORT,
            "port-max": PORT}, {
            "direction": "ingress", "protocol": TCP, "port-min": PORT,
            "port-max": PORT}, {"direction": "ingress", "protocol": SCTP}]
        for number, rule in enumerate(rules):
            for n, version in enumerate(("ip4", "ip6")):
                hv.df.do("security-group-rule-new", {
                    "id": 1 + 2 * number + n, "group": 1, "version": version,
                    **rule})

    def pass_on(self, source, target, *frames):
        """Send them; how many arrive, with their padding or without."""
        left, wire = list(frames), self.wires[target]
        received = []

        def ended():
            """How many were delivered, and delivered or dropped."""
            sender, receiver = self.homes[source], self.homes[target]
            delivered = receiver.counter(target, "tx-packets")
            dropped = sum(sender.drops(source).values())
            if receiver != sender:
                dropped += sum(receiver.drops(TUNNEL).values())
            return delivered, delivered + dropped

        def is_over():
            got = wire.receive(0.2)
            if got is None:
                return ended() == (before[0] + len(received),
                                   before[1] + len(frames))
            received.append(got)
            got = got.ljust(60, b"\0")
            if got in left:
                left.remove(got)
            return not left

        before = ended()
        self.wires[source].flood(frames)
        poll(is_over)
        return len(frames) - len(left)

    def attack(self, frames):
        """Send them, no more at a time than a kernel has room for."""
        for at in range(0, len(frames), BATCH):
            batch = frames[at:at + BATCH]
            total = self.hv.counter(ATTACKER, "rx-packets") + len(batch)
            self.wires[ATTACKER].flood(batch)
            poll(lambda: self.hv.counter(ATTACKER, "rx-packets") >=
                 total)     # pylint: disable=cell-var-from-loop
        if len(self.hvs) > 1:
            poll(lambda: self.hvs[1].counter(TUNNEL, "rx-packets") ==
                 self.hv.counter(TUNNEL, "tx-packets"))

    def exchange(self, source, target, count=1):
        """Datagrams there and back, of one connection; how many arrive."""
        there = frame4(source, target, UDP, udp(5000, PORT, b"question"))
        back = frame4(target, source, UDP, udp(PORT, 5000, b"answer"))
        return self.pass_on(source, target, *[there] * count) + \
            self.pass_on(target, source, *[back] * count)

    def misses(self):
        """Of the neighbours; of tunnels those of others as well."""
        ports = [(self.homes[n], n) for n in (ONE, TWO)]
        if len(self.hvs) > 1:
            ports += [(hv, TUNNEL) for hv in self.hvs]
        return sum(hv.counter(n, "flow-misses") for hv, n in ports)


# What an attacker sends, an endless lot each.

def scan(dice):
    while True:
        yield frame4(ATTACKER, VICTIM, UDP, udp(
            dice.randrange(1, 65536), dice.randrange(1, 65536)))


def flood_syn(dice):
    while True:
        yield frame4(ATTACKER, VICTIM, TCP, tcp(
            dice.randrange(1, 65536), PORT, SYN, dice.getrandbits(32)))


def spoof(dice):
    while True:
        yield ethernet(mac(VICTIM), mac(dice.randrange(100, 65536)), IP4, ip4(
            f"10.{dice.randrange(256)}.{dice.randrange(256)}.9",
            address(VICTIM), UDP, udp(dice.randrange(1, 65536), PORT)))


def ping(dice):
    while True:
        yield frame4(ATTACKER, VICTIM, ICMP, struct.pack(
            "!BBHHH", 8, 0, 0, dice.getrandbits(16), 1))


def fragments4(dice):
    while True:
        yield frame4(ATTACKER, VICTIM, UDP, udp(5000, PORT, bytes(1392)),
                     ident=dice.getrandbits(16), frag=MORE | dice.choice(
                         (0, 0, 175, 1000)))


def fragments6(dice):
    while True:
        yield ethernet(mac(VICTIM), mac(ATTACKER), IP6, ip6(
            address(ATTACKER, 6), address(VICTIM, 6), FRAGMENT, struct.pack(
                "!BBHI", UDP, 0, 1 | 8 * dice.choice((0, 0, 174)),
                dice.getrandbits(32)) + udp(5000, PORT, bytes(1384))))


def garbage(dice):
    while True:
        yield ethernet(mac(VICTIM), mac(ATTACKER), dice.choice(
            (IP4, IP6, 0x806)), dice.randbytes(dice.randrange(100)))


def neighbours_do_not_notice(attack):
    def case(t):
        world = World(t, connection_limit=CONNECTIONS, flow_limit=FLOWS)
        resist(t, world, attack)
        port = world.hv.df.port(ATTACKER)
        t.check("flow entries are bounded", port["flows"] <= FLOWS)
        t.check("connections are bounded", port["connections"] <= CONNECTIONS)
    case.__name__ = f"neighbours_do_not_notice_{attack.__name__}"
    return case


def neighbours_of_a_tunnel_do_not_notice(attack):
    """Of an attacker who may use up more than the tunnel has."""
    def case(t):
        world = World(t, APART)
        for hv in world.hvs:
            hv.tunnel(TUNNEL, **{"flow-limit": TUNNEL_FLOWS})
        resist(t, world, attack)
        t.check("its flow entries are bounded", all(
            hv.df.port(TUNNEL)["flows"] <= TUNNEL_FLOWS for hv in world.hvs))
    case.__name__ = f"neighbours_of_a_tunnel_do_not_notice_{attack.__name__}"
    return case


def resist(t, world, attack):
    frames = attack(random.Random(seed(t.log)))
    for pair in ((ONE, TWO), (ONE, VICTIM)):
        t.require("they know each other", world.exchange(*pair, 2), 4)
    missed = arrived = 0
    for _ in range(10):
        world.attack([next(frames) for _ in range(FLOOD // 10)])
        world.wires[VICTIM].pending()
        before = world.misses()
        arrived += world.exchange(ONE, TWO, 10)
        missed += world.misses() - before
    t.check("nothing of the neighbours' is lost", arrived, 200)
    # once in a connection's life each end tells conntrack that it lasts
    t.check(f"each packet is one lookup, {missed} were not", missed <= 2)
    t.check("nor does the victim lose what it had",
            world.exchange(ONE, VICTIM), 2)
    for hv in world.hvs:
        port = ATTACKER if hv == world.hv else TUNNEL
        t.log(f"dropped at {port}: {hv.drops(port)}, "
              f"{hv.df.port(port)['flows']} flow entries")


def whole(world, source, target, version, ident):
    """A datagram in two fragments: does it come out, in fragments again?"""
    data = udp(6000 + ident % 100, PORT, bytes(range(256)) * 6)
    if version == 4:
        parts = [frame4(source, target, UDP, data[:1400], ident=ident,
                        frag=MORE),
                 frame4(source, target, UDP, data[1400:], ident=ident,
                        frag=1400 // 8)]
    else:
        parts = [ethernet(mac(target), mac(source), IP6, ip6(
            address(source, 6), address(target, 6), FRAGMENT,
            struct.pack("!BBHI", UDP, 0, at | more, ident) + piece))
            for at, more, piece in ((0, 1, data[:1400]),
                                    (1400, 0, data[1400:]))]
    world.wires[source].flood(parts)
    return sum(world.wires[target].receive(1) is not None for _ in parts)


def fragments_are_bounded_by_port(version):
    def case(t):
        world = World(t)
        t.require("a datagram in fragments arrives",
                  whole(world, ONE, TWO, version, 1), 2)
        attack = (fragments4 if version == 4 else fragments6)(random.Random(1))
        # more than the kernel has room for
        world.attack([next(attack) for _ in range(6000)])
        t.check("the attacker has had its part", world.hv.drops(ATTACKER).get(
            "fragment-limit", 0) > 3000)
        t.check("others have theirs", sum(
            whole(world, ONE, TWO, version, 2 + n) for n in range(50)), 100)
        t.check("what becomes whole does not count", world.hv.drops(ONE), {})
    case.__name__ = f"ipv{version}_fragments_are_bounded_by_port"
    return case


def a_port_has_so_many_connections(t):
    world = World(t, connection_limit=8)
    begin = [frame4(ATTACKER, VICTIM, UDP, udp(7000 + n, PORT, b"hello"))
             for n in range(20)]
    world.exchange(ATTACKER, VICTIM, 2)
    # a few more if it was slow, and they were counted meanwhile
    begun = world.pass_on(ATTACKER, VICTIM, *begin)
    t.check("the first begin", 7 <= begun < 20)
    t.check("others are one too many", world.hv.drops(ATTACKER),
            {"connection-limit": 20 - begun})
    t.check("another port's begin", world.exchange(ONE, VICTIM), 2)
    port = world.hv.df.port(ATTACKER)
    t.check("it reads back", port["connection-limit"], 8)
    t.check("and is kept", port["connections"] <= 8)
    t.wait("those without an answer make room", lambda: world.pass_on(
        ATTACKER, VICTIM, begin[-1]), 1)
    t.check("counted anew", world.hv.df.port(ATTACKER)["connections"] < 8)
    world.hv.vif(ATTACKER, group=[1], connection_limit=1000)
    t.check("with another limit all begin",
            world.pass_on(ATTACKER, VICTIM, *begin), 20)


def established(t, world, count):
    """So many connections, each to a server of its own."""
    socks = []
    for port in range(80, 80 + count):
        world.server(world.outer, port)
        socks.append(world.client(world.inner, "192.0.2.12", port))
    t.require("they connect", all(sock and echoes(sock) for sock in socks))
    return socks


def what_was_answered_stays(t):
    """When a port has too many, those go that conntrack would let go."""
    world = Pair(t, [{"direction": "egress"}])
    # in whatever order a count finds them
    socks = established(t, world, 11)
    world.hv.vif(11, group=[1], connection_limit=12)
    with inside(world.inner):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.defer(sock.close)
    for port in range(2000, 2200):
        sock.sendto(b"hello", ("192.0.2.12", port))
    t.check("it is full", world.hv.drops(11).get("connection-limit", 0) > 0)
    t.wait("it is counted", lambda: world.hv.df.port(11)["connections"] < 12)
    t.check("connections that were answered are there", sum(
        state == "ESTABLISHED" for _, _, state in connections(world)), 11)
    t.check("and go on", all(map(echoes, socks)))


def most_connections(t, count):
    """Let a namespace have so many connections, until the case ends or it is
    called once more."""
    path = pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_max")
    most = path.read_text(encoding="ascii")
    t.defer(path.write_text, most, "ascii")
    path.write_text(str(count), encoding="ascii")
    return int(most)


def conntrack_may_be_full(t):
    world = Pair(t, [{"direction": "egress"}])
    socks = established(t, world, 3)
    world.server(world.outer, 90)
    most = most_connections(t, 3)
    t.check("another one does not begin", world.client(
        world.inner, "192.0.2.12", 90), None)
    t.check("for this reason",
            world.hv.drops(11).get("connection-limit", 0) > 0)
    t.check("those that are go on", all(map(echoes, socks)))
    most_connections(t, most)
    t.check("with room it does", poll(lambda: world.client(
        world.inner, "192.0.2.12", 90)) is not None)


def conntrack_may_be_full_there(t):
    """Of connections of one beside him that another hypervisor talks to."""
    world = Pair(t, [{"direction": "egress"}, {"direction": "ingress"}],
                 judged=(12, 13), size=2)
    abuser = world.workload(13, 2)
    socks = established(t, world, 3)
    world.server(world.outer, 90)
    for _ in range(3):
        t.require("the abuser's connect", world.client(
            abuser, "192.0.2.12", 90) is not None)
    t.check("both ends of his count", len(connections(world)), 3 + 2 * 3)
    most = most_connections(t, 3 + 2 * 3)
    t.check("another one does not begin", world.client(
        world.inner, "192.0.2.12", 90), None)
    t.check("for this reason", world.hvs[1].drops(TUNNEL).get(
        "connection-limit", 0) > 0)
    t.check("those that are go on", all(map(echoes, socks)))
    most_connections(t, most)
    t.check("with room it does", poll(lambda: world.client(
        world.inner, "192.0.2.12", 90)) is not None)


def a_datagram_flow_that_lasts_is_assured(t):
    """Though conntrack does not see its packets."""
    world = World(t)
    world.exchange(ONE, TWO)
    t.check("not at first", asked(world, Conntrack.assured), [False] * 2)
    time.sleep(2.2)
    missed = world.misses()
    t.check("all arrive", world.exchange(ONE, TWO, 50), 100)
    t.check("after a while", asked(world, Conntrack.assured), [True] * 2)
    t.check("for a walk or two", world.misses() - missed <= 2)


def judged_by(size):
    """The sender's group alone, or on two hypervisors those of both ends."""
    return {"rules": [{"direction": "egress", "protocol": TCP},
                      {"direction": "ingress", "protocol": TCP}][:size],
            "judged": (11, 12)[:size], "size": size}


def wherever(what, size):
    """A case between two on one hypervisor, or each on its own."""
    def case(t):
        what(t, size)
    case.__name__ = what.__name__ + ("_across_hypervisors" if size > 1 else "")
    return case


def resets_that_nobody_heeds(t, size):
    """A reset that its receiver takes for forged does not end the rest."""
    world = Pair(t, **judged_by(size))
    world.server(world.outer, 80)
    sock = world.client(world.inner, "192.0.2.12", 80)
    t.require("it connects", sock is not None and echoes(sock))
    port = sock.getsockname()[1]
    with inside(world.outer):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, TCP)
    t.defer(raw.close)
    for seq in (1, 1 << 31, 0xdeadbeef):
        head = tcp(80, port, RST | ACK, seq)
        pseudo = socket.inet_aton("192.0.2.12") + \
            socket.inet_aton("192.0.2.11") + struct.pack("!HH", TCP, 20)
        raw.sendto(head[:16] + struct.pack("!H", checksum(pseudo + head))
                   + head[18:], ("192.0.2.11", 0))
        t.check(f"it goes on after {seq:#x}", echoes(sock))
    missed, hit = (world.counter(name) for name in ("flow-misses", "flow-hits"))
    left = asked(world, Conntrack.timeouts)
    t.check("for long, in the zone of each",
            [len(left), min(left) > 600, echoes(sock)], [size, True, True])
    t.check("and on", all(echoes(sock) for _ in range(10)))
    # ARP is always a miss, and there is more of it where all takes longer
    t.check("past conntrack", 3 * (world.counter("flow-misses") - missed) <
            world.counter("flow-hits") - hit)


def a_reset_ends_a_connection(t, size):
    """Whose packets conntrack has not seen for long."""
    world = Pair(t, **judged_by(size))
    world.server(world.outer, 80)
    sock = world.client(world.inner, "192.0.2.12", 80)
    t.require("it connects", sock is not None)
    t.require("and goes on", all(echoes(sock, bytes(4000))
                                 for _ in range(5)))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()
    t.wait("soon, in the zone of each", lambda: [
        left <= 120 for left in asked(world, Conntrack.timeouts)],
        [True] * size)


def a_storm_of_connections(t, size):
    world = Pair(t, [{"direction": "egress", "protocol": TCP},
                     {"direction": "ingress", "protocol": TCP}],
                 judged=(11, 12), size=size)
    world.server(world.outer, 80)
    for n in range(150):
        sock = world.client(world.inner, "192.0.2.12", 80)
        t.require(f"{n}: it connects", sock is not None and echoes(sock))
        sock.close()
    t.check("in the zone of each", len(connections(world)), 300)
    # what the workloads say beside is not allowed
    ports = [(hv, n) for n, hv in world.homes.items()]
    if size > 1:
        ports += [(hv, TUNNEL) for hv in world.hvs]
    t.check("nothing is dropped", {reason for hv, n in ports
                                   for reason in hv.drops(n)
                                   if reason.startswith("connection")}, set())


def sctp(tag, kind, length=4):
    """A packet of one chunk."""
    return struct.pack("!HHII", 1000, PORT, tag, 0) + struct.pack(
        "!BBH", kind, 3, length) + bytes(length - 4)


def swapped(packet):
    return packet[2:4] + packet[:2] + packet[4:]


def associations_are_connections(t):
    """Small packets come padded, and are no less sound for it."""
    world = World(t)
    init = struct.pack("!HHII", 1000, PORT, 0, 0) + struct.pack(
        "!BBHIIHHI", 1, 0, 20, 7, 1500, 1, 1, 1)
    answer = struct.pack("!HHII", PORT, 1000, 7, 0) + struct.pack(
        "!BBHIIHHI", 2, 0, 20, 8, 1500, 1, 1, 1)
    stray = frame4(TWO, ONE, SCTP, swapped(sctp(7, 0, 20)))
    t.check("out of the blue nothing is", world.pass_on(TWO, ONE, stray), 0)
    t.check("and counted", world.hv.drops(TWO), {"connection-invalid": 1})
    for what, source, packet in (
            ("init", ONE, init), ("its answer", TWO, answer),
            ("cookie", ONE, sctp(8, 10, 8)),
            ("its answer", TWO, swapped(sctp(7, 11))),
            ("data", ONE, sctp(8, 0, 20)),
            ("data back", TWO, swapped(sctp(7, 0, 20)))):
        target = ONE + TWO - source
        frame = frame4(source, target, SCTP, packet)
        world.wires[source].send(frame)
        got = world.wires[target].receive() or b""
        t.check(what, got.ljust(60, b"\0"), frame)
    t.check("conntrack knows", len(connections(world)), 2)


main(*map(neighbours_do_not_notice, (
    scan, flood_syn, spoof, ping, fragments4, fragments6, garbage)),
     *map(neighbours_of_a_tunnel_do_not_notice, (scan, flood_syn, spoof)),
     fragments_are_bounded_by_port(4),
     fragments_are_bounded_by_port(6),
     a_port_has_so_many_connections,
     what_was_answered_stays,
     conntrack_may_be_full,
     conntrack_may_be_full_there,
     a_datagram_flow_that_lasts_is_assured,
     *(wherever(case, size) for case in (
         resets_that_nobody_heeds, a_reset_ends_a_connection,
         a_storm_of_connections) for size in (1, 2)),
     associations_are_connections)
