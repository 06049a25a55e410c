#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Networks across hypervisors.

     w11  w12             w21  w22             w31
      |    |               |    |               |
    +-p11--p12-+         +-p21--p22-+         +-p31------+
    |   hv1    |         |   hv2    |         |   hv3    |
    |  tunnel  |         |  tunnel  |         |  tunnel  |   vxlan or geneve
    +-underlay-+         +-underlay-+         +-underlay-+
         | .1                 | .2                 | .3      198.51.100.0/24
    -----+-------- bridge ----+--------------------+----     2001:db8:ffff::/64
"""
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    FLAVOURS, TUNNEL, UNDERLAY_MTU, VNI, arrives, cloud, everywhere, frame,
    gso_packet, sent, underlay_address)
from dfstream import stream  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, ethernet, ip4, mac, main, run, udp)


def unicast(kind, family):
    def case(t):
        hvs = cloud(t, kind, family)
        w11, w12 = everywhere(hvs, 11, 1), everywhere(hvs, 12, 1)
        w21 = everywhere(hvs, 21, 2)
        for n in range(3):
            data = frame(21, 11, f"there {n}")
            w11.send(data)
            arrives(t, f"there {n}", w21, data, [w12])
            data = frame(11, 21, f"back {n}")
            w21.send(data)
            arrives(t, f"back {n}", w11, data, [w12])
        for hv, local in zip(hvs, (11, 21)):
            t.check("nothing dropped",
                    [hv.drops(local), hv.drops(TUNNEL)], [{}, {}])
            t.check("counted at the tunnel",
                    [hv.counter(TUNNEL, name)
                     for name in ("rx-packets", "tx-packets")], [3, 3])
        actions = [f["action"][0] for f in hvs[0].flows(11)]
        t.check("the flow entry there", actions,
                [{"type": "tunnel", "chassis": 2, "tunnel-id": VNI}])
        found = hvs[1].flows(TUNNEL)
        t.check("the flow entry here",
                [(f["match"]["tunnel-id"], f["action"][0]) for f in found],
                [(VNI, {"type": "output", "port": 21})])
    case.__name__ = f"unicast_over_{kind}_and_ipv{family}"
    return case


def floods_reach_every_port_of_the_network_once(t):
    hvs = cloud(t, "vxlan", 4, 3)
    for hv in hvs:
        hv.network(2, VNI + 1)
    wires = {n: everywhere(hvs, n, n // 10) for n in (11, 12, 21, 22, 31)}
    other = everywhere(hvs, 41, 2, network=2, address=mac(11))
    for dst in (BROADCAST, "01:00:5e:00:00:05"):
        for src in (11, 31):
            data = frame(dst, src, f"flood {dst} {src}")
            wires[src].send(data)
            for n, wire in wires.items():
                if n != src:
                    arrives(t, f"{dst} from {src} at {n}", wire, data)
            t.check("never to its sender", wires[src].pending(), [])
            t.check("never to another network", other.pending(), [])
    t.check("one packet for each hypervisor",
            [hv.counter(TUNNEL, "tx-packets") for hv in hvs], [4, 0, 4])
    t.check("none comes back into a tunnel",
            [hv.counter(TUNNEL, "rx-packets") for hv in hvs], [2, 4, 2])


def floods_stay_at_home_without_others(t):
    """A hypervisor that holds no port of the network gets nothing."""
    hvs = cloud(t, "vxlan", 4, 3)
    w11, w21 = everywhere(hvs[:2], 11, 1), everywhere(hvs[:2], 21, 2)
    data = frame(BROADCAST, 11, "two of three")
    w11.send(data)
    arrives(t, "flood", w21, data)
    t.check("the third has received nothing",
            hvs[2].counter(TUNNEL, "rx-packets"), 0)
    hvs[0].df.do("port-del", {"id": 21})
    w11.send(frame(BROADCAST, 11, "alone"))
    t.wait("it was received", lambda: hvs[0].counter(11, "rx-packets"), 2)
    t.check("nobody gets it", w21.receive(0.3), None)


def networks_are_told_apart_by_their_vni(t):
    hvs = cloud(t, "geneve", 4)
    for hv in hvs:
        hv.network(2, VNI + 1)
    one = [everywhere(hvs, n, n // 10) for n in (11, 21)]
    two = [everywhere(hvs, n + 100, n // 10, 2, mac(n)) for n in (11, 21)]
    for (sender, receiver), others in ((one, two), (two, one)):
        data = frame(21, 11, sender.dev)
        sender.send(data)
        arrives(t, f"from {sender.dev}", receiver, data, others)
        data = frame(BROADCAST, 11, f"flood {sender.dev}")
        sender.send(data)
        arrives(t, f"flood from {sender.dev}", receiver, data, others)


def what_comes_out_of_a_tunnel_is_checked(t):
    hvs = cloud(t, "vxlan", 4)
    w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
    hvs[0].remote(99, 2)
    w11.send(frame(99, 11, "moved away"))
    t.wait("nobody's address", lambda: hvs[1].drops(TUNNEL),
           {"unknown-destination": 1})
    hvs[1].remote(99, 1)
    w11.send(frame(99, 11, "from tunnel to tunnel"))
    t.wait("a remote port's address", lambda: hvs[1].drops(TUNNEL),
           {"unknown-destination": 1, "reflection": 1})
    hvs[1].network(1, VNI + 7)
    w11.send(frame(21, 11, "nobody's VNI"))
    t.wait("an unknown VNI", lambda: hvs[1].drops(TUNNEL),
           {"unknown-destination": 1, "reflection": 1, "unknown-network": 1})
    hvs[0].network(1, VNI + 7)
    data = frame(21, 11, "the same VNI again")
    w11.send(data)
    arrives(t, "both changed", w21, data)


def packets_that_no_tunnel_made_have_no_network(t):
    """The tunnel device itself transmits nothing that enters the cloud."""
    hvs = cloud(t, "vxlan", 4)
    w21 = everywhere(hvs, 21, 2)
    # VXLAN without its I flag is dropped before us; this is VNI 0.
    inner = frame(21, 11, "VNI 0")
    with inside(hvs[0].name):
        raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.defer(raw.close)
    raw.sendto(struct.pack("!II", 0x08000000, 0) + inner,
               ("198.51.100.2", 4789))
    t.wait("VNI 0 is nobody's", lambda: hvs[1].drops(TUNNEL),
           {"unknown-network": 1})
    raw.sendto(struct.pack("!II", 0x08000000, VNI << 8) + inner,
               ("198.51.100.2", 4789))
    t.check("any VXLAN peer is understood", w21.receive(), inner)


def a_tunnel_without_device_drops(t):
    hvs = cloud(t, "vxlan", 4)
    w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
    hvs[0].tc.clsact_del("tun0")
    w11.send(frame(21, 11, "nowhere"))
    t.wait("counted", lambda: hvs[0].drops(11), {"no-device": 1})
    hvs[0].tc.attach("tun0", TUNNEL)
    data = frame(21, 11, "again")
    w11.send(data)
    arrives(t, "attached again", w21, data)
    hvs[0].ip("link", "set", "tun0", "down")
    w11.send(frame(21, 11, "down"))
    t.wait("counted", lambda: hvs[0].drops(11),
           {"no-device": 1, "transmit": 1})


def a_changed_chassis_is_followed_at_once(t):
    hvs = cloud(t, "vxlan", 4, 3)
    w11, w21 = everywhere(hvs[:2], 11, 1), everywhere(hvs[:2], 21, 2)
    hvs[2].remote(11, 1)
    w31 = hvs[2].wire(21)
    for n in range(2):
        data = frame(21, 11, f"second {n}")
        w11.send(data)
        arrives(t, "at the second", w21, data, [w31])
    hvs[0].chassis(2, TUNNEL, underlay_address(3, 6))
    data = frame(21, 11, "third")
    w11.send(data)
    arrives(t, "at the third", w31, data, [w21])
    t.check("no walk for that", hvs[0].counter(11, "flow-misses"), 1)
    hvs[0].chassis(2, TUNNEL, underlay_address(2, 4))
    hvs[0].remote(21, 3)
    data = frame(21, 11, "port at the third")
    w11.send(data)
    arrives(t, "at the third", w31, data, [w21])


def stack(hvs, number, home, mtu=1500):
    """A namespace with addresses, attached to a hypervisor; its name."""
    for n, other in enumerate(hvs, 1):
        if n == home:
            other.vif(number, flow_class="connection")
        else:
            other.remote(number, home)
    return hvs[home - 1].stack(number, mtu)


def streams(kind, family):
    def case(t):
        hvs = cloud(t, kind, family)
        w11, w21 = stack(hvs, 11, 1), stack(hvs, 21, 2)
        # Large packets leave by the underlay device as they are. How large
        # they are is up to TCP, which makes them smaller on a slow machine.
        for features in ([], ["tso", "off"], ["tx", "off"]):
            if features:
                run("ethtool", "-K", "eth0", *features, netns=w11)
            for address in ("192.0.2.21", "2001:db8::21"):
                packets, size = sent(hvs[0])
                what = f"{features or 'all offloads'} to {address}"
                t.check(what, stream(t, w11, w21, address))
                now = sent(hvs[0])
                mean = (now[1] - size) // max(1, now[0] - packets)
                t.log(f"{what}: {mean} bytes a packet at the underlay")
                if not features:
                    t.check(f"{what}: large packets", mean > UNDERLAY_MTU)
        for n, hv in ((11, hvs[0]), (21, hvs[1])):
            t.check("nothing dropped", [hv.drops(n), hv.drops(TUNNEL)],
                    [{}, {}])
        flow = [f for f in hvs[0].flows(11)
                if f["match"].get("ip4-dst") == "192.0.2.21"
                and f["match"].get("l4-dst") == 5001]
        t.check("a flow of the connection", bool(flow))
    case.__name__ = f"tcp_stays_large_over_{kind}_and_ipv{family}"
    return case


def a_virtual_machines_large_packets_are_counted_as_many(t):
    hvs = cloud(t, "vxlan", 4)
    w11, w21 = everywhere(hvs, 11, 1), everywhere(hvs, 21, 2)
    sender = t.open_wire("p11xhv1p", vnet_header=True)
    data = frame(21, 11, "resolves the underlay's neighbours")
    w11.send(data)
    arrives(t, "first", w21, data)
    before = sent(hvs[0])
    sender.send(gso_packet(11, 21, 7, bytes(14000), 1400))
    got = []

    def received():
        got.extend(w21.pending())
        return sum(len(frame) - 54 for frame in got)
    t.wait("all of it arrives", received, 14000)
    t.check("packets received", hvs[0].counter(11, "rx-packets"), 11)
    t.check("and at the other end",
            hvs[1].counter(TUNNEL, "rx-packets"), 11)
    # and the kernel may ask for a neighbour, or answer one
    t.check("one packet at the underlay", sent(hvs[0])[0] - before[0] in (1, 2, 3))
    sender.send(gso_packet(11, 29, 7, bytes(14000), 1400))
    t.wait("dropped as many", lambda: hvs[0].drops(11),
           {"unknown-destination": 10})


def paged_packets_are_forwarded(t):
    """Frames whose headers are in pages: longer than one, hence not linear."""
    hv = t.hypervisor()
    hv.network(1)
    w1, w2 = (hv.wire(n, mtu=9000, flow_class="connection") for n in (1, 2))
    for size in (5000, 8000):
        packet = ip4("192.0.2.1", "192.0.2.2", 17,
                     udp(7, 9, os.urandom(size)))
        data = ethernet(mac(2), mac(1), 0x800, packet)
        w1.send(data)
        arrives(t, f"{size} bytes", w2, data)
    t.check("one flow of it", [
        (f["match"]["ip4-src"], f["match"]["l4-dst"], f["packets"])
        for f in hv.flows(1)], [("192.0.2.1", 9, 1)])
    t.check("nothing dropped", hv.drops(1), {})


main(*(unicast(*flavour) for flavour in FLAVOURS),
     floods_reach_every_port_of_the_network_once,
     floods_stay_at_home_without_others,
     networks_are_told_apart_by_their_vni,
     what_comes_out_of_a_tunnel_is_checked,
     packets_that_no_tunnel_made_have_no_network,
     a_tunnel_without_device_drops, a_changed_chassis_is_followed_at_once,
     *(streams(*flavour) for flavour in FLAVOURS),
     a_virtual_machines_large_packets_are_counted_as_many,
     paged_packets_are_forwarded)
