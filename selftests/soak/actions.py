# SPDX-License-Identifier: GPL-2.0
"""What happens to the cloud during a soak. An action is a function of the cloud
and the random numbers; it does one thing, brings the model up to date, and
returns a line that says what it did and the ports that it touched, or None if
there is nothing that it could do now. It may put off its other half (an agent
that was killed is started again) with cloud.later().

A new action is a function with @action(WEIGHT); weights are relative.
"""
import json
import signal
import uuid

from cloud import ENCAPS, HVS, Network, Port

ACTIONS = []
PORTS_MAX, NETWORKS_MAX = 20, 5


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


def set_port(cloud, port, **fields):
    cloud.nb("port", "set", port.id, *words(fields))


def delete_port(cloud, port):
    """Its device stays for a while: nothing must reach it any more."""
    cloud.nb("port", "delete", port.id)
    port.is_gone = True
    cloud.later(4, lambda: cloud.forget(port))


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
    delete_port(cloud, port)
    return f"delete {port}", [port]


@action(8)
def port_move(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    host = rng.choice([hv for hv in HVS if hv != port.host])
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
    port.is_up = not port.is_up
    set_port(cloud, port, admin_state_up=port.is_up)
    return f"set {port}", [port]


@action(4)
def port_mac(cloud, rng):
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    port.mac = free_mac(cloud, port.network)
    cloud.probe.tell("mac", port.number, port.mac)
    set_port(cloud, port, mac_address=port.mac)
    return f"give an address to {port}", [port]


@action(5)
def port_replug(cloud, rng):
    """Its device goes, or comes back, or comes to where the port is not bound."""
    if not cloud.live():
        return None
    port = rng.choice(cloud.live())
    cloud.plug(port, rng.choice(HVS) if port.plugged is None else None)
    return f"plug {port}", [port]


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
    network.is_up = not network.is_up
    cloud.nb("network", "set", network.id, *words({"admin_state_up": network.is_up}))
    return (f"set network {network.id[:8]} {'up' if network.is_up else 'down'}",
            [port for port in cloud.ports if port.network is network])


@action(1)
def network_delete(cloud, rng):
    networks = [network for network in cloud.networks if not network.is_steady]
    if not networks:
        return None
    network = rng.choice(networks)
    ports = [port for port in cloud.live() if port.network is network]
    for port in ports:
        delete_port(cloud, port)
    cloud.nb("network", "delete", network.id)
    cloud.networks.remove(network)
    return f"delete network {network.id[:8]} and its {len(ports)} ports", ports


@action(4)
def apply_batch(cloud, rng):
    """Many at once: new ports, and others moved, up or down."""
    ports, objects = [], []
    for _ in range(min(4, PORTS_MAX - len(cloud.ports))):
        ports.append(make_port(cloud, rng, rng.choice(cloud.networks), rng.choice(HVS)))
    for port in rng.sample(cloud.live(), min(3, len(cloud.live()))):
        if port in ports:
            continue
        host = rng.choice(HVS)
        port.hosts |= {port.host, host}
        port.host, port.is_up = host, rng.random() < 0.7
        ports.append(port)
    for port in ports:
        objects.append({"model": "port", **port_fields(port)})
    if not objects:
        return None
    cloud.nb("apply", "-", input="\n".join(map(json.dumps, objects)))
    for port in ports:
        cloud.plug(port, port.host)
    return f"apply {len(objects)} ports", ports


def running_agents(cloud):
    return [agent for agent in cloud.agents.values() if agent.is_running]


def interrupt(cloud, rng, number):
    if not running_agents(cloud):
        return None
    agent = rng.choice(running_agents(cloud))
    agent.signal(number)
    if number == signal.SIGSTOP:
        cloud.later(rng.randint(1, 4), lambda: agent.signal(signal.SIGCONT))
    else:
        cloud.later(rng.randint(1, 4), agent.start)
    return f"{number.name} to the agent of {agent.hv}", []


@action(4)
def agent_kill(cloud, rng):
    return interrupt(cloud, rng, signal.SIGKILL)


@action(2)
def agent_term(cloud, rng):
    return interrupt(cloud, rng, signal.SIGTERM)


@action(2)
def agent_pause(cloud, rng):
    return interrupt(cloud, rng, signal.SIGSTOP)


@action(2)
def chassis_encaps(cloud, rng):
    """hv3's agent is started again with other ways to reach it."""
    agent = cloud.agents["hv3"]
    if not agent.is_running:
        return None
    agent.signal(signal.SIGTERM)
    agent.encaps = rng.sample(ENCAPS, rng.randint(1, len(ENCAPS)))
    agent.start()
    return (f"restart hv3 with {', '.join(agent.encaps)}",
            [port for port in cloud.ports if port.host == "hv3"])
