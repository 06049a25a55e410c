# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for those who source this
#
# The test VM's kernels: their names, where they are kept, what they are.
# Needs tools/lib.sh. A kernel is named 6.1, 6.12 or newest (Debian's stock
# kernels, unpacked in the cache, never installed), or is the directory of a
# kernel build tree (made with O=).

KERNELS_DEFAULT="6.1 6.12 newest"
# What the tests run on unless told: the oldest and the newest.
# shellcheck disable=SC2034
KERNELS_TESTED="6.1 newest"
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

is_tree() {
	[ -f "$1/include/config/kernel.release" ]
}

# kernel_load NAME: fetch it if needed and set
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
	elif is_tree "$1"; then
		K_TREE=$(cd "$1" && pwd -P)
		K_RELEASE=$(<"$K_TREE/include/config/kernel.release")
		K_IMAGE=$K_TREE/arch/x86/boot/bzImage
		"$TOP/tools/vm/kernel" fetch "$K_TREE"
		K_MODULES=$(tree_root "$K_TREE")/lib/modules/$K_RELEASE
	else
		die "no kernel '$1': it is 6.1, 6.12, newest or a kernel build tree"
	fi
	[ -e "$K_IMAGE" ] || die "kernel $1: no image at $K_IMAGE"
}

# tree_root TREE: where the modules of a build tree are installed.
tree_root() {
	printf '%s/kernels/tree-%s\n' "$CACHE" "$(printf %s "$1" | cksum | cut -d' ' -f1)"
}
