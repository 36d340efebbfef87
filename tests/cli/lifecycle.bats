#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that live on: create, start, stop, rm, exec, ls, info, wait, logs, freeze, thaw.
load ../lib

detached() {
	ward run -d --name "$1" "${@:2}" "$LOOK_ROOT" -- /look await
	until_ok grep -q ready <(ward logs "$1")
}

state_of() {
	ward ls --json | jq -r ".[] | select(.name == \"$1\") | .state"
}

until_ended() {
	until_ok eval "[ \"\$(state_of $1)\" = stopped ]"
}

@test "run -d returns at once and the container runs" {
	ward run -d --name one "$LOOK_ROOT" -- /look sleep 30
	[ "$(state_of one)" = running ]
	ends 0 'one' ward ls
}

@test "run -d reports what could not start" {
	ends 127 '' ward run -d --name one "$LOOK_ROOT" -- /nosuch
	[ -z "$(ward ls --json | jq -r '.[].name')" ]
}

@test "stop asks, and wait prints the program's own answer" {
	detached one
	spawn "$WARD" wait one >"$STATE/waited"
	sleep 0.2
	ward stop one
	until_ok grep -q 15 "$STATE/waited"
	[ "$(cat "$STATE/waited")" = 15 ]
}

@test "stop kills what does not listen" {
	ward run -d --keep --name one --set stop.timeout=1 "$LOOK_ROOT" -- /look deaf
	local start=$SECONDS
	ward stop one
	[ $((SECONDS - start)) -le 5 ]
	[ "$(state_of one)" = stopped ]
}

@test "wait prints 128 and the signal of a program that was killed" {
	detached one
	spawn "$WARD" wait one >"$STATE/waited"
	sleep 0.2
	kill -KILL "$(ward info one --json | jq .pid)"
	until_ok grep -q 137 "$STATE/waited"
}

@test "create, start, stop, start again, rm" {
	ward create --name one --profile app "$LOOK_ROOT" -- /look await
	[ "$(state_of one)" = stopped ]
	ward start one
	[ "$(state_of one)" = running ]
	ward stop one
	ward start one
	[ "$(state_of one)" = running ]
	ward stop one
	ward rm one
	ends 1 'one' ward info one
}

@test "a container that was made twice is refused" {
	ward create --name one "$LOOK_ROOT" -- /look await
	ends 1 'one' ward create --name one "$LOOK_ROOT" -- /look await
	ward rm one
}

@test "rm refuses what runs, and takes it with --force" {
	detached one
	ends 1 'running' ward rm one
	ward rm --force one
	ends 1 'one' ward info one
}

@test "exec runs a program behind the same walls" {
	detached one
	local want
	want=$(inside -- status Seccomp)
	[ "$(ward exec one -- /look status Seccomp)" = "$want" ]
	[ "$(ward exec one -- /look status CapEff)" = 0000000000000000 ]
	[ "$(ward exec one -- /look status NoNewPrivs)" = 1 ]
	ends 1 EPERM ward exec one -- /look io_uring
	ends 0 '^uid 1000' ward exec one -- /look ids
	ends 30 EROFS ward exec one -- /look create /new
}

@test "exec joins every namespace" {
	detached one
	local kind pid
	pid=$(ward info one --json | jq .pid)
	for kind in user mnt pid net ipc uts cgroup time; do
		[ "$(ward exec one -- /look readlink /proc/self/ns/$kind)" = "$(readlink /proc/$pid/ns/$kind)" ] || fail $kind
	done
}

@test "exec is counted in the container's cgroup" {
	detached one --pids 20
	ends 11 EAGAIN ward exec one -- /look forkbomb 100
}

@test "exec ends with the program's status" {
	detached one
	ends 42 '' ward exec one -- /look exit 42
	ends 137 '' ward exec one -- /look die 9
	ends 127 '' ward exec one -- /nosuch
	ends 125 'nosuch' ward exec nosuch -- /look ids
}

@test "exec passes input, variables and a directory" {
	detached one
	[ "$(echo hello | ward exec -i one -- /look cat)" = hello ]
	[ "$(ward exec -e N=v one -- /look env N)" = v ]
	[ "$(ward exec -w /tmp one -- /look cwd)" = /tmp ]
}

@test "a frozen container stands still, and goes on" {
	detached one
	ward freeze one
	[ "$(state_of one)" = frozen ] || [ "$(state_of one)" = paused ]
	ward thaw one
	[ "$(state_of one)" = running ]
	ends 0 '' ward exec one -- /look ids
}

@test "a frozen container can be removed" {
	detached one
	ward freeze one
	ward rm --force one
	ends 1 '' ward info one
}

@test "logs keep the output, and are bounded" {
	ward run -d --keep --name one --set log.size=64K "$LOOK_ROOT" -- /look print 1000
	until_ended one
	local n
	n=$(ward logs one | wc -c)
	[ "$n" -gt 1000 ] && [ "$n" -le 200000 ] || fail "$n bytes"
}

@test "logs of another program's control characters are not sent to a terminal" {
	ward run -d --keep --name one "$BUSYBOX" -- printf '\033]52;c;eA==\007\n'
	until_ended one
	try script -qec "'$WARD' logs one" /dev/null
	[[ "$output" != *$'\033]52'* ]] || fail "they were"
}

@test "ls, info, wait and logs of what is not there fail with its name" {
	local command
	for command in info wait logs stop start rm freeze thaw; do
		ends 1 nosuch ward $command nosuch
	done
}

@test "ls --json is an array of objects with name, state and pid" {
	detached one
	[ "$(ward ls --json | jq -r '.[0] | [.name, .state] | @tsv')" = $'one\trunning' ]
	[ "$(ward ls --json | jq -r '.[0].pid')" -gt 1 ]
}

@test "info --json says what holds the container" {
	detached one --memory 64M
	local json
	json=$(ward info one --json)
	jq -e .pid >/dev/null <<<"$json"
	[ "$(jq -r '.. | .memory_max? // empty' <<<"$json" | head -1)" = 67108864 ] ||
		[[ "$json" == *67108864* ]] || fail "$json"
}

@test "a container whose monitor was killed is cleared away by the next command" {
	detached one
	local monitor pid
	monitor=$(monitor_of one)
	pid=$(ward info one --json | jq .pid)
	kill -9 "$monitor"
	until_ok test ! -d "/proc/$pid"
	ward ls >/dev/null
	[ -z "$(find /sys/fs/cgroup -type d -name ward-one)" ]
	[ -z "$(ls -A "$WARD_RUN_DIR/containers")" ]
}

@test "twenty containers at once have twenty names, ranges and cgroups" {
	local i starts=()
	for i in $(seq 20); do
		spawn "$WARD" run -d "$LOOK_ROOT" -- /look sleep 30 >/dev/null
		starts+=("$spawned")
	done
	wait "${starts[@]}"
	[ "$(ward ls --json | jq length)" = 20 ]
	[ "$(for p in $(ward ls --json | jq .[].pid); do cat "/proc/$p/uid_map"; done | sort -u | wc -l)" = 20 ]
}
