#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=240
"""The etcd database: servers that die, stop, are full or forget, networks that
are cut, and what is refused. What every database must do: conformance_etcd.py.
"""
import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfbed import Bed  # noqa: E402 pylint: disable=wrong-import-position
from dfdb import (  # noqa: E402 pylint: disable=wrong-import-position
    Certificates, Helper, calm, dfctl, is_each_once, keys_of, memory, put,
    refuses, state_of, storm, value_of)
from dfetcd import (  # noqa: E402 pylint: disable=wrong-import-position
    Cluster, Server, code)
from dftest import Failure, main, poll  # noqa: E402 pylint: disable=wrong-import-position

NETWORK = "00000000-0000-4000-8000-0000000000ff"


BED = Bed("etcd", lambda: Server(memory() / "n"),
          lambda server: server.get("/cloud/format") == "dragonflow 1",
          lost="not kept alive")


def one(t, *extra):
    """A server that the case may break."""
    server = Server(memory() / "n", extra=extra)
    t.defer(server.remove)
    return server.start()


# What is refused


def bad_uris_are_refused(t):
    for uri, text in (
            ("etcd://", "does not name servers"),
            ("etcd://127.0.0.1:0/x", "does not name servers"),
            ("etcd://127.0.0.1:2379,/x", "does not name servers"),
            ("etcd://[::1/x", "does not name servers"),
            ("etcd://:secret@127.0.0.1/x", "USER:PASSWORD"),
            ("etcd://us%3Aer:secret@127.0.0.1/x", "USER:PASSWORD"),
            ("etcd://127.0.0.1/a/", "path"),
            ("etcd://127.0.0.1/a?history=5", '"history=5"'),
            ("etcd://127.0.0.1/a?timeout=never", '"timeout=never"'),
            ("etcd://127.0.0.1/a?tls=no", '"tls=no"'),
            ("etcd://127.0.0.1/a?ca=/nonexistent", "/nonexistent"),
            ("etcd://127.0.0.1/a?key=/etc/passwd", "cert="),
            ("etcd://127.0.0.1/a?auth=/nonexistent", "/nonexistent")):
        said = refuses(t, uri, text)
        t.check("the password is not shown", "secret" in said, False)


def an_absent_server_is_named(t):
    begin = time.monotonic()
    said = refuses(t, "etcd://127.0.0.1:1,127.0.0.1:2/x?timeout=1500",
                   "127.0.0.1:1,127.0.0.1:2")
    t.check(f"the reason is: {said}", "connect to 127.0.0.1" in said)
    t.check("within its time", time.monotonic() - begin < 8)


def only_who_knows_the_password_gets_in(t):
    server = one(t).wait()

    def uri(path, who=""):
        return f"etcd://{who}127.0.0.1:{server.port}/{path}?timeout=3000"

    refuses(t, uri("cloud", "neutron:s3cr%2Ft@"), "no users")
    for name, password, role in (("root", "r00t", "root"),
                                 ("neutron", "s3cr/t", "neutron")):
        server.ask("auth/role/add", name=role)
        server.ask("auth/user/add", name=name, password=password)
        server.ask("auth/user/grant", user=name, role=role)
    server.ask("auth/role/grant", name="neutron", perm={
        "permType": "READWRITE", "key": code("/cloud/"),
        "range_end": code("/cloud0")})
    server.ask("auth/enable")
    owner = uri("cloud", "neutron:s3cr%2Ft@")
    t.check("created", dfctl(owner, "network", "create", "name=blue")[0], 0)
    said = refuses(t, uri("cloud", "neutron:wrong@"),
                   "the user or the password is wrong")
    t.check("neither password is shown",
            "s3cr" in said or "wrong@" in said, False)
    refuses(t, uri("cloud"), "wants a user and a password")
    refuses(t, uri("other", "neutron:s3cr%2Ft@"), "permission")
    path = pathlib.Path(t.directory()) / "auth"
    path.write_text("neutron:s3cr/t\n", encoding="ascii")
    path.chmod(0o644)
    refuses(t, uri("cloud") + f"&auth={path}", "everybody may read it")
    path.chmod(0o640)
    status, said = dfctl(uri("cloud") + f"&auth={path}", "network", "list")
    t.check(f"with the file: {said}", not status and "blue" in said)
    # tokens are forgotten by a server that is started again
    follower = Helper(t, owner, "follow", "topic")
    follower.wait_for(t, "synced")
    lease = Helper(t, owner, "lease", "key", "leases")
    lease.wait_for(t, "ready")
    server.kill()
    server.start()
    t.check("a change", put(t, owner, "x", "1"), 0)
    t.check("and one", Helper(t, owner, "scribble", "topic", "5").wait(), 0)
    t.wait("it follows on", lambda: 5 in follower.puts())
    time.sleep(2)
    t.check("the lease is held", lease.said(), ["ready"])


def tls_is_checked_both_ways(t):
    ours = Certificates(pathlib.Path(t.directory()) / "ours")
    others = Certificates(pathlib.Path(t.directory()) / "others")
    server = one(t, "--cert-file", ours.cert("server"),
                 "--key-file", ours.key("server"), "--client-cert-auth",
                 "--trusted-ca-file", ours.ca)
    base = f"127.0.0.1:{server.port}/tls?timeout=6000&failover=4000"
    good = f"&ca={ours.ca}&cert={ours.cert('client')}&key={ours.key('client')}"
    status, said = dfctl(f"etcd://{base}{good}", "network", "create",
                         "name=blue")
    t.check(f"with the right certificates: {said}", status, 0)
    follower = Helper(t, f"etcd://{base}{good}", "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("written", Helper(t, f"etcd://{base}{good}", "scribble", "topic",
                              "20").wait(), 0)
    is_each_once(t, follower, 20)
    base = base.replace("6000", "1500")
    refuses(t, f"etcd://{base}&ca={others.ca}&cert={ours.cert('client')}"
            f"&key={ours.key('client')}", "certificate")
    refuses(t, f"etcd://{base}&ca={ours.ca}", f"127.0.0.1:{server.port}: ")
    refuses(t, f"etcd://{base}&ca={ours.ca}&cert={others.cert('client')}"
            f"&key={others.key('client')}", f"127.0.0.1:{server.port}: ")
    refuses(t, f"etcd://{base}", f"127.0.0.1:{server.port}: ")
    # its certificate is for 127.0.0.1 and not for any other name of it
    refuses(t, f"etcd://{base}{good}".replace("127.0.0.1", "127.0.0.2"),
            f"127.0.0.2:{server.port}: ")


def other_databases_are_left_alone(t):
    server = BED.get()
    server.put("/foreign/registry", "pods")
    refuses(t, BED.uri("foreign"), "not a database of Dragonflow")
    server.put("/newer/format", "dragonflow 2")
    refuses(t, BED.uri("newer"), "newer version")
    server.put("/odd/format", "kafka")
    refuses(t, BED.uri("odd"), "not a database of Dragonflow")
    t.check("nothing was made there", server.keys("/foreign/"),
            ["/foreign/registry"])


def a_full_database_refuses_writes_only(t):
    server = one(t, "--quota-backend-bytes", str(4 << 20)).wait()
    uri = f"etcd://127.0.0.1:{server.port}/x?timeout=5000"
    path = pathlib.Path(t.directory()) / "objects.json"
    said = ""
    for n in range(1, 60):
        path.write_text(json.dumps([
            {"model": "network", "name": f"{n}-{i}-{'x' * 200}"}
            for i in range(300)]), encoding="ascii")
        status, said = dfctl(uri, "apply", str(path))
        if status:
            break
    t.check(f"it is full: {said}", "space exceeded" in said)
    refuses(t, uri, "space exceeded", "network", "create", "name=more")
    status, said = dfctl(uri, "-j", "network", "list")
    t.check("all is there", not status and len(json.loads(said)) >= 300 * (n - 1))
    doomed = [network["id"] for network in json.loads(said)[::4]]
    for n in range(0, len(doomed), 100):
        status, said = dfctl(uri, "network", "delete", *doomed[n:n + 100])
        t.check(f"deleted: {said}", status, 0)
    refuses(t, uri, "space exceeded", "network", "create", "name=more")
    server.make_room()
    status, said = dfctl(uri, "network", "create", "name=more")
    t.check(f"with room again: {said}", status, 0)


# Faults


def a_restart_loses_nothing(t):
    server = one(t)
    uri = f"etcd://127.0.0.1:{server.port}/x?timeout=60000"
    follower, writers = storm(t, uri, "ab", 500)
    t.require("under way", bool(poll(lambda: len(follower.puts()) > 100, 20)))
    server.kill()
    t.log(f"killed after {len(follower.puts())} changes")
    server.start()
    calm(t, uri, follower, writers, 500)


def killed_leaders_lose_nothing(t):
    cluster = Cluster(memory())
    t.defer(cluster.remove)
    cluster.start()
    uri = f"etcd://{cluster.hosts}/x?timeout=60000"
    follower, writers = storm(t, uri, "abc", 400)
    for _ in range(2):
        seen = len(follower.puts())
        t.require("under way", bool(poll(
            lambda: len(follower.puts()) >  # pylint: disable=W0640
            seen + 80, 30)))                # pylint: disable=W0640
        leader = cluster.leader()
        begin = time.monotonic()
        leader.kill()
        t.log(f"leader killed after {len(follower.puts())} changes")
        seen = len(follower.puts())
        poll(lambda: len(follower.puts()) > seen, 30)  # pylint: disable=W0640
        t.log(f"changes arrive again after {time.monotonic() - begin:.1f} s")
        leader.start().wait()
    calm(t, uri, follower, writers, 400)
    # and one that does not die, but says nothing any more
    followers = [Helper(t, uri, "follow", "later") for _ in range(4)]
    for follower in followers:
        follower.wait_for(t, "synced")
    stopped = cluster.leader()
    stopped.process.send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    t.check("written", Helper(t, uri, "scribble", "later", "50").wait(), 0)
    for follower in followers:
        is_each_once(t, follower, 50)
    t.log(f"stopped leader left after {time.monotonic() - begin:.1f} s")
    stopped.process.send_signal(signal.SIGCONT)


def lost_answers_are_found_out_about(t):
    """The network is cut again and again, and what was sent before arrives
    afterwards: nothing may happen twice, and nothing be taken for done."""
    proxy = BED.proxy(t)
    direct = BED.uri("flap")
    far = BED.through(proxy, BED.uri("flap", "timeout=60000&failover=150"))
    follower, _ = storm(t, direct, "", 0)
    writers = [Helper(t, far, "count", "counter", "40") for _ in "ab"]
    scribbler = Helper(t, far, "scribble", "topic", "40")
    while any(helper.process.poll() is None
              for helper in (*writers, scribbler)):
        time.sleep(0.1)
        proxy.cut()
        time.sleep(0.3)
        proxy.mend()
    calm(t, direct, follower, [*writers, scribbler], 40)
    fences = BED.get().keys("/flap/f/")
    t.log(f"{len(fences)} commits were forbidden to happen later")
    t.check("some were", len(fences) > 0)


def compaction_while_away_gives_the_differences(t):
    proxy = BED.proxy(t)
    direct = BED.uri("far-cut")
    far = BED.through(proxy, BED.uri("far-cut", "timeout=5000&failover=300"))
    follower = Helper(t, far, "follow", "topic")
    follower.wait_for(t, "synced")
    t.check("before", Helper(t, direct, "fill", "topic", "50").wait(), 0)
    t.wait("all are there", lambda: len(set(keys_of(follower))), 50)
    proxy.cut()
    t.check("meanwhile", Helper(t, direct, "scribble", "topic",
                                "400").wait(), 0)
    BED.get().compact()
    time.sleep(1.5)
    proxy.mend()
    near = Helper(t, direct, "follow", "topic")
    near.wait_for(t, "synced")
    t.wait("the same as who was not away",
           lambda: state_of(follower) == state_of(near), True, 10)
    t.check("only differences", len(follower.said()) < 50 + 100)
    t.check("what did not change is not told again",
            sum(line.startswith("put topic/45 ")
                for line in follower.said()), 1)


def history_is_kept_short_if_the_uri_says_so(t):
    server = one(t).wait()
    uri = f"etcd://127.0.0.1:{server.port}/x?history=50"
    t.check("written", Helper(t, uri, "scribble", "topic", "200").wait(), 0)

    def forgotten():
        try:
            server.ask("kv/range", key=code("/x"),
                       revision=server.revision() - 120)
        except Failure as error:
            return "compacted" in str(error)
        return False

    t.wait("what is older than that is forgotten", forgotten)


# The whole


def transactions_may_be_larger_than_a_server_likes(t):
    """128 comparisons are what it takes; somebody else writes meanwhile."""
    uri = BED.uri("apply", "timeout=30000")
    objects = [{"model": "network", "id": NETWORK}]
    objects += [{"model": "port", "network_id": NETWORK,
                 "id": f"{n:08x}-0000-4000-8000-000000000000",
                 "mac_address": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"}
                for n in range(1500)]
    path = pathlib.Path(t.directory()) / "objects.json"
    path.write_text(json.dumps(objects), encoding="ascii")
    refuses(t, uri, "more than 1000", "apply", "--batch", "1501",
            str(path))
    t.check("a counter", put(t, uri, "counter", "0"), 0)
    counting = Helper(t, uri, "count", "counter", "300")
    status, said = dfctl(uri, "apply", str(path))
    t.check(f"in pieces: {said}", status, 0)
    t.check("the other one succeeded", counting.wait(), 0)
    t.check("it counted", value_of(t, uri, "counter"), "300")
    status, said = dfctl(uri, "-j", "port", "list")
    t.check("all are there", len(json.loads(said)), 1500)


main(killed_leaders_lose_nothing, lost_answers_are_found_out_about,
     a_full_database_refuses_writes_only,
     transactions_may_be_larger_than_a_server_likes,
     bad_uris_are_refused, an_absent_server_is_named,
     BED.a_silent_server_is_given_up, BED.waiting_for_servers_costs_no_processor,
     only_who_knows_the_password_gets_in, tls_is_checked_both_ways,
     other_databases_are_left_alone, a_restart_loses_nothing,
     BED.a_short_cut_ends_no_lease, BED.a_long_cut_ends_leases_and_loses_no_change,
     BED.a_stopped_client_learns_that_its_lease_is_gone,
     compaction_while_away_gives_the_differences,
     history_is_kept_short_if_the_uri_says_so,
     BED.dfctl_works_on_it, BED.agents_follow_what_concerns_them,
     needs_module=False, at_once=4)
