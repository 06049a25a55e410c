# SPDX-License-Identifier: GPL-2.0
"""What is tested in the same way of every database that has servers: a server
for all cases that do not break it, and those cases.
"""
import atexit
import pathlib
import re
import signal
import subprocess
import threading
import time

from dfdb import BUILD, MAC, Agent, Helper, Proxy, dfctl, is_each_once, refuses


class Bed:
    """One server, and a root of its own for each case."""

    def __init__(self, scheme, make, is_made, options="timeout=5000", lost="not kept"):
        """make() gives a server that is not started; is_made(server) says if
        there is a database in the root "cloud"; lost is why a lease is."""
        self.scheme, self.make, self.is_made = scheme, make, is_made
        self.options, self.lost = options, lost
        self.server = None
        self.lock = threading.Lock()

    def get(self):
        with self.lock:
            if not self.server:
                self.server = self.make().start().wait()
                atexit.register(self.server.remove)
        return self.server

    def uri(self, root, options=""):
        return f"{self.scheme}://127.0.0.1:{self.get().port}/{root}?" \
            f"{options or self.options}"

    def holder(self, root):
        """For who has a lease of two seconds at most."""
        return self.uri(root)

    def through(self, proxy, uri):
        return uri.replace(str(self.get().port), str(proxy.port))

    def proxy(self, t):
        proxy = Proxy(self.get().port)
        t.defer(proxy.end)
        return proxy

    # cases

    def a_silent_server_is_given_up(self, t):
        proxy = self.proxy(t)
        proxy.cut()
        for argv in (("network", "list"), ("network", "create", "name=x")):
            begin = time.monotonic()
            said = refuses(t, f"{self.scheme}://127.0.0.1:{proxy.port}/silent"
                           "?timeout=1000", f"127.0.0.1:{proxy.port}/silent",
                           *argv)
            t.check(f"why: {said}", "for 1000 ms" in said)
            t.check("within its time", time.monotonic() - begin < 5)

    def waiting_for_servers_costs_no_processor(self, t):
        helper = Helper(t, f"{self.scheme}://127.0.0.1:1,127.0.0.1:2/x",
                        "follow", "topic")
        time.sleep(2)
        fields = pathlib.Path(f"/proc/{helper.process.pid}/stat").read_text(
            encoding="ascii").rsplit(") ", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        t.log(f"{ticks} ticks in 2 s")
        t.check("it sleeps", ticks <= 20)

    def a_short_cut_ends_no_lease(self, t):
        proxy = self.proxy(t)
        direct = self.uri("short-cut")
        far = self.through(proxy, self.uri("short-cut",
                                           "timeout=5000&failover=300"))
        near = Helper(t, direct, "follow", "leases")
        near.wait_for(t, "synced")
        lease = Helper(t, far, "lease", "key", "leases")
        lease.wait_for(t, "ready")
        follower = Helper(t, far, "follow", "topic")
        follower.wait_for(t, "synced")
        scribbler = Helper(t, direct, "scribble", "topic", "600")
        for _ in range(3):
            proxy.cut()
            time.sleep(0.25)
            proxy.mend()
            time.sleep(0.6)
        t.check("the writer succeeded", scribbler.wait(), 0)
        is_each_once(t, follower, 600)
        t.check("the lease is held", lease.said(), ["ready"])
        t.check("and its entry there",
                [line.split()[0] for line in near.said()], ["synced", "put"])

    def a_long_cut_ends_leases_and_loses_no_change(self, t):
        proxy = self.proxy(t)
        direct = self.uri("long-cut")
        far = self.through(proxy, self.holder("long-cut"))
        near = Helper(t, direct, "follow", "leases")
        near.wait_for(t, "synced")
        lease = Helper(t, far, "lease", "key", "leases")
        lease.wait_for(t, "ready")
        near.wait_for(t, "put key")
        follower = Helper(t, far, "follow", "topic")
        follower.wait_for(t, "synced")
        proxy.cut()
        begin = time.monotonic()
        scribbler = Helper(t, direct, "scribble", "topic", "300")
        near.wait_for(t, "delete key")
        t.log(f"the entry went {time.monotonic() - begin:.2f} s after the cut")
        t.check("within the lease's time", time.monotonic() - begin < 2.0)
        t.check("the writer succeeded", scribbler.wait(), 0)
        self.outlast()
        t.check("nothing came through", follower.puts(), [])
        proxy.mend()
        lease.wait_for(t, "lost: ")
        t.check("why", self.lost in lease.said()[-1])
        is_each_once(t, follower, 300)

    def outlast(self):
        """Whatever else the server gives up after a cut, it has by now."""

    def a_stopped_client_learns_that_its_lease_is_gone(self, t):
        near = Helper(t, self.uri("stopped"), "follow", "leases")
        near.wait_for(t, "synced")
        lease = Helper(t, self.holder("stopped"), "lease", "key", "leases")
        lease.wait_for(t, "ready")
        near.wait_for(t, "put key")
        lease.process.send_signal(signal.SIGSTOP)
        near.wait_for(t, "delete key")
        lease.process.send_signal(signal.SIGCONT)
        lease.wait_for(t, "lost: ")

    def dfctl_works_on_it(self, t):
        uri = self.uri("cloud")
        monitor = subprocess.Popen(
            [BUILD / "bin/dfctl", "-d", uri, "--timeout", "60", "monitor",
             "-n", "4"], stdout=subprocess.PIPE, text=True)
        t.defer(monitor.kill)
        t.wait("it looks", lambda: self.is_made(self.get()))
        time.sleep(0.3)
        for argv in (("network", "create", "name=blue"),
                     ("subnet", "create", "network_id=blue",
                      "cidr=10.1.0.0/24"),
                     ("port", "create", "network_id=blue", "name=p1", MAC)):
            status, said = dfctl(uri, *argv)
            t.check(f"{' '.join(argv)}: {said}", status, 0)
        refuses(t, uri, "02:00:00:00:00:01", "port", "create",
                "network_id=blue", MAC)
        refuses(t, uri, "is used by", "network", "delete", "blue")
        t.check("deleted", dfctl(uri, "port", "delete", "p1")[0], 0)
        lines = monitor.communicate(timeout=30)[0].splitlines()
        t.check("it saw each", [re.sub(r"^\S+ +(.) *(\w+).*", r"\1\2", line)
                                for line in lines],
                ["+network", "+subnet", "+port", "-port"])
        status, said = dfctl(uri, "network", "list")
        t.check(f"listed: {said}", not status and "blue" in said)

    def agents_follow_what_concerns_them(self, t):
        uri = self.uri("agents")
        agents = [Agent(t, self.registered("agents"), f"hv{n}") for n in (1, 2)]
        for n, agent in enumerate(agents, 1):
            t.wait(f"hv{n} reads", agent.topics, {"global", f"chassis/hv{n}"},
                   10)
        networks = [f"0000000{n}-0000-4000-8000-0000000000ff" for n in (1, 2)]
        for n, network in enumerate(networks, 1):
            t.check("network", dfctl(uri, "network", "create",
                                     f"id={network}")[0], 0)
            t.check("port", dfctl(uri, "port", "create",
                                  f"network_id={network}", MAC,
                                  f"binding_host=hv{n}")[0], 0)
        for n, agent in enumerate(agents, 1):
            t.wait(f"hv{n} follows its network only", agent.topics,
                   {"global", f"chassis/hv{n}", f"network/{networks[n - 1]}"})
        said = dfctl(uri, "agent", "list")[1]
        t.check("both are registered", "hv1" in said and "hv2" in said)
        agents[0].kill()
        t.wait("the dead one is not any more",
               lambda: "hv1" in dfctl(uri, "agent", "list")[1], False, 15)
        t.check("the other one is", "hv2" in dfctl(uri, "agent", "list")[1])

    def registered(self, root):
        """For agents, whose leases have ten seconds."""
        return self.uri(root)
