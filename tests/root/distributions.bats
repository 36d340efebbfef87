#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems that people really have.
load ../lib

# --- busybox ------------------------------------------------------------------------------------

@test "busybox: a shell runs commands" {
	ends 0 '^3$' ward run "$BUSYBOX" -- /bin/sh -c 'echo $((1 + 2))'
}

@test "busybox: the user has a name" {
	ends 0 '^user$' ward run "$BUSYBOX" -- id -un
	ends 0 '^root$' ward run --profile system "$BUSYBOX" -- id -un
}

@test "busybox: pipes, background jobs and signals work" {
	ends 0 '^done$' ward run "$BUSYBOX" -- sh -c 'sleep 10 & seq 100 | tail -n 1 >/tmp/n; kill $!; wait; [ $(cat /tmp/n) = 100 ] && echo done'
}

@test "busybox: system runs a small init with several users" {
	ROOT=$STATE/busybox
	cp -a "$BUSYBOX" "$ROOT"
	cat >"$ROOT/init" <<-'END'
		#!/bin/sh
		su user -c 'id -u >/run/user'
		su other -c 'id -u >/run/other'
		hostname inside
		mkdir /data && chown other /data && su other -c 'touch /data/file'
		cat /run/user /run/other; hostname; stat -c %U /data/file
	END
	chmod 755 "$ROOT/init"
	mkdir -p "$ROOT/run"
	try ward run --profile system --tmpfs /run:mode=1777 "$ROOT" -- /init
	[ "$(echo $output)" = "1000 1001 inside other" ] || fail "$output"
	[ "$(stat -c %u "$ROOT/data/file")" = 1001 ]
}

# --- Debian, as mmdebstrap made it: owned by root, nothing changed ---------------------------------

@test "Debian: bash, perl and apt-config run in profile app" {
	ends 0 '^5\.' ward run "$DEBIAN" -- bash -c 'echo $BASH_VERSION'
	ends 0 '^v5\.36' ward run "$DEBIAN" -- perl -e 'printf "v%vd\n", $^V'
	ends 0 'APT::Architecture' ward run "$DEBIAN" -- apt-config dump
}

@test "Debian: no file of the root changed its owner" {
	ends 0 '^done$' ward run "$DEBIAN" -- echo 'done'
	[ -z "$(find "$DEBIAN" -xdev -uid +65534 -print -quit)" ]
	[ "$(stat -c %u:%g "$DEBIAN/etc/passwd")" = 0:0 ]
}

@test "Debian: inside, the files belong to root" {
	ends 0 '^0:0$' ward run "$DEBIAN" -- stat -c %u:%g /etc/passwd
	ends 0 '^0:42$' ward run "$DEBIAN" -- stat -c %u:%g /etc/shadow
}

@test "Debian: an ordinary user cannot read the shadow file, root of the container can" {
	ends 1 'Permission denied' ward run "$DEBIAN" -- cat /etc/shadow
	ends 0 '^root:' ward run --profile system "overlay:$DEBIAN" -- cat /etc/shadow
}

@test "Debian: system administers users and files" {
	ends 0 '^1234 ok$' ward run --profile system "overlay:$DEBIAN" -- bash -c '
		set -e
		useradd -u 1234 -m someone
		su someone -c "touch ~/file"
		echo "$(stat -c %u /home/someone/file) ok"'
}

@test "Debian: dpkg installs and removes a package" {
	ends 0 'ok' ward run --profile system "overlay:$DEBIAN" -- bash -c '
		set -e
		mkdir -p /p/DEBIAN /p/opt
		printf "Package: small\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n" >/p/DEBIAN/control
		touch /p/opt/small
		dpkg-deb -b /p /small.deb >/dev/null
		dpkg -i /small.deb >/dev/null 2>&1
		[ -e /opt/small ]
		dpkg -r small >/dev/null 2>&1
		[ ! -e /opt/small ] && echo ok'
}

# --- the host's own /usr --------------------------------------------------------------------------

@test "host: python3 runs" {
	[ -x /usr/bin/python3 ] || skip "this host has no /usr/bin/python3"
	ends 0 '^42$' ward run host -- /usr/bin/python3 -c 'print(6 * 7)'
}

@test "host: gcc compiles a file in a volume, and it runs" {
	mkdir "$STATE/src"
	chown 1000:1000 "$STATE/src"
	echo 'int main(void) { return 42; }' >"$STATE/src/a.c"
	ends 0 '' ward run -v "$STATE/src:/src:exec" -w /src host -- gcc -o a a.c
	ends 42 '' ward run -v "$STATE/src:/src:exec" -w /src host -- ./a
}

@test "host: git makes a repository in a volume" {
	mkdir "$STATE/src"
	chown 1000:1000 "$STATE/src"
	ends 0 'first' ward run -v "$STATE/src:/src" -w /src host -- sh -c '
		git init -q . && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m first && git log --oneline'
}

@test "host: nothing of the host's people and secrets is there" {
	ends 0 '^$' ward run host -- sh -c 'ls -d /root/* /srv/* /mnt/* /opt/* 2>/dev/null; ls /etc/shadow /etc/ssh /etc/hostname 2>/dev/null; true'
	ends 0 '^1000 /home/user$' ward run host -- sh -c 'echo $(id -u) ~'
}

@test "host: /usr cannot be written, also not by root of the container" {
	ends 1 'Read-only' ward run host -- touch /usr/new
	ends 1 'Read-only' ward run --profile system host -- touch /usr/new
}

@test "host: home, /tmp, /run and /var are private and empty of the host's" {
	touch "$STATE/mark"
	ends 0 '^0$' ward run host -- sh -c 'ls -A /home/user /tmp /run | grep -c ward; touch ~/x "/tmp/$0" /run/x' "$ONE"
	[ ! -e "/tmp/$ONE" ]
}
