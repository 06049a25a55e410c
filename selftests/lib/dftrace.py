# SPDX-License-Identifier: GPL-2.0
"""Traces beside what they say: a packet is traced, which must change nothing,
and then it is sent, and must fare as the trace said.
"""
import pathlib
import sys

from dfct import Conntrack
from dfnl import NLM_F_ACK, NLM_F_DUMP
from dftest import sysctl

NET = pathlib.Path(__file__).resolve().parents[1] / "net"
sys.path.insert(0, str(NET))    # whose worlds and models others use as well

# what is never the same
CHANGING = ("age-ms", "idle-ms")


class Tracer:
    """Traces on one hypervisor; remembers what was reached."""

    def __init__(self, t, hv):
        self.t, self.hv = t, hv
        self.reasons = set()
        self.conntrack = Conntrack(hv.name)
        t.defer(self.conntrack.close)
        # neither entries nor connections are to go by themselves
        hv.df.do("datapath-set", {"flow-idle-ms": 3600000})
        for name in ("udp_timeout", "udp_timeout_stream", "icmp_timeout", "icmpv6_timeout"):
            sysctl(hv.name, f"netfilter/nf_conntrack_{name}", "3600")

    def trace(self, port, frame, **more):
        """The answer, with its steps."""
        found = self.hv.df.do("trace", {
            "port": port, "frame": frame,
            **{key.replace("_", "-"): more[key] for key in more}})
        found.setdefault("step", [])
        self.reasons |= {step["reason"] for step in found["step"]
                         if "reason" in step}
        return found

    def dump(self, name, attrs=None, flags=NLM_F_DUMP):
        """The replies as they come: to decode them all takes its time."""
        df = self.hv.df
        request, group = df.request(name, attrs or {}, flags)
        return df.transact(request, group, want_dump=flags == NLM_F_DUMP)

    def state(self):
        """All that a trace might change."""
        return {
            "ports": self.dump("port-get"),
            "rules": self.dump("security-group-rule-get"),
            "flows": [{k: v for k, v in flow.items() if k not in CHANGING}
                      for flow in self.hv.df.dump("flow-get")],
            "connections": self.conntrack.connections(),
            "datapath": self.dump("datapath-get", flags=NLM_F_ACK)}

    def quietly(self, port, frame, **more):
        """A trace, before and after which everything is the same."""
        before = self.state()
        found = self.trace(port, frame, **more)
        after = self.state()
        self.t.check("what a trace has changed", {
            key: [after[key], before[key]] for key in before
            if after[key] != before[key]}, {})
        return found

    def sent(self, what, port, wires, frame, found=None):
        """Send from a port what was traced, and compare. wires are those of
        the hypervisor by port; the answer is the trace's."""
        t, hv = self.t, self.hv
        found = found or self.quietly(port, frame)
        for wire in wires.values():
            t.check(f"{what}: nothing sent by a trace", wire.pending(), [])
        drops = hv.drops(port)
        answers = hv.counter(port, "answers")
        wires[port].send(frame)
        verdict = found["verdict"]
        got = {}

        def settled():
            for n, wire in wires.items():
                got.setdefault(n, []).extend(wire.pending())
            return [verdict == "drop" and self.lost(port, drops),
                    verdict == "send" and sorted(
                        n for n, frames in got.items() if frames and
                        n != port),
                    verdict == "answer" and
                    hv.counter(port, "answers") > answers or
                    len(got[port]) > 0]
        want = [verdict == "drop" and {found.get("reason"): 1},
                verdict == "send" and sorted(
                    step["port"] for step in found["step"]
                    if step["stage"] == "send" and step["verdict"] == "send"
                    and step["action"] == "output"),
                any(step["stage"] == "answer" and
                    step["verdict"] != "drop" for step in found["step"])]
        t.wait(f"{what}: {found}", settled, want)
        if verdict == "send":
            # a walk cuts padding off, an entry leaves it
            t.check(f"{what}: as it leaves", {
                data.rstrip(b"\0") for n, frames in got.items()
                for data in frames if n != port} - {
                    bytes.fromhex(found["frame"]).rstrip(b"\0")}, set())
        return found

    def lost(self, port, before):
        """What has been dropped since, by reason."""
        return {reason: count - before.get(reason, 0) for reason, count
                in self.hv.drops(port).items()
                if count != before.get(reason, 0)}


def steps(found, stage):
    """The steps of one stage."""
    return [step for step in found["step"] if step["stage"] == stage]
