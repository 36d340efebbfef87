#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers reach the internet behind the host's addresses, and the host stays a host: its default
# route (looked at after each test), its forwarding and its other settings.
# shellcheck disable=SC2016 # what is in single quotes is for another shell
load net

settings() {
	host find /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward \
		-type f -perm -400 \( -path '*/eth*' -o -path '*/all/*' -o -path '*/default/*' \) \
		! -name stable_secret -exec grep -H . {} + | sort
}

@test "IPv4 goes out behind the host's address" {
	serve out 80
	box a
	[[ "$(fetch in_box a 203.0.113.1 80)" == *peer=*203.0.113.2* ]]
}

@test "IPv6 goes out behind the host's address" {
	serve out 80
	box a
	[[ "$(fetch in_box a 2001:db8:1::1 80)" == *"peer=[2001:0db8:0001:0000:0000:0000:0000:0002]"* ]]
}

@test "control: without NAT the container's own address is seen" {
	ward net create plain --no-nat --subnet4 10.20.30.0/24
	ip -n "$OUT" route add 10.20.30.0/24 via 203.0.113.2
	serve out 80
	box a network:plain
	[[ "$(fetch in_box a 203.0.113.1 80)" == *peer=*10.20.30.2* ]]
}

@test "up and down leave every setting of the host as it was" {
	local before
	before=$(settings)
	ward net up
	[ "$(settings)" != "$before" ]
	ward net down
	diff <(echo "$before") <(settings)
}

@test "the host as a whole does not forward" {
	ward net up
	[ "$(host cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
	[ "$(host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 0 ]
}

# A second network behind the host, to which the internet has a route.
second_network() {
	ip -n "$HOST" link add eth1 type veth peer name eth1 netns "$OUT"
	ip netns add "$OUT-2"
	ip -n "$OUT" link set eth1 netns "$OUT-2"
	ip -n "$OUT-2" link set eth1 name eth0
	address "$OUT-2" 198.51.100.9/24 2001:db8:2::9/64
	ip -n "$OUT-2" route add default via 198.51.100.2
	ip -n "$HOST" address add 198.51.100.2/24 dev eth1
	ip -n "$HOST" link set eth1 up
	ip -n "$OUT" route add 198.51.100.0/24 via 203.0.113.2
	spawn nsenter --net="/run/netns/$OUT-2" socat -u UDP4-RECV:9 "CREATE:$STATE/got"
}

knock() {
	out socat -u EXEC:"echo knock" UDP4-SENDTO:198.51.100.9:9
	sleep 0.05
	[ -s "$STATE/got" ]
}

@test "the host is no router between its other networks" {
	second_network
	ward net up
	refused knock
	refused knock
	# Control: the same packet passes when the table is gone, because eth0 forwards for us.
	no_table
	until_ok knock
	ip netns del "$OUT-2"
}

@test "a host that was a router stays one" {
	second_network
	host sysctl -qw net.ipv4.ip_forward=1
	ward net up
	until_ok knock
	ward net down
	[ "$(host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ "$(host cat /proc/sys/net/ipv4/conf/eth0/forwarding)" = 1 ]
	ip netns del "$OUT-2"
}

@test "who becomes a router later is not kept from it, nor put back" {
	second_network
	ward net up
	host sysctl -qw net.ipv4.ip_forward=1
	ward net up
	until_ok knock
	ward net down
	[ "$(host cat /proc/sys/net/ipv4/conf/eth0/forwarding)" = 1 ]
	ip netns del "$OUT-2"
}

# The default route comes from router advertisements, as on most hosts.
advertise() {
	host sysctl -qw net.ipv6.conf.eth0.accept_ra=1
	ip -n "$HOST" -6 route del default
	out sysctl -qw net.ipv6.conf.all.forwarding=1
	spawn nsenter --net="/run/netns/$OUT" dnsmasq --conf-file=/dev/null --keep-in-foreground --port=0 \
		--pid-file= --interface=eth0 --enable-ra --dhcp-range=2001:db8:1::,ra-only,64 \
		--leasefile-ro --user=root
	until_told
	keep_routes
}

told() {
	ip -n "$HOST" -6 route show default | grep -q 'proto ra'
}

@test "a default route from router advertisements stays" {
	advertise
	serve out 80
	box a
	reaches in_box a 2001:db8:1::1 80
	told
	ward rm --force "$ONE-a"
	ward net down
	told
}

@test "it stays too where IPv6 has one switch for the whole host, and the switch goes back" {
	advertise
	# A kernel before 6.17, as far as this host's namespace goes.
	old_kernel() {
		host unshare --mount sh -c 'for f in /proc/sys/net/ipv6/conf/*/force_forwarding; do
			mount --bind -o ro /dev/null "$f" 2>/dev/null && mount -o remount,bind,ro "$f"
			done; exec "$@"' sh "$WARD" "$@"
	}
	[ -e /proc/sys/net/ipv6/conf/all/force_forwarding ] || old_kernel() { ward "$@"; }
	old_kernel net up
	[ "$(host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	[ "$(host cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 2 ]
	told
	old_kernel net down
	[ "$(host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 0 ]
	[ "$(host cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 1 ]
	told
}

@test "control: forwarding put on the simple way loses that route" {
	advertise
	host sysctl -qw net.ipv6.conf.all.forwarding=1
	refused told
	keep_routes
}

@test "the uplink that carries the default route may change" {
	serve out 80
	box a
	reaches in_box a 203.0.113.1 80
	ip -n "$HOST" link set eth0 down
	ip -n "$HOST" link set eth0 name wlan0
	ip -n "$HOST" link set wlan0 up
	ip -n "$HOST" route add default via 203.0.113.1
	ip -n "$HOST" address replace 2001:db8:1::2/64 dev wlan0 nodad
	ip -n "$HOST" -6 route add default via 2001:db8:1::1
	keep_routes
	box b
	reaches in_box b 203.0.113.1 80
}
