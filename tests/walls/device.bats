#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Devices that a running container is given, and loses again.
load ../lib

TUN=/dev/net/tun
LOOP=/dev/loop0

running() {
	[ -e $TUN ] && [ -e $LOOP ] || skip "this host has no $TUN and $LOOP"
	cp -r "$BUSYBOX/bin" "$LOOK_ROOT"
	mkdir -m 777 "$STATE/data"
	ward run -d --name "$ONE" "$@" "$LOOK_ROOT" -- /look sleep 60
}

opens() {
	ends "${ERRNO[$1]}" "^$1\$" ward exec "$ONE" -- /look open-w "$2"
}

@test "a device appears, can be opened, and is gone again" {
	running --profile system --net=empty
	local node
	for node in $TUN $LOOP; do
		opens ENOENT $node
		ward device "$ONE" add $node
		[[ "$(ward exec "$ONE" -- /look stat $node)" == *" rdev $(stat -c '%Hr:%Lr' $node)" ]]
		opens OK $node
		# Again is fine.
		ward device "$ONE" add $node
		opens OK $node
		ward device "$ONE" rm $node
		opens ENOENT $node
		ward device "$ONE" rm $node
	done
}

@test "the rule goes with it: a node that the container kept opens nothing" {
	running --profile system --net=empty
	ward device "$ONE" add $LOOP
	ward exec "$ONE" -- /look open-w $LOOP
	ward exec "$ONE" -- mv $LOOP /dev/kept
	opens OK /dev/kept
	ward device "$ONE" rm $LOOP
	opens EPERM /dev/kept
}

@test "other devices stay as they were" {
	running --profile system --net=empty
	ward device "$ONE" add $TUN $LOOP
	ward device "$ONE" rm $TUN
	opens OK $LOOP
	opens OK /dev/null
	opens OK /dev/zero
}

@test "a device that is opened together with others cannot be taken alone" {
	running --profile system --net=empty --set 'device.rule=b 7:* rw'
	ward device "$ONE" add $LOOP
	ends 1 "b 7:\\* rw" ward device "$ONE" rm $LOOP
	opens OK $LOOP
}

@test "a root file system that is read-only keeps its /dev, and says how else" {
	running
	ends 1 'read-only.*dev.node' ward device "$ONE" add $TUN
	opens ENOENT $TUN
	ward rm --force "$ONE"
	ward run -d --name "$ONE" --set dev.node=$TUN "$LOOK_ROOT" -- /look sleep 60
	opens OK $TUN
}

@test "a node never gets onto a disk of the host" {
	running --profile system --net=empty -v "$STATE/data:/data"
	ward exec "$ONE" -- mkdir -p /dev/net
	ward exec "$ONE" -- mount -o bind /data /dev/net
	ends 1 'something else is mounted' ward device "$ONE" add $TUN
	ward exec "$ONE" -- mount -o bind /data /dev
	ends 1 'not the one it was started with' ward device "$ONE" add $LOOP
	[ -z "$(find "$STATE" -type c -o -type b)" ]
}

@test "links of the container lead nowhere" {
	running --profile system --net=empty -v "$STATE/data:/data"
	ward exec "$ONE" -- ln -s /data /dev/net
	ends 1 '/dev/net' ward device "$ONE" add $TUN
	[ -z "$(find "$STATE" -type c -o -type b)" ]
}

@test "what is no device of the host is refused" {
	running --profile system --net=empty
	ends 1 'not a device below /dev' ward device "$ONE" add /etc/passwd
	ends 1 'not a device' ward device "$ONE" add /dev/shm
	ends 1 'No such file' ward device "$ONE" add /dev/nosuch
	ends 1 'not running' ward device nosuch add $TUN
	ends 2 'add or rm' ward device "$ONE" $TUN
}
