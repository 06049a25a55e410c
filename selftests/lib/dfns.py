# SPDX-License-Identifier: GPL-2.0
"""Network namespaces, as iproute2 keeps them, but without its processes: a
process is what costs most on an emulated processor.
"""
import ctypes
import os

CLONE_NEWNET, MS_BIND, MNT_DETACH = 0x40000000, 0x1000, 2

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(function, *args):
    if function(*args):
        raise OSError(ctypes.get_errno(), function.__name__)


def _setns(fd):
    _checked(_libc.setns, fd, CLONE_NEWNET)


def netns_add(name):
    """What "ip netns add" does."""
    path = f"/run/netns/{name}"
    os.makedirs("/run/netns", exist_ok=True)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0))
    back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _checked(_libc.unshare, CLONE_NEWNET)
        _checked(_libc.mount, b"/proc/thread-self/ns/net", path.encode(),
                 b"none", MS_BIND, None)
    finally:
        _setns(back)
        os.close(back)


def netns_del(name):
    """What "ip netns del" does; what is gone already may be."""
    path = f"/run/netns/{name}"
    if not os.path.exists(path):
        return
    _checked(_libc.umount2, path.encode(), MNT_DETACH)
    os.unlink(path)


class inside:
    """Within this block the thread is in another network namespace."""

    def __init__(self, netns):
        self.path = None
        if netns not in (None, "-"):
            self.path = f"/run/netns/{netns}"

    def __enter__(self):
        if self.path:
            self.back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            to = os.open(self.path, os.O_RDONLY)
            _setns(to)
            os.close(to)

    def __exit__(self, *unused):
        if self.path:
            _setns(self.back)
            os.close(self.back)
