#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that live on: create, start, stop, rm, exec, ls, info, wait, logs, freeze, thaw.
load ../lib

detached() {
	ward run -d --name "$1" "${@:2}" "$LOOK_ROOT" -- /look await
	until_ok is_ready "$1"
}

is_ready() {
	ward logs "$1" | grep -q ready
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

@test "restart stops and starts again, and starts what did not run" {
	local first
	ward create --name "$ONE" --profile app "$LOOK_ROOT" -- /look await
	ward restart "$ONE"
	first=$(ward info "$ONE" --json | jq .pid)
	ward restart "$ONE"
	[ "$(state_of "$ONE")" = running ]
	[ "$(ward info "$ONE" --json | jq .pid)" != "$first" ]
	[ ! -d "/proc/$first" ]
}

@test "restart leaves running what could not be started again" {
	local pid
	detached "$ONE"
	ends 1 "no container $ONE" ward restart "$ONE"
	[ "$(state_of "$ONE")" = running ]
	mkdir "$STATE/volume"
	ward create --name "$ONE-b" --profile app -v "$STATE/volume:/tmp" "$LOOK_ROOT" -- /look await
	ward start "$ONE-b"
	pid=$(ward info "$ONE-b" --json | jq .pid)
	echo 'memory.max = 1' >>"$WARD_LIB_DIR/containers/$ONE-b/config"
	ends 1 'memory.max' ward restart "$ONE-b"
	[ "$(ward info "$ONE-b" --json | jq .pid)" = "$pid" ]
}

@test "rename gives a stopped container another name, with its log" {
	ward create --name "$ONE" --profile app "$LOOK_ROOT" -- /look print 3
	ward start "$ONE"
	until_ended "$ONE"
	local log
	log=$(ward logs "$ONE")
	[ -n "$log" ]
	ward rename "$ONE" "$ONE-new"
	[ "$(ward ls --json | jq -r '.[].name')" = "$ONE-new" ]
	[ "$(ward logs "$ONE-new")" = "$log" ]
	ward start "$ONE-new"
	until_ended "$ONE-new"
	ward create --name "$ONE" "$LOOK_ROOT" -- /look await
}

@test "rename refuses what runs, what is not there, and names that are taken or none" {
	ward create --name "$ONE" --profile app "$LOOK_ROOT" -- /look await
	ward create --name "$ONE-b" --profile app "$LOOK_ROOT" -- /look await
	ends 1 'exists already' ward rename "$ONE" "$ONE-b"
	ends 1 'not a name' ward rename "$ONE" ../x
	ends 1 'no container' ward rename "$ONE-c" "$ONE-d"
	ends 2 'the same' ward rename "$ONE" "$ONE"
	ward start "$ONE"
	ends 1 'stop it first' ward rename "$ONE" "$ONE-d"
	ends 1 'running' ward rename "$ONE-b" "$ONE"
	[ "$(ward ls --json | jq -r '.[].name' | tr '\n' ' ')" = "$ONE $ONE-b " ]
}

@test "update changes the limits of a running container, and of its next start" {
	ward create --name "$ONE" --profile app --memory 64M --pids 20 "$LOOK_ROOT" -- /look await
	ward start "$ONE"
	ends 11 'EAGAIN' ward exec "$ONE" -- /look forkbomb 50
	ward update "$ONE" --pids 200 --memory 256M
	ends 0 'OK' ward exec "$ONE" -- /look forkbomb 50
	[ "$(ward info "$ONE" --json | jq -c '[.use.pids_max, .use.memory_max]')" = '[200,268435456]' ]
	ward update "$ONE" --memory 32M
	[ "$(ward info "$ONE" --json | jq .use.memory_max)" = 33554432 ]
	ward restart "$ONE"
	[ "$(ward info "$ONE" --json | jq -c '[.use.pids_max, .use.memory_max]')" = '[200,33554432]' ]
	ward stop "$ONE"
	ward update "$ONE" --pids 30
	ward start "$ONE"
	[ "$(ward info "$ONE" --json | jq -c '[.use.pids_max, .use.memory_max]')" = '[30,33554432]' ]
}

@test "update refuses bad values and changes nothing then" {
	ward create --name "$ONE" --profile app --pids 20 "$LOOK_ROOT" -- /look await
	local before
	before=$(cat "$WARD_LIB_DIR/containers/$ONE/config")
	ends 1 'memory.max' ward update "$ONE" --pids 30 --memory 1x
	ends 1 'less than one page' ward update "$ONE" --pids 30 --memory 100
	ends 1 'which limit' ward update "$ONE"
	ends 1 'no container' ward update "$ONE-b" --pids 30
	ward start "$ONE"
	ends 1 'less than one page' ward update "$ONE" --pids 30 --memory 100
	[ "$(ward info "$ONE" --json | jq .use.pids_max)" = 20 ]
	[ "$(cat "$WARD_LIB_DIR/containers/$ONE/config")" = "$before" ]
}

@test "those who wait never lock out those who act" {
	detached "$ONE"
	for _ in $(seq 70); do
		spawn "$WARD" wait "$ONE" >>"$STATE/waited" 2>>"$STATE/refused"
	done
	# 48 places are for waiting; the rest is refused with a sentence.
	until_ok eval '[ "$(grep -c "too many wait" "$STATE/refused")" = 22 ]'
	ward freeze "$ONE"
	ward thaw "$ONE"
	ward stop -t 0 "$ONE"
	until_ok eval '[ "$(grep -c 137 "$STATE/waited")" = 48 ]'
}

@test "clients that say nothing lock nobody out" {
	detached "$ONE"
	spawn python3 -c '
import os, socket, sys, time
os.chdir(sys.argv[1])
held = []
for _ in range(100):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("control")
    held.append(s)
print("held", flush=True)
time.sleep(60)' "$WARD_RUN_DIR/containers/$ONE" >"$STATE/held"
	until_ok grep -q held "$STATE/held"
	ward stop -t 0 "$ONE"
	[ -z "$(ward ls --json | jq -r '.[].name')" ]
}

@test "directories made for cgroup.parent go with the last container, an administrator's stay" {
	local parent=parent-${STATE##*.} here
	detached "$ONE" --set "cgroup.parent=$parent/a/b"
	detached "$ONE-b" --set "cgroup.parent=$parent/a"
	[ -n "$(find /sys/fs/cgroup -type d -path "*/$parent/a/b/ward-$ONE")" ]
	ward stop -t 0 "$ONE"
	[ -z "$(find /sys/fs/cgroup -type d -path "*/$parent/a/b")" ]
	[ -n "$(find /sys/fs/cgroup -type d -path "*/$parent/a/ward-$ONE-b")" ]
	ward stop -t 0 "$ONE-b"
	[ -z "$(find /sys/fs/cgroup -type d -name "$parent")" ]
	for here in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do
		mkdir "$here/$parent"
	done
	detached "$ONE" --set "cgroup.parent=$parent/a"
	ward stop -t 0 "$ONE"
	[ -z "$(find /sys/fs/cgroup -type d -path "*/$parent/a")" ]
	[ -n "$(find /sys/fs/cgroup -type d -name "$parent")" ]
	find /sys/fs/cgroup -type d -name "$parent" -exec rmdir {} +
}

@test "exec works where every id is the host's" {
	detached "$ONE" --profile privileged --net=empty
	ends 0 '^uid 0 0 0' ward exec "$ONE" -- /look ids
}
