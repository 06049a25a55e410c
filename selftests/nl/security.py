#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""Security groups, rules, address sets: what is programmed reads back, replaces
and is announced; what contradicts itself or the rest is refused and changes
nothing; many of them cost no more than they must.
"""
import errno
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_EXCL, Dragonflow, Refused)
from dftest import mac, main  # noqa: E402 pylint: disable=wrong-import-position

KINDS = ("security-group", "security-group-rule", "address-set",
         "address-set-member")
RULE = {"id": 1, "group": 1, "direction": "ingress", "version": "ip4"}
OBJECTS = [
    ("security-group", {"id": 1, "flags": []}),
    ("security-group", {"id": 0xffffffff, "flags": ["stateless"]}),
    ("address-set", {"id": 1}),
    ("address-set", {"id": 0xffffffff}),
    ("address-set-member", {"set": 1, "ip4": "192.0.2.1", "prefix-len": 32}),
    ("address-set-member", {"set": 1, "ip4": "192.0.2.0", "prefix-len": 24}),
    ("address-set-member", {"set": 1, "ip4": "0.0.0.0", "prefix-len": 0}),
    ("address-set-member", {"set": 1, "ip6": "::", "prefix-len": 0}),
    ("address-set-member", {"set": 1, "ip6": "2001:db8::1",
                            "prefix-len": 128}),
    ("address-set-member", {"set": 0xffffffff, "ip4": "192.0.2.1",
                            "prefix-len": 32}),
    ("security-group-rule", RULE),
    ("security-group-rule", {**RULE, "id": 2, "direction": "egress",
                             "version": "ip6", "protocol": 255}),
    ("security-group-rule", {**RULE, "id": 3, "protocol": 6, "port-min": 0,
                             "port-max": 65535}),
    ("security-group-rule", {**RULE, "id": 4, "protocol": 17, "port-min": 1,
                             "port-max": 65534, "address-set": 1}),
    ("security-group-rule", {**RULE, "id": 5, "protocol": 1, "icmp-type": 0,
                             "icmp-code": 0, "ip4": "0.0.0.0",
                             "prefix-len": 0}),
    ("security-group-rule", {**RULE, "id": 6, "version": "ip6",
                             "protocol": 58, "icmp-type": 128,
                             "ip6": "2001:db8::", "prefix-len": 32}),
    ("security-group-rule", {**RULE, "id": 0xffffffff, "group": 0xffffffff,
                             "protocol": 0}),
    # twice the same, in two rules
    ("security-group-rule", {**RULE, "id": 7, "protocol": 6, "port-min": 0,
                             "port-max": 65535}),
]
DERIVED = ("rules", "ports", "members", "matches")


def told(df, kind):
    """All objects of a kind, without what only follows from others."""
    return [{k: v for k, v in obj.items()
             if k not in DERIVED} for obj in df.dump(f"{kind}-get")]


def key(kind, attrs):
    return attrs if kind == "address-set-member" else {"id": attrs["id"]}


def program(df):
    for kind, attrs in OBJECTS:
        df.do(f"{kind}-new", attrs)


def want(kind):
    return [attrs for name, attrs in OBJECTS if name == kind]


def what_is_programmed_reads_back(t):
    df = t.hypervisor().df
    program(df)
    for kind in KINDS:
        t.check(kind, told(df, kind), want(kind))
        for attrs in want(kind):
            got = df.do(f"{kind}-get", key(kind, attrs))
            t.check(f"{attrs}", {k: v for k, v in got.items()
                                 if k not in DERIVED}, attrs)
    t.check("counts", [
        df.do("security-group-get", {"id": 1})["rules"],
        df.do("address-set-get", {"id": 1})["rules"],
        df.do("address-set-get", {"id": 1})["members"]], [7, 1, 5])
    program(df)
    for kind in KINDS:
        t.check(f"{kind}: the same once more", told(df, kind), want(kind))
    for kind, attrs in reversed(OBJECTS):
        df.do(f"{kind}-del", key(kind, attrs))
    t.check("nothing is left", [told(df, kind) for kind in KINDS], [[]] * 4)


def a_rule_is_replaced_whole(t):
    df = t.hypervisor().df
    df.do("security-group-new", {"id": 1})
    df.do("security-group-new", {"id": 2})
    rule = {**RULE, "protocol": 6, "port-min": 1, "port-max": 9}
    df.do("security-group-rule-new", rule)
    df.do("security-group-rule-new", {**RULE, "group": 2})
    t.check("nothing of it is left", told(df, "security-group-rule"),
            [{**RULE, "group": 2}])
    t.check("it has moved", [df.do("security-group-get", {"id": n})["rules"]
                             for n in (1, 2)], [0, 1])
    for kind, attrs in (("security-group", {"id": 1}),
                        ("security-group-rule", {**RULE, "group": 1})):
        try:
            df.do(f"{kind}-new", attrs, NLM_F_EXCL)
            t.check(f"{kind} is exclusive", False)
        except Refused as refusal:
            t.check(f"{kind} is exclusive", refusal.errno, errno.EEXIST)


def refused(t, df, what, kind, attrs, attr, code=errno.EINVAL, verb="new"):
    before = [told(df, one) for one in KINDS]
    try:
        df.do(f"{kind}-{verb}", attrs)
        t.check(f"{what}: refused", False)
    except Refused as refusal:
        t.check(f"{what}: why", (refusal.errno, refusal.attr
                                 or refusal.missing), (code, attr))
        t.check(f"{what}: a sentence", bool(refusal.message
                                            or refusal.missing))
    t.check(f"{what}: nothing has changed", [told(df, one) for one in KINDS],
            before)


def what_contradicts_itself_is_refused(t):
    df = t.hypervisor().df
    program(df)
    tcp, icmp = {**RULE, "protocol": 6}, {**RULE, "protocol": 1}
    for what, attrs, attr in (
            ("half a range", {**tcp, "port-min": 1}, "port-min"),
            ("the other half", {**tcp, "port-max": 1}, "port-max"),
            ("a range upside down",
             {**tcp, "port-min": 2, "port-max": 1}, "port-max"),
            ("ports of no protocol",
             {**RULE, "port-min": 1, "port-max": 1}, "port-min"),
            ("ports of ICMP",
             {**icmp, "port-min": 1, "port-max": 1}, "port-min"),
            ("a type of TCP", {**tcp, "icmp-type": 1}, "icmp-type"),
            ("a type of IPv4's ICMP for IPv6",
             {**icmp, "version": "ip6", "icmp-type": 1}, "icmp-type"),
            ("a code alone", {**icmp, "icmp-code": 1}, "icmp-code"),
            ("a prefix of the other version",
             {**RULE, "ip6": "2001:db8::", "prefix-len": 32}, "ip6"),
            ("a length alone", {**RULE, "prefix-len": 8}, "prefix-len"),
            ("too long a prefix",
             {**RULE, "ip4": "192.0.2.0", "prefix-len": 33}, "prefix-len"),
            ("bits behind the prefix",
             {**RULE, "ip4": "192.0.2.1", "prefix-len": 24}, "prefix-len"),
            ("a prefix and a set",
             {**RULE, "ip4": "192.0.2.1", "address-set": 1}, "address-set"),
            ("no direction", {k: v for k, v in RULE.items()
                              if k != "direction"}, "direction"),
            ("no group", {k: v for k, v in RULE.items()
                          if k != "group"}, "group")):
        refused(t, df, what, "security-group-rule", attrs, attr)
    refused(t, df, "other flags", "security-group",
            {"id": 1, "flags": ["stateless"]}, "flags")
    member = {"set": 1, "ip4": "192.0.2.1"}
    refused(t, df, "bits behind a member", "address-set-member",
            {**member, "prefix-len": 8}, "prefix-len")
    refused(t, df, "an IPv4-mapped member", "address-set-member",
            {"set": 1, "ip6": "::ffff:192.0.2.1"}, "ip6")


def what_does_not_exist_or_is_used_is_refused(t):
    hv = t.hypervisor()
    df = hv.df
    program(df)
    hv.network(1)
    hv.vif(11, group=[1, 0xffffffff])
    t.check("the port has them", df.port(11)["group"], [1, 0xffffffff])
    t.check("and they have it", df.do("security-group-get",
                                      {"id": 1})["ports"], 1)
    refused(t, df, "a used group", "security-group", {"id": 1}, "id",
            errno.EBUSY, "del")
    refused(t, df, "a used set", "address-set", {"id": 1}, "id",
            errno.EBUSY, "del")
    refused(t, df, "a set with members", "address-set", {"id": 0xffffffff},
            "id", errno.EBUSY, "del")
    refused(t, df, "no such group", "security-group-rule",
            {**RULE, "group": 9}, "group", errno.ENOENT)
    refused(t, df, "no such set", "security-group-rule",
            {**RULE, "address-set": 9}, "address-set", errno.ENOENT)
    refused(t, df, "a member of no set", "address-set-member",
            {"set": 9, "ip4": "192.0.2.1"}, "set", errno.ENOENT)
    refused(t, df, "no such member", "address-set-member",
            {"set": 1, "ip4": "192.0.2.77"}, "set", errno.ENOENT, "del")
    port = {"id": 12, "type": "vif", "network": 1, "mac": mac(12)}
    refused(t, df, "a port of no group", "port", {**port, "group": [1, 9]},
            "group", errno.ENOENT)
    refused(t, df, "a group twice", "port", {**port, "group": [1, 1]},
            "group")
    hv.vif(11)
    t.check("the port has none", "group" in df.port(11), False)
    t.check("nor has the group", df.do("security-group-get",
                                       {"id": 1})["ports"], 0)


def changes_are_announced(t):
    hv = t.hypervisor()
    watch = Dragonflow(hv.name)
    t.defer(watch.close)
    watch.subscribe()
    program(hv.df)
    for kind, attrs in OBJECTS:
        name, got = watch.event()
        t.check(f"{kind}", (name, {k: v for k, v in got.items()
                                   if k not in DERIVED}),
                (f"{kind}-ntf", attrs))
    for kind, attrs in reversed(OBJECTS):
        hv.df.do(f"{kind}-del", key(kind, attrs))
        t.check(f"{kind}: gone", watch.event()[0], f"{kind}-del-ntf")


def there_may_be_many(t):
    df = t.hypervisor().df
    df.do("security-group-new", {"id": 1})
    df.do("address-set-new", {"id": 1})
    df.batch(("address-set-member-new",
              {"set": 1, "ip4": f"10.{n >> 8}.{n & 255}.{n * 7 & 255}"})
             for n in range(300))
    df.batch(("security-group-rule-new",
              {**RULE, "id": n, "protocol": 6, "port-min": n,
               "port-max": n + n % 50, "ip4": f"10.{n % 200}.0.0",
               "prefix-len": 16}) for n in range(1, 151))
    t.check("all are told", [len(told(df, kind)) for kind in KINDS],
            [1, 150, 1, 300])
    t.check("in one piece", df.interrupted, False)
    df.batch(("address-set-member-del", member)
             for member in told(df, "address-set-member"))
    df.batch(("security-group-rule-del", {"id": n})
             for n in range(1, 151))
    t.check("and all can go", [len(told(df, kind)) for kind in KINDS],
            [1, 0, 1, 0])


def a_group_names_so_many_sets(t):
    """Each of them costs a packet a lookup."""
    df, most = t.hypervisor().df, 64
    for group in (1, 2):
        df.do("security-group-new", {"id": group})
    df.batch(("address-set-new", {"id": n}) for n in range(1, most + 2))
    rule = {**RULE, "direction": "egress"}
    df.batch(("security-group-rule-new", {**rule, "id": n, "address-set": n})
             for n in range(1, most + 1))
    refused(t, df, "one more", "security-group-rule",
            {**rule, "id": 99, "address-set": most + 1}, "address-set",
            errno.ENOSPC)
    refused(t, df, "one more, the other way", "security-group-rule",
            {**RULE, "id": 99, "address-set": most + 1}, "address-set",
            errno.ENOSPC)
    # what names no further one may come, and be replaced
    df.do("security-group-rule-new", {**rule, "id": 7, "address-set": 7,
                                      "protocol": 6})
    df.do("security-group-rule-new", {**rule, "id": 98, "address-set": 8})
    df.do("security-group-rule-del", {"id": 98})
    df.do("security-group-rule-new", {**rule, "id": 99, "group": 2,
                                      "address-set": most + 1})
    df.do("security-group-rule-del", {"id": 7})
    df.do("security-group-rule-new", {**rule, "id": 100,
                                      "address-set": most + 1})
    t.check("with one gone there is room",
            len(told(df, "security-group-rule")), most + 1)


main(what_is_programmed_reads_back,
     a_rule_is_replaced_whole,
     what_contradicts_itself_is_refused,
     what_does_not_exist_or_is_used_is_refused,
     a_group_names_so_many_sets,
     changes_are_announced,
     there_may_be_many)
