#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=200
"""Allowed address pairs and what is claimed by them: they read back, replace
and are announced; what contradicts itself is refused and changes nothing.
"""
import errno
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    Dragonflow, Refused)
from dftest import mac, main  # noqa: E402 pylint: disable=wrong-import-position

TUNNEL, CHASSIS = 10, 20
PAIRS = [
    {"mac": mac(1), "ip4": "192.0.2.9", "prefix-len": 32},
    {"mac": mac(9), "ip4": "192.0.2.9", "prefix-len": 32},
    {"mac": mac(9), "ip6": "2001:db8::9", "prefix-len": 128},
    {"mac": mac(1), "ip4": "198.51.100.0", "prefix-len": 24},
    {"mac": mac(1), "ip4": "0.0.0.0", "prefix-len": 0},
    {"mac": mac(1), "ip6": "::", "prefix-len": 0},
    {"mac": mac(9), "ip6": "2001:db8:1::", "prefix-len": 48},
]
HOLDS = [
    {"mac": mac(9), "ip4": "192.0.2.9", "since": 1},
    {"mac": mac(1), "ip4": "203.0.113.7", "since": 2 ** 63 - 1},
    {"mac": mac(1), "ip6": "2001:db8:7::1", "since": 7},
]


def world(t):
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    hv.tunnel(TUNNEL)
    hv.chassis(CHASSIS, TUNNEL, "198.51.100.2")
    return hv


def listener(t, hv):
    df = Dragonflow(hv.name)
    t.defer(df.close)
    df.subscribe()
    return df


def key(hold):
    return hold.get("ip4") or hold["ip6"]


def claims(port):
    """Whether each is active apart from the rest."""
    return sorted(({name: one[name] for name in one if name != "active"}
                   for one in port.get("hold", [])), key=key)


def they_read_back(t):
    hv = world(t)
    hv.vif(1, pair=PAIRS, hold=HOLDS)
    hv.remote(2, CHASSIS, 2, mac(1), pair=PAIRS, hold=HOLDS)
    for n in (1, 2):
        port = hv.df.port(n)
        t.check(f"pairs of {n}", port["pair"], PAIRS)
        t.check(f"claims of {n}", claims(port), sorted(HOLDS, key=key))
        t.check(f"active ones of {n}", [
            one.get("active") for one in port["hold"]], [True] * 3)
    t.check("and in a dump", [
        (one["pair"], claims(one)) for one in hv.df.dump("port-get")
        if "pair" in one], [(PAIRS, sorted(HOLDS, key=key))] * 2)


def defaults_are_filled_in(t):
    hv = world(t)
    hv.vif(1, pair=[{"ip4": "192.0.2.9"}, {"ip6": "2001:db8::9"}])
    t.check("the port's MAC, and all bits", hv.df.port(1)["pair"], [
        {"mac": mac(1), "ip4": "192.0.2.9", "prefix-len": 32},
        {"mac": mac(1), "ip6": "2001:db8::9", "prefix-len": 128}])
    t.check("nothing is claimed", "hold" in hv.df.port(1), False)


def a_replacement_replaces(t):
    hv = world(t)
    listen = listener(t, hv)
    hv.vif(1, pair=PAIRS, hold=HOLDS)
    listen.event()
    hv.vif(1, pair=PAIRS[1:2])
    name, event = listen.event()
    t.check("announced", (name, event["pair"]), ("port-ntf", PAIRS[1:2]))
    t.check("the claims that are left", claims(hv.df.port(1)), HOLDS[:1])
    hv.vif(1)
    t.check("none", [name in hv.df.port(1) for name in ("pair", "hold")],
            [False, False])
    hv.vif(1, pair=PAIRS)
    t.check("what is gone is forgotten", claims(hv.df.port(1)), [])
    hv.vif(1, pair=PAIRS, hold=HOLDS)
    hv.vif(1, 2, pair=PAIRS)
    t.check("another network knows nothing of it", claims(hv.df.port(1)),
            [])
    hv.df.do("port-del", {"id": 1})
    hv.vif(1)
    t.check("a new port has none", "pair" in hv.df.port(1), False)


def the_latest_is_active(t):
    hv = world(t)
    both = PAIRS[1:2]

    def active():
        return [port["id"] for port in hv.df.dump("port-get")
                for one in port.get("hold", []) if one.get("active")]

    def hold(n, since):
        hv.vif(n, pair=both, hold=[dict(HOLDS[0], since=since)])
    hold(1, 5)
    t.check("the only one", active(), [1])
    hold(2, 6)
    t.check("a later one", active(), [2])
    hold(1, 6)
    t.check("the same time: the lowest id, everywhere", active(), [1])
    hold(1, 2)
    t.check("what is known is not undone", active(), [1])
    hold(2, 7)
    t.check("a later one yet", active(), [2])
    hv.df.do("port-del", {"id": 2})
    t.check("without it", active(), [1])


def a_port_with_all_there_can_be_reads_back(t):
    hv = world(t)
    most = hv.df.spec.consts
    pairs = [{"mac": mac(9), "ip6": f"2001:db8:{n + 1:x}::",
              "prefix-len": 48} for n in range(most["pairs-max"])]
    holds = [{"mac": mac(9), "ip6": f"2001:db8:1::{n + 1:x}",
              "since": n + 1} for n in range(most["holds-max"])]
    attrs = {"ip6": [f"2001:db8:ff::{n + 1:x}" for n in range(
        most["addresses-max"])], "pair": pairs, "hold": holds}
    listen = listener(t, hv)
    hv.vif(1, **attrs)
    for what, got in (("read", hv.df.port(1)), ("told", listen.event()[1]),
                      *(("dumped", one) for one in hv.df.dump("port-get")
                        if one["id"] == 1)):
        t.check(what, (got["pair"], claims(got), got["ip6"]),
                (pairs, sorted(holds, key=key), attrs["ip6"]))
    for what, more in (("pair", pairs + PAIRS[:1]),
                       ("hold", holds + [dict(holds[0], since=9)])):
        refused(t, f"one {what} more", hv, {**attrs, what: more},
                errno.EINVAL, what)


def refused(t, what, hv, attrs, err, attr):
    before = hv.df.dump("port-get")
    try:
        hv.vif(1, **attrs)
    except Refused as refusal:
        t.check(what, (refusal.errno, refusal.attr, bool(refusal.message)),
                (err, attr, True))
    else:
        t.check(f"{what}: refused", False)
    t.check(f"{what}: nothing has changed", hv.df.dump("port-get"), before)


def what_contradicts_itself_is_refused(t):
    hv = world(t)
    hv.vif(1, pair=PAIRS, hold=HOLDS)
    one = PAIRS[0]
    for what, pair in (
            ("no address", {"mac": mac(1)}),
            ("two addresses", dict(one, ip6="2001:db8::1")),
            ("a group address", {"ip4": "224.0.0.1"}),
            ("a group address of IPv6", {"ip6": "ff02::1"}),
            ("no address at all", {"ip4": "0.0.0.0"}),
            ("an IPv4-mapped address", {"ip6": "::ffff:192.0.2.1"}),
            ("bits behind the prefix", {"ip4": "192.0.2.1",
                                        "prefix-len": 24}),
            ("bits behind the prefix of IPv6", {"ip6": "2001:db8::1",
                                                "prefix-len": 64}),
            ("a long prefix", dict(one, **{"prefix-len": 33})),
            ("a group MAC", dict(one, mac="01:00:5e:00:00:01")),
            ("no MAC", dict(one, mac="00:00:00:00:00:00")),
            ("twice", PAIRS[1])):
        refused(t, what, hv, {"pair": [PAIRS[1], pair]}, errno.EINVAL,
                "pair")
    for what, hold in (
            ("no address", {"mac": mac(1), "since": 1}),
            ("no MAC", {"ip4": "192.0.2.9", "since": 1}),
            ("no time", {"ip4": "192.0.2.9", "mac": mac(9)}),
            ("time 0", dict(HOLDS[0], since=0)),
            ("no time is later", dict(HOLDS[0], since=2 ** 63)),
            ("active", dict(HOLDS[0], active=True)),
            ("a group address", dict(HOLDS[0], ip4="224.0.0.1")),
            ("not with that MAC", dict(HOLDS[0], mac=mac(8))),
            ("not allowed", dict(HOLDS[0], ip4="192.0.2.8"))):
        refused(t, f"claim, {what}", hv, {
            "pair": PAIRS[:3], "hold": [HOLDS[0], hold]}, errno.EINVAL,
            "hold")
    for name in ("pair", "hold"):
        try:
            hv.df.do("port-new", {"id": 30, "type": "tunnel",
                                  name: {"pair": PAIRS,
                                         "hold": HOLDS}[name]})
            t.check(f"a tunnel has no {name}", False)
        except Refused as refusal:
            t.check(f"a tunnel has no {name}", refusal.attr, name)


main(they_read_back, defaults_are_filled_in, a_replacement_replaces,
     the_latest_is_active, a_port_with_all_there_can_be_reads_back,
     what_contradicts_itself_is_refused)
