# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for those who source this
#
# The test VM's kernels: their names, where they are kept, what they are.
# Needs tools/lib.sh. A kernel is named 6.1, 6.12 or newest (Debian's stock
# kernels, unpacked in the cache, never installed), debug or kcsan (built in the
# cache, to find mistakes), or is the directory of a kernel build tree (made
# with O=).

KERNELS_DEFAULT="6.1 6.12 newest"
# What the tests run on unless told: the oldest, the newest, the strictest.
KERNELS_TESTED="6.1 debug newest"
KERNELS_KNOWN="6.1, 6.12, newest, debug, kcsan or the directory of a kernel build tree"
CHROOT=$CACHE/chroot-trixie

# kernel_suite NAME: the Debian suite that has it.
kernel_suite() {
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	newest) echo trixie-backports ;;
	*) return 1 ;;
	esac
}

is_debug() {
	[ "$1" = debug ] || [ "$1" = kcsan ]
}

is_tree() {
	[ -f "$1/include/config/kernel.release" ]
}

kernel_known() {
	kernel_suite "$1" >/dev/null || is_debug "$1" || is_tree "$1"
}

# kernel_load NAME: fetch or build it if needed and set
#   K_NAME	the name
#   K_RELEASE	what uname -r says in it
#   K_IMAGE	the image to boot
#   K_MODULES	its modules, a directory named K_RELEASE
#   K_TREE	its build tree, empty for Debian's
kernel_load() {
	K_NAME=$1 K_TREE=''
	if kernel_suite "$1" >/dev/null; then
		"$TOP/tools/vm/kernel" fetch "$1"
		K_RELEASE=$(<"$CACHE/kernels/$1/release")
		K_IMAGE=$CACHE/kernels/$1/vmlinuz
		K_MODULES=$CACHE/kernels/$1/root/lib/modules/$K_RELEASE
	elif is_debug "$1"; then
		K_TREE=$("$TOP/tools/vm/debug-kernel" "$1")
		kernel_load_tree "$K_TREE/root"
	elif is_tree "$1"; then
		K_TREE=$(cd "$1" && pwd -P)
		"$TOP/tools/vm/kernel" fetch "$K_TREE"
		kernel_load_tree "$(tree_root "$K_TREE")"
	else
		die "no kernel '$1': it is $KERNELS_KNOWN"
	fi
	[ -e "$K_IMAGE" ] || die "kernel $1: no image at $K_IMAGE"
}

# kernel_load_tree ROOT: the same from K_TREE, whose modules are in ROOT.
kernel_load_tree() {
	K_RELEASE=$(<"$K_TREE/include/config/kernel.release")
	K_IMAGE=$K_TREE/arch/x86/boot/bzImage
	K_MODULES=$1/lib/modules/$K_RELEASE
}

# tree_root TREE: where the modules of a build tree are installed.
tree_root() {
	printf '%s/kernels/tree-%s\n' "$CACHE" "$(printf %s "$1" | cksum | cut -d' ' -f1)"
}
