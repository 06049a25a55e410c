#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Packets wait for so long, so many of them, and for nobody who is gone.

The world is that of lib/dfdemand.py.
"""
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import arp  # noqa: E402 pylint: disable=wrong-import-position
from dfcloud import VNI  # noqa: E402 pylint: disable=wrong-import-position
from dfdemand import (  # noqa: E402 pylint: disable=wrong-import-position
    LOOKUPS_MAX, PACKETS_MAX, WAIT_MS, World, address, addresses, ask, packet,
    who)
from dfnl import Dragonflow  # noqa: E402 pylint: disable=wrong-import-position
from dfns import netns_del  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    mac, main, run)


def after_some_time_packets_are_dropped(t):
    world = World(t)
    w11 = world.wires[11]
    begin = time.monotonic()
    w11.flood([packet(11, 21), ask(11, address(22), 4)])
    for want in ({"mac": mac(21)}, {"ip4": address(22)}):
        t.check("the agent is asked", world.agent.event(5), (
            "lookup-ntf", {"network": 1, **want, "port": 11}))
    world.holds("both", 2)
    t.check("nothing dropped so far", world.hv.drops(11), {})
    world.dropped("both", 11, unresolved=2)
    t.check("not too early", time.monotonic() - begin >= WAIT_MS / 1000)
    t.check("no lookup is left", world.lookups(), [])
    w11.send(packet(11, 21))
    world.asked("anew", 11, mac=mac(21))


def without_an_agent_nothing_waits(t):
    world = World(t)
    world.agent.close()
    for n, sent in enumerate((packet(11, 21), ask(11, address(21), 4),
                              packet(11, 31, 6, to=101)), 1):
        world.wires[11].send(sent)
        world.dropped("nobody listens", 11, no_agent=n)
        t.check("no lookup is made", world.lookups(), [])


def an_agent_without_room_is_as_good_as_none(t):
    world = World(t)
    world.agent.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for n in range(21, 100):
        world.wires[11].send(packet(11, n))
    t.wait("some are dropped", lambda: world.hv.drops(11).get(
        "no-agent", 0) > 0)
    t.check("no lookup for those", len(world.lookups()),
            79 - world.hv.drops(11)["no-agent"])


# limits


def a_lookup_holds_so_many_packets(t):
    world = World(t)
    world.elsewhere(21)
    world.wires[11].flood([packet(11, 21, text=b"%d" % n)
                           for n in range(PACKETS_MAX + 3)])
    world.dropped("too many", 11, unresolved=3)
    world.found(21)
    for n in range(PACKETS_MAX):
        t.check(f"{n} arrives", world.wires[21].receive(),
                packet(11, 21, text=b"%d" % n))
    t.check("no other", world.wires[21].pending(), [])


def a_scan_harms_nobody_else(t):
    """Addresses, tokens and memory are each port's own."""
    world = World(t)
    world.elsewhere(22)
    scanner, bystander = world.wires[11], world.wires[12]
    scan = [arp(mac(11), f"10.1.{n // 200 + 1}.{n % 200 + 1}", address(11))
            for n in range(LOOKUPS_MAX + 50)]
    scanner.flood(scan)
    world.dropped("a scan", 11, rate_limited=50)
    t.check("it has its lookups", len(world.lookups()), LOOKUPS_MAX)
    asked = 0
    while world.agent.event(0):
        asked += 1
    t.check("the agent was asked about those", asked, LOOKUPS_MAX)
    bystander.send(packet(12, 22))
    world.asked("the bystander", 12, mac=mac(22))
    world.found(22)
    t.check("the bystander: arrives", world.wires[22].receive(),
            packet(12, 22))
    t.check("the bystander: nothing dropped", world.hv.drops(12), {})


def absent_ones_count_as_well(t):
    world = World(t)
    world.wires[11].flood([packet(11, 1000 + n) for n in range(LOOKUPS_MAX)])
    t.wait("so many", lambda: len(world.lookups()), LOOKUPS_MAX)
    world.df.batch(("lookup-new", {"network": 1, "ttl-ms": 60000,
                                   "mac": mac(1000 + n)})
                   for n in range(LOOKUPS_MAX))
    t.check("all absent, because of the port", {
        (one["state"], one["port"]) for one in world.lookups()},
        {("absent", 11)})
    world.dropped("what waited", 11, unknown_destination=LOOKUPS_MAX)
    world.wires[11].send(packet(11, 22))
    world.dropped("one more", 11, unknown_destination=LOOKUPS_MAX,
                  rate_limited=1)
    world.df.do("port-del", {"id": 11})
    t.check("they go with the port", world.lookups(), [])


def questions_are_rationed(t):
    """However soon a lookup ends, a port does not make too many."""
    world = World(t)
    sent, many = 0, 120
    while sent < 5000 and not world.hv.drops(11).get("rate-limited", 0):
        world.wires[11].flood([packet(11, 1000 + sent + n)
                               for n in range(many)])
        sent += many
        t.wait("all have come", lambda: world.hv.counter(
            11, "rx-packets"), sent)
        t.check("there is room", len(world.lookups()) < LOOKUPS_MAX)
        world.hv.network(1, VNI)
        t.wait("none waits", lambda: sum(world.hv.drops(11).values()), sent)
        world.hv.network(1, VNI, flags=["on-demand"])
    t.log(f"{sent} packets, {world.hv.drops(11)}")
    t.check("the burst", sent > 200)
    t.check("not for ever", sent < 5000)


def the_memory_of_a_port_is_bounded(t):
    world = World(t)
    big = b"x" * 1400
    for n in range(LOOKUPS_MAX - 8):
        world.wires[11].flood([packet(11, 1000 + n, text=big)] * PACKETS_MAX)
    t.wait("some are dropped", lambda: world.hv.drops(11).get(
        "unresolved", 0) > 100)
    held = world.held()
    t.log(f"{held} packets are held")
    t.check("as many as there is room for", 100 < held < 500)
    world.wires[12].send(packet(12, 22))
    t.wait("another port has its own room", lambda: world.held(12), 1)
    world.df.do("port-del", {"id": 11})
    t.check("of the first nothing is left", world.held(11), 0)
    world.hv.vif(11, **addresses(11))

    def again():
        """What was sent before may still be on its way."""
        world.wires[11].flood([packet(11, 23, text=big)] * PACKETS_MAX)
        return world.held(11)
    t.wait("and the room is there again", again, PACKETS_MAX)


# what goes meanwhile


def a_port_goes_and_others_still_wait(t):
    world = World(t)
    world.elsewhere(21)
    world.wires[11].send(packet(11, 21))
    world.asked("the first", 11, mac=mac(21))
    world.wires[12].send(packet(12, 21))
    world.holds("both", 2)
    world.not_asked("the second")
    world.df.do("port-del", {"id": 11})
    world.asked("whoever is left", 12, mac=mac(21))
    world.holds("one", 1)
    world.found(21)
    t.check("it arrives", world.wires[21].receive(), packet(12, 21))
    t.check("the other one does not", world.wires[21].pending(), [])


def a_port_loses_its_device(t):
    world = World(t)
    world.elsewhere(21)
    world.wires[11].send(packet(11, 21))
    world.wires[12].send(packet(12, 21))
    world.holds("both", 2)
    run("ip", "link", "del", "p11xhv1", netns=world.hv.name)
    t.check("they still wait", world.held(), 2)
    world.found(21)
    t.check("the other one arrives", world.wires[21].receive(),
            packet(12, 21))
    world.dropped("the device is gone", 11, no_device=1)
    t.check("nothing else arrives", world.wires[21].pending(), [])


def a_port_goes_down(t):
    """What a packet was allowed is not what counts in the end."""
    world = World(t)
    world.wires[11].send(packet(11, 21))
    world.holds("it", 1)
    world.hv.vif(11, **addresses(11), flags=["admin-down"])
    world.found(21)
    world.dropped("down", 11, admin_down=1)


def a_network_is_on_demand_no_more(t):
    world = World(t)
    world.wires[11].send(packet(11, 21))
    world.wires[12].send(packet(12, 31, to=101))
    world.holds("both", 2)
    world.hv.network(1, VNI)
    world.dropped("as in others", 11, unknown_destination=1)
    t.check("the other network is as it was",
            [one["network"] for one in world.lookups()], [2])
    world.wires[11].send(packet(11, 21))
    world.dropped("at once", 11, unknown_destination=2)
    world.df.do("router-interface-del", {"id": 102})
    world.df.do("network-del", {"id": 2})
    world.dropped("the network is gone", 12, no_route=1)
    t.check("and so are its lookups", world.lookups(), [])


def a_namespace_ends_with_packets_that_wait(t):
    world = World(t)
    for n in range(100):
        world.wires[11].flood([packet(11, 1000 + n), packet(11, 21)])
        world.absent(ip4=f"10.1.3.{n + 1}")
    t.check("some wait", world.held() > 50)
    for client in (world.agent, world.df, world.hv.tc):
        client.close()
    netns_del(world.hv.name)
    t.wait("the device's other end goes with it", lambda: "p11xhv1p" in run(
        "ip", "link", netns=t.peers), False, seconds=20)


def the_module_goes_with_packets_that_wait(t):
    """Only filters hold it; what waits must not come back to nobody."""
    hv = t.hypervisor()
    hv.network(1, flags=["on-demand"])
    wires = [hv.wire(n) for n in (11, 12)]
    agent = Dragonflow(hv.name)
    agent.subscribe("miss")
    for wire, n in zip(wires, (11, 12)):
        for dst in range(21, 60):
            wire.send(packet(n, dst))
    t.wait("they wait", lambda: len(hv.df.dump("lookup-get")), 39)
    agent.close()
    hv.df.close()
    for n in (11, 12):
        hv.tc.filter_del(f"p{n}xhv")
    t.wait("it unloads", lambda: run("rmmod", "dragonflow",
                                     check=False), "", seconds=10)
    run("modprobe", "dragonflow")


def a_trace_says_so(t):
    world = World(t)

    def trace(what, frame, want):
        before = world.df.do("datapath-get")
        found = world.df.do("trace", {"port": 11, "frame": frame})
        step = found["step"][-2]
        t.check(what, [
            (found["verdict"], found.get("reason")),
            (step["stage"], step.get("lookup")),
            (found["step"][-1]["stage"], found["step"][-1].get("reason"))],
            want)
        t.check(f"{what}: and changes nothing", [
            world.df.do("datapath-get"), world.agent.event(0)],
            [before, None])
        return found["step"]

    cases = (("respond", ask(11, address(21), 4), who(21, 4)),
             ("respond", ask(11, address(21, 6), 6), who(21, 6)),
             ("switch", packet(11, 21), {"mac": mac(21)}),
             ("route", packet(11, 31, to=101), who(31, 4)),
             ("route", packet(11, 31, 6, to=101), who(31, 6)))
    for stage, sent, wanted in cases:
        network = 2 if stage == "route" else 1
        steps = trace(f"{stage}: would wait", sent,
                      [("wait", None), (stage, "pending"), ("lookup", None)])
        t.check(f"{stage}: for whom", {k: v for k, v in steps[-1].items()
                                       if k in ("network", *wanted)},
                {"network": network, **wanted})
        for _ in range(PACKETS_MAX):
            world.wires[11].send(sent)
        world.asked(stage, 11, network=network, **wanted)
        world.holds(stage, PACKETS_MAX)
        trace(f"{stage}: one too many", sent,
              [("drop", "unresolved"), (stage, "pending"),
               ("lookup", "unresolved")])
        world.absent(network=network, **wanted)
        t.wait("none waits", world.held, 0)
        steps = world.df.do("trace", {"port": 11, "frame": sent})["step"]
        t.check(f"{stage}: absent", [step.get("lookup") for step in steps
                                     if step["stage"] == stage], ["absent"])
    world.agent.close()
    world.agent = world.df      # which listens to nothing
    trace("nobody listens", packet(11, 22), [
        ("drop", "no-agent"), ("switch", "pending"), ("lookup", "no-agent")])


main(after_some_time_packets_are_dropped, without_an_agent_nothing_waits,
     an_agent_without_room_is_as_good_as_none,
     a_lookup_holds_so_many_packets, a_scan_harms_nobody_else,
     absent_ones_count_as_well, questions_are_rationed,
     the_memory_of_a_port_is_bounded,
     a_port_goes_and_others_still_wait, a_port_loses_its_device,
     a_port_goes_down, a_network_is_on_demand_no_more,
     a_namespace_ends_with_packets_that_wait,
     the_module_goes_with_packets_that_wait, a_trace_says_so)
