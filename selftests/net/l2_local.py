#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""Networks of one hypervisor.

    +------------------- hv -------------------+
    |  network 1              network 2        |
    |  p1   p2   p3           p4   p5          |   ports, each a veth
    +--|----|----|------------|----|-----------+
       w1   w2   w3           w4   w5              wires: packet sockets, or
                                                   namespaces with a stack
"""
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, ethernet, ip_batch, link_up, mac, main, run)

MULTICAST = "01:00:5e:00:00:05"


def frame(dst, src, text, **more):
    return ethernet(mac(dst) if isinstance(dst, int) else dst,
                    mac(src) if isinstance(src, int) else src,
                    payload=text.encode(), **more)


def arrives(t, what, wire, want, others=()):
    """The next frame on the wire is this one, and it is the only one."""
    t.check(f"{what}: arrives", wire.receive(), want)
    t.check(f"{what}: once", wire.pending(), [])
    for other in others:
        t.check(f"{what}: nowhere else", other.pending(), [])


def is_dropped(t, hv, what, wire, port, data, reason, others=(), times=1):
    """Sent into a port, the packet is counted for this reason and is gone."""
    before = hv.drops(port)
    for _ in range(times):
        wire.send(data)
    want = {**before, reason: before.get(reason, 0) + times}
    t.wait(f"{what}: dropped as {reason}", lambda: hv.drops(port), want)
    for other in others:
        t.check(f"{what}: nowhere", other.pending(), [])


def unicast_reaches_its_port_and_no_other(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2, w3 = (hv.wire(n) for n in (1, 2, 3))
    for n in range(3):
        data = frame(2, 1, f"to two {n}")
        w1.send(data)
        arrives(t, f"frame {n}", w2, data, [w1, w3])
    data = frame(1, 2, "back")
    w2.send(data)
    arrives(t, "answer", w1, data, [w2, w3])
    t.check("received", hv.counter(1, "rx-packets"), 3)
    t.check("received bytes", hv.counter(1, "rx-bytes"), 3 * 60)
    t.check("transmitted", hv.counter(2, "tx-packets"), 3)
    t.check("transmitted bytes", hv.counter(2, "tx-bytes"), 3 * 60)
    t.check("first a walk, then the flow entry",
            (hv.counter(1, "flow-misses"), hv.counter(1, "flow-hits")),
            (1, 2))
    t.check("nothing dropped", [hv.drops(n) for n in (1, 2, 3)], [{}] * 3)


def stacks_talk_ip_and_find_each_other(t):
    hv = t.hypervisor()
    hv.network(1)
    names = []
    for n in (1, 2):
        hv.vif(n, flow_class="connection")
        names.append(hv.stack(n))
    # The first packets are ARP and neighbour discovery.
    for address in ("192.0.2.2", "2001:db8::2"):
        run("ping", "-n", "-c", "3", "-i", "0.2", "-W", "5", address,
            netns=names[0])
    t.check("nothing malformed", [hv.drops(n).get("malformed")
                                  for n in (1, 2)], [None] * 2)
    kinds = {(f["match"]["eth-type"], f["match"].get("ip-proto"))
             for f in hv.flows(1)}
    for kind in ((0x0800, 1), (0x86dd, 58)):
        t.check(f"a flow of {kind}", kind in kinds)
    t.check("what becomes of ARP is asked anew", (0x0806, 1) in kinds, False)
    # A ping that must be fragmented, and its answer.
    run("ping", "-n", "-c", "1", "-W", "5", "-s", "4000", "192.0.2.2",
        netns=names[0])
    run("ping", "-n", "-c", "1", "-W", "5", "-s", "4000", "2001:db8::2",
        netns=names[0])


def groups_reach_all_others_exactly_once(t):
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    wires = {n: hv.wire(n) for n in (1, 2, 3)}
    other = hv.wire(4, network=2)
    for dst in (BROADCAST, MULTICAST, "33:33:00:00:00:01"):
        for n in (1, 2):
            data = frame(dst, n, f"{dst} {n}")
            wires[n].send(data)
            for m, wire in wires.items():
                if m != n:
                    arrives(t, f"{dst} from {n} to {m}", wire, data)
            t.check("not to the sender", wires[n].pending(), [])
            t.check("not to another network", other.pending(), [])
    t.check("nothing dropped", [hv.drops(n) for n in (1, 2, 3, 4)], [{}] * 4)


def networks_with_the_same_addresses_stay_apart(t):
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    w1, w2 = (hv.wire(n) for n in (1, 2))
    w4, w5 = (hv.wire(n, network=2, address=mac(n - 3)) for n in (4, 5))
    for sender, receiver, others in ((w1, w2, (w4, w5)), (w4, w5, (w1, w2))):
        for n in range(2):
            data = frame(2, 1, f"same {n} {receiver.dev}")
            sender.send(data)
            arrives(t, f"unicast {n} to {receiver.dev}", receiver, data,
                    others)
        data = frame(BROADCAST, 1, f"same {receiver.dev}")
        sender.send(data)
        arrives(t, f"broadcast to {receiver.dev}", receiver, data, others)


def unknown_destination_is_dropped(t):
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    w1, w2 = hv.wire(1), hv.wire(2)
    w4 = hv.wire(4, network=2)
    is_dropped(t, hv, "nobody's", w1, 1, frame(9, 1, ""),
               "unknown-destination", [w2, w4], times=3)
    is_dropped(t, hv, "another network's", w1, 1, frame(4, 1, ""),
               "unknown-destination", [w2, w4])
    data = frame(9, 1, "now it is there")
    w9 = hv.wire(9)
    w1.send(data)
    arrives(t, "a new port", w9, data)


def a_port_that_is_the_source_is_not_sent_to(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    is_dropped(t, hv, "itself", w1, 1, frame(1, 1, ""), "reflection",
               [w1, w2], times=2)


def a_device_without_port_passes_nothing(t):
    hv = t.hypervisor()
    hv.network(1)
    w2 = hv.wire(2)
    far = hv.device("lost")
    hv.tc.attach("lost", 77)
    wire = t.open_wire(far)
    for dst in (2, BROADCAST):
        wire.send(frame(dst, 1, "lost"))
    t.wait("they are counted",
           lambda: hv.df.do("datapath-get")["unbound-drops"], 2)
    t.check("nothing passes", w2.pending(), [])
    hv.vif(77)
    data = frame(2, 77, "found")
    wire.send(data)
    arrives(t, "once there is a port", w2, data)
    hv.df.do("port-del", {"id": 77})
    wire.send(frame(2, 77, "lost again"))
    t.wait("once it is gone",
           lambda: hv.df.do("datapath-get")["unbound-drops"], 3)
    t.check("nothing passes any more", w2.pending(), [])


def nothing_leaks_to_the_hypervisors_stack(t):
    hv = t.hypervisor()
    hv.network(1)
    w1 = hv.wire(1)
    hv.ip("address", "add", "192.0.2.1/24", "dev", "p1xhv")
    packet = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1,
                         bytes.fromhex("020000000001"), b"\xc0\0\2\2",
                         bytes(6), b"\xc0\0\2\1")
    w1.send(ethernet(BROADCAST, mac(1), 0x806, packet))
    t.wait("it was received", lambda: hv.counter(1, "rx-packets"), 1)
    t.check("no answer from the hypervisor", w1.receive(0.3), None)


def ports_that_are_down_neither_send_nor_receive(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2, w3 = (hv.wire(n) for n in (1, 2, 3))
    data = frame(2, 1, "before")
    w1.send(data)
    arrives(t, "up", w2, data)
    hv.vif(2, flags=["admin-down"])
    is_dropped(t, hv, "to it", w1, 1, frame(2, 1, ""), "admin-down",
               [w2, w3], times=2)
    is_dropped(t, hv, "from it", w2, 2, frame(1, 2, ""), "admin-down",
               [w1, w3], times=2)
    data = frame(BROADCAST, 1, "flood")
    w1.send(data)
    arrives(t, "flood", w3, data, [w2])
    hv.vif(2)
    data = frame(2, 1, "after")
    w1.send(data)
    arrives(t, "up again", w2, data)


def vlan_tags_need_a_transparent_network(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    tagged = frame(2, 1, "tagged", vlan=42)
    is_dropped(t, hv, "tag", w1, 1, tagged, "vlan", [w2], times=2)
    is_dropped(t, hv, "priority tag", w1, 1, frame(2, 1, "", vlan=0),
               "vlan", [w2])
    hv.network(1, flags=["vlan-transparent"])
    for _ in range(2):
        w1.send(tagged)
        arrives(t, "transparent", w2, tagged)
    double = tagged[:12] + struct.pack("!HH", 0x88a8, 7) + tagged[12:]
    w1.send(double)
    arrives(t, "two tags", w2, double)
    flood = frame(BROADCAST, 1, "tagged", vlan=42)
    w1.send(flood)
    arrives(t, "tagged flood", w2, flood)
    tags = {f["match"].get("vlan-tci", 0) & 0xfff for f in hv.flows(1)}
    t.check("tags in the flow entries", tags, {42, 7})
    hv.network(1)
    is_dropped(t, hv, "not any more", w1, 1, tagged, "vlan", [w2])


def group_sources_are_refused(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    for source in (MULTICAST, BROADCAST, "00:00:00:00:00:00"):
        is_dropped(t, hv, source, w1, 1, frame(2, source, ""),
                   "source-multicast", [w2], times=2)


def a_port_without_device_is_named_as_reason(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w3 = hv.wire(1), hv.wire(3)
    hv.vif(2)
    is_dropped(t, hv, "no device", w1, 1, frame(2, 1, ""), "no-device", [w3],
               times=2)
    hv.ip("link", "set", "p3xhv", "down")
    is_dropped(t, hv, "device down", w1, 1, frame(3, 1, ""), "transmit",
               times=2)
    hv.ip("link", "set", "p3xhv", "up")
    data = frame(3, 1, "up")
    t.wait("the far end has carrier", lambda: "LOWER_UP" in run(
        "ip", "-n", t.peers, "link", "show", "p3xhvp"))
    w1.send(data)
    arrives(t, "device up", w3, data)


def a_cable_between_networks_joins_them(t):
    """A veth pair whose ends are ports, as a workload that bridges."""
    hv = t.hypervisor()
    hv.network(1)
    hv.network(2)
    hv.tc.veth("cable1", "cable2", hv.name)
    link_up(hv.name, "cable2")
    for n, dev in ((8, "cable1"), (9, "cable2")):
        hv.vif(n, network=n - 7)
        hv.tc.attach(dev, n)
    w1, w4 = hv.wire(1), hv.wire(4, network=2)
    t.wait("the cable is there", lambda: "LOWER_UP" in hv.ip(
        "link", "show", "cable1"))
    data = frame(BROADCAST, 1, "joined")
    w1.send(data)
    arrives(t, "from network to network", w4, data, [w1])


def what_crosses_too_many_ports_at_once_is_dropped(t):
    """Four cables in a row, from network 1 to network 5, that deliver while
    their sender still sends: the kernel's stack grows with each.
    """
    run("insmod", f"{os.environ['DF_BUILD']}/kmod-{os.uname().release}"
        "/selftests/module/dfsync.ko")
    t.defer(run, "rmmod", "dfsync")
    hv, ends = t.hypervisor(), range(8)
    ip_batch(None, *(f"link set dfsync{n} netns {hv.name}" for n in ends))
    ip_batch(hv.name, *(f"link set dfsync{n} up" for n in ends))
    for network in range(1, 6):
        hv.network(network)
    for n in ends:
        hv.vif(10 + n, network=(n + 1) // 2 + 1)
        hv.tc.attach(f"dfsync{n}", 10 + n)
    wires = [hv.wire(n, network=n) for n in range(1, 6)]
    data = frame(BROADCAST, 1, "goes far")
    wires[0].send(data)
    t.wait("dropped where the fifth receives it", lambda: hv.drops(17),
           {"loop": 1})
    for n in range(1, 4):
        arrives(t, f"in network {n + 1}", wires[n], data)
    t.check("no farther", wires[4].pending(), [])


main(unicast_reaches_its_port_and_no_other,
     stacks_talk_ip_and_find_each_other,
     groups_reach_all_others_exactly_once,
     networks_with_the_same_addresses_stay_apart,
     unknown_destination_is_dropped,
     a_port_that_is_the_source_is_not_sent_to,
     a_device_without_port_passes_nothing,
     nothing_leaks_to_the_hypervisors_stack,
     ports_that_are_down_neither_send_nor_receive,
     vlan_tags_need_a_transparent_network, group_sources_are_refused,
     a_port_without_device_is_named_as_reason,
     a_cable_between_networks_joins_them,
     what_crosses_too_many_ports_at_once_is_dropped)
