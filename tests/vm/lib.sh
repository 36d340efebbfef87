#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# What the scripts inside the virtual machine share; for the shell of busybox. The host puts
# numbers to the answers (tests/vm/run).
#
#	check SENTENCE COMMAND...			one test
#	gives ERRNO [OPTION...] -- PROBE...		run a probe in a container, expect this answer
#	prints TEXT [OPTION...] -- PROBE...		expect this output, exactly
#	ends STATUS REGEX COMMAND...			any command

IMAGE=/roots/image # busybox, and the probe program /look
checks=0

check() {
	local name="$1" said
	shift
	checks=$((checks + 1))
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		printf '%s\n' "${said:-$*}" | sed 's/^/#   /'
	fi
}

skip() {
	checks=$((checks + 1))
	echo "ok - $1 # SKIP $2"
}

# The host believes that the script came to its end, and not the machine to its own.
checks_end() {
	echo "end $checks"
}

fail() {
	printf '%s\n' "$@"
	return 1
}

ward() {
	timeout -k 2 "${WARD_TIMEOUT:-40}" ward "$@"
}

try() {
	status=0
	output=$("$@" 2>&1) || status=$?
}

# A number, or a pattern of the shell.
status_is() {
	# shellcheck disable=SC2254 # a pattern
	case $status in
	$1) ;;
	*) return 1 ;;
	esac
}

ends() {
	local want="$1" pattern="$2"
	shift 2
	try "$@"
	status_is "$want" && printf '%s\n' "$output" | grep -qE -- "$pattern" && return 0
	fail "wanted: status $want, /$pattern/" "from:   $*" "status: $status" "output: $output"
}

# OPTIONS -- PROGRAM becomes OPTIONS ROOT -- [PROBES] PROGRAM, by turning the list once around.
in_place() {
	local n=$# word there=
	while [ "$n" -gt 0 ]; do
		word="$1"
		shift
		n=$((n - 1))
		if [ -z "$there" ] && [ "$word" = -- ]; then
			there=yes
			# shellcheck disable=SC2086 # nothing, or one word
			set -- "$@" "${ROOT:-$IMAGE}" -- ${PROBES-}
		else
			set -- "$@" "$word"
		fi
	done
	ward "$@"
}

inside() {
	PROBES=/look in_place run "$@"
}

# The answer of the probe is the last word of its output.
gives() {
	local want="$1"
	shift
	try inside "$@"
	[ "${output##*[[:space:]]}" = "$want" ] && return 0
	fail "wanted: $want" "from:   ward run $*" "status: $status" "output: $output"
}

prints() {
	local want="$1"
	shift
	try inside "$@"
	[ "$output" = "$want" ] && [ "$status" -eq 0 ] && return 0
	fail "wanted: $want" "from:   ward run $*" "status: $status" "output: $output"
}

until_ok() {
	local i=0
	while [ $i -lt 100 ]; do
		"$@" >/dev/null 2>&1 && return 0
		usleep 50000
		i=$((i + 1))
	done
	fail "waited for: $*"
}

# file_is TEXT PATH: what the kernel answers, as one line with single blanks.
file_is() {
	local text
	text=$(tr -s ' \t\n' '   ' <"$2")
	text=${text% }
	[ "$text" = "$1" ] || fail "wanted: $1" "in:     $2" "found:  $text"
}

kernel_is_at_least() {
	uname -r | awk -F. -v major="$1" -v minor="$2" '{ exit !($1 > major || ($1 == major && $2 + 0 >= minor)) }'
}

# --- containers in the background --------------------------------------------------------------

# background NAME [OPTION...] -- PROGRAM...: what it says goes to a file, because who reads our
# answers waits until the last one who could write has gone.
background() {
	local name="$1"
	shift
	in_place run -d --name "$name" "$@" >/run/said 2>&1 || fail "$(cat /run/said)"
}

# detached NAME [OPTION...]: sleeps until it is stopped.
detached() {
	background "$@" -- sleep 1000
}

field_of() {
	ward info --json "$1" | sed -n "s/^ *\"$2\": \"\\{0,1\\}\\([^\",]*\\).*/\\1/p" | head -n 1
}

pid_of() {
	field_of "$1" pid
}

# cgroup_of NAME [CONTROLLER]: the directory on the host that the container's limits are in, which
# with delegation lies above the one it lives in.
cgroup_of() {
	local path
	path=$(awk -F: -v want="${2-}" '
		{ n = split($2, names, ",") }
		$2 == want { print $3; exit }
		{ for (i = 1; i <= n; i++) if (names[i] == want) { print $3; exit } }
	' "/proc/$(pid_of "$1")/cgroup")
	case $path in
	/*ward-*) ;;
	*) fail "$1 is not in a cgroup of its own: '$path'" >&2 && return 1 ;;
	esac
	path=${path#/}
	case $path in
	*/*) [ "${path%%/*}" = user ] || path=${path%%/*} ;;
	esac
	echo "/sys/fs/cgroup${2:+/$2}/$path"
}

is_gone() {
	[ ! -d "/proc/$1" ]
}

# --- what may be left ------------------------------------------------------------------------------

# Everything that a container could leave behind.
census() {
	find /sys/fs/cgroup -mindepth 1 -type d | sed 's/^/cgroup /'
	awk '{ print "mount " $5 }' /proc/self/mountinfo
	find /sys/class/net -mindepth 1 | sed 's/^/link /'
	find /run /var /home -mindepth 1 | grep -vE '/ward(/cache|/containers$|$)|^/run/(said|check|seen)$|/\.local(/share)?$' | sed 's/^/state /'
	find /tmp /dev/shm -mindepth 1 | sed 's/^/file /'
	processes
}

# Of ward, or in namespaces that are not the first ones.
processes() {
	local dir
	for dir in /proc/[0-9]*; do
		[ "$(readlink "$dir/exe")" != /bin/ward ] || echo "process of ward"
		[ "$(readlink "$dir/ns/pid")" = "$(readlink /proc/1/ns/pid)" ] || echo "process inside"
	done 2>/dev/null
}

none_inside() {
	! processes | grep inside
}

remember() {
	census | sort >/before
}

# What is new, after a moment for processes and mounts to end.
nothing_is_left() {
	local more
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		census | sort >/after
		more=$(comm_new)
		[ -n "$more" ] || return 0
		usleep 300000
	done
	fail "$more"
}

comm_new() {
	awk 'NR == FNR { old[$0]++; next } old[$0]-- <= 0' /before /after
}
