#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Many agents and one database, on this machine itself: run starts it for the
scenarios "fan-out" and "agent-start"; see there.

The agents have no kernel (--dataplane none): what is measured is how a change
gets to all who must know it, and what it costs an agent to begin, with the
processors of this machine shared by all of them and the server.
"""
import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tools" / "bench"), str(TOP / "selftests" / "lib")]

# pylint: disable=wrong-import-position
import report  # noqa: E402
from dragonflow import ask  # noqa: E402
from machine import Daemon, Deadline, Failure, mac_of, run  # noqa: E402
import dfetcd  # noqa: E402
import dfredis  # noqa: E402
from dfzk import Server  # noqa: E402

ELSEWHERE = "elsewhere"
PACED, PAUSE_MS = 40, 50            # changes that are told apart, ...
PAUSE_EACH_MS = 2                   # ... and longer if many must hear of each
BATCH = 25                          # agents that start at once
WRITERS, STORM = 4, 500             # and as many as there may be
LOG_LINE = re.compile(r"^(\S+)Z debug: port (\S+) is known$", re.M)


def network_id(n):
    return f"{n:08x}-0000-4000-8000-0000000000ff"


def quantile(values, share):
    """By nearest rank: one of the values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class Sqlite:
    """A file."""

    def __init__(self, directory):
        self.uri = f"sqlite://{directory}/nb.db"

    def stop(self):
        """Nothing runs."""

    def reads(self):
        """Nobody counts them."""


class Zookeeper:
    """One server."""

    def __init__(self, directory):
        self.server = Server(directory / "zookeeper", tick=2000,
                             java=("-Xmx2g",)).start().wait()
        self.uri = f"zookeeper://127.0.0.1:{self.server.port}/bench?session=10000"

    def stop(self):
        self.server.kill()

    def reads(self):
        """Requests so far, of whatever kind."""
        return self.server.number("zk_packets_received")


class Etcd:
    """One server."""

    def __init__(self, directory):
        self.server = dfetcd.Server(directory / "etcd").start().wait()
        self.uri = f"etcd://127.0.0.1:{self.server.port}/bench"

    def stop(self):
        self.server.kill()

    def reads(self):
        """What it answered from its keys so far."""
        return self.server.metric("etcd_debugging_mvcc_range_total")


class Redis:
    """One server; it writes to the disk, and does not wait for it."""

    def __init__(self, directory):
        self.server = dfredis.Server(directory / "redis").start().wait()
        self.uri = f"redis://127.0.0.1:{self.server.port}/bench"

    def stop(self):
        self.server.kill()

    def reads(self):
        """Commands so far, of whatever kind."""
        said = self.server.ask("INFO", "stats")
        return int(re.search(r"total_commands_processed:(\d+)", said)[1])


DRIVERS = {"sqlite": Sqlite, "zookeeper": Zookeeper, "etcd": Etcd,
           "redis": Redis}


class Agent:
    """One without a kernel."""

    def __init__(self, directory, uri, name, level="info"):
        self.socket = directory / f"{name}.sock"
        self.log = directory / f"{name}.log"
        self.begin = time.monotonic()
        self.daemon = Daemon(
            self.log, "dragonflowd", "--config=/dev/null", "--dataplane=none",
            f"--database={uri}", f"--chassis={name}", f"--log-level={level}",
            f"--run-dir={directory}",
            f"--state-dir={directory}", "--encap=vxlan:127.0.0.1")

    def is_in_step(self):
        status = ask(self.socket, "status")
        return status and not status["pending"] and not status["problems"]

    def known(self):
        """When it heard of which port, milliseconds by id."""
        text = self.log.read_text(encoding="utf-8")
        return {name: 1000 * datetime.datetime.fromisoformat(
            stamp + "+00:00").timestamp()
                for stamp, name in LOG_LINE.findall(text)}


class Bench:
    """One driver."""

    def __init__(self, args):
        self.args = args
        self.results = report.load(args.output) if \
            pathlib.Path(args.output).exists() else []
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dffanout-"))
        self.database = None

    def say(self, text):
        print(f"{time.monotonic() - self.args.begin:6.0f} s  {text}",
              flush=True)

    def add(self, scenario, metric, unit, runs, value=None):
        entry = report.result(scenario, "dragonflow", metric, unit, runs, value)
        self.results.append(entry)
        report.save(self.args.output, self.results)
        self.say(f"{scenario}: {metric} {report.number(entry['value'])} {unit}")

    @contextlib.contextmanager
    def new_database(self, name):
        """One that has nothing; the directory of its own."""
        directory = self.directory / name
        directory.mkdir()
        self.database = DRIVERS[self.args.driver](directory)
        try:
            yield directory
        finally:
            self.database.stop()

    def apply(self, directory, objects):
        path = directory / "objects.json"
        path.write_text(json.dumps(objects), encoding="ascii")
        run("dfctl", "--database", self.database.uri, "--timeout", "600",
            "apply", str(path), deadline=Deadline(self.args.limit))
        path.unlink()

    def change(self, first, count, pause):
        return subprocess.Popen(
            [self.args.build + "/bench/change", self.database.uri,
             network_id(0), ELSEWHERE, str(first), str(count), str(pause)],
            stdout=subprocess.PIPE, text=True)

    # --- fan-out ------------------------------------------------------------

    def fan_out(self, count):
        """From the begin of a commit until each of so many agents knows it."""
        scenario = f"fan-out-{self.args.driver}-{count}"
        with self.new_database(scenario) as directory:
            self.apply(directory, [{"model": "network", "id": network_id(0)}] + [
                {"model": "port", "network_id": network_id(0),
                 "mac_address": mac_of(n), "binding_host": f"sim-{n}"}
                for n in range(count)])
            agents = []
            try:
                self._start(scenario, agents, count, directory)
                self._followed(scenario, agents)
            finally:
                for agent in agents:
                    agent.daemon.process.kill()
                for agent in agents:
                    agent.daemon.end()

    def _start(self, scenario, agents, count, directory):
        """Not all at once: they share the processors of one machine."""
        begin, deadline = time.monotonic(), Deadline(self.args.limit)
        for n in range(count):
            agents.append(Agent(directory, self.database.uri, f"sim-{n}", "debug"))
            if len(agents) % BATCH and len(agents) < count:
                continue
            for agent in agents[-BATCH:]:
                deadline.wait_for(agent.is_in_step)
            if len(agents) % (4 * BATCH) == 0:
                self.say(f"{scenario}: {len(agents)} agents are in step")
        self.add(scenario, "start_s", "s", [time.monotonic() - begin])

    def _followed(self, scenario, agents):
        deadline = Deadline(self.args.limit)
        self._paced(scenario, agents, deadline)
        self._storm(scenario, agents, deadline)
        self.add(scenario, "agent_pss_bytes", "bytes", [statistics.median(
            agent.daemon.memory()[1] for agent in agents)])

    def _known_by_all(self, names, agents, deadline):
        """When whom of each of these ports became known to; waits for it."""
        found = []
        for agent in agents:
            deadline.wait_for(lambda agent=agent: names <= set(agent.known()),
                              0.5)
            found.append(agent.known())
        return found

    def _paced(self, scenario, agents, deadline):
        before = self.database.reads()
        begins = {}
        pause = max(PAUSE_MS, PAUSE_EACH_MS * len(agents))
        output, _ = self.change(0, PACED, pause).communicate()
        for line in output.splitlines():
            name, start, _ = line.split()
            begins[name] = float(start)
        if len(begins) != PACED:
            raise Failure("not every change was committed")
        known = self._known_by_all(set(begins), agents, deadline)
        every = [[one[name] - start for one in known]
                 for name, start in begins.items()]
        one = [statistics.median(times) for times in every]
        last = [max(times) for times in every]
        self.add(scenario, "p50_ms", "ms", one, quantile(one, 0.5))
        self.add(scenario, "last_p50_ms", "ms", last, quantile(last, 0.5))
        self.add(scenario, "last_p99_ms", "ms", last, quantile(last, 0.99))
        if before is not None:
            self.add(scenario, "requests_per_change", "requests",
                     [(self.database.reads() - before) / PACED])

    def _storm(self, scenario, agents, deadline):
        """As fast as they can be written, until all know the last one."""
        writers = [self.change(1000 + STORM * n, STORM // WRITERS, 0)
                   for n in range(WRITERS)]
        lines = [line.split() for writer in writers
                 for line in writer.communicate()[0].splitlines()]
        if len(lines) != STORM:
            raise Failure("not every change was committed")
        names = {line[0] for line in lines}
        begin = min(float(line[1]) for line in lines)
        committed = max(float(line[2]) for line in lines)
        known = self._known_by_all(names, agents, deadline)
        end = max(max(one[name] for name in names) for one in known)
        self.add(scenario, "commits_per_s", "1/s",
                 [1000 * STORM / (committed - begin)])
        self.add(scenario, "changes_per_s", "1/s",
                 [1000 * STORM / (end - begin)])

    # --- start --------------------------------------------------------------

    def agent_start(self, ports, networks, local):
        """Of an agent that has ports in so many of the networks, all ports
        shared out among them."""
        scenario = f"agent-start-{self.args.driver}-{networks}-networks-{ports}"
        seconds, memory = [], []
        with self.new_database(scenario) as directory:
            self.apply(directory, [
                {"model": "network", "id": network_id(n)}
                for n in range(networks)] + [
                {"model": "port", "network_id": network_id(n % networks),
                 "mac_address": mac_of(n),
                 "binding_host": "here" if n < local else ELSEWHERE}
                for n in range(ports)])
            self.say(f"{scenario}: the database is filled")
            for _ in range(2):
                agent = Agent(directory, self.database.uri, "here")
                try:
                    Deadline(self.args.limit).wait_for(agent.is_in_step)
                    seconds.append(time.monotonic() - agent.begin)
                    memory.append(agent.daemon.memory()[1])
                finally:
                    agent.daemon.end()
        self.add(scenario, "seconds", "s", seconds)
        self.add(scenario, "agent_pss_bytes", "bytes", memory)


def numbers(text):
    return [int(word) for word in text.split()]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--output", required=True, help="the file of results")
    parser.add_argument("--driver", choices=DRIVERS, default="zookeeper")
    parser.add_argument("--agents", type=numbers, default=[])
    parser.add_argument("--ports", type=numbers, default=[])
    parser.add_argument("--limit", type=int, default=240, help="seconds")
    return parser.parse_args()


def main():
    args = arguments()
    args.begin = time.monotonic()
    os.environ["DRAGONFLOW_DRIVER_DIR"] = args.build + "/lib/dragonflow"
    bench = Bench(args)
    try:
        for count in args.agents:
            bench.fan_out(count)
        for ports in args.ports:
            bench.agent_start(ports, 1, 1)
            bench.agent_start(ports, 1000, 10)
    except Failure as error:
        print(f"FAILED: {error}")
        sys.exit(1)
    finally:
        shutil.rmtree(bench.directory)


if __name__ == "__main__":
    main()
