#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=120
"""What an agent follows of a network that is not read whole: the ports that are
here, and those that were here or were looked for, until they are gone or out of
use. What packets have to do with it: selftests/agent/ondemand.sh.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfdb import Agent, dfctl  # noqa: E402 pylint: disable=wrong-import-position
from dftest import main  # noqa: E402 pylint: disable=wrong-import-position

AGE_S = 2
NETWORK = "00000000-0000-4000-8000-0000000000ff"
COMMON = {"global", "chassis/hv1", f"network/{NETWORK}"}


def port_id(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


def topic(number):
    return f"port/{port_id(number)}"


class Host:
    """hv1, and a database in a file."""

    def __init__(self, t):
        self.t, self.directory = t, pathlib.Path(t.directory())
        self.uri = f"sqlite://{self.directory}/nb.db"
        self.agent = None
        self.write("network", "create", f"id={NETWORK}", "on_demand=true")
        self.write("subnet", "create", f"network_id={NETWORK}",
                   "cidr=192.0.2.0/24")

    def write(self, *argv):
        status, said = dfctl(self.uri, *argv)
        self.t.require(f"dfctl {' '.join(argv)}: {said}", status, 0)

    def add_port(self, number, host, **fields):
        self.write("port", "create", f"id={port_id(number)}",
                   f"network_id={NETWORK}", f"fixed_ips=192.0.2.{number}",
                   f"binding_host={host}",
                   *[f"{key}={value}" for key, value in fields.items()])

    def set_port(self, number, **fields):
        self.write("port", "set", port_id(number),
                   *[f"{key}={value}" for key, value in fields.items()])

    def start(self, *options):
        self.agent = Agent(self.t, self.uri, "hv1", self.directory, *options)

    def start_in_step(self, *options):
        self.start(*options)
        self.t.wait("hv1 is in step",
                    lambda: self.agent.status().get("problems"), [], 30)

    def wait_follows(self, what, *numbers):
        """These ports, and no others."""
        self.t.wait(what, self.agent.topics,
                    COMMON | {topic(number) for number in numbers}, 10)

    def why(self, number):
        return [told["why"] for told in self.agent.status()["topics"]
                if told["topic"] == topic(number)]


def ports_here_are_followed(t):
    host = Host(t)
    host.add_port(1, "hv1")
    host.add_port(2, "hv2", binding_standby_host="hv1")
    for number in range(3, 13):
        host.add_port(number, "hv2")
    host.start_in_step()
    host.wait_follows("two of twelve", 1, 2)
    t.check("why", host.why(1) + host.why(2),
            ["the port is here", "the port is on standby here"])
    host.set_port(3, binding_host="hv1")
    host.wait_follows("one that comes", 1, 2, 3)
    host.write("port", "delete", port_id(3))
    host.wait_follows("and goes", 1, 2)


def a_port_that_leaves_is_as_if_looked_for(t):
    host = Host(t)
    host.add_port(1, "hv1")
    host.add_port(2, "hv1")
    host.start_in_step()
    host.set_port(1, binding_host="hv2")
    t.wait("it is followed for another reason",
           lambda: host.why(1)[0].split(",")[0], "looked for", 10)
    host.set_port(1, binding_standby_host="hv1")
    t.wait("and again", lambda: host.why(1), ["the port is on standby here"], 10)
    host.set_port(1, binding_host="hv1", binding_standby_host="hv2")
    t.wait("and is here", lambda: host.why(1), ["the port is here"], 10)
    host.set_port(1, binding_host="hv2", binding_standby_host="")
    t.wait("and elsewhere", lambda: host.why(1)[0].split(",")[0], "looked for", 10)
    host.write("port", "delete", port_id(1))
    host.wait_follows("until it is deleted", 2)


def nothing_is_left_of_a_network_that_is_not_needed(t):
    host = Host(t)
    host.add_port(1, "hv1")
    host.add_port(2, "hv1")
    host.start_in_step()
    host.set_port(1, binding_host="hv2")
    host.set_port(2, binding_host="hv2")
    t.wait("what is common is left", host.agent.topics,
           {"global", "chassis/hv1"}, 10)
    t.check("nothing is wished for", host.agent.status()["desired"], 0)


def an_agent_that_returns_goes_on_with_what_was_looked_for(t):
    host = Host(t)
    for number in (1, 2, 3):
        host.add_port(number, "hv1")
    host.start_in_step()
    host.set_port(1, binding_host="hv2")
    host.set_port(2, binding_host="hv2")
    host.wait_follows("all of them", 1, 2, 3)
    host.agent.kill()
    host.write("port", "delete", port_id(2))
    host.start_in_step()
    host.wait_follows("but for one that is gone meanwhile", 1, 3)
    t.check("it was looked for", host.why(1)[0].split(",")[0], "looked for")
    before = host.agent.status()["desired"]
    host.agent.kill()
    there, away = host.directory / "nb.db", host.directory / "away"
    there.rename(away)
    host.start()
    t.wait("without the database as well", lambda: (
        host.agent.status().get("cache", {}).get("in_use"),
        host.agent.status().get("desired")), (True, before), 20)
    t.check("for the same reason", host.why(1)[0].split(",")[0], "looked for")
    away.rename(there)
    host.wait_follows("and when it is back", 1, 3)
    host.agent.kill()
    host.set_port(3, binding_host="hv2")
    host.start_in_step()
    t.wait("but not in a network that is not needed any more",
           host.agent.topics, {"global", "chassis/hv1"}, 10)


def what_is_not_used_is_forgotten(t):
    host = Host(t)
    host.add_port(1, "hv1")
    host.add_port(2, "hv1")
    config = host.directory / "conf"
    config.write_text(f"on-demand-age = {AGE_S}\n", encoding="ascii")
    host.start_in_step(f"--config={config}")
    host.set_port(1, binding_host="hv2")
    t.wait("it is looked for", lambda: host.why(1)[0].split(",")[0],
           "looked for", 10)
    host.wait_follows("and then forgotten", 2)


main(ports_here_are_followed, a_port_that_leaves_is_as_if_looked_for,
     nothing_is_left_of_a_network_that_is_not_needed,
     an_agent_that_returns_goes_on_with_what_was_looked_for,
     what_is_not_used_is_forgotten, needs_module=False, at_once=3)
