#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""Packets at random into every kind of port, and two that have no part in it.

       ring vnet socket      socket vnet                     canary
           \\  |  /            bridge                        w3     w4
    +------- p1 ----------+---- p5 -----+-- p2 ---- p10 ----- p3 --- p4 --+
    |       veth          |    veth     |  tap     tap, in               |
    |     network 1       |  network 9  |          fragments  network 1  |
    |                                                                    |
    |     p11, VXLAN             p12, Geneve                             |
    +----------- underlay ------------------------------------------------+
                    |
          packets in tunnels, from four hypervisors, by IPv4 and IPv6

The bridge sends what it gets to p1 as well: clones of one packet.
What is sent is made by pktfuzz.c, and is the same for the same FUZZ_SEED;
FUZZ_SECONDS says for how long, at first to unicast, then to group addresses.
"""
import collections
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffuzz import (  # noqa: E402 pylint: disable=wrong-import-position
    seconds, seed)
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    SOL_PACKET, PACKET_IGNORE_OUTGOING, ethernet, ip_batch, mac, main, quiet,
    run)
from dfvectors import (  # noqa: E402 pylint: disable=wrong-import-position
    vectors)

DEFAULT = 6
PKTFUZZ = pathlib.Path(os.environ.get("DF_BUILD", "build"),
                       "selftests/pktfuzz")
VNI, LIMIT, MTU = 100, 200, 9000
VXLAN, GENEVE = 11, 12
CANARY = 0x88b6         # for local experiments, like dftest's
SO_RCVBUFFORCE = 33
SETTLED_MIB = 16
# Chassis, and the port behind it, by the tunnel that leads there.
PEERS = {6: (VXLAN, "198.51.100.2"), 7: (VXLAN, "2001:db8:ffff::2"),
         8: (GENEVE, "198.51.100.3"), 9: (GENEVE, "2001:db8:ffff::3")}
VIFS = {1: 1, 2: 1, 3: 1, 4: 1, 10: 1, 5: 9}    # and their networks
# Of those with port security, the first has all IP addresses.
SECURITY = {2: {"flags": ["security"], "pair": [
    {"ip4": "0.0.0.0", "prefix-len": 0}, {"ip6": "::", "prefix-len": 0}]},
            5: {"flags": ["security"]}}


class Canary:
    """Packets of two ports that do nothing else: none may be lost."""

    def __init__(self, t):
        self.sender = t.open_wire("p3far")
        with inside(t.peers):
            self.receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                          0)
            self.receiver.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE,
                                     1 << 23)
            self.receiver.bind(("p4far", CANARY))
        self.receiver.setblocking(False)
        t.defer(self.receiver.close)
        self.secret = os.urandom(8)
        self.sent, self.seen = 0, 0

    def send(self):
        self.sender.send(ethernet(
            mac(4), mac(3), CANARY,
            self.secret + struct.pack("!I", self.sent)))
        self.sent += 1

    def arrived(self):
        """How many have arrived; in their order, or it is a lie."""
        while True:
            try:
                data = self.receiver.recv(2048)
            except BlockingIOError:
                return self.seen
            if data[14:22] == self.secret and \
                    struct.unpack_from("!I", data, 22)[0] == self.seen:
                self.seen += 1


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def hv_links(far):
    """The devices of the ports, and what is known of the underlay."""
    for number in (1, 3, 4, 5):
        yield (f"link add p{number} mtu {MTU} type veth peer name "
               f"p{number}far mtu {MTU} netns {far}")
    yield (f"link add underlay mtu {MTU} address 02:00:00:00:ff:01 type veth "
           f"peer name cable mtu {MTU} netns {far}")
    yield "link add p11 type vxlan external dstport 4789"
    yield "link add p12 type geneve external"
    yield "tuntap add p2 mode tap vnet_hdr"
    yield "tuntap add p10 mode tap"
    for number in VIFS:
        yield f"link set p{number} mtu {MTU} up"
    for dev in ("underlay", "p11", "p12"):
        yield f"link set {dev} up"


def hv_underlay():
    yield "address add 198.51.100.1/24 dev underlay"
    yield "address add 2001:db8:ffff::1/64 dev underlay nodad"
    for _, address in PEERS.values():
        yield (f"neighbour add {address} lladdr 02:00:00:00:ff:02 "
               "dev underlay nud permanent")


def far_links():
    """A bridge: whatever is fed goes to p1 and p5, clones of one packet."""
    yield (f"link add feed mtu {MTU} type veth peer name feeder mtu {MTU}")
    yield "link add br0 type bridge mcast_snooping 0 ageing_time 0"
    for dev in ("feed", "p1far", "p5far"):
        yield f"link set {dev} master br0"
        yield f"link set {dev} type bridge_slave learning off"
    for dev in ("feed", "feeder", "br0", "cable", "p1far", "p3far", "p4far",
                "p5far"):
        yield f"link set {dev} up"


def listen(t, hv, dev):
    """Somebody looks at the device: its packets are shared with him."""
    with inside(hv.name):
        watcher = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        watcher.bind((dev, 3))
    t.defer(watcher.close)


def program(hv):
    hv.network(1, VNI, flags=["vlan-transparent"])
    hv.network(9)
    for number, network in VIFS.items():
        hv.vif(number, network, flow_limit=LIMIT,
               flow_class="l3" if number == 2 else "connection",
               **SECURITY.get(number, {}))
        hv.tc.attach(f"p{number}", number)
    for number in (VXLAN, GENEVE):
        hv.tunnel(number, f"p{number}", **{"flow-class": "connection",
                                           "flow-limit": LIMIT})
    for number, (tunnel, address) in PEERS.items():
        hv.chassis(number, tunnel, address)
        hv.remote(number, number)


def world(t):
    for module in ("tun", "vxlan", "geneve", "bridge"):
        run("modprobe", module)
    hv = t.hypervisor()
    t.peer_namespace()
    ip_batch(hv.name, *hv_links(t.peers))
    quiet(hv.name, "underlay", False)
    ip_batch(hv.name, *hv_underlay())
    ip_batch(t.peers, *far_links())
    program(hv)
    for dev in ("p1", "p5", "p2", "p11"):
        listen(t, hv, dev)
    return hv


def backlog(t):
    """What waits for a processor is not dropped for its number."""
    path = "/proc/sys/net/core/netdev_max_backlog"
    with open(path, encoding="ascii") as f:
        before = f.read()

    write(path, "100000")
    t.defer(write, path, before)


def seeds(t):
    """The packets of the parser's unit test, a file each."""
    path = pathlib.Path(t.directory())
    for number, (_, frame, _) in enumerate(vectors()):
        (path / f"{number:04}").write_bytes(frame)
    return path


def ways(t, hv):
    far, hvn = t.peers, hv.name
    return [f"socket:{far}:p1far", f"vnet:{far}:p1far", f"ring:{far}:p1far",
            f"socket:{far}:feeder", f"vnet:{far}:feeder", f"tap:{hvn}:p2:2",
            f"frags:{hvn}:p10:10", f"vxlan4:{far}:cable:6",
            f"vxlan6:{far}:cable:7", f"geneve4:{far}:cable:8",
            f"geneve6:{far}:cable:9"]


def port_stats(hv):
    """Counters of all local ports, drops by reason."""
    out = {}
    for port in hv.df.dump("port-get"):
        if "stats" in port:
            stats = port["stats"]
            drops = collections.Counter()
            for drop in stats.pop("drop", []):
                drops[drop["reason"]] = drop["packets"]
            out[port["id"]] = {"flows": port["flows"], "drop": drops, **stats}
    return out


def difference(before, after):
    """What the counters have counted meanwhile."""
    return {number: {name: after[number][name] - before[number][name]
                     for name in after[number]} for number in after}


def attack(t, hv, kind, number):
    """Send, watch, and tell what was sent."""
    canary, limit_kept = Canary(t), True
    gun = subprocess.Popen(
        [PKTFUZZ, str(seconds(DEFAULT)), str(number), kind, seeds(t),
         *ways(t, hv)], stdout=subprocess.PIPE, text=True)
    t.defer(gun.kill)
    look = time.monotonic()
    while gun.poll() is None:
        canary.send()
        canary.arrived()
        time.sleep(.002)
        if time.monotonic() > look:
            look += .5
            limit_kept &= all(stats["flows"] <= LIMIT
                              for stats in port_stats(hv).values())
    t.check("the generator ends well", gun.returncode, 0)
    sent = [line.split() for line in gun.stdout]
    gun.stdout.close()
    t.log(f"sent, refused by the device: {sent}")
    for way in sent:
        t.check(f"{way[0]} sent some", int(way[1]) > 0)
    t.check("no port ever held more entries than its limit", limit_kept)
    t.wait(f"all {canary.sent} packets of the canary arrive", canary.arrived,
           canary.sent)
    t.check("drops of the canary", hv.drops(3), {})


def unicast_balance(ports):
    """What came, and what became of it."""
    return (sum(s["rx-packets"] for s in ports.values()),
            sum(s["tx-packets"] - s["answers"] + sum(s["drop"].values())
                for s in ports.values()))


def copies_of(number):
    """How many there must be of a packet that was not dropped."""
    if number in (3, 5):    # the canary's goes to one port, network 9 has one
        return int(number == 3)
    vifs = sum(network == 1 and number != vif
               for vif, network in VIFS.items())
    return vifs + (0 if number in (VXLAN, GENEVE) else len(PEERS))


def group_balance(ports):
    """The copies that there must have been, and what became of them. Those
    that got to no device are counted where the packet came from.
    """
    want = got = 0
    for number, stats in ports.items():
        lost = stats["drop"]["transmit"]
        want += copies_of(number) * (
            stats["rx-packets"] - sum(stats["drop"].values()) + lost)
        got += stats["tx-packets"] + lost
    return want, got


def balances(t, hv, before, balance):
    """All packets are through once nothing moves any more."""
    def missing():
        want, got = balance(difference(before, port_stats(hv)))
        return want - got
    if not t.wait("packets that are not accounted for", missing, 0):
        for item in difference(before, port_stats(hv)).items():
            t.log(item)


def unreclaimable_mib():
    with open("/proc/meminfo", encoding="ascii") as f:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in f}
    return (sizes["SUnreclaim"] + sizes["Percpu"]) / 1024


def packets_are_accounted_for_and_harm_no_other(t):
    backlog(t)
    hv = world(t)
    number, memory = seed(t.log), 0
    for kind, balance in (("unicast", unicast_balance),
                          ("group", group_balance)):
        before = port_stats(hv)
        attack(t, hv, kind, number)
        balances(t, hv, before, balance)
        # what the first has brought to its size, the second need not
        memory = memory or unreclaimable_mib()
    t.check("packets of no port", hv.df.do("datapath-get")["unbound-drops"],
            0)
    hv.df.do("datapath-set", {"flow-idle-ms": 100})
    t.wait("flow entries in the end",
           lambda: hv.df.do("datapath-get")["flows"], 0, 10)
    t.wait(f"it took and kept {SETTLED_MIB} MiB or more",
           lambda: unreclaimable_mib() > memory + SETTLED_MIB, False, 20)


main(packets_are_accounted_for_and_harm_no_other)
