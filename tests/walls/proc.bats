#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The walls proc and dev: what /proc, /sys and /dev show and let through.
load ../lib

rw="--set proc.mask= --set proc.readonly= --set proc.mode=rw --set sys.mode=rw"

masked() {
	local path=$1
	[ -e "$path" ] || return 0
	if [ -d "$path" ]; then
		prints "" --profile system -- ls "$path"
	else
		prints "" --profile system -- read "$path"
	fi
}

@test "masked files and directories are empty" {
	local path n=0
	for path in $(ward defaults system | awk '$1 == "proc.mask" { print $3 }'); do
		masked "$path"
		n=$((n + 1))
	done
	[ $n -gt 5 ]
}

@test "what Docker, Podman and nspawn mask is masked" {
	local path masks
	masks=$(ward defaults system | awk '$1 == "proc.mask" { print $3 }')
	for path in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats \
		/proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap \
		/sys/firmware /sys/fs/selinux; do
		grep -qx "$path" <<<"$masks" || fail "$path is not masked"
	done
}

@test "control: without masks a file has contents" {
	[ -s /proc/interrupts ] || [ -n "$(cat /proc/interrupts)" ]
	try inside --profile system $rw -- read /proc/interrupts
	[ -n "$output" ]
	prints "" --profile system -- read /proc/interrupts
}

@test "/proc/sys cannot be written by root of the container: EROFS" {
	gives EROFS --profile system -- open-w /proc/sys/net/ipv4/ip_forward
	gives OK --profile system $rw -- open-w /proc/sys/net/ipv4/ip_forward
}

@test "no kernel parameter opens for writing in profile app" {
	matches '^of [1-9][0-9]+ files$' -- writable-sysctls
}

@test "in profile system only parameters of the container's own namespaces open for writing" {
	try inside --profile system -- writable-sysctls
	local path
	[[ "$output" =~ of\ [1-9][0-9]+\ files$ ]] || fail "$output"
	for path in ${output%of *}; do
		case $path in
		/proc/sys/net/* | /proc/sys/kernel/shm* | /proc/sys/kernel/msg* | /proc/sys/kernel/sem* | \
			/proc/sys/fs/mqueue/* | /proc/sys/kernel/hostname | /proc/sys/kernel/domainname | \
			/proc/sys/kernel/pid_max | /proc/sys/kernel/ns_last_pid) ;;
		*) fail "$path opens for writing" ;;
		esac
	done
}

@test "control: without the wall more parameters open for writing" {
	local with without
	try inside -- writable-sysctls
	with=$(grep -c . <<<"$output" || true)
	try inside --profile system $rw -- writable-sysctls
	without=$(grep -c . <<<"$output" || true)
	[ "$without" -gt "$with" ]
}

@test "nothing in /sys opens for writing in profile app" {
	matches '^of [1-9][0-9]+ files$' -- writable /sys
}

@test "a sysctl of an own namespace can be set" {
	prints 1 --set sysctl=net.ipv4.ip_forward=1 -- read /proc/sys/net/ipv4/ip_forward
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ] || skip "the host forwards"
}

@test "a sysctl of the whole host is refused, with the reason" {
	ends 125 'whole host' inside --set sysctl=kernel.panic=1 -- ids
}

@test "a sysctl of a shared namespace is refused" {
	ends 125 'shared' inside --profile privileged --set ns.net=host --set sysctl=net.ipv4.ip_forward=1 -- ids
}

@test "other users' processes are hidden when asked" {
	try inside --profile system --set proc.hidepid=invisible --user 1000 --set process.init=yes -- pids
	[[ "$output" != "1 "* ]]
	try inside --profile system --set proc.hidepid=off --user 1000 --set process.init=yes -- pids
	[[ "$output" == "1 "* ]]
}

@test "/proc with processes only has nothing of the system" {
	gives ENOENT --set proc.subset_pid=yes -- open-r /proc/meminfo
	gives OK --set proc.subset_pid=no -- open-r /proc/meminfo
}

@test "boot_id and machine-id are the container's own" {
	local first
	try inside -- read /proc/sys/kernel/random/boot_id
	first=$output
	[[ "$first" =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4 ]]
	[ "$first" != "$(cat /proc/sys/kernel/random/boot_id)" ]
	try inside -- read /proc/sys/kernel/random/boot_id
	[ "$output" != "$first" ]
	prints "$(cat /proc/sys/kernel/random/boot_id)" --set proc.own_ids=no -- read /proc/sys/kernel/random/boot_id
}

# --- /dev ---------------------------------------------------------------------------------------

@test "/dev holds the usual nodes and nothing of the host's hardware" {
	try inside -- ls /dev
	[ "$(echo $output)" = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" ]
}

@test "the usual nodes work" {
	local node
	for node in null zero full random urandom; do
		gives OK -- open-r /dev/$node
	done
}

@test "a device of the host that is given is there, and allowed" {
	gives ENOENT -- open-r /dev/net/tun
	[ -c /dev/net/tun ] || skip "this host has no /dev/net/tun"
	gives OK --set dev.node=/dev/net/tun -- open-r /dev/net/tun
}

@test "device rules refuse what the node would allow: EPERM" {
	mkdir "$STATE/data"
	mknod -m 666 "$STATE/data/loop" c 10 237
	gives EPERM -v "$STATE/data:/data:dev" -- open-r /data/loop
	gives OK -v "$STATE/data:/data:dev" --set 'device.rule=c 10:237 rw' -- open-r /data/loop
}

@test "device rules tell reading from writing" {
	mkdir "$STATE/data"
	mknod -m 666 "$STATE/data/loop" c 10 237
	gives OK -v "$STATE/data:/data:dev" --set 'device.rule=c 10:237 r' -- open-r /data/loop
	gives EPERM -v "$STATE/data:/data:dev" --set 'device.rule=c 10:237 r' -- open-w /data/loop
}

@test "pseudo terminals come from an instance of the container's own" {
	matches ' /dev/pts .* devpts ' --profile system -- mountinfo /dev/pts
	gives OK -- ptys 1
}

@test "/dev is read-only where the root is" {
	gives EROFS --user 0 -- create /dev/new
}

@test "on cgroup v1 an application sees the limits to be read, a system every hierarchy it has" {
	[ -e /sys/fs/cgroup/devices/devices.list ] || skip "no cgroup v1 devices here"
	try inside -- read /proc/self/mountinfo
	grep -q ' /sys/fs/cgroup/memory ' <<<"$output" || fail "no memory: $output"
	grep -E ' /sys/fs/cgroup/(devices|pids|unified) ' <<<"$output" && fail "more than limits: $output"
	gives OK -- open-r /sys/fs/cgroup/memory/memory.limit_in_bytes
	try inside --profile system -- read /proc/self/mountinfo
	grep -q ' /sys/fs/cgroup/devices ' <<<"$output" || fail "the control: $output"
}
