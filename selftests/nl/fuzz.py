#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=120
"""Requests at random, made up from the spec: right, wrong, odd, and together.

FUZZ_SECONDS: how long each case goes on (a few); FUZZ_SEED: what the output of
an earlier run says, to have the same again (of several processes at once, each
does the same again, and they meet in other ways).
"""
import ctypes
import errno
import itertools
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffuzz import (  # noqa: E402 pylint: disable=wrong-import-position
    Enemy, TcEnemy, seconds, seed)
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL,
    NLM_F_REPLACE, NLM_F_REQUEST, nlas)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    WAIT_FACTOR, Background, Failure, main, poll)

DEFAULT = 4
MOST = 3000             # requests, for chance to find what is acceptable
PATIENCE = 30
NOBODY = 65534
CLONE_NEWNET = 0x40000000
DEVICES = ("d1", "d2")
libc = ctypes.CDLL(None, use_errno=True)


def world(t):
    hv = t.hypervisor()
    for dev in DEVICES:
        hv.ip("link", "add", dev, "type", "dummy")
        hv.tc.clsact(dev)
    return hv


def op_kind(op):
    """What an operation is about, and what it does to it."""
    kind, _, verb = op["name"].rpartition("-")
    return kind, verb


def known_payload(enemy, attrs):
    """What the kernel takes from the bytes of a request: the last of each."""
    return {kind: data for _, kind, data in nlas(attrs)}


def is_said(told, given):
    """As given; of a time, a later one may be known."""
    return told == given or (told and len(told) == len(given) == 8 and
                             told[::-1] > given[::-1])


def says(answer, given, is_nest):
    """A nest may say more: what was not given has a preset."""
    if not is_nest:
        return answer == given
    told = {kind: data for _, kind, data in nlas(answer)}
    return all(is_said(told.get(kind), data)
               for _, kind, data in nlas(given))


def reads_back(enemy, op, payload):
    """After NEW or SET, GET tells what was given; after DEL, nothing."""
    kind, verb = op_kind(op)
    get = enemy.spec.operations.get(f"{kind}-get")
    if not get or "do" not in get or verb not in ("new", "set", "del"):
        return None
    given = known_payload(enemy, payload)
    wanted = [attr.number for attr in enemy.maker.allowed(get)]
    key = [[number, given[number]] for number in wanted if number in given]
    refusal, replies = enemy.ask(get, enemy.maker.join(key))
    if verb == "del":
        return None if refusal and refusal.errno == errno.ENOENT else \
            f"GET after DEL: {refusal}, {replies}"
    if refusal or len(replies) != 1:
        return f"GET: {refusal}, {len(replies)} replies"
    told = list(nlas(replies[0]))
    nests = {attr.number for attr in enemy.maker.allowed(op)
             if attr.type == "nest"}
    for number, data in given.items():
        if not any(kind == number and says(answer, data, number in nests)
                   for _, kind, answer in told):
            return (f"attribute {number}: given {data.hex()}, told "
                    f"{[d.hex() for _, n, d in told if n == number]}")
    return None


def step_with_flags(enemy):
    """A whole message with flags that are not nonsense: op, payload, flags."""
    op = enemy.dice.choice(enemy.maker.operations)
    payload = enemy.payload(op)
    flags = NLM_F_REQUEST
    if "do" not in op or ("dump" in op and enemy.maker.chance(.3)):
        return op, payload, flags | NLM_F_DUMP
    flags |= enemy.dice.choice((0, NLM_F_ACK, NLM_F_ACK))
    flags |= enemy.dice.choice((0, 0, NLM_F_EXCL, NLM_F_CREATE, NLM_F_REPLACE))
    return op, payload, flags


class Alone:
    """Nobody else is here: what every request does can be told."""

    def __init__(self, t, number):
        self.t, self.hv = t, world(t)
        self.enemy = Enemy(number, self.hv.name)
        t.defer(self.enemy.close)
        self.tc = TcEnemy(self.enemy.maker, self.hv.name, DEVICES)
        t.defer(self.tc.close)
        self.attached = self.tc.state()
        self.before = self.known_at = None
        self.count = {"refused": 0, "accepted": 0, "odd": 0, "filter": 0}

    def require(self, holds, what):
        if not holds:
            raise Failure(f"request {sum(self.count.values())}: {what}")

    def begin(self):
        """Know how things are, if something was sent since that was known."""
        if self.known_at != self.enemy.seq:
            self.before = self.enemy.state()
            self.known_at = self.enemy.seq

    def unchanged(self, what):
        after = self.enemy.state()
        self.require(after == self.before, f"changed something: {what}")
        self.known_at = self.enemy.seq

    def request(self):
        enemy = self.enemy
        op, payload, flags = step_with_flags(enemy)
        self.begin()
        refusal, _ = enemy.ask(op, payload, flags)
        what = f"{op['name']} {payload.hex()} flags {flags:#x}: {refusal}"
        changes = op_kind(op)[1] not in ("get", "trace")
        self.count["refused" if refusal else "accepted"] += 1
        if refusal or not changes:
            self.unchanged(what)
            return
        problem = reads_back(enemy, op, payload)
        self.require(not problem, f"{what}: {problem}")

    def odd(self):
        self.count["odd"] += 1
        op = self.enemy.dice.choice(self.enemy.maker.operations)
        self.enemy.exchange(self.enemy.odd_message(
            op, self.enemy.payload(op)))

    def filter(self):
        self.count["filter"] += 1
        self.begin()
        what, refusal = self.tc.attempt()
        attached = self.tc.state()
        if refusal:
            self.unchanged(f"{what}: {refusal}")
            self.require(attached == self.attached, f"attached: {what}")
        else:
            self.known_at = None
        self.attached = attached


    def has_met_all(self):
        """Are there enough requests of each kind to say anything?"""
        return (min(self.count["accepted"], self.count["refused"]) > 20 and
                all(op["name"] in self.enemy.good
                    for op in self.enemy.maker.operations
                    if op_kind(op)[1] in ("new", "set")))


def what_is_refused_changes_nothing_and_the_rest_reads_back(t):
    alone = Alone(t, seed(t.log))
    alone.enemy.learn(time.monotonic() + PATIENCE * WAIT_FACTOR)
    end = time.monotonic() + seconds(DEFAULT)
    while time.monotonic() < end or not (
            alone.has_met_all() or sum(alone.count.values()) > MOST):
        alone.enemy.dice.choices((alone.request, alone.odd, alone.filter),
                                 (14, 3, 1))[0]()
    t.log(alone.count)
    t.check("some were accepted", alone.count["accepted"] > 20)
    t.check("some were refused", alone.count["refused"] > 20)
    for op in alone.enemy.maker.operations:
        if op_kind(op)[1] in ("new", "set"):
            t.check(f"{op['name']} was accepted some time",
                    op["name"] in alone.enemy.good)
    ends_empty(t, alone.enemy)


def ends_empty(t, enemy):
    """Whatever is left can be deleted, and then nothing is left."""
    enemy.drain()
    t.check("what refuses to be deleted", enemy.delete_all(), [])
    left = {name: replies for name, replies in enemy.state().items()
            if replies and "dump" in enemy.spec.operations[name]}
    t.check("what is left", left, {})


def disturb(enemy):
    """One step of a process that does not care what comes of it."""
    chance = enemy.dice.random()
    op = enemy.dice.choice(enemy.maker.operations)
    if chance < .1:
        enemy.abandon_dump()
        if chance < .05:
            enemy.reopen()
    elif chance < .2:
        enemy.exchange(enemy.odd_message(op, enemy.payload(op)))
    elif chance < .6:
        enemy.ask(*step_with_flags(enemy))
    else:
        enemy.sensible(op)


def until(end, function):
    """Call this again and again; SIGALRM ends a process that hangs."""
    signal.alarm(int(end - time.monotonic()) + PATIENCE * WAIT_FACTOR)
    while time.monotonic() < end:
        function()


def writer(netns, number, end, watches):
    enemy = Enemy(number, netns)
    if watches:     # and hardly reads what it is told
        enemy.subscribe()
    until(end, lambda: disturb(enemy))


def filters(netns, number, end):
    enemy = Enemy(number, netns)
    tc = TcEnemy(enemy.maker, netns, DEVICES)
    until(end, tc.attempt)


def user(netns, number, end):
    """Has no privilege: no such request is ever accepted. The status says."""
    enemy = Enemy(number, netns)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    accepted = []

    def step():
        op, payload, flags = step_with_flags(enemy)
        refusal, _ = enemy.ask(op, payload, flags | NLM_F_ACK)
        if "uns-admin-perm" in op.get("flags", ()) and not refusal:
            accepted.append(op["name"])
    until(end, step)
    print(f"# accepted of a user: {accepted}" if accepted else "", end="")
    return bool(accepted)


def namespaces(number, end):
    """Namespaces come, are programmed and go, some in the middle of a dump."""
    held, numbers = [], itertools.count(number)

    def step():
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        enemy = Enemy(next(numbers))
        for _ in range(20):
            disturb(enemy)
        enemy.abandon_dump()
        held.append(enemy)      # its socket keeps the namespace
        if len(held) > 3:
            held.pop(0).close()
    until(end, step)


def all_at_once_leave_a_state_that_can_be_emptied(t):
    hv, number = world(t), seed(t.log)
    end = time.monotonic() + seconds(DEFAULT)
    processes = {
        "writer": Background(t, writer, hv.name, number, end, False),
        "watcher": Background(t, writer, hv.name, number + 1, end, True),
        "user": Background(t, user, hv.name, number + 2, end),
        "filters": Background(t, filters, hv.name, number + 3, end),
        "namespaces": Background(t, namespaces, number + 4, end),
    }
    for name, process in processes.items():
        t.check(f"{name}: ends", process.wait(), 0)
    enemy = Enemy(number, hv.name)
    t.defer(enemy.close)
    found = hv.df.do("datapath-get")
    for kind in enemy.kinds():
        name = kind if kind in found else f"{kind}s"
        if name in found:
            t.check(f"number of {name}", found[name],
                    len(enemy.objects(kind)))
    ends_empty(t, enemy)


def references():
    with open("/sys/module/dragonflow/refcnt", encoding="ascii") as f:
        return int(f.read())


def nothing_holds_the_module_afterwards(t):
    t.check("the module is unused", poll(lambda: references() == 0, 20))


main(what_is_refused_changes_nothing_and_the_rest_reads_back,
     all_at_once_leave_a_state_that_can_be_emptied,
     nothing_holds_the_module_afterwards)
