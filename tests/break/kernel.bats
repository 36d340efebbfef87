#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways out that are known, by the letter of the catalogue: A the kernel's files, B cgroups,
# D privileged calls, K entries of whole classes of kernel bugs. Each with a control in which
# the same attempt gets further, or the refusal would prove nothing.
load ../lib

rw="--set proc.mask= --set proc.readonly= --set proc.mode=rw --set sys.mode=rw"

# --- A: the kernel's files ------------------------------------------------------------------------

# Who owns the file answers first (EACCES), the read-only mount behind it (EROFS).
panic_and() {
	local probe=$1
	gives EACCES --profile system -- $probe
	gives EACCES --profile system $rw -- $probe
	gives EROFS --profile privileged --set seccomp.policy=none -- $probe
	gives OK --profile privileged --set seccomp.policy=none $rw -- $probe
}

@test "A01 the host's panic setting cannot be opened for writing, for two reasons" {
	panic_and "open-w /proc/sys/kernel/panic"
}

@test "A02 core_pattern cannot be opened for writing, for two reasons" {
	panic_and "open-w /proc/sys/kernel/core_pattern"
}

@test "A06 the SysRq trigger cannot be opened for writing" {
	[ -e /proc/sysrq-trigger ] || skip "this kernel has no SysRq"
	gives EROFS --profile system -- open-w /proc/sysrq-trigger
}

@test "A07 there is no /dev/mem, /dev/kmem, /dev/port" {
	local node
	for node in mem kmem port; do
		gives ENOENT --profile system -- open-r /dev/$node
	done
}

@test "A10 what fingerprints the host is empty" {
	local file
	for file in interrupts keys kallsyms; do
		[ -e /proc/$file ] || continue
		prints "" -- read /proc/$file
		matches . --set proc.mask= -- read /proc/$file
	done
}

@test "A13 kernel file systems that change the host do not mount" {
	local type
	for type in debugfs tracefs securityfs bpf efivarfs; do
		try inside --profile system --set seccomp.policy=none -- mount $type
		[[ "$output" == EPERM || "$output" == ENODEV ]] || fail "$type: $output"
	done
}

@test "A15 a mask cannot be unmounted by root of the container: EINVAL" {
	gives EINVAL --profile system --set seccomp.policy=none -- umount /proc/timer_list
	gives EINVAL --profile system --set seccomp.policy=none -- umount-lazy /proc/timer_list
}

@test "A15 a mask cannot be moved away: EINVAL" {
	gives EINVAL --profile system --set seccomp.policy=none -- move-mount /proc/timer_list /tmp
}

@test "A15 read-only cannot be cleared from /proc/sys: EPERM" {
	gives EPERM --profile system --set seccomp.policy=none -- remount-rw /proc/sys
	gives EPERM --profile system --set seccomp.policy=none -- setattr-clear /proc/sys ro
}

@test "A15 a fresh /proc without the masks does not mount: EPERM" {
	gives EPERM --profile system --set seccomp.policy=none -- mount proc /tmp
}

@test "A15 a fresh /sys does not mount: EPERM" {
	gives EPERM --profile system --set seccomp.policy=none -- mount sysfs /tmp
}

@test "A15 a copy of /proc does not show what a mask covers" {
	gives EINVAL --profile system --set seccomp.policy=none -- peel /proc timer_list
}

@test "A15 control: masks that a container makes itself are undone by its root" {
	mkdir "$STATE/mask"
	weakly sh -c "mount --bind $STATE/mask /proc/sys && $LOOK umount /proc/sys"
	weakly sh -c "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
		$LOOK remount-rw /proc/sys"
	weakly "$LOOK" mount proc /mnt
}

@test "A16 no process of the host is in /proc" {
	matches '^1 ([0-9]+ )?$' --profile system -- pids
}

@test "A18 the OOM score cannot be lowered" {
	gives EACCES --profile system -- write /proc/self/oom_score_adj -1000
}

# --- B: cgroups -------------------------------------------------------------------------------------

@test "B01 no release_agent can be reached" {
	[ -e /sys/fs/cgroup/memory/release_agent ] || skip "no cgroup v1 here"
	try inside --profile system --set seccomp.policy=none -- mount cgroup /tmp memory
	[[ "$output" != OK ]] || gives ENOENT --profile system --set seccomp.policy=none -- open-w /tmp/release_agent
	gives ENOENT --profile system -- open-w /sys/fs/cgroup/memory/release_agent
}

@test "B01 control: on the host release_agent is there to be opened" {
	[ -e /sys/fs/cgroup/memory/release_agent ] || skip "no cgroup v1 here"
	LOOK_HOST=1 ends 0 OK "$LOOK" open-w /sys/fs/cgroup/memory/release_agent
}

@test "B02 root without CAP_SYS_ADMIN cannot get it in a namespace of its own" {
	gives EPERM --profile system --cap-drop sys_admin -- unshare user mnt cgroup
	gives ENOSPC --profile system --cap-drop sys_admin --set seccomp.policy=none -- unshare user mnt cgroup
}

@test "B03 the device list of the container cannot be opened for writing" {
	local file=/sys/fs/cgroup/devices/devices.allow
	[ -e "$file" ] || skip "no cgroup v1 devices here"
	try inside --profile system --set cgroup.mode=ro -- open-w "$file"
	[[ "$output" == EROFS || "$output" == ENOENT || "$output" == EACCES ]] || fail "$output"
	try inside --profile system --set cgroup.mode=rw -- open-w "$file"
	[[ "$output" == EACCES || "$output" == EPERM ]] || fail "writable cgroup: $output"
}

@test "B04 the container cannot raise its own limits" {
	local file
	for file in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids.max; do
		try inside --profile system --set cgroup.mode=rw -- open-w $file
		[[ "$output" == EACCES || "$output" == ENOENT || "$output" == EROFS ]] || fail "$file: $output"
	done
}

@test "B06 the cgroup file system inside shows only the container's own part" {
	try inside --profile system --set cgroup.mode=ro -- read /proc/self/mountinfo
	local root
	grep -q ' - cgroup' <<<"$output" || fail "no cgroup file system: $output"
	while read -r _ _ _ root _; do
		[ "$root" = / ] || fail "a cgroup mount shows $root"
	done < <(grep ' - cgroup' <<<"$output")
}

# --- D: privileged calls ----------------------------------------------------------------------------

@test "D01 a kernel module does not load: EPERM from the filter, before the kernel answers" {
	gives EPERM --profile system -- module
	gives EPERM --profile system -- finit-module
}

@test "D02 a process of the host cannot be debugged" {
	spawn sleep 20
	gives ESRCH --profile system -- ptrace $spawned
	gives OK --profile privileged --set ns.pid=host --set seccomp.policy=none -e LOOK_HOST=1 -- ptrace $spawned
}

@test "D08 a container's reboot ends the container and nothing else" {
	gives EINVAL --profile system --cap-add sys_boot -- reboot-cad
	gives EPERM -- reboot-cad
}

@test "D21 a nested user namespace is closed by two walls, and each of them alone" {
	gives EPERM --profile system -- unshare user
	gives EPERM --profile system -- clone user
	gives ENOSYS --profile system -- clone3 user
	gives ENOSPC --profile system --set seccomp.policy=none -- unshare user
	gives ENOSPC --profile system --set seccomp.policy=none -- clone3 user
	gives EPERM --profile system --set ucount.max_user_namespaces=10 -- unshare user
}

@test "D21 control: with both walls down, and with the gate nesting, it opens" {
	gives OK --profile system --set seccomp.policy=none --set ucount.max_user_namespaces=10 -- unshare user
	gives OK --profile system --allow nesting -- unshare user
}

@test "D22 a secret in the caller's session keyring is out of reach" {
	try "$LOOK" with-key look-secret hidden "$WARD" run --set seccomp.policy=none "$LOOK_ROOT" -- /look read-key look-secret
	[[ "$output" == *ENOKEY* || "$output" == *EACCES* ]] || fail "$output"
	[[ "$output" != *hidden* ]]
}

@test "D22 control: without the wall the secret is read" {
	try "$LOOK" with-key look-secret hidden "$WARD" run --profile privileged --set seccomp.policy=none \
		--set landlock=no --set keyring=no "$LOOK_ROOT" -- /look read-key look-secret
	[[ "$output" == *hidden* ]] || fail "$output"
}

@test "D23 a set-user-id program of the image gives no capability" {
	cp "$LOOK" "$STATE/root/suid"
	chmod 4755 "$STATE/root/suid"
	prints 0000000000000000 -- exec /suid status CapEff
	prints 0000000000000000 --set rootfs.nosuid=no --set no_new_privs=no --set landlock=no --set seccomp.policy=none -- exec /suid status CapEff
}

@test "D23 a file capability planted in a volume gives nothing" {
	mkdir "$STATE/data"
	cp "$LOOK" "$STATE/data/planted"
	setcap cap_sys_admin+ep "$STATE/data/planted"
	prints 0000000000000000 -v "$STATE/data:/data:ro,exec" -- exec /data/planted status CapEff
}

@test "D26 a file cannot be made immutable against the host" {
	touch "$STATE/root/file"
	gives EPERM --profile system --set seccomp.policy=none -- immutable /file
}

# --- E and K: entries -------------------------------------------------------------------------------

@test "E05 the address families that open are exactly the listed ones" {
	prints "1 2 10 16 " -- families
	prints "1 2 10 16 " --profile system -- families
}

@test "E06 the netlink protocols that open are exactly the listed ones" {
	prints "0 4 15 16 " -- netlinks
	prints "0 4 15 16 " --profile system -- netlinks
}

@test "E07 the filter is not walked around by another ABI" {
	gives ENOSYS --profile system -- int80-socket 40
	gives ENOSYS --profile system -- int80
	gives ENOSYS --profile system -- x32
}

@test "E10 an abstract socket of the host is not reached" {
	spawn "$LOOK" listen-unix "@ward-test-$$" >"$STATE/said"
	until_ok grep -q listening "$STATE/said"
	gives ECONNREFUSED --profile system -- connect-unix "@ward-test-$$"
	gives OK --profile privileged --set ns.net=host --set landlock=no -- connect-unix "@ward-test-$$"
}

@test "K the doors behind which most kernel bugs were found are closed in both profiles" {
	local profile probe
	for profile in app system; do
		for probe in io_uring perf bpf userfaultfd vmsplice modify-ldt kcmp quotactl; do
			gives EPERM --profile $profile -- $probe
		done
		for probe in "add-key a b" request-key keyctl; do
			try inside --profile $profile -- $probe
			[[ "$output" == EPERM || "$output" == ENOSYS ]] || fail "$profile $probe: $output"
		done
		for probe in "socket 40" "socket 38" "socket 33" "netlink 12" "netlink 6"; do
			gives EAFNOSUPPORT --profile $profile -- $probe
		done
	done
}
