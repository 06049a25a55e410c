#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What every database must do, done by one Redis server, and by a master that
sentinels watch: see conformance.c.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfdb import conform, memory  # noqa: E402 pylint: disable=wrong-import-position
from dfredis import Failover, Server  # noqa: E402 pylint: disable=wrong-import-position


def main():
    server, failover = Server(memory() / "r"), Failover(memory())
    try:
        server.start().wait()
        failover.start()
        return conform(
            f"redis://127.0.0.1:{server.port}/conformance?history=100",
            f"redis://{failover.hosts}/conformance?history=100"
            f"&sentinel={failover.NAME}&replicas=1")
    finally:
        server.remove()
        failover.remove()


sys.exit(main())
