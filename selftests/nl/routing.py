#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""Routers, router interfaces, routes and addresses: what is programmed reads
back, replaces and is announced; what contradicts itself or the rest is
refused and changes nothing.
"""
import errno
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_EXCL, Dragonflow, Refused)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    Background, mac, main)

KINDS = ("router", "router-interface", "route")
OBJECTS = [
    ("router", {"id": 1, "flags": []}),
    ("router", {"id": 0xffffffff, "flags": ["admin-down"]}),
    ("router-interface", {
        "id": 1, "router": 1, "network": 1, "mac": mac(101), "flags": [],
        "address": [{"ip4": "192.0.2.254", "prefix-len": 24},
                    {"ip4": "192.0.2.253", "prefix-len": 24},
                    {"ip4": "198.51.100.1", "prefix-len": 32},
                    {"ip6": "2001:db8:1::1", "prefix-len": 64},
                    {"ip6": "fe80::1", "prefix-len": 64}]}),
    ("router-interface", {
        "id": 2, "router": 1, "network": 2, "mac": mac(102), "mtu": 1400,
        "flags": ["admin-down"],
        "address": [{"ip4": "203.0.113.254", "prefix-len": 24},
                    {"ip6": "fe80::1", "prefix-len": 64}]}),
    # the same addresses in another network and router, and none at all
    ("router-interface", {
        "id": 3, "router": 0xffffffff, "network": 2, "mac": mac(103),
        "flags": [],
        "address": [{"ip4": "192.0.2.254", "prefix-len": 24}]}),
    ("router-interface", {
        "id": 0xffffffff, "router": 1, "network": 2, "mac": mac(104),
        "flags": []}),
    ("route", {"id": 1, "router": 1, "ip4": "0.0.0.0", "prefix-len": 0,
               "type": "unicast",
               "nexthop": [{"interface": 1, "ip4": "192.0.2.9",
                            "weight": 1}]}),
    ("route", {"id": 2, "router": 1, "ip6": "::", "prefix-len": 0,
               "type": "unicast",
               "nexthop": [{"interface": 1, "ip6": "fe80::9", "weight": 256},
                           {"interface": 2, "ip6": "fe80::9", "weight": 7},
                           {"interface": 2, "weight": 1}]}),
    ("route", {"id": 3, "router": 1, "ip4": "203.0.113.0", "prefix-len": 24,
               "type": "blackhole"}),
    ("route", {"id": 4, "router": 1, "ip6": "2001:db8::1",
               "prefix-len": 128, "type": "unreachable"}),
    ("route", {"id": 0xffffffff, "router": 0xffffffff, "ip4": "10.1.2.3",
               "prefix-len": 32, "type": "prohibit"}),
]
DERIVED = {"router": ("interfaces", "routes"), "route": (),
           "router-interface": ("routes",)}


def world(t):
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    return hv


def program(df):
    for kind, attrs in OBJECTS:
        df.do(f"{kind}-new", attrs)


def unprogram(df):
    for kind, attrs in reversed(OBJECTS):
        df.do(f"{kind}-del", {"id": attrs["id"]})


def programmed(kind, reply):
    return {key: reply[key] for key in reply if key not in DERIVED[kind]}


def counts(df):
    found = df.do("datapath-get")
    return [found[key] for key in ("routers", "router-interfaces", "routes")]


def what_is_programmed_reads_back(t):
    df = world(t).df
    program(df)
    for kind, attrs in OBJECTS:
        got = df.do(f"{kind}-get", {"id": attrs["id"]})
        t.check(f"{kind} {attrs['id']}", programmed(kind, got), attrs)
    for kind in KINDS:
        want = [attrs for k, attrs in OBJECTS if k == kind]
        got = [programmed(kind, one) for one in df.dump(f"{kind}-get")]
        t.check(f"dump of {kind}", got, want)
    t.check("counts", counts(df), [2, 4, 5])
    t.check("of the router", {key: df.do("router-get", {"id": 1})[key] for
                              key in DERIVED["router"]},
            {"interfaces": 3, "routes": 4})
    t.check("next hops of the interfaces", [
        df.do("router-interface-get", {"id": n})["routes"]
        for n in (1, 2, 3)], [2, 2, 0])
    t.check("interfaces of the networks", [
        df.do("network-get", {"id": n})["router-interfaces"]
        for n in (1, 2)], [1, 3])
    unprogram(df)
    t.check("counts of nothing", counts(df), [0, 0, 0])


def defaults_are_filled_in(t):
    df = world(t).df
    df.do("router-new", {"id": 1})
    df.do("router-interface-new", {"id": 1, "router": 1, "network": 1,
                                   "mac": mac(1)})
    df.do("route-new", {"id": 1, "router": 1, "ip4": "0.0.0.0",
                        "prefix-len": 0, "nexthop": [{"interface": 1}]})
    t.check("router", df.do("router-get", {"id": 1}),
            {"id": 1, "flags": [], "interfaces": 1, "routes": 1})
    t.check("interface", df.do("router-interface-get", {"id": 1}),
            {"id": 1, "router": 1, "network": 1, "mac": mac(1), "flags": [],
             "routes": 1})
    t.check("route", df.do("route-get", {"id": 1}),
            {"id": 1, "router": 1, "ip4": "0.0.0.0", "prefix-len": 0,
             "type": "unicast", "nexthop": [{"interface": 1, "weight": 1}]})


def a_replacement_is_the_whole_object(t):
    df = world(t).df
    program(df)
    for kind, attrs in (
            ("router", {"id": 1, "flags": ["admin-down"]}),
            ("router-interface", {
                "id": 1, "router": 1, "network": 1, "mac": mac(109),
                "mtu": 9000, "flags": [],
                "address": [{"ip4": "192.0.2.252", "prefix-len": 25},
                            {"ip6": "fe80::1", "prefix-len": 64}]}),
            ("route", {"id": 1, "router": 1, "ip4": "0.0.0.0",
                       "prefix-len": 0, "type": "unreachable"}),
            ("route", {"id": 3, "router": 1, "ip4": "203.0.113.0",
                       "prefix-len": 24, "type": "unicast",
                       "nexthop": [{"interface": 1, "weight": 1}]})):
        df.do(f"{kind}-new", attrs)
        t.check(f"{kind} {attrs['id']}", programmed(kind, df.do(
            f"{kind}-get", {"id": attrs["id"]})), attrs)
    t.check("nothing was added", counts(df), [2, 4, 5])
    t.check("next hops follow",
            df.do("router-interface-get", {"id": 1})["routes"], 2)
    # what was left is free for others
    df.do("router-interface-new", {
        "id": 0xffffffff, "router": 1, "network": 2, "mac": mac(101),
        "address": [{"ip4": "198.51.100.1", "prefix-len": 32}]})
    unprogram(df)
    t.check("counts of nothing", counts(df), [0, 0, 0])


def a_port_has_addresses(t):
    hv = world(t)
    df = hv.df
    many4 = [f"10.0.0.{n}" for n in range(1, 33)]
    many6 = [f"2001:db8::{n:x}" for n in range(1, 33)]
    hv.vif(1, ip4=["192.0.2.1", "192.0.2.2"], ip6=["fe80::1"])
    hv.vif(2, network=2, ip4=["192.0.2.1"])
    hv.vif(3, ip4=many4, ip6=many6)
    t.check("port 1", [df.port(1).get(key) for key in ("ip4", "ip6")],
            [["192.0.2.1", "192.0.2.2"], ["fe80::1"]])
    t.check("port 3", [df.port(3).get(key) for key in ("ip4", "ip6")],
            [many4, many6])
    hv.vif(1, ip4=["192.0.2.2", "192.0.2.3"])
    t.check("replaced", [df.port(1).get(key) for key in ("ip4", "ip6")],
            [["192.0.2.2", "192.0.2.3"], None])
    hv.vif(4, ip4=["192.0.2.1"], ip6=["fe80::1"])
    hv.vif(1, network=2, ip4=["192.0.2.2"])
    hv.vif(5, ip4=["192.0.2.2"])
    df.do("port-del", {"id": 3})
    hv.vif(6, ip4=many4[:1])
    t.check("in another's place",
            [df.port(n)["ip4"] for n in (4, 1, 5, 6)],
            [["192.0.2.1"], ["192.0.2.2"], ["192.0.2.2"], many4[:1]])


def every_change_is_announced(t):
    hv = world(t)
    df, watch = hv.df, Dragonflow(hv.name)
    t.defer(watch.close)
    watch.subscribe()
    program(df)
    for kind, attrs in OBJECTS:
        name, event = watch.event() or (None, {})
        t.check(f"new {kind}", (name, programmed(kind, event)),
                (f"{kind}-ntf", attrs))
    df.do("router-new", {"id": 1})
    t.check("replaced", watch.event()[0], "router-ntf")
    for kind, number in (("router", 1), ("router-interface", 1)):
        try:
            df.do(f"{kind}-del", {"id": number})
        except Refused:
            pass
    unprogram(df)
    for kind, attrs in reversed(OBJECTS):
        name, event = watch.event() or (None, {})
        t.check(f"deleted {kind}", (name, event.get("id")),
                (f"{kind}-del-ntf", attrs["id"]))
    t.check("no more than that", watch.event(0), None)


def exclusive_creates_and_replaces_nothing(t):
    df = world(t).df
    for kind, attrs in OBJECTS:
        df.do(f"{kind}-new", attrs, NLM_F_EXCL)
    for kind, attrs in OBJECTS:
        refused(t, f"{kind} once more", lambda k=kind, a=attrs: df.do(
            f"{k}-new", a, NLM_F_EXCL), errno.EEXIST, "id", "in use")


def refused(t, what, call, err, attr=None, text=None):
    try:
        call()
    except Refused as refusal:
        t.check(f"{what}: errno", errno.errorcode[refusal.errno],
                errno.errorcode[err])
        if attr:
            t.check(f"{what}: attribute", refusal.attr, attr)
        if text and text not in (refusal.message or ""):
            t.check(f"{what}: message", refusal.message, text)
        return
    t.check(f"{what}: refused", False)


def state(df):
    return [df.dump(f"{kind}-get") for kind in KINDS + ("network", "port")]


def unchanged(case):
    """A case whose every request is refused: nothing may have changed."""
    def wrapped(t):
        hv = world(t)
        program(hv.df)
        hv.vif(1, ip4=["192.0.2.1"], ip6=["2001:db8:1::2"])
        before = state(hv.df)
        case(t, hv)
        t.check("what is programmed", state(hv.df), before)
    wrapped.__name__ = case.__name__
    return wrapped


INTERFACE = {"id": 9, "router": 1, "network": 1, "mac": mac(109),
             "address": [{"ip4": "10.9.0.1", "prefix-len": 16}]}
ROUTE = {"id": 9, "router": 1, "ip4": "10.0.0.0", "prefix-len": 8,
         "nexthop": [{"interface": 1, "ip4": "192.0.2.9"}]}
ROUTE6 = {"id": 9, "router": 1, "ip6": "2001:db8:9::", "prefix-len": 48,
          "nexthop": [{"interface": 1, "ip6": "fe80::9"}]}


def without(attrs, *names):
    return {key: attrs[key] for key in attrs if key not in names}


@unchanged
def dangling_references_are_refused(t, hv):
    for name, attrs, attr in (
            ("router-interface-new", {**INTERFACE, "router": 9}, "router"),
            ("router-interface-new", {**INTERFACE, "network": 9}, "network"),
            ("route-new", {**ROUTE, "router": 9}, "router"),
            ("route-new", {**ROUTE, "nexthop": [{"interface": 9}]},
             "nexthop"),
            *((f"{kind}-{verb}", {"id": 9}, "id") for kind in KINDS
              for verb in ("get", "del"))):
        refused(t, f"{name} of {attr} 9",
                lambda n=name, a=attrs: hv.df.do(n, a),
                errno.ENOENT, attr, "has this id")
    refused(t, "next hop by another router's interface", lambda: hv.df.do(
        "route-new", {**ROUTE, "nexthop": [{"interface": 1},
                                           {"interface": 3}]}),
        errno.EINVAL, "nexthop", "another router")


@unchanged
def what_is_in_use_stays(t, hv):
    hv.df.do("router-new", {"id": 5})
    for name, number, text in (
            ("router-del", 1, "interfaces"),
            ("router-interface-del", 2, "route"),
            ("network-del", 2, "router interfaces")):
        refused(t, f"{name} of {number}",
                lambda n=name, i=number: hv.df.do(n, {"id": i}),
                errno.EBUSY, "id", text)
    hv.route(99, 5, "10.0.0.0/8", type="blackhole")
    refused(t, "router with a route", lambda: hv.df.do(
        "router-del", {"id": 5}), errno.EBUSY, "id", "routes")
    hv.df.do("route-del", {"id": 99})
    hv.df.do("router-del", {"id": 5})


@unchanged
def what_is_unique_stays_so(t, hv):
    def interface(**more):
        return lambda: hv.df.do("router-interface-new",
                                {**INTERFACE, **more})

    def addresses(*texts):
        return interface(address=[
            {"ip6" if ":" in text else "ip4": text, "prefix-len": 32}
            for text in texts])

    refused(t, "MAC of a port", interface(mac=mac(1)), errno.EEXIST, "mac",
            "port")
    refused(t, "MAC of an interface", interface(mac=mac(101)),
            errno.EEXIST, "mac", "interface")
    refused(t, "a port with an interface's MAC",
            lambda: hv.vif(7, address=mac(101)), errno.EEXIST, "mac",
            "router interface")
    for ip in ("192.0.2.1", "2001:db8:1::2", "192.0.2.254", "fe80::1"):
        refused(t, f"interface with {ip}", addresses("10.9.0.1", ip),
                errno.EEXIST, "address", "this address")
        key = "ip6" if ":" in ip else "ip4"
        refused(t, f"port with {ip}", lambda k=key, i=ip: hv.vif(
            7, **{k: [i]}), errno.EEXIST, key, "this address")
    refused(t, "the same twice", addresses("10.9.0.1", "10.9.0.1"),
            errno.EINVAL, "address", "twice")
    refused(t, "the same twice at a port", lambda: hv.vif(
        7, ip4=["10.9.0.1", "10.9.0.1"]), errno.EINVAL, "ip4", "twice")
    refused(t, "another interface's subnet", interface(address=[
        {"ip4": "203.0.113.1", "prefix-len": 24}]), errno.EEXIST,
        "address", "subnet")
    refused(t, "prefix of another route", lambda: hv.df.do(
        "route-new", {**ROUTE, "ip4": "0.0.0.0", "prefix-len": 0}),
        errno.EEXIST, "prefix-len", "Another route")
    refused(t, "the same next hop twice", lambda: hv.df.do(
        "route-new", {**ROUTE, "nexthop": [{"interface": 1}] * 2}),
        errno.EINVAL, "nexthop", "twice")


@unchanged
def what_stays_the_same_must_not_change(t, hv):
    for what, name, attrs, attr in (
            ("router of an interface", "router-interface-new",
             {**INTERFACE, "id": 1, "router": 0xffffffff}, "router"),
            ("network of an interface", "router-interface-new",
             {**INTERFACE, "id": 1, "network": 2}, "network"),
            ("router of a route", "route-new",
             {**without(ROUTE, "nexthop"), "id": 1, "type": "blackhole",
              "router": 0xffffffff}, "router"),
            ("prefix of a route", "route-new",
             {**ROUTE, "id": 1}, "prefix-len"),
            ("family of a route", "route-new",
             {**ROUTE6, "id": 1, "ip6": "::", "prefix-len": 0},
             "prefix-len")):
        refused(t, what, lambda n=name, a=attrs: hv.df.do(n, a),
                errno.EINVAL, attr)


@unchanged
def addresses_must_be_of_one_station(t, hv):
    for key, ips in (("ip4", ("0.0.0.0", "127.0.0.1",
                              "224.0.0.1", "255.255.255.255")),
                     ("ip6", ("::", "::1", "ff02::1", "::ffff:1.2.3.4"))):
        for ip in ips:
            refused(t, f"port with {ip}", lambda k=key, i=ip: hv.vif(
                7, **{k: [i]}), errno.EINVAL, key, "unicast")
            refused(t, f"interface with {ip}", lambda k=key, i=ip: hv.df.do(
                "router-interface-new", {**INTERFACE, "address": [
                    {k: i, "prefix-len": 24}]}), errno.EINVAL, "address")
            base = ROUTE if key == "ip4" else ROUTE6
            refused(t, f"gateway {ip}", lambda b=base, k=key, i=ip: hv.df.do(
                "route-new", {**b, "nexthop": [{"interface": 1, k: i}]}),
                errno.EINVAL, "nexthop", "unicast")
    for address in ("00:00:00:00:00:00", "01:00:5e:00:00:01"):
        refused(t, address, lambda a=address: hv.df.do(
            "router-interface-new", {**INTERFACE, "mac": a}),
            errno.EINVAL, "mac")


@unchanged
def contradictions_are_refused(t, hv):
    def interface(*addresses):
        return lambda: hv.df.do("router-interface-new",
                                {**INTERFACE, "address": list(addresses)})

    def route(base, *drop, **more):
        return lambda: hv.df.do("route-new", {**without(base, *drop),
                                              **more})

    for what, call, attr in (
            ("no address", interface({"prefix-len": 24}), "address"),
            ("both families", interface(
                {"ip4": "10.9.0.1", "ip6": "2001:db8:9::1",
                 "prefix-len": 24}), "address"),
            ("no length", interface({"ip4": "10.9.0.1"}), "address"),
            ("an empty address", interface({}), "address"),
            ("a length beyond IPv4", interface(
                {"ip4": "10.9.0.1", "prefix-len": 33}), "address"),
            ("a route of both families", route(ROUTE, ip6="::"),
             "prefix-len"),
            ("a route of none", route(ROUTE, "ip4"), "prefix-len"),
            ("bits behind the prefix", route(ROUTE, ip4="10.0.0.1"),
             "prefix-len"),
            ("bits behind the prefix", route(ROUTE6, ip6="2001:db8:9:1::"),
             "prefix-len"),
            ("a prefix beyond IPv4", route(ROUTE, **{"prefix-len": 33}),
             "prefix-len"),
            ("a mapped prefix", route(ROUTE6, ip6="::ffff:0:0",
                                      **{"prefix-len": 96}), "prefix-len"),
            ("a gateway of the other family", route(ROUTE, nexthop=[
                {"interface": 1, "ip6": "fe80::9"}]), "nexthop"),
            ("a gateway of the other family", route(ROUTE6, nexthop=[
                {"interface": 1, "ip4": "192.0.2.9"}]), "nexthop"),
            ("a next hop without interface", route(ROUTE, nexthop=[
                {"ip4": "192.0.2.9"}]), "nexthop"),
            ("a blackhole with a next hop", route(ROUTE, type="blackhole"),
             "nexthop")):
        refused(t, what, call, errno.EINVAL, attr)
    refused(t, "prefix length 129", interface(
        {"ip6": "2001:db8:9::1", "prefix-len": 129}), errno.ERANGE)
    for weight in (0, 257):
        refused(t, f"weight {weight}", route(ROUTE, nexthop=[
            {"interface": 1, "weight": weight}]), errno.ERANGE)
    refused(t, "addresses of a tunnel", lambda: hv.tunnel(
        9, ip4=["192.0.2.9"]), errno.EINVAL, "ip4")


@unchanged
def there_can_be_too_many(t, hv):
    refused(t, "addresses of a port", lambda: hv.vif(
        7, ip4=[f"10.0.0.{n}" for n in range(1, 66)]), errno.EINVAL,
        text="too many")
    refused(t, "addresses of an interface", lambda: hv.df.do(
        "router-interface-new", {**INTERFACE, "address": [
            {"ip4": f"10.{n}.0.1", "prefix-len": 24} for n in range(65)]}),
        errno.EINVAL, "address", "too many")
    refused(t, "next hops", lambda: hv.df.do("route-new", {
        **ROUTE, "nexthop": [{"interface": 1, "ip4": f"192.0.2.{n}"}
                             for n in range(1, 66)]}),
        errno.EINVAL, "nexthop", "too many")


def write_at_random(netns, seed):
    """Requests about few ids, many of them to be refused."""
    dice = random.Random(seed)
    df = Dragonflow(netns)

    def ip():
        return f"10.0.{dice.randint(0, 1)}.{dice.randint(1, 3)}"

    for _ in range(600):
        number = dice.randint(1, 3)
        kind = dice.choice(("router", "router-interface", "route", "port"))
        attrs = {
            "router": lambda: {"id": number},
            "router-interface": lambda: {
                "id": number, "router": dice.randint(1, 2),
                "network": dice.randint(1, 2), "mac": mac(dice.randint(1, 4)),
                "address": [{"ip4": ip(), "prefix-len": dice.choice(
                    (8, 23, 24))} for _ in range(dice.randint(0, 3))]},
            "route": lambda: {
                "id": number, "router": dice.randint(1, 2),
                "ip4": f"10.0.{dice.randint(0, 1)}.0", "prefix-len": 24,
                "nexthop": [{"interface": dice.randint(1, 3), "ip4": ip()}
                            for _ in range(dice.randint(1, 3))]},
            "port": lambda: {"id": number, "type": "vif",
                             "network": dice.randint(1, 2),
                             "mac": mac(dice.randint(1, 4)),
                             "ip4": [ip() for _ in range(
                                 dice.randint(0, 2))]},
        }[kind]()
        try:
            if dice.random() < .3:
                df.do(f"{kind}-del", {"id": number})
            else:
                df.do(f"{kind}-new", attrs)
        except Refused:
            pass


def concurrent_writers_leave_a_whole_state(t):
    hv = world(t)
    writers = [Background(t, write_at_random, hv.name, os.getpid() + n)
               for n in range(4)]
    for writer in writers:
        t.check("writer", writer.wait(), 0)
    df = hv.df
    routers, interfaces, routes = (
        {o["id"]: o for o in df.dump(f"{kind}-get")} for kind in KINDS)
    t.check("counts", counts(df), [len(routers), len(interfaces),
                                   len(routes)])
    for number, router in routers.items():
        t.check(f"router {number}", [router["interfaces"], router["routes"]],
                [sum(o["router"] == number for o in group.values())
                 for group in (interfaces, routes)])
    for number, interface in interfaces.items():
        t.check(f"interface {number}", interface["routes"], sum(
            hop["interface"] == number for route in routes.values()
            for hop in route["nexthop"]))
    held = [(i["network"], a["ip4"]) for i in interfaces.values()
            for a in i.get("address", [])]
    held += [(p["network"], ip) for p in df.dump("port-get")
             for ip in p.get("ip4", [])]
    t.check("addresses are unique", len(held), len(set(held)))
    for kind in reversed(KINDS):
        for one in df.dump(f"{kind}-get"):
            df.do(f"{kind}-del", {"id": one["id"]})
    t.check("all of it goes", counts(df), [0, 0, 0])


main(what_is_programmed_reads_back, defaults_are_filled_in,
     a_replacement_is_the_whole_object, a_port_has_addresses,
     every_change_is_announced, exclusive_creates_and_replaces_nothing,
     dangling_references_are_refused, what_is_in_use_stays,
     what_is_unique_stays_so, what_stays_the_same_must_not_change,
     addresses_must_be_of_one_station, contradictions_are_refused,
     there_can_be_too_many, concurrent_writers_leave_a_whole_state)
