# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a selftest written in bash is made of. A test file lists its cases and
# calls tests_run; it prints KTAP, and cleans up by itself:
#
#	#!/bin/bash
#	# SPDX-License-Identifier: GPL-2.0
#	#   +-------- $HV ---------+
#	#   | tap1 (dragonflow)    |---- eth0 $W1 192.0.2.1
#	#   +----------------------+
#	# TIMEOUT=60
#	ALL_TESTS="gateway_is_reached"
#	# shellcheck source=selftests/lib.sh
#	. "$(dirname "$0")/../lib.sh"
#
#	setup() { need_dragonflow; adf_netns "$HV"; }
#	gateway_is_reached() {
#		adf_workload "$HV" "$W1" tap1 02:00:00:00:00:01 192.0.2.1/24
#		check "the gateway answers" can_ping "$W1" 192.0.2.254
#	}
#	HV=hv-$$ W1=w1-$$
#	tests_run
#
# setup (optional) runs once, before the cases; its failure fails every case.
# Each case runs in a subshell with a defer scope of its own: what it creates
# is gone when it ends, what setup created is gone when the file ends.
#
#   defer CMD...		run CMD when the scope ends, last one first
#   check WHAT CMD...		CMD must succeed; the case goes on if not
#   check_fails WHAT CMD...	CMD must fail
#   check_eq WHAT WANT GOT	two texts must be the same
#   require WHAT CMD...		as check, but the case ends if it fails
#   run CMD...			as require, when the command says it all
#   fail MESSAGE, skip REASON	end the case
#   wait_for SECONDS CMD...	poll until CMD succeeds; never sleep instead
#   log MESSAGE			shown if the case fails
#   ns NAME CMD...		run CMD in a network namespace (but /sys stays)
#   ip_batch NAME COMMAND...	as require, commands of ip in there, one process
#   can_ping NAME ADDRESS [PING ARGUMENTS]
#   need_dragonflow		load the module; skip outside the test VM
#   adf_netns NAME...		a namespace, lo up (adf_: cleans up by itself)
#   adf_veth NS1 DEV1 NS2 DEV2	a veth pair, up
#   adf_workload HV NAME DEV MAC [ADDRESS/LEN...]
#				namespace NAME with eth0, its other end DEV in HV
#   adf_underlay NAME HV...	namespace NAME: a bridge between hypervisors; the
#				n-th gets device "underlay", addresses underlay4 n
#				and underlay6 n
#   adf_daemon LOG CMD...	CMD in the background; its process id: $DAEMON_PID
#   adf_tmpdir			make a directory and cd there
#
# In the environment: DF_BUILD (the build directory; its bin/ is in PATH and
# its lib/ in LD_LIBRARY_PATH), TMPDIR (empty, removed afterwards), VM=1 in the
# VM, WAIT_FACTOR (patience, for slow kernels). Put $$ into names. V=1 shows
# the output of passing cases too, PAUSE_ON_FAIL=1 stops at a failed case.

set -u
: "${TMPDIR:=/tmp}" "${WAIT_FACTOR:=1}"
UNDERLAY_MTU=${UNDERLAY_MTU:-1600}
DEFERRED=()
RET=0

log() {
	printf '# %s\n' "${*//$'\n'/$'\n# '}"
}

# --- what a case says -------------------------------------------------------

# complain TEXT...: of a case's first failure tell also what explain says, if the
# test has such a function
complain() {
	local before=$RET
	RET=1
	log "FAIL: $*"
	if [ "$before" = 0 ] && declare -F explain >/dev/null; then log "$(explain 2>&1)"; fi
}

fail() {
	complain "$*"
	exit 1
}

skip() {
	printf '%s' "$*" >"$SKIP_REASON"
	exit 4
}

# quietly CMD...: keep its output in OUTPUT
quietly() {
	OUTPUT=$("$@" 2>&1 </dev/null)
}

check() {
	local what=$1
	shift
	quietly "$@" && return 0
	complain "$what" "(command: $*)" "$OUTPUT"
	return 1
}

check_fails() {
	local what=$1
	shift
	quietly "$@" || return 0
	complain "$what" "(succeeded: $*)" "$OUTPUT"
	return 1
}

check_eq() {
	[ "$2" != "$3" ] || return 0
	complain "$1: want '$2', got '$3'"
	return 1
}

require() {
	check "$@" || exit 1
}

# run keeps to this shell, so that CMD may be a function that sets variables.
run() {
	"$@" >"$RUN_LOG" 2>&1 </dev/null && return 0
	fail "$* (status $?) $(<"$RUN_LOG")"
}

wait_for() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * WAIT_FACTOR * 1000000))
	shift
	until quietly "$@"; do
		if [ "${EPOCHREALTIME/[.,]/}" -gt "$deadline" ]; then
			printf 'waited in vain for: %s\n%s\n' "$*" "$OUTPUT"
			return 1
		fi
		sleep 0.05
	done
}

# --- cleaning up ------------------------------------------------------------

defer() {
	DEFERRED+=("$(printf '%q ' "$@")")
}

undefer_all() {
	local i
	for ((i = ${#DEFERRED[@]} - 1; i >= 0; i--)); do
		eval "${DEFERRED[i]}" >/dev/null 2>&1 </dev/null
	done
	DEFERRED=()
}

# --- running ----------------------------------------------------------------

# pause_on_fail: let a person look at what a failed case left.
pause_on_fail() {
	[ "${PAUSE_ON_FAIL:-}" = 1 ] && [ "$1" != 0 ] && [ "$1" != 4 ] || return 0
	echo "# paused; Enter goes on" >/dev/tty
	read -r </dev/tty
}

end_of_scope() {
	local status=$1
	pause_on_fail "$status"
	undefer_all
	exit "$status"
}

run_case() (
	DEFERRED=()
	# shellcheck disable=SC2030
	RET=0
	trap 'end_of_scope $?' EXIT
	[ -z "$SETUP_FAILED" ] || fail "$SETUP_FAILED"
	"$1"
	exit "$RET"
)

# result STATUS NUMBER NAME: the line of one case.
result() {
	case $1 in
	0) echo "ok $2 $3" ;;
	4) echo "ok $2 $3 # SKIP $(<"$SKIP_REASON")" ;;
	*)
		echo "not ok $2 $3"
		return 1
		;;
	esac
}

tests_run() {
	local name n=0 failed=0 status tests
	read -ra tests <<<"${ALL_TESTS//[$'\n\t']/ }"
	STATE=$(mktemp -d "$TMPDIR/state.XXXXXX")
	SKIP_REASON=$STATE/skip RUN_LOG=$STATE/run SETUP_FAILED=''
	trap 'undefer_all; rm -rf "$STATE"' EXIT
	trap 'exit 143' TERM INT
	echo "KTAP version 1"
	echo "1..${#tests[@]}"
	run_setup
	for name in "${tests[@]}"; do
		n=$((n + 1))
		rm -f "$RUN_LOG"
		status=0
		run_case "$name" || status=$?
		result "$status" "$n" "$name" || failed=1
	done
	exit "$failed"
}

# setup changes this very shell, so when it gives up, the shell ends; the EXIT
# trap then reports every case.
run_setup() {
	declare -F setup >/dev/null || return 0
	trap 'setup_ended $?' EXIT
	setup
	trap 'undefer_all; rm -rf "$STATE"' EXIT
	# a check of setup's failed, nothing that ended it
	# shellcheck disable=SC2031
	[ "$RET" = 0 ] || SETUP_FAILED="setup failed"
}

setup_ended() {
	local n=0 name tests
	trap - EXIT
	pause_on_fail "$1"
	read -ra tests <<<"${ALL_TESTS//[$'\n\t']/ }"
	for name in "${tests[@]}"; do
		n=$((n + 1))
		result "$1" "$n" "$name"
	done
	undefer_all
	rm -rf "$STATE"
	[ "$1" = 4 ] || exit 1
	exit 0
}

# --- the world --------------------------------------------------------------

need_dragonflow() {
	[ "${VM:-}" = 1 ] || skip "the module is loaded in the test VM only"
	run modprobe dragonflow
}

# Not "ip netns exec": it mounts a /sys of that namespace for each command,
# which costs an emulated machine dearly.
ns() {
	local name=$1
	shift
	nsenter --net="/run/netns/$name" -- "$@"
}

ip_batch() {
	local name=$1
	shift
	run ns "$name" ip -batch <(printf '%s\n' "$@")
}

can_ping() {
	local name=$1 address=$2
	shift 2
	ns "$name" ping -n -q -c 1 -W 2 "$@" "$address"
}

adf_netns() {
	local name
	for name in "$@"; do
		run ip netns add "$name"
		defer ip netns del "$name"
		ip_batch "$name" "link set lo up"
	done
}

adf_veth() {
	ip_batch "$1" "link add $2 type veth peer name $4 netns $3" "link set $2 up"
	defer ip -n "$1" link del "$2"
	ip_batch "$3" "link set $4 up"
}

# quiet_ipv6 NS DEV: no address of its own, hence nothing sent unasked.
quiet_ipv6() {
	run ns "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1"
}

# A workload sends what the test makes it send and nothing else: no IPv6
# link-local address, no duplicate address detection, no router solicitation.
adf_workload() {
	local hv=$1 name=$2 dev=$3 mac=$4 addresses
	shift 4
	adf_netns "$name"
	run ns "$name" sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0
	ip_batch "$hv" "link add $dev type veth peer name eth0 netns $name address $mac"
	defer ip -n "$hv" link del "$dev"
	quiet_ipv6 "$hv" "$dev"
	[[ "$*" == *:* ]] || quiet_ipv6 "$name" eth0
	ip_batch "$hv" "link set $dev up"
	addresses=("${@/#/address add }")
	ip_batch "$name" "link set eth0 up" "${addresses[@]/%/ dev eth0}"
}

underlay4() {
	printf '198.51.100.%d\n' "$1"
}

underlay6() {
	printf '2001:db8:ffff::%x\n' "$1"
}

# adf_underlay_port NAME HV N: plug hypervisor N into the underlay
adf_underlay_port() {
	adf_veth "$2" underlay "$1" "port$3"
	ip_batch "$1" "link set port$3 master br0 mtu $UNDERLAY_MTU"
	ip_batch "$2" "link set underlay mtu $UNDERLAY_MTU" \
		"address add $(underlay4 "$3")/24 dev underlay" \
		"address add $(underlay6 "$3")/64 dev underlay nodad"
}

adf_underlay() {
	local name=$1 hv n=0
	shift
	adf_netns "$name"
	quiet_ipv6 "$name" default
	ip_batch "$name" "link add br0 type bridge mcast_snooping 0" \
		"link set br0 up mtu $UNDERLAY_MTU"
	for hv in "$@"; do
		n=$((n + 1))
		adf_underlay_port "$name" "$hv" "$n"
	done
}

# adf_daemon is ended with SIGTERM; one that does not listen, with SIGKILL.
adf_daemon() {
	local logfile=$1
	shift
	"$@" >>"$logfile" 2>&1 </dev/null &
	DAEMON_PID=$!
	defer stop_daemon "$DAEMON_PID"
}

stop_daemon() {
	kill "$1" 2>/dev/null || return 0
	wait_for 5 process_is_gone "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
}

process_is_gone() {
	local state
	state=$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) || return 0
	[ "$state" = Z ]
}

adf_tmpdir() {
	local dir
	dir=$(mktemp -d "$TMPDIR/case.XXXXXX")
	defer rm -rf "$dir"
	cd "$dir" || exit 1
}
