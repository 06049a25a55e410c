#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# TIMEOUT=180
"""What the module must refuse, with which error, naming which attribute, and
that a refused request changes nothing.
"""
import ctypes
import errno
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfnl import (  # noqa: E402 pylint: disable=wrong-import-position
    EGRESS, INGRESS, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL,
    TCA_INGRESS_BLOCK, Dragonflow, Refused, Tc, nla)
from dftest import (  # noqa: E402 pylint: disable=wrong-import-position
    Background, ethernet, ip_batch, mac, main, run)

U32 = struct.Struct("I")

# A valid request of every operation that has attributes, in the world() below.
VALID = {
    "datapath-set": {"flow-idle-ms": 10000, "log-rate": 100,
                     "log-burst": 25},
    "network-new": {"id": 3, "vni": 300, "flags": ["vlan-transparent"]},
    "network-del": {"id": 2},
    "network-get": {"id": 1},
    "port-new": {"id": 3, "type": "vif", "network": 1, "mac": mac(3),
                 "flags": ["admin-down"], "flow-class": "l3",
                 "flow-limit": 7, "connection-limit": 7,
                 "ip4": ["192.0.2.3"],
                 "ip6": ["2001:db8:1::3"],
                 "pair": [{"mac": mac(3), "ip4": "192.0.2.30",
                           "prefix-len": 32}],
                 "hold": [{"mac": mac(3), "ip4": "192.0.2.30",
                           "since": 1}]},
    "port-del": {"id": 1},
    "port-get": {"id": 1},
    "chassis-new": {"id": 22, "tunnel": 10, "remote-ip4": "198.51.100.2",
                    "local-ip4": "198.51.100.1"},
    "chassis-del": {"id": 21},
    "chassis-get": {"id": 20},
    "flow-flush": {"port": 1},
    "router-new": {"id": 33, "flags": ["admin-down"]},
    "router-del": {"id": 32},
    "router-get": {"id": 31},
    "router-interface-new": {
        "id": 43, "router": 31, "network": 2, "mac": mac(43),
        "address": [{"ip4": "198.51.100.43", "prefix-len": 25}],
        "mtu": 1400, "flags": ["admin-down"]},
    "router-interface-del": {"id": 42},
    "router-interface-get": {"id": 41},
    "route-new": {"id": 53, "router": 31, "ip4": "203.0.113.0",
                  "prefix-len": 24, "type": "unicast",
                  "nexthop": [{"interface": 41, "ip4": "192.0.2.9"}]},
    "route-del": {"id": 51},
    "route-get": {"id": 51},
    "lookup-new": {"network": 2, "mac": mac(9), "ttl-ms": 1000},
    "lookup-del": {"network": 2, "ip6": "2001:db8:2::9"},
    "packet-execute": {"port": 1, "frame": ethernet(mac(1), mac(41))},
    "trace": {"port": 10, "frame": ethernet(mac(1), mac(41)),
              "tunnel-id": 100, "source-ip4": "198.51.100.2"},
}
REMOTE = {"id": 4, "type": "remote", "network": 1, "mac": mac(4),
          "chassis": 20}
CHASSIS6 = {"id": 23, "tunnel": 10, "remote-ip6": "2001:db8::2",
            "local-ip6": "2001:db8::1"}
REQUIRED = {
    "datapath-set": [],
    "port-new": ["id", "type", "network", "mac"],
    "chassis-new": ["id", "tunnel"],
    "flow-flush": [],
    "router-interface-new": ["id", "router", "network", "mac"],
    "route-new": ["id", "router", "prefix-len", "nexthop"],
    "lookup-new": ["network", "ttl-ms"],
    "lookup-del": ["network"],
    "packet-execute": ["port", "frame"],
    "trace": ["port", "frame", "tunnel-id"],
}


def world(t):
    hv = t.hypervisor()
    hv.network(1, 100)
    hv.network(2, 200, flags=["on-demand"])
    hv.tunnel(10)
    hv.tunnel(11)
    hv.chassis(20, 10, "198.51.100.20")
    hv.chassis(21, 10, "198.51.100.21")
    hv.vif(1, ip4=["192.0.2.1"], ip6=["2001:db8:1::1"])
    hv.remote(2, 20, ip4=["192.0.2.2"])
    hv.router(31)
    hv.router(32)
    hv.interface(41, 31, 1, ["192.0.2.254/24", "2001:db8:1::fe/64"])
    hv.interface(42, 31, 2, ["198.51.100.254/25"])
    hv.route(51, 31, "10.0.0.0/8", (41, "192.0.2.9"))
    return hv


def state(df):
    """Everything that was programmed."""
    out = {name: df.dump(name) for name in
           ("network-get", "port-get", "chassis-get", "router-get",
            "router-interface-get", "route-get")}
    out["datapath"] = df.do("datapath-get")
    return out


def refused(t, what, call, err, **want):
    """call() must be refused so: attr=, missing=, and saying text=."""
    try:
        call()
    except Refused as refusal:
        got = {key: getattr(refusal, key) for key in want if key != "text"}
        t.check(f"{what}: errno", errno.errorcode[refusal.errno],
                errno.errorcode[err])
        t.check(f"{what}: attribute", got,
                {key: want[key] for key in got})
        if "text" in want and want["text"] not in (refusal.message or ""):
            t.check(f"{what}: message", refusal.message, want["text"])
        return
    t.check(f"{what}: refused", False)


def unchanged(case):
    """A case whose every request is refused: nothing may have changed."""
    def wrapped(t):
        hv = world(t)
        before = state(hv.df)
        case(t, hv)
        t.check("what is programmed", state(hv.df), before)
    wrapped.__name__ = case.__name__
    return wrapped


@unchanged
def missing_attributes_are_named(t, hv):
    for name, valid in VALID.items():
        for attr in REQUIRED.get(name, ["id"]):
            attrs = {key: valid[key] for key in valid if key != attr}
            refused(t, f"{name} without {attr}",
                    lambda n=name, a=attrs: hv.df.do(n, a),
                    errno.EINVAL, missing=attr)
    for attr in ("network", "mac", "chassis"):
        attrs = {key: REMOTE[key] for key in REMOTE if key != attr}
        refused(t, f"remote port without {attr}",
                lambda a=attrs: hv.df.do("port-new", a),
                errno.EINVAL, missing=attr)
    refused(t, "no setting", lambda: hv.df.do("datapath-set", {}),
            errno.EINVAL, missing="flow-idle-ms")
    refused(t, "chassis without address",
            lambda: hv.df.do("chassis-new", {"id": 5, "tunnel": 10}),
            errno.EINVAL, missing="remote-ip4")


def each_attribute(df):
    """Every attribute of every request: operation, valid request, which."""
    requests = list(VALID.items()) + [("port-new", REMOTE),
                                      ("chassis-new", CHASSIS6)]
    for name, valid in requests:
        group = df.spec.operations[name]["attribute-set"]
        for key in valid:
            attr = df.spec.attribute(group, key)
            if attr.type != "nest":
                yield name, valid, attr


@unchanged
def short_and_long_attributes_are_refused(t, hv):
    for name, valid, attr in each_attribute(hv.df):
        if attr.type == "binary" and not attr.checks and not attr.hint:
            continue    # of any length
        value = valid[attr.name]
        right = attr.encode(hv.df.spec, value[0] if attr.multi else value)
        err = errno.ERANGE if attr.type == "binary" else errno.EINVAL
        for wrong in (b"", right[:-1], right + b"\0", right * 2):
            refused(t, f"{name} with {len(wrong)} bytes of {attr.name}",
                    lambda n=name, v=valid, a=attr, w=wrong:
                    hv.df.do(n, {**v, a.name: [w] if a.multi else w}),
                    err, attr=attr.name)


def wrong_values(spec, attr):
    """Values beyond what the spec allows, and the errno."""
    def number(value):
        return spec.consts.get(value, value)

    if "min" in attr.checks:
        yield number(attr.checks["min"]) - 1, errno.ERANGE
    if "max" in attr.checks:
        yield number(attr.checks["max"]) + 1, errno.ERANGE
        yield 0xff if attr.type == "u8" else 0xffffffff, errno.ERANGE
    if "flags-mask" in attr.checks:
        yield 1 << len(attr.enum[1]), errno.EINVAL
        yield 0xffffffff, errno.EINVAL


@unchanged
def values_out_of_range_are_refused(t, hv):
    tried = 0
    for name, valid, attr in each_attribute(hv.df):
        for value, err in wrong_values(hv.df.spec, attr):
            tried += 1
            refused(t, f"{name} with {attr.name} {value}",
                    lambda n=name, v=valid, a=attr, w=value:
                    hv.df.do(n, {**v, a.name: w}), err, attr=attr.name)
    t.check("the spec has ranges", tried > 20)


@unchanged
def unknown_attributes_are_refused(t, hv):
    for name, valid in VALID.items():
        group = hv.df.spec.operations[name]["attribute-set"]
        beyond = len(hv.df.spec.sets[group]) + 1
        for number in (beyond, 200, 0x3fff):
            refused(t, f"{name} with attribute {number}",
                    lambda n=name, v=valid, a=number:
                    hv.df.do(n, {**v, a: b"\0\0\0\0"}),
                    errno.EINVAL, attr=number)
        taken = hv.df.spec.operations[name]["do"]["request"]["attributes"]
        for attr in hv.df.spec.sets[group]:
            if attr.name in taken or attr.type == "pad":
                continue
            refused(t, f"{name} with {attr.name}",
                    lambda n=name, v=valid, a=attr:
                    hv.df.do(n, {**v, a.number: b"\0\0\0\0"}),
                    errno.EINVAL, attr=attr.name)
    for name in ("network-get", "port-get", "chassis-get", "router-get",
                 "router-interface-get", "route-get"):
        refused(t, f"dump of {name} with an attribute",
                lambda n=name: hv.df.dump(n, {200: b""}), errno.EINVAL)


@unchanged
def dangling_references_are_refused(t, hv):
    for name, attrs, attr in (
            ("port-new", {**VALID["port-new"], "network": 9}, "network"),
            ("port-new", {**REMOTE, "network": 9}, "network"),
            ("port-new", {**REMOTE, "chassis": 9}, "chassis"),
            ("chassis-new", {**VALID["chassis-new"], "tunnel": 9}, "tunnel"),
            ("network-get", {"id": 9}, "id"),
            ("port-get", {"id": 9}, "id"),
            ("chassis-get", {"id": 9}, "id"),
            ("network-del", {"id": 9}, "id"),
            ("port-del", {"id": 9}, "id"),
            ("chassis-del", {"id": 9}, "id"),
            ("lookup-new", {**VALID["lookup-new"], "network": 9}, "network"),
            ("flow-flush", {"port": 9}, "port")):
        refused(t, f"{name} of {attr} 9",
                lambda n=name, a=attrs: hv.df.do(n, a),
                errno.ENOENT, attr=attr, text="has this id")
    refused(t, "chassis behind a vif",
            lambda: hv.df.do("chassis-new",
                             {**VALID["chassis-new"], "tunnel": 1}),
            errno.EINVAL, attr="tunnel", text="not a tunnel")
    refused(t, "flush of a remote port",
            lambda: hv.df.do("flow-flush", {"port": 2}),
            errno.ENOENT, attr="port")


@unchanged
def what_is_in_use_stays(t, hv):
    for name, number, text in (("network-del", 1, "ports"),
                               ("chassis-del", 20, "ports"),
                               ("port-del", 10, "chassis")):
        refused(t, f"{name} of {number}",
                lambda n=name, i=number: hv.df.do(n, {"id": i}),
                errno.EBUSY, attr="id", text=text)


@unchanged
def exclusive_requests_replace_nothing(t, hv):
    for name, attrs in (("network-new", {"id": 1, "vni": 5}),
                        ("port-new", {**VALID["port-new"], "id": 1}),
                        ("port-new", {"id": 10, "type": "tunnel"}),
                        ("chassis-new", {**VALID["chassis-new"], "id": 20})):
        refused(t, f"{name} of what exists",
                lambda n=name, a=attrs: hv.df.do(n, a, NLM_F_EXCL),
                errno.EEXIST, attr="id")


@unchanged
def addresses_and_vnis_are_unique(t, hv):
    refused(t, "MAC of a vif", lambda: hv.vif(5, address=mac(1)),
            errno.EEXIST, attr="mac")
    refused(t, "MAC of a remote port", lambda: hv.vif(5, address=mac(2)),
            errno.EEXIST, attr="mac")
    refused(t, "MAC, by replacing", lambda: hv.vif(1, address=mac(2)),
            errno.EEXIST, attr="mac")
    refused(t, "VNI", lambda: hv.network(3, 100), errno.EEXIST, attr="vni")
    refused(t, "VNI, by replacing", lambda: hv.network(2, 100),
            errno.EEXIST, attr="vni")


@unchanged
def addresses_must_be_of_one_station(t, hv):
    for address in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff",
                    "01:00:5e:00:00:01"):
        refused(t, address, lambda a=address: hv.vif(5, address=a),
                errno.EINVAL, attr="mac")
    for what, attr, attrs in (
            ("both families", None, {"remote-ip4": "198.51.100.2",
                                     "remote-ip6": "2001:db8::2"}),
            ("source of the other family", "local-ip6",
             {"remote-ip4": "198.51.100.2", "local-ip6": "2001:db8::1"}),
            ("source of the other family", "local-ip4",
             {"remote-ip6": "2001:db8::2", "local-ip4": "198.51.100.1"}),
            ("no address", "remote-ip4", {"remote-ip4": "0.0.0.0"}),
            ("group", "remote-ip4", {"remote-ip4": "224.0.0.1"}),
            ("no address", "remote-ip6", {"remote-ip6": "::"}),
            ("group", "remote-ip6", {"remote-ip6": "ff02::1"}),
            ("no source", "local-ip4", {"remote-ip4": "198.51.100.2",
                                        "local-ip4": "0.0.0.0"}),
            ("group as source", "local-ip4", {"remote-ip4": "198.51.100.2",
                                              "local-ip4": "224.0.0.1"}),
            ("no source", "local-ip6", {"remote-ip6": "2001:db8::2",
                                        "local-ip6": "::"}),
            ("group as source", "local-ip6", {"remote-ip6": "2001:db8::2",
                                              "local-ip6": "ff02::1"})):
        want = {"attr": attr} if attr else {}
        refused(t, f"chassis: {what}", lambda a=attrs: hv.df.do(
            "chassis-new", {"id": 30, "tunnel": 10, **a}),
            errno.EINVAL, **want)


@unchanged
def each_type_of_port_has_its_attributes(t, hv):
    vif, tunnel = VALID["port-new"], {"id": 12, "type": "tunnel"}
    for what, attrs, attr in (
            ("vif with chassis", {**vif, "chassis": 20}, "chassis"),
            ("tunnel with network", {**tunnel, "network": 1}, "network"),
            ("tunnel with mac", {**tunnel, "mac": mac(9)}, "mac"),
            ("tunnel with chassis", {**tunnel, "chassis": 20}, "chassis"),
            ("remote with class", {**REMOTE, "flow-class": "l2"},
             "flow-class"),
            ("remote with limit", {**REMOTE, "flow-limit": 1},
             "flow-limit"),
            ("vif to relay to", {**vif, "flags": ["relay"]}, "flags"),
            ("remote with security", {**REMOTE, "flags": ["security"]},
             "flags"),
            ("tunnel with security", {**tunnel, "flags": ["security"]},
             "flags"),
            ("remote with connections", {**REMOTE, "connection-limit": 1},
             "connection-limit"),
            ("tunnel with connections", {**tunnel, "connection-limit": 1},
             "connection-limit")):
        refused(t, what, lambda a=attrs: hv.df.do("port-new", a),
                errno.EINVAL, attr=attr)
    refused(t, "vif becomes tunnel",
            lambda: hv.tunnel(1), errno.EINVAL, attr="type")
    refused(t, "remote becomes tunnel",
            lambda: hv.tunnel(2), errno.EINVAL, attr="type")
    refused(t, "tunnel becomes vif", lambda: hv.vif(11),
            errno.EINVAL, attr="type")


@unchanged
def broken_messages_are_refused(t, hv):
    df = hv.df
    last = max(df.spec.by_number)
    notification = df.spec.operations["port-ntf"]["number"]
    for what, number, flags in (
            ("command 0", 0, NLM_F_ACK),
            ("command beyond the last", last + 1, NLM_F_ACK),
            ("notification as command", notification, NLM_F_ACK),
            ("dump of what has none",
             df.spec.operations["datapath-get"]["number"], NLM_F_DUMP),
            ("request of what is only dumped",
             df.spec.operations["flow-get"]["number"], NLM_F_ACK)):
        refused(t, what, lambda n=number, f=flags: df.command(n, b"", f),
                errno.EOPNOTSUPP)
    number = df.spec.operations["network-new"]["number"]
    for what, payload in (
            ("half an attribute header", b"\x08\0"),
            ("attribute beyond the message", struct.pack("HHI", 12, 1, 9)),
            ("attribute of no length", struct.pack("HHI", 0, 1, 9)),
            ("attribute shorter than its header",
             struct.pack("HHI", 3, 1, 9)),
            ("bytes behind the last attribute",
             nla(1, U32.pack(9)) + b"\1\2\3")):
        refused(t, what, lambda p=payload: df.command(number, p),
                errno.EINVAL)
    refused(t, "nested flag on a number", lambda: df.command(
        number, nla(1 | 0x8000, U32.pack(9))), errno.EINVAL)


def unprivileged(case, df, requests, uid=None):
    """The errno, or 0, of each request when sent by another user."""
    results = os.pipe()

    def body():
        df.adopt()
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        for call in requests:
            try:
                call(df)
                err = 0
            except OSError as refusal:
                err = refusal.errno
            os.write(results[1], struct.pack("i", err))
    child = Background(case, body)
    case.check("the other user's process", child.wait(), 0)
    os.close(results[1])
    data = os.read(results[0], 4096)
    os.close(results[0])
    return [err for (err,) in struct.iter_unpack("i", data)]


def privileged_requests(df):
    return {name: (lambda d, n=name: d.dump(n) if n == "flow-get"
                   else d.do(n, VALID.get(n, {})))
            for name, op in df.spec.operations.items()
            if "uns-admin-perm" in op.get("flags", [])}


@unchanged
def users_may_read_and_not_write(t, hv):
    requests = privileged_requests(hv.df)
    t.check("operations that want a privilege", len(requests), 27)
    errs = unprivileged(t, hv.df, requests.values(), 65534)
    for op, err in zip(requests, errs):
        t.check(f"{op} by a user", errno.errorcode.get(err, err), "EPERM")
    for group in ("packet", "log"):
        errs = unprivileged(t, hv.df, [
            lambda d, g=group: d.subscribe(g)], 65534)
        t.check(f"listening to {group} by a user", errs, [errno.EPERM])
    reads = {"datapath-get": lambda d: d.do("datapath-get"),
             "port-get": lambda d: d.do("port-get", {"id": 1}),
             "ports": lambda d: d.dump("port-get")}
    errs = unprivileged(t, hv.df, list(reads.values()), 65534)
    t.check("reading by a user", errs, [0] * len(reads))


def libc(name, *args):
    if ctypes.CDLL(None, use_errno=True)[name](*args):
        raise OSError(ctypes.get_errno(), name)


def leave_chroot():
    """The VM's init is in a chroot, from which no user namespace can be made:
    put what is our root there, in a mount namespace of our own.
    """
    libc("unshare", 0x20000)
    root = os.open("/", os.O_RDONLY)
    os.mkdir("/tmp/root")
    os.chroot("/tmp/root")
    os.fchdir(root)
    for _ in range(8):
        os.chdir("..")
    os.chroot(".")
    os.fchdir(root)
    libc("mount", b".", b"/", None, 0x2000, None)
    os.chroot(".")


def in_user_namespace(*flags):
    """Whatever follows is done by root of a user namespace of nobody's."""
    leave_chroot()
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    libc("unshare", sum(flags) | 0x10000000)


def namespace_root_programs_its_own(t):
    """Root of a user namespace is root of the network namespaces it owns."""
    def owner():
        in_user_namespace(0x40000000)
        own = Dragonflow()
        own.do("network-new", {"id": 1, "vni": 7})
        return own.dump("network-get")[0]["vni"] != 7

    def stranger():
        in_user_namespace()
        try:
            Dragonflow().do("network-new", {"id": 1, "vni": 7})
        except Refused as refusal:
            return refusal.errno != errno.EPERM
        return True
    t.check("the owner programs it", Background(t, owner).wait(), 0)
    run("rmdir", "/tmp/root")
    t.check("nobody else does", Background(t, stranger).wait(), 0)
    run("rmdir", "/tmp/root")
    outer = Dragonflow()
    t.defer(outer.close)
    t.check("the first namespace", outer.dump("network-get"), [])


@unchanged
def frames_that_cannot_be_sent_are_refused(t, hv):
    hv.device("d1", mtu=1400)
    hv.tc.attach("d1", 3)
    hv.vif(3)
    hv.vif(4)
    hv.device("d4")
    hv.tc.attach("d4", 4)
    good = ethernet(mac(3), mac(41))
    for what, port, frame, err, attr in (
            ("no such port", 9, good, errno.ENOENT, "port"),
            ("a remote port", 2, good, errno.EOPNOTSUPP, "port"),
            ("a tunnel", 10, good, errno.EOPNOTSUPP, "port"),
            ("a port without device", 1, good, errno.ENODEV, "port"),
            ("no header", 3, good[:13], errno.EINVAL, "frame"),
            ("nothing", 3, b"", errno.EINVAL, "frame"),
            ("a truncated packet", 3, good[:12] + b"\x86\xdd\x60",
             errno.EINVAL, "frame"),
            ("a malformed packet", 3, ethernet(mac(3), mac(41), 0x800,
                                               b"\x44" * 40),
             errno.EINVAL, "frame"),
            ("from a group", 3, ethernet(mac(3), "01:00:5e:00:00:01"),
             errno.EINVAL, "frame"),
            ("from nobody", 3, ethernet(mac(3), "00:00:00:00:00:00"),
             errno.EINVAL, "frame"),
            ("beyond the device's MTU", 3, good.ljust(1415, b"\0"),
             errno.EMSGSIZE, "frame"),
            ("too long at all", 3, good.ljust(16385, b"\0"),
             errno.EINVAL, "frame")):
        refused(t, what, lambda p=port, f=frame: hv.df.do(
            "packet-execute", {"port": p, "frame": f}), err, attr=attr)
    hv.vif(3, flags=["admin-down"])
    refused(t, "a port that is down", lambda: hv.df.do(
        "packet-execute", {"port": 3, "frame": good}), errno.ENETDOWN,
        attr="port")
    hv.vif(3)
    hv.ip("link", "set", "d4", "down")
    refused(t, "a device that is down", lambda: hv.df.do(
        "packet-execute", {"port": 4, "frame": good}), errno.ENETDOWN,
        attr="port")
    t.check("nothing was sent", hv.counter(3, "tx-packets"), 0)
    hv.df.do("packet-execute", {"port": 3,
                                "frame": good.ljust(1414, b"\0")})
    t.check("but what may be", hv.counter(3, "tx-packets"), 1)
    for port in (3, 4):
        hv.df.do("port-del", {"id": port})


def filters_are_refused(t):
    hv = world(t)
    tc = hv.tc
    ip_batch(hv.name, *(f"link add name {dev} type dummy" for dev in "abcd"))
    refused(t, "no clsact", lambda: tc.filter("a", 1), errno.EINVAL)
    for dev in ("a", "b"):
        tc.clsact(dev)
    for what, options, attr in (
            ("no port", b"", None),
            ("port 0", nla(1, U32.pack(0)), "ERANGE"),
            ("short port", nla(1, b"\1\0"), None),
            ("long port", nla(1, bytes(8)), None),
            ("port and underlay", nla(1, U32.pack(1)) + nla(2, b""), None),
            ("underlay 1", nla(2, U32.pack(1)), "ERANGE"),
            ("unknown attribute", nla(1, U32.pack(1)) + nla(3, U32.pack(1)),
             None)):
        refused(t, what, lambda o=options: tc.filter("a", options=o),
                errno.ERANGE if attr else errno.EINVAL)
    t.check("nothing was attached", hv.df.port(1).get("ifindex"), None)
    refused(t, "egress", lambda: tc.filter("a", 1, parent=EGRESS),
            errno.EOPNOTSUPP, text="clsact ingress")
    refused(t, "chain 1", lambda: tc.filter("a", 1, chain=1),
            errno.EOPNOTSUPP, text="chain 0")
    tc.clsact("c", kind=b"ingress\0")
    refused(t, "ingress qdisc", lambda: tc.filter("c", 1, parent=0xffff0000),
            errno.EOPNOTSUPP, text="clsact ingress")
    tc.clsact("d", attrs=nla(TCA_INGRESS_BLOCK, U32.pack(7)))
    refused(t, "shared block", lambda: _block_filter(tc, 7),
            errno.EOPNOTSUPP, text="shared")
    tc.filter("a", 1)
    refused(t, "port of another device", lambda: tc.filter("b", 1),
            errno.EEXIST, text="Another device")
    refused(t, "the same once more", lambda: tc.filter("a", 1),
            errno.EEXIST)
    t.check("the port has its device", hv.df.port(1).get("ifindex"),
            tc.ifindex("a"))
    tc.clsact("lo")
    refused(t, "not Ethernet", lambda: tc.filter("lo", 5),
            errno.EOPNOTSUPP, text="Ethernet")


def _block_filter(tc, block):
    attrs = nla(1, tc.KIND) + nla(2 | 0x8000, nla(1, U32.pack(1)))
    tc.transact(tc.message(44, struct.pack(
        "BBHIIII", 0, 0, 0, 0xffffffff, 0, block, tc.info()) + attrs,
        NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL))


main(missing_attributes_are_named, short_and_long_attributes_are_refused,
     values_out_of_range_are_refused, unknown_attributes_are_refused,
     dangling_references_are_refused, what_is_in_use_stays,
     exclusive_requests_replace_nothing, addresses_and_vnis_are_unique,
     addresses_must_be_of_one_station, each_type_of_port_has_its_attributes,
     broken_messages_are_refused, users_may_read_and_not_write,
     namespace_root_programs_its_own,
     frames_that_cannot_be_sent_are_refused, filters_are_refused)
