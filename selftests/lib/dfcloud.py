# SPDX-License-Identifier: GPL-2.0
"""Hypervisors that reach each other by tunnels, for tests of what is between.

      w11            w21
       |              |
    +-p11------+   +-p21------+
    |   hv1    |   |   hv2    |  ...
    |  tunnel  |   |  tunnel  |        vxlan or geneve: tun0
    +-underlay-+   +-underlay-+
         | .1           | .2           198.51.100.0/24
    -----+--- bridge ---+-----         2001:db8:ffff::/64
"""
import re
import socket
import struct

from dfns import inside
from dftest import (
    checksum, ethernet, ip4, ip_batch, mac, mac_bytes, poll, quiet, run, sysctl)

TUNNEL, VNI = 1000, 100
UNDERLAY_MTU = 1600
FLAVOURS = [(kind, family) for kind in ("vxlan", "geneve")
            for family in (4, 6)]


def underlay_address(n, family):
    return f"198.51.100.{n}" if family == 4 else f"2001:db8:ffff::{n}"


def cloud(t, kind, family, size=2):
    """Hypervisors with a tunnel device each, that know each other."""
    middle, hvs = t.netns("middle"), []
    mtu, option = UNDERLAY_MTU, "dstport 4789" if kind == "vxlan" else ""
    for n in range(1, size + 1):
        hv = t.hypervisor(f"hv{n}")
        hv.middle = middle
        hv.tc.veth("underlay", f"to{n}", middle, mtu)
        # an address that is ready later changes the routes once more
        sysctl(hv.name, "ipv6/conf/underlay/accept_dad", "0")
        quiet(hv.name, "underlay", False)
        ip_batch(hv.name,
                 f"address add 198.51.100.{n}/24 dev underlay",
                 f"address add 2001:db8:ffff::{n}/64 dev underlay nodad",
                 f"link add tun0 type {kind} external {option}",
                 "link set tun0 up")
        hv.network(1, VNI)
        hv.tunnel(TUNNEL, "tun0")
        for m in range(1, size + 1):
            if m != n:
                hv.chassis(m, TUNNEL, underlay_address(m, family))
        hvs.append(hv)
    ip_batch(middle,
             f"link add br0 mtu {mtu} type bridge mcast_snooping 0",
             "link set br0 up",
             *(f"link set to{n} master br0 up" for n in range(1, size + 1)))
    return hvs


def hypervisors(t, size):
    """One, alone; or several that are a cloud, whose underlay is there."""
    if size > 1:
        hvs = cloud(t, "vxlan", 4, size)
        for n in range(2, size + 1):
            # a new bridge's ports take a while
            t.require(f"1 reaches {n}", poll(lambda: "bytes from" in run(
                "ping", "-c", "1", "-W", "1",
                underlay_address(n, 4),  # pylint: disable=cell-var-from-loop
                netns=hvs[0].name, check=False)))
        return hvs
    hv = t.hypervisor()
    hv.network(1)
    return [hv]


def everywhere(hvs, number, home, network=1, address=None, **more):
    """A wire on one hypervisor, which the others know as remote."""
    for n, hv in enumerate(hvs, 1):
        if n != home:
            hv.remote(number, home, network, address)
    return hvs[home - 1].wire(number, network, address, **more)


def frame(dst, src, text):
    return ethernet(mac(dst) if isinstance(dst, int) else dst, mac(src),
                    payload=text.encode())


def arrives(t, what, wire, want, others=()):
    t.check(f"{what}: arrives", wire.receive(), want)
    t.check(f"{what}: once", wire.pending(), [])
    for other in others:
        t.check(f"{what}: nowhere else", other.pending(), [])


def sent(hv):
    """Packets and bytes that the underlay device has sent."""
    with inside(hv.name), open("/proc/thread-self/net/dev",
                               encoding="ascii") as f:
        fields = re.search(r"underlay:(.*)", f.read())[1].split()
    return int(fields[9]), int(fields[1 + 7])


def gso_packet(src, dst, sport, payload, size):
    """A TCP packet that stands for many, as a virtual machine sends it."""
    tcp = struct.pack("!HHIIBBHHH", sport, 9, 1, 0, 0x50, 0x10, 1024, 0, 0)
    pseudo = socket.inet_aton(f"192.0.2.{src}") + socket.inet_aton(
        f"192.0.2.{dst}") + struct.pack("!BBH", 0, 6, 20 + len(payload))
    partial = ~checksum(pseudo) & 0xffff
    tcp = tcp[:16] + struct.pack("!H", partial) + tcp[18:]
    packet = ip4(f"192.0.2.{src}", f"192.0.2.{dst}", 6, tcp + payload)
    # NEEDS_CSUM, TCPV4; headers, segment size, checksum start and offset
    header = struct.pack("=BBHHHH", 1, 1, 54, size, 34, 16)
    return header + mac_bytes(mac(dst)) + mac_bytes(mac(src)) + \
        b"\x08\x00" + packet
