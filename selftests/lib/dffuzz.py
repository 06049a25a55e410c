# SPDX-License-Identifier: GPL-2.0
"""Requests made up from uapi/dragonflow.yaml, right and wrong.

Knows no object and no attribute by name: what the spec gains is made up, too.
What the spec cannot say (a vif needs a network) is learnt from refusals, which
name the attribute that is missing or wrong.

FUZZ_SEED, printed by every user of this, makes the same requests again;
FUZZ_SECONDS says for how long.
"""
import os
import random
import socket
import struct
import time

from dfnl import (
    INGRESS, NLA_F_NESTED, NLA_TYPE_MASK, NLM_F_ACK,
    NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NLMSG_DONE,
    NLMSG_ERROR, RTM_DELTFILTER, RTM_NEWTFILTER, TCA_KIND, TCA_OPTIONS,
    Dragonflow, Refused, Tc, nla, nlas)

IDS = 5             # so few ids that requests meet
LESSONS = 20        # refusals from which a request learns
NLA_F_NET_BYTEORDER = 0x4000
# what changes without a request, and is no matter of who compares
EXPIRING = ("lookup-get",)
CHANGING = ("lookups", "idle-ms")
FLAGS = (0, 2, 4, 8, 0x10, 0x20, 0x100, 0x200, 0x300, 0x400, 0x800)


def seconds(default):
    """How long to fuzz."""
    return float(os.environ.get("FUZZ_SECONDS") or default)


def seed(log):
    """Where chance begins, told to whoever may want it again."""
    number = int(os.environ.get("FUZZ_SEED") or
                 int.from_bytes(os.urandom(4), "little"))
    log(f"FUZZ_SEED={number}")
    return number


def headers(data):
    """The messages in some bytes, as the kernel finds them."""
    at = 0
    while at + 16 <= len(data):
        size, kind, flags, seq, _ = struct.unpack_from("IHHII", data, at)
        if size < 16 or at + size > len(data):
            return
        yield kind, flags, seq, data[at + 16:at + size]
        at += (size + 3) & ~3


class Maker:
    """Makes up attributes and messages."""

    def __init__(self, spec, number):
        self.spec, self.dice = spec, random.Random(number)
        self.operations = [op for op in spec.operations.values()
                           if "do" in op or "dump" in op]

    def chance(self, part):
        return self.dice.random() < part

    # right values

    def number(self, attr):
        low = self._const(attr.checks.get("min", 0))
        high = self._const(attr.checks.get(
            "max", (1 << 8 * struct.calcsize(attr.INTEGERS[attr.type])) - 1))
        if attr.enum and not attr.is_flags:
            return attr.enum[0] + self.dice.randrange(len(attr.enum[1]))
        if attr.is_flags:
            return self.dice.getrandbits(len(attr.enum[1]))
        if attr.hint == "ipv4":
            return 0xc6336400 + self.dice.randint(1, IDS)
        if attr.type == "u8" and self.chance(.5):   # such as a prefix length
            return min(max(1 << self.dice.randrange(8), low), high)
        if self.chance(.9):
            return min(max(self.dice.randint(1, IDS), low), high)
        return self.dice.choice((low, high, self.dice.randint(low, high)))

    def _const(self, value):
        return self.spec.consts.get(value, value)

    def value(self, attr):
        """Bytes that the spec allows for an attribute."""
        if attr.type in attr.INTEGERS:
            return attr.encode(self.spec, self.number(attr))
        if attr.type == "nest":
            return self.join(self.attributes(self.spec.sets[attr.nested]))
        if attr.type == "string":
            return b"x" * self.dice.randint(0, 20) + b"\0"
        if attr.type == "binary":
            size = attr.checks.get("exact-len", self.dice.randint(0, 32))
            first = b"\x02" if attr.hint == "mac" else b"\x20"
            last = bytes([self.dice.randint(1, IDS)])
            return first.ljust(max(size, 2) - 1, b"\0")[:size - 1] + last
        return b""

    def kind(self, attr):
        return attr.number | (NLA_F_NESTED if attr.type == "nest" else 0)

    def attributes(self, among):
        """Some attributes, as [type, bytes]."""
        return [[self.kind(attr), self.value(attr)] for attr in among
                if attr.type != "pad" and self.chance(.4)]

    def allowed(self, op):
        """The attributes that a request of this operation may have."""
        names = op.get("do", op.get("dump")).get("request", {}).get(
            "attributes", [])
        return [self.spec.attribute(op["attribute-set"], name)
                for name in names]

    def request(self, op):
        return self.attributes(self.allowed(op))

    def corrected(self, op, attrs, refusal):
        """The request once more, after what its refusal said."""
        for attr in self.allowed(op):
            if attr.name == refusal.missing:
                return attrs + [[self.kind(attr), self.value(attr)]]
            if attr.name != refusal.attr:
                continue
            others = [a for a in attrs if a[0] & NLA_TYPE_MASK != attr.number]
            # what is needed comes back, with another value
            if self.chance(.7):
                return others
            return others + [[self.kind(attr), self.value(attr)]]
        return self.request(op)

    # wrong ones

    def garbage(self, most=40):
        return self.dice.randbytes(self.dice.randint(0, most))

    def break_one(self, attrs, group):
        """Change one thing of a list of attributes."""
        dice = self.dice
        if not attrs or self.chance(.15):
            attrs.insert(dice.randint(0, len(attrs)), [dice.choice(
                (0, len(group) + 1, 200, 0x3fff, dice.getrandbits(16))),
                self.garbage()])
            return
        at = dice.randrange(len(attrs))
        kind, data = attrs[at]
        choice = dice.randrange(7)
        if choice == 0:
            del attrs[at]
        elif choice == 1:
            attrs.insert(dice.randint(0, len(attrs)), [kind, data])
        elif choice == 2:
            dice.shuffle(attrs)
        elif choice == 3:
            attrs[at][1] = dice.choice(
                (b"", data[:-1], data + b"\0", data * 2, self.garbage(300)))
        elif choice == 4:
            attrs[at][1] = self.other_bytes(data)
        elif choice == 5:
            attrs[at][0] = dice.choice(
                (kind ^ NLA_F_NESTED, kind ^ NLA_F_NET_BYTEORDER,
                 dice.randint(0, len(group) + 1)))
        else:
            attrs[at] = [kind | NLA_F_NESTED, self.nested()]

    def other_bytes(self, data):
        size = len(data)
        out = bytearray(data)
        if size:
            out[self.dice.randrange(size)] ^= 1 << self.dice.randrange(8)
        return self.dice.choice((bytes(size), b"\xff" * size, bytes(out),
                                 self.dice.randbytes(size)))

    def nested(self, depth=0):
        """Attributes in attributes, down to some depth, then garbage."""
        if depth > 6 or self.chance(.3):
            return self.garbage()
        return b"".join(nla(self.dice.randint(0, 12) | NLA_F_NESTED,
                            self.nested(depth + 1))
                        for _ in range(self.dice.randint(1, 3)))

    @staticmethod
    def join(attrs):
        return b"".join(nla(kind, data) for kind, data in attrs)

    def broken(self, attrs, group):
        """Bytes of a list of attributes that was changed in some places."""
        attrs = [list(attr) for attr in attrs]
        for _ in range(self.dice.choice((1, 1, 1, 2, 5))):
            self.break_one(attrs, group)
        data = bytearray(self.join(attrs))
        if data and self.chance(.2):    # the length of an attribute
            at = self.dice.choice([at for at, _, _ in nlas(data)] or [0])
            struct.pack_into("H", data, at, self.dice.choice(
                (0, 1, 3, 4, 5, len(data) - at + 1, 0xffff)))
        if data and self.chance(.1):
            del data[self.dice.randrange(len(data)):]
        return bytes(data)

    def flags(self):
        if self.chance(.1):
            return self.dice.getrandbits(16)
        return self.dice.choice(FLAGS) | self.dice.choice(FLAGS)


class Enemy(Dragonflow):
    """A client that sends what it likes, and takes what comes."""

    def __init__(self, number, netns=None):
        super().__init__(netns)
        self.netns, self.maker = netns, Maker(self.spec, number)
        self.dice = self.maker.dice
        self.good = {}      # requests that were accepted, by operation
        self.lesson = None  # the bytes of what was accepted to learn it

    def reopen(self):
        """Go away, whatever is under way, and be back."""
        self.close()
        again = Dragonflow(self.netns)
        self.sock, self.family = again.sock, again.family

    def exchange(self, data):
        """Send bytes. The kernel answers before it returns: no waiting."""
        try:
            self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            pass
        return self.drain()

    def drain(self):
        """All that has come by now."""
        out = []
        while True:
            try:
                out.extend(headers(self.sock.recv(1 << 16,
                                                  socket.MSG_DONTWAIT)))
            except BlockingIOError:
                return out
            except OSError:     # a lost notification, an aborted dump
                continue

    def raw(self, kind, payload, flags):
        """A message; its flags are taken as they are."""
        self.seq += 1
        return struct.pack("IHHII", 16 + len(payload), kind, flags,
                           self.seq, 0) + payload

    def ask(self, op, payload, flags=None):
        """One request: its refusal or None, and the payloads it answered."""
        if flags is None:
            flags = NLM_F_REQUEST | (NLM_F_ACK if "do" in op else NLM_F_DUMP)
        data = self.raw(self.family, struct.pack(
            "BBH", op["number"], 1, 0) + payload, flags)
        return self.answers(data, op.get("attribute-set"))

    def answers(self, data, group):
        refusal, out = None, []
        for kind, flags, seq, payload in self.exchange(data):
            if seq != self.seq:
                continue
            if kind == NLMSG_ERROR and struct.unpack_from("i", payload)[0]:
                refusal = self.refusal(flags, payload, data, group)
            elif kind == NLMSG_DONE and payload[:4] != bytes(4):
                refusal = Refused(-struct.unpack_from("i", payload)[0])
            elif kind == self.family:
                out.append(payload[4:])
        return refusal, out

    def state(self):
        """All that can be read of the namespace, in the order it is told."""
        out = {}
        for op in self.maker.operations:
            dumps = "dump" in op
            if not dumps and ("reply" not in op["do"] or
                              "request" in op["do"]):
                continue
            if op["name"] in EXPIRING:
                continue
            replies = self.ask(
                op, b"", NLM_F_REQUEST | (NLM_F_DUMP if dumps else 0))[1]
            out[op["name"]] = self.lasting(op["attribute-set"], replies)
        return out

    def lasting(self, group, replies):
        """The replies without attributes that change by themselves."""
        changing = {attr.number for attr in self.spec.sets[group]
                    if attr.name in CHANGING}
        if not changing:
            return replies
        return [b"".join(nla(kind, data) for _, kind, data in nlas(reply)
                         if kind not in changing) for reply in replies]

    def kinds(self):
        return [name[:-4] for name in self.spec.operations
                if name.endswith("-new")]

    def objects(self, kind):
        """All of a kind, with what a DEL of each needs."""
        op = self.spec.operations[f"{kind}-get"]
        wanted = {attr.number for attr in self.maker.allowed(
            self.spec.operations[f"{kind}-del"])}
        _, replies = self.ask(op, b"", NLM_F_REQUEST | NLM_F_DUMP)
        return [[[k, data] for _, k, data in nlas(reply) if k in wanted]
                for reply in replies]

    def delete_all(self):
        """What cannot be deleted, as refused in the end."""
        while True:
            deleted, refusals = 0, []
            for kind in self.kinds():
                for key in self.objects(kind):
                    refusal, _ = self.ask(self.spec.operations[f"{kind}-del"],
                                          self.maker.join(key))
                    deleted += refusal is None
                    if refusal:
                        refusals.append((kind, key, str(refusal)))
            if not deleted:
                return self.remain(refusals)

    def remain(self, refusals):
        """Those of the refused that are still there: some end by themselves."""
        return [text for kind, key, text in refusals
                if key in self.objects(kind)]

    # one request of the fuzzer's

    def sensible(self, op):
        """Attributes that may be accepted: old ones or newly learnt."""
        self.lesson = None
        kind, _, verb = op["name"].rpartition("-")
        keys = self.objects(kind) if verb == "del" else []
        if keys and self.maker.chance(.5):
            return self.dice.choice(keys)
        known = self.good.get(op["name"])
        if known and self.maker.chance(.8):
            return self.dice.choice(known)
        attrs = self.maker.request(op)
        for _ in range(LESSONS):
            payload = self.maker.join(attrs)
            refusal, _ = self.ask(op, payload)
            if not refusal:
                self.remember(op, attrs)
                self.lesson = payload
                break
            attrs = self.maker.corrected(op, attrs, refusal)
        return attrs

    def learn(self, until, sensible=None):
        """Find a request of each kind of NEW that is accepted. Most need what
        others make, so these are repeated, and what is in the way goes."""
        names = [f"{kind}-new" for kind in self.kinds()]
        others = 4 * names + [f"{kind}-del" for kind in self.kinds()]
        while time.monotonic() < until:
            unknown = [name for name in names if name not in self.good]
            if not unknown:
                return
            name = self.dice.choice(
                unknown if self.maker.chance(.5) else others)
            (sensible or self.sensible)(self.spec.operations[name])

    def remember(self, op, attrs):
        known = self.good.setdefault(op["name"], [])
        if len(known) < 200:
            known.append(attrs)
        else:
            known[self.dice.randrange(200)] = attrs

    def renewed(self, op, attrs):
        """The same attributes with other values."""
        named = {attr.number: attr for attr in self.maker.allowed(op)}
        return [[kind, self.maker.value(named[kind & NLA_TYPE_MASK])
                 if self.maker.chance(.5) else data]
                for kind, data in attrs]

    def payload(self, op):
        attrs = self.renewed(op, self.sensible(op))
        if self.maker.chance(.4):
            return self.maker.join(attrs)
        return self.maker.broken(attrs, self.spec.sets[op["attribute-set"]])

    def odd_message(self, op, payload):
        """One or more messages whose headers lie."""
        dice, head = self.dice, bytearray(struct.pack(
            "BBH", op["number"], 1, 0))
        if self.maker.chance(.3):
            head = bytearray(struct.pack("BBH", dice.getrandbits(8),
                                         dice.getrandbits(8),
                                         dice.getrandbits(16)))
        kind = self.family if self.maker.chance(.9) else dice.randrange(16)
        data = bytearray(self.raw(kind, bytes(head) + payload,
                                  self.maker.flags() | NLM_F_REQUEST))
        choice = dice.randrange(6)
        if choice == 0:
            struct.pack_into("I", data, 0, dice.choice(
                (0, 15, 16, 17, 19, 20, len(data) - 1, len(data) + 1,
                 0xffffffff)))
        elif choice == 1:
            del data[dice.randint(1, len(data)):]
        elif choice == 2:
            data += self.maker.garbage(20)
        elif choice == 3:
            data = data.ljust((len(data) + 3) & ~3, b"\0") * dice.randint(2, 4)
        return bytes(data)

    def abandon_dump(self):
        """Begin a dump, and perhaps another, and go away in the middle."""
        op = self.dice.choice([op for op in self.maker.operations
                               if "dump" in op])
        for _ in range(self.dice.randint(1, 2)):
            try:
                self.sock.send(self.raw(self.family, struct.pack(
                    "BBH", op["number"], 1, 0), NLM_F_REQUEST | NLM_F_DUMP))
            except BlockingIOError:
                pass


class TcEnemy(Tc):
    """The same for the filter, whose options the spec describes as well."""

    def __init__(self, maker, netns, devices):
        super().__init__(netns)
        self.maker, self.dice = maker, maker.dice
        self.devices = [self.ifindex(dev) for dev in devices]

    def attempt(self):
        """A request for a filter: what it was, and its refusal or None."""
        dice, group = self.dice, self.maker.spec.sets["filter"]
        dev = dice.choice(self.devices)
        attrs = [[attr.number, self.maker.value(attr)] for attr in group]
        options = self.maker.join(attrs) if self.maker.chance(.5) else \
            self.maker.broken(attrs, group)
        kind = dice.choice((RTM_NEWTFILTER, RTM_NEWTFILTER, RTM_DELTFILTER))
        flags = dice.choice((0, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL))
        what = (kind, dev, dice.choice((0, 0, 1, 2)), INGRESS,
                self.info(dice.choice((1, 1, 1, 2))),
                nla(TCA_KIND, self.KIND) + nla(
                    TCA_OPTIONS | NLA_F_NESTED, options), flags)
        try:
            self.send(*what)
        except Refused as refusal:
            return what, refusal
        return what, None

    def state(self):
        return [self.filters(dev) for dev in self.devices]
