# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The pieces of the demo's cloud, made of network namespaces: an underlay, the
# hypervisors with an agent each, and workloads. Everything else is dfctl's.

DEMO_DIR=${TMPDIR:-/tmp}/demo
export DRAGONFLOW_DATABASE=sqlite://$DEMO_DIR/cloud.db
declare -A AGENT

ns() {
	local name=$1
	shift
	ip netns exec "$name" "$@"
}

hv1() { on hv1 "$@"; }
hv2() { on hv2 "$@"; }
hv3() { on hv3 "$@"; }

# on HYPERVISOR CMD...: CMD there, dfctl asking the agent there
on() {
	local name=$1
	shift
	ip netns exec "$name" env DRAGONFLOW_CONTROL_SOCKET="$DEMO_DIR/run/$name.sock" "$@"
}

# until_true SECONDS CMD...: poll
until_true() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >"$DEMO_DIR/poll.log" 2>&1; do
		if [ "$(now_ms)" -gt "$deadline" ]; then
			echo "waited in vain for: $*"
			cat "$DEMO_DIR/poll.log"
			return 1
		fi
		sleep 0.05
	done
}

underlay4() { echo "198.51.100.$1"; }
underlay6() { echo "2001:db8:ffff::$1"; }

# A switch that connects the hypervisors, as the racks' switches do.
underlay_up() {
	ip netns add underlay &&
		ip -n underlay -batch - <<-END
			link set lo up
			link add br0 type bridge mcast_snooping 0
			link set br0 up mtu 1600
		END
}

# hypervisor_up N: namespace hvN, connected. Devices that come later, the taps
# among them, take no part in IPv6: a hypervisor does not talk to its workloads.
hypervisor_up() {
	ip -batch - <<-END &&
		netns add hv$1
		link add underlay netns hv$1 type veth peer name hv$1 netns underlay
	END
		ip -n underlay link set "hv$1" master br0 mtu 1600 up &&
		ip -n "hv$1" -batch - <<-END &&
			link set lo up
			link set underlay mtu 1600 up
			address add $(underlay4 "$1")/24 dev underlay
			address add $(underlay6 "$1")/64 dev underlay nodad
		END
		ns "hv$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
}

# agent_config N ENCAP...
agent_config() {
	local n=$1 encap
	shift
	{
		echo "database = $DRAGONFLOW_DATABASE"
		echo "chassis = hv$n"
		echo "run-dir = $DEMO_DIR/run"
		echo "state-dir = $DEMO_DIR/run"
		for encap in "$@"; do
			echo "encap = $encap"
		done
	} >"$DEMO_DIR/hv$n.conf"
}

# agent_start HYPERVISOR
agent_start() {
	ip netns exec "$1" dragonflowd --config "$DEMO_DIR/$1.conf" >>"$DEMO_DIR/$1.log" 2>&1 </dev/null &
	# read by who kills it
	# shellcheck disable=SC2034
	AGENT[$1]=$!
	disown
}

# Is the hypervisor well, in its own words?
is_well() {
	on "$1" dfctl status
}

# on_all CMD...: for each hypervisor, its name as the last word
on_all() {
	local name
	for name in hv1 hv2 hv3; do
		"$@" "$name" || return 1
	done
}

port_field() {
	dfctl port show "$1" --json | jq -r ".$2"
}

# The name by which a hypervisor recognises a port's device.
tap_of() {
	local id
	id=$(port_field "$1" id)
	echo "tap${id:0:11}"
}

# workload_up NAME HYPERVISOR TAP MAC MTU ADDRESS/LEN...: namespace NAME, whose
# eth0 has what the port promises
workload_up() {
	local name=$1 host=$2 tap=$3 mac=$4 mtu=$5 address
	shift 5
	ip -batch - <<-END &&
		netns add $name
		link add $tap netns $host mtu $mtu type veth peer name eth0 netns $name mtu $mtu address $mac
	END
		ip -n "$host" link set "$tap" up &&
		{
			echo "link set lo up"
			echo "link set eth0 up"
			for address in "$@"; do
				[[ $address == *:* ]] || echo "address add $address dev eth0"
				[[ $address != *:* ]] || echo "address add $address dev eth0 nodad"
			done
		} | ip -n "$name" -batch -
}

# workload_list: the arguments of workload_up, but MTU, for every port
workload_list() {
	dfctl port list --json | jq -r '.[] |
		"\(.name) \(.binding_host) tap\(.id[0:11]) \(.mac_address) " +
		(.fixed_ips | map(.ip_address + (if .ip_address | contains(":") then "/64" else "/24" end)) | join(" "))'
}

# ports_up: how many are up where they are bound, as the agents told the database
ports_up() {
	dfctl port list --json | jq 'map(select(.port_status.status == "up" and
		.port_status.chassis == .binding_host)) | length'
}

# ports_are COUNT: so many are up
ports_are() {
	[ "$(ports_up)" = "$1" ]
}
