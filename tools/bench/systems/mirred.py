# SPDX-License-Identifier: GPL-2.0
"""The zero line: packets go where they should without a decision."""
from systems import System
from world import HV, tc


class Mirred(System):
    NAME = "mirred"
    LACKS = {"": "decides nothing"}

    def _redirect(self, *pairs):
        self.used += [dev for dev, _ in pairs]
        for dev, to in pairs:
            tc(HV, f"""
                qdisc add dev {dev} clsact
                filter add dev {dev} ingress matchall action mirred egress redirect dev {to}""")

    def l2_local(self):
        self._redirect(("in", "out"), ("out", "in"))

    def l2_remote_send(self):
        self._redirect(("in", "under"))

    def l2_remote_receive(self):
        self._redirect(("under", "out"))

    # The same lines, whatever the packets on them.
    l3_local = l2_local
    l3_remote_send = l2_remote_send
    l3_remote_receive = l2_remote_receive
