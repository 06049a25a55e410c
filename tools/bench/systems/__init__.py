# SPDX-License-Identifier: GPL-2.0
"""Those that are measured, a file each.

A system is a class with a method for each path that it can take packets on:

    l2_local          in to out, same network; and back
    l2_remote_send    in to a workload behind the underlay; and back
    l2_remote_receive from the underlay to out
    l3_...            the same, to another network, by a router

and the same names with "_stateful": where connections are tracked, and only
those that a policy allows get through. A method makes that path; down() undoes
what it made. What a class has no method for it is not measured at; LACKS says
why, by a part of the path's name. MOST is the largest size of a sweep that it is
filled with in reasonable time, if not all.
"""
import importlib
import socket
import struct

from world import HV, in_vxlan, inside, run, sysctl

# In this order they are measured, and the first is what all are compared to.
NAMES = ("mirred", "dragonflow", "flower", "flowtable", "ovs", "ovn")


NETLINK_NETFILTER = 12
CONNTRACK_DELETE = 1 << 8 | 2
REQUEST_ACK = 1 | 4


def remember_connections():
    """Forget all connections of the hypervisor; keep those to come, though
    the clock may skip minutes in which nothing happens."""
    run("modprobe", "-a", "nf_conntrack", "nf_conntrack_netlink")
    sysctl(HV, netfilter__nf_conntrack_udp_timeout=86400,
           netfilter__nf_conntrack_udp_timeout_stream=86400)
    with inside(HV):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                             NETLINK_NETFILTER)
    with sock:
        # without attributes it deletes them all
        sock.send(struct.pack("IHHIIBBH", 20, CONNTRACK_DELETE, REQUEST_ACK,
                              1, 0, socket.AF_UNSPEC, 0, 0))
        error = struct.unpack_from("i", sock.recv(4096), 16)[0]
    if error:
        raise OSError(-error, "cannot forget connections")


class System:
    """What all have; tc on the hypervisor's devices is undone by down()."""
    NAME, LACKS, MOST = "", {}, {}

    def __init__(self, world):
        self.world = world
        self.used, self.links = [], []

    def encapsulate(self, frame):
        """A frame from the other hypervisor, as it is on the underlay."""
        return in_vxlan(frame)

    def down(self):
        for dev in self.used:
            run("tc", "-n", HV, "qdisc", "del", "dev", dev, "clsact")
        for dev in self.links:
            run("ip", "-n", HV, "link", "del", dev)
        self.used, self.links = [], []

    def close(self):
        """No more paths are wanted."""


def load(name):
    """The class of a system."""
    return getattr(importlib.import_module(f"systems.{name}"),
                   name.capitalize())


def lacks(system, path):
    """Why a system does not have a path; None if it has."""
    if hasattr(system, path):
        return None
    for part, why in system.LACKS.items():
        if part in path:
            return why
    return "not measured"
