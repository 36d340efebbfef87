#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lxc-* tools: options, output and exit statuses of LXC's manual pages.
load ../lib
load help
bats_require_minimum_version 1.5.0

# named NAME ARGUMENT...: ward-lxc under the name of a tool.
named() {
	timeout -k 2 60 bash -c 'exec -a "$0" "$@"' "$1" "$LXC_BUILD/ward-lxc" "${@:2}"
}

# tool NAME ARGUMENT...: the same on this test's directory of containers.
tool() {
	named "$1" -P "$LXCPATH" "${@:2}"
}

@test "start, info, freeze, wait, attach, stop" {
	small one
	run -0 tool lxc-start -n one
	run -0 --separate-stderr tool lxc-info one -sH
	[ "$output" = RUNNING ]
	run -0 tool lxc-info one -pH
	[ "$(sed -n 's/^NSpid:.*\t//p' "/proc/$output/status")" = 1 ]
	run -0 tool lxc-freeze one
	run -0 tool lxc-info -n one --state --no-humanize
	[ "$output" = FROZEN ]
	run -1 tool lxc-wait -n one -s RUNNING -t 0
	run -0 tool lxc-unfreeze one
	run -0 tool lxc-wait -n one -s 'STOPPED|RUNNING' -t 5
	run -7 tool lxc-attach one -- sh -c 'exit 7'
	run -143 tool lxc-attach one -- sh -c 'kill -TERM $$'
	run -0 tool lxc-attach --clear-env -v A=b one -- sh -c 'echo $A$container'
	[ "$output" = blxc ]
	run -0 tool lxc-stop one -k
	run -2 tool lxc-stop one
	[[ $output == *"it is not running"* ]]
	nothing_left one
}

@test "a container that runs is not started again, and that is no failure" {
	small one
	run -0 tool lxc-start one
	run -0 tool lxc-start one
	[[ $output == *"already running (RUNNING)"* ]]
	run -0 tool lxc-stop one --ki
}

@test "lxc-info: lines for people, values for scripts, JSON" {
	small one 'lxc.uts.name = somewhere'
	run -0 tool lxc-info one
	[ "${lines[0]}" = "Name:           one" ]
	[ "${lines[1]}" = "State:          STOPPED" ]
	run -0 tool lxc-info one -c lxc.uts.name
	[ "$output" = "lxc.uts.name = somewhere" ]
	run -0 tool lxc-info one -c lxc.uts.name -H
	[ "$output" = somewhere ]
	run -0 tool lxc-start one
	run -0 --separate-stderr tool lxc-info one --json
	jq -e '.state == "RUNNING" and .pid > 1 and .memory_bytes > 0' <<<"$output"
	run -0 tool lxc-stop one -k
	run -1 tool lxc-info none
	[[ $output == *"none doesn't exist"* ]]
}

@test "lxc-ls: names, a table, filters, JSON" {
	small one
	small three 'lxc.group = web
lxc.group = onboot
lxc.start.auto = 1'
	run -0 tool lxc-ls -1
	[ "$output" = $'one\nthree' ]
	run -0 tool lxc-ls
	[ "$output" = $'one  \nthree' ]
	run -0 tool lxc-ls -F NAME,AUTOSTART,GROUPS
	[ "${lines[0]}" = "NAME  AUTOSTART GROUPS     " ]
	[ "${lines[2]}" = "three 1         web, onboot" ]
	run -0 tool lxc-ls -1 -g web,onboot
	[ "$output" = three ]
	run -0 tool lxc-ls -1 -g web,mail
	[ "$output" = "" ]
	run -0 tool lxc-ls -1 '^o'
	[ "$output" = one ]
	run -0 tool lxc-ls -f -F NOPE
	[[ $output == "Invalid key: NOPE" ]]
	run -0 tool lxc-start one
	run -0 tool lxc-ls -1 --running
	[ "$output" = one ]
	run -0 tool lxc-ls -1 --stopped
	[ "$output" = three ]
	run -0 --separate-stderr tool lxc-ls --json
	jq -e '.[0].name == "one" and .[0].state == "RUNNING" and .[1].pid == ""' <<<"$output"
	run -0 tool lxc-stop one -k
}

@test "lxc-execute: the command's status" {
	small one
	run -5 tool lxc-execute one -- sh -c 'exit 5'
	run -0 tool lxc-execute one -- sh -c 'echo $$'
	[ "$output" = 2 ] || [ "$output" = 1 ]
	nothing_left one
}

@test "lxc-create and lxc-destroy" {
	echo 'lxc.net.0.type = empty' >"$STATE/base.conf"
	run -1 tool lxc-create -n new
	[[ $output == *"A template must be specified"* ]]
	run -0 tool lxc-create -n new -f "$STATE/base.conf" -t busybox
	[ -e "$LXCPATH/new/rootfs" ]
	run -1 tool lxc-create -n new -t none
	[[ $output == *"Container already exists"* ]]
	run -0 tool lxc-start new
	run -1 tool lxc-destroy new
	[[ $output == *"new is running"* ]]
	run -0 tool lxc-destroy -f new
	[ ! -e "$LXCPATH/new" ]
	run -1 tool lxc-destroy new
	[[ $output == *"not defined"* ]]
}

@test "lxc-autostart: groups, order, what failed" {
	small one 'lxc.start.auto = 1
lxc.start.order = 2'
	small two 'lxc.start.auto = 1
lxc.start.order = 1'
	small three 'lxc.start.auto = 1
lxc.group = onboot'
	small four
	run -0 tool lxc-autostart -L
	[ "$output" = $'two 0\none 0' ]
	run -0 tool lxc-autostart -L -g onboot,
	[ "$output" = $'three 0\ntwo 0\none 0' ]
	run -0 tool lxc-autostart
	run -0 tool lxc-ls -1 --running
	[ "$output" = $'one\ntwo' ]
	run -0 tool lxc-autostart -L -k
	[ "$output" = $'one\ntwo' ]
	run -0 tool lxc-autostart -k
	run -0 tool lxc-ls -1 --running
	[ "$output" = "" ]
	sed -i 's/^lxc.init.cmd.*/lxc.init.cmd = \/nosuch/' "$LXCPATH/one/config"
	run -2 tool lxc-autostart
	[[ $output == *"lxc-autostart: one: "* ]]
	run -0 tool lxc-stop two -k
}

@test "lxc-cgroup reads and writes what the kernel has" {
	small one
	run -0 tool lxc-start one
	run -0 tool lxc-cgroup one pids.max
	[ "$output" = 2048 ]
	run -0 tool lxc-cgroup one pids.max 99
	run -0 tool lxc-cgroup one pids.max
	[ "$output" = 99 ]
	run -1 tool lxc-cgroup one no.such
	run -0 tool lxc-stop one -k
}

@test "lxc-monitor hears of a whole life" {
	local pid
	small one
	tool lxc-monitor >"$STATE/heard" &
	pid=$!
	for _ in $(seq 100); do
		grep -q "$LXCPATH" /proc/net/unix && break
		sleep 0.1
	done
	run -0 tool lxc-start one
	run -0 tool lxc-stop one -k
	for _ in $(seq 100); do
		! grep -q "exited with status" "$STATE/heard" || break
		sleep 0.1
	done
	kill "$pid"
	grep -qF "'one' changed state to [STARTING]" "$STATE/heard"
	grep -qF "'one' changed state to [RUNNING]" "$STATE/heard"
	grep -qF "'one' changed state to [STOPPED]" "$STATE/heard"
	run -0 tool lxc-monitor -Q
	run -1 tool lxc-monitor -Q
}

@test "lxc-usernsexec and lxc-unshare" {
	run -0 tool lxc-usernsexec -m b:0:200000:10 -m b:10:300000:5 -- cat /proc/self/uid_map
	[ "$(tr -s ' ' <<<"$output")" = $' 0 200000 10\n 10 300000 5' ]
	run -3 tool lxc-usernsexec -m b:0:200000:10 -- sh -c 'exit 3'
	run -1 tool lxc-usernsexec -m b:0:x:10 -- true
	run -0 tool lxc-unshare -s 'UTSNAME|PID|MOUNT' -H elsewhere -M -- sh -c 'hostname; echo $$'
	[ "$output" = $'elsewhere\n1' ]
	run -1 tool lxc-unshare -s 'NOPE' -- true
}

@test "words that are not known are refused, others may be cut short" {
	run -1 tool lxc-ls --nope
	[[ $output == *"unknown option '--nope'"* ]]
	run -1 tool lxc-info
	[[ $output == *"No container name specified"* ]]
	run -0 --separate-stderr tool lxc-start --vers
	[[ $output == 6.* ]]
	run -0 --separate-stderr tool lxc-start --help
	[[ $stderr == "Usage: lxc-start --name=NAME"* ]]
	run -0 --separate-stderr named lxc-config lxc.lxc
	[ "$output" = /var/lib/lxc ]
	run -1 named lxc-config lxc.nope
	[[ $output == *"Unknown configuration item: lxc.nope"* ]]
}

@test "lxc-checkconfig asks the kernel" {
	run -0 named lxc-checkconfig
	[[ $output == *"User namespace: enabled"* ]]
	run -0 --separate-stderr named lxc-checkconfig --json
	jq -e '.["User namespace"] and .["Mount namespace"]' <<<"$output"
}

@test "lxc-top: numbers for other programs" {
	small one
	run -0 tool lxc-start one
	run -124 timeout 2 bash -c 'exec -a lxc-top "$@"' sh "$LXC_BUILD/ward-lxc" -P "$LXCPATH" -b -d 1
	[[ ${lines[0]} == time_ms,container,cpu_nanos,* ]]
	[[ ${lines[1]} =~ ^[0-9]+,one,[0-9]+, ]]
	run -0 --separate-stderr tool lxc-top --json
	jq -e '.[0].name == "one"' <<<"$output"
	run -0 tool lxc-stop one -k
}

@test "lxc-ls --nesting bears a container that never stops talking" {
	small one
	printf '%s\n' '#!/bin/sh' 'while :; do echo inner; done' >"$LXCPATH/one/rootfs/bin/lxc-ls"
	chmod 755 "$LXCPATH/one/rootfs/bin/lxc-ls"
	run -0 tool lxc-start one
	run -0 tool lxc-ls -1 --nesting
	[ "${lines[0]}" = one ]
	[ "${lines[1]}" = one/inner ]
	run -0 tool lxc-stop one -k
	nothing_left one
}

@test "lxc-monitor's daemon lets go of the caller's streams" {
	# It ends with the reader of its output, though the daemon lives on.
	run -7 timeout 20 bash -c 'timeout 1 "$@" | cat; exit 7' sh \
		bash -c 'exec -a lxc-monitor "$@"' sh "$LXC_BUILD/ward-lxc" -P "$LXCPATH"
	run -0 tool lxc-monitor -Q
}
