#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The walls caps, cred, idmap, keyring and landlock: who the program is, and what it may become.
load ../lib

zero=0000000000000000

# --- capabilities -------------------------------------------------------------------------------

@test "app: all five capability sets are empty and no_new_privs is set" {
	try inside -- caps
	local set
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[[ "$output" == *"$set $zero"* ]] || fail "$output"
	done
	[[ "$output" == *"NoNewPrivs 1"* ]]
}

@test "system: root has capabilities, and not the dangerous ones" {
	local eff
	try inside --profile system -- status CapEff
	eff=$((16#$output))
	[ $((eff >> 21 & 1)) = 1 ] || fail "no CAP_SYS_ADMIN"
	local cap
	for cap in 16 17 22 24; do # sys_module sys_rawio sys_boot sys_resource
		[ $cap != 22 ] || continue
		[ $((eff >> cap & 1)) = 0 ] || fail "capability $cap is there"
	done
}

@test "a capability that was added is had, and only that" {
	prints 0000000000000400 --user 0 --cap-add net_bind_service -- status CapEff
	prints 0000000000000400 --user 0 --cap-add net_bind_service -- status CapBnd
	prints "$zero" --user 0 -- status CapEff
}

@test "a user other than root keeps a capability through the ambient set" {
	local set
	local options=()
	for set in bounding permitted effective inheritable ambient; do
		options+=(--set "caps.$set=+net_raw")
	done
	prints 0000000000002000 "${options[@]}" -- status CapEff
	gives OK "${options[@]}" -- socket 2 3 1
	gives EPERM -- socket 2 3 1
}

@test "a capability that was dropped is out of reach" {
	try inside --profile system --cap-drop sys_admin -- status CapBnd
	[ $((16#$output >> 21 & 1)) = 0 ]
	gives EPERM --profile system --cap-drop sys_admin -- mount tmpfs
	gives OK --profile system -- mount tmpfs
}

@test "capabilities cannot be taken back" {
	gives EPERM -- capset
	gives EPERM --profile system -- capset
}

@test "becoming root is refused in profile app, and possible with the capability" {
	gives EPERM -- setuid 0
	gives OK --user 0 --cap-add setuid -- setuid 1000
	gives EPERM --user 0 -- setuid 1000
}

@test "unknown capabilities are refused with the nearest name" {
	ends 2 'sys_admin' inside --cap-add sys_admn -- ids
}

@test "no_new_privs cannot be cleared" {
	gives EINVAL -- nnp-clear
	prints 1 -- status NoNewPrivs
}

# --- who ------------------------------------------------------------------------------------------

@test "app runs as user 1000, system as root" {
	matches '^uid 1000 1000 1000 gid 1000 1000 1000' -- ids
	matches '^uid 0 0 0 gid 0 0 0' --profile system -- ids
}

@test "user and group are numbers or names of the container" {
	matches '^uid 7 7 7 gid 8 8 8' --user 7:8 -- ids
	mkdir "$STATE/root/etc"
	echo 'who:x:77:78::/:' >"$STATE/root/etc/passwd"
	printf 'grp:x:79:\nmore:x:80:who\n' >"$STATE/root/etc/group"
	matches '^uid 77 77 77 gid 78 78 78 groups .*80' --user who -- ids
	matches '^uid 77 77 77 gid 79 79 79' --user who:grp -- ids
}

@test "a malformed user never becomes root" {
	local user
	matches '^uid 7 7 7' --user 7 -- ids
	for user in : 1000:abc '1000,' 4294967295 4294967296 -1 '' ' 0' 0x0 nobody:nogroup:x 99999999999999999999; do
		try inside --user "$user" -- ids
		[ "$status" -ne 0 ] || fail "--user '$user' was taken: $output"
		[[ "$output" != uid* ]] || fail "--user '$user' ran: $output"
	done
}

@test "a user that the container does not have is refused" {
	ends 125 'nosuchuser' inside --user nosuchuser -- ids
}

@test "a passwd file that is a symbolic link to the host's is the container's own or none" {
	mkdir "$STATE/root/etc"
	ln -s /etc/../../../../../etc/passwd "$STATE/root/etc/passwd"
	local name
	name=$(awk -F: '$3 >= 1 && $3 < 60 { print $1; exit }' /etc/passwd)
	ends 125 "$name" inside --user "$name" -- ids
}

@test "no supplementary group of the caller comes along" {
	try setpriv --groups 4,24,27 "$WARD" run "$LOOK_ROOT" -- /look ids
	[[ "$output" =~ groups( 1000)?$ ]] || fail "$output"
}

@test "the file creation mask is as asked" {
	prints 0027 --set process.umask=027 -- umask
	(
		umask 077
		prints 0022 -- umask
	)
}

@test "groups cannot be changed without the capability" {
	gives EPERM -- setgroups 4
	gives OK --profile system -- setgroups 4
}

# --- ids ------------------------------------------------------------------------------------------

@test "root inside is a high id outside, of a range of 65536" {
	try inside --profile system -- read /proc/self/uid_map
	local first host count
	read -r first host count <<<"$output"
	[ "$first" = 0 ]
	[ "$count" = 65536 ]
	[ "$host" -ge 65536 ]
	[ $((host % 65536)) -eq 0 ]
}

@test "two containers at once never share an id" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	try inside -- read /proc/self/uid_map
	local mine
	mine=$(awk '{ print $2 }' <<<"$output")
	local pid
	pid=$(ward info "$ONE" --json | jq .pid)
	[ "$(awk '{ print $2 }' "/proc/$pid/uid_map")" != "$mine" ]
}

@test "a range that was given back is not given to the next one" {
	local first
	try inside -- read /proc/self/uid_map
	first=$output
	try inside -- read /proc/self/uid_map
	[ "$output" != "$first" ]
}

@test "a map with the host's root is refused, unless the profile says so" {
	ends 125 'idmap' inside --set 'idmap.uid=0 0 1' --set 'idmap.gid=0 0 1' -- ids
}

@test "a map that overlaps itself is refused" {
	ends 2 'idmap' inside --set 'idmap.uid=0 1000000 100' --set 'idmap.uid=50 2000000 100' \
		--set 'idmap.gid=0 1000000 100' -- ids
}

@test "a map that holds a user of the host is refused" {
	ends 125 'idmap' inside --set 'idmap.uid=0 65534 1000' --set 'idmap.gid=0 65534 1000' -- ids
}

@test "an id outside the map cannot be become" {
	gives EINVAL --profile system -- setuid 70000
	gives OK --profile system -- setuid 60000
}

# --- second walls -----------------------------------------------------------------------------------

@test "core dumps are off" {
	prints "0 0" -- rlimit core
}

@test "the program's OOM score is not better than the host's default" {
	try inside -- read /proc/self/oom_score_adj
	[ "$output" -ge 0 ]
	gives EACCES -- write /proc/self/oom_score_adj -900
}

# --- landlock ---------------------------------------------------------------------------------------

# A read-only volume that follows the host's mounts: what the host mounts there later comes in
# writable. The mounts say yes; Landlock, which was told what is writable at the start, says no.
late_mount() {
	mkdir -p "$STATE/volume/late"
	mount --bind "$STATE/volume" "$STATE/volume"
	mount --make-shared "$STATE/volume"
	ward run -d --name "$ONE" --set landlock="$1" -v "$STATE/volume:/data:ro,slave,rbind" "$LOOK_ROOT" -- /look sleep 30
	mount -t tmpfs -o mode=1777 none "$STATE/volume/late"
	ends 30 '^EROFS$' ward exec "$ONE" -- /look create /data/new
	try ward exec "$ONE" -- /look create /data/late/new
	ward stop -t 0 "$ONE"
	umount "$STATE/volume/late" "$STATE/volume"
}

@test "a writable mount that turns up beneath a read-only volume is refused by Landlock alone" {
	grep -q landlock /sys/kernel/security/lsm 2>/dev/null || ward check | grep -q '^landlock *ok' ||
		skip "this kernel has no Landlock"
	late_mount true
	[ "$output" = EACCES ] || fail "$output"
}

@test "control: without Landlock it can be written" {
	late_mount false
	[ "$output" = OK ] || fail "$output"
}

@test "Landlock refuses a whiteout, which needs no capability, beneath a writable volume" {
	mkdir -m 777 "$STATE/volume"
	ward check | grep -q '^landlock *ok' || skip "this kernel has no Landlock"
	gives EACCES --set seccomp.policy=none -v "$STATE/volume:/data" -- mknod /data/gone c 0 0
	gives OK --set seccomp.policy=none --set landlock=false -v "$STATE/volume:/data" -- mknod /data/gone c 0 0
}
