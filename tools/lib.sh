# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for those who source this
#
# What the scripts under tools/ share: where things are, how to talk, how to
# become root. Source it; it changes no directory and sets no traps.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
: "${BUILD:=build}"
case $BUILD in
/*) BUILD_DIR=$BUILD ;;
*) BUILD_DIR=$TOP/$BUILD ;;
esac

# Everything downloaded or expensive is kept outside the tree, so that a fresh
# clone or "make clean" does not pay for it again.
if [ -z "${HOME:-}" ]; then
	HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
	export HOME
fi
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/dragonflow

# A login shell's PATH may lack these, and may shadow the system's Python.
PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH

say() {
	printf '%s\n' "$*" >&2
}

verbose() {
	[ "${V:-0}" = 0 ] || say "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root CMD...: run CMD as root, or say plainly why that is not possible.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo --preserve-env=V,DEBIAN_FRONTEND -- "$@"
	else
		die "must be root, or have sudo, to run: $*"
	fi
}

# give_back DIR: what root made under sudo belongs to the owner of the tree.
give_back() {
	[ "$(id -u)" = 0 ] || as_root chown -R "$(id -u):$(id -g)" "$1"
}

# step TEXT CMD...: run a long step quietly; print what it is, how long it
# took, and its output only if it fails (or V=1).
step() {
	local text=$1 begin=$SECONDS log err=0
	shift
	log=$(mktemp)
	if [ "${V:-0}" != 0 ]; then
		say "$text ..."
		"$@" >&2 || err=$?
	else
		printf '%s ... ' "$text" >&2
		"$@" >"$log" 2>&1 </dev/null || err=$?
	fi
	if [ "$err" = 0 ]; then
		say "done ($((SECONDS - begin)) s)"
	else
		say "FAILED ($((SECONDS - begin)) s)"
		cat "$log" >&2
	fi
	rm -f "$log"
	return "$err"
}
