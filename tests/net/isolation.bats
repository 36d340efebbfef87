#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What containers of networks cannot reach. Each refusal has a control in which the same connection
# works because that wall is down.
load net

@test "containers of the default network do not reach each other" {
	box a
	box b
	serve "$(init_of b)" 80
	refused reaches in_box a "$(lease default b address4)" 80
	refused reaches in_box a "$(lease default b address6)" 80
	# The service is there.
	reaches host "$(lease default b address4)" 80
}

@test "control: those of a shared network do" {
	ward net create friends
	box a network:friends
	box b network:friends
	serve "$(init_of b)" 80
	reaches in_box a "$(lease friends b address4)" 80
	reaches in_box a "$(lease friends b address6)" 80
}

@test "they do not with frames of the bridge going through iptables either, and the shared ones do" {
	host sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
	ward net create friends
	box a network:friends
	box b network:friends
	box c
	box d
	serve "$(init_of b)" 80
	serve "$(init_of d)" 80
	reaches in_box a "$(lease friends b address4)" 80
	refused reaches in_box c "$(lease default d address4)" 80
}

@test "networks do not reach each other" {
	ward net create one
	ward net create two
	box a network:one
	box b network:two
	serve "$(init_of b)" 80
	refused reaches in_box a "$(lease two b address4)" 80
	refused reaches in_box a "$(lease two b address6)" 80
	# Control: the routes are there, and without the table the packets go.
	no_table
	reaches in_box a "$(lease two b address4)" 80
}

@test "services of the host are not reached, by any of its addresses" {
	box a
	serve host 8000
	refused reaches in_box a "$(gateway)" 8000
	refused reaches in_box a 203.0.113.2 8000
	refused reaches in_box a 2001:db8:1::2 8000
	no_table
	reaches in_box a "$(gateway)" 8000
	reaches in_box a 203.0.113.2 8000
}

@test "control: a port of the host that is allowed is reached, and only that" {
	ward net create open --allow-host tcp:8000 --subnet4 10.40.0.0/24
	box a network:open
	serve host 8000
	serve host 8001
	reaches in_box a 10.40.0.1 8000
	refused reaches in_box a 10.40.0.1 8001
	refused reaches in_box a 203.0.113.2 8000
}

@test "the metadata service of a cloud is not reached" {
	ip -n "$OUT" address add 169.254.169.254/32 dev eth0
	ip -n "$HOST" route add 169.254.169.254/32 via 203.0.113.1
	serve out 80
	box a
	refused reaches in_box a 169.254.169.254 80
	reaches host 169.254.169.254 80
	host nft flush chain inet ward leave
	host nft add rule inet ward leave accept
	reaches in_box a 169.254.169.254 80
}

@test "from outside nothing reaches a container that is not published" {
	ward net create plain --no-nat --subnet4 10.20.30.0/24
	ip -n "$OUT" route add 10.20.30.0/24 via 203.0.113.2
	box a network:plain
	serve "$(init_of a)" 80
	refused reaches out 10.20.30.2 80
	no_table
	reaches out 10.20.30.2 80
}

@test "the host answers ARP for the bridge's address only" {
	local space
	box a
	space=$(space "$(init_of a)")
	nsenter --net="$space" busybox arping -f -c 2 -w 2 -I eth0 "$(gateway)"
	refused nsenter --net="$space" busybox arping -f -c 2 -w 2 -I eth0 203.0.113.2
	host sysctl -qw net.ipv4.conf.ward0.arp_ignore=0
	nsenter --net="$space" busybox arping -f -c 2 -w 2 -I eth0 203.0.113.2
}

@test "the bridge believes nobody who says that he is a router" {
	local name
	box a
	for name in ipv6/conf/ward0/accept_ra ipv6/conf/ward0/autoconf ipv6/conf/ward0/accept_redirects \
		ipv6/conf/ward0/router_solicitations ipv4/conf/ward0/route_localnet \
		ipv4/conf/ward0/accept_redirects ipv4/conf/ward0/send_redirects; do
		[ "$(host cat "/proc/sys/net/$name")" = 0 ]
	done
	[ "$(host cat /proc/sys/net/ipv4/conf/ward0/rp_filter)" = 1 ]
	ip -n "$HOST" -d link show ward0 | grep -q 'stp_state 0 .*group_fwd_mask 0 .*mcast_snooping 0 .*mcast_querier 0'
}

# flood NAME N: a connection to each of N ports, by UDP, which need no answer to be tracked.
flood() {
	nsenter --net="/proc/$(init_of "$1")/ns/net" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(1, int(sys.argv[1]) + 1):
    s.sendto(b"x", ("203.0.113.1", port))' "$2"
}

# What the host tracks. Its table is the whole machine's and too large to fill here.
tracked() {
	host cat /proc/sys/net/netfilter/nf_conntrack_count
}

@test "a flood of connections fills the container's own share and no more" {
	serve out 80
	ward net create flooded --connections 100
	box a network:flooded
	box b network:flooded
	flood a 2000
	[ "$(tracked)" -ge 100 ]
	[ "$(tracked)" -lt 150 ]
	refused reaches in_box a 203.0.113.1 80
	reaches in_box b 203.0.113.1 80
}

@test "control: without its share the flood takes all it wants" {
	ward net create flooded --connections 100
	box a network:flooded
	host nft flush chain inet ward flows
	flood a 2000
	[ "$(tracked)" -ge 1900 ]
}

@test "a container that asks the name server too much is not heard for a while, others are" {
	ward net up
	box a
	box b
	# 400 at once are a burst; the rule drops what goes on beyond 200 a second.
	nsenter --net="/proc/$(init_of a)/ns/net" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(5000):
    s.sendto(b"not a question", (sys.argv[1], 53))' "$(gateway)"
	host nft list set inet ward asks4 | grep -q "$(lease default a address4)"
	in_box b nslookup "$(dns nobody)" 2>&1 | grep -q NXDOMAIN
}
