#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What every database must do, done by ZooKeeper: see conformance.c."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfzk import Server  # noqa: E402 pylint: disable=wrong-import-position

BUILD = pathlib.Path(os.environ.get(
    "DF_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


def main():
    server = Server(pathlib.Path(tempfile.mkdtemp()) / "server").start()
    try:
        server.wait()
        # its tests have leases of two seconds: a session, and the server's tick
        return subprocess.run(
            [BUILD / "selftests/db/conformance",
             f"zookeeper://127.0.0.1:{server.port}/conformance"
             "?history=100&session=1200", *sys.argv[1:]],
            check=False).returncode
    finally:
        server.remove()


sys.exit(main())
