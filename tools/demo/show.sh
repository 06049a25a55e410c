# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the demo talks: titles, one line per step with its time, and the summary.
# With DEMO_COLOR=1 in colours and with check marks, else plain.

if [ "${DEMO_COLOR:-0}" = 1 ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' CYAN=$'\e[36m' PLAIN=$'\e[0m'
	YES="$GREEN✓$PLAIN" NO="$RED✗$PLAIN"
else
	BOLD='' DIM='' GREEN='' RED='' CYAN='' PLAIN=''
	YES='ok  ' NO='FAIL'
fi

# What a step has to say beside that it went well; set by what the step runs.
DETAIL=''
SUMMARY=()
FAILED=0
STEP_LOG=${TMPDIR:-/tmp}/step.log

now_ms() {
	local now=${EPOCHREALTIME/[.,]/}
	echo "${now%???}"
}

seconds() {
	printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100))
}

title() {
	printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"
}

# note TEXT...: something to know
note() {
	printf '  %s%s%s\n' "$DIM" "$*" "$PLAIN"
}

# show CMD...: the command as a person would type it, and what it prints
show() {
	printf '  %s$ %s%s\n' "$CYAN" "$*" "$PLAIN"
	"$@" 2>&1 | cut -c "1-${COLUMNS_MAX:-150}" | sed 's/^/    /'
}

line() {
	local mark=$1 what=$2 detail=$3 took=$4
	printf '  %s %-46s %-28s %s%8s%s\n' "$mark" "$what" "$detail" "$DIM" "$took" "$PLAIN"
}

# step WHAT CMD...: run it; one line. What it prints is shown if it fails.
# The command may set DETAIL; it runs in this very shell.
step() {
	local what=$1 begin took err=0
	shift
	DETAIL=''
	begin=$(now_ms)
	"$@" >"$STEP_LOG" 2>&1 </dev/null || err=$?
	took=$(seconds $(($(now_ms) - begin)))
	if [ "$err" = 0 ]; then
		line "$YES" "$what" "$DETAIL" "$took"
	else
		line "$NO" "$what" "$DETAIL" "$took"
		sed 's/^/      /' "$STEP_LOG"
		FAILED=$((FAILED + 1))
	fi
	return "$err"
}

# must WHAT CMD...: a step without which the rest makes no sense
must() {
	step "$@" || {
		printf '\n%sThe demo cannot go on without this.%s\n' "$RED" "$PLAIN"
		exit 1
	}
}

# check WHAT CMD...: a step whose outcome belongs in the summary
check() {
	if step "$@"; then
		SUMMARY+=("$YES|$1|$DETAIL")
	else
		SUMMARY+=("$NO|$1|$DETAIL")
	fi
}

summary() {
	local row mark what detail passed=0
	title "Summary"
	printf '  %s\n' "$(printf '%.0s-' {1..78})"
	for row in "${SUMMARY[@]}"; do
		IFS='|' read -r mark what detail <<<"$row"
		printf '  %s %-46s %s\n' "$mark" "$what" "$detail"
		[ "$mark" != "$YES" ] || passed=$((passed + 1))
	done
	printf '  %s\n' "$(printf '%.0s-' {1..78})"
	printf '  %s%d of %d checks passed%s\n' "$BOLD" "$passed" "${#SUMMARY[@]}" "$PLAIN"
	[ "$passed" = "${#SUMMARY[@]}" ] && [ "$FAILED" = 0 ]
}
