# SPDX-License-Identifier: GPL-2.0
"""Open vSwitch's datapath in the kernel, with flows in the shape of OVN's.

A logical pipeline becomes few flows in the kernel, but each look at a
connection is one pass more: a workload's rules are looked up in a zone of
their own, its sender's as its receiver's. Nobody answers misses: what no flow
was given for is lost, and a measurement would tell.
"""
import socket
import struct

from systems import System, remember_connections
from sweeps import SOURCE_MAC, SPREAD, Traffic
from world import (FAR_IP, GEN_IP, GEN_MAC, HV, PORTS, REMOTE_MAC, ROUTER_MAC,
                   SINK_MAC, UNDER_IP, VNI, VXLAN_PORT, Failure, ip,
                   numbered_mac, numbered_networks, numbered_sender, run)

IN, OUT, TUNNEL = 1, 2, 3
DEVICES = {IN: "in", OUT: "out", TUNNEL: "tunnel"}
IP4 = "eth_type(0x0800),ipv4(frag=no)"
SEND = (f"set(tunnel(tun_id={VNI:#x},dst={FAR_IP},ttl=64,tp_dst={VXLAN_PORT},"
        f"flags(df|key))),{TUNNEL}")
# The kernel wants a ttl to be named, though any will do.
RECEIVED = f"tunnel(tun_id={VNI:#x},src={FAR_IP},dst={UNDER_IP},ttl=0/0," \
    "flags(-df+key))"
# What a security group allows, one rule each. The kernel wants all of a
# protocol's fields to be named, though any value will do.
ALLOWED = ("eth_type(0x0800),ipv4(proto=17,frag=no),udp(dst=5201)",
           "eth_type(0x0800),ipv4(proto=6,frag=no),tcp(dst=5201),"
           "tcp_flags(0/0)",
           "eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=0/0,code=0/0)")


def eth(src, dst):
    return f"eth(src={src},dst={dst})"


def route(dst):
    """What the router does to a packet."""
    return f"set({eth(ROUTER_MAC, dst)}),set(ipv4(ttl=63)),"


def other_bits(value, length, width):
    """As many bits of a value as length says, the last of them another."""
    mask = (1 << width) - (1 << width - length)
    return f"{(value ^ 1 << width - length) & mask:#x}/{mask:#x}"


def other_prefix(value, length):
    """The same of an IPv4 address."""
    return "/".join(socket.inet_ntoa(struct.pack("!I", int(part, 16)))
                    for part in other_bits(value, length, 32).split("/"))


def switch(dst):
    """A packet stays as it is within a network."""
    del dst
    return ""


class Ovs(System):
    NAME = "ovs"
    LACKS = {"hostile": "no daemon here that would learn; see ovn",
             "lookups": "no daemon here that would look up",
             "interfaces": "has no routers, only their rewrites"}
    MOST = {"sweep-routes": 3000}

    def __init__(self, world):
        super().__init__(world)
        run("ovs-dpctl", "--version")
        run("modprobe", "-a", "openvswitch", "vxlan")
        self.exists, self.recirculations = False, 0

    def _datapath(self, *ports):
        run("ovs-dpctl", "add-dp", "bench", netns=HV)
        self.exists = True
        if TUNNEL in ports:
            self.links.append("tunnel")
            ip(HV, f"""
                link add tunnel mtu 1500 type vxlan external dstport {VXLAN_PORT}
                link set tunnel up""")
        run("ovs-dpctl", "add-if", "bench",
            *(f"{DEVICES[port]},port_no={port}" for port in ports), netns=HV)

    def down(self):
        if self.exists:
            run("ovs-dpctl", "del-dp", "bench", netns=HV)
        self.exists, self.recirculations = False, 0
        super().down()

    def _flows(self, flows):
        said = run("ovs-dpctl", "add-flows", "bench", "-", netns=HV,
                   stdin="".join(f"{flow} {actions}\n"
                                 for flow, actions in flows))
        # It may go on, and leave with status 0, without a flow.
        if "ovs-dpctl:" in said:
            raise Failure(f"ovs-dpctl add-flows: {said}")

    def _look(self, zone):
        """Look the connection up, and begin anew with what was found."""
        self.recirculations += 1
        return f"ct(zone={zone}),recirc({self.recirculations})"

    def _way(self, port, match, actions, zones=()):
        """Packets from a port that match, by the zones of their workloads to
        actions that change and send them."""
        start = f"in_port({port}),{match}"
        then = self._look(zones[0]) if zones else actions
        flows = [(f"recirc_id(0),{start},{IP4}", then)]
        for n, zone in enumerate(zones):
            start = f"recirc_id({self.recirculations:#x}),in_port({port})," \
                f"{match}"
            then = self._look(zones[n + 1]) if zones[n + 1:] else actions
            flows.append((f"{start},ct_state(-new+est-inv+trk),"
                          f"ct_mark(0/0x1),{IP4}", then))
            flows += [(f"{start},ct_state(+new-est-inv+trk),{rule}",
                       f"ct(commit,zone={zone},mark=0/0x1),{then}")
                      for rule in ALLOWED]
        self._flows(flows)

    def _zones(self, *ports):
        remember_connections()
        return ports

    def _local(self, rewrite, via, zones=()):
        """Both ways; via is the address that workloads send to."""
        self._datapath(IN, OUT)
        self._way(IN, eth(GEN_MAC, via or SINK_MAC),
                  f"{rewrite(SINK_MAC)}{OUT}", zones)
        self._way(OUT, eth(SINK_MAC, via or GEN_MAC),
                  f"{rewrite(GEN_MAC)}{IN}", zones[::-1])

    def _remote(self, rewrite, via, port, mac, zones=()):
        """A workload here and one there."""
        self._datapath(port, TUNNEL)
        self._way(port, eth(mac, via or REMOTE_MAC),
                  f"{rewrite(REMOTE_MAC)}{SEND}", zones)
        self._way(TUNNEL, f"{RECEIVED},{eth(via or REMOTE_MAC, mac)}",
                  f"{port}", zones)

    def l2_local(self):
        self._local(switch, None)

    def l2_remote_send(self):
        self._remote(switch, None, IN, GEN_MAC)

    def l2_remote_receive(self):
        self._remote(switch, None, OUT, SINK_MAC)

    def l3_local(self):
        self._local(route, ROUTER_MAC)

    def l3_remote_send(self):
        self._remote(route, ROUTER_MAC, IN, GEN_MAC)

    def l3_remote_receive(self):
        self._remote(route, ROUTER_MAC, OUT, SINK_MAC)

    def l2_local_stateful(self):
        self._local(switch, None, self._zones(IN, OUT))

    def l2_remote_send_stateful(self):
        self._remote(switch, None, IN, GEN_MAC, self._zones(IN))

    def l2_remote_receive_stateful(self):
        self._remote(switch, None, OUT, SINK_MAC, self._zones(OUT))

    def l3_local_stateful(self):
        self._local(route, ROUTER_MAC, self._zones(IN, OUT))

    def l3_remote_send_stateful(self):
        self._remote(route, ROUTER_MAC, IN, GEN_MAC, self._zones(IN))

    def l3_remote_receive_stateful(self):
        self._remote(route, ROUTER_MAC, OUT, SINK_MAC, self._zones(OUT))

    def sweep_ports(self, count):
        """Flows to so many workloads of the other hypervisor."""
        self._datapath(IN, OUT, TUNNEL)
        self._way(IN, eth(GEN_MAC, SINK_MAC), f"{OUT}")
        self._flows((f"recirc_id(0),in_port({IN}),"
                     f"{eth(GEN_MAC, numbered_mac(n))},{IP4}", SEND)
                    for n in range(count))
        return Traffic()

    def sweep_flows(self, count):
        self._datapath(IN, OUT)
        self._flows((f"recirc_id(0),in_port({IN}),"
                     f"{eth(numbered_sender(n), SINK_MAC)},{IP4}", f"{OUT}")
                    for n in range(count))
        return Traffic(variants=count, by=SOURCE_MAC)

    def sweep_routes(self, count):
        self._datapath(IN, OUT)
        self._flows((
            f"recirc_id(0),in_port({IN}),{eth(GEN_MAC, ROUTER_MAC)},"
            f"eth_type(0x0800),ipv4(dst={network.split('/')[0]}"
            f"/255.255.255.0,frag=no)", f"{route(SINK_MAC)}{OUT}")
            for network in numbered_networks(count))
        return Traffic("l3_local")

    def sweep_rules(self, count):
        """What a daemon puts there for other packets: each differs from ours
        in one bit of the sender and one of the port, up to which it was looked
        at. So each has a mask of its own, and none lies in another."""
        self._datapath(IN, OUT)
        start = f"recirc_id(0),in_port({IN}),{eth(GEN_MAC, SINK_MAC)}," \
            "eth_type(0x0800)"
        sender, = struct.unpack("!I", socket.inet_aton(GEN_IP))
        bits = [(source, port) for source in range(1, 9)
                for port in range(1, 9)]
        self._flows([(
            f"{start},ipv4(src={other_prefix(sender, source)},proto=17,"
            f"frag=no),udp(dst={other_bits(PORTS[1], port, 16)})",
            f"{OUT}") for source, port in bits[:count - 1]])
        self._flows([(f"{start},ipv4(proto=17,frag=no),udp(dst={PORTS[1]})",
                      f"{OUT}")])
        return Traffic(variants=SPREAD)
