# SPDX-License-Identifier: GPL-2.0
"""What happens to routers. The first one of a tenant is steady, and so are its
interfaces between steady networks: whatever else comes and goes there, the flows
between these lose nothing.
"""
from actions import (TENANTS, action, choose_broken, detach, keep_routes, make_interface, new_id,
                     router_of)
from model import BITS, FAMILIES, Prefix, Route, Router

ROUTES_MAX = 12                     # of a router
DROPS = ("blackhole", "unreachable", "prohibit")


def choose_router(cloud, rng, condition=lambda router: True):
    routers = [router for router in cloud.routers if condition(router)]
    return rng.choice(routers) if routers else None


def attach(cloud, rng, router, network):
    """Mostly for both families."""
    families = rng.choice((FAMILIES, FAMILIES, FAMILIES, (4,), (6,)))
    interface = make_interface(rng, router, network, families)
    if not any(network in other.interfaces for other in cloud.routers if other is not router):
        network.gate = router
    return interface


def tell_gate(cloud, network):
    for port in cloud.ports:
        if port.network is network:
            cloud.station(port)


@action(4)
def router_create(cloud, rng):
    """A second router of a tenant, in a network of the first one and in another."""
    tenants = [tenant for tenant in TENANTS if not router_of(cloud, tenant, 1)]
    if not tenants:
        return None
    router = Router(new_id(rng), rng.choice(tenants), 1)
    networks = [network for network in cloud.networks if network.tenant == router.tenant]
    chosen = rng.sample(networks, min(2, len(networks)))
    interfaces = [attach(cloud, rng, router, network) for network in chosen]
    cloud.routers.append(router)
    cloud.foresee()
    for network in chosen:
        tell_gate(cloud, network)
    cloud.write(router, *interfaces)
    return f"create {router} with {len(interfaces)} interfaces"


def delete_routers(cloud, *routers):
    interfaces = [one for router in routers for one in router.interfaces.values()]
    for router in routers:
        cloud.routers.remove(router)
        router.routes = []
    for network in cloud.networks:
        if network.gate in routers:
            network.gate = router_of(cloud, network.tenant)
    cloud.foresee()
    for network in cloud.networks:
        tell_gate(cloud, network)
    cloud.write(*routers)
    cloud.erase("router_interface", *interfaces)
    cloud.erase("router", *routers)


@action(1)
def router_delete(cloud, rng):
    router = choose_router(cloud, rng, lambda router: not router.is_steady)
    if not router:
        return None
    delete_routers(cloud, router)
    return f"delete {router}"


@action(3)
def router_admin(cloud, rng):
    routers = [router for router in cloud.routers if not router.is_steady]
    router = choose_broken(rng, routers, lambda router: not router.is_up)
    if not router:
        return None
    router.is_up = not router.is_up
    cloud.foresee()
    cloud.write(router)
    return f"set {router} {'up' if router.is_up else 'down'}"


@action(5)
def interface_create(cloud, rng):
    router = choose_router(cloud, rng)
    networks = [network for network in cloud.networks
                if network.tenant == router.tenant and network not in router.interfaces]
    if not networks:
        return None
    network = rng.choice(networks)
    interface = attach(cloud, rng, router, network)
    cloud.foresee()
    tell_gate(cloud, network)
    cloud.write(interface)
    return f"connect {router} to {network}, IPv{interface.families}"


def interfaces(cloud):
    return [interface for router in cloud.routers for interface in router.interfaces.values()
            if not interface.is_steady]


@action(3)
def interface_delete(cloud, rng):
    if not interfaces(cloud):
        return None
    interface = rng.choice(interfaces(cloud))
    router = interface.router
    del router.interfaces[interface.network]
    keep_routes(router)
    cloud.foresee()
    cloud.write(router)
    cloud.erase("router_interface", interface)
    return f"disconnect {router} from {interface.network}"


@action(3)
def interface_admin(cloud, rng):
    interface = choose_broken(rng, interfaces(cloud), lambda interface: not interface.is_up)
    if not interface:
        return None
    interface.is_up = not interface.is_up
    cloud.foresee()
    cloud.write(interface)
    return (f"set the interface of {interface.router} in {interface.network} "
            f"{'up' if interface.is_up else 'down'}")


@action(3)
def gate_change(cloud, rng):
    """Workloads send to the tenant's other router from now on."""
    networks = [network for network in cloud.networks if not network.is_steady
                and router_of(cloud, network.tenant, 1)]
    if not networks:
        return None
    network = rng.choice(networks)
    network.gate = router_of(cloud, network.tenant, 1 - network.gate.number)
    cloud.foresee()
    tell_gate(cloud, network)
    return f"{network} uses {network.gate}"


# --- routes -----------------------------------------------------------------------

def drop_route(cloud, rng, router, family):
    """A part of a network, or a single port, is not to be reached."""
    ports = [port for port in cloud.live() if port.tenant == router.tenant
             and not port.network.is_steady]
    if not ports:
        return None
    port = rng.choice(ports)
    bits = rng.choice((0, 0, 2, 7))
    value = port.address(family) >> bits << bits
    return Route(Prefix(family, value, BITS[family] - bits), rng.choice(DROPS))


def detour(cloud, rng, router, family):
    """Half of a network is reached by the other router, by one way or by two."""
    other = router_of(cloud, router.tenant, 1 - router.number)
    shared = [network for network in other.interfaces if network in router.interfaces
              and all(family in one.interfaces[network].families
                      for one in (router, other))] if other else []
    networks = [network for network in cloud.networks
                if network.tenant == router.tenant and not network.is_steady]
    if not shared or not networks:
        return None
    through = rng.sample(shared, min(len(shared), rng.choice((1, 2))))
    length = rng.choice((25, 26)) if family == 4 else rng.choice((121, 122))
    destination = Prefix(family, rng.choice(networks).prefix[family].value, length)
    return Route(destination, "unicast",
                 [other.address(network, family) for network in through])


def nexthops(cloud, rng, router, family):
    ports = [port for port in cloud.live(True) if port.network in router.interfaces
             and family in router.interfaces[port.network].families]
    if rng.random() < 0.8:
        ports = [port for port in ports if port.works]
    return [port.address(family)
            for port in rng.sample(ports, min(len(ports), rng.choice((1, 2, 3))))]


def route_behind(cloud, rng, router, family):
    """Ports have something behind them, and share what is sent there."""
    hops = nexthops(cloud, rng, router, family)
    if not hops:
        return None
    behind = rng.choice([one for one in cloud.behind if one.tenant == router.tenant])
    return Route(behind.prefix[family], "unicast", hops)


@action(8)
def route_create(cloud, rng):
    return add_route(cloud, rng, rng.choice((drop_route, detour, route_behind, route_behind)))


def route_behind_create(cloud, rng):
    return add_route(cloud, rng, route_behind)


def route_drop_create(cloud, rng):
    return add_route(cloud, rng, drop_route)


def add_route(cloud, rng, make):
    router, family = choose_router(cloud, rng), rng.choice(FAMILIES)
    route = make(cloud, rng, router, family)
    if not route or len(router.routes) >= ROUTES_MAX or any(
            old.destination == route.destination for old in router.routes):
        return None
    router.routes.append(route)
    cloud.foresee()
    cloud.write(router)
    return f"add to {router} {route.fields()}"


@action(4)
def route_change(cloud, rng):
    """Other ports have behind them what some had."""
    router = choose_router(cloud, rng)
    behind = [one.prefix[family] for one in cloud.behind for family in FAMILIES]
    routes = [route for route in router.routes if route.destination in behind]
    if not routes:
        return None
    route = rng.choice(routes)
    hops = nexthops(cloud, rng, router, route.destination.family)
    if set(route.nexthops) <= set(hops) or not hops:
        return None                 # all flows may go on as they do
    route.nexthops = hops
    cloud.foresee()
    cloud.write(router)
    return f"change of {router} {route.fields()}"


@action(4)
def route_delete(cloud, rng):
    router = choose_router(cloud, rng, lambda router: router.routes)
    if not router:
        return None
    route = rng.choice(router.routes)
    router.routes.remove(route)
    cloud.foresee()
    cloud.write(router)
    return f"remove from {router} {route.fields()}"


def delete_routing(cloud, steady=False):
    """All, or all but what is steady."""
    routers = [router for router in cloud.routers if steady or not router.is_steady]
    if routers:
        delete_routers(cloud, *routers)
    changed = [router for router in cloud.routers if router.routes]
    for router in changed:
        router.routes = []
    if changed:
        cloud.foresee()
        cloud.write(*changed)
    detach(cloud, *(network for network in cloud.networks if not network.is_steady))
