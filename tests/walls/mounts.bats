#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The walls rootfs and mount: what may be written, executed, trusted in which place.
load ../lib

# --- the root ---------------------------------------------------------------------------------

@test "app: the root is read-only, nosuid and nodev" {
	matches ' / ro,nosuid,nodev' -- mountinfo /
}

@test "app: nothing can be written to /" {
	gives EROFS --user 0 -- create /new
}

@test "control: a root that is writable can be written" {
	gives OK --user 0 --read-only=no -- create /new
	[ -e "$STATE/root/new" ]
}

@test "system: the root is writable, nosuid and nodev" {
	matches ' / rw,nosuid,nodev' --profile system -- mountinfo /
	gives OK --profile system -- create /new
}

@test "a file made by root inside belongs on disk to who owns the root" {
	gives OK --profile system -- create /new
	[ "$(stat -c %u:%g "$STATE/root/new")" = 0:0 ]
}

@test "one root on disk serves two ranges of ids, without a chown" {
	local before after
	before=$(stat -c %u:%Z "$LOOK")
	prints "0 0 0 0" --profile system -- status Uid
	prints "0 0 0 0" --profile system --set 'idmap.uid=0 1000000 65536' --set 'idmap.gid=0 1000000 65536' -- status Uid
	matches '^100755 0:0' --profile system -- stat /look
	after=$(stat -c %u:%Z "$LOOK")
	[ "$before" = "$after" ]
}

@test "/tmp is writable and nothing in it can be executed" {
	matches ' /tmp rw,nosuid,nodev,noexec' -- mountinfo /tmp
	gives OK -- create /tmp/new
}

@test "a program in a noexec place does not start: EACCES" {
	cp "$LOOK" "$STATE/look"
	gives EACCES -v "$STATE/look:/opt/other" -- exec /opt/other ids
}

@test "control: with exec it starts" {
	cp "$LOOK" "$STATE/look"
	matches '^uid 1000' -v "$STATE/look:/opt/other:ro,exec" -- exec /opt/other ids
}

@test "the root is shown only to itself: pivot_root left no old root" {
	try inside --profile system -- read /proc/self/mountinfo
	# Of the host there is the root itself, whose place the kernel shows, and nothing else.
	[ "$(grep -c "$STATE" <<<"$output")" = 1 ] || fail "$output"
	grep -q "$STATE/root / " <<<"$output" || fail "$output"
}

@test "an overlay is read from its layers and written elsewhere" {
	mkdir "$STATE/lower" "$STATE/upper"
	cp "$LOOK" "$STATE/lower/look"
	echo lower >"$STATE/lower/file"
	ROOT=overlay:$STATE/lower gives OK --profile system -- write /file changed
	[ "$(cat "$STATE/lower/file")" = lower ]
	ROOT=overlay:$STATE/lower gives OK --profile system --set "rootfs.upper=$STATE/upper" -- create /new
	[ -n "$(find "$STATE/upper" -name new)" ]
	[ ! -e "$STATE/lower/new" ]
}

@test "the upper of two layers wins" {
	mkdir "$STATE/one" "$STATE/two"
	cp "$LOOK" "$STATE/two/look"
	echo one >"$STATE/one/file"
	echo two >"$STATE/two/file"
	ROOT=overlay:$STATE/one:$STATE/two try inside -- read /file
	[ "$output" = one ]
}

# --- volumes ----------------------------------------------------------------------------------

@test "a volume is writable, nosuid, nodev and noexec by default" {
	mkdir "$STATE/data"
	matches ' /data rw,nosuid,nodev,noexec' -v "$STATE/data:/data" -- mountinfo /data
}

@test "a read-only volume cannot be written: EROFS" {
	mkdir "$STATE/data"
	gives EROFS --user 0 -v "$STATE/data:/data:ro" -- create /data/new
	gives OK --user 0 -v "$STATE/data:/data:idmap" -- create /data/new
}

@test "what the owner of the volume's id makes inside is his outside" {
	mkdir "$STATE/data"
	chown 1000:1000 "$STATE/data"
	gives OK -v "$STATE/data:/data" -- create /data/new
	[ "$(stat -c %u "$STATE/data/new")" = 1000 ]
}

@test "without idmap the volume shows the host's ids, which are nobody inside" {
	mkdir "$STATE/data"
	matches '65534:65534' -v "$STATE/data:/data:noidmap" -- stat /data
	matches ' 0:0 ' -v "$STATE/data:/data:idmap" -- stat /data
}

@test "the owner of a writable volume is the program, whoever it is inside" {
	mkdir "$STATE/data"
	chown 4321:4321 "$STATE/data"
	matches ' 1000:1000 ' -v "$STATE/data:/data" -- stat /data
	gives OK --user 0 -v "$STATE/data:/data" -- create /data/new
	[ "$(stat -c %u:%g "$STATE/data/new")" = 4321:4321 ]
}

@test "C09 a writable volume of root is not the container's root's to fill" {
	mkdir "$STATE/data"
	gives EACCES --user 0 -v "$STATE/data:/data" -- create /data/new
	gives OK --user 0 -v "$STATE/data:/data:idmap" -- create /data/new
	[ "$(stat -c %u "$STATE/data/new")" = 0 ]
}

@test "a set-user-id file in a volume gives nothing" {
	mkdir "$STATE/data"
	cp "$LOOK" "$STATE/data/suid"
	chmod 4755 "$STATE/data/suid"
	matches '^uid 1000 1000 1000' -v "$STATE/data:/data:exec,idmap" --set no_new_privs=no --set landlock=no --set seccomp.policy=none -- exec /data/suid ids
	matches '^uid 1000 0 0' -v "$STATE/data:/data:exec,suid,idmap" --set no_new_privs=no --set landlock=no --set seccomp.policy=none -- exec /data/suid ids
}

@test "no_new_privs alone makes a set-user-id file give nothing" {
	mkdir "$STATE/data"
	cp "$LOOK" "$STATE/data/suid"
	chmod 4755 "$STATE/data/suid"
	matches '^uid 1000 1000 1000' -v "$STATE/data:/data:exec,suid,idmap" -- exec /data/suid ids
}

@test "a device node in a volume cannot be opened: EACCES" {
	mkdir "$STATE/data"
	mknod -m 666 "$STATE/data/null" c 1 3
	gives EACCES -v "$STATE/data:/data" -- open-r /data/null
	gives OK -v "$STATE/data:/data:dev" -- open-r /data/null
}

@test "a file can be a volume" {
	echo hello >"$STATE/file"
	prints hello -v "$STATE/file:/etc/motd:ro" -- read /etc/motd
}

@test "a mount below a volume is not shared unless asked" {
	mkdir -p "$STATE/data/sub"
	mount -t tmpfs none "$STATE/data/sub"
	touch "$STATE/data/sub/secret"
	try inside -v "$STATE/data:/data:ro" -- ls /data/sub
	local without=$output
	try inside -v "$STATE/data:/data:ro,rbind" -- ls /data/sub
	umount "$STATE/data/sub"
	[ -z "$without" ]
	[ "$output" = secret ]
}

@test "a host can unmount a disk while a container runs" {
	mkdir "$STATE/disk" "$STATE/other"
	mount -t tmpfs none "$STATE/disk"
	ward run -d --name "$ONE" -v "$STATE/other:/data" "$LOOK_ROOT" -- /look sleep 30
	[ "$(ward ls --json | jq -r '.[0].state')" = running ]
	umount "$STATE/disk"
	[ "$(ward ls --json | jq -r '.[0].state')" = running ]
}

@test "a tmpfs has the size, the inodes and the mode that were asked for" {
	matches 'bytes 2097152 inodes 100' --tmpfs /t:size=2M,inodes=100,mode=0700 -- statfs /t
	matches '^40700' --tmpfs /t:size=2M,inodes=100,mode=0700 -- stat /t
}

@test "a volume can lie on a tmpfs" {
	echo hello >"$STATE/file"
	prints hello -v "$STATE/file:/run/below/file:ro" -- read /run/below/file
}

@test "missing directories on the way to a volume are made" {
	echo deep >"$STATE/file"
	prints deep -v "$STATE/file:/a/b/c/file:ro" -- read /a/b/c/file
}
