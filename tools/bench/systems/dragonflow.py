# SPDX-License-Identifier: GPL-2.0
"""Ourselves: the module, programmed as the agent would."""
import struct

from dfnl import Dragonflow as Client
from dfnl import Tc, nla
from systems import System
from sweeps import SOURCE_MAC, SPREAD, Traffic, attack
from world import (FAR_IP, GEN_MAC, HV, REMOTE_MAC, SINK_MAC, VNI, VXLAN_PORT, ip,
                   mac_bytes, numbered_mac, run)

IN, OUT, TUNNEL = 1, 2, 3
NETWORK, FAR_CHASSIS = 1, 1


class Dragonflow(System):
    NAME = "dragonflow"
    LACKS = {"l3": "no routing yet", "routes": "no routing yet",
             "stateful": "no security groups yet",
             "rules": "no security groups yet"}

    def __init__(self, world):
        super().__init__(world)
        run("modprobe", "dragonflow")
        self.df, self.tc = Client(HV), Tc(HV)
        self.many = []
        self.df.do("datapath-set", {"flow-idle-ms": 3600000})

    def attach(self, dev, port):
        self.tc.attach(dev, port)
        self.used.append(dev)

    def vif(self, port, mac, dev, **more):
        self.df.do("port-new", {"id": port, "type": "vif", "mac": mac,
                                "network": NETWORK, **more})
        self.attach(dev, port)

    def down(self):
        super().down()
        self.df.batch(("port-del", port) for port in self.many)
        self.many = []
        self._delete("port", lambda port: port["type"] != "tunnel")
        self._delete("chassis")
        self._delete("port")
        self._delete("network")

    def _delete(self, kind, which=lambda _: True):
        self.df.batch([(f"{kind}-del", {"id": found["id"]})
                       for found in self.df.dump(f"{kind}-get", {})
                       if which(found)])

    def network(self):
        self.df.do("network-new", {"id": NETWORK, "vni": VNI})

    def tunnel(self):
        """The underlay, and a workload on its other side."""
        ip(HV, f"""
            link add tunnel mtu 1500 type vxlan external dstport {VXLAN_PORT}
            link set tunnel up""")
        self.links.append("tunnel")
        self.df.do("port-new", {"id": TUNNEL, "type": "tunnel"})
        self.df.do("chassis-new", {"id": FAR_CHASSIS, "tunnel": TUNNEL,
                                   "remote-ip4": FAR_IP})
        self.attach("tunnel", TUNNEL)
        self.df.do("port-new", {"id": 4, "type": "remote", "network": NETWORK,
                                "mac": REMOTE_MAC, "chassis": FAR_CHASSIS})

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
        self.tc.underlay("under")
        self.used.append("under")
        self.vif(OUT, SINK_MAC, "out")

    def sweep_ports(self, count):
        """So many ports on a hundred other hypervisors."""
        self.l2_local()
        self.tunnel()
        self.df.batch([("chassis-new", {
            "id": 2 + n, "tunnel": TUNNEL, "remote-ip4": f"198.51.100.{10 + n}"
        }) for n in range(100)])
        self._remote_ports(count)
        return Traffic()

    def _remote_ports(self, count):
        """Only what differs is encoded for each: an emulated processor would
        take minutes for all of it."""
        same = [self.df.spec.encode("port", {
            "type": "remote", "network": NETWORK, "chassis": 2 + n})
                for n in range(100)]
        mac = self.df.spec.attribute("port", "mac").number
        self.many = [self._port_id(1000 + n) for n in range(count)]
        self.df.batch(
            ("port-new", self.many[n] + same[n % 100]
             + nla(mac, mac_bytes(numbered_mac(n)))) for n in range(count))

    def _port_id(self, number):
        kind = self.df.spec.attribute("port", "id").number
        return nla(kind, struct.pack("I", number))

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
