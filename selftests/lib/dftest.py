# SPDX-License-Identifier: GPL-2.0
"""What a selftest written in Python is made of; lib.sh's sibling.

A test file defines cases and hands them to main(), which runs each in a scope
of its own, prints KTAP and undoes what the case has made:

    def frames_reach_the_port(t):
        hv = t.hypervisor()
        ...
        t.check("it arrived", got, want)

    main(frames_reach_the_port)

The world: a Hypervisor is a network namespace with a client of the module. A
Wire is the far end of a veth whose near end is a port's device: a workload
that is nothing but a packet socket. All of it is quiet: nothing is sent but
what the case sends.
"""
import concurrent.futures
import ctypes
import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from dfnl import Dragonflow, Tc
from dfns import inside, netns_add, netns_del

WAIT_FACTOR = int(os.environ.get("WAIT_FACTOR", "1"))
BROADCAST = "ff:ff:ff:ff:ff:ff"
TEST_TYPE = 0x88b5      # for local experiments: no protocol answers to it
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
SOL_PACKET = 263
PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 8, 15, 23
TP_STATUS_VLAN_VALID = 1 << 4


class Failure(Exception):
    """The case ends, failed."""


class Skip(Exception):
    """The case cannot run here."""


def mac(n):
    return f"02:00:00:00:{n >> 8 & 255:02x}:{n & 255:02x}"


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(dst, src, kind=TEST_TYPE, payload=b"", vlan=None):
    """A frame, with an 802.1Q tag if vlan is given."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return (mac_bytes(dst) + mac_bytes(src) + tag
            + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(src, dst, proto, payload, **fields):
    """An IPv4 packet; fields: ident, frag (flags and offset), ttl."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload),
                       fields.get("ident", 0), fields.get("frag", 0),
                       fields.get("ttl", 64), proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload, ttl=64):
    """An IPv6 packet."""
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl) + \
        socket.inet_pton(socket.AF_INET6, src) + \
        socket.inet_pton(socket.AF_INET6, dst) + payload


def udp(sport, dport, payload=b""):
    """A datagram without a checksum, which IPv4 allows."""
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def prefix(text):
    """Attributes of an address with its prefix length."""
    ip, size = text.split("/")
    return {"ip6" if ":" in ip else "ip4": ip, "prefix-len": int(size)}


def nexthop(interface, gateway=None, weight=None):
    """Attributes of a next hop."""
    attrs = {"interface": interface}
    if gateway:
        attrs["ip6" if ":" in gateway else "ip4"] = gateway
    if weight:
        attrs["weight"] = weight
    return attrs


def run(*argv, netns=None, check=True, **more):
    """A program; its output. Its /sys is the one that we see, whatever netns."""
    with inside(netns):
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False, **more)
    if check and done.returncode:
        raise Failure(f"{' '.join(argv)}: status {done.returncode}: "
                      f"{done.stdout}")
    return done.stdout


def ip_batch(netns, *commands):
    """Commands of iproute2, for the price of one process."""
    run("ip", "-batch", "-", netns=netns, input="\n".join(commands))


def link_up(netns, dev):
    with inside(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = struct.pack("16s", dev.encode())
        flags = struct.unpack("16xh", fcntl.ioctl(
            s, SIOCGIFFLAGS, name + bytes(24))[:18])[0]
        fcntl.ioctl(s, SIOCSIFFLAGS, name + struct.pack("h22x", flags | 1))


def poll(condition, seconds=5):
    """What condition() answers once that is true, or at last."""
    deadline = time.monotonic() + seconds * WAIT_FACTOR
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        select.select([], [], [], 0.01)


class Wire:
    """A packet socket on a device: frames in, frames out."""

    def __init__(self, netns, dev, vnet_header=False):
        self.dev = dev
        with inside(netns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            if vnet_header:
                self.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            self.sock.bind((dev, 3))

    def send(self, frame):
        self.sock.send(frame)

    def flood(self, frames):
        for frame in frames:
            self.sock.send(frame)

    def _read(self):
        frame, extra, _, _ = self.sock.recvmsg(1 << 17, 256)
        for level, kind, data in extra:
            if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
                continue
            status, tci, tpid = struct.unpack_from("I12xHH", data)
            if status & TP_STATUS_VLAN_VALID:
                frame = frame[:12] + struct.pack("!HH", tpid or 0x8100, tci) \
                    + frame[12:]
        return frame

    def receive(self, seconds=5):
        """The next frame, or None."""
        if not select.select([self.sock], [], [], seconds * WAIT_FACTOR)[0]:
            return None
        return self._read()

    def pending(self):
        """The frames that have arrived by now."""
        out = []
        while select.select([self.sock], [], [], 0)[0]:
            out.append(self._read())
        return out

    def close(self):
        self.sock.close()


class Hypervisor:
    """A network namespace, programmed by the test."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.df, self.tc = Dragonflow(name), Tc(name)
        case.defer(self.df.close)
        case.defer(self.tc.close)

    def ip(self, *argv, **more):
        return run("ip", *argv, netns=self.name, **more)

    def network(self, number, vni=None, **more):
        attrs = {"id": number, **more}
        if vni is not None:
            attrs["vni"] = vni
        self.df.do("network-new", attrs)

    def vif(self, number, network=1, address=None, **more):
        """A port of a workload; its MAC is mac(number) by default."""
        self.df.do("port-new", {
            "id": number, "type": "vif", "network": network,
            "mac": address or mac(number),
            **{key.replace("_", "-"): more[key] for key in more}})

    def remote(self, number, chassis, network=1, address=None, **more):
        self.df.do("port-new", {
            "id": number, "type": "remote", "network": network,
            "mac": address or mac(number), "chassis": chassis, **more})

    def router(self, number, **more):
        self.df.do("router-new", {"id": number, **more})

    def interface(self, number, router, network, addresses, **more):
        """A router interface; addresses are like 192.0.2.254/24."""
        self.df.do("router-interface-new", {
            "id": number, "router": router, "network": network,
            "mac": more.pop("address", None) or mac(number),
            "address": [prefix(text) for text in addresses], **more})

    def route(self, number, router, destination, *nexthops, **more):
        """A route; a next hop is (interface, gateway or None, weight)."""
        self.df.do("route-new", {
            "id": number, "router": router, **prefix(destination),
            **({"nexthop": [nexthop(*one) for one in nexthops]}
               if nexthops else {}), **more})

    def tunnel(self, number, dev=None, **more):
        self.df.do("port-new", {"id": number, "type": "tunnel", **more})
        if dev:
            self.tc.attach(dev, number)

    def chassis(self, number, tunnel, address):
        key = "remote-ip6" if ":" in address else "remote-ip4"
        self.df.do("chassis-new", {"id": number, "tunnel": tunnel,
                                   key: address})

    def device(self, dev, mtu=1500):
        """A device, up, whose other end is a wire."""
        far = f"{dev}p"
        self.case.peer_namespace()
        self.tc.veth(dev, far, self.case.peers, mtu)
        link_up(self.case.peers, far)
        return far

    def wire(self, number, network=1, address=None, mtu=1500, **more):
        """A vif with a device and the wire at its other end."""
        dev = f"p{number}x{self.name.split('-')[0]}"
        far = self.device(dev, mtu)
        self.tc.attach(dev, number)
        self.vif(number, network, address, **more)
        return self.case.open_wire(far)

    def stack(self, number, mtu=1500):
        """A workload that has addresses, in a namespace: its name."""
        name, dev = self.case.netns(f"w{number}", is_quiet=False), f"p{number}"
        self.tc.veth(dev, "eth0", name, mtu)
        self.tc.attach(dev, number)
        ip_batch(name, f"link set eth0 address {mac(number)} up",
                 f"address add 192.0.2.{number}/24 dev eth0",
                 f"address add 2001:db8::{number}/64 dev eth0 nodad")
        return name

    def drops(self, number):
        return self.df.drops(number)

    def counter(self, number, name):
        return self.df.counter(number, name)

    def flows(self, number=None):
        return self.df.dump("flow-get", {"port": number} if number else {})


def quiet(netns, dev, is_quiet=True):
    """No IPv6, hence nothing that is sent unasked; or as usual again. What
    becomes of "default" is what later devices get."""
    sysctl(netns, f"ipv6/conf/{dev}/disable_ipv6", "01"[is_quiet])


def sysctl(netns, name, value):
    with inside(netns), open(f"/proc/sys/net/{name}", "w",
                             encoding="ascii") as f:
        f.write(value)


class Case:
    """The scope of one case: what it makes, and how it goes."""

    def __init__(self):
        self.deferred = []
        self.failed = False
        self.peers = None
        self.count = 0

    # how it goes

    @staticmethod
    def log(text):
        print("# " + str(text).replace("\n", "\n# "), flush=True)

    def check(self, what, got, want=True):
        """The case goes on, but has failed, if got is not what we want."""
        if got == want:
            return True
        self.failed = True
        self.log(f"FAIL: {what}: got {got!r}, want {want!r}")
        return False

    def require(self, what, got, want=True):
        if not self.check(what, got, want):
            raise Failure(what)

    def wait(self, what, condition, want=True, seconds=5):
        """Poll until condition() is what we want."""
        last = []

        def met():
            last[:] = [condition()]
            return last[0] == want
        poll(met, seconds)
        return self.check(what, last[0], want)

    def skip(self, reason):
        raise Skip(reason)

    # what it makes

    def defer(self, function, *args):
        self.deferred.append((function, args))

    def end(self):
        self.peers = None
        while self.deferred:
            function, args = self.deferred.pop()
            try:
                function(*args)
            except (OSError, Failure) as problem:
                self.log(f"cleaning up: {problem}")

    def netns(self, name, is_quiet=True):
        self.count += 1
        name = f"{name}-{os.getpid()}-{self.count}"
        netns_add(name)
        self.defer(netns_del, name)
        link_up(name, "lo")
        if is_quiet:
            quiet(name, "default")
        return name

    def hypervisor(self, name="hv"):
        return Hypervisor(self, self.netns(name))

    def peer_namespace(self):
        if not self.peers:
            self.peers = self.netns("far")

    def open_wire(self, dev, netns=None, vnet_header=False):
        wire = Wire(netns or self.peers, dev, vnet_header)
        self.defer(wire.close)
        return wire

    def directory(self):
        path = tempfile.mkdtemp()
        self.defer(shutil.rmtree, path, True)
        return path


class Background:
    """A thread would stay in our namespace; so a process: fork and call."""

    def __init__(self, case, function, *args):
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                ctypes.CDLL(None).prctl(1, 9)   # die with the parent
                status = int(function(*args) or 0)
            except BaseException:               # pylint: disable=broad-except
                traceback.print_exc()
            finally:
                os._exit(status)
        self.status = None
        case.defer(self.stop)

    def stop(self):
        if self.status is None:
            os.kill(self.pid, 9)
            self.wait()

    def wait(self):
        if self.status is None:
            _, status = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(status)
        return self.status


def _run_case(function, lines=None):
    """What became of it; what it says is printed, or added to lines."""
    case = Case()
    if lines is not None:
        case.log = lines.append
    try:
        function(case)
    except Skip as reason:
        return f"SKIP {reason}"
    except Failure as problem:
        case.failed = True
        case.log(f"FAIL: {problem}")
    except Exception:                           # pylint: disable=broad-except
        case.failed = True
        case.log(traceback.format_exc())
    finally:
        case.end()
    return "failed" if case.failed else ""


def _run_cases(cases, at_once):
    """Yields what became of each, in order."""
    if at_once == 1:
        yield from (_run_case(case) for case in cases)
        return
    said = [[] for _ in cases]
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for result, lines in zip(pool.map(_run_case, cases, said), said):
            for line in lines:
                Case.log(line)
            yield result


def main(*cases, needs_module=True, at_once=1):
    """Run the cases, or those that the command line names; several at once if
    they only wait most of the time."""
    if len(sys.argv) > 1:
        known = {case.__name__: case for case in cases}
        unknown = [name for name in sys.argv[1:] if name not in known]
        if unknown:
            sys.exit(f"no such case: {' '.join(unknown)}")
        cases = [known[name] for name in sys.argv[1:]]
    print(f"KTAP version 1\n1..{len(cases)}", flush=True)
    usable = os.environ.get("VM") == "1" or not needs_module
    if needs_module and usable:
        run("modprobe", "dragonflow")
    failures = 0
    skipped = ["SKIP the module is loaded in the test VM only"] * len(cases)
    results = _run_cases(cases, at_once) if usable else skipped
    for number, (case, result) in enumerate(zip(cases, results), 1):
        failures += result == "failed"
        print(f"{'not ok' if result == 'failed' else 'ok'} {number} "
              f"{case.__name__}"
              + (f" # {result}" if result.startswith("SKIP") else ""),
              flush=True)
    sys.exit(1 if failures else 0)
