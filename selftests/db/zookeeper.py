#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=300
"""The ZooKeeper database: servers that die, networks that are cut, what is
refused, and what is left behind. What every database must do:
conformance_zookeeper.py.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfbed import Bed  # noqa: E402 pylint: disable=wrong-import-position
from dfdb import (  # noqa: E402 pylint: disable=wrong-import-position
    Certificates, Disk, Helper, calm, dfctl, free_ports, is_each_once, keys_of, refuses, state_of, storm)
from dftest import main, poll  # noqa: E402 pylint: disable=wrong-import-position
from dfzk import (  # noqa: E402 pylint: disable=wrong-import-position
    Ensemble, Nodes, Server)

# Of processes with leases, which have two seconds; the others have time to stall
LEASE_MS, SESSION_MS = 700, 4000
MANY = int(os.environ.get("ZOOKEEPER_OBJECTS", "40000"))


class ZookeeperBed(Bed):
    """With sessions: who holds no lease has time to stall."""

    def uri(self, root, options="", who="", session=SESSION_MS):
        return (f"zookeeper://{who}127.0.0.1:{self.get().port}/{root}"
                f"?session={session}{options}")

    def holder(self, root):
        return self.uri(root, session=LEASE_MS)

    def registered(self, root):
        return self.uri(root, session=2000)

    def outlast(self):
        time.sleep(LEASE_MS * 2 / 1000)


def is_made(server):
    nodes = Nodes(server.port)
    try:
        return nodes.get("/cloud/janitor") is not None
    finally:
        nodes.close()


BED = ZookeeperBed("zookeeper", lambda: Server(
    pathlib.Path(tempfile.mkdtemp()) / "shared"), is_made,
                   lost="session expired")


# What is refused


def bad_uris_are_refused(t):
    for uri, text in (
            ("zookeeper://", "does not name servers"),
            ("zookeeper://127.0.0.1:0/x", "does not name servers"),
            ("zookeeper://127.0.0.1:2181,/x", "does not name servers"),
            ("zookeeper://[::1/x", "does not name servers"),
            ("zookeeper://:secret@127.0.0.1/x", "USER:PASSWORD"),
            ("zookeeper://us%3Aer:secret@127.0.0.1/x", "USER:PASSWORD"),
            ("zookeeper://127.0.0.1/a//b", "path"),
            ("zookeeper://127.0.0.1/a/../b", "path"),
            ("zookeeper://127.0.0.1/zookeeper", "path"),
            ("zookeeper://127.0.0.1/a?history=5", '"history=5"'),
            ("zookeeper://127.0.0.1/a?session=forever", '"session=forever"'),
            ("zookeeper://127.0.0.1/a?tls=yes", "without TLS"),
            ("zookeeper://127.0.0.1/a?auth=/nonexistent", "/nonexistent")):
        said = refuses(t, uri, text)
        t.check("the password is not shown", "secret" in said, False)


def an_absent_server_is_named(t):
    begin = time.monotonic()
    said = refuses(t, "zookeeper://127.0.0.1:1,127.0.0.1:2/x?timeout=1500",
                   "127.0.0.1:1,127.0.0.1:2")
    t.check(f"the reason is: {said}", "Connection refused" in said)
    t.check("within its time", time.monotonic() - begin < 8)


def only_the_owner_gets_in(t):
    owner = BED.uri("secured", who="neutron:s3cr%2Ft@")
    t.check("created", dfctl(owner, "network", "create", "name=blue")[0], 0)
    said = refuses(t, BED.uri("secured", who="neutron:wrong@"),
                   "the user or the password is wrong")
    t.check("neither password is shown",
            "s3cr" in said or "wrong@" in said, False)
    refuses(t, BED.uri("secured"), "wants a user and a password")
    path = pathlib.Path(t.directory()) / "auth"
    path.write_text("neutron:s3cr/t\n", encoding="ascii")
    path.chmod(0o644)
    refuses(t, BED.uri("secured", f"&auth={path}"), "everybody may read it")
    path.chmod(0o640)
    status, said = dfctl(BED.uri("secured", f"&auth={path}"), "network",
                         "list")
    t.check(f"with the file: {said}", not status and "blue" in said)


STUNNEL = """foreground = yes
pid =
syslog = no
[zk1]
client = {client}
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
cert = {certs.directory}/{name}.pem
key = {certs.directory}/{name}.key
CAfile = {ca}
verifyChain = yes
"""


def stunnel(t, ca, more="", **words):
    """One end of a tunnel. It is let into, or lets in, who has a certificate of ca."""
    accept, = free_ports(1)
    path = pathlib.Path(t.directory()) / "stunnel.conf"
    path.write_text(STUNNEL.format(accept=accept, ca=ca, **words) + more, encoding="ascii")
    with open(path.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen(["stunnel", path], stdout=log, stderr=log)

    def end():
        process.kill()
        process.wait()

    t.defer(end)
    return accept


def tls_comes_from_a_tunnel(t):
    """As Documentation/databases.md says: our library has none."""
    ours = Certificates(pathlib.Path(t.directory()) / "ours")
    others = Certificates(pathlib.Path(t.directory()) / "others")
    far = stunnel(t, ours.ca, certs=ours, name="server", client="no", connect=BED.get().port)
    near = {"name": "client", "client": "yes", "connect": far,
            "more": "checkIP = 127.0.0.1\n"}
    good = stunnel(t, ours.ca, certs=ours, **near)

    def uri(port, timeout=5000):
        return f"zookeeper://127.0.0.1:{port}/tunnel?timeout={timeout}&session=4000"

    follower = Helper(t, uri(good), "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("written", Helper(t, uri(good), "scribble", "topic", "20").wait(), 0)
    is_each_once(t, follower, 20)
    for ca, certs in ((others.ca, ours), (ours.ca, others)):
        refuses(t, uri(stunnel(t, ca, certs=certs, **near), 1500), "there was no connection")


def other_databases_are_left_alone(t):
    nodes = Nodes(BED.get().port)
    nodes.create("/foreign", "")
    nodes.create("/foreign/log", "kafka")
    refuses(t, BED.uri("foreign"), "not a database of Dragonflow")
    nodes.create("/newer", "")
    nodes.create("/newer/log", "dragonflow 2 00000001 00000001\n")
    refuses(t, BED.uri("newer"), "newer version")
    t.check("nothing was made there", nodes.children("/foreign"), ["log"])
    t.check("nor there", nodes.children("/newer"), ["log"])
    nodes.close()


def a_lease_shorter_than_the_session_is_refused(t):
    t.check("status", Helper(t, BED.uri("short"), "lease", "key", "topic").wait(), 1)


# What is left behind


def count_nodes(nodes, path):
    names = nodes.children(path)
    if names is None:
        return 0
    return 1 + sum(count_nodes(nodes, f"{path}/{name}") for name in names)


def the_log_and_directories_do_not_grow(t):
    uri = BED.uri("trim", "&history=40")
    nodes = Nodes(BED.get().port)
    t.check("written", Helper(t, uri, "scribble", "topic", "400").wait(), 0)
    # the process may have ended before it had deleted a segment
    t.check("again", Helper(t, uri, "scribble", "topic", "45").wait(), 0)
    follower = Helper(t, uri, "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("and once more", Helper(t, uri, "fill", "more", "15000").wait(), 0)
    t.wait("segments", lambda: len(nodes.children("/trim/log")), 2, 20)
    t.check("what is there was told", len(set(keys_of(follower))) > 10)
    lease = Helper(t, BED.uri("gone", session=LEASE_MS), "lease",
                   "some/where/deep", "topic")
    lease.wait_for(t, "ready")
    t.check("there is a key", count_nodes(nodes, "/gone/k") > 1)
    lease.kill()
    watcher = Helper(t, BED.uri("gone"), "follow", "topic")
    watcher.wait_for(t, "synced")
    t.wait("directories of keys", lambda: count_nodes(nodes, "/gone/k"), 1, 15)
    t.wait("of topics", lambda: count_nodes(nodes, "/gone/t"), 1, 15)
    t.wait("of leases", lambda: count_nodes(nodes, "/gone/owned"), 1, 15)
    nodes.close()


def a_topic_that_was_left_leaves_no_watch(t):
    server = BED.get()
    before = server.number("zk_watch_count")
    Helper(t, BED.uri("hop"), "hop", "topic", "200").wait_for(t, "ready")
    # the log, the leases, the janitor
    t.wait("few watches are left",
           lambda: server.number("zk_watch_count") - before <= 4)


# Faults


def a_restart_loses_nothing(t):
    server = Server(pathlib.Path(t.directory()) / "one").start().wait()
    t.defer(server.remove)
    uri = f"zookeeper://127.0.0.1:{server.port}/x?timeout=60000&session=9000"
    follower, writers = storm(t, uri, "ab", 800)
    t.require("under way", bool(poll(lambda: len(follower.puts()) > 100, 20)))
    server.kill()
    t.log(f"killed after {len(follower.puts())} changes")
    server.start().wait()
    calm(t, uri, follower, writers, 800)


def killed_leaders_lose_nothing(t):
    ensemble = Ensemble(t.directory())
    t.defer(ensemble.remove)
    ensemble.start()
    uri = f"zookeeper://{ensemble.hosts}/x?timeout=60000&session=9000"
    follower, writers = storm(t, uri, "abc", 800)
    for _ in range(2):
        seen = len(follower.puts())
        t.require("under way", bool(poll(
            lambda: len(follower.puts()) >  # pylint: disable=W0640
            seen + 100, 30)))               # pylint: disable=W0640
        leader = ensemble.leader()
        begin = time.monotonic()
        leader.kill()
        t.log(f"leader killed after {len(follower.puts())} changes")
        seen = len(follower.puts())
        poll(lambda: len(follower.puts()) > seen, 30)  # pylint: disable=W0640
        t.log(f"changes arrive again after {time.monotonic() - begin:.1f} s")
        leader.start().wait()
    calm(t, uri, follower, writers, 800)


def full_disks_lose_nothing(t):
    """That of a follower, and later the leader's: the others go on."""
    path = pathlib.Path(t.directory())
    ensemble = Ensemble(path, [Disk(t, path / f"disk{n}", 64 << 20)
                               for n in range(3)])
    t.defer(ensemble.remove)
    ensemble.start()
    uri = f"zookeeper://{ensemble.hosts}/x?timeout=60000&session=9000"
    follower, writers = storm(t, uri, "abc", 800)

    def goes_on(what):
        seen, begin = len(follower.puts()), time.monotonic()
        t.require(what, bool(poll(
            lambda: len(follower.puts()) > seen + 100, 30)))
        t.log(f"{what} after {time.monotonic() - begin:.1f} s")

    goes_on("under way")
    leader = ensemble.leader()
    other = next(s for s in ensemble.servers if s is not leader)
    other.disk.fill()
    t.wait("it has stopped", other.mode, "", 20)
    goes_on("without it they go on")
    other.disk.free()
    t.wait("it is back", other.mode, "follower", 20)
    leader.disk.fill()
    t.wait("another one leads", lambda: ensemble.leader() not in (None, leader), True, 20)
    goes_on("they go on with another leader")
    leader.disk.free()
    t.wait("the old one is back", leader.mode, "follower", 20)
    calm(t, uri, follower, writers, 800)


def a_short_cut_ends_no_lease(t):
    proxy = BED.proxy(t)
    direct = BED.uri("short-cut")
    far = BED.through(proxy, direct)
    near = Helper(t, direct, "follow", "leases")
    near.wait_for(t, "synced")
    lease = Helper(t, BED.through(proxy, BED.uri("short-cut", session=1000)),
                   "lease", "key", "leases")
    lease.wait_for(t, "ready")
    follower = Helper(t, far, "follow", "topic")
    follower.wait_for(t, "synced")
    scribbler = Helper(t, direct, "scribble", "topic", "600")
    for _ in range(3):
        proxy.cut()
        time.sleep(0.4)
        proxy.mend()
        time.sleep(0.3)
    t.check("the writer succeeded", scribbler.wait(), 0)
    is_each_once(t, follower, 600)
    t.check("the lease is held", lease.said(), ["ready"])
    t.check("and its entry there",
            [line.split()[0] for line in near.said()], ["synced", "put"])


def a_cut_longer_than_the_log_gives_the_differences(t):
    proxy = BED.proxy(t)
    direct = BED.uri("far-cut", "&history=30")
    far = BED.through(proxy, direct)
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


def the_janitors_death_is_cleaned_up_after(t):
    uri = BED.uri("janitor")
    dying = BED.uri("janitor", session=LEASE_MS)
    leases = [Helper(t, dying, "lease", f"key{n}", "leases") for n in range(4)]
    for lease in leases:
        lease.wait_for(t, "ready")
    near = Helper(t, uri, "follow", "leases")
    near.wait_for(t, "synced")
    t.check("all are there", len(state_of(near)), 4)
    for lease in leases:
        lease.kill()
    begin = time.monotonic()
    t.wait("none is", lambda: len(state_of(near)), 0)
    t.log(f"gone {time.monotonic() - begin:.2f} s after the kill")
    t.check("within the lease's time", time.monotonic() - begin < 2.0)


def who_is_started_again_does_not_wait_for_its_lease(t):
    uri = BED.uri("heir", session=900)
    near = Helper(t, BED.uri("heir"), "follow", "leases")
    near.wait_for(t, "synced")
    leases = [Helper(t, uri, "lease", f"key{n}", "leases") for n in (1, 2)]
    for lease in leases:
        lease.wait_for(t, "ready")
    t.wait("both are there", lambda: len(state_of(near)), 2)
    leases[0].kill()
    begin = time.monotonic()
    Helper(t, uri, "lease", "key3", "leases").wait_for(t, "ready")
    t.wait("the dead one's entry is gone, the others' are not",
           lambda: sorted(state_of(near)), ["key2", "key3"])
    t.log(f"gone {time.monotonic() - begin:.2f} s after the kill")
    t.check("before its session ended", time.monotonic() - begin < 0.55)


def many_objects_fit_in_a_topic(t):
    uri = BED.uri("many", "&timeout=60000")
    begin = time.monotonic()
    t.check("written", Helper(t, uri, "fill", "topic", str(MANY)).wait(200), 0)
    t.log(f"{MANY} objects written in {time.monotonic() - begin:.1f} s")
    begin = time.monotonic()
    follower = Helper(t, uri, "follow", "topic")
    follower.wait_for(t, "synced", 100)
    t.log(f"and read in {time.monotonic() - begin:.1f} s")
    t.check("objects", len(set(keys_of(follower))), MANY)
    nodes = Nodes(BED.get().port)
    root = "/many/t/" + next(
        f"{bucket}/topic" for bucket in nodes.children("/many/t")
        if "topic" in nodes.children(f"/many/t/{bucket}"))
    longest = max(sum(len(name) + 4 for name in
                      nodes.children(f"{root}/{bucket}"))
                  for bucket in nodes.children(root))
    t.log(f"the longest list of children has {longest} bytes")
    # a server sends, and takes, 1 MiB
    t.check("lists are short", longest < 1 << 18)
    nodes.close()


# The whole


def dfctl_applies_more_than_a_transaction_takes(t):
    uri = BED.uri("apply", "&timeout=20000")
    network = "00000000-0000-4000-8000-0000000000ff"
    objects = [{"model": "network", "id": network}]
    objects += [{"model": "port", "network_id": network,
                 "id": f"{n:08x}-0000-4000-8000-000000000000",
                 "mac_address": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"}
                for n in range(1500)]
    path = pathlib.Path(t.directory()) / "objects.json"
    path.write_text(json.dumps(objects), encoding="ascii")
    refuses(t, uri, "more than the 1000000", "apply", "--batch", "1501",
            str(path))
    status, said = dfctl(uri, "apply", str(path))
    t.check(f"in pieces: {said}", status, 0)
    status, said = dfctl(uri, "-j", "port", "list")
    t.check("all are there", len(json.loads(said)), 1500)


main(bad_uris_are_refused, an_absent_server_is_named,
     BED.a_silent_server_is_given_up, BED.waiting_for_servers_costs_no_processor, only_the_owner_gets_in,
     tls_comes_from_a_tunnel,
     other_databases_are_left_alone,
     a_lease_shorter_than_the_session_is_refused,
     the_log_and_directories_do_not_grow,
     a_topic_that_was_left_leaves_no_watch, a_restart_loses_nothing,
     killed_leaders_lose_nothing, full_disks_lose_nothing, a_short_cut_ends_no_lease,
     BED.a_long_cut_ends_leases_and_loses_no_change,
     a_cut_longer_than_the_log_gives_the_differences,
     BED.a_stopped_client_learns_that_its_lease_is_gone,
     the_janitors_death_is_cleaned_up_after,
     who_is_started_again_does_not_wait_for_its_lease,
     many_objects_fit_in_a_topic,
     BED.dfctl_works_on_it, BED.agents_follow_what_concerns_them,
     dfctl_applies_more_than_a_transaction_takes,
     needs_module=False)
