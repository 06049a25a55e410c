#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# What is generated and committed agrees with what it is generated from.
ALL_TESTS="header_and_policy_agree_with_the_spec parser_vectors_agree_with_scapy"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

TOP=$(cd "$(dirname "$0")/../.." && pwd)

header_and_policy_agree_with_the_spec() {
	check "uapi/regen.sh" "$TOP/uapi/regen.sh" --check
}

parser_vectors_agree_with_scapy() {
	check "key_vectors.py" "$TOP/selftests/unit/key_vectors.py" --check
}

tests_run
