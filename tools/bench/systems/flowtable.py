# SPDX-License-Identifier: GPL-2.0
"""The kernel as a router with nftables, its flow table as the fast path.

It routes only, and only connections that a rule has let through; the other
hypervisor's networks are reached by a VXLAN device.
"""
from systems import System, remember_connections
from sweeps import SPREAD, Traffic
from world import (FAR_IP, GEN_IP, GEN_MAC, HV, REMOTE_MAC, ROUTED_REMOTE_IP,
                   ROUTED_SINK_IP, ROUTER_MAC, SINK_IP, SINK_MAC, UNDER_IP,
                   VNI, VXLAN_PORT, ip, numbered_networks, numbered_ports, run,
                   sysctl)

# The same rules as everyone's; what they have let through takes the fast path.
RULES = """
table inet bench {
	flowtable fast { hook ingress priority 0; devices = { %s }; }
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state established,related flow add @fast
		ct state established,related accept
		udp dport 5201 accept
		tcp dport 5201 accept
%s		icmp type echo-request accept
	}
}
"""


class Flowtable(System):
    NAME = "flowtable"
    LACKS = {"l2": "routes only", "l3": "always stateful",
             "ports": "knows no workloads, only routes",
             "lookups": "keeps a connection's route",
             "hostile": "learns connections only, when rules allow them"}

    def __init__(self, world):
        super().__init__(world)
        self.legs, self.has_rules = [], False
        run("nft", "--version")

    def _rules(self, *devices, more=""):
        remember_connections()
        run("modprobe", "nf_flow_table")
        sysctl(HV, ipv4__ip_forward=1,
               netfilter__nf_flowtable_udp_timeout=86400)
        run("nft", "-f", "-", netns=HV, stdin=RULES % (", ".join(devices), more))
        self.has_rules = True

    def _leg(self, dev, router_ip, workload_ip, workload_mac):
        """A workload on a device of this router."""
        ip(HV, f"""
            link set {dev} address {ROUTER_MAC}
            address add {router_ip}/24 dev {dev}
            neighbour replace {workload_ip} dev {dev} lladdr {workload_mac}""")
        self.legs.append(dev)

    def _remote(self, mac):
        """A route to the other hypervisor's; mac is what comes from there to."""
        self.links.append("vx")
        ip(HV, f"""
            link add vx mtu 1500 address {mac} type vxlan id {VNI} local {UNDER_IP} remote {FAR_IP} dstport {VXLAN_PORT} dev under
            link set vx up
            route add {ROUTED_REMOTE_IP}/32 dev vx
            neighbour add {ROUTED_REMOTE_IP} dev vx lladdr {REMOTE_MAC}""")

    def _legs(self):
        self._leg("in", "192.0.2.254", GEN_IP, GEN_MAC)
        self._leg("out", "203.0.113.254", ROUTED_SINK_IP, SINK_MAC)

    def l3_local_stateful(self):
        self._legs()
        self._rules("in", "out")

    def l3_remote_send_stateful(self):
        self._leg("in", "192.0.2.254", GEN_IP, GEN_MAC)
        self._remote(GEN_MAC)
        self._rules("in", "vx")

    # What comes has been routed already, to the workload: be its address.
    def l3_remote_receive_stateful(self):
        self._leg("out", "192.0.2.254", SINK_IP, SINK_MAC)
        self._remote(SINK_MAC)
        self._rules("out", "vx")

    def down(self):
        if self.has_rules:
            run("nft", "delete", "table", "inet", "bench", netns=HV)
        for dev in self.legs:
            ip(HV, f"address flush dev {dev}\nneighbour flush dev {dev} nud all")
        super().down()
        self.legs, self.has_rules = [], False

    def sweep_flows(self, count):
        """Connections; what is weighed is one with its entry here."""
        self.l3_local_stateful()
        return Traffic("l3_local", count, answered=True)

    def sweep_routes(self, count):
        self.l3_local_stateful()
        ip(HV, "\n".join(f"route add {network} via {ROUTED_SINK_IP}"
                         for network in numbered_networks(count)[:-1]))
        return Traffic("l3_local", answered=True)

    def sweep_rules(self, count):
        self._legs()
        self._rules("in", "out", more="".join(
            f"\t\tudp dport {port} accept\n"
            for port in numbered_ports(count)[:-1]))
        return Traffic("l3_local", SPREAD, answered=True)
