#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An ordinary user with a range of subordinate ids, and one without: the same commands, the same
# walls but those that need the host's root.
load ../lib

RANGED=wardtest-ranged
SINGLE=wardtest-single
# Two runs at once (plain and sanitizer builds never are) would share the users.
RANGE=3000000000

remove_users() {
	local user
	for user in $RANGED $SINGLE; do
		pkill -KILL -u "$user" 2>/dev/null || true
		userdel "$user" 2>/dev/null || true
		flock /run/lock/ward-test-people sed -i "/^$user:/d" /etc/subuid /etc/subgid
	done
}

setup_file() {
	local user
	remove_users
	HOMES=$(mktemp -d /tmp/ward-test.XXXXXX)
	chmod 755 "$HOMES"
	cp "$WARD" "$HOMES/ward"
	chmod 755 "$HOMES/ward"
	cp -r "$FIXTURES/look-root" "$HOMES/root"
	mkdir -p "$HOMES/root"/{dev,proc,sys,run,data,t}
	cp -r "$BUSYBOX" "$HOMES/busybox"
	mkdir -p "$HOMES/busybox"/{dev,proc,sys,run}
	for user in $RANGED $SINGLE; do
		useradd --system --no-create-home --home-dir "$HOMES/$user" --shell /bin/sh "$user"
		mkdir -m 700 "$HOMES/$user" "$HOMES/$user/run"
		chown -R "$user:" "$HOMES/$user"
	done
	flock /run/lock/ward-test-people sh -c "echo $RANGED:$RANGE:65536 | tee -a /etc/subuid >>/etc/subgid"
	export HOMES
}

teardown_file() {
	remove_users
	rm -rf --one-file-system "${HOMES:?}"
}

setup() {
	USER_NAME=$RANGED
	ONE=one-$BATS_TEST_NUMBER
	unset WARD_RUN_DIR WARD_LIB_DIR
}

teardown() {
	local user name
	for user in $RANGED $SINGLE; do
		for name in $(USER_NAME=$user names); do
			USER_NAME=$user as_user rm --force "$name" >/dev/null 2>&1 || true
		done
		[ -z "$(ls -A "$HOMES/$user/run/ward/containers" 2>/dev/null)" ] || fail "state of $user is left"
	done
	! grep -F " $HOMES/" /proc/self/mountinfo || fail "mounts are left"
}

as_user() {
	timeout -k 2 10 setpriv --reuid "$USER_NAME" --regid "$USER_NAME" --init-groups --inh-caps=-all \
		env -i PATH=/usr/bin:/bin:/usr/sbin HOME="$HOMES/$USER_NAME" XDG_RUNTIME_DIR="$HOMES/$USER_NAME/run" \
		ASAN_OPTIONS="$ASAN_OPTIONS" UBSAN_OPTIONS="$UBSAN_OPTIONS" "$HOMES/ward" "$@"
}

# The helpers of lib.bash run what this says.
ward() {
	as_user "$@"
}

# Without the one line about missing cgroups, of which a test of its own below speaks.
try() {
	output=$("$@" 2>&1) && status=0 || status=$?
	said=$output
	output=$(grep -v '^ward: .*cgroup' <<<"$output" || true)
}

names() {
	as_user ls --json 2>/dev/null | jq -r '.[].name'
}

each_user() {
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	for USER_NAME in $RANGED $SINGLE; do
		"$@" || fail "(as $USER_NAME)"
	done
}

@test "a program runs as user 1000 for both users" {
	each_user matches '^uid 1000 1000 1000 gid 1000 1000 1000' -- ids
}

@test "with a range, there are many ids, and the program's is of the user's range" {
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	spawn as_user run --name "$ONE" "$HOMES/root" -- /look sleep 30
	until_ok eval 'pid=$(as_user info "$ONE" --json | jq .pid) && [ "$pid" -gt 1 ]'
	[ "$(awk '{ sum += $3 } END { print sum }' "/proc/$pid/uid_map")" -gt 1000 ]
	[ "$(stat -c %u "/proc/$pid")" -ge $RANGE ]
	[ "$(stat -c %u "/proc/$pid")" -lt $((RANGE + 65536)) ]
}

@test "without a range, there is one id and it is the user's" {
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	USER_NAME=$SINGLE
	try inside -- read /proc/self/uid_map
	[ "$(awk '{ sum += $3 } END { print sum }' <<<"$output")" = 1 ] || fail "$output"
}

@test "the filter of system calls stands" {
	each_user gives EPERM -- io_uring
	each_user gives EPERM -- unshare user
	each_user gives EAFNOSUPPORT -- socket 40
}

@test "control: without the filter io_uring opens" {
	each_user gives OK --set seccomp.policy=none -- io_uring
}

@test "there are no capabilities, and no_new_privs" {
	each_user prints 0000000000000000 -- status CapBnd
	each_user prints 1 -- status NoNewPrivs
}

@test "the root is read-only and /tmp is noexec" {
	each_user gives EROFS -- create /new
	each_user matches ' /tmp rw,nosuid,nodev,noexec' -- mountinfo /tmp
}

@test "a read-only volume stays read-only, also for root of the container" {
	mkdir -p "$HOMES/$RANGED/data"
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	gives EPERM --profile system --net=empty --set seccomp.policy=none -v "$HOMES/$RANGED/data:/data:ro" -- remount-rw /data
	gives EINVAL --profile system --net=empty --set seccomp.policy=none -v "$HOMES/$RANGED/data:/data:ro" -- umount /data
}

@test "what is made in a volume belongs to the user outside" {
	each_user volume_belongs
}

volume_belongs() {
	rm -rf "${HOMES:?}/$USER_NAME/mine"
	mkdir "$HOMES/$USER_NAME/mine"
	chown "$USER_NAME:" "$HOMES/$USER_NAME/mine"
	gives OK --profile system --net=empty -v "$HOMES/$USER_NAME/mine:/data" -- create /data/new || return 1
	[ "$(stat -c %U "$HOMES/$USER_NAME/mine/new")" = "$USER_NAME" ]
}

@test "only the own processes, network and names are seen" {
	each_user matches '^1 ([0-9]+ )?$' -- pids
	each_user prints lo -- interfaces
	each_user matches '^box ' --hostname box -- uname
}

@test "masks stand, and cannot be taken away" {
	each_user prints "" -- read /proc/timer_list
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	gives EINVAL --profile system --net=empty --set seccomp.policy=none -- umount /proc/timer_list
}

@test "limits that need no cgroup hold" {
	each_user ends 24 '^8 EMFILE' inside --set ucount.max_inotify_instances=8 -- inotify 50
	each_user ends 24 '^61 EMFILE' inside --set rlimit.nofile=64 -- nofile
	each_user gives ENOSPC --tmpfs /t:size=1M -- fill /t/f 3000000
}

@test "one line says which limits are missing without a delegated cgroup, and how to get them" {
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	try inside -- ids
	[ "$(grep -c '^ward: .*cgroup' <<<"$said")" = 1 ] || fail "$said"
	ends 0 'cgroup' as_user check
}

@test "status, input and output are as for root" {
	each_user ends 42 '' inside -- exit 42
	each_user ends 137 '' inside -- die 9
	each_user ends 127 '' as_user run "$HOMES/root" -- /nosuch
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	[ "$(echo hello | as_user run -i "$HOMES/root" -- /look cat)" = hello ]
}

@test "a container in the background is listed, entered, stopped" {
	each_user lives_in_background
}

lives_in_background() {
	as_user run -d --name "$ONE" "$HOMES/root" -- /look sleep 30 || return 1
	as_user ls | grep -q "$ONE" || fail "not listed" || return 1
	ends 0 '^uid 1000' as_user exec "$ONE" -- /look ids || return 1
	as_user stop "$ONE" || true
	as_user rm --force "$ONE" 2>/dev/null || true
	[ -z "$(names)" ]
}

@test "exec has the container's OOM score" {
	each_user oom_score
}

oom_score() {
	as_user run -d --name "$ONE" --set process.oom_score_adj=321 "$HOMES/root" -- /look sleep 30 || return 1
	ends 0 '^321$' as_user exec "$ONE" -- /look read /proc/self/oom_score_adj
}

@test "exec takes what there is of a limit written with a ?, and refuses another" {
	as_user run -d --name "$ONE" --set 'rlimit.nofile=1024:2048?' "$HOMES/root" -- /look sleep 30
	ends 0 '^1024 2048$' as_user exec "$ONE" -- /look rlimit nofile
	ends 0 '^300 300$' with_files 300 as_user exec "$ONE" -- /look rlimit nofile
	as_user rm --force "$ONE"
	as_user run -d --name "$ONE" --set 'rlimit.nofile=1024:2048' "$HOMES/root" -- /look sleep 30
	ends 125 'rlimit.nofile .*the hard limit is 300' with_files 300 as_user exec "$ONE" -- /look rlimit nofile
}

with_files() (
	ulimit -n "$1"
	shift
	"$@"
)

@test "devices of a running container are root's to change" {
	as_user run -d --name "$ONE" --profile system --net=empty "$HOMES/root" -- /look sleep 30
	ends 1 'only root' as_user device "$ONE" add /dev/full
}

# Two sessions of the user, each with a cgroup that was delegated to it.
sessions() {
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$V2" ] || skip "this host has no cgroup v2"
	SLICE=$V2/wardtest-$BATS_TEST_NUMBER-$$
	mkdir -p "$SLICE"/{one,two}/shell
	chown -R "$USER_NAME:" "$SLICE"
}

sessions_end() {
	[ -z "$(find "$SLICE" -name 'ward-*')" ] || fail "a cgroup is left" || return 1
	until_ok eval 'find "$SLICE" -depth -type d -exec rmdir {} +'
}

in_session() (
	echo "$BASHPID" >"$SLICE/$1/shell/cgroup.procs"
	shift
	as_user "$@"
)

@test "what a killed monitor left in a delegated cgroup is found from another session" {
	sessions
	in_session one run -d --name "$ONE" "$HOMES/root" -- /look sleep 30
	[ -d "$SLICE/one/ward-$ONE" ] || fail "no cgroup was made"
	kill -9 "$(sed -n 's/^monitor=//p' "$HOMES/$USER_NAME/run/ward/containers/$ONE/state")"
	[ -d "$SLICE/one/ward-$ONE" ] || fail "it is gone by itself"
	in_session two ls
	sessions_end
}

@test "limits whose controller was not delegated are told in one line; asked for, they are refused" {
	sessions
	! grep -q pids "$SLICE/cgroup.controllers" || skip "the controller is here"
	try in_session one run "$HOMES/root" -- /look exit 0
	[[ "$status" -eq 0 && "$said" == *'pids.max'*'not limited'* && "$(wc -l <<<"$said")" = 1 ]] || fail "$status $said"
	try in_session one run --pids 20 "$HOMES/root" -- /look exit 0
	[[ "$status" -eq 125 && "$said" == *'pids.max cannot be enforced'* ]] || fail "$status $said"
	sessions_end
}

@test "busybox runs a shell" {
	each_user ends 0 '^3$' as_user run "$HOMES/busybox" -- /bin/sh -c 'echo $((1 + 2))'
}

@test "the host's programs run: python3 and git" {
	[ -x /usr/bin/python3 ] || skip "this host has no /usr/bin/python3"
	each_user ends 0 '^42$' as_user run host -- /usr/bin/python3 -c 'print(6 * 7)'
	each_user ends 0 '^git version' as_user run host -- git --version
}

@test "the host's ids are refused" {
	# shellcheck disable=SC2034 # inside() takes it
	ROOT=$HOMES/root
	ends 125 'idmap' inside --set 'idmap.uid=0 0 1' --set 'idmap.gid=0 0 1' -- ids
	ends 125 'root on the host' inside --profile privileged -- ids
}

@test "the two users do not see each other's containers" {
	USER_NAME=$RANGED as_user run -d --name "$ONE" "$HOMES/root" -- /look sleep 30
	[ -z "$(USER_NAME=$SINGLE names)" ]
}

@test "CVE-2019-5736 what a container can reach of ward itself is a sealed copy" {
	each_user matches 'memfd:ward' --user 0 -- readlink /proc/1/exe
}
