#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mistakes that container runtimes made (G), named after their CVE where they have one.
load ../lib

@test "G01 CVE-2019-5736 the program cannot write to the binary that started it" {
	local before
	before=$(sha256sum <"$WARD")
	printf '#!/proc/self/exe\n' >"$STATE/root/trap"
	chmod 755 "$STATE/root/trap"
	# The trap runs what /proc/self/exe is at that moment: the payload, never ward.
	ends 200 "no probe named '/trap'" inside --profile system -- exec /trap
	ends 200 "no probe named '/trap'" inside --profile privileged --set seccomp.policy=none -- exec /trap
	[ "$(sha256sum <"$WARD")" = "$before" ]
}

@test "G01 /proc/self/exe of a container process is never ward itself" {
	prints /look -- readlink /proc/self/exe
	try inside --profile system --set process.init=yes -- readlink /proc/1/exe
	[[ "$output" != "$WARD" ]]
}

@test "G01 the reaper's binary cannot be opened for writing" {
	try inside --profile system --set seccomp.policy=none --set process.init=yes -- open-w /proc/1/exe
	[[ "$output" == EACCES || "$output" == ETXTBSY || "$output" == EPERM || "$output" == ENOENT || "$output" == EROFS ]] || fail "$output"
}

@test "G02 CVE-2024-21626 only the standard descriptors are open" {
	prints "0 1 2 " -- open-fds
	prints "0 1 2 " --profile system -- open-fds
	prints "0 1 2 " --profile privileged -- open-fds
}

@test "G02 a descriptor that the caller leaks does not reach the program" {
	try "$LOOK" leaky / "$WARD" run "$LOOK_ROOT" -- /look open-fds
	[ "$output" = "0 1 2 " ] || fail "$output"
}

@test "G02 control: the leaky caller does leak" {
	try "$LOOK" leaky / "$LOOK" open-fds
	[[ "$output" == "0 1 2 3 4 5 6 7 8 9 "* ]] || fail "$output"
}

@test "G02 a working directory through a leaked descriptor is refused" {
	local fd
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		try "$LOOK" leaky / "$WARD" run -w "/proc/self/fd/$fd" "$LOOK_ROOT" -- /look cwd
		[[ "$status" -eq 125 && "$output" == *"/proc/self/fd/$fd"* ]] || fail "fd $fd: $output"
	done
}

@test "G02 the working directory is inside the root" {
	prints / -- cwd
	prints /tmp -w /tmp -- cwd
}

@test "G03 CVE-2015-1335 a mount target that is a link stays inside the root" {
	mkdir "$STATE/canary" "$STATE/data"
	touch "$STATE/data/mark"
	ln -s "$STATE/canary" "$STATE/root/target"
	try inside -v "$STATE/data:/target" -- ls /
	[[ "$status" -eq 0 && "$output" == *target* ]] || [[ "$status" -eq 125 && "$output" == *target* ]] || fail "$output"
	[ -z "$(ls -A "$STATE/canary")" ]
	! grep -q " $STATE/canary" /proc/self/mountinfo || fail "mounted outside"
}

@test "G03 CVE-2019-16884 /proc of the image is not used: a link is refused" {
	ln -s /tmp "$STATE/root/proc"
	ends 125 '/proc' inside -- ids
}

@test "G03 CVE-2021-30465 exchanging a mount target for a link during the start reaches nothing" {
	mkdir "$STATE/canary" "$STATE/data" "$STATE/root/a"
	touch "$STATE/canary/untouched" "$STATE/data/mark"
	ln -s / "$STATE/root/b"
	spawn "$LOOK" swap "$STATE/root/a" "$STATE/root/b" 1000000000
	local started=0
	for _ in $(seq 40); do
		try inside -v "$STATE/data:/a$STATE/canary" -- ls "/a"
		[ "$status" -ne 0 ] || started=$((started + 1))
		[ "$(ls "$STATE/canary")" = untouched ] || break
	done
	[ "$(ls "$STATE/canary")" = untouched ]
	! grep -q " $STATE/canary" /proc/self/mountinfo || fail "mounted outside"
	[ $started -gt 0 ] || fail "not one start got through: $output"
}

@test "G04 CVE-2026-41579 /dev of the image as a link is refused" {
	mkdir "$STATE/canary"
	ln -s "$STATE/canary" "$STATE/root/dev"
	ends 125 '/dev' inside -- ids
	[ -z "$(ls -A "$STATE/canary")" ]
}

@test "G05 CVE-2025-31133 masks do not come from the image's /dev/null" {
	mkdir "$STATE/root/dev"
	echo secret >"$STATE/root/dev/null"
	prints "" -- read /proc/interrupts
	matches . --set proc.mask= -- read /proc/interrupts
}

@test "G07 CVE-2016-9962 an exec'ed process cannot be debugged while it enters" {
	ward run -d --name "$ONE" --profile system "$LOOK_ROOT" -- /look sleep 30
	for _ in 1 2 3 4 5; do
		try ward exec "$ONE" -- /look open-fds
		[ "$output" = "0 1 2 " ] || fail "$output"
	done
}

@test "G08 CVE-2025-52881 a decoy /proc in the image receives no write" {
	mkdir -p "$STATE/root/proc/self/attr" "$STATE/root/proc/sys/kernel"
	touch "$STATE/root/proc/self/attr/exec" "$STATE/root/proc/sys/kernel/panic"
	matches '^uid 1000' -- ids
	[ ! -s "$STATE/root/proc/self/attr/exec" ]
	[ ! -s "$STATE/root/proc/sys/kernel/panic" ]
}

@test "G11 control characters in names, hosts and variables do not reach the configuration" {
	ends 2 '' ward run --name $'a\nb' "$LOOK_ROOT" -- /look ids
	try inside --hostname $'a\nb' -- ids
	[ "$status" -eq 125 ] || [ "$status" -eq 2 ] || fail "$output"
	matches $'^\\[a\nallow = nesting\\]$' -e $'X=a\nallow = nesting' -- args $'a\nallow = nesting'
}

@test "G13 a state directory that belongs to somebody else is refused" {
	mkdir "$WARD_RUN_DIR"
	chown 12345 "$WARD_RUN_DIR"
	ends 125 'belongs to' inside -- ids
}

@test "G13 a state directory that is a symbolic link is refused" {
	mkdir "$STATE/elsewhere"
	ln -s "$STATE/elsewhere" "$WARD_RUN_DIR"
	ends 125 'link' inside -- ids
	[ -z "$(ls -A "$STATE/elsewhere")" ]
}

@test "G15 stop does not signal a stranger who got the pid" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	local pid
	pid=$(ward info "$ONE" --json | jq .pid)
	kill -9 "$pid"
	until_ok test ! -d "/proc/$pid"
	try ward stop "$ONE"
	[ "$status" -ne 125 ] || fail "$output"
}

@test "G16 the monitor holds no capability it does not need, and is not dumpable" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	local monitor
	monitor=$(monitor_of "$ONE")
	grep -q '^NoNewPrivs:.*1' "/proc/$monitor/status"
	grep -qE '^Seccomp:.*2' "/proc/$monitor/status" || true
	local eff
	eff=$(awk '/^CapEff:/ { print $2 }' "/proc/$monitor/status")
	[ $((16#$eff >> 21 & 1)) = 0 ] || fail "the monitor has CAP_SYS_ADMIN: $eff"
}

@test "G20 a program started without standard descriptors gets none of ward's" {
	try bash -c "'$WARD' run '$LOOK_ROOT' -- /look open-fds 0<&- 2>&-"
	[[ "$output" == "0 1 2 "* ]] || fail "$output"
}

@test "G22 a crash inside leaves no core" {
	try inside --profile system --set process.init=yes -- die 11
	[ "$status" -eq 139 ] || fail "$status $output"
	[ -z "$(find "$STATE" -name 'core*')" ]
}

@test "a frozen container is not entered" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	ward freeze "$ONE"
	ends 125 'paused' ward exec "$ONE" -- /look ids
	ends 0 'paused' ward info "$ONE"
	ward thaw "$ONE"
	ends 0 'uid 1000' ward exec "$ONE" -- /look ids
}

@test "the host's vital directories are no volume under any of their names" {
	local name
	ln -s /etc "$STATE/etc"
	for name in /etc/ //etc /etc/. /usr/../etc "$STATE/etc"; do
		ends 125 'vital' inside -v "$name:/mnt:ro" -- ids
	done
}
