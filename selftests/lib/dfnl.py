# SPDX-License-Identifier: GPL-2.0
"""Speak generic netlink with the module by what uapi/dragonflow.yaml says.

Knows nothing about the messages but the spec, so that the spec is what is
tested, and can send messages that the spec forbids. As a program:

    python3 dfnl.py NETNS OPERATION [JSON] [excl]
                          do it, or dump; an answer is a line of JSON each
    python3 dfnl.py NETNS attach DEV PORT, detach DEV, filters DEV
                          clsact and our filter on a device
    python3 dfnl.py NETNS drops PORT REASON, counter PORT NAME
                          one number

NETNS is a name that "ip netns" knows, or "-" for the one we are in.
"""
import errno
import ipaddress
import json
import os
import pathlib
import select
import socket
import struct
import sys

import yaml

from dfns import inside

TOP = pathlib.Path(__file__).resolve().parents[2]
SPEC = TOP / "uapi" / "dragonflow.yaml"

NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 1, 11, 12

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_MULTI, NLM_F_DUMP_INTR = 2, 0x10
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3fff
ERR_MSG, ERR_OFFS, ERR_MISS_TYPE = 1, 2, 5

GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 1, 2

RTM_NEWLINK, RTM_NEWQDISC, RTM_DELQDISC = 16, 36, 37
RTM_NEWTFILTER, RTM_DELTFILTER, RTM_GETTFILTER = 44, 45, 46
IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_FD = 3, 4, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
TCA_KIND, TCA_OPTIONS, TCA_CHAIN, TCA_INGRESS_BLOCK = 1, 2, 11, 13
CLSACT, CLSACT_HANDLE = 0xfffffff1, 0xffff0000
INGRESS, EGRESS = 0xfffffff2, 0xfffffff3
FILTER_PRIO = 1

ANSWER_SECONDS = 120        # longer than any answer takes, on any kernel

class Refused(OSError):
    """The kernel's refusal: errno, and what its extack names."""

    def __init__(self, err, message=None, attr=None, missing=None):
        super().__init__(err, message or os.strerror(err))
        self.message = message      # the sentence
        self.attr = attr            # the attribute that is wrong
        self.missing = missing      # the attribute that is not there

    def __str__(self):
        return (f"{errno.errorcode[self.errno]} message={self.message!r} "
                f"attr={self.attr} missing={self.missing}")


def nla(kind, payload=b""):
    """One attribute, padded."""
    size = 4 + len(payload)
    return (struct.pack("HH", size, kind) + payload).ljust((size + 3) & ~3,
                                                           b"\0")


def nlas(data):
    """The attributes in some bytes: offset, type, payload."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("HH", data, at)
        if size < 4:
            return
        yield at, kind & NLA_TYPE_MASK, data[at + 4:at + size]
        at += (size + 3) & ~3


def _flags_of(enum, names):
    if isinstance(names, int):
        return names
    return sum(1 << enum.index(name) for name in names)


class Attribute:
    """One attribute as the spec describes it."""

    INTEGERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}

    def __init__(self, spec, number, entry):
        self.number = number
        self.name = entry["name"]
        self.type = entry["type"]
        self.hint = entry.get("display-hint")
        self.nested = entry.get("nested-attributes")
        self.multi = entry.get("multi-attr", False)
        self.checks = entry.get("checks", {})
        self.enum = spec.enums.get(entry.get("enum"))
        self.is_flags = entry.get("enum-as-flags", False)
        big = entry.get("byte-order") == "big-endian"
        self.order = ">" if big else "="

    def encode(self, spec, value):
        if isinstance(value, (bytes, bytearray)):
            return bytes(value)
        if self.type in self.INTEGERS:
            return struct.pack(self.order + self.INTEGERS[self.type],
                               self._number(value))
        if self.type == "flag":
            return b""
        if self.type == "string":
            return value.encode() + b"\0"
        if self.type == "nest":
            return spec.encode(self.nested, value)
        if self.hint == "mac":
            return bytes.fromhex(value.replace(":", ""))
        if self.hint == "ipv6":
            return ipaddress.IPv6Address(value).packed
        return bytes.fromhex(value)

    def _number(self, value):
        if isinstance(value, int):
            return value
        if self.is_flags:
            return _flags_of(self.enum[1], value)
        if self.enum:
            return self.enum[0] + self.enum[1].index(value)
        if self.hint == "ipv4":
            return int(ipaddress.IPv4Address(value))
        return int(value)

    def decode(self, spec, data):
        if self.type in self.INTEGERS:
            return self._value(struct.unpack(
                self.order + self.INTEGERS[self.type], data)[0])
        if self.type == "flag":
            return True
        if self.type == "string":
            return data.rstrip(b"\0").decode()
        if self.type == "nest":
            return spec.decode(self.nested, data)
        if self.hint == "mac":
            return data.hex(":")
        if self.hint == "ipv6":
            return str(ipaddress.IPv6Address(data))
        return data.hex()

    def _value(self, number):
        if self.is_flags:
            return [name for bit, name in enumerate(self.enum[1])
                    if number >> bit & 1]
        if self.enum:
            return self.enum[1][number - self.enum[0]]
        if self.hint == "ipv4":
            return str(ipaddress.IPv4Address(number))
        return number


class Spec:
    """The YAML file: operations by name, attributes by set and name."""

    def __init__(self, path=SPEC):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with open(path, encoding="utf-8") as f:
            self.raw = yaml.load(f, loader)
        self.consts, self.enums = {}, {}
        for entry in self.raw["definitions"]:
            self._define(entry)
        self.sets = {}
        for group in self.raw["attribute-sets"]:
            self.sets[group["name"]] = [
                Attribute(self, n, entry)
                for n, entry in enumerate(group["attributes"], 1)]
        self.operations, number = {}, 0
        for entry in self.raw["operations"]["list"]:
            number = entry.get("value", number + 1)
            self.operations[entry["name"]] = dict(entry, number=number)
        self.by_number = {op["number"]: op for op in
                          self.operations.values()}

    def _define(self, entry):
        if entry["type"] == "const":
            self.consts[entry["name"]] = entry["value"]
            return
        names = [e if isinstance(e, str) else e["name"]
                 for e in entry["entries"]]
        self.enums[entry["name"]] = (entry.get("value-start", 0), names)

    def attribute(self, group, name):
        for attribute in self.sets[group]:
            if name in (attribute.name, attribute.number):
                return attribute
        raise KeyError(f"{group} has no attribute {name}")

    def encode(self, group, values):
        """Attributes by name; by number, with bytes, for those not in it."""
        out = b""
        for name, value in values.items():
            if isinstance(name, int):
                out += nla(name, value)
                continue
            attribute = self.attribute(group, name)
            kind = attribute.number
            if attribute.type == "nest":
                kind |= NLA_F_NESTED
            for one in value if attribute.multi else [value]:
                out += nla(kind, attribute.encode(self, one))
        return out

    def decode(self, group, data):
        out = {}
        for _, kind, payload in nlas(data):
            attribute = self.attribute(group, kind)
            if attribute.type == "pad":
                continue
            value = attribute.decode(self, payload)
            if attribute.multi:
                out.setdefault(attribute.name, []).append(value)
            else:
                out[attribute.name] = value
        return out


class Socket:
    """A netlink socket that was opened in a namespace, and stays there.

    It is for the process that opened it: of two that wait at one socket,
    each may get what the other has asked for.
    """

    def __init__(self, family, netns=None):
        with inside(netns):
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      family)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                             struct.pack("ll", ANSWER_SECONDS, 0))
        self.sock.bind((0, 0))
        self.seq = 0
        self.adopt()

    def adopt(self):
        """It is this process's: whoever it was forked from is not using it."""
        self.owner = os.getpid()

    def close(self):
        self.sock.close()

    def message(self, kind, payload, flags):
        self.seq += 1
        return struct.pack("IHHII", 16 + len(payload), kind,
                           flags | NLM_F_REQUEST, self.seq, 0) + payload

    def receive(self):
        """The messages of one datagram: type, flags, sequence, payload."""
        if os.getpid() != self.owner:
            raise RuntimeError("a netlink socket of another process")
        data = self.sock.recv(1 << 20)
        at, out = 0, []
        while at + 16 <= len(data):
            size, kind, flags, seq, _ = struct.unpack_from("IHHII", data, at)
            out.append((kind, flags, seq, data[at + 16:at + size]))
            at += (size + 3) & ~3
        return out

    def refusal(self, flags, payload, request, group):
        """What an error message says, None for an acknowledgement."""
        err = -struct.unpack_from("i", payload)[0]
        if not err:
            return None
        tlvs = b""
        if flags & NLM_F_ACK_TLVS:
            size = 4 + 16
            if not flags & NLM_F_CAPPED:
                size = 4 + struct.unpack_from("I", payload, 4)[0]
            tlvs = payload[(size + 3) & ~3:]
        found = {kind: data for _, kind, data in nlas(tlvs)}
        message = found.get(ERR_MSG)
        number = found.get(ERR_MISS_TYPE)
        return Refused(
            err, message.rstrip(b"\0").decode() if message else None,
            self.attribute_at(found.get(ERR_OFFS), request, group),
            self.name_of(struct.unpack("I", number)[0], group)
            if number else None)

    def name_of(self, number, group):
        del group
        return number

    def attribute_at(self, offset, request, group):
        del offset, request, group

    def transact(self, request, group=None, want_dump=False):
        """Send one message, return the payloads that answer it."""
        self.sock.send(request)
        seq, out, interrupted = self.seq, [], False
        while True:
            for kind, flags, answered, payload in self.receive():
                if answered != seq:
                    continue
                interrupted |= bool(flags & NLM_F_DUMP_INTR)
                if kind == NLMSG_ERROR:
                    refusal = self.refusal(flags, payload, request, group)
                    if refusal:
                        raise refusal
                    return out
                if kind == NLMSG_DONE:
                    err = struct.unpack_from("i", payload)[0]
                    if err:
                        raise Refused(-err)
                    self.interrupted = interrupted
                    return out
                out.append(payload)
                if not want_dump and not flags & NLM_F_MULTI and \
                        not struct.unpack_from("H", request, 6)[0] & NLM_F_ACK:
                    return out


class Dragonflow(Socket):
    """The module in one namespace."""

    _spec = None

    def __init__(self, netns=None):
        super().__init__(NETLINK_GENERIC, netns)
        if Dragonflow._spec is None:
            Dragonflow._spec = Spec()
        self.spec = Dragonflow._spec
        self.family, self.groups = self._resolve(self.spec.raw["name"])
        self.events = []
        self.interrupted = False

    def _resolve(self, name):
        payload = struct.pack("BBH", CTRL_CMD_GETFAMILY, 1, 0) + nla(
            CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0")
        reply = self.transact(self.message(GENL_ID_CTRL, payload, NLM_F_ACK))
        found = {kind: data for _, kind, data in nlas(reply[0][4:])}
        groups = {}
        for _, _, group in nlas(found.get(CTRL_ATTR_MCAST_GROUPS, b"")):
            entry = {kind: data for _, kind, data in nlas(group)}
            groups[entry[CTRL_ATTR_MCAST_GRP_NAME].rstrip(b"\0").decode()] = \
                struct.unpack("I", entry[CTRL_ATTR_MCAST_GRP_ID])[0]
        return (struct.unpack("H", found[CTRL_ATTR_FAMILY_ID])[0], groups)

    def name_of(self, number, group):
        try:
            return self.spec.attribute(group, number).name
        except KeyError:
            return number

    def attribute_at(self, offset, request, group):
        if offset is None:
            return None
        wanted = struct.unpack("I", offset)[0] - 20
        for at, kind, _ in nlas(request[20:]):
            if at == wanted:
                return self.name_of(kind, group)
        return f"offset {wanted}"

    def request(self, name, attrs, flags=0):
        op = self.spec.operations[name]
        group = op.get("attribute-set")
        payload = attrs if isinstance(attrs, bytes) else \
            self.spec.encode(group, attrs)
        return self.message(
            self.family, struct.pack("BBH", op["number"], 1, 0) + payload,
            flags), group

    def do(self, name, attrs=None, flags=0):
        """One request; its answer, if the operation has one."""
        request, group = self.request(name, attrs or {}, flags | NLM_F_ACK)
        replies = self.transact(request, group)
        return self.spec.decode(group, replies[0][4:]) if replies else None

    def dump(self, name, attrs=None):
        """All answers; .interrupted says whether they may disagree."""
        request, group = self.request(name, attrs or {}, NLM_F_DUMP)
        return [self.spec.decode(group, reply[4:]) for reply in
                self.transact(request, group, want_dump=True)]

    def command(self, number, payload=b"", flags=NLM_F_ACK):
        """A message with any command number and any bytes."""
        return self.transact(self.message(
            self.family, struct.pack("BBH", number, 1, 0) + payload, flags))

    def batch(self, requests):
        """Many requests, back to back in few buffers; refusals are raised."""
        requests = list(requests)
        for i in range(0, len(requests), 100):
            first, data, sent = self.seq + 1, b"", {}
            for name, attrs in requests[i:i + 100]:
                message, group = self.request(name, attrs, NLM_F_ACK)
                sent[self.seq] = (message, group)
                data += message.ljust((len(message) + 3) & ~3, b"\0")
            self.sock.send(data)
            while sent:
                for kind, flags, seq, payload in self.receive():
                    if kind != NLMSG_ERROR or seq < first:
                        continue
                    refusal = self.refusal(flags, payload, *sent.pop(seq))
                    if refusal:
                        raise refusal

    def subscribe(self, group="config"):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups[group])

    def event(self, seconds=5):
        """The next notification: its name and content; None if none comes."""
        while not self.events:
            if not select.select([self.sock], [], [], seconds)[0]:
                return None
            for kind, _, _, payload in self.receive():
                if kind == self.family:
                    op = self.spec.by_number[payload[0]]
                    group = self.spec.operations[op["notify"]] \
                        if "notify" in op else op
                    self.events.append((op["name"], self.spec.decode(
                        group["attribute-set"], payload[4:])))
        return self.events.pop(0)

    # what tests ask for most

    def port(self, number):
        return self.do("port-get", {"id": number})

    def counter(self, number, name):
        return self.port(number)["stats"][name]

    def drops(self, number):
        """Packets dropped, by reason, for the reasons that there were."""
        found = self.port(number)["stats"].get("drop", [])
        return {drop["reason"]: drop["packets"] for drop in found
                if drop["packets"]}


class Tc(Socket):
    """Devices of one namespace, their clsact and filters."""

    KIND = b"dragonflow\0"

    def __init__(self, netns=None):
        super().__init__(NETLINK_ROUTE, netns)
        self.netns = netns

    def ifindex(self, dev):
        if isinstance(dev, int):
            return dev
        with inside(self.netns):
            return socket.if_nametoindex(dev)

    def send(self, kind, dev, handle, parent, info, attrs, flags):
        """One tc message; attrs are encoded attributes."""
        return self.transact(self.message(
            kind, struct.pack("BBHiIII", 0, 0, 0, self.ifindex(dev), handle,
                              parent, info) + attrs, flags | NLM_F_ACK))

    def veth(self, dev, far, netns, mtu=1500):
        """A device that is up, whose other end, which is not, is there."""
        fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
        peer = struct.pack("BxHiII", 0, 0, 0, 0, 0) + \
            nla(IFLA_IFNAME, far.encode() + b"\0") + \
            nla(IFLA_MTU, struct.pack("I", mtu)) + \
            nla(IFLA_NET_NS_FD, struct.pack("I", fd))
        info = nla(IFLA_INFO_KIND, b"veth\0") + nla(
            IFLA_INFO_DATA | NLA_F_NESTED, nla(VETH_INFO_PEER, peer))
        try:
            self.transact(self.message(
                RTM_NEWLINK, struct.pack("BxHiII", 0, 0, 0, 1, 1)
                + nla(IFLA_IFNAME, dev.encode() + b"\0")
                + nla(IFLA_MTU, struct.pack("I", mtu))
                + nla(IFLA_LINKINFO | NLA_F_NESTED, info),
                NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK))
        finally:
            os.close(fd)

    def clsact(self, dev, kind=b"clsact\0", attrs=b""):
        self.send(RTM_NEWQDISC, dev, CLSACT_HANDLE, CLSACT, 0,
                  nla(TCA_KIND, kind) + attrs, NLM_F_CREATE | NLM_F_EXCL)

    def clsact_del(self, dev):
        self.send(RTM_DELQDISC, dev, CLSACT_HANDLE, CLSACT, 0, b"", 0)

    @staticmethod
    def info(prio=FILTER_PRIO):
        return prio << 16 | socket.htons(3)

    def filter(self, dev, port=None, parent=INGRESS, flags=None, prio=1,
               options=None, chain=None):
        """Add our filter; options are the bytes of TCA_OPTIONS."""
        if options is None:
            options = nla(1, struct.pack("I", port))
        attrs = nla(TCA_KIND, self.KIND) + \
            nla(TCA_OPTIONS | NLA_F_NESTED, options)
        if chain is not None:
            attrs += nla(TCA_CHAIN, struct.pack("I", chain))
        if flags is None:
            flags = NLM_F_CREATE | NLM_F_EXCL
        self.send(RTM_NEWTFILTER, dev, 0, parent, self.info(prio), attrs,
                  flags)

    def change(self, dev, port, prio=1):
        """The port of a filter that is there becomes another."""
        attrs = nla(TCA_KIND, self.KIND) + nla(
            TCA_OPTIONS | NLA_F_NESTED, nla(1, struct.pack("I", port)))
        self.send(RTM_NEWTFILTER, dev, 1, INGRESS, self.info(prio), attrs, 0)

    def filter_del(self, dev, prio=1):
        self.send(RTM_DELTFILTER, dev, 0, INGRESS, self.info(prio),
                  nla(TCA_KIND, self.KIND), 0)

    def filters(self, dev):
        """Ports that the filters of a device name, or "underlay"."""
        payload = struct.pack("BBHiIII", 0, 0, 0, self.ifindex(dev), 0,
                              INGRESS, 0)
        out = []
        for reply in self.transact(self.message(
                RTM_GETTFILTER, payload, NLM_F_DUMP), want_dump=True):
            attrs = {kind: data for _, kind, data in nlas(reply[20:])}
            if attrs.get(TCA_KIND) == self.KIND and TCA_OPTIONS in attrs:
                for _, kind, data in nlas(attrs[TCA_OPTIONS]):
                    out.append(struct.unpack("I", data)[0] if kind == 1
                               else "underlay")
        return out

    def attach(self, dev, port):
        self.clsact(dev)
        self.filter(dev, port)

    def underlay(self, dev):
        """The device is no port but carries tunnels."""
        self.clsact(dev)
        self.filter(dev, options=nla(2, b""))


def _run(netns, verb, args):
    if verb == "attach":
        Tc(netns).attach(args[0], int(args[1]))
        return []
    if verb == "detach":
        Tc(netns).clsact_del(args[0])
        return []
    if verb == "filters":
        return Tc(netns).filters(args[0])
    client = Dragonflow(netns)
    if verb == "drops":
        return [client.drops(int(args[0])).get(args[1], 0)]
    if verb == "counter":
        return [client.counter(int(args[0]), args[1])]
    op = client.spec.operations[verb]
    flags = NLM_F_EXCL if "excl" in args[1:] else 0
    attrs = json.loads(args[0]) if args else {}
    if "dump" in op and (not args or "do" not in op):
        return client.dump(verb, attrs)
    answer = client.do(verb, attrs, flags)
    return [] if answer is None else [answer]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        for answer in _run(sys.argv[1], sys.argv[2], sys.argv[3:]):
            print(json.dumps(answer))
    except OSError as refusal:
        sys.exit(f"dfnl: {refusal}")


if __name__ == "__main__":
    main()
