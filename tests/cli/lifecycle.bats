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
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	[ "$(state_of "$ONE")" = running ]
	ends 0 "$ONE" ward ls
}

@test "run -d reports what could not start" {
	ends 127 '' ward run -d --name "$ONE" "$LOOK_ROOT" -- /nosuch
	[ -z "$(ward ls --json | jq -r '.[].name')" ]
}

@test "stop asks, and wait prints the program's own answer" {
	detached "$ONE"
	spawn "$WARD" wait "$ONE" >"$STATE/waited"
	sleep 0.2
	ward stop "$ONE"
	until_ok grep -q 15 "$STATE/waited"
	[ "$(cat "$STATE/waited")" = 15 ]
}

@test "stop kills what does not listen" {
	ward run -d --keep --name "$ONE" --set stop.timeout=1 "$LOOK_ROOT" -- /look deaf
	local start=$SECONDS
	ward stop "$ONE"
	[ $((SECONDS - start)) -le 5 ]
	[ "$(state_of "$ONE")" = stopped ]
}

@test "wait prints 128 and the signal of a program that was killed" {
	detached "$ONE"
	spawn "$WARD" wait "$ONE" >"$STATE/waited"
	sleep 0.2
	kill -KILL "$(ward info "$ONE" --json | jq .pid)"
	until_ok grep -q 137 "$STATE/waited"
}

@test "create, start, stop, start again, rm" {
	ward create --name "$ONE" --profile app "$LOOK_ROOT" -- /look await
	[ "$(state_of "$ONE")" = stopped ]
	ward start "$ONE"
	[ "$(state_of "$ONE")" = running ]
	ward stop "$ONE"
	ward start "$ONE"
	[ "$(state_of "$ONE")" = running ]
	ward stop "$ONE"
	ward rm "$ONE"
	ends 1 "$ONE" ward info "$ONE"
}

@test "a container that was made twice is refused" {
	ward create --name "$ONE" "$LOOK_ROOT" -- /look await
	ends 1 "$ONE" ward create --name "$ONE" "$LOOK_ROOT" -- /look await
	ward rm "$ONE"
}

@test "rm refuses what runs, and takes it with --force" {
	detached "$ONE"
	ends 1 'running' ward rm "$ONE"
	ward rm --force "$ONE"
	ends 1 "$ONE" ward info "$ONE"
}

@test "exec runs a program behind the same walls" {
	detached "$ONE"
	local want
	want=$(inside -- status Seccomp)
	[ "$(ward exec "$ONE" -- /look status Seccomp)" = "$want" ]
	[ "$(ward exec "$ONE" -- /look status CapEff)" = 0000000000000000 ]
	[ "$(ward exec "$ONE" -- /look status NoNewPrivs)" = 1 ]
	ends 1 EPERM ward exec "$ONE" -- /look io_uring
	ends 0 '^uid 1000' ward exec "$ONE" -- /look ids
	ends 30 EROFS ward exec "$ONE" -- /look create /new
}

@test "exec joins every namespace" {
	detached "$ONE"
	local kind pid
	pid=$(ward info "$ONE" --json | jq .pid)
	for kind in user mnt pid net ipc uts cgroup time; do
		[ "$(ward exec "$ONE" -- /look readlink /proc/self/ns/$kind)" = "$(readlink /proc/$pid/ns/$kind)" ] || fail $kind
	done
}

@test "exec is counted in the container's cgroup" {
	detached "$ONE" --pids 20
	ends 11 EAGAIN ward exec "$ONE" -- /look forkbomb 100
}

@test "exec ends with the program's status" {
	detached "$ONE"
	ends 42 '' ward exec "$ONE" -- /look exit 42
	ends 137 '' ward exec "$ONE" -- /look die 9
	ends 127 '' ward exec "$ONE" -- /nosuch
	ends 125 'nosuch' ward exec nosuch -- /look ids
}

@test "exec passes input, variables and a directory" {
	detached "$ONE"
	[ "$(echo hello | ward exec -i "$ONE" -- /look cat)" = hello ]
	[ "$(ward exec -e N=v "$ONE" -- /look env N)" = v ]
	[ "$(ward exec -w /tmp "$ONE" -- /look cwd)" = /tmp ]
}

@test "a frozen container stands still, and goes on" {
	detached "$ONE"
	ward freeze "$ONE"
	[ "$(state_of "$ONE")" = frozen ] || [ "$(state_of "$ONE")" = paused ]
	ward thaw "$ONE"
	[ "$(state_of "$ONE")" = running ]
	ends 0 '' ward exec "$ONE" -- /look ids
}

@test "a frozen container can be removed" {
	detached "$ONE"
	ward freeze "$ONE"
	ward rm --force "$ONE"
	ends 1 '' ward info "$ONE"
}

@test "logs keep the output, and are bounded" {
	ward run -d --keep --name "$ONE" --set log.size=64K "$LOOK_ROOT" -- /look print 1000
	until_ended "$ONE"
	local n
	n=$(ward logs "$ONE" | wc -c)
	[ "$n" -gt 1000 ] && [ "$n" -le 200000 ] || fail "$n bytes"
}

@test "logs of another program's control characters are not sent to a terminal" {
	ward run -d --keep --name "$ONE" "$BUSYBOX" -- printf '\033]52;c;eA==\007\n'
	until_ended "$ONE"
	try script -qec "'$WARD' logs $ONE" /dev/null
	[[ "$output" != *$'\033]52'* ]] || fail "they were"
}

@test "ls, info, wait and logs of what is not there fail with its name" {
	local command
	for command in info wait logs stop start rm freeze thaw; do
		ends 1 nosuch ward $command nosuch
	done
}

@test "ls --json is an array of objects with name, state and pid" {
	detached "$ONE"
	[ "$(ward ls --json | jq -r '.[0] | [.name, .state] | @tsv')" = "$ONE"$'\trunning' ]
	[ "$(ward ls --json | jq -r '.[0].pid')" -gt 1 ]
}

@test "info --json says what holds the container" {
	detached "$ONE" --memory 64M
	local json
	json=$(ward info "$ONE" --json)
	jq -e .pid >/dev/null <<<"$json"
	[ "$(jq -r '.. | .memory_max? // empty' <<<"$json" | head -1)" = 67108864 ] ||
		[[ "$json" == *67108864* ]] || fail "$json"
}

@test "a container whose monitor was killed is cleared away by the next command" {
	detached "$ONE"
	local monitor pid
	monitor=$(monitor_of "$ONE")
	pid=$(ward info "$ONE" --json | jq .pid)
	kill -9 "$monitor"
	until_ok test ! -d "/proc/$pid"
	ward ls >/dev/null
	[ -z "$(find /sys/fs/cgroup -type d -name "ward-$ONE")" ]
	[ -z "$(ls -A "$WARD_RUN_DIR/containers")" ]
}

@test "twenty containers at once have twenty names, ranges and cgroups" {
	local starts=()
	for _ in $(seq 20); do
		spawn "$WARD" run -d "$LOOK_ROOT" -- /look sleep 30 >/dev/null
		starts+=("$spawned")
	done
	wait "${starts[@]}"
	[ "$(ward ls --json | jq length)" = 20 ]
	[ "$(for p in $(ward ls --json | jq .[].pid); do cat "/proc/$p/uid_map"; done | sort -u | wc -l)" = 20 ]
}

@test "run -d lets go of the caller's output and of what the caller left open" {
	local waited
	exec 7>"$STATE/left-open"
	waited=$SECONDS
	[ "$(ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30)" = "$ONE" ]
	exec 7>&-
	[ $((SECONDS - waited)) -lt 20 ] || fail "the caller waited for the container's end"
	[ -z "$(find /proc/[0-9]*/fd -lname "$STATE/left-open" 2>/dev/null)" ] || fail "a monitor holds the file"
	ward stop -t 0 "$ONE"
}
