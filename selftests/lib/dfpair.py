# SPDX-License-Identifier: GPL-2.0
"""Two workloads with sockets on one hypervisor, and groups between them."""
import socket

from dfct import Conntrack
from dfns import inside
from dftest import Background, run


class Pair:
    """Two workloads, the first of which has a group; or whoever is judged."""

    def __init__(self, t, rules, flags=(), judged=(11,)):
        self.t, self.hv = t, t.hypervisor()
        df = self.hv.df
        df.do("security-group-new", {"id": 1, "flags": list(flags)})
        self.hv.network(1)
        for number in (11, 12):
            self.hv.vif(number, group=[1] if number in judged else [])
        self.inner, self.outer = self.hv.stack(11), self.hv.stack(12)
        for number, rule in enumerate(rules, 1):
            self.rule(number, **rule)

    def rule(self, number, **attrs):
        self.hv.df.do("security-group-rule-new", {
            "id": number, "group": 1, "version": "ip4",
            **{k.replace("_", "-"): v for k, v in attrs.items()}})

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


def connections(world):
    """Protocol, destination port and state."""
    conntrack = Conntrack(world.hv.name)
    try:
        return conntrack.connections()
    finally:
        conntrack.close()
