# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2034 # used by the files that load this one
# What the tests of the LXC front door share. After `load ../lib`.

LXC_BUILD=${WARD_LXC_BUILD:-$(dirname "$WARD")/src/lxc}
CLIENTS=${WARD_LXC_CLIENTS:-$(dirname "$WARD")/tests/lxc}

setup() {
	ward_state
	export WARD_LXC_DIR=$LXC_BUILD WARD_LXC_SHARE=$TOP/share/lxc
	LXCPATH=$STATE/lxc
	mkdir -p "$LXCPATH"
	echo 'lxc.net.0.type = empty' >"$STATE/default.conf"
	export LXCPATH STATE
}

teardown() {
	spawn_end
	stop_debian
	# LXC's locks stay where they are as long as the host runs.
	rm -rf "/run/lxc/lock/${LXCPATH:?}"
	ward_state_end
}

# A container without a template: busybox as its init. Further arguments are lines of its
# configuration.
small() {
	local name=$1 root=$LXCPATH/$1/rootfs
	shift
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,run,root}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh sleep cat id env ps mount ls sed grep tty kill true ip reboot; do
		ln -s busybox "$root/bin/$applet"
	done
	printf '%s\n' '#!/bin/sh' "trap 'exit 0' TERM PWR" 'while :; do sleep 0.2; done' >"$root/init"
	chmod 755 "$root/init"
	{
		printf 'lxc.uts.name = %s\nlxc.rootfs.path = dir:%s\n' "$name" "$root"
		echo "lxc.init.cmd = /init"
		echo "lxc.net.0.type = empty"
		echo 'lxc.mount.auto = proc:rw'
		echo "lxc.signal.halt = SIGTERM"
		printf '%s\n' "$@"
	} >"$LXCPATH/$name/config"
}

# on_ours PROGRAM...: with our library in its path.
on_ours() {
	local preload=
	# A library with a sanitizer in it wants the sanitizer first.
	[ -z "${WARD_SANITIZER-}" ] || preload=$(cc -print-file-name=libasan.so)
	LD_PRELOAD=$preload LD_LIBRARY_PATH=$LXC_BUILD timeout -k 2 60 "$@"
}

# script NAME <<TEXT: Python lines with `c`, the container of that name.
script() {
	{
		printf 'import lxc, os, sys, time\nP = os.environ["LXCPATH"]\nc = lxc.Container("%s", P)\n' "$1"
		cat
	} >"$STATE/script.py"
	on_ours /usr/bin/python3 "$STATE/script.py"
}

# tool NAME ARGUMENT...: one of our lxc-* tools.
tool() {
	local name=$1
	shift
	(exec -a "$name" timeout -k 2 60 "$STATE/bin/$name" "$@")
}

# debian TOOL ARGUMENT...: LXC 5.0.2, which takes a host with both kinds of cgroups for v1 only when
# it does not see v2.
debian() {
	timeout -k 2 60 unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh "$@"
}

has_debian() {
	[ "$(lxc-info --version 2>/dev/null)" = 5.0.2 ] || skip "no LXC 5.0.2 here"
	[ -d /sys/fs/cgroup/memory ] || skip "LXC 5.0.2 is tried on a host with cgroup v1"
}

stop_debian() {
	[ -e "$STATE/debian" ] || return 0
	debian lxc-stop -k -n "$(cat "$STATE/debian")" -P "$LXCPATH" || true
	find /sys/fs/cgroup -maxdepth 2 -type d \
		\( -name "lxc.*.$(cat "$STATE/debian")*" -o -name lxc.pivot \) \
		-exec rmdir {} + 2>/dev/null || true
}

# What ward calls a container of $LXCPATH: its name and the end of a number (lxc/name.c).
ward_name() {
	local text=$LXCPATH/$1 i c hash=$((0xcbf29ce484222325))
	for ((i = 0; i < ${#text}; i++)); do
		printf -v c %d "'${text:i:1}"
		hash=$(((hash ^ c) * 0x100000001b3))
	done
	printf '%s-%08x' "$1" $((hash & 0xffffffff))
}

# Nothing of a container may be left: no process, cgroup, state.
nothing_left() {
	local name=$1
	! pgrep -f "^\[lxc monitor\] $LXCPATH $name\$" || fail "a monitor of $name is left"
	[ -z "$(ls -A "$WARD_RUN_DIR/containers")" ] || fail "state is left"
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "ward-$(ward_name "$name")")" ] ||
		fail "a cgroup is left"
}
