#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash source-path=SCRIPTDIR source=lib.sh
# A machine with the older cgroup hierarchies and nothing else, as routers and long-lived servers
# have them, on which AppArmor is in force.
. /vm/lib.sh
cd / || exit 1
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for controller in memory pids cpu,cpuacct cpuset devices freezer blkio; do
	mkdir "/sys/fs/cgroup/$controller"
	mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
done
if ! grep -q " /sys/fs/cgroup/memory cgroup " /proc/mounts; then
	skip "the older cgroup hierarchies" "this kernel is built without that for memory"
	checks_end
	exit 0
fi
ln -s cpu,cpuacct /sys/fs/cgroup/cpu
ln -s cpu,cpuacct /sys/fs/cgroup/cpuacct

# --- the kernel -----------------------------------------------------------------------------------

is_v1_only() {
	! grep -E ' - cgroup2 ' /proc/self/mountinfo
}

check_finds() {
	grep -E "^$1  *$2" /run/check || fail "wanted: /$1  *$2/ in:" "$(cat /run/check)"
}

ward check >/run/check 2>&1

check "this machine has cgroup v1 only" is_v1_only
check "check: the cgroups are v1" check_finds cgroups 'ok .*v1'
check "check: the device rules are the v1 list" check_finds 'device rules' 'ok .*v1 list'
check "check: AppArmor is there" check_finds 'security modules' 'ok .*apparmor'
check "a program runs" ends 0 '^$' ward run "$IMAGE" -- true
check "root inside runs" ends 0 '^0$' ward run --profile system --net=empty "$IMAGE" -- id -u
remember

# --- limits ---------------------------------------------------------------------------------------

detached_with_limits() {
	detached limits --pids 33 --memory 64M --memory-swap 16M --cpus 0.5 --set cpu.weight=200 \
		--set cpuset.cpus=0
}

limit_is() {
	file_is "$3" "/sys/fs/cgroup/$1/ward-limits/$2"
}

used() {
	ward info --json "$1" | sed -n "s/^ *\"$2\": \\([0-9]*\\),\\{0,1\\}$/\\1/p"
}

info_says() {
	test "$(used limits "$1")" "$2" "$3" || fail "$(ward info --json limits | sed -n '/"use"/,$p')"
}

bombs_end() {
	gives EAGAIN --pids 20 -- forkbomb 60 || return 1
	ends 137 '' inside --memory 16M -- memory 64000000
}

check "a container with limits starts" detached_with_limits
check "pids.max" limit_is pids pids.max 33
check "memory.limit_in_bytes" limit_is memory memory.limit_in_bytes 67108864
check "memory.memsw.limit_in_bytes is memory and swap" limit_is memory memory.memsw.limit_in_bytes 83886080
check "cpu.cfs_quota_us" limit_is cpu cpu.cfs_quota_us 50000
check "cpu.cfs_period_us" limit_is cpu cpu.cfs_period_us 100000
check "cpu.shares is twice the usual" limit_is cpu cpu.shares 2048
check "cpuset.cpus" limit_is cpuset cpuset.cpus 0
check "info --json: pids_max" info_says pids_max -eq 33
check "info --json: memory_max" info_says memory_max -eq 67108864
check "info --json: memory is counted" info_says memory -gt 4096
check "info --json: CPU time is counted" info_says cpu_usec -gt 0
check "the container with limits stops" ward stop limits
check "a fork bomb and a memory bomb end" bombs_end

# --- devices, freeze, stop ------------------------------------------------------------------------

device() {
	local answer="$1" probe="$2" node="$3"
	shift 3
	gives "$answer" -v /nodes:/nodes:dev,noidmap "$@" -- "$probe" "/nodes/$node"
}

frozen_stands_still() {
	local before after
	background ice -- sh -c 'while :; do :; done' || return 1
	ward freeze ice || return 1
	file_is FROZEN /sys/fs/cgroup/freezer/ward-ice/freezer.state || return 1
	before=$(used ice cpu_usec)
	usleep 500000
	after=$(used ice cpu_usec)
	[ "$before" = "$after" ] || fail "it used $before, then $after"
}

thawed_goes_on() {
	local before
	before=$(used ice cpu_usec)
	ward thaw ice && usleep 500000 && [ "$(used ice cpu_usec)" -gt "$before" ]
	status=$?
	ward rm --force ice && return $status
}

all_are_killed() {
	# shellcheck disable=SC2016 # for the shell inside
	background deaf --set stop.timeout=1 -- sh -c \
		'for i in 1 2 3 4 5; do (setsid /look deaf &); done; exec /look deaf' || return 1
	until_ok has_processes 6 /sys/fs/cgroup/pids/ward-deaf
	ward stop deaf || return 1
	until_ok test ! -e /sys/fs/cgroup/pids/ward-deaf && until_ok none_inside
}

has_processes() {
	[ "$(find "$2" -name cgroup.procs -exec cat {} + | wc -l)" -ge "$1" ]
}

exec_joins() {
	detached one --pids 30 || return 1
	ends 0 '^uid 1000' ward exec one -- /look ids && ends 11 EAGAIN ward exec one -- /look forkbomb 60
	status=$?
	ward rm --force one && return $status
}

mknod -m 666 /nodes/zero c 1 5
mknod -m 666 /nodes/kmsg c 1 11
check "a listed device opens" device OK open-r zero
check "a device that is not listed is refused by the v1 list" device EPERM open-w kmsg
check "control: with a rule for it the device opens" device OK open-w kmsg --set 'device.rule=c 1:11 w'
check "freeze stops every process" frozen_stands_still
check "thaw lets them go on" thawed_goes_on
check "stop kills what is deaf and what left its parents" all_are_killed
check "exec is in the same cgroups" exec_joins

# --- AppArmor -------------------------------------------------------------------------------------

# Two sentences at most, of which the first says the key and the profile.
unknown_profile_is_refused() {
	ends 125 'lsm\.apparmor.*ward-nowhere' inside --apparmor ward-nowhere -- ids || return 1
	[ "$(printf '%s\n' "$output" | wc -l)" = 1 ] || fail "more than one line: $output"
}

load_profile() {
	cat /vm/profile >/sys/kernel/security/apparmor/.load &&
		ends 0 '^ward-test \(enforce\)$' cat /sys/kernel/security/apparmor/profiles
}

label_is() {
	local want="$1"
	shift
	ends 0 "^$want$" ward run "$@" "$IMAGE" -- cat /proc/self/attr/current
}

exec_has_the_label() {
	detached one --apparmor ward-test || return 1
	ends 0 '^ward-test \(enforce\)$' ward exec one -- cat /proc/self/attr/current &&
		ends 0 '^  ok  *apparmor\.profile' ward info one &&
		ends 0 '^ward-test \(enforce\)$' cat "/proc/$(pid_of_sleep)/attr/current"
	status=$?
	ward rm --force one && return $status
}

pid_of_sleep() {
	pidof sleep | awk '{ print $1 }'
}

only_the_profile_refuses() {
	gives OK -- open-r /refused || return 1
	gives EACCES --apparmor ward-test -- open-r /refused
}

: >"$IMAGE/refused"
chmod 666 "$IMAGE/refused"
check "a profile that is not loaded stops the start with one clear error" unknown_profile_is_refused
check "what was refused left nothing" nothing_is_left
check "without a profile the label is unconfined" label_is unconfined
if [ -s /vm/profile ]; then
	check "the kernel takes a profile" load_profile
	check "app: the program runs under the profile" label_is 'ward-test \(enforce\)' --apparmor ward-test
	check "system: so does pid 1" label_is 'ward-test \(enforce\)' --profile system --net=empty --apparmor ward-test
	check "what the profile refuses is refused, and without it is not" only_the_profile_refuses
	check "exec and info know the profile" exec_has_the_label
else
	skip "the program runs under the profile" "the profile could not be compiled on the host"
fi

# --- nothing stays --------------------------------------------------------------------------------

check "no cgroup, mount, process, state or file is left" nothing_is_left
checks_end
