#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Write key_vectors.h: packets, and what the packet parser must say of each.

The packets are built, and the expected keys decoded, by scapy, which shares
nothing with the parser. With --check say whether the committed file agrees.
"""
import ipaddress
import pathlib
import struct
import sys

import scapy.all as s
from scapy.layers.l2 import ARP, Dot1Q, Dot3, Ether, LLC, STP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,
    ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, IPv6,
    IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, Jumbo, PadN)
from scapy.layers.ipsec import AH
from scapy.layers.sctp import SCTP, SCTPChunkInit

s.conf.verb = 0
SRC, DST = "02:00:00:00:00:01", "02:00:00:00:00:02"
A4, B4 = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
PRESENT = 0x1000
OK, MALFORMED, TRUNCATED = (
    "0", "DRAGONFLOW_DROP_REASON_MALFORMED", "DRAGONFLOW_DROP_REASON_TRUNCATED")
ETH = Ether(src=SRC, dst=DST)
IP4 = IP(src=A4, dst=B4, id=7)
IP6 = IPv6(src=A6, dst=B6)
TCP1 = TCP(sport=1234, dport=80, flags="SA")
UDP1 = UDP(sport=5000, dport=53)
DATA = b"payload of some length"
FRAG_NONE, FRAG_FIRST, FRAG_LATER = 0, 1, 2

s.bind_layers(AH, UDP, nh=17)
s.bind_layers(AH, IPv6ExtHdrDestOpt, nh=60)

vectors = []


def l4_fields(layer, proto, is_ip6):
    """Ports or type and code of an L4 layer, and whether it is understood."""
    if proto in (6, 17, 132):
        return (layer.sport, layer.dport), True
    if (proto == 1 and not is_ip6) or (proto == 58 and is_ip6):
        return tuple(layer.original[:2]), True
    return (0, 0), False


def skip_extensions(layer):
    """Step over IPv6 extension headers: the protocol, its layer, fragment."""
    fragment, proto = FRAG_NONE, layer.nh
    layer = layer.payload
    while proto in (0, 43, 44, 51, 60):
        if proto == 44:
            if layer.offset:
                return layer.nh, None, FRAG_LATER
            if layer.m:
                fragment = FRAG_FIRST
        proto = layer.nh
        layer = layer.payload
    return proto, layer, fragment


def address(text):
    return ipaddress.ip_address(text).packed.ljust(16, b"\0")


def decode(raw, tci):
    """The key of a packet, from its L2 fields on, and where L3 and L4 are."""
    pkt = s.Ether(raw)
    eth_type = struct.unpack("!H", raw[12:14])[0]
    layer, tags = pkt.payload, 1 if tci else 0
    while isinstance(layer, Dot1Q) and tags < 2:
        if not tags:
            tci = PRESENT | layer.prio << 13 | layer.vlan
        tags += 1
        eth_type = layer.type
        layer = layer.payload
    head = (bytes.fromhex(pkt.dst.replace(":", ""))
            + bytes.fromhex(pkt.src.replace(":", ""))
            + struct.pack("!HH", eth_type, tci))
    l3 = len(raw) - len(layer.original) if layer else 0
    proto = frag = l4 = 0
    src = dst = bytes(16)
    ports = (0, 0)
    if isinstance(layer, ARP) and (layer.hwtype, layer.ptype) == (1, 0x800):
        proto = layer.op if layer.op < 256 else 0
        src, dst = address(layer.psrc), address(layer.pdst)
    elif isinstance(layer, (IP, IPv6)):
        src, dst = address(layer.src), address(layer.dst)
        is_ip6 = isinstance(layer, IPv6)
        if is_ip6:
            proto, upper, frag = skip_extensions(layer)
        else:
            proto, upper = layer.proto, layer.payload
            if layer.frag:
                upper, frag = None, FRAG_LATER
            elif "MF" in layer.flags:
                frag = FRAG_FIRST
        if upper is not None:
            ports, known = l4_fields(upper, proto, is_ip6)
            if known:
                l4 = len(raw) - len(upper.original)
    else:
        l3 = 0
    key = (head + struct.pack("!BBH", proto, frag, 0) + src + dst
           + struct.pack("!HH", *ports))
    assert len(key) == 56
    return key, l3, l4


def pad(raw):
    return bytes(raw).ljust(60, b"\0")


def add(name, pkt, result=OK, tci=0, gso=False, l4=None, like=None):
    """A packet: its key is what scapy makes of it, or of the one it is like."""
    raw = bytes(pkt)
    key, l3, at = b"", 0, 0
    if result == OK:
        # scapy sees padding as a layer of its own, behind the last one
        key, l3, at = decode(bytes(like or raw), tci)
        if l4 is not None:
            at = l4
    assert name not in [v[0] for v in vectors], name
    vectors.append((name, raw, key, tci, gso, result, l3, at))


def patched(pkt, offset, fmt, value):
    raw = bytearray(bytes(pkt))
    struct.pack_into("!" + fmt, raw, offset, value)
    return bytes(raw)


def add_bad(name, pkt, offset, fmt, *values, result=MALFORMED):
    """The same packet with a field that holds one value too many."""
    for value in values:
        add(f"{name} {value}", patched(pkt, offset, fmt, value), result)


def ip4():
    for name, upper in (("tcp", TCP1), ("udp", UDP1),
                        ("icmp echo", ICMP(type=8, id=1)),
                        ("sctp", SCTP(sport=9, dport=10) / SCTPChunkInit())):
        add(f"ip4 {name}", ETH / IP4 / upper / DATA)
        add(f"ip4 {name}, options",
            ETH / IP(src=A4, dst=B4, options=s.IPOption(b"\x83\x03\x10"))
            / upper / DATA)
    add("ip4 tcp, padded", pad(ETH / IP4 / TCP1), l4=34)
    add("ip4 tcp, with options of its own",
        ETH / IP4 / TCP(sport=1, dport=2, options=[("MSS", 1460),
                                                   ("WScale", 7)]))
    add("ip4 longest header and options",
        ETH / IP(src=A4, dst=B4, options=s.IPOption(b"\x01") * 40)
        / TCP(sport=1, dport=2, dataofs=15) / bytes(40))
    for proto in (4, 41, 47, 50, 51, 58, 136, 255):
        add(f"ip4 protocol {proto}",
            ETH / IP(src=A4, dst=B4, proto=proto) / s.Raw(DATA))
    add("ip4 no payload", ETH / IP(src=A4, dst=B4, proto=253))

    base = ETH / IP4 / TCP1 / DATA
    total = len(base) - 14
    add_bad("ip4 version and header length", base, 14, "B",
            0x00, 0x05, 0x40, 0x44, 0x35, 0x55, 0x65, 0xf5)
    add_bad("ip4 total length", base, 16, "H", 0, 19, total + 1, 0xffff)
    add_bad("ip4 total length cuts tcp", base, 16, "H", 20, 39,
            result=TRUNCATED)
    add_bad("ip4 header length over the end",
            ETH / IP(src=A4, dst=B4, proto=253) / bytes(8), 14, "B", 0x48)
    add_bad("ip4 tcp data offset", base, 46, "B", 0x00, 0x40, 0xb0, 0xf0)
    base = ETH / IP4 / UDP1 / DATA
    add_bad("ip4 udp length", base, 38, "H", 0, 7, 8 + len(DATA) + 1, 0xffff)
    add("ip4 udp length shorter than the packet",
        ETH / IP4 / UDP(sport=5000, dport=53, len=8) / DATA)
    for name, proto, size in (("udp", 17, 8), ("icmp", 1, 8), ("sctp", 132, 12)):
        add(f"ip4 {name} header cut short",
            pad(ETH / IP(src=A4, dst=B4, proto=proto) / bytes(size - 1)),
            TRUNCATED)

    gso = ETH / IP4 / TCP1 / bytes(3000)
    add("ip4 gso", gso, gso=True)
    add("ip4 gso of no length", patched(gso, 16, "H", 0), gso=True,
        like=gso)
    add("ip4 gso longer than it says", patched(gso, 16, "H", 100),
        gso=True, like=gso)
    gso = ETH / IP4 / UDP1 / bytes(3000)
    add("ip4 gso udp of no length", patched(gso, 38, "H", 0), gso=True,
        like=gso)
    add("ip4 gso, header cut short", bytes(gso)[:14 + 20 + 7], TRUNCATED,
        gso=True)


def ip4_fragments():
    first = IP(src=A4, dst=B4, flags="MF")
    add("ip4 first fragment, udp", ETH / first
        / UDP(sport=5000, dport=53, len=2000) / DATA)
    add("ip4 first fragment, tcp", ETH / first / TCP1 / DATA)
    add("ip4 first fragment, icmp", ETH / first / ICMP(id=3) / DATA)
    add("ip4 first fragment, protocol 50",
        ETH / IP(src=A4, dst=B4, flags="MF", proto=50) / s.Raw(DATA))
    add("ip4 later fragment, udp",
        ETH / IP(src=A4, dst=B4, frag=1, proto=17) / s.Raw(DATA))
    add("ip4 later fragment, tcp",
        ETH / IP(src=A4, dst=B4, frag=3, flags="MF", proto=6) / s.Raw(DATA))
    add("ip4 last possible fragment",
        ETH / IP(src=A4, dst=B4, frag=8187, proto=17) / bytes(19))
    add("ip4 do not fragment", ETH / IP(src=A4, dst=B4, flags="DF") / UDP1)
    add("ip4 fragment beyond the longest packet",
        ETH / IP(src=A4, dst=B4, frag=8187, proto=17) / bytes(20), MALFORMED)
    add("ip4 fragment at the last offset",
        ETH / IP(src=A4, dst=B4, frag=8191, proto=17) / bytes(8), MALFORMED)
    for name, proto, size in (("tcp", 6, 19), ("udp", 17, 7), ("icmp", 1, 7),
                              ("sctp", 132, 11)):
        add(f"ip4 tiny first fragment, {name}",
            pad(ETH / IP(src=A4, dst=B4, flags="MF", proto=proto)
                / bytes(size)), MALFORMED)
    add("ip4 first fragment cuts tcp options",
        ETH / first / TCP(sport=1, dport=2, dataofs=8) / bytes(8), MALFORMED)
    for offset in (1, 2):
        add(f"ip4 fragment over the tcp header at {offset}",
            ETH / IP(src=A4, dst=B4, frag=offset, proto=6) / s.Raw(DATA),
            MALFORMED)
    add("ip4 fragment over the sctp header",
        ETH / IP(src=A4, dst=B4, frag=1, proto=132) / s.Raw(DATA), MALFORMED)


def ip6():
    for name, upper in (("tcp", TCP1), ("udp", UDP1),
                        ("echo", ICMPv6EchoRequest(id=4)),
                        ("sctp", SCTP(sport=9, dport=10) / SCTPChunkInit())):
        add(f"ip6 {name}", ETH / IP6 / upper / DATA)
    add("ip6 tcp, padded", bytes(ETH / IP6 / TCP1) + bytes(6), l4=54)
    for proto in (1, 4, 47, 50, 59, 135, 255):
        add(f"ip6 protocol {proto}",
            ETH / IPv6(src=A6, dst=B6, nh=proto) / s.Raw(DATA))
    add("ip6 no payload", ETH / IPv6(src=A6, dst=B6, nh=59))

    base = ETH / IP6 / TCP1 / DATA
    add_bad("ip6 version", base, 14, "B", 0x00, 0x40, 0x50, 0x70, 0xf0)
    add_bad("ip6 payload length", base, 18, "H", len(base) - 53, 0xffff)
    add_bad("ip6 payload length cuts tcp", base, 18, "H", 0, 1, 19,
            result=TRUNCATED)
    add_bad("ip6 udp length", ETH / IP6 / UDP1 / DATA, 58, "H",
            0, 7, 8 + len(DATA) + 1)
    jumbo = IPv6(src=A6, dst=B6, plen=0) / IPv6ExtHdrHopByHop(
        options=[Jumbo(jumboplen=3028)])
    add("ip6 jumbogram", ETH / jumbo / TCP1 / bytes(3000), MALFORMED)
    gso = ETH / jumbo / TCP1 / bytes(3000)
    add("ip6 gso jumbogram", gso, gso=True,
        like=patched(gso, 18, "H", 3028))
    gso = ETH / IP6 / TCP1 / bytes(3000)
    add("ip6 gso of no length", patched(gso, 18, "H", 0), gso=True, like=gso)


def auth(proto):
    """An authentication header: scapy does not complete it by itself."""
    return AH(nh=proto, payloadlen=4, spi=1, seq=1, icv=bytes(12))


def ip6_extensions():
    hbh, dest = IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()
    route = IPv6ExtHdrRouting(addresses=[B6], segleft=0)
    chains = {
        "hop-by-hop": hbh, "destination options": dest, "routing": route,
        "authentication": auth(17),
        "all": hbh / dest / route / auth(60) / dest,
        "eight": hbh / dest / dest / dest / dest / dest / dest / dest,
        "256 bytes": IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(252))]),
        "whole packet as fragment": IPv6ExtHdrFragment(),
    }
    for name, chain in chains.items():
        add(f"ip6 {name}, udp", ETH / IP6 / chain / UDP1 / DATA)
    add("ip6 options, icmp", ETH / IP6 / dest / ICMPv6EchoRequest())
    add("ip6 router alert, mld", ETH / IP6 / hbh / ICMPv6MLReport2())
    add("ip6 options and no more", ETH / IP6 / IPv6ExtHdrDestOpt(nh=59))

    add("ip6 nine extensions", ETH / IP6 / hbh / dest / dest / dest / dest
        / dest / dest / dest / dest / UDP1, MALFORMED)
    add("ip6 264 bytes of extensions", ETH / IP6 / dest
        / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(252))]) / UDP1,
        MALFORMED)
    add("ip6 hop-by-hop is second", ETH / IP6 / dest / hbh / UDP1, MALFORMED)
    add("ip6 hop-by-hop twice", ETH / IP6 / hbh / hbh / UDP1, MALFORMED)
    add_bad("ip6 extension length", ETH / IP6 / dest / UDP1 / DATA, 55, "B",
            4, 31, 255)
    add_bad("ip6 extension swallows udp", ETH / IP6 / dest / UDP1 / DATA,
            55, "B", 3, result=TRUNCATED)
    add_bad("ip6 authentication length",
            ETH / IP6 / auth(17) / UDP1, 55, "B",
            30, 255)
    add("ip6 extension cut short",
        ETH / IPv6(src=A6, dst=B6, nh=60, plen=7) / bytes(7), TRUNCATED)


def ip6_fragments():
    first = IPv6ExtHdrFragment(m=1, id=5)
    dest = IPv6ExtHdrDestOpt()
    add("ip6 first fragment, udp", ETH / IP6 / first
        / UDP(sport=5000, dport=53, len=2000) / DATA)
    add("ip6 first fragment, tcp", ETH / IP6 / first / TCP1 / DATA)
    add("ip6 first fragment, options and udp", ETH / IP6 / dest / first / dest
        / UDP(sport=5000, dport=53, len=2000) / DATA)
    add("ip6 later fragment", ETH / IP6
        / IPv6ExtHdrFragment(offset=3, m=1, nh=17) / s.Raw(DATA))
    add("ip6 later fragment of options", ETH / IP6
        / IPv6ExtHdrFragment(offset=3, nh=60) / s.Raw(DATA))
    add("ip6 last possible fragment", ETH / IP6
        / IPv6ExtHdrFragment(offset=8189, nh=17) / bytes(23))
    add("ip6 fragment beyond the longest packet", ETH / IP6
        / IPv6ExtHdrFragment(offset=8189, nh=17) / bytes(24), MALFORMED)
    add("ip6 fragment beyond the longest packet by its options", ETH / IP6
        / dest / IPv6ExtHdrFragment(offset=8189, nh=17) / bytes(16),
        MALFORMED)
    for name, proto, size in (("tcp", 6, 19), ("udp", 17, 7), ("icmp", 58, 7),
                              ("sctp", 132, 11), ("options", 60, 7)):
        add(f"ip6 tiny first fragment, {name}", ETH / IP6
            / IPv6ExtHdrFragment(m=1, nh=proto) / bytes(size), MALFORMED)
    for offset in (1, 2):
        add(f"ip6 fragment over the tcp header at {offset}", ETH / IP6
            / IPv6ExtHdrFragment(offset=offset, nh=6) / s.Raw(DATA), MALFORMED)
    add("ip6 fragment of a fragment", ETH / IP6 / IPv6ExtHdrFragment()
        / first / UDP(sport=1, dport=2, len=2000) / DATA, MALFORMED)
    add("ip6 fragmented neighbour solicitation", ETH / IP6 / first
        / ICMPv6ND_NS(tgt=B6), MALFORMED)


def neighbours():
    source = ICMPv6NDOptSrcLLAddr(lladdr=SRC)
    target = ICMPv6NDOptDstLLAddr(lladdr=SRC)
    for name, message in (
            ("ns", ICMPv6ND_NS(tgt=B6) / source),
            ("na", ICMPv6ND_NA(tgt=A6) / target),
            ("rs", ICMPv6ND_RS() / source),
            ("ra", ICMPv6ND_RA() / ICMPv6NDOptMTU() / source
             / ICMPv6NDOptPrefixInfo(prefix="2001:db8::")),
            ("ns without option", ICMPv6ND_NS(tgt=B6))):
        add(f"ip6 {name}", ETH / IP6 / message)
    add("ip6 na with two addresses", ETH / IP6 / ICMPv6ND_NA(tgt=A6)
        / target / ICMPv6NDOptMTU() / source, MALFORMED)
    base = ETH / IP6 / ICMPv6ND_NS(tgt=B6) / source
    add_bad("ip6 ns option length", base, 79, "B", 0, 2, 255)
    for kind, size in ((133, 8), (134, 16), (135, 24), (136, 24)):
        if size > 8:
            add(f"ip6 nd type {kind} cut short", ETH
                / IPv6(src=A6, dst=B6, nh=58)
                / bytes([kind]) / bytes(size - 2), TRUNCATED)
        add(f"ip6 nd type {kind} with half an option", ETH
            / IPv6(src=A6, dst=B6, nh=58)
            / bytes([kind]) / bytes(size - 1) / bytes([1, 1, 0, 0]),
            TRUNCATED)
    add("ip6 nd of 2048 bytes", ETH / IP6 / ICMPv6ND_RS()
        / (bytes([14, 255]) + bytes(2038)))
    add("ip6 nd of 2056 bytes", ETH / IP6 / ICMPv6ND_RS()
        / (bytes([14, 255]) + bytes(2038)) / bytes([14, 1, 0, 0, 0, 0, 0, 0]),
        MALFORMED)


def arp():
    request = ARP(op=1, hwsrc=SRC, psrc=A4, pdst=B4)
    add("arp request", ETH / request)
    add("arp reply, padded", pad(ETH / ARP(op=2, hwsrc=SRC, psrc=A4, pdst=B4,
                                           hwdst=DST)))
    add("arp operation 256", ETH / ARP(op=256, hwsrc=SRC, psrc=A4, pdst=B4))
    add("arp of another hardware", patched(ETH / request, 14, "H", 6))
    add("arp of another protocol", patched(ETH / request, 16, "H", 0x86dd))
    add_bad("arp hardware length", ETH / request, 18, "B", 0, 5, 7, 255)
    add_bad("arp protocol length", ETH / request, 19, "B", 0, 3, 16, 255)
    add("arp cut short", bytes(ETH / request)[:-1], TRUNCATED)


def ethernet():
    tag = Dot1Q(vlan=42, prio=3)
    for name, upper in (("ip4", IP4 / UDP1 / DATA), ("ip6", IP6 / TCP1 / DATA),
                        ("arp", ARP(op=1, hwsrc=SRC, psrc=A4, pdst=B4)),
                        ("unknown type", s.Raw(DATA))):
        frame = ETH if name != "unknown type" else Ether(
            src=SRC, dst=DST, type=0x88b5)
        add(f"beside the frame: vlan, {name}", frame / upper,
            tci=PRESENT | 5 << 13 | 77)
        if name == "unknown type":
            continue
        add(f"in the frame: vlan, {name}", ETH / tag / upper)
        add(f"two vlans, {name}",
            Ether(src=SRC, dst=DST, type=0x88a8) / Dot1Q(vlan=7) / tag / upper)
        add(f"one vlan beside, one in the frame, {name}", ETH / tag / upper,
            tci=PRESENT | 1)
        add(f"three vlans, {name}",
            ETH / Dot1Q(vlan=1) / Dot1Q(vlan=2) / tag / upper)
    add("vlan 0", ETH / Dot1Q(vlan=0) / IP4 / UDP1)
    add("vlan tag cut short", bytes(ETH / tag)[:17], TRUNCATED)
    add("second vlan tag cut short", bytes(ETH / tag / tag)[:20], TRUNCATED)
    for kind in (0x0600, 0x8035, 0x88cc, 0x8847, 0xffff):
        add(f"type {kind:#x}", Ether(src=SRC, dst=DST, type=kind) / DATA)
    add("header alone", bytes(Ether(src=SRC, dst=DST, type=0x88b5)))
    add("length field", pad(Dot3(src=SRC, dst="01:80:c2:00:00:00")
                            / LLC() / STP()))
    add("length field of the whole frame",
        Dot3(src=SRC, dst=DST, len=30) / bytes(30))
    add("length field says too much",
        Dot3(src=SRC, dst=DST, len=31) / bytes(30), MALFORMED)
    add("length field 1500 says too much",
        Dot3(src=SRC, dst=DST, len=1500) / bytes(30), MALFORMED)
    add("neither length nor type",
        Ether(src=SRC, dst=DST, type=1501) / bytes(30))
    add("half an ethernet header", bytes(ETH / IP4)[:13], TRUNCATED)
    add("nothing", b"", TRUNCATED)


def c_hex(raw):
    text = raw.hex()
    if not text:
        return ['""']
    return ['"%s"' % text[i:i + 64] for i in range(0, len(text), 64)]


def render():
    out = [
        "/* SPDX-License-Identifier: GPL-2.0 */",
        "/* Written by key_vectors.py: do not edit. */", "",
        "static const struct vector vectors[] = {"]
    for name, raw, key, tci, gso, result, l3, l4 in vectors:
        # long tails of zeros are told by the length alone
        size, shown = len(raw), raw.rstrip(b"\0") if len(raw) > 200 else raw
        out += ["\t{", f'\t\t.name = "{name}",',
                f"\t\t.size = {size},", "\t\t.frame ="]
        out += ["\t\t\t" + line for line in c_hex(shown)]
        out[-1] += ","
        if key:
            out += ["\t\t.key ="] + ["\t\t\t" + line for line in c_hex(key)]
            out[-1] += ","
        if tci:
            out.append(f"\t\t.vlan_tci = {tci:#06x},")
        if gso:
            out.append("\t\t.is_gso = true,")
        if result != OK:
            out.append(f"\t\t.result = {result},")
        if l3:
            out.append(f"\t\t.l3 = {l3},")
        if l4:
            out.append(f"\t\t.l4 = {l4},")
        out.append("\t},")
    return "\n".join(out + ["};", ""])


def main():
    for group in (ip4, ip4_fragments, ip6, ip6_extensions, ip6_fragments,
                  neighbours, arp, ethernet):
        group()
    target = pathlib.Path(__file__).with_name("key_vectors.h")
    text = render()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.read_text() == text
                 else "key_vectors.h is not what key_vectors.py writes")
    target.write_text(text)


if __name__ == "__main__":
    main()
