#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Ports, devices, namespaces and the module itself come and go under traffic.

    +------ hv1 ------+  cable   +------ hv2 ------+
    |  p1   p2   tun0 |----------| tun0   p3   p4  |
    +--|----|---------+          +--------|----|---+
       w1   w2                            w3   w4
"""
import errno
import os
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    Dragonflow, Refused, Tc)
from dfns import netns_del  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, Background, Failure, Wire, ethernet, ip_batch, mac, main,
    poll, run)

TUNNEL = 1000


def frame(dst, src, text=b""):
    return ethernet(mac(dst) if isinstance(dst, int) else dst, mac(src),
                    payload=text)


def passes(t, what, sender, data, receiver):
    sender.send(data)
    t.check(f"{what}: arrives", receiver.receive(), data)


def keep_sending(far, dev, data, pause):
    """A process's body: until it is killed, with a pause between packets."""
    wire = Wire(far, dev)
    # whatever time the test itself leaves: several of us, without a pause,
    # would leave it little of a single processor
    os.nice(10)
    while True:
        time.sleep(pause)
        try:
            wire.send(data)
        except OSError as problem:
            # the device may go before us
            if problem.errno not in (errno.ENETDOWN, errno.ENXIO,
                                     errno.ENOBUFS, errno.ENODEV):
                raise
            time.sleep(0.01)


def traffic(t, dev, data, pause=0):
    return Background(t, keep_sending, t.peers, dev, data, pause)


def pair(t):
    """Two hypervisors, joined by a cable, with network 1."""
    hvs = [t.hypervisor("hv1"), t.hypervisor("hv2")]
    hvs[0].tc.veth("cable", "cable", hvs[1].name, 1600)
    for n, hv in enumerate(hvs, 1):
        ip_batch(hv.name, "link set cable up",
                 f"address add 198.51.100.{n}/24 dev cable",
                 "link add tun0 type vxlan external dstport 4789",
                 "link set tun0 up")
        hv.network(1, 100)
        hv.tunnel(TUNNEL, "tun0")
        hv.chassis(3 - n, TUNNEL, f"198.51.100.{3 - n}")
    return hvs


def a_port_moves_under_traffic(t):
    """Its binding changes on both hypervisors; it is reachable at once."""
    one, two = pair(t)
    w1, w2 = one.wire(1), one.wire(2)
    two.remote(1, 1)
    two.remote(2, 1)
    w3 = t.open_wire(two.device("p2xhv2"))
    two.tc.attach("p2xhv2", 2)
    data = frame(2, 1, b"wherever you are")
    passes(t, "at home", w1, data, w2)
    sender = traffic(t, w1.dev, data, .002)
    for n in range(4):
        begin = time.monotonic()
        two.vif(2)
        one.remote(2, 2)
        w2.pending()
        w3.pending()
        t.check(f"move {n}: arrives over there", w3.receive(), data)
        there = time.monotonic() - begin
        w2.pending()
        t.check(f"move {n}: not here any more", w2.receive(0.05), None)
        begin = time.monotonic()
        one.vif(2)
        two.remote(2, 1)
        w2.pending()
        t.check(f"move {n}: arrives here", w2.receive(), data)
        t.log(f"move {n}: {there:.3f} s there, "
              f"{time.monotonic() - begin:.3f} s back")
        t.check(f"move {n}: within a second", there < 1)
    sender.stop()


def ports_are_deleted_under_traffic(t):
    one, two = pair(t)
    w1, w2 = one.wire(1), one.wire(2)
    w3 = two.wire(3)
    two.remote(1, 1)
    one.remote(3, 2)
    senders = [traffic(t, w1.dev, frame(dst, 1)) for dst in (2, 3, BROADCAST)]
    senders.append(traffic(t, w3.dev, frame(1, 3)))
    for n in range(20):
        for hv, number in ((one, 2), (one, 3), (two, 3), (one, 1)):
            hv.df.do("port-del", {"id": number})
        one.vif(2)
        one.vif(1)
        one.remote(3, 2)
        two.vif(3)
        if n % 5 == 0:
            one.network(1, 100 + n)
            two.network(1, 100 + n)
            one.chassis(2, TUNNEL, "198.51.100.2")
    for sender in senders:
        sender.stop()
    w2.pending()
    passes(t, "afterwards", w1, frame(2, 1, b"still there"), w2)


def tunnel_device(hv):
    ip_batch(hv.name, "link add tun0 type vxlan external dstport 4789",
             "link set tun0 up")
    hv.tc.attach("tun0", TUNNEL)


def tunnels_and_what_leads_there_go_under_traffic(t):
    """Device, filter, chassis, tunnel port and network, in both directions."""
    one, two = pair(t)
    w1, w3 = one.wire(1), two.wire(3)
    two.remote(1, 1)
    one.remote(3, 2)
    senders = [traffic(t, w.dev, frame(dst, src))
               for w, src, dst in ((w1, 1, 3), (w1, 1, BROADCAST), (w3, 3, 1),
                                   (w3, 3, BROADCAST))]
    for _ in range(4):
        two.ip("link", "del", "tun0")
        tunnel_device(two)
        one.tc.clsact_del("tun0")
        one.tc.attach("tun0", TUNNEL)
        for hv, far, chassis in ((one, 3, 2), (two, 1, 1)):
            hv.df.do("port-del", {"id": far})
            hv.df.do("chassis-del", {"id": chassis})
            hv.df.do("port-del", {"id": TUNNEL})
            hv.df.do("port-del", {"id": 4 - far})
            hv.df.do("network-del", {"id": 1})
        for n, hv in enumerate((one, two), 1):
            hv.network(1, 100)
            hv.tunnel(TUNNEL)
            hv.chassis(3 - n, TUNNEL, f"198.51.100.{3 - n}")
            hv.vif(2 * n - 1)
            hv.remote(5 - 2 * n, 3 - n)
    for sender in senders:
        sender.stop()
    for wire in (w1, w3):
        wire.pending()
    passes(t, "afterwards, there", w1, frame(3, 1, b"still"), w3)
    passes(t, "afterwards, back", w3, frame(1, 3, b"still"), w1)


def filters_change_under_traffic(t):
    """The device is one port and then another, never both, never none."""
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    hv.vif(3)
    senders = [traffic(t, w1.dev, frame(dst, 1)) for dst in (2, 3, BROADCAST)]
    senders.append(traffic(t, w2.dev, frame(1, 2)))
    for n in range(100):
        hv.tc.change("p2xhv", 3 - n % 2)
        port = hv.df.port(3 - n % 2)
        t.check(f"change {n}: its device", port.get("ifindex"),
                hv.tc.ifindex("p2xhv"))
    for sender in senders:
        sender.stop()
    t.check("the device was never without a port",
            hv.df.do("datapath-get")["unbound-drops"], 0)
    w2.pending()
    passes(t, "afterwards", w1, frame(2, 1, b"still there"), w2)


def devices_are_deleted_and_return_under_traffic(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    sender = traffic(t, w1.dev, frame(2, 1))
    t.check("it arrives", w2.receive() is not None)
    for n in range(8):
        hv.ip("link", "del", "p2xhv")
        t.check(f"device {n} is gone", hv.df.port(2).get("ifindex"), None)
        before = hv.drops(1).get("no-device", 0)
        t.check(f"{n}: no device", poll(
            lambda b=before: hv.drops(1).get("no-device", 0) > b))
        hv.device("p2xhv")
        hv.tc.attach("p2xhv", 2)
        t.check(f"{n}: it arrives again",
                t.open_wire("p2xhvp").receive() is not None)
    sender.stop()


def a_renamed_device_stays_its_port(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    index = hv.tc.ifindex("p2xhv")
    hv.ip("link", "set", "p2xhv", "down")
    hv.ip("link", "set", "p2xhv", "name", "renamed")
    hv.ip("link", "set", "renamed", "up")
    t.check("the device", hv.df.port(2)["ifindex"], index)
    t.wait("carrier", lambda: "LOWER_UP" in hv.ip("link", "show", "renamed"))
    passes(t, "to it", w1, frame(2, 1), w2)
    passes(t, "from it", w2, frame(1, 2), w1)


def a_device_that_leaves_is_detached(t):
    """Its clsact goes with it into the other namespace, or is gone; in no
    case does it pass packets of a port that is not its own.
    """
    one, two = t.hypervisor("one"), t.hypervisor("two")
    for hv in (one, two):
        hv.network(1)
    w1, w2 = one.wire(1), one.wire(2)
    w9 = two.wire(9)
    two.vif(2)
    passes(t, "before", w1, frame(2, 1), w2)
    sender = traffic(t, w1.dev, frame(2, 1))
    one.ip("link", "set", "p2xone", "netns", two.name)
    sender.stop()
    t.check("no device any more", one.df.port(2).get("ifindex"), None)
    two.ip("link", "set", "p2xone", "up")
    w2.send(frame(9, 2, b"stranger"))
    t.check("the new namespace does not take it for a port",
            w9.receive(0.5), None)
    two.tc.attach("p2xone", 2)
    passes(t, "attached there", w2, frame(9, 2), w9)


def a_device_becomes_another_port(t):
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    hv.vif(3)
    hv.tc.change("p2xhv", 3)
    t.check("the old port", hv.df.port(2).get("ifindex"), None)
    t.check("the new one", hv.df.port(3).get("ifindex"),
            hv.tc.ifindex("p2xhv"))
    passes(t, "to the new one", w1, frame(3, 1), w2)
    passes(t, "from the new one", w2, frame(1, 3), w1)
    t.check("the filter says so", hv.tc.filters("p2xhv"), [3])
    try:
        hv.tc.change("p2xhv", 1)
        t.check("the port of another device", False)
    except Refused as refusal:
        t.check("the port of another device", refusal.errno, errno.EEXIST)
    t.check("it stays what it was", hv.tc.filters("p2xhv"), [3])


def references():
    with open("/sys/module/dragonflow/refcnt", encoding="ascii") as f:
        return int(f.read())


def is_unloaded():
    try:
        run("rmmod", "dragonflow")
    except Failure:
        return False
    return True


def the_module_stays_while_it_is_used_and_reloads_under_traffic(t):
    t.require("it is unused", poll(lambda: references() == 0, 20))
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    sender = traffic(t, w1.dev, frame(2, 1))
    flood = traffic(t, w2.dev, frame(BROADCAST, 2))
    t.check("it arrives", w2.receive() is not None)
    said = run("rmmod", "dragonflow", check=False)
    t.check("it is in use", "in use" in said)
    for n in range(3):
        for dev in ("p1xhv", "p2xhv"):
            hv.tc.filter_del(dev)
        hv.df.close()
        t.check(f"unload {n}", bool(poll(is_unloaded, 10)))
        run("modprobe", "dragonflow")
        hv.df = Dragonflow(hv.name)
        t.check("nothing is programmed",
                hv.df.do("datapath-get")["ports"], 0)
        for number in (1, 2):
            hv.tc.filter(f"p{number}xhv", number)
        hv.network(1)
        hv.vif(1)
        hv.vif(2)
        w2.pending()
        t.check(f"reloaded {n}: it arrives", w2.receive() is not None)
    sender.stop()
    flood.stop()


def a_namespace_goes_under_traffic(t):
    for _ in range(4):
        one, two = pair(t)
        w1 = one.wire(1)
        two.wire(3)
        two.remote(1, 1)
        one.remote(3, 2)
        senders = [traffic(t, w1.dev, frame(dst, 1))
                   for dst in (3, BROADCAST)]
        t.check("it flows", poll(
            lambda w=two: w.counter(TUNNEL, "rx-packets") > 10))
        for hv in (two, one):
            hv.df.close()
            hv.tc.close()
            netns_del(hv.name)
        for sender in senders:
            sender.stop()
        t.end()
    t.check("no filter is left", poll(lambda: references() == 0, 20))


def tracepoints_fire(t):
    tracing = pathlib.Path("/sys/kernel/tracing")
    if not (tracing / "events/dragonflow").is_dir():
        tracing = pathlib.Path("/sys/kernel/debug/tracing")
    events = tracing / "events/dragonflow/enable"
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = hv.wire(1), hv.wire(2)
    (tracing / "trace").write_text("", encoding="ascii")
    events.write_text("1", encoding="ascii")
    t.defer(events.write_text, "0", "ascii")
    passes(t, "first", w1, frame(2, 1), w2)
    passes(t, "second", w1, frame(2, 1), w2)
    w1.send(frame(9, 1))
    t.wait("dropped", lambda: hv.drops(1), {"unknown-destination": 1})
    seen = [line.partition(": df_")[2] for line in
            (tracing / "trace").read_text(encoding="ascii").splitlines()
            if ": df_" in line]
    t.check("what fired", [line.split(":")[0] for line in seen],
            ["miss", "output", "output", "miss", "drop"])
    for what, line, pattern in (
            ("miss", seen[0], f"port=1 .*src={mac(1)} dst={mac(2)} "
                              "protocol=0x88b5"),
            ("output", seen[1], "in_port=1 out_port=2 "),
            ("drop", seen[4], "port=1 reason=unknown-destination ")):
        t.check(f"{what}: {line}", bool(re.search(pattern, line)))


def everything_at_once_leaves_a_working_network(t):
    """Programming, attaching, flushing, dumping and traffic, all together."""
    hv = t.hypervisor()
    hv.network(1)
    wires = [hv.wire(n) for n in (1, 2, 3)]
    senders = [traffic(t, wires[0].dev, frame(dst, 1))
               for dst in (2, BROADCAST, 9)]
    stop, problems = threading.Event(), []

    def again(function):
        try:
            df, tc = Dragonflow(hv.name), Tc(hv.name)
            while not stop.is_set():
                function(df, tc)
            df.close()
            tc.close()
        except OSError as problem:
            problems.append(problem)

    def reattach(df, tc):
        del df
        tc.filter_del("p2xhv")
        tc.filter("p2xhv", 2)

    def replace(df, tc):
        del tc
        df.do("port-new", {"id": 3, "type": "vif", "network": 1,
                           "mac": mac(3)})
        df.do("port-del", {"id": 3})

    def disturb(df, tc):
        del tc
        df.do("flow-flush", {})
        df.do("network-new", {"id": 1, "vni": 5})
        df.dump("flow-get")
        df.dump("port-get")
    threads = [threading.Thread(target=again, args=(f,))
               for f in (reattach, replace, disturb)]
    for thread in threads:
        thread.start()
    stop.wait(5)
    stop.set()
    for thread in threads:
        thread.join()
    for sender in senders:
        sender.stop()
    t.check("no request failed", problems, [])
    hv.vif(3)
    for wire in wires:
        wire.pending()
    passes(t, "afterwards", wires[0], frame(2, 1, b"x"), wires[1])
    passes(t, "to the other", wires[0], frame(3, 1, b"x"), wires[2])


main(a_port_moves_under_traffic, ports_are_deleted_under_traffic,
     tunnels_and_what_leads_there_go_under_traffic,
     filters_change_under_traffic,
     devices_are_deleted_and_return_under_traffic,
     a_renamed_device_stays_its_port, a_device_that_leaves_is_detached,
     a_device_becomes_another_port, tracepoints_fire,
     everything_at_once_leaves_a_working_network,
     a_namespace_goes_under_traffic,
     the_module_stays_while_it_is_used_and_reloads_under_traffic)
