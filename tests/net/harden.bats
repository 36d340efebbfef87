#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# ward harden-host: what containers could use of the host's network, printed and never changed.
load net

# With the /sys of the host's namespace.
harden() {
	ip netns exec "$HOST" timeout 20 "$WARD" harden-host "$@"
}

settings() {
	host sysctl -a 2>/dev/null | grep '^net\.' | grep -v -e stable_secret -e nf_conntrack_count
}

# A bridge of somebody else with two containers' ends in it.
bridge_of_others() {
	ip -n "$HOST" link add br9 type bridge
	ip -n "$HOST" link add vetha type veth peer name eth1 netns "$OUT"
	ip -n "$HOST" link set vetha master br9
	ip -n "$HOST" link set br9 up
}

# row NAME WANTED: the state of one finding.
row() {
	[ "$(harden --json | python3 -c 'import json, sys
print(*[f["state"] for f in json.load(sys.stdin)["findings"] if f["name"] == sys.argv[1]])' "$1")" = "$2" ]
}

@test "what is weak on a foreign bridge is named, and what is said to mend it does" {
	local name command
	bridge_of_others
	host sysctl -qw net.ipv6.conf.br9.accept_ra=1 net.ipv4.conf.br9.route_localnet=1 \
		net.ipv4.conf.br9.rp_filter=0 net.ipv4.ip_forward=1 net.ipv6.conf.br9.accept_redirects=1
	for name in net/ipv6/conf/br9/accept_ra net/ipv4/conf/br9/route_localnet net/ipv4/conf/br9/rp_filter \
		net/ipv6/conf/br9/accept_redirects net/ipv4/conf/all/forwarding 'br9 port vetha isolated'; do
		row "$name" weak
		command=$(harden --json | python3 -c 'import json, sys
print(*[f["mend"] for f in json.load(sys.stdin)["findings"] if f["name"] == sys.argv[1]])' "$name")
		host bash -c "$command"
		row "$name" ok
	done
}

@test "the lines for sysctl.d are taken by sysctl, and leave nothing weak" {
	harden --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["sysctl_d"])' >"$STATE/60-ward.conf"
	grep -q default/accept_ra "$STATE/60-ward.conf"
	host sysctl -q -p "$STATE/60-ward.conf"
	harden | grep -q '^0 weak. Nothing was changed.'
}

@test "it changes nothing" {
	local before
	bridge_of_others
	before=$(settings)
	harden >"$STATE/said"
	grep -q weak "$STATE/said"
	diff <(echo "$before") <(settings)
}

@test "ward's own networks are not weak, the shared ones neither" {
	ward net create friends
	box a network:friends
	box b
	ward net up
	harden >"$STATE/said"
	refused grep -A3 'weak.*\(ward0\|friends\|wv\)' "$STATE/said"
	grep -q 'ok .*ward0 port .* isolated = 1' "$STATE/said"
	grep -q 'ok .*friends port .* isolated = 0 (a shared network)' "$STATE/said"
}

@test "an interface that lives on router advertisements may go on doing so" {
	host sysctl -qw net.ipv6.conf.eth0.accept_ra=1
	row net/ipv6/conf/eth0/accept_ra weak
	ip -n "$HOST" -6 route del default
	spawn nsenter --net="/run/netns/$OUT" dnsmasq --conf-file=/dev/null --keep-in-foreground --port=0 --pid-file= \
		--interface=eth0 --enable-ra --dhcp-range=2001:db8:1::,ra-only,64 --leasefile-ro --user=root
	until_told
	keep_routes
	row net/ipv6/conf/eth0/accept_ra ''
}

told() {
	ip -n "$HOST" -6 route show default | grep -q 'proto ra'
}
