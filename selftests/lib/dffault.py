# SPDX-License-Identifier: GPL-2.0
"""Let the kernel's allocations fail, one after the other.

The kernel must be able to (FAULT_INJECTION, FAILSLAB, FAIL_PAGE_ALLOC): a debug
kernel is, Debian's are not. Only what the calling thread allocates fails, in
its system calls and in what runs in their context with BH off, not in softirqs.
"""
import os
import pathlib

DEBUGFS = pathlib.Path("/sys/kernel/debug")
KNOBS = {
    # also those that could wait for memory, and quietly
    # and once one has failed, all others of a thread that has told so
    "failslab": {"ignore-gfp-wait": "N", "verbose": "0", "task-filter": "Y",
                 "times": "-1", "probability": "100"},
    "fail_page_alloc": {"ignore-gfp-wait": "N", "verbose": "0",
                        "min-order": "0"},
}
MANY = 1 << 30


class Faults:
    """One thread's; not to be used by a child of it."""

    def __init__(self, t):
        path = "/proc/thread-self/fail-nth"
        if not os.path.exists(path):
            t.skip("the kernel injects no faults")
        for kind, knobs in KNOBS.items():
            for knob, value in knobs.items():
                self._turn(t, DEBUGFS / kind / knob, value)
        self.fd = os.open(path, os.O_RDWR)
        t.defer(os.close, self.fd)
        self.later = os.open("/proc/thread-self/make-it-fail", os.O_WRONLY)
        t.defer(os.close, self.later)

    @staticmethod
    def _turn(t, knob, value):
        before = knob.read_text(encoding="ascii").strip()
        knob.write_text(value, encoding="ascii")
        t.defer(knob.write_text, before, "ascii")

    def call(self, nth, function, is_lasting=False):
        """function() with its nth allocation failing, or also all after it (who
        tries again is not helped): whether there were so many, and what it
        returned or the OSError that it raised.
        """
        os.pwrite(self.later, b"%d" % is_lasting, 0)
        os.pwrite(self.fd, b"%d" % nth, 0)
        try:
            result = function()
        except OSError as problem:
            result = problem
        os.pwrite(self.later, b"0", 0)
        left = int(os.pread(self.fd, 20, 0))
        os.pwrite(self.fd, b"0", 0)
        return not left, result

    def count(self, function):
        """How many allocations function() makes, and what it returns."""
        os.pwrite(self.fd, b"%d" % MANY, 0)
        result = function()
        left = int(os.pread(self.fd, 20, 0))
        os.pwrite(self.fd, b"0", 0)
        return MANY - left, result
