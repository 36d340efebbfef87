# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2034 # used by the files that load this one
# What the tests share. A .bats file says `load ../lib` and has setup/teardown from here; a
# table of probes (a .tap file) sources it and ends with `tap_done`.
#
#	inside [OPTION...] -- PROBE [ARG...]	run a probe in a container of its own
#	gives ERRNO [OPTION...] -- PROBE...	and expect this answer: OK, EPERM ...
#	prints TEXT [OPTION...] -- PROBE...	and expect this output, exactly
#
# Every test has state directories of its own, so that tests of two files can run at once.

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${TESTS%/tests}
WARD=${WARD:-$TOP/build/ward}
FIXTURES=${WARD_FIXTURES:-$TOP/build/fixtures}
LOOK=$FIXTURES/look-root/look
BUSYBOX=$FIXTURES/busybox-root
DEBIAN=$FIXTURES/debian-root
PATH=$PATH:/usr/sbin:/sbin

export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-60}
# A finding of a sanitizer ends the program with a status that no test expects.
# No search for leaks: it traces its own process, which a monitor that gave up its rights forbids;
# the unit tests and one test of the commands search.
export ASAN_OPTIONS=exitcode=99:detect_leaks=0:abort_on_error=0
export UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1
export LSAN_OPTIONS=exitcode=99
export LC_ALL=C

declare -gA ERRNO=([OK]=0 [EPERM]=1 [ENOENT]=2 [ESRCH]=3 [EINTR]=4 [EIO]=5 [ENXIO]=6 [EBADF]=9
	[EAGAIN]=11 [ENOMEM]=12 [EACCES]=13 [EFAULT]=14 [EBUSY]=16 [EEXIST]=17 [EXDEV]=18
	[ENODEV]=19 [ENOTDIR]=20 [EISDIR]=21 [EINVAL]=22 [EMFILE]=24 [ENOTTY]=25 [ETXTBSY]=26 [EFBIG]=27
	[ENOSPC]=28 [EROFS]=30 [ENOSYS]=38 [ELOOP]=40 [ENODATA]=61 [EPROTONOSUPPORT]=93
	[ESOCKTNOSUPPORT]=94 [EOPNOTSUPP]=95 [EAFNOSUPPORT]=97 [ENETUNREACH]=101
	[ECONNREFUSED]=111 [EDQUOT]=122 [ENOKEY]=126)

# --- state: one directory per test ----------------------------------------------------------

# With a root file system of its own, which a test may spoil, in $STATE/root.
ward_state() {
	STATE=$(mktemp -d /tmp/ward-test.XXXXXX)
	LOOK_ROOT=$STATE/root
	# Names of cgroups are the whole machine's.
	ONE=one-${STATE##*.}
	mkdir -p "$LOOK_ROOT/tmp"
	cp "$LOOK" "$LOOK_ROOT/look"
	chmod 755 "$STATE" "$LOOK_ROOT" "$LOOK_ROOT/look"
	export WARD_RUN_DIR=$STATE/run WARD_LIB_DIR=$STATE/lib
}

# End every container of this test and look whether anything outlives it. Prints what does.
ward_state_end() {
	local name left=0
	for name in "$STATE"/run/containers/* "$STATE"/lib/containers/*; do
		[ -e "$name" ] || continue
		timeout 20 "$WARD" rm --force "${name##*/}" >/dev/null 2>&1 || true
	done
	# The name server of a network ends with it.
	for name in "$STATE"/run/net/[!-]*; do
		[ ! -e "$name" ] || timeout 20 "$WARD" net down "${name##*/}" >/dev/null 2>&1 || true
	done
	if grep -F " $STATE/" /proc/self/mountinfo; then
		echo "these mounts are left"
		left=1
	else
		rm -rf --one-file-system "${STATE:?}"
	fi
	return $left
}

setup() {
	ward_state
}

teardown() {
	spawn_end
	ward_state_end
}

# spawn COMMAND...: in the background until the test ends; $spawned is its pid. Without bats' own
# descriptor 3, for whose end bats waits.
spawn() {
	"$@" 3>&- &
	spawned=$!
	spawned_all+=" $spawned"
}

spawn_end() {
	local pid
	for pid in ${spawned_all-}; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	spawned_all=
}

# The pid of a running container's monitor.
monitor_of() {
	sed -n 's/^monitor=//p' "$WARD_RUN_DIR/containers/$1/state"
}

# --- running ----------------------------------------------------------------------------------

ward() {
	timeout -k 2 "${WARD_TIMEOUT:-30}" "$WARD" "$@"
}

# Options up to --, then the probe.
inside() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ward run "${options[@]}" "${ROOT:-$LOOK_ROOT}" -- "${LOOK_AT:-/look}" "$@"
}

# `run` of bats, for .tap files too.
try() {
	output=$("$@" 2>&1) && status=0 || status=$?
}

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# The answer of the probe is the last word of its output, and its number is the status.
gives() {
	local want=$1
	shift
	try inside "$@"
	[[ "$output" =~ (^|[[:space:]])"$want"$ && "$status" -eq "${ERRNO[$want]}" ]] && return 0
	fail "wanted: $want" "from:   ward run $*" "status: $status" "output: $output"
}

prints() {
	local want=$1
	shift
	try inside "$@"
	[[ "$output" == "$want" && "$status" -eq 0 ]] && return 0
	fail "wanted: $want" "from:   ward run $*" "status: $status" "output: $output"
}

# matches PATTERN ...: the same with an extended regular expression.
matches() {
	local want=$1
	shift
	try inside "$@"
	[[ "$output" =~ $want && "$status" -eq 0 ]] && return 0
	fail "wanted: /$want/" "from:   ward run $*" "status: $status" "output: $output"
}

# ends STATUS PATTERN COMMAND...: any command.
ends() {
	local want=$1 pattern=$2
	shift 2
	try "$@"
	[[ "$output" =~ $pattern && "$status" -eq "$want" ]] && return 0
	fail "wanted: status $want, /$pattern/" "from:   $*" "status: $status" "output: $output"
}

# Wait until a command succeeds, at most 5 seconds.
until_ok() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	fail "waited 5 seconds for: $*"
}

# The same operations in namespaces made the simple way: what a control compares with.
weakly() {
	unshare --user --map-root-user --mount --pid --fork --mount-proc --propagation private "$@"
}

have_hierarchy() {
	awk -v what="$1" '$1 == what && $2 > 0 { found = 1 } END { exit !found }' /proc/cgroups
}

# --- tables: Test Anything Protocol without bats, which needs 40 ms for each test ----------------

tap_n=0

# check SENTENCE COMMAND...
check() {
	local name=$1 said
	shift
	tap_n=$((tap_n + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tap_n - $name"
	else
		echo "not ok $tap_n - $name"
		said=${said:-$*}
		echo "#   ${said//$'\n'/$'\n'#   }"
	fi
}

skip_check() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# row SENTENCE ANSWER OPTIONS CONTROL OPTIONS PROBE...: one test. The refusal is believed only
# because the control run, with the wall switched off, gives the other answer.
row() {
	local what=$1
	shift
	check "$what: $1, where the control gives $3" row_holds "$@"
}

row_holds() {
	local refusal=$1 refusal_options=$2 control=$3 control_options=$4
	shift 4
	# shellcheck disable=SC2086 # options are lists of words
	gives "$refusal" $refusal_options -- "$@" || return 1
	# shellcheck disable=SC2086
	gives "$control" $control_options -- "$@" || fail "(this was the control)"
}

tap_done() {
	ward_state_end >&2 || check "nothing of these tests is left" false
	echo "1..$tap_n"
}
