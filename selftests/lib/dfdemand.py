# SPDX-License-Identifier: GPL-2.0
"""Networks whose ports elsewhere become known when they are looked for.

     w11  w12  w13           w21  w22               w31
      |    |    |             |    |                 |
    --+----+----+-network 1---+----+--           ----+-network 2--
      10.1.0.0/24             on demand              on demand
      2001:db8:1::/64                                10.3.0.0/24
           | .254 101                                | .254 102
           +---------------- router 1 ---------------+

    hv1: 11, 12, 13; hv2: 21, 22, 31. The test is the agent of hv1.
"""
from dfanswers import IP4, IP6, UDP, arp, solicitation
from dfcloud import VNI, cloud
from dfnl import Dragonflow
from dftest import WAIT_FACTOR, ethernet, ip4, ip6, mac, udp

NETWORK_OF = {1: 1, 2: 1, 3: 2}
LOOKUPS_MAX, PACKETS_MAX, WAIT_MS = 128, 8, 3000


def address(number, family=4):
    """Port 21 is host 21 of network 1, port 31 is of network 2."""
    subnet = 3 if number // 10 == 3 else 1
    if family == 4:
        return f"10.{subnet}.{number >> 8}.{number & 255}"
    return f"2001:db8:{subnet}::{number}"


def addresses(number):
    return {"ip4": [address(number)], "ip6": [address(number, 6)]}


def ask(src, target, family):
    """A request of a workload who has an address."""
    if family == 4:
        return arp(mac(src), target, address(src))
    return solicitation(mac(src), address(src, 6), target)


def packet(src, dst, family=4, text=b"text", ttl=64, to=None):
    """A datagram for a port, by way of another MAC if to is given."""
    source, target = address(src, family), address(dst, family)
    data = udp(7, 9, text)
    return ethernet(mac(to or dst), mac(src), *(
        (IP4, ip4(source, target, UDP, data, ttl=ttl)) if family == 4 else
        (IP6, ip6(source, target, UDP, data, ttl))))


class World:
    """Two hypervisors; on the first, everything elsewhere is unknown."""

    def __init__(self, t, local=(11, 12, 13), **more):
        self.t = t
        self.hv, self.other = cloud(t, "vxlan", 4)
        for hv in (self.hv, self.other):
            hv.network(1, VNI, flags=["on-demand"])
            hv.network(2, VNI + 1, flags=["on-demand"])
            hv.router(1)
            hv.interface(101, 1, 1, ["10.1.0.254/24", "2001:db8:1::fe/64"])
            hv.interface(102, 1, 2, ["10.3.0.254/24", "2001:db8:3::fe/64"])
        self.df = self.hv.df
        self.wires = {n: self.hv.wire(n, **addresses(n), **more)
                      for n in local}
        self.agent = self.listen()

    def listen(self):
        agent = Dragonflow(self.hv.name)
        self.t.defer(agent.close)
        agent.subscribe("miss")
        return agent

    def elsewhere(self, *ports):
        """Workloads on the other hypervisor, which knows of this one's."""
        for n in (11, 12, 13):
            self.other.remote(n, 1, **addresses(n))
        for n in ports:
            self.wires[n] = self.other.wire(n, NETWORK_OF[n // 10],
                                            **addresses(n))

    def asked(self, what, port, network=1, **who):
        """The agent is asked this, and nothing else."""
        self.t.check(f"{what}: the agent is asked", self.agent.event(
            5 * WAIT_FACTOR), ("lookup-ntf", {"network": network, **who,
                                              "port": port}))
        self.not_asked(what)

    def not_asked(self, what):
        self.t.check(f"{what}: nothing else is asked", self.agent.event(0),
                     None)

    def found(self, number, **more):
        self.hv.remote(number, 2, NETWORK_OF[number // 10],
                       **addresses(number), **more)

    def absent(self, ttl=60000, network=1, **who):
        self.df.do("lookup-new", {"network": network, "ttl-ms": ttl, **who})

    def lookups(self, network=None):
        return self.df.dump("lookup-get",
                            {"network": network} if network else {})

    def held(self, port=None):
        """How many wait; in lookups that a port has made."""
        return sum(one["packets"] for one in self.lookups()
                   if port in (None, one.get("port")))

    def holds(self, what, count):
        self.t.wait(f"{what}: it waits", self.held, count)

    def dropped(self, what, port, **want):
        self.t.wait(f"{what}: drops", lambda: self.hv.drops(port),
                    {k.replace("_", "-"): v for k, v in want.items()})

    def idle(self, number):
        return self.df.port(number).get("idle-ms")


def who(number, family):
    return {f"ip{family}": address(number, family)}
