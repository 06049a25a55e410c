# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A cloud for the agent's tests: hypervisors that share a database file.
#
#   adf_cloud N [ENCAP...]	N hypervisors (namespaces ${HV[1]} to ${HV[N]})
#				on one underlay; ENCAP: vxlan4 vxlan6 geneve4
#				geneve6 (vxlan4). Their agents do not run yet.
#   agent_start I [OPTION...]	start the agent of hypervisor I; waits until it
#				is in step with the database
#   agents_start I...		the same of several at the same time
#   agent_stop I, agent_kill I	with SIGTERM, with SIGKILL; wait for its end
#   nb ARGUMENT...		dfctl on the cloud's database
#   id NAME			the UUID of an object, made of up to 12 characters
#   object MODEL NAME [JSON]	such an object, with these fields, too
#   write			the objects on standard input, by one command
#   device_of NAME		the device of that port
#   hv_kernel I ARGUMENT...	dfctl kernel there
#   agent_log I			what the agent of hypervisor I has logged
#   agent_ask I CMD		its answer to a request, as JSON
#   network_new			create a network, of 192.0.2.0/24: $NETWORK
#   port_new I MAC [FIELD=VALUE...]
#				create a port of $NETWORK, bound to hypervisor I
#				(0: to none): $PORT, $KEY and $DEVICE. Its workload
#				has the addresses that it says: fixed_ips=192.0.2.1
#   adf_plug I NS MAC ADDRESS/LEN...	plug a workload into $DEVICE there
#   port_is_programmed I KEY TYPE, port_is_absent I KEY
#				in the kernel of hypervisor I
#   port_status_is ID STATUS
#   flow_receive NS LOG [MS], flow_send NS ADDRESS SECONDS LOG [PACKETS]
#				1,000 packets/s, until none comes for so long (some 3,000);
#				value LOG NAME reads a result
#   flow_end SECONDS		wait for the end of both, at most so long
#   flow_stop			end them now
#   steady_flow NS TO ADDRESS [MS]	a slow flow without end, to namespace TO
#   datagrams, more_datagrams_than N	how many TO has received
#   flow_came			end it, once there was enough of it
#   check_flow			the same, and nothing of it was lost

# Always "jq -es": without -s, jq 1.6 calls an answer that never came true.
UDPFLOW=$DF_BUILD/selftests/udpflow
export DRAGONFLOW_DRIVER_DIR=$DF_BUILD/lib/dragonflow
HV=()
AGENT=()

encap_option() {
	case $1 in
	*4) echo "--encap=${1%4}:$(underlay4 "$2")" ;;
	*6) echo "--encap=${1%6}:$(underlay6 "$2")" ;;
	esac
}

adf_cloud() {
	local n=$1 i
	shift
	adf_tmpdir
	CLOUD=$PWD
	DATABASE=sqlite://$CLOUD/nb.db
	ENCAPS=("${@:-vxlan4}")
	HV=()
	for ((i = 1; i <= n; i++)); do
		HV[i]=hv$i-$$
	done
	adf_netns "${HV[@]}"
	adf_underlay "underlay-$$" "${HV[@]}"
}

agent_start() {
	agent_launch "$@"
	run wait_for 20 agent_is_in_step "$1"
}

agents_start() {
	local i
	for i in "$@"; do
		agent_launch "$i"
	done
	for i in "$@"; do
		run wait_for 20 agent_is_in_step "$i"
	done
}

agent_launch() {
	local i=$1 encap options=()
	shift
	for encap in "${ENCAPS[@]}"; do
		options+=("$(encap_option "$encap" "$i")")
	done
	adf_daemon "$CLOUD/hv$i.log" nsenter --net="/run/netns/${HV[i]}" dragonflowd \
		--config=/dev/null --database="${AGENT_DATABASE:-$DATABASE}" --chassis="hv$i" \
		--run-dir="$CLOUD" --state-dir="$CLOUD" "${options[@]}" "$@"
	AGENT[i]=$DAEMON_PID
}

agent_is_in_step() {
	agent_ask "$1" status | jq -es '.[0] | .ok and .pending == 0 and
		(.problems | length) == 0 and (.dataplane == "none" or .reconciled)' >/dev/null
}

agent_end() {
	kill "-$2" "${AGENT[$1]}"
	run wait_for 10 process_is_gone "${AGENT[$1]}"
	wait "${AGENT[$1]}" 2>/dev/null
}

agent_stop() {
	agent_end "$1" TERM
}

agent_kill() {
	agent_end "$1" KILL
}

# For who reads of a failure, which may not come again.
explain() {
	local i
	for i in "${!HV[@]}"; do
		echo "--- hv$i: what its agent says, the ports of its kernel, the log"
		timeout 5 dfctl --json --control-socket "$CLOUD/hv$i.sock" status | jq -c .agent
		hv_kernel "$i" ports | jq -c '.[][]' | head -n 30
		agent_log "$i" | tail -n 15
	done
}

nb() {
	dfctl --database "$DATABASE" "$@"
}

id() {
	local hex='' i
	for ((i = 0; i < ${#1}; i++)); do
		printf -v hex '%s%02x' "$hex" "'${1:i:1}"
	done
	hex=${hex}000000000000000000000000
	echo "${hex:0:8}-${hex:8:4}-4000-8000-${hex:12:12}"
}

object() {
	echo "{\"model\": \"$1\", \"id\": \"$(id "$2")\", \"name\": \"$2\"${3:+, $3}}"
}

write() {
	cat >objects
	run nb apply "$PWD/objects"
}

device_of() {
	local port
	port=$(id "$1")
	echo "tap${port:0:11}"
}

hv_kernel() {
	local i=$1
	shift
	ns "${HV[i]}" dfctl --json kernel "$@"
}

agent_log() {
	cat "$CLOUD/hv$1.log"
}

agent_ask() {
	echo "{\"cmd\":\"$2\"}" | socat -t 5 - "UNIX-CONNECT:$CLOUD/hv$1.sock"
}

network_new() {
	NETWORK=$(nb network create) || fail "cannot create a network"
	run nb subnet create network_id="$NETWORK" cidr=192.0.2.0/24
}

port_new() {
	local i=$1 mac=$2 host=()
	shift 2
	[ "$i" = 0 ] || host=("binding_host=hv$i")
	PORT=$(nb port create network_id="$NETWORK" mac_address="$mac" \
		"${host[@]}" "$@") || fail "cannot create a port"
	# shellcheck disable=SC2034 # the tests use it
	KEY=$(nb --json port show "$PORT" | jq '.. | .key? // empty')
	DEVICE=tap${PORT:0:11}
}

adf_plug() {
	adf_workload "${HV[$1]}" "$2" "$DEVICE" "${@:3}"
	run ns "$2" ethtool -K eth0 tx off
}

port_is_programmed() {
	hv_kernel "$1" ports | jq -es --argjson key "$2" --arg type "$3" \
		'any(.[][]; .id == $key and .type == $type)' >/dev/null
}

port_is_absent() {
	hv_kernel "$1" ports | jq -es --argjson key "$2" \
		'length == 1 and all(.[0][]; .id != $key)' >/dev/null
}

port_status_is() {
	nb --json port_status show "$1" |
		jq -es --arg status "$2" 'any(..; .status? == $status)' >/dev/null
}

flow_receive() {
	adf_daemon "$2" nsenter --net="/run/netns/$1" "$UDPFLOW" receive 5000 "${3:-$((1500 * (WAIT_FACTOR + 1)))}"
	FLOW_RECEIVER=$DAEMON_PID
	run wait_for 10 is_listening "$1"
}

is_listening() {
	ns "$1" ss -Hlun "sport = :5000" | grep -q .
}

flow_send() {
	adf_daemon "$4" nsenter --net="/run/netns/$1" "$UDPFLOW" send "$2" 5000 "${5:-1000}" "$3"
	FLOW_SENDER=$DAEMON_PID
}

# Wait for the sender's end, then for the receiver's: what came is in the logs.
flow_end() {
	run wait_for "$1" process_is_gone "$FLOW_SENDER"
	run wait_for 10 process_is_gone "$FLOW_RECEIVER"
}

# The receiver takes what has come by then.
flow_stop() {
	local pid
	for pid in "$FLOW_SENDER" "$FLOW_RECEIVER"; do
		kill "$pid" 2>/dev/null
		run wait_for 10 process_is_gone "$pid"
	done
}

# A faster one would take the processor from those whose work it waits for.
RATE=200

steady_flow() {
	FLOW_TO=$2
	FLOW_BEGAN=$(datagrams)
	flow_receive "$2" "$PWD/received" "${4:-}"
	flow_send "$1" "$3" 300 "$PWD/sent" "$RATE"
}

datagrams() {
	# shellcheck disable=SC2016 # awk's
	ns "$FLOW_TO" awk '/^Udp: [0-9]/ { print $2 }' /proc/net/snmp
}

more_datagrams_than() {
	[ "$(datagrams)" -gt "$1" ]
}

flow_came() {
	check "there was a flow" wait_for 10 more_datagrams_than $((FLOW_BEGAN + RATE))
	flow_stop
	log "$(<sent)" "$(<received)"
}

check_flow() {
	flow_came
	check_eq "every packet arrived" "$(value sent sent)" "$(value received received)"
	check_eq "none was lost" 0 "$(value received lost)"
}

value() {
	sed -n "s/.*\\<$2=\\([0-9]*\\).*/\\1/p" "$1"
}

# --- networks, routers and workloads, each with both address families -----------

# network_objects NAME N [JSON]: a network with 10.N.0.0/24 and 2001:db8:N::/64
network_objects() {
	local network
	network="\"network_id\": \"$(id "$1")\""
	object network "$1" "${3:-}"
	object subnet "$1-4" "$network, \"cidr\": \"10.$2.0.0/24\", \"gateway_ip\": \"10.$2.0.1\""
	object subnet "$1-6" "$network, \"cidr\": \"2001:db8:$2::/64\", \"gateway_ip\": \"2001:db8:$2::1\""
}

# interface_object ROUTER NETWORK
interface_object() {
	object router_interface "$1-$2" "\"router_id\": \"$(id "$1")\", \"fixed_ips\": [
		{\"subnet_id\": \"$(id "$2-4")\"}, {\"subnet_id\": \"$(id "$2-6")\"}]"
}

# rule_objects NAME GROUP DIRECTION [JSON]: rules NAME4 and NAME6 with this
rule_objects() {
	local version
	for version in 4 6; do
		echo "{\"model\": \"security_group_rule\", \"id\": \"$(id "$1$version")\",
			\"security_group_id\": \"$(id "$2")\", \"direction\": \"$3\",
			\"ethertype\": \"IPv$version\"${4:+, $4}}"
	done
}

# mac_of I N HOST: of the workload with that address there
mac_of() {
	printf '02:00:00:%02x:%02x:%02x' "$@"
}

# port_object NAME I NETWORK N HOST [GROUP]: on hypervisor I, with 10.N.0.HOST
port_object() {
	object port "$1" "\"network_id\": \"$(id "$3")\", \"binding_host\": \"hv$2\",
		${6:+\"security_groups\": [\"$(id "$6")\"],} \"mac_address\": \"$(mac_of "$2" "$4" "$5")\",
		\"fixed_ips\": [{\"subnet_id\": \"$(id "$3-4")\", \"ip_address\": \"10.$4.0.$5\"},
		{\"subnet_id\": \"$(id "$3-6")\", \"ip_address\": \"2001:db8:$4::$5\"}]"
}

# plug NAME I N HOST: the workload of that port
plug() {
	local name=$1 n=$3
	DEVICE=$(device_of "$name")
	adf_plug "$2" "$name-$$" "$(mac_of "$2" "$n" "$4")" "10.$n.0.$4/24" "2001:db8:$n::$4/64"
	run ip -n "$name-$$" link set eth0 mtu 1450
	run ip -n "$name-$$" route add default via "10.$n.0.1"
	run ip -n "$name-$$" route add default via "2001:db8:$n::1"
}

# all_are_in_step: three hypervisors
all_are_in_step() {
	agent_is_in_step 1 && agent_is_in_step 2 && agent_is_in_step 3
}

# reaches NAME ADDRESS [SECONDS]: by TCP, where somebody listens; there and back
reaches() {
	ns "$1-$$" timeout "${3:-$((2 * WAIT_FACTOR))}" bash -c \
		"exec 3<>/dev/tcp/$2/7 && echo hello >&3 && read -r word <&3 && [ \"\$word\" = hello ]"
}
