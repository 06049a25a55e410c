# SPDX-License-Identifier: GPL-2.0
"""OVN itself: its databases, northd, and two hypervisors with a controller and
Open vSwitch's daemon each. It tunnels by Geneve, whose options carry what it
knows about the packet; its flows in the kernel are its own.
"""
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from scenarios import CHAINS
from systems import System, remember_connections
from sweeps import SPREAD, Traffic, attack
from world import (FAR, FAR_IP, FAR_MAC, GEN_IP, GEN_MAC, HV, REMOTE_IP,
                   REMOTE_MAC, ROUTED_REMOTE_IP, ROUTED_SINK_IP, ROUTER_MAC,
                   SINK_IP, SINK_MAC, UNDER_IP, UNDER_MAC, Failure, mac_bytes,
                   run, udp_frame)

PATIENCE = 120
GENEVE_PORT = 6081
# In which network, and where, are which workloads?
NETWORKS = {"ls1": "192.0.2.254/24", "ls2": "203.0.113.254/24"}
WORKLOADS = {
    "gen": ("ls1", GEN_MAC, GEN_IP),
    "sink": ("ls1", SINK_MAC, SINK_IP),
    "remote": ("ls1", REMOTE_MAC, REMOTE_IP),
    "routed-sink": ("ls2", SINK_MAC, ROUTED_SINK_IP),
    "routed-remote": ("ls2", REMOTE_MAC, ROUTED_REMOTE_IP),
}
RULES = (
    ("from-lport", 1001, "inport == @pg && ip4", "allow-related"),
    ("from-lport", 1000, "inport == @pg && ip", "drop"),
    ("to-lport", 1001, "outport == @pg && ip4 && icmp4", "allow-related"),
    ("to-lport", 1001, "outport == @pg && ip4 && udp.dst == 5201",
     "allow-related"),
    ("to-lport", 1001, "outport == @pg && ip4 && tcp.dst == 5201",
     "allow-related"),
    ("to-lport", 1000, "outport == @pg && ip", "drop"),
)


def until(what, condition):
    """Wait for a condition; a Failure in it is a "not yet"."""
    deadline = time.monotonic() + PATIENCE
    error = ""
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Failure as not_yet:
            error = str(not_yet)
        time.sleep(0.1)
    raise Failure(f"{what}: nothing for {PATIENCE} s {error}")


class Daemons:
    """Programs in the background, each with a directory for its files."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dfbench-", dir="/run"))
        self.running = []

    def start(self, where, netns, *argv):
        env = dict(os.environ)
        for product in ("OVS", "OVN"):
            for kind in ("RUN", "LOG", "DB"):
                env[f"{product}_{kind}DIR"] = str(where)
        if netns:
            argv = ("ip", "netns", "exec", netns) + argv
        with open(where / f"{len(self.running)}.log", "wb") as log:
            self.running.append(subprocess.Popen(  # ended by stop()
                argv, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log))

    def stop(self):
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir)


class Ovn(System):
    NAME = "ovn"
    LACKS = {"sweep": "slow to fill; its datapath is that of ovs"}

    def __init__(self, world):
        super().__init__(world)
        run("ovn-controller", "--version")
        run("modprobe", "-a", "openvswitch", "vport_geneve")
        self.daemons = Daemons()
        self.dir = self.daemons.dir
        self.stateful, self.out = False, "sink"
        try:
            self._central()
            self._hypervisor(HV, UNDER_IP)
            self._hypervisor(FAR, FAR_IP)
            self._networks()
            self._bindings()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.daemons.stop()
        for netns in (HV, FAR):
            run("sh", "-c", "ovs-dpctl del-dp ovs-system || true", netns=netns)

    # its programs

    def _nb(self, *argv):
        return run("ovn-nbctl", f"--db=unix:{self.dir}/nb.sock",
                   f"--timeout={PATIENCE}", *argv)

    def _sb(self, *argv):
        return run("ovn-sbctl", f"--db=unix:{self.dir}/sb.sock", *argv)

    def _vs(self, netns, *argv):
        run("ovs-vsctl", f"--db=unix:{self.dir / netns}/db.sock", "--no-wait",
            *argv)

    def _switch(self, *argv):
        return run("ovs-appctl", "-t", f"{self.dir / HV}/vswitchd.ctl", *argv)

    def _database(self, where, name, schema, netns=None):
        variable = "OVN" if schema.startswith("ovn") else "OVS"
        data = os.environ.get(f"{variable}_PKGDATADIR", {
            "OVN": "/usr/share/ovn", "OVS": "/usr/share/openvswitch"}[variable])
        run("ovsdb-tool", "create", f"{where}/{name}.db", f"{data}/{schema}")
        self.daemons.start(
            where, netns, "ovsdb-server", f"--remote=punix:{where}/{name}.sock",
            f"--unixctl={where}/{name}.ctl", "-vconsole:warn",
            f"{where}/{name}.db")

    def _central(self):
        self._database(self.dir, "nb", "ovn-nb.ovsschema")
        self._database(self.dir, "sb", "ovn-sb.ovsschema")
        until("northbound database", lambda: self._nb("init") or True)
        until("southbound database", lambda: self._sb("init") or True)
        self.daemons.start(
            self.dir, None, "ovn-northd",
            f"--ovnnb-db=unix:{self.dir}/nb.sock",
            f"--ovnsb-db=unix:{self.dir}/sb.sock",
            f"--unixctl={self.dir}/northd.ctl", "-vconsole:warn")

    def _hypervisor(self, netns, address):
        where = self.dir / netns
        where.mkdir()
        self._database(where, "db", "vswitch.ovsschema", netns)
        until("switch database", lambda: self._vs(netns, "init") or True)
        # the underlay as everyone's: no checksum outside; and keep flows
        # in spite of a clock that skips idle time
        self._vs(
            netns, "set", "open", ".", f"external-ids:system-id={netns}",
            f"external-ids:ovn-remote=unix:{self.dir}/sb.sock",
            "external-ids:ovn-encap-type=geneve",
            f"external-ids:ovn-encap-ip={address}",
            "external-ids:ovn-encap-csum=false",
            "external-ids:ovn-openflow-probe-interval=0",
            "external-ids:ovn-remote-probe-interval=0",
            "other_config:max-idle=3600000",
            "--", "add-br", "br-int",
            "--", "set", "bridge", "br-int", "fail-mode=secure")
        self.daemons.start(
            where, netns, "ovs-vswitchd", f"--unixctl={where}/vswitchd.ctl",
            "-vconsole:warn", f"unix:{where}/db.sock")
        self.daemons.start(where, netns, "ovn-controller", "-vconsole:warn",
                           f"unix:{where}/db.sock")

    # what is programmed

    def _networks(self):
        argv = ["lr-add", "lr"]
        for name, address in NETWORKS.items():
            argv += ["--", "ls-add", name,
                     "--", "lrp-add", "lr", f"lr-{name}", ROUTER_MAC, address,
                     "--", "lsp-add", name, f"{name}-lr",
                     "--", "lsp-set-type", f"{name}-lr", "router",
                     "--", "lsp-set-addresses", f"{name}-lr", "router",
                     "--", "lsp-set-options", f"{name}-lr",
                     f"router-port=lr-{name}"]
        for name, (network, mac, address) in WORKLOADS.items():
            argv += ["--", "lsp-add", network, name,
                     "--", "lsp-set-addresses", name, f"{mac} {address}",
                     "--", "lsp-set-port-security", name, f"{mac} {address}"]
        self._nb(*argv, "--", "pg-add", "pg", *WORKLOADS)

    def _bindings(self):
        for netns, dev, name, kind in (
                (HV, "in", "gen", "system"), (HV, "out", self.out, "system"),
                (FAR, "remote", "remote", "internal"),
                (FAR, "routed", "routed-remote", "internal")):
            self._vs(netns, "add-port", "br-int", dev, "--", "set",
                     "interface", dev, f"type={kind}",
                     f"external-ids:iface-id={name}")
        for name in WORKLOADS:
            if name != "routed-sink":
                self._wait_up(name)
        self._nb("--wait=hv", "sync")
        self.keys = {name: self._key("port_binding", f"logical_port={name}")
                     for name in (*WORKLOADS, "ls1-lr")}
        self.vni = self._key("datapath_binding", "external_ids:name=ls1")

    def _wait_up(self, name):
        until(f"port {name}", lambda: "true" in self._sb(
            "--bare", "--columns=up", "find", "port_binding",
            f"logical_port={name}"))

    def _key(self, table, condition):
        return int(self._sb("--bare", "--columns=tunnel_key", "find", table,
                            condition))

    def _rules(self, wanted):
        if wanted == self.stateful:
            return
        argv = []
        for direction, priority, match, action in RULES:
            argv += ["--", "acl-add", "pg", direction, str(priority), match,
                     action]
        self._nb(*(argv[1:] if wanted else ["acl-del", "pg"]))
        self.stateful = wanted

    def _path(self, stateful=False, out="sink"):
        self._rules(stateful)
        if out != self.out:
            self._vs(HV, "set", "interface", "out",
                     f"external-ids:iface-id={out}")
            self.out = out
            self._wait_up(out)
        self._nb("--wait=hv", "sync")
        # what is in the kernel may be of the path before
        self._switch("revalidator/purge")
        remember_connections()

    def encapsulate(self, frame):
        """As the other hypervisor would, for a workload of the first network."""
        receiver, sender = frame[:6], frame[6:12]
        to = "gen" if receiver == mac_bytes(GEN_MAC) else "sink"
        by = "ls1-lr" if sender == mac_bytes(ROUTER_MAC) else "remote"
        header = struct.pack("!BBHI", 2, 0x40, 0x6558, self.vni << 8) + \
            struct.pack("!HBBHH", 0x0102, 0x80, 1, self.keys[by],
                        self.keys[to])
        return udp_frame(FAR_MAC, UNDER_MAC, FAR_IP, UNDER_IP,
                         (50000, GENEVE_PORT), header + frame)

    def l2_local(self):
        self._path()

    def l3_local(self):
        self._path(out="routed-sink")

    def l2_local_stateful(self):
        self._path(stateful=True)

    def l3_local_stateful(self):
        self._path(stateful=True, out="routed-sink")

    # All paths are there at once, but for the network of "out".
    l2_remote_send = l2_remote_receive = l2_local
    l3_remote_send = l3_remote_receive = l2_local
    l2_remote_send_stateful = l2_remote_receive_stateful = l2_local_stateful
    l3_remote_send_stateful = l3_remote_receive_stateful = l2_local_stateful

    def sweep_hostile(self, count):
        self.l2_local_stateful()
        chain = CHAINS["l2_local"]
        chain.warm(self, SPREAD)
        chain.answer(self, SPREAD)
        attack(self, count)
        return Traffic(variants=SPREAD, answered=True)
