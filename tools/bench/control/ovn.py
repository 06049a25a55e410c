# SPDX-License-Identifier: GPL-2.0
"""OVN: its databases and northd, and one hypervisor with the kernel's Open
vSwitch. As much of it as Dragonflow does: a switch, MAC addresses, no ACL, no
port security.
"""
import json
import os
import pathlib
import re
import signal
import socket
import time

from machine import (
    HERE, HERE_IP, HV, LOCAL, THERE, THERE_IP, Daemon, Failure, Machine,
    kernel_bytes, mac_of, run)

SWITCH = "ls0"
DEVICES = ("v1", "v2")
# After so long no more changes are asked for, when each takes its time.
BATCH_S = 30


class Rpc:
    """JSON-RPC on a unix socket, what all of OVN's daemons speak."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.text = b""

    def call(self, method, params, deadline):
        self.socket.sendall(json.dumps(
            {"id": 1, "method": method, "params": params}).encode())
        while True:
            answer = self._message(deadline)
            if answer.get("method") == "echo":
                self.socket.sendall(json.dumps(
                    {"id": answer["id"], "error": None,
                     "result": answer["params"]}).encode())
            elif answer.get("error"):
                raise Failure(f"{method}: {str(answer['error'])[:200]}")
            else:
                return answer["result"]

    def _message(self, deadline):
        """The next one. Big answers are parsed once they seem complete."""
        while True:
            if self.text.endswith(b"}"):
                try:
                    message, self.text = json.loads(self.text), b""
                    return message
                except ValueError:
                    pass
            self.socket.settimeout(deadline.left())
            try:
                more = self.socket.recv(1 << 20)
            except TimeoutError:
                deadline.left()
                continue
            if not more:
                raise Failure("a daemon of OVN has closed its connection")
            self.text += more

    def close(self):
        self.socket.close()


class Ovn:
    """What main.py asks of a system."""

    NAME = "ovn"
    AGENT = "controller"
    # Ports in the largest network that it is measured with unasked: with
    # 10000 it was not through its first start after 16 minutes.
    MOST = 1000

    def __init__(self, _build, directory, ports, _driver):
        self.directory, self.ports = directory, ports
        self.machine = Machine(DEVICES)
        self.up, self.nbctl = {}, None
        self.kernel_bytes, self.received = 0, 0
        for name in ("OVS", "OVN"):
            for what in ("RUNDIR", "LOGDIR", "DBDIR"):
                os.environ[f"{name}_{what}"] = str(directory)
        os.environ["OVN_NB_DB"] = f"unix:{directory}/nb.sock"

    def _daemon(self, name, *argv, netns=None):
        self.up[name] = Daemon(self.directory / f"{name}.log", *argv,
                               "-vconsole:warn", netns=netns)

    def _database(self, name, schema, deadline, netns=None):
        path = self.directory / f"{name}.db"
        path.unlink(missing_ok=True)
        run("ovsdb-tool", "create", str(path), schema)
        self._daemon(name, "ovsdb-server",
                     f"--remote=punix:{self.directory}/{name}.sock",
                     f"--unixctl={self.directory}/{name}.ctl", str(path),
                     netns=netns)
        deadline.wait_for((self.directory / f"{name}.sock").exists)

    def _transact(self, name, database, operations, deadline):
        rpc = Rpc(self.directory / f"{name}.sock")
        results = rpc.call("transact", [database, *operations], deadline)
        rpc.close()
        for result in results:
            if result and "error" in result:
                raise Failure(f"{name}: {result}")
        return results

    def _southbound(self, deadline, **operation):
        return self._transact("sb", "OVN_Southbound", [operation], deadline)[0]

    def _rows(self, table, where, columns, deadline):
        return self._southbound(deadline, op="select", table=table,
                                where=where, columns=columns)["rows"]

    def fill(self, deadline):
        for module in ("openvswitch", "vport_geneve"):
            run("modprobe", module)
        schemas = pathlib.Path(os.environ["OVN_PKGDATADIR"])
        for name in ("nb", "sb"):
            self._database(name, str(schemas / f"ovn-{name}.ovsschema"),
                           deadline)
            run(f"ovn-{name}ctl", f"--db=unix:{self.directory}/{name}.sock",
                "init")
        self._daemon("northd", "ovn-northd",
                     f"--ovnnb-db=unix:{self.directory}/nb.sock",
                     f"--ovnsb-db=unix:{self.directory}/sb.sock",
                     f"--unixctl={self.directory}/northd.ctl")
        self._nbctl_start()
        run("ovn-sbctl", f"--db=unix:{self.directory}/sb.sock", "chassis-add",
            THERE, "geneve", THERE_IP)
        self._ports_new(deadline)
        self._bind(deadline)

    def _nbctl_start(self):
        """A client that stays connected, as a cloud's does: a plain ovn-nbctl
        reads the whole database for each command."""
        path = run("ovn-nbctl", "--detach", "--pidfile", "-vconsole:off")
        os.environ["OVN_NB_DAEMON"] = path.strip()
        self.nbctl = Rpc(path.strip())

    def nb(self, *argv, deadline):
        return self.nbctl.call("run", list(argv), deadline)

    def _ports_new(self, deadline):
        macs = [(device, mac) for device, (_, mac, _) in zip(DEVICES, LOCAL)]
        macs += [(f"p{n}", mac_of(n))
                 for n in range(self.ports - len(DEVICES))]
        operations = [
            {"op": "insert", "table": "Logical_Switch_Port",
             "uuid-name": f"row_{name}",
             "row": {"name": name, "addresses": mac}} for name, mac in macs]
        operations.append(
            {"op": "insert", "table": "Logical_Switch",
             "row": {"name": SWITCH, "ports": [
                 "set", [["named-uuid", f"row_{name}"] for name, _ in macs]]}})
        self._transact("nb", "OVN_Northbound", operations, deadline)
        self.nb("--wait=sb", "--", "sync", deadline=deadline)

    def _bind(self, deadline):
        """All ports but ours are on the other hypervisor."""
        there = self._rows("Chassis", [["name", "==", THERE]], ["_uuid"],
                           deadline)[0]["_uuid"]
        self._southbound(
            deadline, op="update", table="Port_Binding",
            where=[["logical_port", "!=", device] for device in DEVICES],
            row={"up": True, "chassis": there})
        self.nb("--wait=sb", "--", "sync", deadline=deadline)

    def empty(self, deadline):
        """A hypervisor that has nothing but its configuration."""
        for name in ("controller", "vswitchd", "conf"):
            self._end(name, signal.SIGKILL)
        self.machine.up()
        schema = pathlib.Path(os.environ["OVS_PKGDATADIR"],
                              "vswitch.ovsschema")
        (self.directory / "conf.sock").unlink(missing_ok=True)
        self._database("conf", str(schema), deadline, netns=HV)
        options = {"system-id": HERE, "ovn-encap-type": "geneve",
                   "ovn-encap-ip": HERE_IP,
                   "ovn-remote": f"unix:{self.directory}/sb.sock",
                   "ovn-openflow-probe-interval": 0,
                   "ovn-remote-probe-interval": 0}
        command = ["set", "open", ".",
                   *(f"external-ids:{key}={value}"
                     for key, value in options.items()),
                   "--", "add-br", "br-int",
                   "--", "set", "bridge", "br-int", "fail-mode=secure"]
        for device in DEVICES:
            command += ["--", "add-port", "br-int", device, "--", "set",
                        "interface", device, f"external-ids:iface-id={device}"]
        self._vsctl("init")
        self._vsctl(*command)
        self.kernel_bytes = kernel_bytes()

    def _vsctl(self, *argv):
        run("ovs-vsctl", f"--db=unix:{self.directory}/conf.sock", "--no-wait",
            *argv, netns=HV)

    def start(self, deadline):
        if "vswitchd" not in self.up:
            self.start_switch(deadline)
        self._daemon("controller", "ovn-controller",
                     f"unix:{self.directory}/conf.sock", netns=HV)

    def start_switch(self, _deadline):
        self._daemon("vswitchd", "ovs-vswitchd",
                     f"--unixctl={self.directory}/vswitchd.ctl",
                     f"unix:{self.directory}/conf.sock", netns=HV)

    def wait(self, deadline):
        """Until the hypervisor says that it is done with all there is."""
        deadline.wait_for(lambda: self._rows(
            "Chassis_Private", [["name", "==", HERE]], ["name"], deadline))
        self.nb("--wait=hv", "--", "sync", deadline=deadline)
        for device in DEVICES:
            deadline.wait_for(lambda name=device: self._rows(
                "Port_Binding", [["logical_port", "==", name],
                                 ["up", "==", True]], ["up"], deadline), 0.1)
        self.nb("--wait=hv", "--", "sync", deadline=deadline)

    def wait_before_clear(self, milliseconds):
        """How long a new controller leaves the flows alone that are there."""
        self._vsctl("set", "open", ".", "external-ids:"
                    f"ovn-ofctrl-wait-before-clear={milliseconds}")

    def _end(self, name, how=signal.SIGTERM):
        if name in self.up:
            self.up.pop(name).end(how)

    def kill(self):
        self.received = self._openflow_messages()
        self._end("controller", signal.SIGKILL)

    def kill_switch(self):
        self._end("vswitchd", signal.SIGKILL)

    def _appctl(self, *argv):
        return run("ovs-appctl", "-t", f"{self.directory}/vswitchd.ctl", *argv)

    def _openflow_messages(self):
        return int(self._appctl("coverage/read-counter",
                                "ofproto_recv_openflow"))

    def written(self):
        """OpenFlow messages that the switch has got since the kill: flows that
        were written again, and some greetings."""
        return self._openflow_messages() - self.received

    def changes(self, count, deadline):
        """Create ports; milliseconds until the hypervisor had each."""
        times = []
        end = time.monotonic() + min(deadline.left() / 3, BATCH_S)
        for n in range(count + 1):
            mac = f"02:02:00:00:{n >> 8 & 255:02x}:{n & 255:02x}"
            begin = time.monotonic()
            self.nb("--wait=hv", "--", "lsp-add", SWITCH, f"new{n}", "--",
                    "lsp-set-addresses", f"new{n}", mac, deadline=deadline)
            times.append((time.monotonic() - begin) * 1000)
            self.nb("--wait=hv", "--", "lsp-del", f"new{n}", deadline=deadline)
            if time.monotonic() > end:
                break
        # the first one found every cache cold
        return {"": times[1:] or times}

    def command(self, number, deadline):
        """The same as a command, by whoever sits in a terminal."""
        name = f"command{number}"
        run("ovn-nbctl", "--wait=hv", "lsp-add", SWITCH, name, "--",
            "lsp-set-addresses", name, f"02:03:00:00:00:{number:02x}",
            deadline=deadline)

    def sizes(self, deadline):
        text = run("ovs-ofctl", "dump-aggregate",
                   f"unix:{self.directory}/br-int.mgmt")
        flows = int(re.search(r"flow_count=(\d+)", text)[1])
        logical = len(self._rows("Logical_Flow", [], ["_uuid"], deadline))
        megaflows = self._appctl("dpctl/dump-flows").count("actions:")
        for name in ("nb", "sb"):
            run("ovs-appctl", "-t", f"{self.directory}/{name}.ctl",
                "ovsdb-server/compact")
        size = sum((self.directory / f"{name}.db").stat().st_size
                   for name in ("nb", "sb"))
        return {"objects": (flows, "objects"),
                "logical_flows": (logical, "flows"),
                "flow_entries": (megaflows, "entries"),
                "kernel_bytes": (kernel_bytes() - self.kernel_bytes, "bytes"),
                "database_bytes": (size, "bytes")}

    def daemons(self):
        """On the hypervisor, and beside it."""
        here = ("controller", "vswitchd", "conf")
        return ([self.up[name] for name in here],
                [self.up[name] for name in self.up if name not in here])

    def stop(self):
        if self.nbctl:
            self.nbctl.close()
            run("ovn-appctl", "-t", os.environ.pop("OVN_NB_DAEMON"), "exit")
        for name in list(self.up):
            self._end(name, signal.SIGKILL)
        self.machine.down()
