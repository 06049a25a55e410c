#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""Allowed address pairs, and addresses that move between those who share them.

     w11  w12            w21                w31  (32: network 2)
      |    |              |                  |    |
    +-p11--p12-+       +-p21------+        +-p31--p32-+
    |   hv1    |       |   hv2    |        |   hv3    |
    +-underlay-+       +-underlay-+        +-underlay-+
         | .1               | .2                | .3
    -----+------ bridge ----+-------------------+----

    11, 12 and 21 may have the virtual addresses .100 and ::100, with their own
    MAC or with that of a virtual router. Router 1 joins networks 1 and 2. hv1
    receives by its tunnel device, the others at their underlay device.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402 pylint: disable=wrong-import-position
    IP4, IP6, UDP, advertisement, arp, parse_arp, parse_icmp, solicitation)
from dfcloud import (  # noqa: E402 pylint: disable=wrong-import-position
    cloud)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    ethernet, ip4, ip6, mac, main, udp)

VMAC = "00:00:5e:00:01:07"
VIP4, VIP6 = "10.1.0.100", "2001:db8:1::100"
VIPS = (VIP4, VIP6)


def a4(number):
    return f"10.{number // 10}.0.{number}" if number < 30 else \
        f"10.{2 if number == 32 else 1}.0.{number}"


def a6(number):
    return "2001:db8:" + a4(number).split(".")[1] + f"::{number}"


def pair(text, address=None):
    """Attributes of a pair."""
    ip, _, size = text.partition("/")
    return {"ip6" if ":" in ip else "ip4": ip,
            **({"prefix-len": int(size)} if size else {}),
            **({"mac": address} if address else {})}


def shared(number, style):
    """Both virtual addresses, and the MAC that goes with them."""
    address = VMAC if style == "vmac" else mac(number)
    return address, [pair(vip, address) for vip in VIPS]


def claim(vip, address, src=None):
    """A gratuitous ARP request, or an unsolicited advertisement."""
    if ":" in vip:
        return advertisement(address, src or vip, vip)
    return arp(address, vip, vip)


def ask(number, vip):
    if ":" in vip:
        return solicitation(mac(number), a6(number), vip)
    return arp(mac(number), vip, a4(number))


def answered(got, vip):
    """The MAC that an answer tells, or None."""
    if not got:
        return None
    if ":" not in vip:
        return parse_arp(got)["sender_mac"]
    said = parse_icmp(got)
    return said["body"][18:24].hex(":") if said["type"] == 136 else None


def packet(src, vip):
    """A datagram of a port to a virtual address."""
    if ":" in vip:
        return ip6(a6(src), vip, UDP, udp(7, 9))
    return ip4(a4(src), vip, UDP, udp(7, 9))


def routed(src, vip):
    return ethernet(mac(102), mac(src), IP6 if ":" in vip else IP4,
                    packet(src, vip))


def drain(*wires):
    for wire in wires:
        wire.pending()


def routers(hv):
    hv.network(2, 200)
    hv.router(1)
    for n in (1, 2):
        hv.interface(100 + n, 1, n, [f"10.{n}.0.254/24",
                                     f"2001:db8:{n}::fe/64"])


def alone(t, name="hv", **more):
    """One hypervisor, of which 11 may have what @more says."""
    hv = t.hypervisor(name)
    hv.network(1, 101)
    routers(hv)
    w11 = hv.wire(11, ip4=[a4(11)], ip6=[a6(11)], **more)
    w12 = hv.wire(12, ip4=[a4(12)], ip6=[a6(12)])
    return hv, w11, w12, hv.wire(32, 2, ip4=[a4(32)], ip6=[a6(32)])


def reaches(t, what, src_wire, sent, wires, at, address=None):
    """Exactly one of several wires gets it, with this destination."""
    src_wire.send(sent)
    got = wires[at].receive()
    t.check(f"{what}: arrives", bool(got))
    if got and address:
        t.check(f"{what}: by the right MAC", got[:6].hex(":"), address)
    for n, wire in wires.items():
        if n != at:
            t.check(f"{what}: not at {n}", wire.pending(), [])


def an_address_of_one_port_leads_there(t):
    for style in ("own", "vmac"):
        address, pairs = shared(11, style)
        hv, w11, w12, w32 = alone(t, style, pair=pairs)
        for vip in VIPS:
            what = f"{style}, {vip}"
            w12.send(ask(12, vip))
            t.check(f"{what}: answered", answered(w12.receive(), vip),
                    address)
            t.check(f"{what}: only that", w11.pending(), [])
            sent = ethernet(address, mac(12), payload=b"switched")
            w12.send(sent)
            t.check(f"{what}: switched", w11.receive(), sent)
            reaches(t, f"{what}: routed", w32, routed(32, vip),
                    {11: w11, 12: w12}, 11, address)
        t.check("nothing is claimed", "hold" in hv.df.port(11), False)
        t.check("nothing dropped", [hv.drops(n) for n in (12, 32)],
                [{}, {}])
        hv.vif(11, ip4=[a4(11)])
        w12.send(ethernet(VMAC, mac(12)))
        if style == "vmac":
            t.wait("without the pair the MAC is unknown", lambda: hv.drops(
                12).get("unknown-destination"), 1)
        w32.send(routed(32, VIP4))
        t.wait("and so is the address", lambda: hv.drops(
            32).get("no-neighbour"), 1)


def an_address_of_its_own_comes_first(t):
    address, pairs = shared(11, "vmac")
    hv, w11, w12, w32 = alone(t, pair=pairs)
    wires = {11: w11, 12: w12}
    reaches(t, "by the pair", w32, routed(32, VIP4), wires, 11, VMAC)
    hv.vif(12, ip4=[a4(12), VIP4])
    reaches(t, "its own", w32, routed(32, VIP4), wires, 12, mac(12))
    w11.send(claim(VIP4, address))
    t.wait("nobody takes it", lambda: hv.drops(11),
           {"neighbour-conflict": 1})
    sent = ethernet(VMAC, mac(12), payload=b"one")
    w12.send(sent)
    t.check("the MAC, by the pair", w11.receive(), sent)
    hv.vif(14, address=VMAC)
    w12.send(sent)
    t.wait("and its own", lambda: hv.drops(12).get("no-device"), 1)
    hv.interface(102, 1, 2, ["10.2.0.254/24"])
    hv.vif(12, ip4=[a4(12)])
    reaches(t, "by the pair again", w32, routed(32, VIP4), wires, 11, VMAC)
    hv.interface(101, 1, 1, ["10.1.0.254/24", VIP4 + "/24"])
    w32.send(routed(32, VIP4))
    t.wait("the router's own", lambda: hv.drops(32).get("router-input"), 1)


def only_who_may_have_it_can_claim_it(t):
    for style in ("own", "vmac"):
        address, pairs = shared(11, style)
        hv, w11, w12, _ = alone(t, style, pair=pairs)
        w11.send(claim(VIP4, address))
        t.wait("claimed", lambda hv=hv: [
            one["ip4"] for one in hv.df.port(11).get("hold", [])], [VIP4])
        t.check("everybody hears", bool(w12.receive()))
        for n, vip in enumerate(VIPS, 1):
            w12.send(claim(vip, address if style == "vmac" else mac(12)))
            t.wait(f"{style}, {vip}: not allowed", lambda n=n, hv=hv: hv.drops(
                12).get("neighbour-conflict"), n)
        hv.vif(12, ip4=[a4(12)], pair=[pair(VIP4, mac(99))])
        w12.send(claim(VIP4, mac(12)))
        t.wait("not with this MAC", lambda hv=hv: hv.drops(
            12).get("neighbour-conflict"), 3)
        w12.send(ethernet("ff:ff:ff:ff:ff:ff", mac(12), 0x806,
                          arp(mac(99), VIP4, VIP4)[14:]))
        t.wait("not in another's name", lambda hv=hv: hv.drops(
            12).get("neighbour-conflict"), 4)
        t.check("as it was", [one.get("active") for one in
                              hv.df.port(11)["hold"]], [True])
        t.check("nobody else has anything", "hold" in hv.df.port(12), False)


def addresses_of_a_prefix_are_known_once_claimed(t):
    hv, w11, w12, w32 = alone(t, pair=[pair("10.1.0.96/27"),
                                       pair("2001:db8:1::/64")])
    for vip, other in ((VIP4, "10.1.0.95"), (VIP6, "2001:db8:3::1")):
        sent = ask(12, vip)
        w12.send(sent)
        t.check(f"{vip}: not known, asked for", w11.receive(), sent)
        t.check(f"{vip}: nothing says who", w12.pending(), [])
        w32.send(routed(32, vip))
        t.check(f"{vip}: not routed there", w11.pending(), [])
        drain(w32)
        for ip in (vip, other):
            w11.send(claim(ip, mac(11)))
            t.check(f"{ip}: all hear", bool(w12.receive()))
    key = {VIP4: "ip4", VIP6: "ip6"}
    t.wait("what was in the prefix is known", lambda: [
        one.get(key[vip]) for one, vip in zip(
            hv.df.port(11).get("hold", []), VIPS)], list(VIPS))
    t.check("no more", len(hv.df.port(11)["hold"]), 2)
    for vip in VIPS:
        w12.send(ask(12, vip))
        t.check(f"{vip}: answered", answered(w12.receive(), vip), mac(11))
        reaches(t, f"{vip}: routed", w32, routed(32, vip),
                {11: w11, 12: w12}, 11, mac(11))
    hv.vif(11, ip4=[a4(11)], pair=[pair("2001:db8:1::/64")])
    t.check("what is no more allowed is forgotten", [
        one["ip6"] for one in hv.df.port(11)["hold"]], [VIP6])


def what_one_port_claims_is_bounded(t):
    hv, w11, _, _ = alone(t, pair=[pair("10.0.0.0/8")])
    most = hv.df.spec.consts["holds-max"]
    for n in range(most + 30):
        w11.send(claim(f"10.9.0.{n + 1}", mac(11)))
        # no more than the queue holds
        if n % 16 == 15:
            t.wait("heard", lambda n=n: f"10.9.0.{n + 1}" in [
                one["ip4"] for one in hv.df.port(11).get("hold", [])])
    last = f"10.9.0.{most + 30}"
    t.wait("the last is known", lambda: hv.df.port(11)["hold"][-1]["ip4"],
           last)
    t.check("the first made room", sorted(
        int(one["ip4"].split(".")[3]) for one in hv.df.port(11)["hold"]),
        list(range(31, most + 31)))
    w11.flood(claim(f"10.8.{n // 250}.{n % 250 + 1}", mac(11))
              for n in range(1000))
    t.wait("too many are dropped", lambda: hv.drops(11).get(
        "rate-limited", 0) > 500)
    t.check("no more than allowed", len(hv.df.port(11)["hold"]), most)
    t.wait("that one is known", lambda: "10.1.0.7" in [
        one["ip4"] for one in hv.df.port(11)["hold"]] or
        w11.send(claim("10.1.0.7", mac(11))))
    before = hv.drops(11)["rate-limited"]
    for n in range(100):
        w11.send(claim("10.1.0.7", mac(11)))
    t.check("to say it again is free", hv.drops(11)["rate-limited"], before)


def two(t, style):
    """11 and 12 on one hypervisor may both have the virtual addresses."""
    hv, w11, w12, w32 = alone(t, style)
    macs = {}
    for n in (11, 12):
        macs[n], pairs = shared(n, style)
        hv.vif(n, ip4=[a4(n)], ip6=[a6(n)], pair=pairs)
    w31 = hv.wire(31, ip4=[a4(31)], ip6=[a6(31)])
    return hv, {11: w11, 12: w12}, w31, w32, macs


def it_is_of_the_one_who_has_claimed_it_last(t):
    for style in ("own", "vmac"):
        hv, wires, w31, w32, macs = two(t, style)
        hv.df.subscribe("hold")
        for vip in VIPS:
            what = f"{style}, {vip}"
            sent = ask(31, vip)
            w31.send(sent)
            t.check(f"{what}: nobody has claimed it, so all are asked",
                    [wire.receive() for wire in wires.values()], [sent] * 2)
            t.check(f"{what}: unanswered", w31.pending(), [])
            for n in (11, 12, 11):
                wires[n].send(claim(vip, macs[n]))
                name, event = hv.df.event() or (None, {})
                if event.get("id") != n:
                    name, event = hv.df.event() or (None, {})
                t.check(f"{what}: told of", (name, event.get("id")),
                        ("port-hold-ntf", n))
                t.check(f"{what}: heard", bool(w31.receive()))
                drain(*wires.values())
                w31.send(ask(31, vip))
                t.check(f"{what}: answered, {n}",
                        answered(w31.receive(), vip), macs[n])
                reaches(t, f"{what}: routed to {n}", w32, routed(32, vip),
                        wires, n, macs[n])
                reaches(t, f"{what}: switched to {n}", w31, ethernet(
                    macs[n], mac(31), payload=b"x"), wires, n)
            t.check(f"{what}: one is active", [
                [one.get("active", False) for one in
                 hv.df.port(n)["hold"] if vip in one.values()]
                for n in (11, 12)], [[True], [False]])


def a_reply_claims_as_well(t):
    hv, wires, w31, _, macs = two(t, "own")
    wires[12].send(arp(macs[12], a4(31), VIP4, operation=2, dst=mac(31)))
    t.check("who asked gets it", bool(w31.receive()))
    t.wait("ARP", lambda: len(hv.df.port(12).get("hold", [])), 1)
    wires[12].send(advertisement(macs[12], VIP6, VIP6, dst=a6(31),
                                 dst_mac=mac(31), flags=0x60))
    t.wait("an advertisement", lambda: len(hv.df.port(12)["hold"]), 2)
    wires[11].send(arp(macs[11], a4(31), VIP4))
    t.check("who asks is answered", answered(wires[11].receive(), VIP4),
            mac(31))
    t.wait("a request", lambda: len(hv.df.port(11).get("hold", [])), 1)
    wires[11].send(solicitation(macs[11], VIP6, a6(31)))
    t.wait("a solicitation", lambda: len(hv.df.port(11)["hold"]), 2)
    for vip in VIPS:
        drain(*wires.values())
        wires[12].send(ask(12, vip))
        t.check("who may have it asks its holder himself",
                bool(wires[11].receive()))
        t.check("and not us", wires[12].pending(), [])


def other_flows_stay_as_they_are(t):
    hv, wires, w31, w32, macs = two(t, "own")
    sent = {n: ethernet(mac(n), mac(31), payload=b"own") for n in wires}
    others = {n: routed(32, a4(n)) for n in wires}
    wires[11].send(claim(VIP4, macs[11]))
    t.wait("claimed", lambda: "hold" in hv.df.port(11))

    def misses():
        return hv.counter(31, "flow-misses") + hv.counter(32, "flow-misses")
    for n in wires:
        w31.send(sent[n])
        w32.send(others[n])
    w32.send(routed(32, VIP4))
    t.wait("all walked once", misses, 5)
    wires[12].send(claim(VIP4, macs[12]))
    t.wait("it moves", lambda: "hold" in hv.df.port(12))
    drain(*wires.values())
    for n in wires:
        w31.send(sent[n])
        w32.send(others[n])
    w32.send(routed(32, VIP4))
    t.wait("counted", lambda: hv.counter(31, "flow-hits") + hv.counter(
        32, "flow-hits"), 4)
    t.check("only the flow to the virtual address walks", misses(), 6)


def without_its_holder_another_has_it(t):
    hv, wires, w31, w32, macs = two(t, "vmac")
    for n in (11, 12):
        wires[n].send(claim(VIP4, VMAC))
        t.wait(f"{n} claims", lambda n=n: [
            one.get("active") for one in hv.df.port(n).get("hold", [])],
            [True])
    drain(w31, *wires.values())
    pairs = shared(12, "vmac")[1]
    reaches(t, "12 has it", w32, routed(32, VIP4), wires, 12)
    hv.vif(12, ip4=[a4(12)], pair=pairs, flags=["admin-down"])
    reaches(t, "12 is down", w32, routed(32, VIP4), wires, 11)
    reaches(t, "and its MAC", w31, ethernet(VMAC, mac(31)), wires, 11)
    hv.vif(12, ip4=[a4(12)], pair=pairs)
    reaches(t, "12 is up", w32, routed(32, VIP4), wires, 12)
    hv.vif(12, ip4=[a4(12)])
    reaches(t, "12 may not have it", w32, routed(32, VIP4), wires, 11)
    hv.vif(12, ip4=[a4(12)], pair=pairs)
    reaches(t, "what it has claimed is forgotten", w32, routed(32, VIP4),
            wires, 11)
    hv.df.do("port-del", {"id": 11})
    reaches(t, "11 is gone", w32, routed(32, VIP4), wires, 12)


def what_is_known_elsewhere_can_be_given(t):
    hv, wires, _, w32, macs = two(t, "own")
    pairs = {n: shared(n, "own")[1] for n in wires}

    def given(n, since):
        hv.vif(n, ip4=[a4(n)], ip6=[a6(n)], pair=pairs[n], hold=[
            {"mac": macs[n], "since": since, **pair(VIP4)}])
    given(12, 1000)
    reaches(t, "12, from what is given", w32, routed(32, VIP4), wires, 12)
    given(11, 999)
    reaches(t, "an older one", w32, routed(32, VIP4), wires, 12)
    given(11, 1001)
    reaches(t, "a later one", w32, routed(32, VIP4), wires, 11)
    wires[12].send(claim(VIP4, macs[12]))
    t.wait("claimed", lambda: hv.df.port(12)["hold"][0]["since"] > 10 ** 12)
    drain(*wires.values())
    given(12, 1002)
    given(11, 1003)
    reaches(t, "what was heard is not undone", w32, routed(32, VIP4), wires,
            12)
    far = hv.df.port(12)["hold"][0]["since"] + 10 ** 9
    given(11, far)
    reaches(t, "another's clock is fast", w32, routed(32, VIP4), wires, 11)
    wires[12].send(claim(VIP4, macs[12]))
    t.wait("a claim is later than all that is known",
           lambda: hv.df.port(12)["hold"][0]["since"], far + 1)


def spread(t, style, size=3):
    """The picture above, one case for each style."""
    hvs = cloud(t, "vxlan", 4, size)
    wires = {}
    for n, hv in enumerate(hvs, 1):
        routers(hv)
        if n != 1:
            hv.tc.underlay("underlay")
    for number in (11, 12, 21, 31, 32):
        home, more = number // 10, {"ip4": [a4(number)], "ip6": [a6(number)]}
        if number < 30:
            more["pair"] = shared(number, style)[1]
        network = 2 if number == 32 else 1
        for n, hv in enumerate(hvs, 1):
            if n != home:
                hv.remote(number, home, network, **more)
        wires[number] = hvs[home - 1].wire(number, network, **more)
    return hvs, wires


def leads_to(hv, vip):
    """The port that has the address, as the hypervisor knows."""
    return [port["id"] for port in hv.df.dump("port-get")
            for one in port.get("hold", [])
            if vip in one.values() and one.get("active")]


def together(hvs, hv, n, style):
    """Ports that are the same to a hypervisor: others tell them apart."""
    if style == "own" or hv is hvs[n // 10 - 1]:
        return [[n]]
    return [[other] for other in (11, 12, 21) if other // 10 == n // 10]


def moves(style):
    def case(t):
        hvs, wires = spread(t, style)
        may = {n: wires[n] for n in (11, 12, 21)}
        for vip in VIPS:
            for n in (11, 21, 12, 21):
                what = f"{vip} at {n}"
                address = shared(n, style)[0]
                wires[n].send(claim(vip, address))
                for hv in hvs:
                    t.wait(f"{what}: followed on {hv.name[:3]}",
                           lambda hv=hv, n=n, vip=vip: leads_to(hv, vip)
                           in together(hvs, hv, n, style), True, 1)
                drain(*wires.values())
                for src in (31, 32):
                    frame = routed(32, vip) if src == 32 else ethernet(
                        address, mac(31), IP4, packet(31, VIP4))
                    reaches(t, f"{what}: from {src}", wires[src], frame, may,
                            n, address)
                wires[31].send(ask(31, vip))
                t.check(f"{what}: answered", answered(
                    wires[31].receive(), vip), address)
        t.check("hv1 received by its device, the others did not",
                [hv.counter(1000, "rx-direct") > 0 for hv in hvs],
                [False, True, True])
    case.__name__ = f"every_hypervisor_follows_{style}"
    return case


def a_lie_out_of_a_tunnel_is_not_believed(t):
    """31 may not have it; its hypervisor is told nothing of the pairs."""
    hvs, wires = spread(t, "own")
    wires[11].send(claim(VIP4, mac(11)))
    t.wait("claimed", lambda: "hold" in hvs[1].df.port(11))
    drain(*wires.values())
    for n in (11, 12):
        hvs[2].remote(n, 1, ip4=[a4(n)])
    hvs[2].remote(21, 2, ip4=[a4(21)])
    for address in (mac(31), VMAC):
        sent = claim(VIP4, address)
        wires[31].send(sent)
        t.check("it is heard", wires[21].receive(), sent)
        t.check("and not believed", [
            one.get("active") for one in hvs[1].df.port(11)["hold"]], [True])


main(an_address_of_one_port_leads_there, an_address_of_its_own_comes_first,
     only_who_may_have_it_can_claim_it,
     addresses_of_a_prefix_are_known_once_claimed,
     what_one_port_claims_is_bounded,
     it_is_of_the_one_who_has_claimed_it_last, a_reply_claims_as_well,
     other_flows_stay_as_they_are, without_its_holder_another_has_it,
     what_is_known_elsewhere_can_be_given, moves("own"), moves("vmac"),
     a_lie_out_of_a_tunnel_is_not_believed)
