#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""Every allocation on a packet's way fails in turn.

              w2        w3
    +-- p1 -- p2 ------ p3 --+
    |  tap        network 1  |     What is written into a tap is received in
    +------ p11, VXLAN ------+     the writer's own context, and so fails there.
                |
    two hypervisors that are not there
"""
import errno
import fcntl
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffault import Faults  # noqa: E402 pylint: disable=wrong-import-position
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    BROADCAST, ethernet, ip4, ip_batch, mac, main, run, udp)

NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000
TUNNEL, MTU = 11, 9000
COPIES = 4              # of a flood: two ports, two hypervisors
PAGED = 8000            # bytes that a packet does not have in one piece


def open_tap(t, hv, dev):
    with inside(hv.name):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        t.defer(os.close, fd)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack(
            "16sH14x", dev.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    hv.ip("link", "set", dev, "mtu", str(MTU), "up")
    return fd


def world(t):
    run("modprobe", "tun")
    hv = t.hypervisor()
    hv.network(1, 100)
    fd = open_tap(t, hv, "p1")
    hv.tc.attach("p1", 1)
    hv.vif(1, flow_class="connection")
    for number in (2, 3):
        hv.wire(number, mtu=MTU)
    hv.device("underlay", MTU)
    ip_batch(hv.name, "address add 198.51.100.1/24 dev underlay",
             "link add p11 type vxlan external dstport 4789",
             "link set p11 up",
             *(f"neighbour add 198.51.100.{number} dev underlay nud permanent "
               "lladdr 02:00:00:00:ff:02" for number in (4, 5)))
    hv.tunnel(TUNNEL, "p11")
    for number in (4, 5):
        hv.chassis(number, TUNNEL, f"198.51.100.{number}")
        hv.remote(number, number)
    return hv, fd


def packet(dst, size=0):
    """As a guest writes it; of a long one only the addresses are linear."""
    data = ip4("192.0.2.1", "192.0.2.2", 17, udp(7, 9, bytes(size)))
    linear = 14 if size else 0
    return struct.pack("=BBHHHH", 0, 0, linear, 0, 0, 0) + \
        ethernet(mac(dst) if isinstance(dst, int) else dst, mac(1), 0x800,
                 data)


def counters(hv):
    """Received and dropped at the tap; sent by any."""
    drops = hv.drops(1)
    return {"rx": hv.counter(1, "rx-packets"),
            "tx": sum(hv.counter(n, "tx-packets") for n in (2, 3, TUNNEL)),
            "no-memory": drops.pop("no-memory", 0),
            "other": sum(drops.values())}


def is_accounted_for(seen, copies):
    """One packet, or one that never came: is all that it was known?"""
    if not seen["rx"]:
        return not any(seen.values())
    whole = (seen["rx"], seen["tx"], seen["no-memory"], seen["other"]) == \
        (1, 0, 1, 0)
    return whole or (seen["rx"] == 1 and
                     seen["tx"] + seen["no-memory"] + seen["other"] == copies)


def fails_in_turn(t, hv, fd, what, data, copies=1):
    """How many packets or copies were counted as lost for want of memory."""
    faults, nth, failed, lost = Faults(t), 0, True, 0
    while failed:
        nth += 1
        hv.df.do("flow-flush", {})
        before = counters(hv)
        failed, result = faults.call(nth, lambda: os.write(fd, data))
        after = counters(hv)
        seen = {key: after[key] - before[key] for key in after}
        lost += seen["no-memory"]
        t.check(f"{what}, allocation {nth}: accounted for: {seen}",
                is_accounted_for(seen, copies))
        if isinstance(result, OSError):
            t.check(f"{what}, allocation {nth}: {result}",
                    result.errno in NO_MEMORY and not seen["rx"])
    t.check(f"{what}, with memory: {seen}", (seen["rx"], seen["tx"]),
            (1, copies))
    t.log(f"{what}: {nth - 1} allocations, lost {lost}")
    return lost


def a_packet_that_makes_a_flow_entry_passes(t):
    hv, fd = world(t)
    t.check("lost: an entry is no need", fails_in_turn(
        t, hv, fd, "to a port", packet(2)), 0)
    t.check("lost: the tunnel device counts its own", fails_in_turn(
        t, hv, fd, "to a hypervisor", packet(4)), 0)


def a_copy_without_memory_is_counted(t):
    hv, fd = world(t)
    t.check("some were lost", fails_in_turn(
        t, hv, fd, "flood", packet(BROADCAST), COPIES) > 0)


def headers_that_cannot_be_pulled_are_counted(t):
    hv, fd = world(t)
    t.check("it was lost", fails_in_turn(
        t, hv, fd, "in pages", packet(2, PAGED)) > 0)


main(a_packet_that_makes_a_flow_entry_passes,
     a_copy_without_memory_is_counted,
     headers_that_cannot_be_pulled_are_counted)
