#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=400
"""Every allocation of every request fails in turn.

Two namespaces are given the same requests, which are made up from the spec. In
one there is always memory: it tells what the request does. In the other its
first allocation fails, then its second, and so on until none does: each time
the request must be refused for want of memory and have changed nothing, or have
done the same.

FUZZ_SECONDS, FUZZ_SEED: as for nl/fuzz.py.
"""
import collections
import ctypes
import errno
import os
import pathlib
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffault import Faults  # noqa: E402 pylint: disable=wrong-import-position
from dffuzz import (  # noqa: E402 pylint: disable=wrong-import-position
    Enemy, seconds, seed)
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_ERROR)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    Failure, main, poll, run)

DEFAULT = 5
TIMES = 2           # each operation is accepted so often, at least
PATIENCE = 90
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)
STRIDE = 8          # of the search for an allocation that counts
BELOW, ABOVE = 48, 32   # allocations around it
SYS_FINIT_MODULE = 313
libc = ctypes.CDLL(None, use_errno=True)


def outcome(enemy, data):
    """Send, and say what comes back first: an errno, 0, or None for silence
    or for an answer. Nothing is decoded: this must allocate little by itself.
    """
    enemy.sock.send(data)
    first = None
    while True:
        try:
            answer = enemy.sock.recv(1 << 16, 0x40)
        except BlockingIOError:
            return first
        if first is None and \
                struct.unpack_from("H", answer, 4)[0] == NLMSG_ERROR:
            first = -struct.unpack_from("i", answer, 16)[0]


class Twins:
    """The namespace that has memory, and the one that has not."""

    def __init__(self, t, number):
        self.t, self.faults = t, Faults(t)
        self.rich = Enemy(number, t.hypervisor("rich").name)
        self.poor = Enemy(number, t.hypervisor("poor").name)
        self.watch = Enemy(number, self.poor.netns)
        self.watch.subscribe()      # so that there is somebody to tell
        for client in (self.rich, self.poor, self.watch):
            t.defer(client.close)
        self.accepted = collections.Counter()
        self.failed = 0

    def request(self, op, payload, flags):
        """The same to both, until nothing of it fails any more."""
        refusal, _ = self.rich.ask(op, payload, flags)
        if refusal and self.rich.maker.chance(.8):
            return      # what does something is worth more of the time
        before, after = self.poor.state(), self.rich.state()
        data = self.poor.raw(self.poor.family, struct.pack(
            "BBH", op["number"], 1, 0) + payload, flags)
        what = f"{op['name']} {payload.hex()} flags {flags:#x}: {refusal}"
        nth, failed = 0, True
        is_lasting = self.accepted[op["name"]] % 2 == 1
        while failed:
            nth += 1
            failed, result = self.faults.call(
                nth, lambda: outcome(self.poor, data), is_lasting)
            self.failed += failed
            if self.judge(f"{what}, allocation {nth}", refusal, result,
                          before, after) and failed:
                break       # it is done, and would be done again
        self.require(self.poor.state() == after, f"{what}: does not the same")
        self.watch.drain()
        self.accepted[op["name"]] += refusal is None

    def judge(self, what, refusal, result, before, after):
        """Is what came of one attempt right? Whether it has done its work."""
        now = self.poor.state()
        self.require(now in (before, after), f"{what}: half done")
        if isinstance(result, OSError):     # of send() or recv()
            self.require(result.errno in NO_MEMORY, f"{what}: {result}")
        elif result:
            allowed = NO_MEMORY + ((refusal.errno,) if refusal else ())
            self.require(result in allowed,
                         f"{what}: {errno.errorcode.get(result, result)}")
            self.require(now == before, f"{what}: refused, and done")
        elif result == 0:
            self.require(not refusal and now == after, f"{what}: acknowledged")
        return before != after and now == after

    def require(self, holds, what):
        if not holds:
            raise Failure(what)


def modes(op):
    """The flags with which an operation can be asked for."""
    if "do" in op:
        yield NLM_F_REQUEST | NLM_F_ACK
    if "dump" in op:
        yield NLM_F_REQUEST | NLM_F_DUMP


def choose(maker, twins, least):
    """What was never accepted, or else seldom: that costs little to try. DELs
    have their turn at the end."""
    among = [op for op in maker.operations
             if not op["name"].endswith("-del")]
    never = [op for op in among
             if op["name"] in least and not twins.accepted[op["name"]]]
    if never and maker.chance(.8):
        return maker.dice.choice(never)
    return min(maker.dice.sample(among, 4),
               key=lambda op: twins.accepted[op["name"]])


def a_request_without_memory_is_refused_and_does_nothing(t):
    twins = Twins(t, seed(t.log))
    maker = twins.rich.maker
    # there is no device to send by, and lookups may have ended by then
    least = {op["name"] for op in maker.operations} - {
        "packet-execute", "lookup-del"}
    begin = time.monotonic()
    twins.rich.learn(begin + 2 * PATIENCE, lambda op: attributes(twins, op))
    t.log(f"learnt in {time.monotonic() - begin:.0f} s")
    begin = time.monotonic()
    while time.monotonic() < begin + seconds(DEFAULT) or (
            any(twins.accepted[name] < TIMES for name in least
                if not name.endswith("-del")) and
            time.monotonic() < begin + PATIENCE):
        op = choose(maker, twins, least)
        flags = maker.dice.choice(list(modes(op)))
        payload = b""
        if not flags & NLM_F_DUMP or "do" not in op:
            attrs = attributes(twins, op)
            if maker.chance(.5):
                attrs = twins.rich.renewed(op, attrs)
            payload = maker.join(attrs)
        twins.request(op, payload, flags)
    delete_all(twins)
    t.log(f"{twins.failed} allocations failed; accepted: "
          f"{dict(twins.accepted)}")
    t.check("operations that were never accepted",
            [name for name in least if not twins.accepted[name]], [])
    t.check("what refuses to be deleted", twins.poor.delete_all(), [])


def delete_all(twins):
    """All that is there, some of each kind without memory. What is in use goes
    when its users have gone."""
    rich, gone = twins.rich, True
    while gone:
        gone = False
        for kind in rich.kinds():
            op = rich.spec.operations[f"{kind}-del"]
            for key in rich.objects(kind):
                payload = rich.maker.join(key)
                if twins.accepted[op["name"]] < TIMES:
                    before = twins.accepted[op["name"]]
                    twins.request(op, payload, NLM_F_REQUEST | NLM_F_ACK)
                    gone |= twins.accepted[op["name"]] > before
                elif not rich.ask(op, payload)[0]:
                    twins.poor.ask(op, payload)
                    gone = True


def attributes(twins, op):
    """Attributes that the rich one's refusals have taught. What it accepted in
    the end, the poor one is asked for, too.
    """
    attrs = twins.rich.sensible(op)
    if twins.rich.lesson is not None:
        twins.poor.ask(op, twins.rich.lesson)
    return attrs


def filters_without_memory_are_refused(t):
    faults, hv = Faults(t), t.hypervisor()
    hv.network(1)
    hv.vif(1)
    hv.vif(2)
    hv.ip("link", "add", "d1", "type", "dummy")
    hv.tc.clsact("d1")
    for what, call, port in (
            ("attach", lambda: hv.tc.filter("d1", 1), 1),
            ("change", lambda: hv.tc.change("d1", 2), 2),
            ("detach", lambda: hv.tc.filter_del("d1"), None)):
        before, nth, failed = hv.tc.filters("d1"), 0, True
        after = [port] if port else []
        while failed:
            nth += 1
            failed, result = faults.call(nth, call)
            now = hv.tc.filters("d1")
            if isinstance(result, OSError):
                t.check(f"{what}, allocation {nth}: {result}",
                        result.errno in NO_MEMORY)
            t.check(f"{what}, allocation {nth}: done or not",
                    now == after or (isinstance(result, OSError)
                                     and now == before))
            t.check(f"{what}, allocation {nth}: ports have the device",
                    [n for n in (1, 2) if "ifindex" in hv.df.port(n)], now)
            if now == after:
                break
        t.log(f"{what}: {nth} allocations")
        # without memory to tell, it may be done and not acknowledged
        t.check(f"{what}: done", hv.tc.filters("d1"), after)


def references():
    with open("/sys/module/dragonflow/refcnt", encoding="ascii") as f:
        return int(f.read())


def is_unloaded():
    return subprocess.run(["rmmod", "dragonflow"], check=False,
                          capture_output=True).returncode == 0


def insert(fd):
    if libc.syscall(SYS_FINIT_MODULE, fd, b"", 0):
        raise OSError(ctypes.get_errno(), "finit_module")


def try_to_load(t, faults, fd, nth):
    """Whether it was refused, as it must be only for want of memory."""
    if os.path.exists("/sys/module/dragonflow"):
        t.require("it is unloaded", poll(is_unloaded, 10))
    failed, result = faults.call(nth, lambda: insert(fd))
    if not isinstance(result, OSError):
        return False
    t.check(f"allocation {nth}: {result}",
            failed and result.errno in NO_MEMORY)
    return True


def a_module_without_memory_is_not_loaded(t):
    """Every namespace that there is gets its part, in the same way as one that
    is made later. Behind our own allocations there are many of the kernel's,
    which tells that there is a new module, and does not mind if it cannot; and
    most of ours have a second way. So look for one that counts, and try each of
    those around.
    """
    faults = Faults(t)
    t.hypervisor("one")
    path = run("modinfo", "-n", "dragonflow").strip()
    t.defer(run, "modprobe", "dragonflow")
    fd = os.open(path, os.O_RDONLY)
    t.defer(os.close, fd)
    t.require("it is unused", poll(lambda: references() == 0, 20))
    t.require("it is unloaded", poll(is_unloaded, 10))
    count, _ = faults.count(lambda: insert(fd))
    last = count
    while last > 0 and not try_to_load(t, faults, fd, last):
        last -= STRIDE
    refused = [nth for nth in range(max(1, last - BELOW), last + ABOVE)
               if try_to_load(t, faults, fd, nth)]
    t.log(f"of {count} allocations, these refuse it: {refused}")
    t.check("some do", len(refused) > 0)


main(a_request_without_memory_is_refused_and_does_nothing,
     filters_without_memory_are_refused,
     a_module_without_memory_is_not_loaded)
