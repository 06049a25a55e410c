# SPDX-License-Identifier: GPL-2.0
"""Ourselves: the module, programmed as the agent would."""
import socket
import struct

from dfnl import Dragonflow as Client
from dfnl import Tc, nla
from scenarios import SERVER_PORT
from systems import System, remember_connections
from sweeps import (SOURCE_MAC, SPREAD, Traffic, attack,
                    attack_by_neighbour)
from world import (DESTINATION, FAR_IP, GEN_IP, GEN_MAC, HV, REMOTE_MAC,
                   ROUTED_REMOTE_IP, ROUTED_SINK_IP, ROUTER_MAC, SINK_IP,
                   SINK_MAC, VNI, VXLAN_PORT, ip, mac_bytes, numbered_mac,
                   numbered_networks, run)

IN, OUT, TUNNEL, REMOTE = 1, 2, 3, 4
NETWORK, OTHER_NETWORK, FAR_CHASSIS, ROUTER = 1, 2, 1, 1
GROUP, SET = 1, 1
ICMP, TCP, UDP = 1, 6, 17
# Destination ports that no packet has.
OTHER_PORTS = 20000
# Where routes lead that are not to a subnet of the router.
BEHIND = "198.18.0."


class Dragonflow(System):
    NAME = "dragonflow"
    def __init__(self, world):
        super().__init__(world)
        run("modprobe", "dragonflow")
        self.df, self.tc = Client(HV), Tc(HV)
        self.many, self.groups, self.more = {}, [], {}
        self.df.do("datapath-set", {"flow-idle-ms": 3600000})

    def attach(self, dev, port):
        self.tc.attach(dev, port)
        self.used.append(dev)

    def vif(self, port, mac, dev, network=NETWORK, **more):
        self.df.do("port-new", {"id": port, "type": "vif", "mac": mac,
                                "network": network, "group": self.groups,
                                **self.more, **more})
        self.attach(dev, port)

    def down(self):
        super().down()
        # what there is so much of by its ids, the last of them first
        for kind, ids in reversed(self.many.items()):
            self.df.batch((f"{kind}-del", one) for one in ids)
        self.many, self.groups, self.more = {}, [], {}
        self._delete("port", lambda port: port["type"] != "tunnel")
        for kind in ("chassis", "port", "route", "router-interface", "router",
                     "network", "security-group-rule", "address-set",
                     "security-group"):
            self._delete(kind)

    def _delete(self, kind, which=lambda _: True):
        self.df.batch([(f"{kind}-del", {"id": found["id"]})
                       for found in self.df.dump(f"{kind}-get", {})
                       if which(found)])

    def network(self, number=NETWORK):
        self.df.do("network-new", {"id": number, "vni": VNI + number - NETWORK})

    def tunnel(self, network=NETWORK, address=None):
        """The underlay, and a workload on its other side."""
        ip(HV, f"""
            link add tunnel mtu 1500 type vxlan external dstport {VXLAN_PORT}
            link set tunnel up""")
        self.links.append("tunnel")
        self.df.do("port-new", {"id": TUNNEL, "type": "tunnel"})
        self.df.do("chassis-new", {"id": FAR_CHASSIS, "tunnel": TUNNEL,
                                   "remote-ip4": FAR_IP})
        self.attach("tunnel", TUNNEL)
        self.df.do("port-new", {"id": REMOTE, "type": "remote",
                                "network": network, "mac": REMOTE_MAC,
                                "chassis": FAR_CHASSIS,
                                **({"ip4": [address]} if address else {})})

    def receive_direct(self):
        """What comes by the underlay, before the kernel's tunnel device."""
        self.tc.underlay("under")
        self.used.append("under")

    def interface(self, number, address, mac=ROUTER_MAC):
        """The router's, in the network of the same number."""
        self.df.do("router-interface-new", {
            "id": number, "router": ROUTER, "network": number, "mac": mac,
            "address": [{"ip4": address, "prefix-len": 24}]})

    def router(self, beyond="203.0.113.254"):
        """Between two networks."""
        self.network()
        self.network(OTHER_NETWORK)
        self.df.do("router-new", {"id": ROUTER})
        self.interface(NETWORK, "192.0.2.254")
        self.interface(OTHER_NETWORK, beyond)

    def l2_local(self):
        self.network()
        self.vif(IN, GEN_MAC, "in")
        self.vif(OUT, SINK_MAC, "out")

    def l2_remote_send(self):
        self.network()
        self.tunnel()
        self.vif(IN, GEN_MAC, "in")

    def l2_remote_receive(self):
        self.network()
        self.tunnel()
        self.receive_direct()
        self.vif(OUT, SINK_MAC, "out")

    def l3_local(self):
        self.router()
        self.vif(IN, GEN_MAC, "in", ip4=[GEN_IP])
        self.vif(OUT, SINK_MAC, "out", network=OTHER_NETWORK,
                 ip4=[ROUTED_SINK_IP])

    def l3_remote_send(self):
        self.router()
        self.tunnel(OTHER_NETWORK, ROUTED_REMOTE_IP)
        self.vif(IN, GEN_MAC, "in", ip4=[GEN_IP])

    def l3_remote_receive(self):
        self.router()
        self.tunnel(OTHER_NETWORK, ROUTED_REMOTE_IP)
        self.receive_direct()
        self.vif(OUT, SINK_MAC, "out", ip4=[SINK_IP])

    def group(self, **more):
        """The workloads may send all, and take UDP and TCP to one port, and
        ICMP."""
        port = {"port-min": SERVER_PORT, "port-max": SERVER_PORT}
        self.df.do("security-group-new", {"id": GROUP, **more})
        for number, rule in enumerate((
                {"direction": "egress"},
                {"direction": "ingress", "protocol": UDP, **port},
                {"direction": "ingress", "protocol": TCP, **port},
                {"direction": "ingress", "protocol": ICMP}), 1):
            self.df.do("security-group-rule-new", {
                "id": number, "group": GROUP, "version": "ip4", **rule})
        self.groups = [GROUP]

    def _tracked(self, path):
        """There is room for an entry of each connection: making one costs."""
        remember_connections()
        self.group()
        self.more = {"flow-limit": 65536}
        path()

    def l2_local_stateful(self):
        self._tracked(self.l2_local)

    def l2_remote_send_stateful(self):
        self._tracked(self.l2_remote_send)

    def l2_remote_receive_stateful(self):
        self._tracked(self.l2_remote_receive)

    def l3_local_stateful(self):
        self._tracked(self.l3_local)

    def l3_remote_send_stateful(self):
        self._tracked(self.l3_remote_send)

    def l3_remote_receive_stateful(self):
        self._tracked(self.l3_remote_receive)

    def sweep_ports(self, count):
        """So many ports on a hundred other hypervisors."""
        self.l2_local()
        self.tunnel()
        self.df.batch([("chassis-new", {
            "id": 2 + n, "tunnel": TUNNEL, "remote-ip4": f"198.51.100.{10 + n}"
        }) for n in range(100)])
        self._remote_ports(count)
        return Traffic()

    # Only what differs is encoded for each of many: an emulated processor
    # would take minutes for all of it.

    def _ids(self, kind, count, first=1000):
        """So many of one kind, by their ids, which down() deletes."""
        number = self.df.spec.attribute(kind, "id").number
        ids = [nla(number, struct.pack("I", first + n)) for n in range(count)]
        self.many[kind] = ids
        return ids

    def _remote_ports(self, count):
        same = [self.df.spec.encode("port", {
            "type": "remote", "network": NETWORK, "chassis": 2 + n})
                for n in range(100)]
        mac = self.df.spec.attribute("port", "mac").number
        self.df.batch(
            ("port-new", one + same[n % 100]
             + nla(mac, mac_bytes(numbered_mac(n))))
            for n, one in enumerate(self._ids("port", count)))

    def _routes(self, count):
        """To so many networks, all by the workload that is at "out"."""
        same = self.df.spec.encode("route", {
            "router": ROUTER, "prefix-len": 24,
            "nexthop": [{"interface": OTHER_NETWORK, "ip4": f"{BEHIND}2"}]})
        ip4 = self.df.spec.attribute("route", "ip4").number
        self.df.batch(
            ("route-new", one + same + nla(ip4, socket.inet_aton(network[:-3])))
            for one, network in zip(self._ids("route", count),
                                    numbered_networks(count)))

    def _behind(self, **more):
        """Both workloads, and nothing but routes leads to the second."""
        self.router(f"{BEHIND}254")
        self.vif(IN, GEN_MAC, "in", ip4=[GEN_IP], **more)
        self.vif(OUT, SINK_MAC, "out", network=OTHER_NETWORK,
                 ip4=[f"{BEHIND}2"])

    def sweep_routes(self, count):
        self._behind()
        self._routes(count)
        return Traffic("l3_local")

    def sweep_lookups(self, count):
        """Without a cache each packet asks for its route, another each."""
        self._behind(**{"flow-limit": 0})
        self._routes(count)
        return Traffic("l3_local", count - 1, DESTINATION, chain="l3_many")

    def sweep_interfaces(self, count):
        """So many networks at one router; two of them have workloads."""
        self.l3_local()
        networks = self._ids("network", count)
        self.df.batch(("network-new", one) for one in networks)
        same = self.df.spec.encode("router-interface", {"router": ROUTER})
        spec = self.df.spec.attribute
        network = spec("router-interface", "network").number
        mac = spec("router-interface", "mac").number
        self.df.batch(
            ("router-interface-new", one + same
             + nla(network, struct.pack("I", 1000 + n))
             + nla(mac, mac_bytes(numbered_mac(n)))
             + self.df.spec.encode("router-interface", {"address": [
                 {"ip4": f"10.{n >> 8}.{n & 255}.254", "prefix-len": 24}]}))
            for n, one in enumerate(self._ids("router-interface", count)))
        return Traffic("l3_local")

    def _judged(self, attrs):
        """Each packet walks, and one rule of those of the group allows it."""
        self.df.do("security-group-new", {"id": GROUP, "flags": ["stateless"]})
        self.df.do("security-group-rule-new", {
            "id": 1, "group": GROUP, "direction": "egress", "version": "ip4",
            "protocol": UDP, **attrs})
        self.network()
        self.vif(IN, GEN_MAC, "in", **{"flow-limit": 0, "group": [GROUP]})
        self.vif(OUT, SINK_MAC, "out")

    def sweep_rules(self, count):
        """So many, each for another port; the packets' is one of them."""
        self._judged({"port-min": SERVER_PORT, "port-max": SERVER_PORT})
        same = self.df.spec.encode("security-group-rule", {
            "group": GROUP, "direction": "egress", "version": "ip4",
            "protocol": UDP})
        low, high = (self.df.spec.attribute("security-group-rule", name).number
                     for name in ("port-min", "port-max"))
        self.df.batch(
            ("security-group-rule-new", one + same
             + nla(low, struct.pack("H", OTHER_PORTS + n))
             + nla(high, struct.pack("H", OTHER_PORTS + n)))
            for n, one in enumerate(self._ids("security-group-rule",
                                              count - 1)))
        return Traffic()

    def sweep_members(self, count):
        """So many in the set that the rule names; the receiver is one."""
        self.df.do("address-set-new", {"id": SET})
        self._judged({"address-set": SET})
        same = self.df.spec.encode("address-set-member", {"set": SET})
        ip4 = self.df.spec.attribute("address-set-member", "ip4").number
        members = [same + nla(ip4, socket.inet_aton(
            f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"))
            for n in range(count - 1)]
        members.append(same + nla(ip4, socket.inet_aton(SINK_IP)))
        self.df.batch(("address-set-member-new", one) for one in members)
        self.many["address-set-member"] = members
        return Traffic()

    def sweep_flows(self, count):
        """So many senders behind one port, a flow each."""
        self.network()
        self.vif(IN, GEN_MAC, "in", **{"flow-limit": 2 * count})
        self.vif(OUT, SINK_MAC, "out")
        return Traffic(variants=count, by=SOURCE_MAC)

    def sweep_hostile(self, count):
        self.l2_local()
        attack(self, count)
        return Traffic(variants=SPREAD)

    def sweep_hostile_stateful(self, count):
        self.l2_local_stateful()
        attack_by_neighbour(self, count)
        return Traffic(answered=True)
