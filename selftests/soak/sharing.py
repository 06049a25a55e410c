# SPDX-License-Identifier: GPL-2.0
"""What happens to addresses that ports share: one of them has it, and says so."""
from actions import action
from model import Shared


@action(4)
def shared_create(cloud, rng):
    networks = [network for network in cloud.networks if not network.shared
                and sum(port.network is network for port in cloud.live()) > 1]
    if not networks:
        return None
    network = rng.choice(networks)
    ports = [port for port in cloud.live() if port.network is network]
    ports = rng.sample(ports, min(len(ports), rng.choice((2, 3))))
    shared = Shared(cloud.free_number(False), network, ports, rng.random() < 0.5)
    network.shared = shared
    cloud.shared.append(shared)
    cloud.foresee()                 # an address of their groups
    cloud.write(*ports)
    claim(cloud, shared, rng.choice(ports))
    return f"let {len(ports)} ports have {shared}, and port {shared.holder.number} claim it"


def claim(cloud, shared, port):
    shared.holder = port
    cloud.foresee()
    cloud.station(shared)
    cloud.probe.tell("claim", port.number, shared.number)


@action(6)
def shared_claim(cloud, rng):
    """Another one claims it, or one whose port does not work."""
    if not cloud.shared:
        return None
    shared = rng.choice(cloud.shared)
    others = [port for port in shared.ports if port is not shared.holder]
    if not others:
        return None
    claim(cloud, shared, rng.choice(others))
    return f"port {shared.holder.number} claims {shared}"


@action(3)
def shared_lie(cloud, rng):
    """One who may not have it claims it."""
    if not cloud.shared:
        return None
    shared = rng.choice(cloud.shared)
    liars = [port for port in cloud.live(True)
             if port.network is shared.network and port not in shared.ports]
    if not liars:
        return None
    liar = rng.choice(liars)
    cloud.probe.tell("lie", liar.number, shared.number)
    return f"port {liar.number} claims {shared}, which it may not"


@action(1)
def shared_delete(cloud, rng):
    if not cloud.shared:
        return None
    shared = rng.choice(cloud.shared)
    ports, shared.ports = shared.ports, []
    cloud.probe.tell("quiet", shared.number)
    cloud.shared.remove(shared)
    shared.network.shared = None
    cloud.forget(shared)
    cloud.foresee()
    cloud.write(*ports)
    return f"let nobody have {shared}"
