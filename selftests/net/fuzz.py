#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
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

A router leads from network 1 (192.0.2.0/24, 2001:db8::/64) to network 2, where p9
is, and has routes: two ways to a third, and none to a fourth; to a fifth by another
router, which sends it back. Some ports may have addresses beside their own, and
claim them.

What is sent is made by pktfuzz.c, and is the same for the same FUZZ_SEED;
FUZZ_SECONDS says for how long: to unicast, to group addresses, and twice more to
unicast, when ports have security groups, and then when networks are on demand as
well, with an agent that says of some addresses that nobody has them.
"""
import collections
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffuzz import (  # noqa: E402 pylint: disable=wrong-import-position
    seconds, seed)
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    Dragonflow, Refused)
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    SOL_PACKET, PACKET_IGNORE_OUTGOING, Background, ethernet, ip4, ip_batch,
    mac, main, quiet, run, sysctl, udp)
from dfvectors import (  # noqa: E402 pylint: disable=wrong-import-position
    vectors)

DEFAULT = 4
PKTFUZZ = pathlib.Path(os.environ.get("DF_BUILD", "build"),
                       "selftests/pktfuzz")
VNI, LIMIT, MTU = 100, 200, 9000
VXLAN, GENEVE = 11, 12
CANARY = 0x88b6         # for local experiments, like dftest's
SO_RCVBUFFORCE = 33
SETTLED_MIB = 16
# Chassis, and the host behind it, by the tunnel that leads there.
PEERS = {6: (VXLAN, "198.51.100.2"), 7: (VXLAN, "2001:db8:ffff::2"),
         8: (GENEVE, "198.51.100.3"), 9: (GENEVE, "2001:db8:ffff::3")}
REMOTE = 20             # the ports of these hosts are this and more
VIFS = {1: 1, 2: 1, 3: 1, 4: 1, 10: 1, 9: 2, 5: 9}      # and their networks
# Of those with port security, the first has all IP addresses.
SECURITY = {2: [{"ip4": "0.0.0.0", "prefix-len": 0}, {"ip6": "::", "prefix-len": 0}], 5: []}
ROUTER = 254            # its host number, and what its MAC is of
GROUPS = {1: [1], 2: [1, 2], 10: [2], 9: [1, 3]}
RULE = {"group": 1, "direction": "ingress", "version": "ip4"}
# Datagrams to port 53; from a few to anything; by IPv6 from the members of a set.
RULES = [{}, {"direction": "egress"}, {"direction": "egress", "version": "ip6"},
         {"protocol": 17, "port-min": 53, "port-max": 53},
         {"group": 2, "ip4": "192.0.2.0", "prefix-len": 29},
         {"group": 2, "direction": "egress", "protocol": 6},
         {"group": 2, "direction": "egress", "version": "ip6"},
         {"group": 2, "version": "ip6", "address-set": 1},
         {"group": 3, "version": "ip6", "protocol": 58},
         {"group": 3, "direction": "egress"}]


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
    for number in (1, 3, 4, 5, 9):
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
                "p5far", "p9far"):
        yield f"link set {dev} up"


def listen(t, hv, dev):
    """Somebody looks at the device: its packets are shared with him."""
    with inside(hv.name):
        watcher = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        watcher.bind((dev, 3))
    t.defer(watcher.close)


def vif(hv, number, **more):
    """One has its own addresses, and may have those of two that nobody has."""
    network = VIFS[number]
    host = f"10.0.2.{number}" if network == 2 else f"192.0.2.{number}"
    if number in (1, 2, 9):
        more["pair"] = [{"ip4": host.rpartition(".")[0] + ".0",
                         "prefix-len": 29}, {"ip6": "2001:db8::8"},
                        {"ip4": "192.0.2.8", "mac": mac(8)}]
    if number in SECURITY:
        more["flags"] = ["security"]
        more["pair"] = more.get("pair", []) + SECURITY[number]
    hv.vif(number, network, flow_limit=LIMIT, ip4=[host],
           ip6=["2001:db8:" + (":" if network == 1 else f"0:{network}::") +
                f"{number}"],
           flow_class="l3" if number == 2 else "connection", **more)


def route(hv):
    """To a third network two ways, to a fourth none, a fifth by a ring."""
    for number in (1, 2):
        hv.router(number)
    hv.interface(1, 1, 1, ["192.0.2.254/24", "2001:db8::fe/64"],
                 address=mac(ROUTER))
    hv.interface(2, 1, 2, ["10.0.2.254/24", "2001:db8:0:2::fe/64"],
                 address=mac(ROUTER))
    hv.interface(3, 2, 2, ["10.0.2.253/24", "2001:db8:0:2::fd/64"],
                 address=mac(ROUTER + 1))
    hv.route(1, 1, "10.0.3.0/24", (1, "192.0.2.10"), (2, "10.0.2.9"))
    hv.route(2, 1, "2001:db8:0:3::/64", (1, "2001:db8::2"),
             (2, "2001:db8:0:2::9"))
    hv.route(3, 1, "10.0.4.0/24", type="blackhole")
    hv.route(4, 1, "2001:db8:0:4::/64", type="prohibit")
    hv.route(5, 1, "10.0.5.0/24", (2, "10.0.2.253"))
    hv.route(6, 2, "10.0.5.0/24", (3, "10.0.2.254"))


def program(hv):
    hv.network(1, VNI, flags=["vlan-transparent"])
    hv.network(2)
    hv.network(9)
    route(hv)
    for number in VIFS:
        vif(hv, number)
        hv.tc.attach(f"p{number}", number)
    for number in (VXLAN, GENEVE):
        hv.tunnel(number, f"p{number}", **{"flow-class": "connection",
                                           "flow-limit": LIMIT})
    for number, (tunnel, address) in PEERS.items():
        hv.chassis(number, tunnel, address)
        hv.remote(REMOTE + number, number, address=mac(number))


def judge(hv):
    """The second group is stateless; ports have one, or two, or three."""
    df = hv.df
    sysctl(hv.name, "netfilter/nf_conntrack_checksum", "0")
    df.do("address-set-new", {"id": 1})
    for ip in ("2001:db8::", "2001:db8::4"):
        df.do("address-set-member-new",
              {"set": 1, "ip6": ip, "prefix-len": 127})
    for number in (1, 2, 3):
        df.do("security-group-new",
              {"id": number, "flags": ["stateless"] if number == 2 else []})
    for number, rule in enumerate(RULES, 1):
        df.do("security-group-rule-new", {"id": number, **RULE, **rule})
    for number, groups in GROUPS.items():
        vif(hv, number, group=groups)


def answer(netns, number):
    """An agent who finds nobody, and often does not say so in time."""
    dice, df = random.Random(number), Dragonflow(netns)
    df.subscribe("miss")
    while True:
        try:
            event = df.event(60)
            if event and dice.random() < .5:
                _, who = event
                del who["port"]
                df.do("lookup-new", {"ttl-ms": dice.randint(1, 500), **who})
        except Refused:
            pass        # such as what a port has by now
        except OSError:
            pass        # more questions than there is room for


def demand(t, hv, number):
    """From now on whoever is not known is looked for."""
    hv.network(1, VNI, flags=["vlan-transparent", "on-demand"])
    for network in (2, 9):
        hv.network(network, flags=["on-demand"])
    Background(t, answer, hv.name, number)


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
    # nobody reads what else comes for it
    canary.receiver.close()
    t.check("drops of the canary", hv.drops(3), {})


def accounted(stats):
    """What became of the packets of a port, whatever it was answered. An answer is
    for one that was dropped, or is all that there is of it.
    """
    return sum(stats["drop"].values()) + stats["punts"]


def unicast_balance(ports):
    """What came and is not accounted for, and how many answers may be all of it."""
    missing = sum(s["rx-packets"] - accounted(s) - s["tx-packets"] + s["answers"]
                  for s in ports.values())
    return missing, sum(s["answers"] for s in ports.values())


def copies_of(number):
    """How many there must be of a packet that was not dropped."""
    network = VIFS.get(number, 1)
    vifs = sum(other == network and number != vif for vif, other in VIFS.items())
    return vifs + (0 if network != 1 or number in (VXLAN, GENEVE) else len(PEERS))


def group_balance(ports):
    """The copies that there must have been and are not accounted for. Those that got
    to no device are counted where the packet came from; the canary's go to one port.
    """
    missing = spare = 0
    for number, stats in ports.items():
        lost, copies = stats["drop"]["transmit"], copies_of(number)
        packets = stats["rx-packets"] - accounted(stats) + lost
        missing += packets * (1 if number == 3 else copies)
        missing -= stats["tx-packets"] - stats["answers"] + lost
        spare += copies * stats["answers"]
    return missing, spare


def judged_balance(ports):
    """Of fragments that are put together one is left, or none if some do not come."""
    missing, _ = unicast_balance(ports)
    return missing, sum(s["rx-packets"] for s in ports.values())


def balances(t, hv, before, balance):
    """All packets are through once nothing moves any more."""
    def is_balanced():
        missing, spare = balance(difference(before, port_stats(hv)))
        return 0 <= missing <= spare
    if not t.wait("all packets are accounted for", is_balanced):
        t.log(f"missing, spare: {balance(difference(before, port_stats(hv)))}")
        for item in difference(before, port_stats(hv)).items():
            t.log(item)


def unreclaimable_mib():
    with open("/proc/meminfo", encoding="ascii") as f:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in f}
    return (sizes["SUnreclaim"] + sizes["Percpu"]) / 1024


def works_on(t, hv):
    """After all of that a datagram is routed, and judged, as ever."""
    sender, receiver = t.open_wire("p1far"), t.open_wire("p9far")

    def arrives(port, text):
        sender.send(ethernet(mac(ROUTER), mac(1), 0x800, ip4(
            "192.0.2.1", "10.0.2.9", 17, udp(4000, port, text))))
        return any(text in got for got in receiver.pending())

    t.wait("what is allowed arrives", lambda: arrives(53, b"allowed"))
    dropped = hv.drops(1).get("policy-ingress", 0)
    hv.df.do("security-group-rule-del", {"id": 1})
    t.wait("what is not allowed is dropped",
           lambda: arrives(54, b"forbidden") or
           hv.drops(1).get("policy-ingress", 0) > dropped)
    t.check("and does not arrive", arrives(54, b"forbidden"), False)
    for number in VIFS:
        vif(hv, number)
    if not t.wait("without groups it does", lambda: arrives(54, b"forbidden")):
        t.log(hv.drops(1))


def packets_are_accounted_for_and_harm_no_other(t):
    backlog(t)
    hv = world(t)
    number, memory = seed(t.log), 0
    for kind, balance, prepare in (
            ("unicast", unicast_balance, None), ("group", group_balance, None),
            ("unicast", judged_balance, lambda: judge(hv)),
            ("unicast", judged_balance, lambda: demand(t, hv, number))):
        if prepare:
            prepare()
        before = port_stats(hv)
        attack(t, hv, kind, number)
        balances(t, hv, before, balance)
        # what the first has brought to its size, the others need not
        memory = memory or unreclaimable_mib()
    t.check("some were looked for", hv.df.drops(1).get("unresolved", 0) > 0)
    t.wait("nothing waits", lambda: sum(
        one["packets"] for one in hv.df.dump("lookup-get")), 0)
    works_on(t, hv)
    t.check("packets of no port", hv.df.do("datapath-get")["unbound-drops"],
            0)
    hv.df.do("datapath-set", {"flow-idle-ms": 100})
    t.wait("flow entries in the end",
           lambda: hv.df.do("datapath-get")["flows"], 0, 10)
    t.wait(f"it took and kept {SETTLED_MIB} MiB or more",
           lambda: unreclaimable_mib() > memory + SETTLED_MIB, False, 20)


main(packets_are_accounted_for_and_harm_no_other)
