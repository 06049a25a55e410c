#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What every database must do, done by one etcd server, and by three: see
conformance.c.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfdb import conform, memory  # noqa: E402 pylint: disable=wrong-import-position
from dfetcd import Cluster, Server  # noqa: E402 pylint: disable=wrong-import-position


def main():
    server, cluster = Server(memory() / "n"), Cluster(memory())
    try:
        server.start().wait()
        cluster.start()
        return conform(*(f"etcd://{hosts}/conformance?history=100"
                         for hosts in (f"127.0.0.1:{server.port}",
                                       cluster.hosts)))
    finally:
        server.remove()
        cluster.remove()


sys.exit(main())
