# SPDX-License-Identifier: GPL-2.0
"""Packets that ask for an answer, and answers, as bytes and fields.

Written out here rather than with a library for all protocols, which takes the
emulated processor of a test minutes to load.
"""
import socket
import struct

from dftest import BROADCAST, checksum, ethernet, ip4, ip6, mac_bytes

IP4, IP6, ARP = 0x800, 0x86dd, 0x806
ICMP, UDP, ICMP6 = 1, 17, 58
RS, NS, NA, ECHO6, REPLY6 = 133, 135, 136, 128, 129
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
ALL_ROUTERS, ALL_ROUTERS_MAC = "ff02::2", "33:33:00:00:00:02"


def inet(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


def text(data):
    family = socket.AF_INET6 if len(data) == 16 else socket.AF_INET
    return socket.inet_ntop(family, data)


def arp(src, target, claim, operation=1, dst=BROADCAST):
    """src is a MAC; it claims to have an address and asks for the target's."""
    return ethernet(dst, src, ARP, struct.pack(
        "!HHBBH6s4s6s4s", 1, IP4, 6, 4, operation, mac_bytes(src),
        inet(claim), bytes(6), inet(target)))


def parse_arp(frame):
    kind, proto, hlen, plen, operation, sender_mac, sender_ip, target_mac, \
        target_ip = struct.unpack_from("!HHBBH6s4s6s4s", frame, 14)
    return {"kind": (kind, proto, hlen, plen), "operation": operation,
            "sender_mac": sender_mac.hex(":"), "sender_ip": text(sender_ip),
            "target_mac": target_mac.hex(":"), "target_ip": text(target_ip)}


def icmp4_sum(message):
    """0 for a message with a right checksum."""
    return checksum(message)


def icmp6_sum(src, dst, message):
    return checksum(inet(src) + inet(dst)
                    + struct.pack("!II", len(message), ICMP6) + message)


def icmp6(src, dst, kind, body, code=0, ttl=255, wrong=0):
    """An IPv6 packet with an ICMPv6 message, its checksum off by wrong."""
    message = struct.pack("!BBH", kind, code, 0) + body
    total = icmp6_sum(src, dst, message) ^ wrong
    message = message[:2] + struct.pack("!H", total) + message[4:]
    return ip6(src, dst, ICMP6, message, ttl)


def solicited(target):
    """The solicited-node address of an address, and its MAC."""
    low = inet(target)[-3:]
    return (text(bytes.fromhex("ff0200000000000000000001ff") + low),
            "33:33:ff:" + low.hex(":"))


def solicitation(src_mac, src, target, dst=None, dst_mac=None, option=True,
                 **more):
    group, group_mac = solicited(target)
    body = bytes(4) + inet(target)
    if option:
        body += b"\1\1" + mac_bytes(src_mac)
    return ethernet(dst_mac or group_mac, src_mac, IP6,
                    icmp6(src, dst or group, NS, body, **more))


def router_solicitation(src_mac, src, dst=ALL_ROUTERS,
                        dst_mac=ALL_ROUTERS_MAC, option=True, **more):
    body = bytes(4)
    if option:
        body += b"\1\1" + mac_bytes(src_mac)
    return ethernet(dst_mac, src_mac, IP6, icmp6(src, dst, RS, body, **more))


def advertisement(src_mac, src, target, dst=ALL_NODES,
                  dst_mac=ALL_NODES_MAC, flags=0x20, **more):
    body = bytes([flags, 0, 0, 0]) + inet(target) + b"\2\1" + \
        mac_bytes(src_mac)
    return ethernet(dst_mac, src_mac, IP6, icmp6(src, dst, NA, body, **more))


def parse_ip(frame):
    """Addresses, TTL and payload of the packet in a frame, header checked."""
    if frame[12:14] == b"\x86\xdd":
        size, proto, ttl = struct.unpack_from("!HBB", frame, 18)
        return {"src": text(frame[22:38]), "dst": text(frame[38:54]),
                "ttl": ttl, "proto": proto, "payload": frame[54:54 + size],
                "tos": (frame[14] & 15) << 4 | frame[15] >> 4, "sum": 0}
    size, ident, frag, ttl, proto = struct.unpack_from("!HHHBB", frame, 16)
    head = (frame[14] & 15) * 4
    return {"src": text(frame[26:30]), "dst": text(frame[30:34]),
            "ttl": ttl, "proto": proto, "tos": frame[15], "id": ident,
            "frag": frag, "payload": frame[14 + head:14 + size],
            "sum": checksum(frame[14:14 + head])}


def parse_icmp(frame):
    """What an ICMP message says, its checksum checked: 0 is right."""
    packet = parse_ip(frame)
    message = packet["payload"]
    if packet["proto"] == ICMP6:
        packet["sum"] |= icmp6_sum(packet["src"], packet["dst"], message)
    elif packet["proto"] == ICMP:
        packet["sum"] |= icmp4_sum(message)
    return {**packet, "type": message[0], "code": message[1],
            "word": struct.unpack_from("!I", message, 4)[0],
            "body": message[8:]}


def echo4(src, dst, data, ident=3, seq=1, kind=8, **fields):
    message = struct.pack("!BBHHH", kind, 0, 0, ident, seq) + data
    message = message[:2] + struct.pack("!H", checksum(message)) + \
        message[4:]
    return ip4(src, dst, ICMP, message, **fields)


def echo6(src, dst, data, ident=3, seq=1, **more):
    return icmp6(src, dst, ECHO6, struct.pack("!HH", ident, seq) + data,
                 **more)
