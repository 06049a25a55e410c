#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# What dfctl says about itself: help, the manual page and completion tell the
# same as the tables of commands that the program runs by.
# TIMEOUT=120
ALL_TESTS="
	every_command_has_help
	help_shows_the_fields
	the_manual_describes_every_command
	the_manual_describes_every_option
	the_manual_describes_every_model
	the_manual_describes_nothing_else
	the_version_is_printed
	commands_are_completed
	options_are_completed
	fields_are_completed
	values_are_completed
	objects_are_completed
	completion_is_quick_with_many_objects
	an_unknown_shell_is_refused"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

MAN=$(cd "$(dirname "$0")/../.." && pwd)/Documentation/man/dfctl.8

setup() {
	TABLES=$TMPDIR/tables.json
	dfctl help --json >"$TABLES" || fail "help --json"
}

# table FILTER: lines from the tables of commands
table() {
	jq -r "$1" "$TABLES"
}

every_command_has_help() {
	local command
	check "dfctl help" grep -q '^usage: dfctl' <(dfctl help)
	while read -r command; do
		# words
		# shellcheck disable=SC2086
		check "help $command" grep -q "^usage: dfctl $command" <(dfctl help $command)
		# shellcheck disable=SC2086
		check_eq "$command --help is the same" "$(dfctl help $command)" "$(dfctl $command --help)"
	done < <(
		# jq's variables, not the shell's
		# shellcheck disable=SC2016
		table '.models[] as $m | $m, ($m + " " + .model_commands[].name)'
		# shellcheck disable=SC2016
		table '.commands[] | .name, (.name as $n | .commands[]? | $n + " " + .name)'
	)
}

help_shows_the_fields() {
	check "a field" grep -q '^  binding_host ' <(dfctl help port)
	check "its meaning" grep -q 'Name of the chassis' <(dfctl help port)
	check "the values of an enum" grep -q 'vxlan|geneve|vlan|flat|local, if not given: vxlan' <(dfctl help network create)
	check "members of a record" grep -q '^    .ip_address ' <(dfctl help port)
}

the_manual_describes_every_command() {
	local name
	for name in $(table '.commands[].name, (.commands[].commands[]?.name)'); do
		check "$name" grep -Eq "^\.It Cm $name( |\$)" "$MAN"
	done
	for name in $(table '.model_commands[].name'); do
		check "$name" grep -Eq "^\.It Ar model Cm $name( |\$)" "$MAN"
	done
}

the_manual_describes_every_option() {
	local name arg
	while read -r name arg; do
		check "--$name $arg" grep -Eq "^\.It (Fl . , )?Fl Fl $name${arg:+ Ar $arg}\$|^\.Fl . , Fl Fl $name\$" "$MAN"
	done < <(table '[.options[], .commands[].options[], .model_commands[].options[],
		.commands[].commands[]?.options[]] | unique_by(.name)[] | "\(.name) \(.arg // "")"')
}

the_manual_describes_every_model() {
	local name
	for name in $(table '.models[]'); do
		check "$name" grep -Eq "^\.Cm $name( |\$)" "$MAN"
	done
}

the_manual_describes_nothing_else() {
	check_eq "commands" "$(table '.commands[].name, (.commands[].commands[]?.name)' | sort)" \
		"$(sed -n 's/^\.It Cm \([a-z-]*\).*/\1/p' "$MAN" | sort)"
	check_eq "commands for objects" "$(table '.model_commands[].name' | sort)" \
		"$(sed -n 's/^\.It Ar model Cm \([a-z]*\).*/\1/p' "$MAN" | sort)"
	check_eq "options" "$(table '[.options[], .commands[].options[], .model_commands[].options[],
		.commands[].commands[]?.options[]] | map(.name) | unique[]')" \
		"$(grep -o 'Fl Fl [a-z-]*' "$MAN" | sed 's/Fl Fl //' | sort -u)"
}

the_version_is_printed() {
	check "a version" grep -Eq '^dfctl [0-9]+\.[0-9]+\.[0-9]+$' <(dfctl --version)
}

# completed LINE: what bash would offer at the end of the line, on one
completed() {
	COMP_LINE=$1 bash --norc -c '
		. <(dfctl completion bash)
		COMP_POINT=${#COMP_LINE}
		compopt() { :; }
		_dfctl
		printf "%s\n" "${COMPREPLY[@]}"' | xargs
}

commands_are_completed() {
	check_eq "a model" "network" "$(completed 'dfctl net')"
	check_eq "a verb" "create" "$(completed 'dfctl port cr')"
	check_eq "a command" "kernel" "$(completed 'dfctl ke')"
	check_eq "a command of a command" "flows flush" "$(completed 'dfctl kernel fl')"
	check_eq "behind options" "ports" "$(completed 'dfctl --json --database x kernel po')"
	check_eq "of help" "create" "$(completed 'dfctl help port cre')"
	check_eq "only what can be done" "show list" "$(completed 'dfctl agent ')"
	check_eq "nothing hidden" "" "$(completed 'dfctl _')"
	check_eq "nothing that is not there" "" "$(completed 'dfctl nonsense ')"
}

options_are_completed() {
	check_eq "of the command" "--stats" "$(completed 'dfctl kernel ports --st')"
	check_eq "of every command" "--control-socket" "$(completed 'dfctl status --con')"
	check_eq "none of another" "" "$(completed 'dfctl status --stat')"
}

fields_are_completed() {
	check_eq "a field" "segmentation_id=" "$(completed 'dfctl network create seg')"
	check_eq "not those that nobody writes" "" "$(completed 'dfctl network create revi')"
	check_eq "of a packet" "dst= dst-mac= dport=" "$(completed 'dfctl trace 1 d')"
}

values_are_completed() {
	check_eq "of an enum" "vxlan vlan" "$(completed 'dfctl network create network_type=v')"
	check_eq "of a switch" "true" "$(completed 'dfctl port create admin_state_up=t')"
}

objects_are_completed() {
	local id
	adf_tmpdir
	export DRAGONFLOW_DATABASE=sqlite://$PWD/nb.db
	id=$(dfctl network create blue)
	run dfctl network create black
	run dfctl network create 'two words'
	run dfctl chassis create hv1
	check_eq "names" "black blue" "$(completed 'dfctl network show bl' | xargs -n 1 | sort | xargs)"
	check_eq "names of several" "blue" "$(completed 'dfctl network delete black blu')"
	check_eq "an id" "$id" "$(completed "dfctl network set ${id:0:6}")"
	check_eq "references" "blue" "$(completed 'dfctl port create network_id=blu')"
	check_eq "in short" "blue" "$(completed 'dfctl port list network=blu')"
	check_eq "hypervisors" "hv1" "$(completed 'dfctl port set x binding_host=h')"
	check_eq "of another database" "" "$(completed "dfctl -d sqlite://$PWD/other.db network show bl")"
}

completion_is_quick_with_many_objects() {
	local begin
	adf_tmpdir
	export DRAGONFLOW_DATABASE=sqlite://$PWD/nb.db
	jq -nc 'range(3000) | {model: "network", name: "n\(.)"}' >many.json
	run dfctl apply many.json
	begin=$(date +%s%N)
	check_eq "the one" n2999 "$(completed 'dfctl network show n2999')"
	check "within two seconds" test $(($(date +%s%N) - begin)) -lt 2000000000
}

an_unknown_shell_is_refused() {
	check_eq "message" "dfctl: completion: no shell 'tcsh'; there is bash" "$(dfctl completion tcsh 2>&1)"
	check_fails "status" dfctl completion tcsh
}

tests_run
