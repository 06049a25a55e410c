#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""Flow entries: what they match, what they count, how long they stay.

    +------------- hv -------------+
    |  p1   p2   p3     network 1  |
    |  p4   p5          network 2  |
    +--|----|----|-----------------+
       w1   w2   w3
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, ethernet, ip4, mac, main, mac_bytes, udp)


def frame(dst, src, text=b""):
    return ethernet(mac(dst) if isinstance(dst, int) else dst, mac(src),
                    payload=text)


def datagram(dst, src, sport=1000, dport=2000, host=1, **more):
    return ethernet(mac(dst), mac(src), 0x800, ip4(
        f"192.0.2.{host}", "192.0.2.200", 17, udp(sport, dport), **more))


def passes(t, what, sender, data, receiver):
    sender.send(data)
    t.check(f"{what}: arrives", receiver.receive(), data)


def walks_and_hits(hv, number):
    return (hv.counter(number, "flow-misses"),
            hv.counter(number, "flow-hits"))


def world(t, **more):
    hv = t.hypervisor()
    hv.network(1, 100)
    return (hv, *(hv.wire(n, **more) for n in (1, 2, 3)))


def entries_tell_match_action_and_counters(t):
    hv, w1, w2, _ = world(t)
    for _ in range(3):
        passes(t, "unicast", w1, frame(2, 1), w2)
    passes(t, "flood", w1, frame(BROADCAST, 1), w2)
    found = {f["match"]["eth-dst"]: f for f in hv.flows(1)}
    t.check("entries", sorted(found), [mac(2), BROADCAST])
    flow = found[mac(2)]
    t.check("unicast", {key: flow[key] for key in (
        "port", "class", "match", "action", "packets", "bytes")}, {
            "port": 1, "class": "l2",
            "match": {"eth-src": mac(1), "eth-dst": mac(2),
                      "eth-type": 0x88b5},
            "action": [{"type": "output", "port": 2}],
            # The first packet walked: the entry had not decided it.
            "packets": 2, "bytes": 120})
    t.check("not stale", "stale" in flow, False)
    t.check("its age is as it must be",
            flow["age-ms"] >= flow["idle-ms"] >= 0)
    t.check("flood", found[BROADCAST]["action"],
            [{"type": "flood", "network": 1}])
    t.check("the port counts them", hv.df.port(1)["flows"], 2)
    t.check("so does the namespace", hv.df.do("datapath-get")["flows"], 2)
    t.check("other ports have none", hv.flows(2), [])
    t.check("all ports' entries", len(hv.flows()), 2)
    t.check("walks and hits", walks_and_hits(hv, 1), (2, 2))


def classes_match_on_more_and_more(t):
    hv, w1, w2, _ = world(t)
    packets = [datagram(2, 1), datagram(2, 1, dport=2001),
               datagram(2, 1, host=7), datagram(2, 1, frag=0x2000)]
    want = {"l2": 1, "l3": 3, "connection": 4}
    for kind, entries in want.items():
        hv.vif(1, flow_class=kind)
        hv.df.do("flow-flush", {})
        t.check("flushed", hv.flows(), [])
        before = walks_and_hits(hv, 1)
        for data in packets * 2:
            passes(t, kind, w1, data, w2)
        found = hv.flows(1)
        t.check(f"entries of class {kind}", len(found), entries)
        t.check("their class", {f["class"] for f in found}, {kind})
        now = walks_and_hits(hv, 1)
        t.check(f"walks and hits of class {kind}",
                (now[0] - before[0], now[1] - before[1]),
                (entries, 2 * len(packets) - entries))
    match = [f["match"] for f in found if f["match"]["l4-dst"] == 2001][0]
    t.check("a connection", match, {
        "eth-src": mac(1), "eth-dst": mac(2), "eth-type": 0x800,
        "ip-proto": 17, "ip-fragment": "none", "ip4-src": "192.0.2.1",
        "ip4-dst": "192.0.2.200", "l4-src": 1000, "l4-dst": 2001})
    t.check("a fragment", sum(f["match"]["ip-fragment"] == "first"
                              for f in found), 1)


def a_change_concerns_only_what_rests_on_it(t):
    hv, w1, w2, w3 = world(t)
    hv.network(2)
    w4 = hv.wire(4, network=2)
    w5 = hv.wire(5, network=2)
    pairs = {"12": (w1, frame(2, 1), w2), "13": (w1, frame(3, 1), w3),
             "32": (w3, frame(2, 3), w2), "45": (w4, frame(5, 4), w5)}

    def send_all():
        for name, pair in pairs.items():
            passes(t, name, *pair)

    def stale():
        return sorted(f["match"]["eth-src"][-1] + f["match"]["eth-dst"][-1]
                      for f in hv.flows() if f.get("stale"))
    send_all()
    for what, change, want in (
            ("receiver", lambda: hv.vif(2), ["12", "32"]),
            ("sender", lambda: hv.vif(1), ["12", "13"]),
            ("network", lambda: hv.network(1, 100), ["12", "13", "32"]),
            ("other network", lambda: hv.network(2, 200), ["45"]),
            ("new port", lambda: hv.vif(77), []),
            ("its deletion", lambda: hv.df.do("port-del", {"id": 77}), []),
            ("new network", lambda: hv.network(9), [])):
        t.check("all are current", stale(), [])
        before = [walks_and_hits(hv, n)[0] for n in (1, 3, 4)]
        change()
        t.check(f"stale after a change of the {what}", stale(), want)
        send_all()
        walks = [walks_and_hits(hv, n)[0] - b
                 for n, b in zip((1, 3, 4), before)]
        t.check(f"walks after a change of the {what}", walks,
                [sum(w.startswith(n) for w in want) for n in "134"])


def unused_entries_age_and_used_ones_stay(t):
    hv, w1, w2, w3 = world(t)
    passes(t, "idle", w1, frame(2, 1), w2)
    hv.df.do("datapath-set", {"flow-idle-ms": 1000})

    def remaining():
        passes(t, "busy", w3, frame(2, 3), w2)
        return [f["match"]["eth-src"] for f in hv.flows()]
    t.wait("the idle one goes, the busy one stays", remaining, [mac(3)], 20)
    t.wait("then that goes, too", hv.flows, [], 20)
    t.check("the busy one was made once", walks_and_hits(hv, 3)[0], 1)
    t.check("none is counted", hv.df.do("datapath-get")["flows"], 0)


def a_scan_does_not_disturb_others(t):
    limit = 64
    hv, w1, w2, w3 = world(t)
    hv.network(1, 100, flags=["vlan-transparent"])
    hv.vif(1, flow_limit=limit)
    passes(t, "hot", w3, frame(2, 3), w2)
    before = walks_and_hits(hv, 3)
    for n in range(20 * limit):
        # Another source address each time: nothing fits an entry.
        w1.send(mac_bytes(mac(2)) + b"\x06" + struct.pack("!IB", n, 1)
                + frame(2, 1)[12:])
        if n % 100 == 0:
            w2.pending()
            w3.send(frame(2, 3))
    t.wait("all were received", lambda: hv.counter(1, "rx-packets"),
           20 * limit)
    t.check("it holds no more than its limit",
            hv.df.port(1)["flows"] <= limit)
    t.check("others had to make room",
            hv.counter(1, "flow-evictions") > 0)
    after = walks_and_hits(hv, 3)
    t.check("the hot entry stayed hot", (after[0] - before[0],
                                         after[1] - before[1]), (0, 13))
    t.check("as the dump agrees", len(hv.flows(3)), 1)


def what_is_used_survives_a_scan_of_its_own_port(t):
    limit = 64
    hv, w1, w2, _ = world(t)
    hv.vif(1, flow_limit=limit)
    hot = frame(2, 1)
    passes(t, "hot", w1, hot, w2)
    for n in range(10 * limit):
        w1.send(mac_bytes(mac(2)) + b"\x06" + struct.pack("!IB", n, 1)
                + hot[12:])
        w1.send(hot)
        if n % 100 == 0:
            w2.pending()
    t.wait("all were received", lambda: hv.counter(1, "rx-packets"),
           20 * limit + 1)
    t.check("it was decided by its entry, all the time",
            hv.counter(1, "flow-hits"), 10 * limit)
    hv.vif(1, flow_limit=0)
    hv.df.do("flow-flush", {"port": 1})
    before = walks_and_hits(hv, 1)
    w2.pending()
    for _ in range(3):
        passes(t, "without a cache", w1, hot, w2)
    now = walks_and_hits(hv, 1)
    t.check("every packet walks", (now[0] - before[0], now[1] - before[1]),
            (3, 0))
    t.check("no entry", hv.flows(1), [])


def a_flush_empties_one_port_or_all(t):
    hv, w1, w2, w3 = world(t)
    for wire, n in ((w1, 1), (w3, 3)):
        passes(t, f"from {n}", wire, frame(2, n), w2)
    hv.df.do("flow-flush", {"port": 1})
    t.check("one", [f["port"] for f in hv.flows()], [3])
    hv.df.do("flow-flush", {})
    t.check("all", hv.flows(), [])
    passes(t, "afterwards", w1, frame(2, 1), w2)


def a_dump_of_many_entries_is_whole(t):
    hv, w1, w2, _ = world(t)
    count = 3000
    for n in range(count):
        w1.send(mac_bytes(mac(2)) + b"\x06" + struct.pack("!IB", n, 1)
                + frame(2, 1)[12:])
        if n % 100 == 0:
            w2.pending()
    t.wait("entries", lambda: hv.df.port(1)["flows"], count)
    # A table that grows meanwhile may show an entry twice, never hide one.
    seen = {f["match"]["eth-src"] for f in hv.flows(1)}
    t.check("entries in the dump", len(seen), count)


main(entries_tell_match_action_and_counters, classes_match_on_more_and_more,
     a_change_concerns_only_what_rests_on_it,
     unused_entries_age_and_used_ones_stay, a_scan_does_not_disturb_others,
     what_is_used_survives_a_scan_of_its_own_port,
     a_flush_empties_one_port_or_all, a_dump_of_many_entries_is_whole)
