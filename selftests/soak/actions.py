# SPDX-License-Identifier: GPL-2.0
"""What happens to the cloud during a soak. An action is a function of the cloud
and the random numbers; it does one thing, brings the model up to date, and
returns a line that says what it did, or None if there is nothing that it could do
now. Before it changes what is, it says either

    cloud.touch(port)   packets from and to the port may be lost meanwhile
    cloud.foresee()     once the model has changed: only what that makes a difference
                        to may notice; everything else loses nothing

It may put off its other half (an agent that was killed is started again) with
cloud.later().

A new action is a function with @action(WEIGHT) here or in another file that soak.py
imports; weights are relative.
"""
import signal
import subprocess
import uuid

from cloud import ENCAPS, HVS, links, netns
from model import Interface, Network, Port

ACTIONS = []
PORTS_MAX, NETWORKS_MAX = 20, 6     # at a time
TENANTS = (1, 2)
# Agents that may die. The third is only stopped for a while, so that what it
# keeps in memory tells something.
MORTAL = ("hv1", "hv3")


def action(weight):
    def register(function):
        ACTIONS.append((function, weight))
        return function
    return register


def new_id(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def lowest_free(used):
    return next(number for number in range(1, 200) if number not in used)


def free_host(cloud, network):
    """The lowest in its network, whose MAC others have as well."""
    return lowest_free({port.host_number for port in cloud.ports
                        if port.network is network and not port.is_gone})


def router_of(cloud, tenant, number=0):
    return next((router for router in cloud.routers
                 if (router.tenant, router.number) == (tenant, number)), None)


def make_network(cloud, rng, tenant, steady=False):
    """In the model only."""
    used = {network.number for network in cloud.networks if network.tenant == tenant}
    # there is always one, if there are any that come and go
    is_first = not any(network.is_on_demand for network in cloud.networks)
    network = Network(new_id(rng), tenant, lowest_free(used), steady=steady,
                      on_demand=not steady and (is_first or rng.random() < 0.3))
    network.gate = router_of(cloud, tenant)
    cloud.networks.append(network)
    return network


def make_interface(rng, router, network, families=(4, 6)):
    interface = Interface(new_id(rng), router, network, families)
    router.interfaces[network] = interface
    return interface


def make_port(cloud, rng, network, host, **more):
    port = Port(cloud.free_number(), new_id(rng), network, free_host(cloud, network), host, **more)
    port.groups = [] if port.is_steady else some_groups(cloud, rng)
    cloud.ports.append(port)
    return port


def some_groups(cloud, rng):
    """None, or up to two of the same kind."""
    if not cloud.groups or rng.random() < 0.5:
        return []
    first = rng.choice(cloud.groups)
    same = [group for group in cloud.groups if group.is_stateful == first.is_stateful]
    return list({group.number: group for group in (first, rng.choice(same))}.values())


def in_any_order(rng, *steps):
    for step in rng.sample(steps, len(steps)):
        step()


def add_port(cloud, rng, network, host):
    port = make_port(cloud, rng, network, host)
    cloud.foresee()                 # an address of its groups
    in_any_order(rng, lambda: cloud.plug(port, host), lambda: cloud.write(port))
    return port


def delete_ports(cloud, *ports):
    """Their devices stay for a while: nothing must reach them any more."""
    if not ports:
        return
    cloud.touch(*ports)
    for port in ports:
        port.is_gone = True
        if port.shared:
            leave_shared(cloud, port)
        cloud.later(4, lambda port=port: cloud.forget(port))
    cloud.foresee()
    cloud.erase("port", *ports)


def leave_shared(cloud, port):
    shared = port.shared
    shared.ports.remove(port)
    if shared.holder is port:
        shared.holder = None
        cloud.probe.tell("quiet", shared.number)
    if not shared.ports:
        cloud.shared.remove(shared)
        shared.network.shared = None
        cloud.forget(shared)


def place(port, host):
    """Bind it there, or nowhere."""
    port.hosts |= {port.host, host}
    port.host = host
    if port.standby:
        port.hosts.add(port.standby)
        port.standby = None


def choose_port(cloud, rng, condition=lambda port: True):
    ports = [port for port in cloud.live() if condition(port)]
    return rng.choice(ports) if ports else None


def choose_broken(rng, things, is_broken):
    """Mostly one that is, or soon nothing would reach anything."""
    broken = [one for one in things if is_broken(one)]
    if broken and rng.random() < 0.7:
        return rng.choice(broken)
    return rng.choice(things) if things else None


@action(10)
def port_create(cloud, rng):
    if len(cloud.ports) >= PORTS_MAX:
        return None
    port = add_port(cloud, rng, rng.choice(cloud.networks), rng.choice(HVS))
    return f"create {port}"


@action(6)
def port_delete(cloud, rng):
    port = choose_port(cloud, rng)
    if not port:
        return None
    delete_ports(cloud, port)
    return f"delete {port}"


@action(8)
def port_move(cloud, rng):
    port = choose_port(cloud, rng)
    if not port:
        return None
    host = rng.choice([hv for hv in HVS if hv != port.host])
    cloud.touch(port)
    place(port, host)
    in_any_order(rng, lambda: cloud.plug(port, host), lambda: cloud.write(port))
    return f"move {port}"


@action(6)
def port_migrate(cloud, rng):
    """As a virtual machine does that goes on running: nothing is lost but while its
    device changes places.
    """
    port = choose_port(cloud, rng, lambda port: port.host and not port.standby)
    if not port:
        return None
    port.standby = rng.choice([hv for hv in HVS if hv != port.host])
    port.hosts.add(port.standby)
    cloud.write(port)
    cloud.later(2, lambda: switch_over(cloud, port))
    return f"prepare to migrate {port}"


def switch_over(cloud, port):
    if port.is_gone or not port.standby:
        return
    cloud.touch(port)
    port.host, port.standby = port.standby, port.host
    port.hosts |= {port.host, port.standby}
    cloud.plug(port, port.host)
    cloud.write(port)
    cloud.later(2, lambda: end_migration(cloud, port, port.standby))


def end_migration(cloud, port, was_at):
    if port.is_gone or port.standby != was_at:
        return
    port.hosts.add(port.standby)
    port.standby = None
    cloud.write(port)


@action(5)
def port_admin(cloud, rng):
    port = choose_broken(rng, cloud.live(), lambda port: not port.is_up)
    if not port:
        return None
    cloud.touch(port)
    port.is_up = not port.is_up
    cloud.write(port)
    return f"set {port}"


@action(4)
def port_address(cloud, rng):
    port = choose_port(cloud, rng)
    if not port:
        return None
    cloud.touch(port)
    port.host_number = free_host(cloud, port.network)
    cloud.foresee()
    cloud.station(port)
    cloud.write(port)
    return f"give addresses to {port}"


@action(2)
def port_unbind(cloud, rng):
    port = choose_port(cloud, rng, lambda port: port.host)
    if not port:
        return None
    cloud.touch(port)
    place(port, None)
    cloud.write(port)
    return f"unbind {port}"


@action(5)
def port_replug(cloud, rng):
    """Its device goes, or comes back, or comes to where the port is not bound."""
    port = choose_broken(rng, cloud.live(), lambda port: port.plugged != port.host)
    if not port:
        return None
    cloud.touch(port)
    if port.plugged == port.host:
        cloud.plug(port, None)
    else:
        cloud.plug(port, port.host if rng.random() < 0.7 else rng.choice(HVS))
    return f"plug {port}"


@action(3)
def port_filter(cloud, rng):
    """Somebody else removes what attaches its device."""
    port = choose_port(cloud, rng, lambda port: port.plugged)
    if not port:
        return None
    cloud.touch(port)
    # there is none if its agent has not come to it
    subprocess.run(["tc", "-n", netns(port.plugged), "qdisc", "del", "dev", port.device, "clsact"],
                   stderr=subprocess.DEVNULL, check=False)
    return f"remove the filter of {port}"


@action(3)
def network_create(cloud, rng):
    """Most have a router from the beginning."""
    return add_network(cloud, rng, rng.random() < 0.8)


def routed_network_create(cloud, rng):
    return add_network(cloud, rng, True)


def add_network(cloud, rng, has_router):
    """With two ports."""
    if len(cloud.networks) >= NETWORKS_MAX or len(cloud.ports) + 2 > PORTS_MAX:
        return None
    tenant = rng.choice(TENANTS)
    network = make_network(cloud, rng, tenant)
    interfaces = []
    if has_router:
        interfaces.append(make_interface(rng, router_of(cloud, tenant), network))
    ports = [make_port(cloud, rng, network, rng.choice(HVS)) for _ in range(2)]
    cloud.foresee()
    cloud.write(network, *network.subnets(), *interfaces, *ports)
    for port in ports:
        cloud.plug(port, port.host)
    return f"create {network} with two ports{' and a router' * len(interfaces)}"


@action(3)
def network_admin(cloud, rng):
    networks = [network for network in cloud.networks if not network.is_steady]
    network = choose_broken(rng, networks, lambda network: not network.is_up)
    if not network:
        return None
    cloud.touch(*(port for port in cloud.ports if port.network is network))
    network.is_up = not network.is_up
    cloud.foresee()
    cloud.write(network)
    return f"set {network} {'up' if network.is_up else 'down'}"


def detach(cloud, *networks):
    """No router has an interface there any more, nor routes that need one."""
    changed, gone = [], []
    for router in cloud.routers:
        found = [router.interfaces.pop(network) for network in networks
                 if network in router.interfaces]
        if found:
            keep_routes(router)
            changed.append(router)
            gone += found
    if gone:
        cloud.foresee()
        cloud.write(*changed)
        cloud.erase("router_interface", *gone)


def keep_routes(router):
    """Those next hops that are in subnets of the router."""
    for route in router.routes:
        family = route.destination.family
        route.nexthops = [
            nexthop for nexthop in route.nexthops
            if any(family in interface.families and nexthop in network.prefix[family]
                   for network, interface in router.interfaces.items())]
    router.routes = [route for route in router.routes
                     if route.nexthops or route.kind != "unicast"]


def delete_networks(cloud, *networks):
    """Their ports are gone."""
    detach(cloud, *networks)
    for network in networks:
        cloud.networks.remove(network)
    cloud.nb("subnet", "delete", *(subnet["id"] for network in networks
                                   for subnet in network.subnets()))
    cloud.erase("network", *networks)


@action(1)
def network_delete(cloud, rng):
    networks = [network for network in cloud.networks if not network.is_steady]
    if not networks:
        return None
    network = rng.choice(networks)
    ports = [port for port in cloud.live() if port.network is network]
    delete_ports(cloud, *ports)
    delete_networks(cloud, network)
    return f"delete {network} and its {len(ports)} ports"


@action(4)
def apply_batch(cloud, rng):
    """Many at once: new ports, and others moved, up or down."""
    ports = [make_port(cloud, rng, rng.choice(cloud.networks), rng.choice(HVS))
             for _ in range(min(4, PORTS_MAX - len(cloud.ports)))]
    old = [port for port in cloud.live() if port not in ports]
    for port in rng.sample(old, min(3, len(old))):
        cloud.touch(port)
        place(port, rng.choice(HVS))
        port.is_up = rng.random() < 0.7
        ports.append(port)
    if not ports:
        return None
    cloud.foresee()
    cloud.write(*ports)
    for port in ports:
        cloud.plug(port, port.host)
    return f"apply {len(ports)} ports"


def running_agents(cloud, hvs):
    return [cloud.agents[hv] for hv in hvs if cloud.agents[hv].is_running]


def interrupt(cloud, rng, hvs, number):
    if not running_agents(cloud, hvs):
        return None
    agent = rng.choice(running_agents(cloud, hvs))
    agent.signal(number)
    if number == signal.SIGSTOP:
        cloud.later(rng.randint(1, 4), lambda: agent.signal(signal.SIGCONT))
    else:
        cloud.later(rng.randint(1, 4), agent.start)
    return f"{number.name} to the agent of {agent.hv}"


@action(4)
def agent_kill(cloud, rng):
    return interrupt(cloud, rng, MORTAL, signal.SIGKILL)


@action(2)
def agent_term(cloud, rng):
    return interrupt(cloud, rng, MORTAL, signal.SIGTERM)


@action(2)
def agent_pause(cloud, rng):
    return interrupt(cloud, rng, HVS, signal.SIGSTOP)


def ports_at(cloud, hv):
    return [port for port in cloud.ports if hv in (port.host, port.standby, port.plugged)]


def set_encaps(cloud, encaps):
    """hv3's agent is started again with other ways to reach it."""
    agent = cloud.agents["hv3"]
    cloud.touch(*ports_at(cloud, "hv3"))
    agent.signal(signal.SIGTERM)
    agent.encaps = encaps
    agent.start()


@action(2)
def chassis_encaps(cloud, rng):
    if not cloud.agents["hv3"].is_running:
        return None
    encaps = rng.sample(ENCAPS, rng.randint(1, len(ENCAPS)))
    set_encaps(cloud, encaps)
    return f"restart hv3 with {', '.join(encaps)}"


@action(2)
def tunnel_delete(cloud, rng):
    """Somebody else deletes hv3's tunnel devices, or one of them."""
    wanted = rng.choice(("df-", "df-vxlan", "df-geneve"))
    cloud.touch(*ports_at(cloud, "hv3"))
    for link in links("hv3"):
        if link.startswith(wanted):
            # or its agent, which may be starting, was faster
            subprocess.run(["ip", "-n", netns("hv3"), "link", "del", link],
                           stderr=subprocess.DEVNULL, check=False)
    return f"delete the devices {wanted}* of hv3"


@action(1)
def hypervisor_lost(cloud, _rng):
    """hv3 breaks down, and starts again with nothing."""
    agent = cloud.agents["hv3"]
    if not agent.is_running:
        return None
    ports = ports_at(cloud, "hv3")
    cloud.touch(*ports)
    agent.signal(signal.SIGKILL)
    cloud.lose_hypervisor("hv3")
    agent.start()
    return "lose hv3"
