# SPDX-License-Identifier: GPL-2.0
"""Say that a workload has addresses, as whoever takes them over does.

    python3 claim.py NETNS MAC ADDRESS...
                        from eth0, with this MAC: a gratuitous ARP request or an
                        unsolicited neighbour advertisement for each
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dfanswers import (  # noqa: E402  pylint: disable=wrong-import-position
    advertisement, arp)
from dftest import Wire  # noqa: E402  pylint: disable=wrong-import-position


def main():
    netns, address = sys.argv[1:3]
    wire = Wire(netns, "eth0")
    for ip in sys.argv[3:]:
        if ":" in ip:
            wire.send(advertisement(address, ip, ip))
        else:
            wire.send(arp(address, ip, ip))
    wire.close()


if __name__ == "__main__":
    main()
