# SPDX-License-Identifier: GPL-2.0
"""What happens to the cloud during a soak. An action is a function of the cloud
and the random numbers; it does one thing, brings the model up to date, and
returns a line that says what it did and the ports that it touched, or None if
there is nothing that it could do now. Before it changes what may reach a port it
says cloud.touch(port). It may put off its other half (an agent that was killed is
started again) with cloud.later().

A new action is a function with @action(WEIGHT); weights are relative.
"""
import json
import signal
import subprocess
import uuid

from cloud import ENCAPS, HVS, Network, Port, links, netns

ACTIONS = []
PORTS_MAX, NETWORKS_MAX = 20, 5     # at a time
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


def free_mac(cloud, network):
    """The lowest in its network: other networks have the same."""
    used = {port.mac for port in cloud.ports if port.network is network and not port.is_gone}
    return next(mac for mac in (f"02:00:00:00:00:{n:02x}" for n in range(1, 255))
                if mac not in used)


def add_network(cloud, rng, steady=False):
    network = Network(new_id(rng), steady)
    cloud.nb("network", "create", f"id={network.id}")
    cloud.networks.append(network)
    return network


def port_fields(port):
    fields = {"id": port.id, "network_id": port.network.id, "mac_address": port.mac,
              "admin_state_up": port.is_up}
    if port.host:
        fields["binding_host"] = port.host
    return fields


def make_port(cloud, rng, network, host, **more):
    """In the model only."""
    port = Port(cloud.free_number(), new_id(rng), network, free_mac(cloud, network), host, **more)
    cloud.ports.append(port)
    return port


def words(fields):
    return [f"{name}={json.dumps(value) if isinstance(value, bool) else value}"
            for name, value in fields.items()]


def add_port(cloud, rng, network, host, **more):
    port = make_port(cloud, rng, network, host, **more)
    steps = [lambda: cloud.plug(port, host),
             lambda: cloud.nb("port", "create", *words(port_fields(port)))]
    if rng.random() < 0.5:
        steps.reverse()
    for step in steps:
        step()
    return port


def ports_json(ports):
    return [{"model": "port", **port_fields(port)} for port in ports]


def set_port(cloud, port, **fields):
    cloud.nb("port", "set", port.id, *words(fields))


def delete_ports(cloud, *ports):
    """Their devices stay for a while: nothing must reach them any more."""
    if not ports:
        return
    cloud.touch(*ports)
    cloud.nb("port", "delete", *(port.id for port in ports))
    for port in ports:
        port.is_gone = True
        cloud.later(4, lambda port=port: cloud.forget(port))


@action(10)
def port_create(cloud, rng):
    if len(cloud.ports) >= PORTS_MAX:
        return None
    port = add_port(cloud, rng, rng.choice(cloud.networks), rng.choice(HVS))
    return f"create {port}", [port]


@action(6)
def port_delete(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    delete_ports(cloud, port)
    return f"delete {port}", [port]


@action(8)
def port_move(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    host = rng.choice([hv for hv in HVS if hv != port.host])
    cloud.touch(port)
    port.hosts |= {port.host, host}
    steps = [lambda: cloud.plug(port, host), lambda: set_port(cloud, port, binding_host=host)]
    if rng.random() < 0.5:
        steps.reverse()
    for step in steps:
        step()
    port.host = host
    return f"move {port}", [port]


@action(5)
def port_admin(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    cloud.touch(port)
    port.is_up = not port.is_up
    set_port(cloud, port, admin_state_up=port.is_up)
    return f"set {port}", [port]


@action(4)
def port_mac(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    cloud.touch(port)
    port.mac = free_mac(cloud, port.network)
    cloud.probe.tell("mac", port.number, port.mac)
    set_port(cloud, port, mac_address=port.mac)
    return f"give an address to {port}", [port]


@action(2)
def port_unbind(cloud, rng):
    ports = [port for port in cloud.live() if port.host]
    if not ports:
        return None
    port = rng.choice(ports)
    cloud.touch(port)
    port.hosts.add(port.host)
    port.host = None
    cloud.nb("port", "set", port.id, "binding_host=")
    return f"unbind {port}", [port]


@action(5)
def port_replug(cloud, rng):
    """Its device goes, or comes back, or comes to where the port is not bound."""
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    cloud.touch(port)
    cloud.plug(port, rng.choice(HVS) if port.plugged is None else None)
    return f"plug {port}", [port]


@action(3)
def port_filter(cloud, rng):
    """Somebody else removes what attaches its device."""
    ports = [port for port in cloud.live() if port.plugged]
    if not ports:
        return None
    port = rng.choice(ports)
    cloud.touch(port)
    # there is none if its agent has not come to it
    subprocess.run(["tc", "-n", netns(port.plugged), "qdisc", "del", "dev", port.device, "clsact"],
                   stderr=subprocess.DEVNULL, check=False)
    return f"remove the filter of {port}", [port]


@action(3)
def network_create(cloud, rng):
    if len(cloud.networks) >= NETWORKS_MAX or len(cloud.ports) + 2 > PORTS_MAX:
        return None
    network = add_network(cloud, rng)
    ports = [add_port(cloud, rng, network, rng.choice(HVS)) for _ in range(2)]
    return f"create network {network.id[:8]} with two ports", ports


@action(3)
def network_admin(cloud, rng):
    networks = [network for network in cloud.networks if not network.is_steady]
    if not networks:
        return None
    network = rng.choice(networks)
    ports = [port for port in cloud.ports if port.network is network]
    cloud.touch(*ports)
    network.is_up = not network.is_up
    cloud.nb("network", "set", network.id, *words({"admin_state_up": network.is_up}))
    return f"set network {network.id[:8]} {'up' if network.is_up else 'down'}", ports


@action(1)
def network_delete(cloud, rng):
    networks = [network for network in cloud.networks if not network.is_steady]
    if not networks:
        return None
    network = rng.choice(networks)
    ports = [port for port in cloud.live() if port.network is network]
    delete_ports(cloud, *ports)
    cloud.nb("network", "delete", network.id)
    cloud.networks.remove(network)
    return f"delete network {network.id[:8]} and its {len(ports)} ports", ports


@action(4)
def apply_batch(cloud, rng):
    """Many at once: new ports, and others moved, up or down."""
    ports = []
    for _ in range(min(4, PORTS_MAX - len(cloud.ports))):
        ports.append(make_port(cloud, rng, rng.choice(cloud.networks), rng.choice(HVS)))
    for port in rng.sample(cloud.live(), min(3, len(cloud.live()))):
        if port in ports:
            continue
        host = rng.choice(HVS)
        cloud.touch(port)
        port.hosts |= {port.host, host}
        port.host, port.is_up = host, rng.random() < 0.7
        ports.append(port)
    if not ports:
        return None
    cloud.apply(ports_json(ports))
    for port in ports:
        cloud.plug(port, port.host)
    return f"apply {len(ports)} ports", ports


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
    return f"{number.name} to the agent of {agent.hv}", []


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
    return [port for port in cloud.ports if hv in (port.host, port.plugged)]


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
    return f"restart hv3 with {', '.join(encaps)}", ports_at(cloud, "hv3")


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
    return f"delete the devices {wanted}* of hv3", ports_at(cloud, "hv3")


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
    return "lose hv3", ports
