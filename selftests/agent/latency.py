# SPDX-License-Identifier: GPL-2.0
"""From the return of "dfctl port create" to the kernel's port.

    python3 latency.py NETNS COUNT DATABASE NETWORK HOST

Creates COUNT ports of NETWORK, bound to HOST, and prints when the kernel of
NETNS announced each, in milliseconds after dfctl had returned. Negative: it was
there before, for dfctl still had to end.
"""
import pathlib
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import dfnl  # noqa: E402  pylint: disable=wrong-import-position

PATIENCE_S = 30


class Watcher(threading.Thread):
    """Notes when a new port was announced."""

    def __init__(self, netns):
        super().__init__(daemon=True)
        self.socket = dfnl.Dragonflow(netns)
        self.socket.subscribe()
        self.times = {}
        self.changed = threading.Condition()

    def run(self):
        while True:
            event = self.socket.event(PATIENCE_S)
            if not event or event[0] != "port-ntf":
                continue
            with self.changed:
                self.times.setdefault(event[1]["mac"], time.monotonic())
                self.changed.notify()

    def wait_for(self, mac):
        """When the port with this address was announced."""
        with self.changed:
            if not self.changed.wait_for(lambda: mac in self.times, PATIENCE_S):
                sys.exit(f"the port {mac} never came")
            return self.times[mac]


def main():
    """Measure, print."""
    netns, count, database, network, host = sys.argv[1:]
    watcher = Watcher(netns)
    watcher.start()
    delays = []
    for i in range(int(count)):
        mac = f"02:02:00:00:00:{i:02x}"
        subprocess.run(["dfctl", "--database", database, "port", "create",
                        f"network_id={network}", f"mac_address={mac}",
                        f"binding_host={host}"],
                       check=True, stdout=subprocess.DEVNULL)
        returned = time.monotonic()
        delays.append((watcher.wait_for(mac) - returned) * 1000)
    print(f"dfctl port create to kernel object: median"
          f" {statistics.median(delays):.1f} ms,"
          f" from {min(delays):.1f} to {max(delays):.1f} ms")


main()
