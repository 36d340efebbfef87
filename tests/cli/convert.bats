#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# LXC's configurations: `ward convert`, and containers that are run from one.
load ../lib

# lxc LINE...: a configuration of a busybox without a network; $CONF
lxc() {
	CONF=$STATE/lxc.conf
	[ -e "$LOOK_ROOT/bin" ] || cp -a "$BUSYBOX/." "$LOOK_ROOT"
	printf '%s\n' "lxc.rootfs.path = dir:$LOOK_ROOT" 'lxc.net.0.type = empty' \
		'lxc.console.path = none' "$@" >"$CONF"
}

# says STATUS PATTERN LINE...: run a container of this configuration.
says() {
	local want=$1 pattern=$2
	shift 2
	lxc "$@"
	ends "$want" "$pattern" ward run --name "$ONE" --lxc "$CONF"
}

runs() {
	says 0 "$@"
}

@test "a configuration is printed as one of ward's, which is read" {
	lxc 'lxc.uts.name = inside' 'lxc.start.auto = 1' 'lxc.tty.max = 4' 'lxc.init.cmd = /bin/sh -c "id -u"'
	run ward convert "$CONF"
	[ "$status" -eq 0 ]
	[[ "$output" == *"profile = system"* && "$output" == *"uts.name = inside"* ]]
	[[ "$output" == *"lxc.conf:5: lxc.start.auto = 1"* && "$output" == *"lxc.conf:6: lxc.tty.max = 4"* ]]
	ward convert "$CONF" >"$STATE/ward.conf"
	ends 0 '^0$' ward run --name "$ONE" --config "$STATE/ward.conf"
}

@test "a container is created from one, and started" {
	lxc 'lxc.uts.name = inside' 'lxc.init.cmd = /bin/sh -c "hostname; id -u"'
	ward create --name "$ONE" --lxc "$CONF"
	ward start "$ONE"
	ward wait "$ONE" || true
	ends 0 'inside' ward logs "$ONE"
}

@test "what is not said: ids of its own; or LXC's letter; or the host's, by a word" {
	local map='lxc.init.cmd = /bin/cat /proc/self/uid_map'
	runs '^ +0 +[1-9][0-9]+ +65536$' "$map"
	runs ' 0 +0 +4294967295' "$map" 'ward.silence = lxc' 'lxc.mount.auto = proc'
	runs 'root of the container is root of the host.* 0 +0 +4294967295' "$map" 'lxc.idmap = host'
}

@test "files on disk belong to the mapped ids when maps are stated, and to root when not" {
	lxc
	chown 1879048192:1879048192 "$LOOK_ROOT"
	local owner='lxc.init.cmd = /bin/stat -c %u /'
	runs '^0$' "$owner" 'lxc.idmap = u 0 1879048192 65536' 'lxc.idmap = g 0 1879048192 65536'
	chown 0:0 "$LOOK_ROOT"
	runs '^0$' "$owner"
}

@test "a policy of LXC's is one more wall" {
	local try='lxc.init.cmd = /bin/sh -c "mkdir /tmp/a && echo made; unshare -U true || echo refused"'
	printf '%s\n' 2 denylist 'mkdir errno 5' 'mkdirat errno 5' >"$STATE/policy"
	runs 'made.*refused' "$try"
	runs 'Input/output error.*refused' "$try" "lxc.seccomp.profile = $STATE/policy"
	printf '%s\n' 2 denylist 'mkdir notify' >"$STATE/policy"
	says 125 'policy:3: notify' "$try" "lxc.seccomp.profile = $STATE/policy"
}

@test "the stock policy works without a policy of ward's" {
	printf '%s\n' 2 denylist reject_force_umount '[all]' 'mkdir errno 5' 'mkdirat errno 5' >"$STATE/policy"
	runs 'Seccomp:.2.*Input/output error' 'ward.silence = lxc' 'lxc.mount.auto = proc' \
		"lxc.seccomp.profile = $STATE/policy" \
		'lxc.init.cmd = /bin/sh -c "grep Seccomp: /proc/self/status; mkdir /tmp/a; exit 0"'
}

@test "an optional entry may be missing, another may not" {
	mkdir "$STATE/data"
	echo text >"$STATE/data/file"
	local look='lxc.init.cmd = /bin/cat /data/file'
	runs '^text$' "$look" "lxc.mount.entry = $STATE/data data none bind,ro,create=dir 0 0" \
		"lxc.mount.entry = $STATE/none none none bind,optional 0 0"
	says 125 "open the volume $STATE/none" "$look" \
		"lxc.mount.entry = $STATE/none none none bind 0 0"
}

@test "a bind mount belongs to the same ids inside as for LXC" {
	mkdir "$STATE/data"
	runs '^0$' 'lxc.init.cmd = /bin/sh -c "touch /data/new && stat -c %u /data/new"' \
		"lxc.mount.entry = $STATE/data data none bind,create=dir 0 0"
	[ "$(stat -c %u "$STATE/data/new")" = 0 ]
	runs '^65534$' 'lxc.init.cmd = /bin/stat -c %u /data' 'lxc.idmap = u 0 1879048192 65536' \
		'lxc.idmap = g 0 1879048192 65536' \
		"lxc.mount.entry = $STATE/data data none bind,create=dir 0 0"
}

@test "files of a cgroup without a key are written, or the start is refused" {
	local file=cgroup2.memory.oom.group dir=/sys/fs/cgroup
	if [ -e /sys/fs/cgroup/memory ]; then
		file=cgroup.memory.swappiness dir=/sys/fs/cgroup/memory
	fi
	lxc "lxc.$file = 1" 'lxc.init.cmd = /bin/sleep 100'
	ward run -d --name "$ONE" --lxc "$CONF"
	[ "$(cat "$dir/ward-$ONE/${file#*.}")" = 1 ]
	ward rm --force "$ONE" || true
	says 125 'cgroup.raw' "lxc.${file%%.*}.memory.nonsense = 1" 'lxc.init.cmd = /bin/true'
	[ ! -e "$dir/ward-$ONE" ]
}

@test "the changes of LXC's overlay are there" {
	mkdir -p "$STATE/c/delta"
	echo changed >"$STATE/c/delta/file"
	lxc
	printf '%s\n' "lxc.rootfs.path = overlay:$LOOK_ROOT:$STATE/c/delta" \
		'lxc.init.cmd = /bin/sh -c "cat /file; echo more >/new"' 'lxc.net.0.type = empty' \
		'lxc.console.path = none' >"$CONF"
	chmod 755 "$STATE/c"
	ends 0 '^changed$' ward run --name "$ONE" --lxc "$CONF"
	[ "$(cat "$STATE/c/delta/new")" = more ]
}

@test "names of LXC 1 are understood, and said to be old" {
	lxc 'lxc.utsname = old' 'lxc.init.cmd = /bin/hostname'
	ends 0 'lxc.conf:4: lxc.utsname is called lxc.uts.name since LXC 2.1.*old' \
		ward run --name "$ONE" --lxc "$CONF"
}

@test "errors say the file and the line" {
	says 2 'lxc.conf:4: unknown key .lxc.utsnam.; did you mean .lxc.uts.name' 'lxc.utsnam = x'
	says 2 'lxc.conf:4: lxc.tty.max: .x. is not a number' 'lxc.tty.max = x'
	says 2 'lxc.conf:4: lxc.include: open /nowhere' 'lxc.include = /nowhere'
	lxc
	ends 2 '--lxc and --profile' ward run --profile app --lxc "$CONF"
	ends 1 'nowhere: No such file' ward convert /nowhere
	ends 1 'neither secure nor lxc' ward convert --silence=loud "$CONF"
}
