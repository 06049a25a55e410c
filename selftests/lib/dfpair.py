# SPDX-License-Identifier: GPL-2.0
"""Two workloads with sockets, and groups between them."""
import socket

from dfcloud import TUNNEL, hypervisors
from dfct import Conntrack
from dfns import inside
from dftest import Background, run


class Pair:
    """Two workloads, the first of which has a group; or whoever is judged. On
    one hypervisor, or each on its own."""

    def __init__(self, t, rules, flags=(), judged=(11,), size=1):
        self.t, self.judged = t, judged
        self.hvs, self.homes = hypervisors(t, size), {}
        self.hv = self.hvs[0]
        for hv in self.hvs:
            hv.df.do("security-group-new", {"id": 1, "flags": list(flags)})
        self.inner, self.outer = self.workload(11, 1), self.workload(12, size)
        for number, rule in enumerate(rules, 1):
            self.rule(number, **rule)

    def workload(self, number, home):
        """A namespace that all reach by a port of it on one hypervisor."""
        for n, hv in enumerate(self.hvs, 1):
            if n == home:
                hv.vif(number, group=[1] if number in self.judged else [])
                self.homes[number] = hv
            else:
                hv.remote(number, home)
        return self.homes[number].stack(number)

    def rule(self, number, **attrs):
        for hv in self.hvs:
            hv.df.do("security-group-rule-new", {
                "id": number, "group": 1, "version": "ip4",
                **{k.replace("_", "-"): v for k, v in attrs.items()}})

    def counter(self, name):
        """Of all ports that packets come in by."""
        return sum(hv.counter(n, name) for n, hv in self.homes.items()) + \
            (sum(hv.counter(TUNNEL, name) for hv in self.hvs)
             if len(self.hvs) > 1 else 0)

    def server(self, netns, port, family=socket.AF_INET):
        """Echoes what each client sends, until the case ends."""
        with inside(netns):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("::" if family == socket.AF_INET6 else "", port))
            listener.listen()
        self.t.defer(listener.close)

        def serve():
            while True:
                client, _ = listener.accept()
                while True:
                    data = client.recv(4096)
                    if not data:
                        break
                    client.sendall(data)
                client.close()
        Background(self.t, serve)

    def client(self, netns, address, port, seconds=1):
        """A connected socket, or None."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(netns):
            sock = socket.socket(family, socket.SOCK_STREAM)
        self.t.defer(sock.close)
        sock.settimeout(seconds)
        try:
            sock.connect((address, port))
        except OSError:
            sock.close()
            return None
        return sock

    def ping(self, netns, address, count=1):
        return "bytes from" in run(
            "ping", "-c", str(count), "-W", "1", "-i", "0.2", address,
            netns=netns, check=False)


def echoes(sock, text=b"hello", seconds=2):
    sock.settimeout(seconds)
    got, piece = b"", b" "
    try:
        sock.sendall(text)
        while piece and len(got) < len(text):
            piece = sock.recv(4096)
            got += piece
        return got == text
    except OSError:
        return False


def asked(world, question):
    """What conntrack says about each connection, on all hypervisors."""
    out = []
    for hv in world.hvs:
        client = Conntrack(hv.name)
        try:
            out += question(client)
        finally:
            client.close()
    return out


def connections(world):
    """Protocol, destination port and state."""
    return asked(world, Conntrack.connections)
