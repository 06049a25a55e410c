#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""Rules of security groups, whatever they are, are what packets meet.

Rules come and go at random, packets at random are sent, and a model of a few
lines says which arrive: between ports on one hypervisor, and on three.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dffuzz import seed  # noqa: E402 pylint: disable=wrong-import-position
from dfrules import (  # noqa: E402 pylint: disable=wrong-import-position
    RULES, Dice, Ruled)
from dftest import main  # noqa: E402 pylint: disable=wrong-import-position

ROUNDS, PACKETS = 12, 150


def rules_agree_with_a_model(flags, where, **place):
    def case(t):
        dice = Dice(seed(t.log))
        dice.tracked = not flags
        world = Ruled(t, dice, flags, **place)
        number, allowed = 0x5eed0000, 0
        for _ in range(ROUNDS):
            for _ in range(RULES // 2):
                world.change()
            numbered = {}
            for _ in range(PACKETS):
                number += 1
                numbered[number] = dice.packet()
            want = {n for n, packet in numbered.items()
                    if world.allowed(packet)}
            got = world.send(numbered)
            allowed += len(want)
            for n in got ^ want:
                t.check(f"{numbered.get(n, n)} is allowed by {world.rules} "
                        f"and {world.members}", n in got, n in want)
                return
        t.log(f"{allowed} of {ROUNDS * PACKETS} packets were allowed")
        t.check("some were", ROUNDS < allowed < ROUNDS * PACKETS - ROUNDS)
        drops = world.drops()
        t.check("others were not, and by either end", sorted(drops),
                ["policy-egress", "policy-ingress"])
        t.check("each for that", allowed + sum(drops.values()),
                ROUNDS * PACKETS)
    case.__name__ = "_".join((
        "stateless" if flags else "stateful",
        rules_agree_with_a_model.__name__, where))
    return case


main(*(rules_agree_with_a_model(flags, where, **place)
       for flags, where, place in (
           (["stateless"], "on_one_hypervisor", {}),
           ([], "on_one_hypervisor", {}),
           (["stateless"], "across_hypervisors", {"size": 3}),
           ([], "across_hypervisors", {
               "flavour": ("geneve", 6), "size": 3}))))
