#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# Any client that reads YNL specs can speak with the module: here the kernel's
# own, tools/net/ynl/cli.py.
# TIMEOUT=180
ALL_TESTS="ynl_programs_reads_and_deletes ynl_shows_refusals"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

setup() {
	need_dragonflow
	TOP=$(cd "$(dirname "$0")/../.." && pwd)
	YNL=${YNL:-${XDG_CACHE_HOME:-$HOME/.cache}/dragonflow/kernel-tools/linux-source-6.12}
	[ -f "$YNL/tools/net/ynl/cli.py" ] || skip "no YNL client; see tools/deps/kernel-tools"
	adf_netns "$HV"
}

# ynl ARGUMENTS...: the answer, as JSON where there is one
ynl() {
	ns "$HV" /usr/bin/python3 "$YNL/tools/net/ynl/cli.py" --spec "$TOP/uapi/dragonflow.yaml" \
		"${SCHEMA[@]}" --output-json "$@"
}

says() {
	local filter=$1
	shift
	ynl "$@" | jq -e "$filter"
}

ynl_programs_reads_and_deletes() {
	# once with the schema of specs, which takes long to go through
	SCHEMA=(--schema "$YNL/Documentation/netlink/genetlink-legacy.yaml")
	run ynl --do datapath-get
	SCHEMA=(--no-schema)
	run ynl --do network-new --json '{"id": 1, "vni": 100, "flags": ["vlan-transparent"]}'
	run ynl --do port-new --json '{"id": 7, "type": "vif", "network": 1, "mac": "020000000007", "flow-class": "connection"}'
	check "get" says '.vni == 100 and .flags == ["vlan-transparent"] and .ports == 1' \
		--do network-get --json '{"id": 1}'
	check "dump" says 'length == 1 and .[0].id == 7 and .[0].type == "vif" and .[0].stats["rx-packets"] == 0' \
		--dump port-get
	check "counts" says '.networks == 1 and .ports == 1 and .chassis == 0' --do datapath-get
	run ynl --do port-del --json '{"id": 7}'
	run ynl --do network-del --json '{"id": 1}'
	check "nothing is left" says '.networks == 0 and .ports == 0' --do datapath-get
}

ynl_shows_refusals() {
	check_fails "unknown network" ynl --do network-get --json '{"id": 1}'
	local said=$OUTPUT
	check "it says why: $said" test "${said/Nothing has this id/}" != "$said"
}

HV=hv-$$ SCHEMA=(--no-schema)
tests_run
