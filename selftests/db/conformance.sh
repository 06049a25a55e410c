#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every database must do, done by each: see conformance.c.
# TIMEOUT=180
set -u
: "${TMPDIR:=/tmp}"
TOP=$(cd "$(dirname "$0")/../.." && pwd)
exec "${DF_BUILD:-$TOP/build}/selftests/db/conformance" \
	"sqlite://$TMPDIR/nb.db?history=100" "$@"
