#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Addresses: whose they are, for how long, and who else learns of them.
load net

created() {
	ward create --name "$ONE-$1" --net=veth "${@:2}" "$BUSYBOX" -- /bin/busybox sleep 1000
}

@test "a defined container has the same addresses each time, and while it does not run" {
	local before
	created a
	ward start "$ONE-a"
	before=$(ward net leases --json | grep -v running)
	ward stop --time 0 "$ONE-a"
	box b
	box c
	ward net leases | grep -q "$ONE-a.*kept"
	ward rm --force "$ONE-b" "$ONE-c"
	# After a reboot, too.
	ward net down
	rm -r "$WARD_RUN_DIR/net"
	ward start "$ONE-a"
	[ -n "$before" ]
	diff <(echo "$before") <(ward net leases --json | grep -v running)
}

@test "what a container that is forgotten had is free" {
	created a
	ward start "$ONE-a"
	ward rm --force "$ONE-a"
	refused lease default a address4 2>/dev/null
	ward net info --json | grep -q '"leases": \[\]'
}

@test "an address by hand is given, and refused to the next" {
	ward net create plain --subnet4 10.20.30.0/24
	box a network:plain,ipv4.address=10.20.30.77
	[ "$(lease plain a address4)" = 10.20.30.77 ]
	in_box a ip address show eth0 | grep -q 10.20.30.77/24
	ends 125 "10.20.30.77 of network plain belongs to container $ONE-a" box b network:plain,ipv4.address=10.20.30.77
	ends 125 '10.20.30.1 is no address for a container' box b network:plain,ipv4.address=10.20.30.1
	ends 125 '10.9.9.9 is no address for a container' box b network:plain,ipv4.address=10.9.9.9
	ward rm --force "$ONE-a"
	box b network:plain,ipv4.address=10.20.30.77
}

@test "when all addresses are taken that is said, and nothing is left" {
	local links
	ward net create tiny --subnet4 10.20.30.0/30 --subnet6 none
	box a network:tiny
	links=$(ip -n "$HOST" -o link | wc -l)
	ends 125 'network tiny has no free address: all 1 are taken' box b network:tiny
	[ "$(ip -n "$HOST" -o link | wc -l)" = "$links" ]
	[ ! -e "$WARD_RUN_DIR/containers/$ONE-b" ]
	ward rm --force "$ONE-a"
	box b network:tiny
}

@test "the lease of a container whose monitor was killed is free after the next command" {
	ward net create tiny --subnet4 10.20.30.0/30 --subnet6 none
	box a network:tiny
	kill -KILL "$(monitor_of "$ONE-a")"
	until_ok freed
}

freed() {
	ward ls >/dev/null
	! ward net leases tiny | grep -q "$ONE-a"
}

@test "a client of DHCP gets the container's lease and no other" {
	local space
	box a
	space=$(space "$(init_of a)")
	nsenter --net="$space" ip address flush dev eth0
	nsenter --net="$space" busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >"$STATE/said" 2>&1
	grep -q "lease of $(lease default a address4) obtained from $(gateway)" "$STATE/said"
	# Of somebody without a lease nothing is known: the guard aside, no answer comes.
	ip netns add "$OUT-3"
	ip -n "$HOST" link add stranger type veth peer name eth0 netns "$OUT-3"
	ip -n "$HOST" link set stranger master ward0 up
	ip -n "$OUT-3" link set eth0 up
	refused nsenter --net="/run/netns/$OUT-3" busybox udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /bin/true
	ip netns del "$OUT-3"
}

@test "a client of DHCPv6 gets the container's lease" {
	local space address
	command -v dhclient >/dev/null || skip "dhclient is not installed"
	box a
	space=$(space "$(init_of a)")
	address=$(lease default a address6)
	nsenter --net="$space" ip -6 address flush dev eth0 scope global
	until_ok has_link_local "$space"
	nsenter --net="$space" timeout 20 dhclient -6 -1 -d -sf /bin/true -lf "$STATE/leases6" -pf "$STATE/pid6" eth0 \
		>"$STATE/said" 2>&1 3>&- &
	spawned_all+=" $!"
	until_ok grep -q "iaaddr $address " "$STATE/leases6"
	nsenter --net="$space" pkill -F "$STATE/pid6" 2>/dev/null || true
}

has_link_local() {
	nsenter --net="$1" ip -6 address show dev eth0 scope link | grep fe80 | grep -qv tentative
}

@test "a file of leases that is damaged stops the start and says which" {
	ward net up
	head -c 256 /dev/zero | tr '\0' x >"$WARD_RUN_DIR/net/default/leases"
	ends 125 'net/default/leases is damaged' box a
	rm "$WARD_RUN_DIR/net/default/leases"
	box a
}
