#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# regen.sh [--check]: write linux/dragonflow.h, the kernel's policy tables and
# the reference page from dragonflow.yaml, or with --check say whether they
# agree with it.
#
# The generator is the kernel's own (tools/net/ynl); YNL names the unpacked
# kernel source that holds it.
set -euo pipefail

check=
case ${1:-} in
--check) check=1 ;;
"") ;;
*)
	echo "usage: regen.sh [--check]" >&2
	exit 2
	;;
esac

here=$(cd "$(dirname "$0")" && pwd)
top=${here%/*}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dragonflow
YNL=${YNL:-$cache/kernel-tools/linux-source-6.12}

gen=$YNL/tools/net/ynl/ynl-gen-c.py
if [ ! -f "$gen" ]; then
	echo "regen.sh: no generator at $gen; run tools/deps/kernel-tools" >&2
	exit 2
fi

# The generator looks for the schema beside the spec's folder and climbs the
# tree for a file MAINTAINERS: give it a tree of that shape.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/Documentation/netlink/specs"
touch "$tmp/MAINTAINERS"
cp "$YNL"/Documentation/netlink/genetlink*.yaml "$tmp/Documentation/netlink/"
spec=$tmp/Documentation/netlink/specs/dragonflow.yaml
cp "$here/dragonflow.yaml" "$spec"

# generate NAME OPTION...
generate() {
	local out=$1
	shift
	/usr/bin/python3 "$gen" --spec "$spec" -o "$tmp/$out" "$@"
}
generate uapi.h --mode uapi --header
/usr/bin/python3 "$YNL/tools/net/ynl/ynl-gen-rst.py" -i "$spec" \
	-o "$tmp/netlink.rst"

# For per-operation policies the generator wants a do request with at least one
# attribute everywhere. Lend one to the operations that have none, and take the
# handlers that follow from it out again.
borrowed=$(
	/usr/bin/python3 - "$spec" <<'END'
import sys
import yaml

with open(sys.argv[1]) as f:
    license = f.readline()
    spec = yaml.safe_load(f)
for op in spec["operations"]["list"]:
    if "notify" in op or "event" in op:
        continue
    if "do" not in op:
        op["do"] = {"request": op["dump"].pop("request")}
        print(op["name"].replace("-", "_") + "_doit")
    op["do"].setdefault("request", {"attributes": ["pad"]})
with open(sys.argv[1], "w") as f:
    f.write(license)
    yaml.safe_dump(spec, f, sort_keys=False)
END
)
generate netlink_gen.h --mode kernel --header
generate netlink_gen.c --mode kernel --source
for handler in $borrowed; do
	sed -i "/$handler/d" "$tmp/netlink_gen.h" "$tmp/netlink_gen.c"
done
# Policies of older kernels point to ranges that are not const.
sed -i 's/^static const struct netlink_range/static struct netlink_range/' \
	"$tmp/netlink_gen.c"
# It also leaves the multicast groups without a user; netlink.c has its own.
sed -i '/^static const struct genl_multicast_group/,/^};/d' \
	"$tmp/netlink_gen.c"
# The paths in the banners are the scratch tree's.
sed -i "s|Documentation/netlink/specs/dragonflow.yaml|uapi/dragonflow.yaml|" \
	"$tmp"/uapi.h "$tmp"/netlink_gen.[ch]

status=0
# place NAME TARGET
place() {
	if [ "$check" ]; then
		diff -u "$2" "$tmp/$1" || status=1
	else
		cmp -s "$tmp/$1" "$2" || cp "$tmp/$1" "$2"
	fi
}
place netlink.rst "$top/Documentation/netlink.rst"
place uapi.h "$here/linux/dragonflow.h"
place netlink_gen.h "$top/kmod/control/netlink_gen.h"
place netlink_gen.c "$top/kmod/control/netlink_gen.c"
exit $status
