#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash source-path=SCRIPTDIR source=lib.sh
# A distribution's kernel with the unified cgroup hierarchy and nothing else, as they all boot
# today; the machine where the other tests run may be hybrid and have a newer kernel.
. /vm/lib.sh
cd / || exit 1
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# --- the kernel ----------------------------------------------------------------------------------

is_v2_only() {
	! grep -E ' - cgroup ' /proc/self/mountinfo
}

check_finds() {
	grep -E "^$1  *$2" /run/check || fail "wanted: /$1  *$2/ in:" "$(cat /run/check)"
}

controllers_are_found() {
	local controller
	for controller in pids memory cpu io cpuset; do
		check_finds "cgroup $controller" 'ok .*v2' || return 1
	done
}

nothing_is_said() {
	local said
	said=$(inside -- status Pid 2>&1 >/dev/null)
	[ -z "$said" ] || fail "$said"
}

check "this machine has cgroup v2 only" is_v2_only
ward check >/run/check 2>&1
check "ward check finds all that is needed" grep ' 0 missing$' /run/check
check "check: the kernel is new enough" check_finds kernel ok
check "check: the cgroups are v2" check_finds cgroups 'ok .*v2'
check "check: every controller is found in v2" controllers_are_found
check "check: the device rules are eBPF alone" check_finds 'device rules' 'ok  *eBPF'
check "check: overlay, whose module is loaded" check_finds overlay 'ok'
check "check: there is no security module of the kind that confines" check_finds 'security modules' warn
check "a program runs" ends 0 '^$' ward run "$IMAGE" -- true
check "a start says nothing: no wall is missing on this kernel" nothing_is_said
check "the status of the program arrives" ends 42 '' ward run "$IMAGE" -- sh -c 'exit 42'
mkdir -p /run/user /home/user && chown user /run/user /home/user
remember

# --- who it is ------------------------------------------------------------------------------------

ids_come_from_the_range() {
	try inside -- read /proc/self/uid_map
	# shellcheck disable=SC2086 # words
	set -- $output
	[ $# = 3 ] && [ "$1" = 0 ] && [ "$2" -ge 65536 ] && [ "$3" = 65536 ] && return 0
	fail "$output"
}

host_sees_the_high_id() {
	local pid host uids
	detached who || return 1
	pid=$(pid_of who)
	host=$(awk '{ print $2 }' "/proc/$pid/uid_map")
	uids=$(cat /proc/[0-9]*/status 2>/dev/null | awk '$1 == "Uid:" && $2 > 0 { print $2 }')
	ward rm --force who || return 1
	printf '%s\n' "$uids" | grep -qx "$((host + 1000))" || fail "map at $host, processes of" "$uids"
}

disk_keeps_its_owner() {
	gives OK --profile system --net=empty -- create /new || return 1
	set -- "$(stat -c %u:%g "$IMAGE/new")"
	rm "$IMAGE/new"
	[ "$1" = 0:0 ] || fail "the file belongs to $1"
}

overlay_is_thrown_away() {
	ends 0 '^0$' ward run --profile system --net=empty "overlay:$IMAGE" -- sh -c 'echo >/new && stat -c %u /new' || return 1
	[ ! -e "$IMAGE/new" ] || fail "the layer was changed"
}

# Only from Linux 6.3 on tmpfs can be id-mapped.
tmpfs_root_is_refused() {
	mkdir -p /tmp/root && cp "$IMAGE/look" /tmp/root || return 1
	if kernel_is_at_least 6 3; then
		ROOT=/tmp/root ends 0 '^uid 1000' inside -- ids
	else
		ROOT=/tmp/root ends 125 'rootfs\.idmap' inside -- ids && is_one_error
	fi
	status=$?
	rm -r /tmp/root
	return $status
}

is_one_error() {
	[ "$(printf '%s\n' "$output" | wc -l)" = 1 ] || fail "more than one error: $output"
}

walls_inside_stand() {
	prints 0000000000000000 -- status CapBnd || return 1
	prints 1 -- status NoNewPrivs || return 1
	prints 2 -- status Seccomp || return 1
	gives EPERM -- io_uring
}

# Where the mounts are read-only too nothing tells one wall from the other, but that a process
# of one Landlock domain cannot look into one of another.
landlock_holds() {
	ptrace_gives EPERM landlock=yes && ptrace_gives OK landlock=no
}

ptrace_gives() {
	detached domain --allow ptrace --set "$2" || return 1
	# shellcheck disable=SC2016 # for the shell inside
	ends "[01]" "$1" ward exec domain -- sh -c '/look ptrace $(pidof sleep)'
	status=$?
	ward rm --force domain && return $status
}

check "app runs as user 1000" prints "uid 1000 1000 1000 gid 1000 1000 1000 groups" -- ids
check "system runs as root" prints "uid 0 0 0 gid 0 0 0 groups" --profile system --net=empty -- ids
check "65536 ids that are nobody's" ids_come_from_the_range
check "the host sees the program under its high id" host_sees_the_high_id
check "the root is id-mapped: what root inside makes is root's on disk" disk_keeps_its_owner
check "an overlay on id-mapped layers runs, and its changes are thrown away" overlay_is_thrown_away
check "a root that the kernel cannot id-map (tmpfs before 6.3) is refused with one clear error" tmpfs_root_is_refused
check "no capability, no_new_privs, a filter" walls_inside_stand
check "a Landlock domain stands, where asked for" landlock_holds

# --- limits ---------------------------------------------------------------------------------------

detached_with_limits() {
	detached limits --pids 33 --memory 64M --memory-swap 16M --cpus 0.5 --set cpu.weight=77 \
		--set io.weight=200 --set cpuset.cpus=0 --set memory.high=60M --set memory.low=1M
}

# What the kernel holds, read on the host.
limit_is() {
	file_is "$2" "$(cgroup_of limits)/$1"
}

used() {
	ward info --json "$1" | sed -n "s/^ *\"$2\": \\([0-9]*\\),\\{0,1\\}$/\\1/p"
}

info_says() {
	test "$(used limits "$1")" "$2" "$3" || fail "$(ward info --json limits | sed -n '/"use"/,$p')"
}

limits_are_seen() {
	local id
	ward info limits >/run/seen || return 1
	for id in cgroup.pids cgroup.memory cgroup.swap device.listed seccomp.filter ns.user; do
		grep -E "^  ok  *$id " /run/seen || fail "not seen: $id" "$(cat /run/seen)" || return 1
	done
}

check "a container with limits starts" detached_with_limits
check "pids.max" limit_is pids.max 33
check "memory.max" limit_is memory.max 67108864
check "memory.swap.max" limit_is memory.swap.max 16777216
check "memory.high" limit_is memory.high 62914560
check "memory.low" limit_is memory.low 1048576
check "cpu.max" limit_is cpu.max '50000 100000'
check "cpu.weight" limit_is cpu.weight 77
check "io.weight" limit_is io.weight 'default 200'
check "cpuset.cpus" limit_is cpuset.cpus 0
check "info --json: pids_max" info_says pids_max -eq 33
check "info --json: memory_max" info_says memory_max -eq 67108864
check "info --json: processes are counted" info_says pids -ge 1
check "info --json: memory is counted" info_says memory -gt 4096
check "info --json: CPU time is counted" info_says cpu_usec -gt 0
check "info: the walls are seen as they were asked for" limits_are_seen
check "the container with limits stops" ward stop limits

fork_bomb_is_stopped() {
	gives EAGAIN --pids 20 -- forkbomb 60 || return 1
	gives OK --pids 100 -- forkbomb 60
}

memory_bomb_is_killed() {
	ends 137 '' inside --memory 16M -- memory 64000000 || return 1
	gives OK --memory 128M -- memory 64000000
}

oom_kill_is_counted() {
	background bomb --memory 16M -- sh -c '/look memory 64000000; sleep 1000' || return 1
	until_ok has_oom_kill bomb
	status=$?
	ward rm --force bomb && return $status
}

has_oom_kill() {
	[ "$(used "$1" oom_kills)" -gt 0 ]
}

a_quarter_of_a_processor() {
	local had
	had=$(inside --cpus 0.25 -- spin 2) && [ "$had" -lt 40 ] && return 0
	fail "had $had percent"
}

check "a fork bomb ends at pids.max; with more it does not" fork_bomb_is_stopped
check "memory above memory.max is killed; with more it is not" memory_bomb_is_killed
check "info counts that kill" oom_kill_is_counted
check "a quarter of a processor is not half a processor" a_quarter_of_a_processor
check "the payload's cgroups are read-only" gives EROFS --user 0 -- mkdir /sys/fs/cgroup/child
check "the path of the payload's cgroup says nothing of the host" prints 0::/ -- read /proc/self/cgroup

# --- devices --------------------------------------------------------------------------------------

make_nodes() {
	mkdir -p /nodes && mknod -m 666 /nodes/zero c 1 5 && mknod -m 666 /nodes/kmsg c 1 11 &&
		mknod -m 666 /nodes/disk b "$(stat -c '0x%t 0x%T' /dev/vda | awk '{ print $1 + 0 }')" 0
}

# device ANSWER PROBE NODE [OPTION...]: the nodes lie in a volume whose mount lets them work.
device() {
	local answer="$1" probe="$2" node="$3"
	shift 3
	gives "$answer" -v /nodes:/nodes:dev,noidmap "$@" -- "$probe" "/nodes/$node"
}

all_open_outside() {
	LOOK_HOST=1 "$IMAGE/look" open-r /nodes/zero && LOOK_HOST=1 "$IMAGE/look" open-w /nodes/kmsg &&
		LOOK_HOST=1 "$IMAGE/look" open-r /nodes/disk
}

reading_is_not_writing() {
	device OK open-r zero --set device.rule= --set 'device.rule=c 1:5 r' || return 1
	device EPERM open-w zero --set device.rule= --set 'device.rule=c 1:5 r'
}

exec_is_behind_the_rules() {
	detached rules -v /nodes:/nodes:dev,noidmap || return 1
	ends 0 OK ward exec rules -- /look open-r /nodes/zero &&
		ends 1 EPERM ward exec rules -- /look open-w /nodes/kmsg &&
		ends 0 'device  *[0-9]* device rules' ward info rules
	status=$?
	ward rm --force rules && return $status
}

device_comes_and_goes() {
	detached late --profile system --net=empty --net=empty || return 1
	ends 2 ENOENT ward exec late -- /look open-r /dev/vda &&
		ward device late add /dev/vda &&
		ends 0 OK ward exec late -- /look open-r /dev/vda &&
		ward device late rm /dev/vda &&
		ends 2 ENOENT ward exec late -- /look open-r /dev/vda &&
		ends 0 OK ward exec late -- /look open-w /dev/zero
	status=$?
	ward rm --force late && return $status
}

check "there are device nodes to try" make_nodes
check "control: outside of the container's cgroup each of them opens" all_open_outside
check "a listed device opens" device OK open-r zero
check "a device that is not listed is refused by eBPF" device EPERM open-w kmsg
check "a disk is refused" device EPERM open-r disk
check "control: with a rule for it the device opens" device OK open-w kmsg --set 'device.rule=c 1:11 w'
check "a rule for reading does not allow writing" reading_is_not_writing
check "the rules hold for exec, and info sees them" exec_is_behind_the_rules
check "a running container is given a device, and loses it again" device_comes_and_goes

# --- other limits, other places ---------------------------------------------------------------------

limits_change() {
	local dir=/sys/fs/cgroup/fresh/ward-more
	# In a place of its own, to which nobody has passed on more than was needed.
	detached more --pids 25 --set cgroup.parent=fresh || return 1
	file_is 25 "$dir/pids.max" && ends 1 '' test -e "$dir/cpu.max" &&
		ends 0 '' ward update more --pids 30 --cpus 0.5 --memory 32M &&
		file_is 30 "$dir/pids.max" && file_is '50000 100000' "$dir/cpu.max" &&
		file_is 33554432 "$dir/memory.max"
	status=$?
	ward rm --force more && return $status
}

parents_go() {
	detached child --set cgroup.parent=made/by/ward || return 1
	[ -d /sys/fs/cgroup/made/by/ward/ward-child ] || fail "it is elsewhere" || return 1
	ward stop -t 0 child && until_ok test ! -e /sys/fs/cgroup/made
}

check "limits of a running container change, also of a controller that it had not" limits_change
check "directories made for cgroup.parent go with the container" parents_go

# --- stop, freeze, exec ---------------------------------------------------------------------------

# Sessions of their own, parents gone, deaf: only the cgroup knows that they belong together.
all_are_killed() {
	local dir
	# shellcheck disable=SC2016 # for the shell inside
	background deaf --set stop.timeout=1 -- sh -c \
		'for i in 1 2 3 4 5; do (setsid /look deaf &); done; exec /look deaf' || return 1
	dir=$(cgroup_of deaf) || return 1
	until_ok counts_at_least 6 "$dir/cgroup.procs"
	ward stop deaf || return 1
	until_ok test ! -e "$dir" && until_ok none_inside
}

counts_at_least() {
	[ "$(find "${2%/*}" -name cgroup.procs -exec cat {} + | wc -l)" -ge "$1" ]
}

frozen_stands_still() {
	local dir before after
	background ice -- sh -c 'while :; do :; done' || return 1
	dir=$(cgroup_of ice) && ward freeze ice || return 1
	grep -qx 'frozen 1' "$dir/cgroup.events" || fail "$(cat "$dir/cgroup.events")" || return 1
	before=$(used ice cpu_usec)
	usleep 500000
	after=$(used ice cpu_usec)
	[ "$before" = "$after" ] || fail "it used $before, then $after" || return 1
	case $(field_of ice state) in
	frozen | paused) ;;
	*) fail "its state is $(field_of ice state)" || return 1 ;;
	esac
}

thawed_goes_on() {
	local before
	before=$(used ice cpu_usec)
	ward thaw ice && usleep 500000 && [ "$(used ice cpu_usec)" -gt "$before" ]
	status=$?
	ward rm --force ice && return $status
}

frozen_can_be_stopped() {
	detached ice && ward freeze ice && ward stop ice
}

exec_joins() {
	detached one --pids 30 || return 1
	ends 0 '^uid 1000' ward exec one -- /look ids &&
		ends 0 '^0::/$' ward exec one -- cat /proc/self/cgroup &&
		ends 11 EAGAIN ward exec one -- /look forkbomb 60 &&
		ends 1 EPERM ward exec one -- /look io_uring &&
		[ "$(ward exec one -- /look status Seccomp)" = "$(inside -- status Seccomp)" ] &&
		ends 7 '' ward exec one -- sh -c 'exit 7'
	status=$?
	ward rm --force one && return $status
}

check "stop kills what is deaf and what left its parents" all_are_killed
check "freeze stops every process" frozen_stands_still
check "thaw lets them go on" thawed_goes_on
check "a frozen container can be stopped" frozen_can_be_stopped
check "exec is behind the same walls and in the same cgroup" exec_joins

# --- a system with cgroups of its own ---------------------------------------------------------------

system() {
	local answer="$1"
	shift
	gives "$answer" --profile system --net=empty "$@"
}

child_cgroup_works() {
	# shellcheck disable=SC2016 # for the shell inside
	ends 0 '^5$' ward run --profile system --net=empty "$IMAGE" -- sh -ec '
		cd /sys/fs/cgroup
		mkdir child main
		echo 0 >main/cgroup.procs
		echo +pids +memory >cgroup.subtree_control
		echo 5 >child/pids.max
		cat child/pids.max'
}

own_limit_stays() {
	local file
	for file in pids.max memory.max cpu.max; do
		try inside --profile system --net=empty -- open-w /sys/fs/cgroup/$file
		case $output in
		EACCES | EPERM | ENOENT) ;;
		*) fail "$file: $output" || return 1 ;;
		esac
	done
}

limits_hold_below() {
	# shellcheck disable=SC2016 # for the shell inside
	ends 0 EAGAIN ward run --profile system --net=empty --pids 20 "$IMAGE" -- sh -c '
		mkdir /sys/fs/cgroup/child && echo 0 >/sys/fs/cgroup/child/cgroup.procs
		/look forkbomb 60; true'
}

only_so_many_cgroups() {
	try inside --profile system --net=empty --set cgroup.max_descendants=5 -- dirs /sys/fs/cgroup 10
	[ "${output##* }" = EAGAIN ] && [ "${output%% *}" -le 5 ] && return 0
	fail "$output"
}

check "root inside makes a cgroup" system OK -- mkdir /sys/fs/cgroup/child
check "root inside sets limits for its own cgroups" child_cgroup_works
check "root inside cannot raise its own limits" own_limit_stays
check "the container's limit holds for its children" limits_hold_below
check "the number of cgroups is bounded" only_so_many_cgroups
check "without delegation no cgroup is made" system EROFS --set cgroup.delegate=no --set cgroup.mode=ro -- mkdir /sys/fs/cgroup/child

# --- /proc ------------------------------------------------------------------------------------------

# Root inside, with CAP_SYS_ADMIN and without a filter: the mounts have to hold by themselves.
admin() {
	local answer="$1"
	shift
	gives "$answer" --profile system --net=empty --set seccomp.policy=none --set landlock=no "$@"
}

masked_is_empty() {
	[ -n "$(head -c 100 /proc/interrupts)" ] || fail "empty on the host" || return 1
	prints '' --profile system --net=empty -- read /proc/interrupts
}

check "a masked file is empty" masked_is_empty
check "a mask cannot be unmounted: EINVAL" admin EINVAL -- umount /proc/interrupts
check "nor lazily" admin EINVAL -- umount-lazy /proc/interrupts
check "a fresh /proc without masks does not mount: EPERM" admin EPERM -- mount proc /tmp
check "nor does a fresh /sys: EPERM" admin EPERM -- mount sysfs /tmp
check "control: root inside does mount a tmpfs" admin OK -- mount tmpfs /tmp
check "/proc/sys does not become writable: EPERM" admin EPERM -- remount-rw /proc/sys
check "a copy of the mounts does not show what a mask hides" admin EINVAL -- peel /proc interrupts

# --- an ordinary user ---------------------------------------------------------------------------------

# No range of ids, no newuidmap: one id.
as_user() {
	# shellcheck disable=SC2016 # for the shell below
	su -s /bin/sh -- user -c 'XDG_RUNTIME_DIR=/run/user HOME=/home/user exec "$@"' sh \
		timeout -k 2 40 "$@"
}

user_has_one_id() {
	ends 0 '^uid 1000 1000 1000' as_user ward run "$IMAGE" -- /look ids || return 1
	ends 0 '^ *1000  *[0-9]*  *1$' as_user ward run "$IMAGE" -- cat /proc/self/uid_map
}

user_walls_stand() {
	ends 1 '^EPERM$' as_user ward run "$IMAGE" -- /look io_uring || return 1
	ends 0 '^0000000000000000$' as_user ward run "$IMAGE" -- /look status CapBnd || return 1
	ends 30 '^EROFS$' as_user ward run "$IMAGE" -- /look create /new
}

# A service manager does this for a user.
delegate() {
	local file
	mkdir -p /sys/fs/cgroup/user/session || return 1
	# What earlier containers were given goes again.
	echo '+pids +memory +cpu -io' >/sys/fs/cgroup/cgroup.subtree_control || return 1
	for file in '' cgroup.procs cgroup.subtree_control cgroup.threads; do
		chown user "/sys/fs/cgroup/user/$file" "/sys/fs/cgroup/user/session/$file" || return 1
	done
}

in_delegated() {
	(echo 0 >/sys/fs/cgroup/user/session/cgroup.procs && "$@")
}

check_tells_what_is_delegated() {
	in_delegated as_user ward check >/run/check 2>&1
	check_finds 'cgroup pids' 'ok  *v2, /sys/fs/cgroup/user$' &&
		check_finds 'cgroup io' 'warn  *v2, but not delegated to /sys/fs/cgroup/user$' &&
		ends 0 'Delegate=' grep -A 4 '^cgroup io' /run/check
}

user_limits_hold() {
	ends 11 EAGAIN in_delegated as_user ward run --pids 20 "$IMAGE" -- /look forkbomb 60 || return 1
	ends 0 OK in_delegated as_user ward run --pids 100 "$IMAGE" -- /look forkbomb 60 || return 1
	ends 137 '' in_delegated as_user ward run --memory 16M "$IMAGE" -- /look memory 64000000
}

user_container_lives() {
	in_delegated as_user ward run -d --name mine --pids 25 "$IMAGE" -- sleep 1000 >/run/said 2>&1 ||
		fail "$(cat /run/said)" || return 1
	until_ok test -d /sys/fs/cgroup/user/ward-mine &&
		file_is 25 /sys/fs/cgroup/user/ward-mine/pids.max &&
		ends 0 '^uid 1000' in_delegated as_user ward exec mine -- /look ids &&
		ends 0 'pids_max  *25' in_delegated as_user ward info mine &&
		in_delegated as_user ward freeze mine &&
		file_is 1 /sys/fs/cgroup/user/ward-mine/cgroup.freeze &&
		in_delegated as_user ward thaw mine &&
		in_delegated as_user ward stop mine &&
		until_ok test ! -e /sys/fs/cgroup/user/ward-mine
}

remove_delegated() {
	until_ok rmdir /sys/fs/cgroup/user/session || fail "$(cat /sys/fs/cgroup/user/session/cgroup.procs)" || return 1
	rmdir /sys/fs/cgroup/user
}

check "ward check says what an ordinary user lacks" ends 0 '^delegation  *warn' as_user ward check
check "an ordinary user without a range runs a program under the one id there is" user_has_one_id
check "the same walls stand" user_walls_stand
check "a part of the cgroups can be delegated" delegate
check "ward check says which controllers were delegated, and how to have the others" check_tells_what_is_delegated
check "in it the user's limits hold" user_limits_hold
check "and a container starts, is entered, frozen and stopped" user_container_lives
check "the user's cgroups are empty again" remove_delegated

# --- nothing stays ------------------------------------------------------------------------------------

check "no cgroup, mount, process, state or file is left" nothing_is_left
checks_end
