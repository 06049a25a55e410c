# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Packages of other Debian releases, downloaded into the cache and unpacked
# there, never installed. Needs tools/lib.sh.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Where this machine gets Debian from: its own sources know, nobody else.
mirror() {
	local codename
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' "Codename: $codename$1" 'Created-By: Packages' | head -n 1
}

# sources SUITE: apt sources of a suite, with what it builds upon.
sources() {
	local main security
	main=$(mirror '')
	security=$(mirror -security)
	[ -n "$main" ] || die "this machine's apt has no Debian sources"
	case $1 in
	bookworm)
		echo "deb [signed-by=$KEYRING] $main bookworm main"
		[ -z "$security" ] || echo "deb [signed-by=$KEYRING] $security bookworm-security main"
		;;
	*)
		echo "deb [signed-by=$KEYRING] $main trixie main"
		[ "$1" = trixie ] || echo "deb [signed-by=$KEYRING] $main $1 main"
		;;
	esac
}

# apt_in SUITE COMMAND...: apt with its own state, apart from the machine's.
apt_in() {
	local suite=$1 dir=$CACHE/apt/$1 cmd=$2 pin=()
	shift 2
	case $suite in *-backports) pin=(-o "APT::Default-Release=$suite") ;; esac
	mkdir -p "$dir"/{lists/partial,cache/archives/partial}
	: >"$dir/status"
	"$cmd" -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State::Lists="$dir/lists" -o Dir::State::Status="$dir/status" \
		-o Dir::Cache="$dir/cache" "${pin[@]}" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

apt_update() {
	mkdir -p "$CACHE/apt/$1"
	sources "$1" >"$CACHE/apt/$1/sources.list"
	apt_in "$1" apt-get -q update
	touch "$CACHE/apt/$1/updated"
}

# apt_ready SUITE: its package lists are there; two may ask at once.
apt_ready() {
	mkdir -p "$CACHE/apt"
	(
		flock 6
		[ -n "$(find "$CACHE/apt/$1" -maxdepth 1 -name updated -mmin -1440 2>/dev/null)" ] ||
			step "package lists of $1" apt_update "$1"
	) 6>"$CACHE/apt/$1.lock"
}

# depends SUITE PACKAGE PATTERN: the first dependency that matches.
depends() {
	apt_in "$1" apt-cache depends "$2" | sed -n 's/^ *Depends: //p' | grep -E -m 1 "$3" || true
}

# unpack_debs SUITE DIR PACKAGE...: download packages and unpack them in DIR.
unpack_debs() {
	local suite=$1 dir=$2 debs deb
	shift 2
	debs=$(mktemp -d "$dir.XXXXXX")
	mkdir -p "$dir"
	(cd "$debs" && apt_in "$suite" apt-get -q download "$@")
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$debs"
}
