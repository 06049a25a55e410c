# SPDX-License-Identifier: GPL-2.0
"""What is done with each system that can.

A scenario sends frames, or plays both ends of a conversation, on a path that
the system makes (systems/__init__.py says which there are). "-stateful" is the
same with connections tracked and a policy in force: what it allows has been
answered before it is measured.
"""
import contextlib
import time

from world import (FAR, FIRST_OF_MANY_IP, GEN_IP, GEN_MAC, REMOTE_IP, REMOTE_MAC, ROUTED_REMOTE_IP,
                   ROUTED_SINK_IP, ROUTER_MAC, SINK_IP, SINK_MAC, SOURCE_PORT,
                   W1, W2, Failure, received, small)

PACKETS, FLOWS, WARM = 5000, 10, 500
GEN, SINK, UNDER = (W1, "gen"), (W2, "sink"), (FAR, "under")
CLIENT_PORT, SERVER_PORT = 1024, 5201
DESTINATION_PORT = (SOURCE_PORT[0] + 2, SOURCE_PORT[1])


class Lost(Failure):
    """Packets were sent, and not all of them came out."""


class Way:
    """From one end of the world to another; a frame goes in at the first."""

    def __init__(self, begin, end, frame):
        self.begin, self.end, self.frame = begin, end, frame

    def send(self, system, count, ports, place, variants):
        """Send count frames, the port at place of so many values in turn."""
        frame = outer = self.frame(ports)
        if self.begin == UNDER:
            outer = system.encapsulate(frame)
        where, width = place
        where += len(outer) - len(frame)
        before = received(self.end)
        cost = system.world.frames(self.begin, outer, count,
                                   (where, width, variants))
        came = received(self.end) - before
        if came < count:
            raise Lost(f"{came} of {count} packets came out at {self.end}")
        return cost

    def warm(self, *args):
        """The same, until nothing gets lost: some learn while packets pass."""
        for _ in range(20):
            try:
                return self.send(*args)
            except Lost as failure:
                lost = failure
                time.sleep(0.2)
        raise lost


class Chain:
    """There, and back again for answers."""

    def __init__(self, there, back):
        self.there, self._back = there, back

    def send(self, system, count, variants, first=CLIENT_PORT):
        """Packets of so many connections in turn; what one costs."""
        return self.there.send(system, count, (first, SERVER_PORT),
                                SOURCE_PORT, variants)

    def warm(self, system, variants, first=CLIENT_PORT):
        self.there.warm(system, max(WARM, variants), (first, SERVER_PORT),
                         SOURCE_PORT, variants)

    def intrude(self, system, count, port, first=CLIENT_PORT):
        """The other end begins so many connections; no matter what becomes
        of them, but they are sent."""
        with contextlib.suppress(Lost):
            self._back.send(system, count, (first, port), SOURCE_PORT, count)

    def answer(self, system, variants, first=CLIENT_PORT):
        self._back.warm(system, max(WARM, variants), (SERVER_PORT, first),
                        DESTINATION_PORT, variants)


def _local(router, sink_ip):
    return Chain(
        Way(GEN, SINK, lambda ports: small(
            GEN_MAC, router or SINK_MAC, GEN_IP, sink_ip, ports)),
        Way(SINK, GEN, lambda ports: small(
            SINK_MAC, router or GEN_MAC, sink_ip, GEN_IP, ports)))


# The router is where the packet comes from: it has been routed when it
# arrives by the tunnel, on its way there as on its way back.
def _remote(router, remote_ip):
    return Chain(
        Way(GEN, UNDER, lambda ports: small(
            GEN_MAC, router or REMOTE_MAC, GEN_IP, remote_ip, ports)),
        Way(UNDER, GEN, lambda ports: small(
            router or REMOTE_MAC, GEN_MAC, remote_ip, GEN_IP, ports)))


def _from_remote(router, remote_ip):
    return Chain(
        Way(UNDER, SINK, lambda ports: small(
            router or REMOTE_MAC, SINK_MAC, remote_ip, SINK_IP, ports)),
        Way(SINK, UNDER, lambda ports: small(
            SINK_MAC, router or REMOTE_MAC, SINK_IP, remote_ip, ports)))


CHAINS = {
    "l2_local": _local(None, SINK_IP),
    "l2_remote_send": _remote(None, REMOTE_IP),
    "l2_remote_receive": _from_remote(None, REMOTE_IP),
    "l3_local": _local(ROUTER_MAC, ROUTED_SINK_IP),
    "l3_many": _local(ROUTER_MAC, FIRST_OF_MANY_IP),
    "l3_remote_send": _remote(ROUTER_MAC, ROUTED_REMOTE_IP),
    "l3_remote_receive": _from_remote(ROUTER_MAC, ROUTED_REMOTE_IP),
}


class Scenario:
    """What to do, on which path."""

    def __init__(self, path, what, unit, measure):
        self.path, self.what, self.unit = path, what, unit
        self.measure, self.talks = measure, False

    def path_of(self, stateful):
        return self.path + ("_stateful" if stateful else "")

    def runs(self, system, stateful):
        return self.measure(system, self.path, stateful)


class Talk(Scenario):
    """The same between two workloads with sockets."""

    def __init__(self, what, unit, operation, count):
        super().__init__("l2_local", what, unit, self._talk)
        self.operation, self.count, self.talks = operation, count, True

    def _talk(self, system, path, stateful):
        del path, stateful
        world = system.world
        world.ends_drop(False)
        try:
            return [world.generate(self.operation, W1, W2, SINK_IP, self.count)
                    for _ in range(world.runs)]
        finally:
            world.ends_drop(True)


def _steady(system, path, stateful):
    """Packets of flows that the system knows."""
    chain = CHAINS[path]
    chain.warm(system, FLOWS)
    if stateful:
        chain.answer(system, FLOWS)
        chain.warm(system, FLOWS)
    return [chain.send(system, PACKETS, FLOWS)
            for _ in range(system.world.runs)]


def _fresh(system, path, stateful):
    """Each packet is the first of a connection."""
    del stateful
    chain, first = CHAINS[path], CLIENT_PORT
    chain.warm(system, WARM, first)
    return [chain.send(system, PACKETS, PACKETS, first + WARM + n * PACKETS)
            for n in range(system.world.runs)]


SCENARIOS = {
    "l2-local": Scenario("l2_local", "in to out, same network", "packet",
                         _steady),
    "l2-remote-send": Scenario("l2_remote_send", "in to the underlay",
                               "packet", _steady),
    "l2-remote-receive": Scenario("l2_remote_receive", "the underlay to out",
                                  "packet", _steady),
    "l3-local": Scenario("l3_local", "in to out, routed", "packet", _steady),
    "l3-remote-send": Scenario("l3_remote_send", "in to the underlay, routed",
                               "packet", _steady),
    "l3-remote-receive": Scenario("l3_remote_receive",
                                  "the underlay to out, routed there",
                                  "packet", _steady),
    "new-connection": Scenario("l2_local", "the first packets of connections",
                               "packet", _fresh),
    "new-connection-send": Scenario("l2_remote_send",
                                    "the same, to the underlay", "packet",
                                    _fresh),
    "tcp-rr": Talk("request and response", "exchange", "tcp-rr", 1000),
    "tcp-crr": Talk("connect, request, response, close", "connection",
                    "tcp-crr", 200),
    "tcp-stream": Talk("a stream", "1448 bytes", "tcp-stream", 20000),
    "udp-blast": Talk("datagrams between sockets", "datagram", "udp-blast",
                      3000),
}
STATEFUL = "-stateful"
NAMES = tuple(SCENARIOS) + tuple(name + STATEFUL for name in SCENARIOS)
# Done once more where a second is a second, for the throughput.
TIMED = tuple(name for name in NAMES if name.removesuffix(STATEFUL) in (
    "l2-local", "l2-remote-send", "l2-remote-receive", "l3-local",
    "tcp-stream", "udp-blast"))


def split(name):
    """A scenario's name: the scenario, and whether stateful."""
    stateful = name.endswith(STATEFUL)
    return SCENARIOS[name.removesuffix(STATEFUL)], stateful
