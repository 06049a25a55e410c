# SPDX-License-Identifier: GPL-2.0
"""A transfer over TCP from one namespace to another."""
import hashlib
import socket

from dfns import inside
from dftest import Background

DATA = hashlib.sha512(b"dragonflow").digest() * 6144    # 384 KiB


def _serve(server):
    """Take one connection; 0 if what came is DATA."""
    server.settimeout(60)
    connection, _ = server.accept()
    connection.settimeout(60)
    digest = hashlib.sha256()
    while True:
        data = connection.recv(1 << 18)
        if not data:
            break
        digest.update(data)
    connection.sendall(b"!")
    return digest.digest() != hashlib.sha256(DATA).digest()


def stream(t, sender, receiver, to):
    """DATA over TCP; whether it came whole."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with inside(receiver):
        server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((to, 5001))
    server.listen()
    child = Background(t, _serve, server)
    server.close()
    with inside(sender):
        client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(60)
    client.connect((to, 5001))
    client.sendall(DATA)
    client.shutdown(socket.SHUT_WR)
    client.recv(1)
    client.close()
    return child.wait() == 0
