#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What the agent says about who is looked for reads back, is replaced, ends and
goes; what contradicts itself is refused and changes nothing.
"""
import errno
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_EXCL, Refused)
from dftest import mac, main  # noqa: E402 pylint: disable=wrong-import-position

TTL = 60000
UNOWNED_MAX = 4096
NAMES = [{"mac": mac(9)}, {"ip4": "192.0.2.9"}, {"ip6": "2001:db8::9"},
         {"ip6": "fe80::9"}, {"mac": mac(8)}]


def world(t):
    hv = t.hypervisor()
    for n in (1, 2):
        hv.network(n, 100 + n, flags=["on-demand"])
    hv.network(3)
    hv.router(31)
    hv.interface(41, 31, 1, ["192.0.2.254/24"])
    hv.vif(1, ip4=["192.0.2.1"], pair=[{"ip4": "192.0.2.100"}])
    return hv


def absent(hv, name, network=1, ttl=TTL, flags=0):
    hv.df.do("lookup-new", {"network": network, "ttl-ms": ttl, **name},
             flags)


def known(hv, network=None):
    """What is known, but for how long."""
    return sorted(({key: one[key] for key in one if key != "ttl-ms"}
                   for one in hv.df.dump("lookup-get", {"network": network}
                                         if network else {})), key=str)


def entry(name, network=1):
    return {"network": network, **name, "state": "absent", "packets": 0}


def count(hv):
    return hv.df.do("datapath-get")["lookups"]


def refused(t, what, call, err, attr=None, text=None):
    try:
        call()
    except Refused as refusal:
        t.check(what, [errno.errorcode[refusal.errno], refusal.attr,
                       (text or "") in (refusal.message or "")],
                [errno.errorcode[err], attr, True])
        return
    t.check(f"{what}: refused", False)


def they_read_back(t):
    hv = world(t)
    for n in (1, 2):
        for name in NAMES:
            absent(hv, name, n)
    want = sorted((entry(name, n) for name in NAMES for n in (1, 2)), key=str)
    t.check("all", known(hv), want)
    for n in (1, 2):
        t.check(f"of network {n}", known(hv, n),
                [one for one in want if one["network"] == n])
    t.check("of another", known(hv, 3), [])
    t.check("counted", count(hv), len(want))
    t.check("for how long", [0 < one["ttl-ms"] <= TTL for one in
                             hv.df.dump("lookup-get")], [True] * len(want))
    for n in (1, 2):
        for name in NAMES:
            hv.df.do("lookup-del", {"network": n, **name})
    t.check("none is left", [known(hv), count(hv)], [[], 0])


def they_are_replaced(t):
    hv = world(t)
    for ttl in (TTL, 1, TTL // 2):
        absent(hv, NAMES[0], ttl=ttl)
    t.check("one", known(hv), [entry(NAMES[0])])
    t.check("with the last time", TTL // 2 - 10000 < hv.df.dump(
        "lookup-get")[0]["ttl-ms"] <= TTL // 2)
    refused(t, "exclusive", lambda: absent(hv, NAMES[0], flags=NLM_F_EXCL),
            errno.EEXIST, "mac")
    absent(hv, NAMES[1], flags=NLM_F_EXCL)
    t.check("two", len(known(hv)), 2)


def they_end(t):
    hv = world(t)
    for n, name in enumerate(NAMES, 1):
        absent(hv, name, ttl=n)
    t.wait("all of them", lambda: count(hv), 0)
    # in whatever order they were said
    for n, ttl in enumerate((TTL, 200, TTL, 100, 300)):
        absent(hv, {"mac": mac(100 + n)}, ttl=ttl)
    t.wait("those whose time it is", lambda: known(hv),
           [entry({"mac": mac(n)}) for n in (100, 102)])


def they_end_once_somebody_has_the_address(t):
    hv = world(t)
    for name in NAMES:
        absent(hv, name)
    hv.vif(2, 1, mac(9), ip4=["192.0.2.9"])
    t.check("a port", known(hv), sorted(map(entry, NAMES[2:]), key=str))
    hv.vif(2, 1, mac(9), ip6=["2001:db8::9"])
    t.check("a replaced one", known(hv), sorted(map(entry, NAMES[3:]),
                                                key=str))
    hv.interface(42, 31, 1, ["fe80::9/64"], address=mac(8))
    t.check("an interface", known(hv), [])
    absent(hv, {"ip4": "192.0.2.101"})
    hv.vif(2, 1, mac(9), pair=[{"ip4": "192.0.2.101"}])
    t.check("a pair", known(hv), [])
    absent(hv, {"ip4": "192.0.2.9"})
    hv.network(1, 101)
    t.check("of a network that is as others", known(hv), [])
    absent(hv, NAMES[0], 2)
    hv.df.do("network-del", {"id": 2})
    t.check("of a network that is gone", [known(hv), count(hv)], [[], 0])


def what_cannot_be_is_refused(t):
    hv = world(t)
    before = hv.df.do("datapath-get")
    new, old = NAMES[0], {"network": 1, **NAMES[0]}
    for what, name, err, attr, text in (
            ("no address", {}, errno.EINVAL, None, "No address"),
            ("two addresses", {**NAMES[0], **NAMES[1]}, errno.EINVAL, "mac",
             "one"),
            ("two others", {**NAMES[2], **NAMES[1]}, errno.EINVAL, "ip4",
             "one"),
            ("a group", {"mac": "01:00:5e:00:00:01"}, errno.EINVAL, "mac",
             "unicast"),
            ("no MAC", {"mac": "00:00:00:00:00:00"}, errno.EINVAL, "mac",
             "unicast"),
            ("a group", {"ip4": "224.0.0.1"}, errno.EINVAL, "ip4",
             "unicast"),
            ("nobody", {"ip6": "::"}, errno.EINVAL, "ip6", "unicast"),
            ("an IPv4 address", {"ip6": "::ffff:192.0.2.9"}, errno.EINVAL,
             "ip6", "unicast")):
        refused(t, f"new: {what}", lambda n=name: absent(hv, n), err, attr,
                text)
        refused(t, f"del: {what}", lambda n=name: hv.df.do(
            "lookup-del", {"network": 1, **n}), err, attr, text)
    for what, name, attr in (
            ("a port's", {"mac": mac(1)}, "mac"),
            ("its address", {"ip4": "192.0.2.1"}, "ip4"),
            ("that of its pair", {"ip4": "192.0.2.100"}, "ip4"),
            ("a router's", {"mac": mac(41)}, "mac"),
            ("its address", {"ip4": "192.0.2.254"}, "ip4")):
        refused(t, what, lambda n=name: absent(hv, n), errno.EEXIST, attr,
                "has this address")
    refused(t, "no such network", lambda: absent(hv, new, 9), errno.ENOENT,
            "network", "has this id")
    refused(t, "a network like others", lambda: absent(hv, new, 3),
            errno.EINVAL, "network", "on-demand")
    refused(t, "nobody is looked for", lambda: hv.df.do("lookup-del", old),
            errno.ENOENT, "mac", "not looked for")
    refused(t, "no time", lambda: absent(hv, new, ttl=0), errno.ERANGE,
            "ttl-ms")
    refused(t, "too much time", lambda: absent(hv, new, ttl=TTL + 1),
            errno.ERANGE, "ttl-ms")
    t.check("nothing has changed", hv.df.do("datapath-get"), before)


def there_can_be_too_many(t):
    hv = world(t)
    hv.df.batch(("lookup-new", {"network": 1, "ttl-ms": TTL,
                                "mac": mac(1000 + n)})
                for n in range(UNOWNED_MAX))
    t.check("so many", [count(hv), len(known(hv))], [UNOWNED_MAX] * 2)
    refused(t, "one more", lambda: absent(hv, NAMES[0]), errno.ENOSPC, None,
            "too many")
    absent(hv, {"mac": mac(1000)})
    hv.df.do("lookup-del", {"network": 1, "mac": mac(1000)})
    absent(hv, NAMES[0])
    refused(t, "and again", lambda: absent(hv, NAMES[1]), errno.ENOSPC)


def hypervisors_are_independent(t):
    hvs = [world(t), world(t)]
    absent(hvs[0], NAMES[0])
    t.check("one knows", [len(known(hv)) for hv in hvs], [1, 0])


main(they_read_back, they_are_replaced, they_end,
     they_end_once_somebody_has_the_address, what_cannot_be_is_refused,
     there_can_be_too_many, hypervisors_are_independent)
