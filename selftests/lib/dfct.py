# SPDX-License-Identifier: GPL-2.0
"""What conntrack knows, as "conntrack -L" tells it."""
import struct

from dfnl import NLM_F_DUMP, Socket, nlas


class Conntrack(Socket):
    """The connections of a namespace."""

    NETLINK_NETFILTER, CT_GET, CT_DELETE = 12, 0x101, 0x102
    ORIG, PROTO, PROTOINFO = 1, 2, 4
    STATUS, TIMEOUT, ASSURED = 3, 7, 1 << 2
    STATES = ("NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT "
              "LAST_ACK TIME_WAIT CLOSE").split()

    def __init__(self, netns=None):
        super().__init__(self.NETLINK_NETFILTER, netns)

    def _dump(self):
        return [{kind: data for _, kind, data in nlas(reply[4:])}
                for reply in self.transact(self.message(
                    self.CT_GET, struct.pack("BBH", 0, 0, 0), NLM_F_DUMP),
                    want_dump=True)]

    def assured(self):
        """Of each whether it is one to be kept when the table is full."""
        return [bool(int.from_bytes(attrs[self.STATUS], "big") & self.ASSURED)
                for attrs in self._dump()]

    def timeouts(self):
        """How many seconds each has left."""
        return [int.from_bytes(attrs[self.TIMEOUT], "big")
                for attrs in self._dump()]

    def connections(self):
        """Protocol, destination port and state of TCP or "" of each."""
        out = []
        for attrs in self._dump():
            tuple_ = {kind: data for _, kind, data in nlas(attrs[self.ORIG])}
            proto = {kind: data for _, kind, data in
                     nlas(tuple_[self.PROTO])}
            state = ""
            for _, _, tcp in nlas(attrs.get(self.PROTOINFO, b"")):
                state = self.STATES[{kind: data for _, kind, data
                                     in nlas(tcp)}[1][0]]
            out.append((proto[1][0], int.from_bytes(proto.get(3, b""), "big"),
                        state))
        return out
