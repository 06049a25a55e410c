#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What is programmed reads back, replaces, is announced, and stays apart."""
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_EXCL, Dragonflow, Refused)
from dfns import netns_del  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    Background, ip_batch, mac, main)

NETWORKS = [
    {"id": 1, "vni": 100, "flags": []},
    {"id": 2, "flags": ["vlan-transparent"]},
    {"id": 0xffffffff, "vni": 0xffffff, "flags": []},
    {"id": 3, "vni": 0, "flags": []},
]
TUNNELS = [
    {"id": 10, "type": "tunnel", "flags": [], "flow-class": "l2",
     "flow-limit": 65536},
    {"id": 11, "type": "tunnel", "flags": ["admin-down"],
     "flow-class": "connection", "flow-limit": 0},
]
CHASSIS = [
    {"id": 20, "tunnel": 10, "remote-ip4": "198.51.100.2"},
    {"id": 21, "tunnel": 10, "remote-ip4": "198.51.100.3",
     "local-ip4": "198.51.100.1"},
    {"id": 22, "tunnel": 11, "remote-ip6": "2001:db8::2"},
    {"id": 0xffffffff, "tunnel": 11, "remote-ip6": "2001:db8::3",
     "local-ip6": "2001:db8::1"},
]
PORTS = [
    {"id": 1, "type": "vif", "network": 1, "mac": mac(1), "flags": [],
     "flow-class": "l2", "flow-limit": 4096, "connection-limit": 16384},
    {"id": 2, "type": "vif", "network": 2, "mac": mac(1),
     "flags": ["admin-down"], "flow-class": "l3", "flow-limit": 0,
     "connection-limit": 1},
    {"id": 3, "type": "vif", "network": 1, "mac": mac(3),
     "flags": ["security"], "flow-class": "l2",
     "flow-limit": 1048576, "connection-limit": 1048576},
    {"id": 4, "type": "remote", "network": 1, "mac": mac(4), "flags": [],
     "chassis": 20},
    {"id": 0xffffffff, "type": "remote", "network": 3, "mac": mac(4),
     "flags": ["admin-down"], "chassis": 0xffffffff},
]
EVERYTHING = ([("network", n) for n in NETWORKS]
              + [("port", p) for p in TUNNELS]
              + [("chassis", c) for c in CHASSIS]
              + [("port", p) for p in PORTS])
# What the kernel adds to what was programmed.
DERIVED = {"network": ("ports", "chassis", "router-interfaces"),
           "chassis": ("networks",),
           "port": ("stats", "flows", "ifindex", "connections")}


def programmed(kind, reply):
    return {key: reply[key] for key in reply if key not in DERIVED[kind]}


def program(df):
    for kind, attrs in EVERYTHING:
        df.do(f"{kind}-new", attrs)


def unprogram(df):
    for kind, attrs in reversed(EVERYTHING):
        df.do(f"{kind}-del", {"id": attrs["id"]})


def counts(df):
    found = df.do("datapath-get")
    return [found[key] for key in ("networks", "ports", "chassis")]


def what_is_programmed_reads_back(t):
    df = t.hypervisor().df
    program(df)
    for kind, attrs in EVERYTHING:
        got = df.do(f"{kind}-get", {"id": attrs["id"]})
        t.check(f"{kind} {attrs['id']}", programmed(kind, got), attrs)
    for kind in DERIVED:
        want = [attrs for k, attrs in EVERYTHING if k == kind]
        got = [programmed(kind, one) for one in df.dump(f"{kind}-get")]
        t.check(f"dump of {kind}", sorted(got, key=lambda o: o["id"]),
                sorted(want, key=lambda o: o["id"]))
    t.check("counts", counts(df),
            [len(NETWORKS), len(PORTS) + len(TUNNELS), len(CHASSIS)])
    t.check("ports of network 1",
            df.do("network-get", {"id": 1})["ports"], 3)
    t.check("hypervisors of network 1",
            df.do("network-get", {"id": 1})["chassis"], 1)
    t.check("networks of hypervisor 20",
            df.do("chassis-get", {"id": 20})["networks"], 1)
    unprogram(df)
    t.check("counts of nothing", counts(df), [0, 0, 0])


def defaults_are_filled_in(t):
    df = t.hypervisor().df
    df.do("network-new", {"id": 1})
    df.do("port-new", {"id": 1, "type": "vif", "network": 1, "mac": mac(1)})
    df.do("port-new", {"id": 2, "type": "tunnel"})
    t.check("network", df.do("network-get", {"id": 1}),
            {"id": 1, "flags": [], "ports": 1, "chassis": 0,
             "router-interfaces": 0})
    vif, tunnel = df.port(1), df.port(2)
    t.check("class and limits of a vif",
            (vif["flow-class"], vif["flow-limit"], vif["connection-limit"],
             vif["flags"]), ("l2", 4096, 16384, []))
    t.check("class and limit of a tunnel",
            (tunnel["flow-class"], tunnel["flow-limit"], tunnel["flags"]),
            ("l2", 65536, []))
    found = df.do("datapath-get")
    t.check("idle time", found["flow-idle-ms"], 10000)
    t.check("there is a version", bool(found["version"]))
    df.do("datapath-set", {"flow-idle-ms": 100})
    t.check("changed idle time", df.do("datapath-get")["flow-idle-ms"], 100)


def a_replacement_is_the_whole_object(t):
    df = t.hypervisor().df
    program(df)
    df.do("network-new", {"id": 1, "vni": 101})
    t.check("network", programmed("network", df.do(
        "network-get", {"id": 1})), {"id": 1, "vni": 101, "flags": []})
    df.do("network-new", {"id": 2, "vni": 100})
    t.check("network with the VNI that is free again", programmed(
        "network", df.do("network-get", {"id": 2})),
        {"id": 2, "vni": 100, "flags": []})
    df.do("network-new", {"id": 3})
    t.check("network without VNI", "vni" in df.do("network-get", {"id": 3}),
            False)
    df.do("port-new", {"id": 2, "type": "vif", "network": 3, "mac": mac(9)})
    t.check("vif in another network", programmed("port", df.port(2)),
            {"id": 2, "type": "vif", "network": 3, "mac": mac(9),
             "flags": [], "flow-class": "l2", "flow-limit": 4096,
             "connection-limit": 16384})
    df.do("chassis-new", {"id": 21, "tunnel": 11,
                          "remote-ip6": "2001:db8::9"})
    t.check("chassis", programmed("chassis", df.do(
        "chassis-get", {"id": 21})),
        {"id": 21, "tunnel": 11, "remote-ip6": "2001:db8::9"})
    t.check("nothing was added", counts(df),
            [len(NETWORKS), len(PORTS) + len(TUNNELS), len(CHASSIS)])
    t.check("ports moved with their network",
            [df.do("network-get", {"id": n})["ports"] for n in (1, 2, 3)],
            [3, 0, 2])
    df.do("port-new", {"id": 4, "type": "remote", "network": 1,
                       "mac": mac(4), "chassis": 22})
    t.check("hypervisors count what they hold",
            [df.do("chassis-get", {"id": n})["networks"] for n in (20, 22)],
            [0, 1])
    df.do("port-del", {"id": 0xffffffff})
    df.do("chassis-del", {"id": 0xffffffff})
    df.do("network-del", {"id": 2})


def a_port_moves_between_hypervisors(t):
    df = t.hypervisor().df
    program(df)
    vif = PORTS[0]
    remote = {"id": 1, "type": "remote", "network": 1, "mac": mac(1),
              "flags": [], "chassis": 20}
    for _ in range(3):
        df.do("port-new", remote)
        t.check("it went", programmed("port", df.port(1)), remote)
        df.do("port-new", vif)
        t.check("it came", programmed("port", df.port(1)), vif)
    unprogram(df)
    t.check("counts of nothing", counts(df), [0, 0, 0])


def exclusive_creates(t):
    df = t.hypervisor().df
    for kind, attrs in EVERYTHING:
        df.do(f"{kind}-new", attrs, NLM_F_EXCL)
    t.check("counts", counts(df),
            [len(NETWORKS), len(PORTS) + len(TUNNELS), len(CHASSIS)])


def every_change_is_announced(t):
    hv = t.hypervisor()
    df, watch = hv.df, Dragonflow(hv.name)
    t.defer(watch.close)
    watch.subscribe()
    program(df)
    for kind, attrs in EVERYTHING:
        name, event = watch.event() or (None, {})
        t.check(f"new {kind}", (name, programmed(kind, event)),
                (f"{kind}-ntf", attrs))
    df.do("network-new", {"id": 1, "vni": 100})
    t.check("replaced", watch.event()[0], "network-ntf")
    hv.ip("link", "add", "d1", "type", "dummy")
    hv.tc.attach("d1", 1)
    name, event = watch.event()
    t.check("attached", (name, event.get("id"), event.get("ifindex")),
            ("port-ntf", 1, hv.tc.ifindex("d1")))
    hv.tc.clsact_del("d1")
    name, event = watch.event()
    t.check("detached", (name, event.get("id"), "ifindex" in event),
            ("port-ntf", 1, False))
    hv.tc.attach("d1", 1)
    watch.event()
    hv.ip("link", "del", "d1")
    name, event = watch.event()
    t.check("device deleted", (name, event.get("id"), "ifindex" in event),
            ("port-ntf", 1, False))
    try:
        df.do("network-del", {"id": 1})
    except Refused:
        pass
    unprogram(df)
    for kind, attrs in reversed(EVERYTHING):
        name, event = watch.event() or (None, {})
        t.check(f"deleted {kind}", (name, event.get("id")),
                (f"{kind}-del-ntf", attrs["id"]))
    t.check("no more than that", watch.event(0), None)


def hypervisors_are_independent(t):
    one, two = t.hypervisor("one"), t.hypervisor("two")
    watch = Dragonflow(two.name)
    t.defer(watch.close)
    watch.subscribe()
    program(one.df)
    t.check("the other has nothing", counts(two.df), [0, 0, 0])
    program(two.df)
    unprogram(one.df)
    t.check("the other has everything", counts(two.df),
            [len(NETWORKS), len(PORTS) + len(TUNNELS), len(CHASSIS)])
    seen = 0
    while watch.event(0.2):
        seen += 1
    t.check("it heard of its own changes only", seen, len(EVERYTHING))


def a_namespace_takes_everything_with_it(t):
    hv = t.hypervisor()
    program(hv.df)
    ip_batch(hv.name, *(f"link add d{n} type dummy" for n in (1, 3, 10)))
    for number in (1, 3, 10):
        hv.tc.attach(f"d{number}", number)
    hv.df.close()
    hv.tc.close()
    netns_del(hv.name)

    def is_unused():
        return Refcount() == 0
    t.wait("no filter holds the module", is_unused, seconds=20)


def Refcount():  # pylint: disable=invalid-name
    with open("/sys/module/dragonflow/refcnt", encoding="ascii") as f:
        return int(f.read())


def write_at_random(netns, seed):
    """Requests about few ids, many of them to be refused."""
    dice = random.Random(seed)
    df = Dragonflow(netns)
    for _ in range(400):
        number = dice.randint(1, 4)
        kind = dice.choice(("network", "port", "port", "chassis"))
        attrs = {
            "network": {"id": number, "vni": dice.randint(1, 3)},
            "chassis": {"id": number, "tunnel": dice.choice((10, 11)),
                        "remote-ip4": f"198.51.100.{dice.randint(1, 9)}"},
            "port": {"id": number, "type": "vif",
                     "network": dice.randint(1, 4),
                     "mac": mac(dice.randint(1, 4))},
        }[kind]
        if kind == "port" and dice.random() < .5:
            attrs = {**attrs, "type": "remote",
                     "chassis": dice.randint(1, 4)}
        try:
            if dice.random() < .3:
                df.do(f"{kind}-del", {"id": number})
            elif dice.random() < .1:
                df.dump(f"{kind}-get")
            else:
                df.do(f"{kind}-new", attrs)
        except Refused:
            pass


def concurrent_writers_leave_a_whole_state(t):
    hv = t.hypervisor()
    hv.tunnel(10)
    hv.tunnel(11)
    writers = [Background(t, write_at_random, hv.name, os.getpid() + n)
               for n in range(4)]
    for writer in writers:
        t.check("writer", writer.wait(), 0)
    df = hv.df
    ports = df.dump("port-get")
    networks = {n["id"]: n for n in df.dump("network-get")}
    chassis = {c["id"]: c for c in df.dump("chassis-get")}
    t.check("counts", counts(df), [len(networks), len(ports), len(chassis)])
    for number, network in networks.items():
        mine = [p for p in ports if p.get("network") == number]
        t.check(f"ports of network {number}", network["ports"], len(mine))
        t.check(f"hypervisors of network {number}", network["chassis"],
                len({p["chassis"] for p in mine if "chassis" in p}))
    for port in ports:
        t.check(f"network of port {port['id']}",
                port.get("network", 1) in networks or
                port["type"] == "tunnel")
        t.check(f"chassis of port {port['id']}",
                port.get("chassis") in [None, *chassis])
    macs = [(p["network"], p["mac"]) for p in ports if "mac" in p]
    t.check("MACs are unique", len(macs), len(set(macs)))


main(what_is_programmed_reads_back, defaults_are_filled_in,
     a_replacement_is_the_whole_object, a_port_moves_between_hypervisors,
     exclusive_creates, every_change_is_announced,
     hypervisors_are_independent, a_namespace_takes_everything_with_it,
     concurrent_writers_leave_a_whole_state)
