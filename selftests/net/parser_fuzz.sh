#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# A few seconds of fuzzing for the packet parser.
exec "$(dirname "$0")/../fuzz/key.sh"
