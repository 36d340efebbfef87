#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `make run` shows, in the way it is run there.
load ../lib

refused() {
	sed -n 's/^\([0-9]*\) of [0-9]* attempts were refused\.$/\1/p' <<<"$output"
}

@test "the tour is refused everything, and knows by which wall" {
	try ward run -v -v "$FIXTURES/tour:/run/tour:ro,exec" host -- /run/tour
	[ "$status" -eq 0 ] || fail "$output"
	[ "$(refused)" -ge 20 ] || fail "$output"
	[[ "$output" != *"let through"* ]] || fail "$output"
	[[ "$output" != *"another reason"* ]] || fail "$output"
}

@test "control: in namespaces alone much is let through" {
	try weakly "$FIXTURES/tour"
	[ "$(refused)" -le 12 ] || fail "$output"
	[ "$(grep -c 'let through' <<<"$output")" -ge 8 ] || fail "$output"
}

@test "verbose names the walls" {
	try ward run -v "$LOOK_ROOT" -- /look ids
	local wall
	for wall in ns idmap rootfs device net cgroup ucount rlimit keyring cred caps seccomp; do
		grep -q "^  $wall " <<<"$output" || fail "no line for $wall: $output"
	done
	grep -q '^uid 1000' <<<"$output"
}
