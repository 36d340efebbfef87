#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems that somebody hostile made. Each start either fails with one clear error or
# runs without having touched anything outside the root.
load ../lib

setup() {
	ward_state
	mkdir "$STATE/canary"
	echo untouched >"$STATE/canary/file"
	# Control: it is the root that is wrong, if something is.
	cp -r "$STATE/root" "$STATE/clean"
	ROOT=$STATE/clean matches '^uid 1000' -- ids
}

canary_is_untouched() {
	[ "$(cat "$STATE/canary/file")" = untouched ] || fail "the canary was written"
	[ "$(ls -A "$STATE/canary")" = file ] || fail "something was made beside the canary"
	! grep -q " $STATE/canary" /proc/self/mountinfo || fail "something was mounted on the canary"
	[ "$(stat -c '%u:%g %a' "$STATE/canary" "$STATE/canary/file" | tr '\n' ' ')" = "0:0 755 0:0 644 " ] ||
		fail "owner or mode changed"
}

# A start on a spoiled root: fine or refused by ward (125), nothing else, and quickly.
start_is_safe() {
	WARD_TIMEOUT=10 try inside "$@" -- ids
	canary_is_untouched
	[ "$status" -eq 0 ] || [ "$status" -eq 125 ] || fail "status $status: $output"
	[ "$status" -eq 0 ] || [ "$(wc -l <<<"$output")" -le 2 ] || fail "more than one error: $output"
}

place_is() {
	local place=$1 kind=$2
	rm -rf "${STATE:?}/root/$place"
	mkdir -p "$STATE/root/$(dirname "$place")"
	case $kind in
	absolute) ln -s "$STATE/canary" "$STATE/root/$place" ;;
	relative) ln -s "../../../../../../../../../../../..$STATE/canary" "$STATE/root/$place" ;;
	to-file) ln -s "$STATE/canary/file" "$STATE/root/$place" ;;
	dangling) ln -s /does/not/exist "$STATE/root/$place" ;;
	loop) ln -s "$(basename "$place")" "$STATE/root/$place" ;;
	self) ln -s . "$STATE/root/$place" ;;
	magic) ln -s /proc/self/root "$STATE/root/$place" ;;
	fifo) mkfifo "$STATE/root/$place" ;;
	node) mknod "$STATE/root/$place" b 7 0 ;;
	file) echo x >"$STATE/root/$place" ;;
	socket) python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$STATE/root/$place" ;;
	esac
}

spoil_place() {
	local kind
	for kind in absolute relative to-file dangling loop self magic fifo node file socket; do
		place_is "$1" $kind
		start_is_safe
		start_is_safe --profile system
	done
}

@test "/dev as a link, fifo, node, file or socket reaches nothing outside" {
	spoil_place dev
}

@test "/proc as a link, fifo, node, file or socket reaches nothing outside" {
	spoil_place proc
}

@test "/sys as a link, fifo, node, file or socket reaches nothing outside" {
	spoil_place sys
}

@test "/tmp as a link, fifo, node, file or socket reaches nothing outside" {
	spoil_place tmp
}

@test "/run as a link, fifo, node, file or socket reaches nothing outside" {
	spoil_place run
}

@test "/etc as a link, fifo, node, file or socket reaches nothing outside" {
	local kind
	for kind in absolute relative to-file dangling loop self magic fifo node file socket; do
		place_is etc $kind
		start_is_safe --user root
	done
}

@test "/etc/passwd and /etc/machine-id as a link, fifo, node or socket reach nothing outside" {
	local kind place
	for place in etc/passwd etc/group etc/machine-id; do
		for kind in absolute relative to-file dangling loop magic fifo node socket; do
			place_is $place $kind
			start_is_safe --user root
		done
		rm -rf "$STATE/root/etc"
	done
}

@test "a huge /etc/passwd is refused, not read into memory" {
	mkdir "$STATE/root/etc"
	truncate -s 4G "$STATE/root/etc/passwd"
	ends 125 'passwd' inside --user somebody -- ids
}

@test "volume targets that are links, fifos, nodes or sockets reach nothing outside" {
	local kind
	mkdir "$STATE/data"
	for kind in absolute relative to-file dangling loop self magic fifo node socket; do
		place_is target $kind
		start_is_safe -v "$STATE/data:/target"
		start_is_safe -v "$STATE/data:/target/below"
		start_is_safe -v "$STATE/canary/file:/target/file:ro"
	done
}

@test "a volume target with .. is refused" {
	mkdir "$STATE/data"
	ends 2 "'\\.\\.'" inside -v "$STATE/data:/../../../etc" -- ids
	ends 2 "'\\.\\.'" inside -v "$STATE/data:/a/../../b" -- ids
	canary_is_untouched
}

@test "a working directory through a link stays inside" {
	ln -s "$STATE/canary" "$STATE/root/away"
	try inside -w /away -- cwd
	[[ "$status" -eq 125 && "$output" == *away* ]] || [ "$output" = /away ] || fail "$output"
	try inside -w /away -- ls
	[[ "$output" != file ]]
}

@test "the program as a link to the host's is not the host's" {
	ln -s /bin/true "$STATE/root/run-me"
	ends 127 '' ward run "$STATE/root" -- /run-me
}

@test "a root that is a link is taken as what it points to, or refused" {
	ln -s "$STATE/root" "$STATE/link"
	ROOT=$STATE/link try inside -- ids
	[[ "$status" -eq 0 && "$output" == uid* ]] || [[ "$status" -eq 125 && "$output" == *link* ]] || fail "$output"
}

@test "a root that is a file is refused" {
	ROOT=$STATE/canary/file ends 125 'file' inside -- ids
}

@test "a root that does not exist is refused" {
	ROOT=$STATE/nowhere ends 125 'nowhere' inside -- ids
}

@test "the host's / is refused as a root" {
	ROOT=/ ends 125 'host' inside -- ids
	ROOT=/../ ends 125 'host' inside -- ids
	ln -s / "$STATE/link"
	ROOT=$STATE/link ends 125 'host' inside -- ids
}

@test "an empty root: there is no program, and nothing is left in it that hinders" {
	mkdir "$STATE/empty"
	ends 127 '' ward run "$STATE/empty" -- /look
	ends 127 '' ward run "$STATE/empty" -- /look
}

@test "a root on read-only media runs where it need not be written" {
	mkdir -p "$STATE/root"/{dev,proc,sys,tmp,run}
	mount --bind "$STATE/root" "$STATE/root"
	mount -o remount,bind,ro "$STATE/root"
	try inside -- ids
	local app=$output app_status=$status
	try inside --profile system --read-only -- ids
	local system=$output system_status=$status
	try inside --profile system -- ids
	umount "$STATE/root"
	[[ "$app_status" -eq 0 && "$app" == uid* ]] || fail "$app"
	[[ "$system_status" -eq 0 && "$system" == uid* ]] || fail "$system"
	[ "$status" -eq 0 ] || [[ "$status" -eq 125 && "$output" == *rootfs.readonly* ]] || fail "$output"
}

@test "a root on read-only media without mount points fails with one error, or runs" {
	mount --bind "$STATE/root" "$STATE/root"
	mount -o remount,bind,ro "$STATE/root"
	try inside -- ids
	umount "$STATE/root"
	[[ "$status" -eq 0 && "$output" == uid* ]] || [[ "$status" -eq 125 && "$output" =~ (dev|proc|sys|tmp|run) ]] || fail "$status $output"
}

@test "a root that belongs to somebody else runs" {
	chown -R 12345:12345 "$STATE/root"
	matches '^uid 1000' -- ids
}

@test "a root below a directory that only root may enter runs" {
	mkdir -m 700 "$STATE/private"
	mv "$STATE/root" "$STATE/private/root"
	ROOT=$STATE/private/root matches '^uid 1000' -- ids
}

@test "a root with blanks, quotes and backslashes in its path runs" {
	mv "$STATE/root" "$STATE/a \"b\" \\c'd"
	ROOT="$STATE/a \"b\" \\c'd" matches '^uid 1000' -- ids
}

@test "a layer with a colon cannot be taken apart into something else" {
	mkdir -p "$STATE/lower"
	ends 125 nowhere ward run "overlay:$STATE/lower:$STATE/nowhere" -- /look ids
}
