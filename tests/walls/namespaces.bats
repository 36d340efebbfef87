#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every namespace is the container's own, or the host's when that is asked for.
load ../lib

host_ns() {
	readlink "/proc/self/ns/$1"
}

has_own_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(host_ns net)" ]
}

@test "every kind of namespace is the container's own" {
	local kind
	for kind in user mnt pid net ipc uts cgroup time; do
		try inside -- readlink "/proc/self/ns/$kind"
		[[ "$output" == "$kind:["* ]]
		[ "$output" != "$(host_ns $kind)" ]
	done
}

@test "control: a namespace asked to be the host's is the host's" {
	local kind
	for kind in net ipc uts cgroup time; do
		prints "$(host_ns $kind)" --profile privileged --set "ns.$kind=host" -- readlink "/proc/self/ns/$kind"
	done
}

@test "the user namespace can be the host's only for the profile that says so" {
	prints "$(host_ns user)" --profile privileged -- readlink /proc/self/ns/user
}

@test "a namespace given by path is joined" {
	spawn unshare --net sleep 20
	local pid=$spawned
	until_ok has_own_net $pid
	local want
	want=$(readlink /proc/$pid/ns/net)
	try inside --set "ns.net=/proc/$pid/ns/net" -- readlink /proc/self/ns/net
	[ "$output" = "$want" ]
}

@test "a path that is no namespace is refused" {
	ends 125 'ns.net' inside --set ns.net=/etc/passwd -- ids
}

@test "a namespace of another kind is refused" {
	ends 125 'ns.net' inside --set ns.net=/proc/self/ns/uts -- ids
}

@test "only the container's own processes are seen" {
	matches '^1 ([0-9]+ )?$' -- pids
}

@test "with the host's pid namespace more are seen" {
	try inside --profile privileged --set ns.pid=host -- pids
	[ "$(wc -w <<<"$output")" -gt 5 ]
}

@test "a process of the host cannot be signalled" {
	spawn sleep 20
	gives ESRCH --profile system -- kill $spawned
	gives OK --profile privileged --set ns.pid=host -e LOOK_HOST=1 -- kill $spawned
}

@test "the network has loopback and nothing else" {
	prints lo -- interfaces
}

@test "loopback is up" {
	gives ECONNREFUSED -- connect 127.0.0.1 9
}

@test "control: the host's network has more" {
	# Where the tests have a network namespace of their own, it has loopback only.
	ip link add "wt${ONE##*-}" type veth
	try inside --profile privileged --set ns.net=host -- interfaces
	ip link del "wt${ONE##*-}"
	[ "$(wc -l <<<"$output")" -gt 1 ]
}

@test "nothing outside is reachable" {
	gives ENETUNREACH -- connect 192.0.2.1 80
}

@test "a listener of the host is not reached on loopback" {
	local port
	spawn python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(20)' \
		>"$STATE/port"
	until_ok test -s "$STATE/port"
	port=$(cat "$STATE/port")
	gives ECONNREFUSED -- connect 127.0.0.1 "$port"
	gives OK --profile privileged --set ns.net=host -- connect 127.0.0.1 "$port"
}

@test "a System V segment of the host is not found" {
	local id
	id=$("$LOOK" shm-make 0x77617264)
	try gives ENOENT -- shm 0x77617264
	local refused=$output refused_status=$status
	try gives OK --profile privileged --set ns.ipc=host -- shm 0x77617264
	ipcrm -m "$id"
	[ "$refused_status" -eq 0 ] || fail "$refused"
	[ "$status" -eq 0 ] || fail "$output"
}

@test "the host name is the container's own" {
	matches "^box " --hostname box -- uname
	[ "$(uname -n)" != box ]
}

@test "a host name changed inside stays inside" {
	local before
	before=$(uname -n)
	gives OK --profile system -- sethostname changed
	[ "$(uname -n)" = "$before" ]
}

@test "the cgroup namespace hides where the container is" {
	try inside -- read /proc/self/cgroup
	[ "$status" -eq 0 ]
	[[ "$output" != *ward* ]]
	[[ "$output" == *:/* ]]
}

@test "control: without a cgroup namespace the place is seen" {
	try inside --profile privileged --set ns.cgroup=host --name "$ONE" -- read /proc/self/cgroup
	[[ "$output" == *ward-$ONE* ]]
}

@test "mounts inside do not appear outside" {
	mkdir "$STATE/shared"
	gives OK --profile system -v "$STATE/shared:/shared" -- mount tmpfs /shared
	! grep -q " $STATE/shared" /proc/self/mountinfo
}

@test "the clocks can be moved in a time namespace, and only there" {
	local host inner
	host=$(cut -d. -f1 /proc/uptime)
	try inside --set time.boottime=100000 -- uptime
	inner=$output
	[ $((inner - host)) -ge 100000 ] && [ $((inner - host)) -le 100010 ]
}

@test "pid 1 is not the program when there is a reaper, and the program when not" {
	prints 1 --set process.init=no -- status Pid
	try inside --set process.init=yes -- status Pid
	[ "$output" -gt 1 ]
}
