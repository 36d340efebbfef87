#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways out through mounts, devices and files (C), terminals (F). The payload is root of its user
# namespace with CAP_SYS_ADMIN and no filter: only the way the mounts were attached stops it.
load ../lib

admin="--profile system --set seccomp.policy=none --set landlock=no"

# --- what the host attached, the payload cannot undo ----------------------------------------------

@test "read-only cannot be cleared from a volume: EPERM" {
	mkdir "$STATE/data"
	gives EPERM $admin -v "$STATE/data:/data:ro" -- remount-rw /data
	gives EPERM $admin -v "$STATE/data:/data:ro" -- setattr-clear /data ro
}

@test "nosuid, nodev and noexec cannot be cleared from a volume: EPERM" {
	mkdir "$STATE/data"
	local flag
	for flag in nosuid nodev noexec; do
		gives EPERM $admin -v "$STATE/data:/data" -- setattr-clear /data $flag
	done
}

@test "a volume cannot be unmounted: EINVAL" {
	mkdir "$STATE/data"
	gives EINVAL $admin -v "$STATE/data:/data" -- umount /data
	gives EINVAL $admin -v "$STATE/data:/data" -- umount-lazy /data
	gives EINVAL $admin -v "$STATE/data:/data" -- move-mount /data /tmp
}

@test "what lies below a volume's mount point is not uncovered by a copy" {
	mkdir "$STATE/data"
	gives EINVAL $admin -v "$STATE/data:/data" -- peel / data
}

@test "read-only cannot be cleared from the root: EPERM" {
	gives EPERM $admin --read-only -- remount-rw /
	gives EPERM $admin --read-only -- setattr-clear / ro
	gives EPERM $admin -- setattr-clear / nosuid
	gives EPERM $admin -- setattr-clear / nodev
}

@test "the read-only root of \`host\` cannot be made writable" {
	ROOT=host LOOK_AT=/run/look gives EPERM $admin --read-only -v "$LOOK:/run/look:ro,exec" -- remount-rw /usr
	ROOT=host LOOK_AT=/run/look gives EINVAL $admin --read-only -v "$LOOK:/run/look:ro,exec" -- umount /usr
}

@test "control: mounts that a namespace makes itself are made writable and unmounted in it" {
	mkdir "$STATE/data"
	weakly sh -c "mount --bind $STATE/data $STATE/data && mount -o remount,bind,ro $STATE/data &&
		$LOOK remount-rw $STATE/data && $LOOK umount $STATE/data"
}

@test "control: the payload can mount, unmount and remount what it attached itself" {
	gives OK $admin -- mount tmpfs /tmp
	gives OK $admin -- bind /tmp /tmp
}

# --- C: devices and files ---------------------------------------------------------------------------

@test "C01 no device node can be made: EPERM by filter, user namespace and capability" {
	gives EPERM -- mknod /tmp/disk b 7 0
	gives EPERM $admin -- mknod /tmp/disk b 7 0
	gives EPERM $admin --cap-add mknod -- mknod /tmp/disk b 7 0
	gives OK --profile privileged --set seccomp.policy=none --cap-add mknod --set 'device.rule=a *:* rwm' -- mknod /tmp/disk b 7 0
}

@test "C02 a device node that lies in a volume is dead twice: nodev, and behind it the rules" {
	mkdir "$STATE/data"
	mknod -m 666 "$STATE/data/disk" b 7 0
	gives EACCES $admin -v "$STATE/data:/data" -- open-r /data/disk
	gives EPERM $admin -v "$STATE/data:/data:dev" -- open-r /data/disk
}

@test "C03 a file system on a block device does not mount" {
	local type
	for type in ext4 squashfs erofs xfs vfat iso9660; do
		grep -qw "$type" /proc/filesystems || continue
		gives EPERM $admin -- mount $type
	done
}

@test "C04 there is no /dev/fuse unless the gate is open" {
	gives ENOENT --profile system -- open-r /dev/fuse
	[ -c /dev/fuse ] || skip "this host has no /dev/fuse"
	gives OK --profile system --allow fuse -- open-r /dev/fuse
}

@test "C05 overlay does not mount in profile app" {
	gives EPERM -- mount overlay /tmp lowerdir=/tmp,upperdir=/tmp,workdir=/tmp
}

@test "C06 the newer mount interface does not exist in profile app" {
	gives ENOSYS -- fsopen ext4
}

@test "C07 files cannot be opened by their inode number" {
	gives EPERM -- handle /
	gives EPERM --profile system -- handle /
	gives EPERM $admin -- handle /
	gives EPERM $admin --cap-add dac_read_search -- handle /
	gives OK --profile privileged --set seccomp.policy=none --cap-add dac_read_search -- handle /
}

@test "C09 a set-user-id file left in a volume belongs to no one of the host's" {
	mkdir "$STATE/data"
	chmod 777 "$STATE/data"
	gives OK --profile system -v "$STATE/data:/data:noidmap" -- create /data/left
	[ "$(stat -c %u "$STATE/data/left")" -ge 65536 ]
}

@test "C10 a map to the host's ids is refused" {
	ends 125 idmap inside --profile system --set 'idmap.uid=0 0 65536' --set 'idmap.gid=0 0 65536' -- ids
}

@test "C12 climbing out of a chroot ends at the container's root" {
	gives EPERM -- chroot-escape
	prints "same root" $admin -- chroot-escape
}

@test "C14 no mount of the container is shared with the host" {
	try inside --profile system -- read /proc/self/mountinfo
	grep -q ' / / ' <<<"$output" || grep -q ' /proc ' <<<"$output" || fail "$output"
	! grep -E ' shared:' <<<"$output" || fail "shared"
}

@test "C14 a mount made shared inside still does not reach the host" {
	mkdir -p "$STATE/data"
	try inside $admin -v "$STATE/data:/data" -- share-mounts /data
	gives OK $admin -v "$STATE/data:/data" -- mount tmpfs /data
	! grep -q " $STATE/data " /proc/self/mountinfo || fail "it is there"
}

@test "C17 memory of a ramfs is counted and ends inside" {
	ends 137 '' inside $admin --memory 32M --memory-swap 0 -- exec /look memory 100000000
}

# --- F: terminals -------------------------------------------------------------------------------------

# Run ward on a terminal of its own, as a person would.
on_terminal() {
	script -qec "$*" /dev/null </dev/null
}

@test "F01 characters cannot be pushed into the caller's terminal" {
	try on_terminal "$WARD run -t -i $LOOK_ROOT -- /look tiocsti"
	[[ "$output" == *EPERM* ]] || fail "$output"
}

@test "F01 even without the filter it is another terminal" {
	try on_terminal "$WARD run -t -i --set seccomp.policy=none $LOOK_ROOT -- /look tty"
	[[ "$output" == */dev/pts/0* || "$output" == */dev/console* ]] || fail "$output"
	[[ "$output" == *"session own"* ]] || fail "$output"
}

@test "F01 without -t the program does not get the terminal at all" {
	try on_terminal "$WARD run -i --set seccomp.policy=none $LOOK_ROOT -- /look tiocsti"
	[[ "$output" == *ENOTTY* ]] || fail "$output"
}

@test "F01 control: a program with the caller's terminal pushes characters where the kernel allows" {
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ] || skip "dev.tty.legacy_tiocsti is 0"
	try on_terminal "env LOOK_HOST=1 $LOOK tiocsti"
	[[ "$output" == *OK* ]] || fail "$output"
}

@test "F10 O_NONBLOCK set inside does not change the caller's standard input" {
	local flags
	mkfifo "$STATE/fifo"
	exec 8<>"$STATE/fifo"
	gives OK -i -- nonblock <&8
	flags=$(awk '/^flags:/ { print $2 }' "/proc/$BASHPID/fdinfo/8")
	[ $((8#$flags & 8#4000)) = 0 ] || fail "flags $flags"
}
