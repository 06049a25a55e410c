#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""What the module answers by itself: ARP, neighbour discovery, echo requests to
routers, ICMP errors. The corner cases of neighbour discovery are those of RFC
4861, 7.1 and 7.2, and RFC 4862, 5.4.

     w11  w12  (13 remote)           w21
      |    |    :                     |
    --+-network 1-----------       --+-network 2--
        10.1.0.0/24 | .254 101  102 .254 |
        fe80::fe    +------ router 1 ----+
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    ALL_NODES, ALL_NODES_MAC, ICMP, ICMP6, IP4, IP6, NA, REPLY6, UDP,
    advertisement, arp, echo4, echo6, icmp6, parse_arp, parse_icmp,
    parse_ip, solicitation)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, checksum, ethernet, ip4, ip6, mac, main, mac_bytes, udp)

TUNNEL, CHASSIS = 1000, 1


def a4(number):
    return f"10.{number // 10}.0.{number}"


def a6(number):
    return f"2001:db8:{number // 10}::{number}"


def world(t, **more):
    hv = t.hypervisor()
    for n in (1, 2):
        hv.network(n, 100 + n)
    hv.router(1)
    for n in (1, 2):
        hv.interface(100 + n, 1, n, [f"10.{n}.0.254/24",
                                     f"2001:db8:{n}::fe/64", "fe80::fe/64"])
    hv.tunnel(TUNNEL)
    hv.chassis(CHASSIS, TUNNEL, "198.51.100.2")
    hv.remote(13, CHASSIS, 1, ip4=[a4(13)], ip6=[a6(13), "fe80::13"])
    return hv, *(hv.wire(n, n // 10, ip4=[a4(n)], ip6=[a6(n)], **more)
                 for n in (11, 12, 21))


def routed(packet, src=11):
    """A packet in a frame for the router."""
    return ethernet(mac(101), mac(src), IP6 if packet[0] >> 4 == 6 else IP4,
                    packet)


def macs(frame):
    return frame[:6].hex(":"), frame[6:12].hex(":")


def answer(t, what, wire, others, sent):
    """The only frame that comes back."""
    wire.send(sent)
    got = wire.receive()
    t.require(f"{what}: answered", bool(got))
    t.check(f"{what}: once", wire.pending(), [])
    for other in others:
        t.check(f"{what}: nobody else hears", other.pending(), [])
    return got


def silence(t, what, hv, wire, others, sent, reason):
    before = hv.drops(11).get(reason, 0)
    wire.send(sent)
    t.wait(f"{what}: {reason}",
           lambda: hv.drops(11).get(reason, 0) - before, 1)
    for each in (wire, *others):
        t.check(f"{what}: silence", each.pending(), [])


def heard(t, what, wire, receiver, sent):
    """Not known: it goes to all, like other broadcast."""
    wire.send(sent)
    t.check(f"{what}: the others hear", receiver.receive(), sent)
    t.check(f"{what}: no answer", wire.pending(), [])


def ask(target, claim=None, **more):
    return arp(mac(11), target, claim or a4(11), **more)


def arp_is_answered(t):
    hv, w11, w12, w21 = world(t)
    for what, target, owner in (
            ("a port here", a4(12), 12), ("a port elsewhere", a4(13), 13),
            ("the router", "10.1.0.254", 101)):
        for dst in (BROADCAST, mac(owner)):
            for claim in (a4(11), "0.0.0.0"):
                got = answer(t, what, w11, [w12, w21],
                             ask(target, dst=dst, claim=claim))
                t.check(f"{what}: the frame", macs(got),
                        (mac(11), mac(owner)))
                t.check(f"{what}: the reply", parse_arp(got), {
                    "kind": (1, IP4, 6, 4), "operation": 2,
                    "sender_mac": mac(owner), "sender_ip": target, "target_mac": mac(11),
                    "target_ip": claim})
    t.check("answers", hv.counter(11, "answers"), 12)
    t.check("no entry is for that", hv.flows(11), [])
    t.check("nothing dropped", hv.drops(11), {})


def arp_that_nobody_needs_or_may_hear(t):
    hv, w11, w12, w21 = world(t)
    rest = (hv, w11, [w12, w21])
    silence(t, "a probe for its own", *rest, ask(a4(11), claim="0.0.0.0"),
            "neighbour-known")
    silence(t, "an announcement", *rest, ask(a4(11)), "neighbour-known")
    silence(t, "an announcement by reply", *rest, ask(a4(11), operation=2),
            "neighbour-known")
    for victim in (a4(12), a4(13), "10.1.0.254"):
        for operation in (1, 2):
            for dst in (BROADCAST, mac(12)):
                silence(t, f"a claim of {victim}", *rest,
                        ask(a4(12), claim=victim, operation=operation,
                            dst=dst), "neighbour-conflict")
    hv.vif(12, 1, ip4=[a4(12)], flags=["admin-down"])
    silence(t, "a port that is down", *rest, ask(a4(12)), "admin-down")
    hv.router(1, flags=["admin-down"])
    silence(t, "a router that is down", *rest, ask("10.1.0.254"),
            "admin-down")


def what_is_not_known_is_heard_by_all(t):
    hv, w11, w12, _ = world(t)
    for what, sent in (
            ("unknown target", ask("10.1.0.99")),
            ("announcement of an unknown address",
             ask("10.1.0.99", claim="10.1.0.99")),
            ("an address of the other network", ask(a4(21))),
            ("RARP's operation", ask(a4(12), operation=3)),
            ("a reply to one", ask(a4(12), operation=2, dst=mac(12)))):
        heard(t, what, w11, w12, sent)
    t.check("all walked", hv.counter(11, "flow-misses"), 5)
    hv.vif(14, 1, ip4=["10.1.0.99"])
    got = answer(t, "it is known now", w11, [w12], ask("10.1.0.99"))
    t.check("whose it is", parse_arp(got)["sender_mac"], mac(14))
    hv.network(1, 101, flags=["vlan-transparent"])
    heard(t, "with a VLAN tag", w11, w12, ethernet(
        BROADCAST, mac(11), 0x806, ask(a4(12))[14:], vlan=5))


def solicit(target, src=None, **more):
    return solicitation(mac(11), src or a6(11), target, **more)


def advertised(t, what, got, owner, target, flags, to):
    """A right advertisement: of what, by whom, with which flags, for whom."""
    said = parse_icmp(got)
    t.check(f"{what}: the frame", macs(got), (to[1], mac(owner)))
    t.check(f"{what}: the packet", [said[key] for key in (
        "src", "dst", "ttl", "proto", "sum", "type", "code")],
        [target, to[0], 255, ICMP6, 0, NA, 0])
    t.check(f"{what}: R, S, O", said["word"] >> 24, flags)
    t.check(f"{what}: target and option", said["body"],
            got[22:38] + b"\2\1" + mac_bytes(mac(owner)))


def solicitations_are_answered(t):
    hv, w11, w12, w21 = world(t)
    for what, target, owner, flags in (
            ("a port here", a6(12), 12, 0x60),
            ("a port elsewhere", a6(13), 13, 0x60),
            ("a link-local address", "fe80::13", 13, 0x60),
            ("the router", "2001:db8:1::fe", 101, 0xe0),
            ("the router's link-local address", "fe80::fe", 101, 0xe0)):
        one = {"dst": target, "dst_mac": mac(owner)}
        for how, src, sent in (
                ("to the group", a6(11), solicit(target)),
                ("to one", a6(11), solicit(target, **one)),
                ("to one, without option", a6(11), solicit(
                    target, option=False, **one)),
                ("from link-local", "fe80::11", solicit(
                    target, src="fe80::11"))):
            advertised(t, f"{what}, {how}", answer(
                t, f"{what}, {how}", w11, [w12, w21], sent), owner, target,
                flags, (src, mac(11)))
    t.check("answers", hv.counter(11, "answers"), 20)
    t.check("no entry is for that", hv.flows(11), [])
    t.check("nothing dropped", hv.drops(11), {})


def probes_are_answered_where_the_address_is_anothers(t):
    hv, w11, w12, w21 = world(t)
    for target, owner, flags in ((a6(12), 12, 0x20), (a6(13), 13, 0x20),
                                 ("fe80::fe", 101, 0xa0)):
        got = answer(t, target, w11, [w12, w21],
                     solicit(target, src="::", option=False))
        advertised(t, target, got, owner, target, flags,
                   (ALL_NODES, ALL_NODES_MAC))
    silence(t, "its own", hv, w11, [w12, w21],
            solicit(a6(11), src="::", option=False), "neighbour-known")
    heard(t, "unknown", w11, w12,
          solicit("2001:db8:1::99", src="::", option=False))


def announce(target, **more):
    return advertisement(mac(11), a6(11), target, **more)


def advertisements_are_judged(t):
    hv, w11, w12, w21 = world(t)
    rest = (hv, w11, [w12, w21])
    one = {"dst": a6(12), "dst_mac": mac(12), "flags": 0x60}
    silence(t, "unsolicited, its own", *rest, announce(a6(11)),
            "neighbour-known")
    for victim in (a6(12), a6(13), "fe80::fe"):
        silence(t, f"unsolicited, {victim}", *rest, announce(victim),
                "neighbour-conflict")
        silence(t, f"to one, {victim}", *rest, announce(victim, **one),
                "neighbour-conflict")
    silence(t, "a solicitation in another's name", *rest,
            solicit(a6(13), src=a6(12)), "neighbour-conflict")
    heard(t, "to one, its own", w11, w12, announce(a6(11), **one))
    heard(t, "unsolicited, unknown", w11, w12, announce("2001:db8:1::99"))


def invalid_messages_are_dropped(t):
    hv, w11, w12, w21 = world(t)
    known, unknown = a6(12), "2001:db8:1::99"
    for what, sent in (
            ("hop limit 254", solicit(known, ttl=254)),
            ("hop limit 254, unknown", solicit(unknown, ttl=254)),
            ("code 1", solicit(known, code=1)),
            ("wrong checksum", solicit(known, wrong=1)),
            ("target is a group", solicit("ff02::1")),
            ("probe with an option", solicit(known, src="::")),
            ("probe to all nodes", solicit(
                known, src="::", dst=ALL_NODES, option=False)),
            ("probe to one", solicit(known, src="::", dst=known,
                                     option=False)),
            ("advertisement, hop limit 254", announce(unknown, ttl=254)),
            ("advertisement, code 1", announce(unknown, code=1)),
            ("advertisement, wrong checksum", announce(unknown, wrong=1)),
            ("solicited advertisement to all", announce(unknown,
                                                        flags=0x60)),
            ("advertisement of a group", announce("ff02::2"))):
        silence(t, what, hv, w11, [w12, w21], sent, "malformed")


def routers_answer_echo_requests(t):
    hv, w11, w12, w21 = world(t)
    for size in (0, 56, 1400):
        data = bytes(range(200)) * 7
        data = data[:size]
        for dst, sent in [
                (dst, echo4(a4(11), dst, data, ttl=1, ident=7))
                for dst in ("10.1.0.254", "10.2.0.254")] + [
                (dst, echo6(a6(11), dst, data, ttl=1)) for dst in (
                    "2001:db8:1::fe", "2001:db8:2::fe", "fe80::fe")]:
            got = answer(t, dst, w11, [w12, w21], routed(sent))
            said = parse_icmp(got)
            is_ip6 = ":" in dst
            t.check(f"{dst}: the frame", macs(got), (mac(11), mac(101)))
            t.check(f"{dst}: the packet", [said[key] for key in (
                "src", "dst", "ttl", "sum", "type", "code")],
                [dst, a6(11) if is_ip6 else a4(11), 64, 0,
                 REPLY6 if is_ip6 else 0, 0])
            t.check(f"{dst}: the echo", (said["word"], said["body"]),
                    ((3 if is_ip6 else 7) << 16 | 1, data))
    t.check("no entry is for that", hv.flows(11), [])
    t.check("nothing dropped", hv.drops(11), {})


def fragments_of_echo_requests_are_answered_one_by_one(t):
    hv, w11, w12, w21 = world(t)
    whole = echo4(a4(11), "10.1.0.254", bytes(range(256)) * 8)[20:]
    reply = b""
    for at in range(0, len(whole), 1024):
        more = 0x2000 if at + 1024 < len(whole) else 0
        got = answer(t, f"at {at}", w11, [w12, w21], routed(ip4(
            a4(11), "10.1.0.254", ICMP, whole[at:at + 1024],
            frag=more | at // 8)))
        part = parse_ip(got)
        t.check(f"at {at}", [part[key] for key in ("src", "frag", "sum")],
                ["10.1.0.254", more | at // 8, 0])
        reply += part["payload"]
    t.check("the reply", (reply[0], checksum(reply), reply[4:]),
            (0, 0, whole[4:]))
    header = struct.pack("!BBHI", ICMP6, 0, 1, 5)
    message = icmp6(a6(11), "2001:db8:1::fe", 128, bytes(1020))[40:]
    got = answer(t, "IPv6", w11, [w12, w21], routed(ip6(
        a6(11), "2001:db8:1::fe", 44, header + message)))
    part = parse_ip(got)
    t.check("the same for IPv6", (part["src"], part["payload"][:9]),
            ("2001:db8:1::fe", header + b"\x81"))
    t.check("nothing dropped", hv.drops(11), {})


def reported(t, what, got, src, dst, want, quote):
    said = parse_icmp(got)
    t.check(f"{what}: the frame", macs(got), (mac(11), mac(101)))
    t.check(f"{what}: the packet", [said[key] for key in (
        "src", "dst", "ttl", "sum")], [src, dst, 64, 0])
    t.check(f"{what}: what it says",
            (said["type"], said["code"], said["word"]), want)
    t.check(f"{what}: what it quotes", said["body"], quote)


def errors_of_ip4_are_reported(t):
    hv, w11, w12, w21 = world(t)
    hv.route(1, 1, "198.51.100.0/24", type="prohibit")
    hv.route(2, 1, "198.51.101.0/24", type="unreachable")
    hv.interface(102, 1, 2, ["10.2.0.254/24"], mtu=1000)
    for what, dst, fields, want, size in (
            ("TTL", a4(21), {"ttl": 1}, (11, 0, 0), 100),
            ("no route", "203.0.113.1", {}, (3, 0, 0), 100),
            ("nobody there", a4(29), {}, (3, 1, 0), 100),
            ("unreachable", "198.51.101.1", {}, (3, 1, 0), 100),
            ("prohibited", "198.51.100.1", {}, (3, 13, 0), 1400),
            ("port of the router", "10.1.0.254", {}, (3, 3, 0), 20),
            ("too big", a4(21), {"frag": 0x4000}, (3, 4, 1000), 1000)):
        sent = ip4(a4(11), dst, UDP, udp(7, 9, bytes(size)), **fields)
        got = answer(t, what, w11, [w12, w21], routed(sent))
        reported(t, what, got, "10.1.0.254", a4(11), want, sent[:576 - 28])
        t.check(f"{what}: precedence", parse_ip(got)["tos"], 0xc0)
    fits = ip4(a4(11), a4(21), UDP, udp(7, 9, bytes(972)), frag=0x4000)
    w11.send(routed(fits))
    t.check("what just fits arrives", bool(w21.receive()))
    again = ip4(a4(11), a4(21), UDP, udp(7, 9, bytes(973)), frag=0x4000)
    got = answer(t, "too big for the entry", w11, [w12, w21], routed(again))
    reported(t, "too big for the entry", got, "10.1.0.254", a4(11),
             (3, 4, 1000), again[:576 - 28])


def errors_of_ip6_are_reported(t):
    hv, w11, w12, w21 = world(t)
    hv.route(1, 1, "2001:db8:98::/48", type="prohibit")
    hv.route(2, 1, "2001:db8:99::/48", type="unreachable")
    hv.interface(102, 1, 2, ["2001:db8:2::fe/64"], mtu=1400)
    for what, dst, ttl, want, size in (
            ("hop limit", a6(21), 1, (3, 0, 0), 100),
            ("no route", "2001:db8:97::1", 64, (1, 0, 0), 100),
            ("nobody there", a6(29), 64, (1, 3, 0), 100),
            ("unreachable", "2001:db8:99::1", 64, (1, 3, 0), 100),
            ("prohibited", "2001:db8:98::1", 64, (1, 1, 0), 1400),
            ("port of the router", "2001:db8:1::fe", 64, (1, 4, 0), 20),
            ("too big", a6(21), 64, (2, 0, 1400), 1400)):
        sent = ip6(a6(11), dst, UDP, udp(7, 9, bytes(size)), ttl)
        got = answer(t, what, w11, [w12, w21], routed(sent))
        reported(t, what, got, "2001:db8:1::fe", a6(11), want,
                 sent[:1280 - 48])


def some_packets_are_never_told(t):
    """RFC 1812, 4.3.2.7, and RFC 4443, 2.4 (e)."""
    hv, w11, w12, w21 = world(t)
    rest = (hv, w11, [w12, w21])
    inner = bytes(4) + ip4(a4(21), a4(11), UDP, udp(7, 9))

    def icmp4(kind):
        message = bytes([kind, 0, 0, 0]) + inner
        return message[:2] + struct.pack("!H", checksum(message)) + \
            message[4:]

    later = struct.pack("!BBHI", UDP, 0, 32, 5) + bytes(16)
    for what, sent in (
            ("an ICMP error", ip4(a4(11), a4(21), ICMP, icmp4(3), ttl=1)),
            ("an ICMP redirect", ip4(a4(11), a4(21), ICMP, icmp4(5),
                                     ttl=1)),
            ("a later fragment", ip4(a4(11), a4(21), UDP, bytes(16), ttl=1,
                                     frag=4)),
            ("an ICMPv6 error", icmp6(a6(11), a6(21), 1, bytes(52), ttl=1)),
            ("a later IPv6 fragment", ip6(a6(11), a6(21), 44, later, 1))):
        silence(t, what, *rest, routed(sent), "ttl-exceeded")
    for what, sent in (
            ("from a group", ip4("224.0.0.1", a4(21), UDP, udp(7, 9))),
            ("from nobody", ip4("0.0.0.0", a4(21), UDP, udp(7, 9))),
            ("from nobody", ip6("::", a6(21), UDP, udp(7, 9)))):
        silence(t, what, *rest, routed(sent), "unroutable")
    for what, sent in (
            ("an ICMP error to a router", ip4(
                a4(11), "10.1.0.254", ICMP, icmp4(3))),
            ("TCP to a router", ip4(a4(11), "10.1.0.254", 6, struct.pack(
                "!HHIIBBHHH", 7, 9, 0, 0, 0x50, 2, 0, 0, 0)))):
        silence(t, what, *rest, routed(sent), "router-input")


def answers_are_rationed(t):
    """There is a burst, and no more than what comes in while we send."""
    hv, w11, w12, _ = world(t)
    many = 3000
    expired = routed(ip4(a4(11), a4(21), UDP, udp(7, 9), ttl=1))
    w11.flood([expired] * many)
    t.wait("all are dropped", lambda: hv.drops(11).get("ttl-exceeded"), many,
           seconds=20)
    told = hv.counter(11, "answers")
    t.log(f"{told} of {many} errors reported")
    t.check("the burst", told >= 100)
    t.check("not all", told < many)
    w11.pending()
    # another kind, and another port, have their own
    got = answer(t, "ARP all the same", w11, [w12], ask(a4(12)))
    t.check("it is a reply", parse_arp(got)["operation"], 2)
    w12.send(routed(ip4(a4(12), a4(21), UDP, udp(7, 9), ttl=1), 12))
    t.check("another port is told", bool(w12.receive()))
    many, question = 20000, ask(a4(12))
    w11.flood([question] * many)
    t.wait("all questions are dealt with", lambda: hv.counter(
        11, "answers") - told - 1 + hv.drops(11).get("rate-limited", 0),
        many, seconds=30)
    got = hv.counter(11, "answers") - told - 1
    t.log(f"{got} of {many} questions answered")
    t.check("the burst", got >= 1000)


main(arp_is_answered, arp_that_nobody_needs_or_may_hear,
     what_is_not_known_is_heard_by_all, solicitations_are_answered,
     probes_are_answered_where_the_address_is_anothers,
     advertisements_are_judged, invalid_messages_are_dropped,
     routers_answer_echo_requests,
     fragments_of_echo_requests_are_answered_one_by_one,
     errors_of_ip4_are_reported, errors_of_ip6_are_reported,
     some_packets_are_never_told, answers_are_rationed)
