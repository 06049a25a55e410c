# SPDX-License-Identifier: GPL-2.0
#
# Check #include lines against tools/lint/layers (the first file); the other
# files are all C sources and headers, so that "name.h" can be found.

function matches(text, rule) {
	return text ~ ("^(" rule ")$")
}

function complain(text) {
	print FILENAME ":" FNR ": " text
	bad = 1
}

function layer_of(file,    i) {
	for (i = 1; i <= layers; i++)
		if (matches(file, layer_files[i]))
			return layer_number[i]
	return -1
}

# target NAME: the file of ours that an include means: beside this one, or
# else below one of the directories that are searched.
function target(name,    dir, i) {
	dir = FILENAME
	sub(/[^\/]*$/, "", dir)
	while (sub(/^\.\.\//, "", name))
		sub(/[^\/]*\/$/, "", dir)
	if ((dir name) in ours)
		return dir name
	for (i = 1; i <= roots; i++)
		if ((root[i] name) in ours)
			return root[i] name
	return ""
}

BEGIN {
	roots = split("kmod/ agent/ agent/lib/ tools/dfctl/ uapi/ kmod/path/ kmod/table/ selftests/unit/ selftests/soak/", root, " ")
	roots++
	root[roots] = ""
	for (i = 2; i < ARGC; i++)
		ours[ARGV[i]] = 1
}

FILENAME == ARGV[1] && $1 == "layer" {
	layers++
	layer_number[layers] = $2
	layer_files[layers] = $3
}

FILENAME == ARGV[1] && $1 == "only" {
	onlys++
	only_include[onlys] = $2
	only_files[onlys] = $3
}

FILENAME == ARGV[1] && $1 == "room" {
	rooms++
	room_files[rooms] = $2
	room_reach[rooms] = $3
}

FILENAME == ARGV[1] {
	next
}

FNR == 1 && layer_of(FILENAME) < 0 {
	complain("has no layer in tools/lint/layers")
}

/^[ \t]*#[ \t]*include[ \t]/ {
	name = $0
	sub(/^[ \t]*#[ \t]*include[ \t]+/, "", name)
	sub(/[ \t].*/, "", name)
	for (i = 1; i <= onlys; i++)
		if (matches(name, only_include[i]) && !matches(FILENAME, only_files[i]))
			complain(name " belongs to " only_files[i])
	found = name
	if (name ~ /^"/) {
		gsub(/"/, "", name)
		found = target(name)
		if (found == "") {
			complain("no file " name)
			next
		}
		if (layer_of(found) > layer_of(FILENAME))
			complain("includes " found ", of a higher layer")
	}
	for (i = 1; i <= rooms; i++)
		if (matches(FILENAME, room_files[i])) {
			if (!matches(found, room_reach[i]))
				complain("must not know " found)
			break
		}
}

END {
	exit bad
}
