# SPDX-License-Identifier: GPL-2.0
"""What every system is measured in, and frames to measure it with.

     w1             hv                              far
    +-----+   +-----------------------+           +-------+
    | gen-|---|-in    ???     under---|-----------|-under |  198.51.100.1, .2
    +-----+   |        |              |           +-------+
              |       out             |            another hypervisor, or what
              +--------|--------------+            takes the place of one
                       |
                      sink   w2

All lines are veths, and all ends drop what comes out of them, by tc. So the
way from one end to another costs the same whatever is in the place of "???".
"""
import contextlib
import pathlib
import re
import socket
import struct
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
# The tests' client knows nothing but the spec: as good here as there.
sys.path.insert(0, str(TOP / "selftests" / "lib"))
from dfns import inside  # noqa: E402 pylint: disable=wrong-import-position

PREFIX = "dfbench-"
W1, HV, W2, FAR = (PREFIX + name for name in ("w1", "hv", "w2", "far"))

GEN_MAC, SINK_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
# The router's address in either network; a routed packet leaves from it.
ROUTER_MAC = "02:00:00:00:00:fe"
UNDER_MAC, FAR_MAC = "02:00:00:00:01:01", "02:00:00:00:01:02"
GEN_IP, SINK_IP = "192.0.2.1", "192.0.2.2"
ROUTED_SINK_IP = "203.0.113.2"
# In the first of many networks: see numbered_networks().
FIRST_OF_MANY_IP = "10.0.0.1"
# A workload of the other hypervisor, switched or routed to.
REMOTE_MAC, REMOTE_IP, ROUTED_REMOTE_IP = \
    "02:00:00:00:00:03", "192.0.2.3", "203.0.113.3"
UNDER_IP, FAR_IP = "198.51.100.1", "198.51.100.2"
VNI, VXLAN_PORT = 100, 4789


class Failure(Exception):
    """A measurement went wrong; there is no number."""


def run(*argv, netns=None, stdin=None):
    """A program; its output."""
    if netns:
        argv = ("ip", "netns", "exec", netns) + argv
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, input=stdin,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(argv)}: status {done.returncode}: "
                      f"{done.stdout}")
    return done.stdout


def ip(netns, commands):
    """Several commands of ip(8), a line each."""
    run("ip", "-n", netns, "-batch", "-", stdin=commands)


def tc(netns, commands):
    run("tc", "-n", netns, "-batch", "-", stdin=commands)


def sysctl(netns, **values):
    """net.* of a namespace; "." and "__" stand for "/"."""
    with inside(netns):
        for name, value in values.items():
            path = pathlib.Path("/proc/sys/net", *name.split("__"))
            path.write_text(str(value), encoding="ascii")


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def numbered_mac(n):
    return f"02:00:02:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


def numbered_sender(n):
    """The n-th of the sources that frames of a varied source MAC have."""
    n += int(GEN_MAC[9:].replace(":", ""), 16)
    return GEN_MAC[:9] + \
        f"{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


def numbered_networks(count):
    """Networks to be routed to, the last one the workload's."""
    return [f"{10 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24"
            for n in range(count - 1)] + ["203.0.113.0/24"]


def numbered_ports(count):
    """Ports that rules allow, the last one the one that is used."""
    return [*range(6000, 6000 + count - 1), PORTS[1]]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_frame(src_mac, dst_mac, src, dst, ports, payload):
    """A datagram in a frame, without a UDP checksum."""
    size = 8 + len(payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + size, 0, 0, 64, 17, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return mac_bytes(dst_mac) + mac_bytes(src_mac) + b"\x08\x00" + head + \
        struct.pack("!HHHH", *ports, size, 0) + payload


# Where in a frame its source address is, its IP destination but for the host's
# byte, and its UDP source port.
SOURCE_MAC, DESTINATION, SOURCE_PORT = (9, 3), (30, 3), (34, 2)
PORTS = (1024, 5201)


def small(src_mac, dst_mac, src, dst, ports=PORTS):
    """60 bytes: the smallest frame that Ethernet has."""
    return udp_frame(src_mac, dst_mac, src, dst, ports, bytes(18))


def in_vxlan(frame):
    header = struct.pack("!II", 0x08000000, VNI << 8)
    return udp_frame(FAR_MAC, UNDER_MAC, FAR_IP, UNDER_IP,
                     (50000, VXLAN_PORT), header + frame)


class World:
    """The namespaces, and the generator in them; runs is how often all is
    measured."""

    def __init__(self, traffic, runs, cycles=False):
        self.runs = runs
        self.traffic = [traffic] + (["-c"] if cycles else [])
        run(*self.traffic, "nothing")

    def __enter__(self):
        self.__exit__()
        for name in (W1, HV, W2, FAR):
            run("ip", "netns", "add", name)
            sysctl(name, ipv6__conf__default__disable_ipv6=1,
                   ipv6__conf__all__disable_ipv6=1)
        self._lines()
        self.ends_drop(True)
        return self

    def __exit__(self, *unused):
        for name in (W1, HV, W2, FAR):
            with contextlib.suppress(Failure):
                run("ip", "netns", "del", name)

    @staticmethod
    def _lines():
        ip(HV, f"""
            link add in type veth peer name gen netns {W1}
            link add out type veth peer name sink netns {W2}
            link add under mtu 1600 address {UNDER_MAC} type veth peer name under netns {FAR}
            link set lo up
            link set in up
            link set out up
            link set under up
            address add {UNDER_IP}/24 dev under
            neighbour add {FAR_IP} dev under lladdr {FAR_MAC}""")
        ip(FAR, f"""
            link set under mtu 1600 address {FAR_MAC} up
            address add {FAR_IP}/24 dev under
            neighbour add {UNDER_IP} dev under lladdr {UNDER_MAC}""")
        ip(W1, f"""
            link set gen address {GEN_MAC} up
            address add {GEN_IP}/24 dev gen
            neighbour add {SINK_IP} dev gen lladdr {SINK_MAC}
            neighbour add 192.0.2.254 dev gen lladdr {ROUTER_MAC}
            route add 203.0.113.0/24 via 192.0.2.254""")
        ip(W2, f"""
            link set sink address {SINK_MAC} up
            address add {SINK_IP}/24 dev sink
            neighbour add {GEN_IP} dev sink lladdr {GEN_MAC}""")

    @staticmethod
    def ends_drop(yes):
        """Whether the ends swallow what comes, or are workloads."""
        for netns, dev in ((W1, "gen"), (W2, "sink"), (FAR, "under")):
            if yes:
                tc(netns, f"""
                    qdisc replace dev {dev} clsact
                    filter replace dev {dev} ingress prio 1 handle 1 matchall action drop""")
            else:
                run("tc", "-n", netns, "qdisc", "del", "dev", dev, "clsact")

    def generate(self, *argv):
        """Run the generator; what one operation costs."""
        return float(run(*self.traffic, *map(str, argv)))

    def frames(self, at, frame, count, vary=(*SOURCE_MAC, 1)):
        """Send frames out of a device: at is its namespace and name."""
        return self.generate("frames", *at, count, frame.hex(), *vary)


def received(end):
    """Packets that have come out of the device: its namespace and name."""
    netns, dev = end
    with inside(netns):
        text = pathlib.Path("/proc/thread-self/net/dev").read_text(
            encoding="ascii")
    return int(re.search(rf"^ *{dev}: *\d+ +(\d+)", text, re.M)[1])
