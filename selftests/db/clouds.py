#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=120
"""Whole clouds on a real server: moved between kinds of databases, checked and
mended there. What dfctl db does otherwise: selftests/tools/dfctl_cloud.sh.
"""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dftest import main  # noqa: E402 pylint: disable=wrong-import-position
from dfzk import Nodes, Server  # noqa: E402 pylint: disable=wrong-import-position

BUILD = pathlib.Path(os.environ.get(
    "DF_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
NETWORK = "00000000-0000-4000-8000-0000000000ff"
PORTS = 300


def dfctl(t, uri, *argv, status=0):
    """What it prints."""
    done = subprocess.run([BUILD / "bin/dfctl", "-d", uri, *argv],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    t.check(f"dfctl {' '.join(argv)}: {done.stdout[:500]}", done.returncode,
            status)
    return done.stdout


def fill(t, uri):
    """A network with ports; one object has a field of a newer version."""
    objects = [{"model": "network", "id": NETWORK, "newer": "ü"}]
    objects += [{"model": "port", "network_id": NETWORK,
                 "id": f"{n:08x}-0000-4000-8000-000000000000",
                 "binding_host": f"hv{n % 7}"} for n in range(PORTS)]
    path = pathlib.Path(t.directory()) / "objects.json"
    path.write_text(json.dumps(objects), encoding="ascii")
    dfctl(t, uri, "apply", str(path))


def server(t):
    """ZooKeeper."""
    one = Server(pathlib.Path(t.directory()) / "server").start()
    t.defer(one.remove)
    return one.wait()


def a_cloud_moves_and_comes_back(t):
    directory = pathlib.Path(t.directory())
    first, last = (f"sqlite://{directory}/{n}.db" for n in (1, 2))
    fill(t, first)
    zookeeper = server(t)
    middle = f"zookeeper://127.0.0.1:{zookeeper.port}/cloud?session=2000"
    agent = subprocess.Popen(
        [BUILD / "bin/dragonflowd", "--config=/dev/null",
         f"--database={first}", "--chassis=hv1", f"--run-dir={directory}",
         f"--state-dir={directory}",
         "--dataplane=none"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    t.defer(agent.wait)
    t.defer(agent.kill)
    t.wait("it is registered",
           lambda: "hv1" in dfctl(t, first, "agent", "list"), True, 10)
    said = dfctl(t, first, "db", "copy", first, middle)
    t.check(f"all of it: {said}", said.startswith(f"{PORTS + 2} objects, "))
    dfctl(t, middle, "db", "check")
    t.check("no agent lives there", json.loads(
        dfctl(t, middle, "agent", "list", "-j")), [])
    t.check("but where it is from", "hv1" in dfctl(t, first, "agent", "list"))
    dfctl(t, middle, "db", "copy", middle, last)
    t.check("it is the same", dfctl(t, first, "db", "export", "-") ==
            dfctl(t, last, "db", "export", "-"))
    t.check("numbers, too", dfctl(t, first, "port", "list", "-j") ==
            dfctl(t, middle, "port", "list", "-j"))
    dfctl(t, middle, "db", "copy", first, middle, status=1)
    mend(t, zookeeper, middle)


def find(nodes, path, parts):
    """The node of a key, in whatever buckets; None: the part may be any."""
    if not parts:
        return path
    for bucket in nodes.children(path):
        for name in nodes.children(f"{path}/{bucket}"):
            if parts[0] in (None, name):
                return find(nodes, f"{path}/{bucket}/{name}", parts[1:])
    return None


def mend(t, zookeeper, uri):
    """Somebody changes a claim behind everybody's back."""
    nodes = Nodes(zookeeper.port)
    path = find(nodes, "/cloud/k", ["dunique", "dport", "dkey", "d-", None])
    t.check("a claim is found", path is not None)
    was = nodes.get(path)
    nodes.set(path, (was[:was.index(b"port ")] + b"port nobody").decode())
    t.check("it is seen", "different" in dfctl(t, uri, "db", "check", status=1))
    t.check("and mended", "1 mended, 0 left" in dfctl(t, uri, "db", "repair"))
    dfctl(t, uri, "db", "check")
    t.check("as it was", nodes.get(path).splitlines()[1:],
            was.splitlines()[1:])
    nodes.close()


main(a_cloud_moves_and_comes_back, needs_module=False)
