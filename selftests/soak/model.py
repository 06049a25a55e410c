# SPDX-License-Identifier: GPL-2.0
"""What was asked of the cloud of a soak, and what follows from it for packets: the
oracle. It knows nothing of agents, of the module, or of time.

    tenant 1                          tenant 2: the same addresses
    network 1: 10.0.1.0/24            ...
               2001:db8:0:1::/64
    .1 ...       ports
    .240         an address that ports share
    .250         nobody's
    .254, .253   the tenant's two routers

Every object knows how it is written into the database, fields(). What may come of a
packet is one of
    REACH    it arrives at one of these ports, once
    DENY     it arrives nowhere
    FREE     it may do either
"""
import ipaddress
import uuid

FREE, REACH, DENY = "free", "reach", "deny"
FAMILIES = (4, 6)
BITS = {4: 32, 6: 128}
ROUTERS_MAX = 8                     # that a packet may cross
SHARED_HOST, ROUTER_HOST = 240, 254
SERVICE, CLIENTS = 4096, range(5000, 5008)      # UDP ports, as in frame.c
EGRESS, INGRESS = "egress", "ingress"


def derived_id(ident, name):
    return str(uuid.uuid5(uuid.UUID(ident), name))


class Prefix:
    """Addresses are numbers: much of what is done with them is done often."""

    def __init__(self, family, value, length):
        self.family, self.value, self.length = family, value, length
        self.shift = BITS[family] - length

    def __contains__(self, address):
        return self.value >> self.shift == address >> self.shift

    def __str__(self):
        return f"{text_of(self.family, self.value)}/{self.length}"

    def __eq__(self, other):
        return str(self) == str(other)

    __hash__ = None


def text_of(family, address):
    return str(ipaddress.ip_address(address) if family == 4 else ipaddress.IPv6Address(address))


class Network:
    def __init__(self, ident, tenant, number, **more):
        self.id, self.tenant, self.number = ident, tenant, number
        self.is_steady = more.get("steady", False)  # never touched as a whole
        self.is_on_demand = more.get("on_demand", False)
        self.is_up = True
        self.gate = None            # the router that its ports use
        self.shared = None          # the address that ports of it may have
        self.prefix = {
            4: Prefix(4, int(ipaddress.ip_address(f"10.0.{number}.0")), 24),
            6: Prefix(6, int(ipaddress.ip_address(f"2001:db8:0:{number}::")), 64)}

    def address(self, family, host):
        return self.prefix[family].value + host

    def subnet_id(self, family):
        return derived_id(self.id, f"subnet {family}")

    def fields(self):
        return {"model": "network", "id": self.id, "admin_state_up": self.is_up,
                "on_demand": self.is_on_demand}

    def subnets(self):
        return [{"model": "subnet", "id": self.subnet_id(family), "network_id": self.id,
                 "cidr": str(self.prefix[family])} for family in FAMILIES]

    def __str__(self):
        return f"{'on-demand ' * self.is_on_demand}network {self.tenant}.{self.number}"


class Port:
    """A port; number is its place in the probe, as with all that has one."""

    def __init__(self, number, ident, network, host_number, host, **more):
        self.number, self.id, self.network, self.host_number, self.host = \
            number, ident, network, host_number, host
        self.is_steady = more.get("steady", False)
        self.is_up = True
        self.is_gone = False        # deleted; its device is still there
        self.standby = None         # where it moves to, or has been
        self.plugged = None         # where its device is
        self.hosts = {host}         # that have to notice the last change
        self.groups = []

    @property
    def device(self):
        return f"tap{self.id[:11]}"

    @property
    def tenant(self):
        return self.network.tenant

    @property
    def mac(self):
        """Other networks have the same."""
        return f"02:00:00:00:00:{self.host_number:02x}"

    def address(self, family):
        return self.network.address(family, self.host_number)

    @property
    def shared(self):
        """The shared address, if it may have that."""
        shared = self.network.shared
        return shared if shared and self in shared.ports else None

    @property
    def works(self):
        return (not self.is_gone and self.is_up and self.network.is_up
                and self.plugged is not None and self.plugged == self.host)

    def fields(self):
        fields = {"model": "port", "id": self.id, "network_id": self.network.id,
                  "mac_address": self.mac, "admin_state_up": self.is_up,
                  "security_groups": [group.id for group in self.groups],
                  "fixed_ips": [{"subnet_id": self.network.subnet_id(family),
                                 "ip_address": text_of(family, self.address(family))}
                                for family in FAMILIES]}
        if self.host:
            fields["binding_host"] = self.host
        if self.standby:
            fields["binding_standby_host"] = self.standby
        if self.shared:
            fields["allowed_address_pairs"] = self.shared.pairs()
        return fields

    def __str__(self):
        return (f"port {self.number} (.{self.host_number} of {self.network}, {self.id[:8]}): "
                f"host {self.host}, device at {self.plugged}, {'up' if self.is_up else 'down'}"
                + ", its network down" * (not self.network.is_up)
                + f", standby {self.standby}" * bool(self.standby)
                + "".join(f", {group}" for group in self.groups) + ", deleted" * self.is_gone)


class Shared:
    """An address that several ports of a network may have, with a MAC of its own or
    with that of whoever has it.
    """

    def __init__(self, number, network, ports, has_mac):
        self.number, self.network, self.ports, self.has_mac = number, network, ports, has_mac
        self.holder = None          # who says that he has it

    @property
    def tenant(self):
        return self.network.tenant

    @property
    def mac(self):
        if not self.has_mac and self.holder:
            return self.holder.mac
        return f"00:00:5e:00:01:{SHARED_HOST:02x}"

    def address(self, family):
        return self.network.address(family, SHARED_HOST)

    def pairs(self):
        mac = {"mac_address": self.mac} if self.has_mac else {}
        return [{"ip_address": text_of(family, self.address(family)), **mac}
                for family in FAMILIES]

    def __str__(self):
        return f"the shared address of {self.network}"


class Behind:
    """An address that is no port's; routes may lead to some for it."""
    network, mac, ports = None, "00:00:00:00:00:00", ()

    def __init__(self, number, tenant, index):
        self.number, self.tenant, self.index = number, tenant, index
        self.prefix = {
            4: Prefix(4, int(ipaddress.ip_address(f"198.18.{index}.0")), 24),
            6: Prefix(6, int(ipaddress.ip_address(f"2001:db8:b:{index}::")), 64)}

    def address(self, family):
        return self.prefix[family].value + 7


class Interface:
    def __init__(self, ident, router, network, families=FAMILIES):
        self.id, self.router, self.network, self.families = ident, router, network, families
        self.is_up = True

    @property
    def is_steady(self):
        return self.router.is_steady and self.network.is_steady

    @property
    def works(self):
        return self.router.is_up and self.is_up and self.network.is_up

    def fields(self):
        return {"model": "router_interface", "id": self.id, "router_id": self.router.id,
                "network_id": self.network.id, "mac_address": self.router.mac,
                "admin_state_up": self.is_up,
                "fixed_ips": [{"subnet_id": self.network.subnet_id(family), "ip_address":
                               text_of(family, self.router.address(self.network, family))}
                              for family in self.families]}


class Route:
    def __init__(self, destination, kind, nexthops=()):
        self.destination, self.kind, self.nexthops = destination, kind, list(nexthops)

    def fields(self):
        family, fields = self.destination.family, {"destination": str(self.destination)}
        if self.kind != "unicast":
            return [{**fields, "type": self.kind}]
        return [{**fields, "nexthop": text_of(family, nexthop)} for nexthop in self.nexthops]


class Router:
    """A router of a tenant: the first one, which is steady, or the second."""

    def __init__(self, ident, tenant, number, steady=False):
        self.id, self.tenant, self.number = ident, tenant, number
        self.is_steady = steady
        self.is_up = True
        self.interfaces = {}        # by network
        self.routes = []

    @property
    def mac(self):
        return f"02:01:00:00:00:{self.number:02x}"

    def address(self, network, family):
        return network.address(family, ROUTER_HOST - self.number)

    def match(self, family, address):
        """The interface or route that the longest prefix leads to."""
        best, longest = None, -1
        for network, interface in self.interfaces.items():
            if family in interface.families and address in network.prefix[family]:
                best, longest = interface, network.prefix[family].length
        for route in self.routes:
            destination = route.destination
            if destination.family == family and destination.length > longest \
                    and address in destination:
                best, longest = route, destination.length
        return best

    def towards(self, family, nexthop):
        return next(interface for network, interface in self.interfaces.items()
                    if family in interface.families and nexthop in network.prefix[family])

    def fields(self):
        return {"model": "router", "id": self.id, "admin_state_up": self.is_up,
                "routes": [entry for route in self.routes for entry in route.fields()]}

    def __str__(self):
        return f"router {self.tenant}.{self.number}"


class AddressGroup:
    def __init__(self, ident, prefixes):
        self.id, self.prefixes = ident, prefixes

    def has(self, _cloud, family, address):
        return any(prefix.family == family and address in prefix for prefix in self.prefixes)

    def fields(self):
        return {"model": "address_group", "id": self.id,
                "addresses": [str(prefix) for prefix in self.prefixes]}


class Rule:
    """remote is None for anybody, a prefix, a group or an address group."""

    def __init__(self, ident, group, direction, family, **more):
        self.id, self.group, self.direction, self.family = ident, group, direction, family
        self.protocol = more.get("protocol")
        self.ports = more.get("ports")
        self.remote = more.get("remote")
        self.is_steady = more.get("steady", False)

    def allows(self, cloud, question):
        direction, family, remote, port = question
        if (direction, family) != (self.direction, self.family) or self.protocol == "tcp":
            return False
        if self.ports and not self.ports[0] <= port <= self.ports[1]:
            return False
        if isinstance(self.remote, Prefix):
            return remote in self.remote
        return self.remote is None or self.remote.has(cloud, family, remote)

    def remote_fields(self):
        if isinstance(self.remote, Prefix):
            return {"remote_ip_prefix": str(self.remote)}
        if isinstance(self.remote, AddressGroup):
            return {"remote_address_group_id": self.remote.id}
        return {"remote_group_id": self.remote.id} if self.remote else {}

    def fields(self):
        fields = {"model": "security_group_rule", "id": self.id,
                  "security_group_id": self.group.id, "direction": self.direction,
                  "ethertype": f"IPv{self.family}", **self.remote_fields()}
        if self.protocol:
            fields["protocol"] = self.protocol
        if self.ports:
            fields["port_range_min"], fields["port_range_max"] = self.ports
        return fields

    def __str__(self):
        words = self.fields()
        return " ".join(f"{words[name]}" for name in words
                        if name not in ("model", "id", "security_group_id"))


class Group:
    def __init__(self, number, ident, is_stateful, steady=False):
        self.number, self.id, self.is_stateful, self.is_steady = number, ident, is_stateful, steady
        self.rules = []

    def has(self, cloud, family, address):
        """Is it an address of a port that has the group?"""
        return address in cloud.members_of(self, family)

    def allows(self, cloud, question):
        return any(rule.allows(cloud, question) for rule in self.rules)

    def fields(self):
        return {"model": "security_group", "id": self.id, "stateful": self.is_stateful}

    def __str__(self):
        return f"{'' if self.is_stateful else 'stateless '}group {self.number}"


def judges(cloud, port, direction, remote, family):
    """Do the groups of a port let a packet pass that is no answer?"""
    question = (direction, family, remote, SERVICE)
    return not port.groups or any(group.allows(cloud, question) for group in port.groups)


def judges_answer(cloud, port, direction, remote, family):
    """And the answer to one that has passed? Its groups are all of the same kind."""
    if not port.groups or port.groups[0].is_stateful:
        return True
    return any(group.allows(cloud, (direction, family, remote, CLIENTS[0]))
               for group in port.groups)


class Model:
    def __init__(self):
        self.networks, self.ports, self.routers = [], [], []
        self.groups, self.address_groups = [], []
        self.shared, self.behind = [], []
        # found out before, of the moment: addresses of groups, ways of packets
        self.members, self.ways = {}, {}

    def live(self, steady=False):
        return [port for port in self.ports
                if not port.is_gone and (steady or not port.is_steady)]

    def targets(self):
        return [*self.ports, *self.shared, *self.behind]

    def members_of(self, group, family):
        key = group.number, family
        if key not in self.members:
            ports = [port for port in self.live(True) if group in port.groups]
            self.members[key] = {port.address(family) for port in ports} | {
                port.shared.address(family) for port in ports if port.shared}
        return self.members[key]

    # --- where a packet goes ------------------------------------------------------

    def owner(self, network, family, address):
        """The port, shared address or interface that has it there."""
        host = address - network.prefix[family].value
        if network.shared and host == SHARED_HOST:
            return network.shared
        for router in self.routers:
            interface = router.interfaces.get(network)
            if interface and family in interface.families and host == ROUTER_HOST - router.number:
                return interface
        return next((port for port in self.live(True)
                     if port.network is network and port.host_number == host), None)

    def across(self, interface, family, address, count):
        """Where it may get from a router that it has reached by this interface."""
        if interface is None or count == ROUTERS_MAX or not interface.works:
            return {None}
        router = interface.router
        found = router.match(family, address)
        if isinstance(found, Interface):
            return self.out(found, family, address, address, count)
        if found is None or found.kind != "unicast":
            return {None}
        return set().union(*(self.out(router.towards(family, nexthop), family, nexthop,
                                      address, count) for nexthop in found.nexthops))

    def out(self, interface, family, nexthop, address, count):
        if not interface.works:
            return {None}
        owner = self.owner(interface.network, family, nexthop)
        if not isinstance(owner, Interface):
            return {owner}
        if owner.router is interface.router:
            return {None}
        return self.across(owner, family, address, count + 1)

    def ends(self, a, target, family):
        """Ports and shared addresses where what a sends may get; None is nowhere."""
        if a.network is target.network:
            return {target}
        gate, key = a.network.gate, (a.network, family, target.address(family))
        if key not in self.ways:
            interface = gate.interfaces.get(a.network) if gate else None
            self.ways[key] = self.across(interface, *key[1:], 0)
        return self.ways[key]

    # --- what comes of it --------------------------------------------------------------

    def passes(self, a, target, port, family):
        return (port is not None and port.works
                and judges(self, a, EGRESS, target.address(family), family)
                and judges(self, port, INGRESS, a.address(family), family))

    def verdict(self, a, target, family):
        """The state, and all ports that it depends on."""
        if not a.works:
            return DENY, set()
        ends = self.ends(a, target, family)
        for shared in [end for end in ends if isinstance(end, Shared)]:
            # nobody looks for those on demand
            if not (shared.holder and shared.holder.works) or shared.network.is_on_demand:
                return FREE, set(shared.ports)
            ends = ends - {shared} | {shared.holder}
        if a in ends:
            return FREE, ends - {None}      # by itself, perhaps
        reached = {end for end in ends if self.passes(a, target, end, family)}
        if not reached:
            return DENY, ends - {None}
        return (REACH if reached == ends else FREE), ends - {None}

    def answers(self, a, b, family, state):
        """What comes of b's answers to what a sends, if that is the state of it."""
        if state != REACH:
            return FREE
        ends = self.ends(b, a, family)
        if ends - {None, a}:
            return FREE
        if a not in ends or not (
                judges_answer(self, b, EGRESS, a.address(family), family)
                and judges_answer(self, a, INGRESS, b.address(family), family)):
            return DENY
        return REACH if ends == {a} else FREE

    def pair(self, a, target):
        """Letters of what is sent (see probe.c): (state, ports it depends on). Those
        of answers are about the way back.
        """
        links = {}
        for letter, answer, family in (("4", "r", 4), ("6", "R", 6)):
            state, ports = links[letter] = self.verdict(a, target, family)
            if isinstance(target, Port):
                links[answer] = self.answers(a, target, family, state), ports
        if isinstance(target, Port):
            works = a.works and target.works
            links["a"] = (FREE if works else DENY), set()
            if target.network is a.network:
                # whether it is known there, on demand, is a matter of chance
                certain = FREE if a.network.is_on_demand and a.host != target.host else REACH
                links["b"] = (certain if works else DENY), {target}
        return links

    def evaluate(self):
        """Whatever may be sent, and what comes of it: (sender, target, its pair())."""
        self.members.clear()
        self.ways.clear()
        for a in self.ports:
            for target in self.targets():
                if target is not a and target.tenant == a.tenant:
                    yield a, target, self.pair(a, target)
