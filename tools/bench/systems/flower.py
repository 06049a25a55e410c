# SPDX-License-Identifier: GPL-2.0
"""The kernel's own parts behind tc flower: act_ct, tunnel_key, pedit."""
import itertools

from systems import System, remember_connections
from sweeps import SOURCE_MAC, SPREAD, Traffic
from world import (FAR_IP, GEN_MAC, HV, REMOTE_MAC, ROUTER_MAC, SINK_MAC,
                   UNDER_IP, VNI, VXLAN_PORT, ip, numbered_mac,
                   numbered_networks, numbered_ports, numbered_sender, tc)

ENCAPSULATE = (f"action tunnel_key set id {VNI} src_ip {UNDER_IP} "
               f"dst_ip {FAR_IP} dst_port {VXLAN_PORT} nocsum pipe ")
DECAPSULATE = "action tunnel_key unset pipe "
TO_OUT = "action mirred egress redirect dev out"
FROM_TUNNEL = f"enc_key_id {VNI} "
# What a security group allows, one rule each.
ALLOWED = ("ip_proto udp dst_port 5201", "ip_proto tcp dst_port 5201",
           "ip_proto icmp")


def to(mac):
    return f"dst_mac {mac} "


def route(mac):
    """Match what the router has to take to a workload, and do it."""
    return to(ROUTER_MAC), (
        f"action pedit ex munge eth src set {ROUTER_MAC} "
        f"munge eth dst set {mac} munge ip ttl dec pipe "
        "action csum ip4h pipe ")


class Flower(System):
    NAME = "flower"
    LACKS = {"hostile": "learns nothing from packets",
             "lookups": "looks up for each packet: see sweep-routes",
             "interfaces": "has no routers, only their rewrites"}
    MOST = {"sweep-routes": 3000, "sweep-rules": 64}

    def __init__(self, world):
        super().__init__(world)
        self.stateful = False

    def _filters(self, dev, match, actions, out):
        """Packets that match go to a device."""
        self.used.append(dev)
        redirect = f"action mirred egress redirect dev {out}"
        start = f"filter add dev {dev} ingress protocol ip "
        if not self.stateful:
            tc(HV, f"""
                qdisc add dev {dev} clsact
                {start} prio 1 flower {match} {actions} {redirect}""")
            return
        # one priority for each shape of match, the frequent ones first
        lines = [f"{start} chain 1 prio {2 + n} flower ct_state +trk+new "
                 f"{match} {rule} action ct commit zone 1 pipe "
                 f"{actions} {redirect}" for n, rule in enumerate(ALLOWED)]
        tc(HV, "\n".join([
            f"qdisc add dev {dev} clsact",
            f"{start} prio 1 flower ct_state -trk action ct zone 1 pipe "
            "action goto chain 1",
            f"{start} chain 1 prio 1 flower ct_state +trk+est {match} "
            f"{actions} {redirect}"] + lines))

    def _tunnel(self):
        self.links.append("tunnel")
        ip(HV, f"""
            link add tunnel mtu 1500 type vxlan external dstport {VXLAN_PORT}
            link set tunnel up""")

    def _connections(self):
        self.stateful = True
        remember_connections()

    def down(self):
        super().down()
        self.stateful = False

    def l2_local(self):
        self._filters("in", to(SINK_MAC), "", "out")
        self._filters("out", to(GEN_MAC), "", "in")

    def l2_remote_send(self):
        self._tunnel()
        self._filters("in", to(REMOTE_MAC), ENCAPSULATE, "tunnel")
        self._filters("tunnel", FROM_TUNNEL + to(GEN_MAC), DECAPSULATE, "in")

    def l2_remote_receive(self):
        self._tunnel()
        self._filters("tunnel", FROM_TUNNEL + to(SINK_MAC), DECAPSULATE,
                      "out")
        self._filters("out", to(REMOTE_MAC), ENCAPSULATE, "tunnel")

    def l3_local(self):
        self._filters("in", *route(SINK_MAC), "out")
        self._filters("out", *route(GEN_MAC), "in")

    def l3_remote_send(self):
        self._tunnel()
        match, rewrite = route(REMOTE_MAC)
        self._filters("in", match, rewrite + ENCAPSULATE, "tunnel")
        self._filters("tunnel", FROM_TUNNEL + to(GEN_MAC), DECAPSULATE, "in")

    def l3_remote_receive(self):
        self._tunnel()
        self._filters("tunnel", FROM_TUNNEL + to(SINK_MAC), DECAPSULATE,
                      "out")
        match, rewrite = route(REMOTE_MAC)
        self._filters("out", match, rewrite + ENCAPSULATE, "tunnel")

    def l2_local_stateful(self):
        self._connections()
        self.l2_local()

    def l2_remote_send_stateful(self):
        self._connections()
        self.l2_remote_send()

    def l2_remote_receive_stateful(self):
        self._connections()
        self.l2_remote_receive()

    def l3_local_stateful(self):
        self._connections()
        self.l3_local()

    def l3_remote_send_stateful(self):
        self._connections()
        self.l3_remote_send()

    def l3_remote_receive_stateful(self):
        self._connections()
        self.l3_remote_receive()

    def sweep_ports(self, count):
        """A filter for each workload of the other hypervisor."""
        self._tunnel()
        self.l2_local()
        self._many(to(numbered_mac(n)) + ENCAPSULATE +
                   "action mirred egress redirect dev tunnel"
                   for n in range(count))
        return Traffic()

    @staticmethod
    def _many(filters, prio=itertools.repeat(1)):
        """Filters on "in", by default all of one priority and one mask."""
        tc(HV, "\n".join(
            f"filter add dev in ingress protocol ip prio {n} flower {one}"
            for n, one in zip(prio, filters)))

    def _start(self):
        self.used.append("in")
        tc(HV, "qdisc add dev in clsact")

    def sweep_flows(self, count):
        """A filter for each pair of addresses."""
        self._start()
        self._many(f"src_mac {numbered_sender(n)} {to(SINK_MAC)} {TO_OUT}"
                   for n in range(count))
        return Traffic(variants=count, by=SOURCE_MAC)

    def sweep_routes(self, count):
        """A filter for each network that the router reaches."""
        match, rewrite = route(SINK_MAC)
        self._start()
        self._many(f"{match} dst_ip {network} {rewrite} {TO_OUT}"
                   for network in numbered_networks(count))
        return Traffic("l3_local")

    def sweep_rules(self, count):
        """Rules in order, a priority each; packets are of the last one."""
        self._start()
        self._many((f"{to(SINK_MAC)} ip_proto udp dst_port {port} {TO_OUT}"
                    for port in numbered_ports(count)), itertools.count(1))
        return Traffic(variants=SPREAD)
