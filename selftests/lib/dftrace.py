# SPDX-License-Identifier: GPL-2.0
"""Traces beside what they say: a packet is traced, which must change nothing,
and then it is sent, and must fare as the trace said.
"""
import pathlib
import sys

from dfnl import Conntrack

NET = pathlib.Path(__file__).resolve().parents[1] / "net"
sys.path.insert(0, str(NET))    # whose worlds and models others use as well

# what is never the same
CHANGING = ("age-ms", "idle-ms")


class Tracer:
    """Traces on one hypervisor; remembers what was reached."""

    def __init__(self, t, hv):
        self.t, self.hv = t, hv
        self.stages, self.reasons = set(), set()

    def trace(self, port, frame, **more):
        """The answer, with its steps."""
        found = self.hv.df.do("trace", {
            "port": port, "frame": frame,
            **{key.replace("_", "-"): more[key] for key in more}})
        found.setdefault("step", [])
        self.stages |= {step["stage"] for step in found["step"]}
        self.reasons |= {step["reason"] for step in found["step"]
                         if "reason" in step}
        return found

    def state(self):
        """All that a trace might change."""
        df, conntrack = self.hv.df, Conntrack(self.hv.name)
        try:
            return {
                "ports": df.dump("port-get"),
                "rules": df.dump("security-group-rule-get"),
                "flows": [{k: v for k, v in flow.items()
                           if k not in CHANGING} for flow in
                          df.dump("flow-get")],
                "connections": conntrack.connections(),
                "datapath": df.do("datapath-get")}
        finally:
            conntrack.close()

    def quietly(self, port, frame, **more):
        """A trace, before and after which everything is the same."""
        before = self.state()
        found = self.trace(port, frame, **more)
        after = self.state()
        for key, value in before.items():
            self.t.check(f"{key} after a trace", after[key], value)
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
            t.check(f"{what}: as it leaves", {
                data for n, frames in got.items() for data in frames
                if n != port} - {bytes.fromhex(found["frame"])}, set())
        return found

    def lost(self, port, before):
        """What has been dropped since, by reason."""
        return {reason: count - before.get(reason, 0) for reason, count
                in self.hv.drops(port).items()
                if count != before.get(reason, 0)}


def steps(found, stage):
    """The steps of one stage."""
    return [step for step in found["step"] if step["stage"] == stage]
