#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""The Redis database: servers that die, stop or are full, masters that are
followed by another one, networks that are cut, and what is refused. What every
database must do: conformance_redis.py.
"""
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfbed import Bed  # noqa: E402 pylint: disable=wrong-import-position
from dfdb import (  # noqa: E402 pylint: disable=wrong-import-position
    Certificates, Helper, calm, dfctl, is_each_once, keys_of, memory, put,
    refuses, state_of, storm, value_of)
from dfredis import (  # noqa: E402 pylint: disable=wrong-import-position
    Failover, Server)
from dftest import main, poll  # noqa: E402 pylint: disable=wrong-import-position

NETWORK = "00000000-0000-4000-8000-0000000000ff"


BED = Bed("redis", lambda: Server(memory() / "r"),
          lambda server: server.ask("GET", "cloud:format") == "dragonflow 1")


def one(t, *options, **more):
    """A server that the case may break."""
    server = Server(memory() / "r", *options, **more)
    t.defer(server.remove)
    return server.start()


# What is refused


def bad_uris_are_refused(t):
    for uri, text in (
            ("redis://", "does not name servers"),
            ("redis://127.0.0.1:0/x", "does not name servers"),
            ("redis://127.0.0.1:6379,/x", "does not name servers"),
            ("redis://[::1/x", "does not name servers"),
            ("redis://:secret@127.0.0.1/x", "USER:PASSWORD"),
            ("redis://127.0.0.1/a?history=5", '"history=5"'),
            ("redis://127.0.0.1/a?timeout=never", '"timeout=never"'),
            ("redis://127.0.0.1/a?replicas=0", '"replicas=0"'),
            ("redis://127.0.0.1/a?sentinel=", '"sentinel="'),
            ("redis://127.0.0.1/a?ca=/nonexistent", "/nonexistent"),
            ("redis://127.0.0.1/a?ca=/etc/hostname", "redis://127.0.0.1/a"),
            ("redis://127.0.0.1/a?key=/etc/passwd", "cert="),
            ("redis://127.0.0.1/a?auth=/nonexistent", "/nonexistent")):
        said = refuses(t, uri, text)
        t.check("the password is not shown", "secret" in said, False)


def an_absent_server_is_named(t):
    begin = time.monotonic()
    said = refuses(t, "redis://127.0.0.1:1,127.0.0.1:2/x?timeout=1500",
                   "127.0.0.1:1,127.0.0.1:2")
    t.check(f"the reason is: {said}", "Connection refused" in said)
    said = refuses(t, "redis://no.such.name.invalid/x?timeout=1500",
                   "no.such.name.invalid")
    t.check("within its time", time.monotonic() - begin < 10)


def only_who_knows_the_password_gets_in(t):
    server = one(t, "requirepass r00t",
                 "user neutron on >s3cr/t ~cloud:* &cloud:* +@all -@admin "
                 "-@dangerous +role",
                 "user reader on >readme ~cloud:* &cloud:* +@read +auth +role "
                 "+ping +script +eval +evalsha +set").wait()

    def uri(path, who=""):
        return f"redis://{who}127.0.0.1:{server.port}/{path}?timeout=3000"

    owner = uri("cloud", "neutron:s3cr%2Ft@")
    status, said = dfctl(owner, "network", "create", "name=blue")
    t.check(f"created: {said}", status, 0)
    t.check("the default user", dfctl(uri("cloud", "default:r00t@"), "network",
                                      "list")[0], 0)
    said = refuses(t, uri("cloud", "neutron:wrong@"),
                   "the user or the password is wrong")
    t.check("neither password is shown",
            "s3cr" in said or "wrong@" in said, False)
    refuses(t, uri("cloud"), "wants a user and a password")
    refuses(t, uri("other", "neutron:s3cr%2Ft@"), "no permission")
    refuses(t, uri("cloud", "reader:readme@"), "no permission", "network",
            "create", "name=green")
    path = pathlib.Path(t.directory()) / "auth"
    path.write_text("neutron:s3cr/t\n", encoding="ascii")
    path.chmod(0o644)
    refuses(t, uri("cloud") + f"&auth={path}", "everybody may read it")
    path.chmod(0o640)
    status, said = dfctl(uri("cloud") + f"&auth={path}", "network", "list")
    t.check(f"with the file: {said}", not status and "blue" in said)
    follower = Helper(t, owner, "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("written", Helper(t, owner, "scribble", "topic", "20").wait(), 0)
    is_each_once(t, follower, 20)


def tls_is_checked_both_ways(t):
    ours = Certificates(pathlib.Path(t.directory()) / "ours")
    others = Certificates(pathlib.Path(t.directory()) / "others")
    server = one(t, "tls-auth-clients yes", tls=ours)
    base = f"127.0.0.1:{server.port}/tls?timeout=6000"
    good = f"&ca={ours.ca}&cert={ours.cert('client')}&key={ours.key('client')}"
    status, said = dfctl(f"redis://{base}{good}", "network", "create",
                         "name=blue")
    t.check(f"with the right certificates: {said}", status, 0)
    follower = Helper(t, f"redis://{base}{good}", "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("written", Helper(t, f"redis://{base}{good}", "scribble", "topic",
                              "200").wait(), 0)
    is_each_once(t, follower, 200)
    lease = Helper(t, f"redis://{base}{good}", "lease", "key", "leases")
    lease.wait_for(t, "ready")
    base = base.replace("6000", "1500")
    refuses(t, f"redis://{base}&ca={others.ca}&cert={ours.cert('client')}"
            f"&key={ours.key('client')}", "certificate")
    refuses(t, f"redis://{base}&ca={ours.ca}", f"127.0.0.1:{server.port}: ")
    refuses(t, f"redis://{base}&ca={ours.ca}&cert={others.cert('client')}"
            f"&key={others.key('client')}", f"127.0.0.1:{server.port}: ")
    refuses(t, f"redis://{base}", f"127.0.0.1:{server.port}: ")
    refuses(t, f"redis://{base}{good}".replace("127.0.0.1:", "127.0.0.2:"),
            f"127.0.0.2:{server.port}: ")


def other_databases_are_left_alone(t):
    server = BED.get()
    server.ask("SET", "newer:format", "dragonflow 2")
    refuses(t, BED.uri("newer"), "newer version")
    server.ask("SET", "odd:format", "sessions")
    refuses(t, BED.uri("odd"), "not a database of Dragonflow")
    server.ask("RPUSH", "list:format", "x")
    refuses(t, BED.uri("list"), "not a database of Dragonflow")
    t.check("nothing was made there", server.ask("KEYS", "odd:*"),
            ["odd:format"])


def a_full_server_refuses_writes_only(t):
    server = one(t, "maxmemory 4mb", "maxmemory-policy noeviction").wait()
    uri = f"redis://127.0.0.1:{server.port}/x?timeout=5000&history=10"
    path = pathlib.Path(t.directory()) / "objects.json"
    said = ""
    for n in range(1, 60):
        path.write_text(json.dumps([
            {"model": "network", "name": f"{n}-{i}-{'x' * 200}"}
            for i in range(300)]), encoding="ascii")
        status, said = dfctl(uri, "apply", str(path))
        if status:
            break
    t.check(f"it is full: {said}", "OOM" in said)
    refuses(t, uri, "OOM", "network", "create", "name=more")
    status, said = dfctl(uri, "-j", "network", "list")
    t.check("reading goes on", status, 0)
    t.check("all is there", len(json.loads(said)), 300 * (n - 1))
    server.ask("CONFIG", "SET", "maxmemory", "64mb")
    status, said = dfctl(uri, "network", "create", "name=more")
    t.check(f"with room again: {said}", status, 0)


# Faults


def a_restart_loses_nothing(t):
    server = one(t)
    uri = f"redis://127.0.0.1:{server.port}/x?timeout=60000"
    follower, writers = storm(t, uri, "ab", 3000)
    t.require("under way", bool(poll(lambda: len(follower.puts()) > 100, 20)))
    server.kill()
    t.log(f"killed after {len(follower.puts())} changes")
    server.start()
    calm(t, uri, follower, writers, 3000)


def another_master_is_found(t):
    """Commits that replicas have are kept, whoever is the master."""
    failover = Failover(memory(), down_ms=600)
    t.defer(failover.remove)
    failover.start()
    uri = (f"redis://{failover.hosts}/x?sentinel={failover.NAME}&timeout=60000"
           "&replicas=1")
    follower = Helper(t, uri, "follow", "topic")
    follower.wait_for(t, "synced")
    lease = Helper(t, uri, "lease", "key", "leases")
    lease.wait_for(t, "ready")
    acknowledged = 0
    for end in ("kill", "stop"):
        master = failover.master()
        for _ in range(20):
            acknowledged += 1
            t.check("written", put(t, uri, f"k{acknowledged}",
                                   str(acknowledged)), 0)
        if end == "kill":
            master.kill()
        else:
            master.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        t.check("written afterwards",
                Helper(t, uri, "scribble", "topic", "50").wait(), 0)
        t.log(f"another master after {time.monotonic() - begin:.1f} s")
        for n in range(1, acknowledged + 1):
            if value_of(t, uri, f"k{n}") != str(n):
                t.check(f"{n} is there", False)
        if end == "kill":
            master.start().wait()
            t.wait("it follows the new one",
                   lambda: failover.master() is not master, True, 25)
            t.wait("all are in step", failover.is_in_step, True, 20)
        else:
            master.process.send_signal(signal.SIGCONT)
    near = Helper(t, uri, "follow", "topic")
    near.wait_for(t, "synced")
    # one that is back takes itself for the master until the sentinels tell it
    t.wait("who followed before sees the same",
           lambda: state_of(follower) == state_of(near), True, 30)


def has_seen(follower, value):
    return any(line.split()[-1] == value for line in follower.said())


def what_a_failover_forgot_is_taken_back(t):
    """A server comes back without its last commits, as a replica that takes over
    may: who saw them sees them go."""
    server = one(t).wait()
    uri = f"redis://127.0.0.1:{server.port}/x?timeout=20000"
    follower = Helper(t, uri, "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("kept", Helper(t, uri, "fill", "topic", "5").wait(), 0)
    t.wait("seen", lambda: len(state_of(follower)), 5)
    server.ask("BGREWRITEAOF")
    t.wait("on the disk", lambda: "aof_rewrite_in_progress:0" in
           server.ask("INFO", "persistence"), True, 10)
    saved = memory() / "aof"
    t.defer(lambda: subprocess.run(["rm", "-r", str(saved.parent)], check=True))
    aof = server.directory / "appendonlydir"
    subprocess.run(["cp", "-a", str(aof), str(saved)], check=True)
    t.check("forgotten", Helper(t, uri, "scribble", "topic", "30").wait(), 0)
    t.wait("seen, too", lambda: has_seen(follower, "30"))
    server.kill()
    subprocess.run(["rm", "-r", str(aof)], check=True)
    subprocess.run(["cp", "-a", str(saved), str(aof)], check=True)
    server.start().wait()
    near = Helper(t, uri, "follow", "topic")
    near.wait_for(t, "synced")
    t.wait("the same as who comes now",
           lambda: state_of(follower) == state_of(near), True, 10)
    t.check("as before", len(state_of(near)), 5)
    t.check("and it goes on", Helper(t, uri, "scribble", "topic", "40").wait(),
            0)
    t.wait("with the same", lambda: state_of(follower) == state_of(near)
           and has_seen(follower, "40"), True, 10)


def lost_answers_are_found_out_about(t):
    """The network is cut again and again, and what was sent before arrives
    afterwards: nothing may happen twice, and nothing be taken for done."""
    proxy = BED.proxy(t)
    direct = BED.uri("flap")
    far = BED.through(proxy, BED.uri("flap", "timeout=60000&failover=150"))
    follower, _ = storm(t, direct, "", 0)
    writers = [Helper(t, far, "count", "counter", "2000") for _ in "ab"]
    scribbler = Helper(t, far, "scribble", "topic", "2000")
    cuts = 0
    while any(helper.process.poll() is None
              for helper in (*writers, scribbler)):
        time.sleep(0.1)
        proxy.cut()
        time.sleep(0.3)
        proxy.mend()
        cuts += 1
    t.check(f"it was cut {cuts} times", cuts > 1)
    calm(t, direct, follower, [*writers, scribbler], 2000)


def a_cut_longer_than_the_streams_gives_the_differences(t):
    proxy = BED.proxy(t)
    direct = BED.uri("far-cut", "history=30")
    far = BED.through(proxy, BED.uri("far-cut", "history=30&failover=300"))
    follower = Helper(t, far, "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("before", Helper(t, direct, "fill", "topic", "50").wait(), 0)
    t.wait("all are there", lambda: len(set(keys_of(follower))), 50)
    proxy.cut()
    t.check("meanwhile", Helper(t, direct, "scribble", "topic",
                                "400").wait(), 0)
    proxy.mend()
    near = Helper(t, direct, "follow", "topic")
    near.wait_for(t, "synced")
    t.wait("the same as who was not away",
           lambda: state_of(follower) == state_of(near), True, 10)
    t.check("only differences", len(follower.said()) < 50 + 100)
    t.check("what did not change is not told again",
            sum(line.startswith("put topic/45 ")
                for line in follower.said()), 1)


# The whole


def large_transactions_come_through(t):
    uri = BED.uri("apply", "timeout=30000")
    objects = [{"model": "network", "id": NETWORK}]
    objects += [{"model": "port", "network_id": NETWORK,
                 "id": f"{n:08x}-0000-4000-8000-000000000000",
                 "mac_address": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"}
                for n in range(1500)]
    path = pathlib.Path(t.directory()) / "objects.json"
    path.write_text(json.dumps(objects), encoding="ascii")
    refuses(t, uri, "more than 1000", "apply", "--batch", "1501", str(path))
    status, said = dfctl(uri, "apply", str(path))
    t.check(f"in pieces: {said}", status, 0)
    status, said = dfctl(uri, "-j", "port", "list")
    t.check("all are there", len(json.loads(said)), 1500)


main(another_master_is_found, lost_answers_are_found_out_about,
     a_full_server_refuses_writes_only, what_a_failover_forgot_is_taken_back,
     bad_uris_are_refused, an_absent_server_is_named,
     BED.a_silent_server_is_given_up, BED.waiting_for_servers_costs_no_processor,
     only_who_knows_the_password_gets_in, tls_is_checked_both_ways,
     other_databases_are_left_alone, a_restart_loses_nothing,
     BED.a_short_cut_ends_no_lease, BED.a_long_cut_ends_leases_and_loses_no_change,
     BED.a_stopped_client_learns_that_its_lease_is_gone,
     a_cut_longer_than_the_streams_gives_the_differences,
     BED.dfctl_works_on_it, BED.agents_follow_what_concerns_them,
     large_transactions_come_through,
     needs_module=False, at_once=4)
