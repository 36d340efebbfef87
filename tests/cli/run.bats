#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `ward run`: exit statuses, standard streams, signals, terminals.
load ../lib

# --- how it ends ---------------------------------------------------------------------------------

@test "the status of the program is the status of run" {
	local n
	for n in 0 1 2 42 125 126 127 128 255; do
		ends $n '' inside -- exit $n
	done
}

@test "a program killed by a signal ends with 128 and its number" {
	local n
	for n in 1 2 3 6 9 11 15; do
		ends $((128 + n)) '' inside -- die $n
	done
}

@test "a program that is not there: 127" {
	ends 127 'nosuch' ward run "$LOOK_ROOT" -- /nosuch
	ends 127 'nosuch' ward run "$BUSYBOX" -- nosuch
}

@test "a program that cannot be executed: 126" {
	echo text >"$STATE/root/text"
	ends 126 'text' ward run "$STATE/root" -- /text
	mkdir "$STATE/root/dir"
	ends 126 'dir' ward run "$STATE/root" -- /dir
}

@test "a program that is no program: 126" {
	printf '\177ELF garbage' >"$STATE/root/bad"
	chmod 755 "$STATE/root/bad"
	ends 126 'bad' ward run "$STATE/root" -- /bad
}

@test "an interpreter that is missing is said: 127" {
	printf '#!/no/such/shell\n' >"$STATE/root/script"
	chmod 755 "$STATE/root/script"
	ends 127 'script' ward run "$STATE/root" -- /script
}

@test "what ward itself cannot do: 125" {
	ends 125 '^ward: .*/nowhere' inside --set ns.net=/nowhere -- ids
}

@test "a wrong option: 2" {
	ends 2 'no-such-option' ward run --no-such-option "$LOOK_ROOT" -- /look
	ends 2 '' ward run
	ends 2 '' ward run "$LOOK_ROOT"
}

@test "an error is one line and begins with the program's name" {
	try inside --set ns.net=/nowhere -- ids
	[ "$(wc -l <<<"$output")" -le 2 ]
	[[ "$output" == "ward: "*/nowhere* ]]
}

# --- arguments and environment ---------------------------------------------------------------------

@test "arguments arrive as they were given" {
	local want='[a b]
[]
[$HOME]
[--rm]
["quoted"]
[back\slash]
[*]'
	try inside -- args 'a b' '' '$HOME' --rm '"quoted"' 'back\slash' '*'
	[ "$output" = "$want" ] || fail "$output"
}

@test "the -- may be left out" {
	ends 0 '\[x\]' ward run "$LOOK_ROOT" /look args x
}

@test "the program is looked for in PATH" {
	ends 0 '^hello$' ward run "$BUSYBOX" -- echo hello
	ends 127 '' ward run -e PATH=/nowhere "$BUSYBOX" -- echo hello
}

@test "variables are passed, copied from the caller, or left out" {
	prints value -e NAME=value -- env NAME
	COPIED=copied prints copied -e COPIED -- env COPIED
	ends 2 NOT_SET_ANYWHERE inside -e NOT_SET_ANYWHERE -- env
	OTHER=x gives ENOENT -- env OTHER
}

@test "the last of two values of a variable wins" {
	prints two -e N=one -e N=two -- env N
}

@test "a variable keeps newlines and backslashes" {
	prints $'a\nb\\n' -e $'N=a\nb\\n' -- env N
}

# --- standard streams --------------------------------------------------------------------------------

@test "standard output and error arrive, apart" {
	[ "$(ward run "$BUSYBOX" -- sh -c 'echo out; echo err >&2' 2>/dev/null)" = out ]
	[ "$(ward run "$BUSYBOX" -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" = err ]
}

@test "a megabyte of output arrives whole" {
	local n
	n=$(ward run "$LOOK_ROOT" -- /look print 1024 | wc -c)
	[ "$n" = 1048576 ] || fail "$n"
}

@test "standard input is passed on, with -i and without" {
	[ "$(echo hello | ward run -i "$LOOK_ROOT" -- /look cat)" = hello ]
	[ "$(echo hello | ward run "$LOOK_ROOT" -- /look cat)" = hello ]
}

@test "a megabyte of input arrives whole" {
	local n
	n=$(head -c 1048576 /dev/zero | ward run -i "$LOOK_ROOT" -- /look cat | wc -c)
	[ "$n" = 1048576 ] || fail "$n"
}

@test "the end of the reader ends the writer" {
	set +o pipefail
	local ends
	WARD_TIMEOUT=10 ward run "$LOOK_ROOT" -- /look print 100000 | head -c 1 >"$STATE/out"
	ends=${PIPESTATUS[0]}
	[ "$(cat "$STATE/out")" = x ]
	[ "$ends" -ne 124 ] && [ "$ends" -ne 0 ] || fail "$ends"
}

@test "with -t the program has a terminal of the caller's size" {
	try script -qec "stty cols 77 rows 33; '$WARD' run -t -i '$LOOK_ROOT' -- /look tty" /dev/null
	[[ "$output" == *77x33* ]] || fail "$output"
}

# --- signals ---------------------------------------------------------------------------------------

@test "a signal to ward reaches the program" {
	local signal
	for signal in TERM INT HUP USR1; do
		spawn "$WARD" run "$LOOK_ROOT" -- /look await >"$STATE/out" 2>&1
		local pid=$spawned
		until_ok grep -q ready "$STATE/out"
		kill -$signal $pid
		wait $pid && status=0 || status=$?
		[ "$status" -eq "$(kill -l $signal)" ] || fail "$signal: $status"
	done
}

@test "when ward is killed the container ends" {
	spawn "$WARD" run --name "$ONE" "$LOOK_ROOT" -- /look deaf >"$STATE/out" 2>&1
	local pid=$spawned inner
	until_ok grep -q ready "$STATE/out"
	inner=$(ward info "$ONE" --json | jq .pid)
	kill -9 $pid
	until_ok test ! -d "/proc/$inner"
}

@test "orphans are reaped by the container's pid 1" {
	try inside --set process.init=yes -- orphan
	[ "$status" -eq 0 ] || fail "$output"
	ends 0 '^0$' ward run "$BUSYBOX" -- sh -c '(sleep 0.1 &) ; (true &); sleep 0.4; ps -o stat | grep -c Z || true'
}

# --- names and what stays ----------------------------------------------------------------------------

@test "after the end nothing of the container is there" {
	matches '^uid' --name "$ONE" -- ids
	[ -z "$(ward ls --json | jq -r '.[]?.name' 2>/dev/null)" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "ward-$ONE")" ]
	[ -z "$(ls -A "$WARD_RUN_DIR/containers" 2>/dev/null)" ]
}

@test "a name that is taken is refused" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	ends 125 "$ONE" ward run --name "$ONE" "$LOOK_ROOT" -- /look ids
}

@test "names with slashes, dots, control characters, or too long are refused" {
	local name
	for name in a/b ../a . .. '' -a $'a\nb' $'\033[31m' 'a b' ä "$(printf 'a%.0s' $(seq 65))"; do
		try ward run --name "$name" "$LOOK_ROOT" -- /look ids
		[ "$status" -eq 2 ] || fail "'$name': $status $output"
		[[ "$output" != *$'\033'* ]] || fail "a control character was printed"
	done
}

@test "-v without a colon is verbose, with one a volume" {
	mkdir "$STATE/data"
	chown 1000:1000 "$STATE/data"
	ends 0 'seccomp' ward run -v "$LOOK_ROOT" -- /look ids
	ends 0 '^$' ward run -v "$STATE/data:/data" "$LOOK_ROOT" -- /look ls /data
}

@test "verbose says which walls, ids and gates there are" {
	try ward run -v --allow ptrace "$LOOK_ROOT" -- /look ids
	local word
	for word in seccomp ptrace cgroup; do
		[[ "$output" == *$word* ]] || fail "$word is not in: $output"
	done
}

@test "a reader that takes its time gets all of the output" {
	local n
	n=$(ward run "$LOOK_ROOT" -- /look print 512 | { sleep 0.5; wc -c; })
	[ "$n" = 524288 ] || fail "$n"
}
