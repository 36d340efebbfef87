#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# E of the catalogue: attacks on the network from a container that may send raw packets (gate net-raw).
# Each with a control in which it works because the port guard is off.
load ../net/net

# --- the attacker ---------------------------------------------------------------------------------

# evil [NETWORK [OPTIONS]]: a container to attack from. What it is called in frames is in EVIL.
evil() {
	local link inside
	ward rm --force "$ONE-evil" >/dev/null 2>&1 || true
	ward run -d --name "$ONE-evil" --net="network:${1:-default}${2:+,$2}" --allow net-raw \
		"$LOOK_ROOT" -- /look listen-unix @sleep
	inside=$(init_of evil)
	link=$(nsenter --net="/proc/$inside/ns/net" ip -o -6 address show dev eth0 scope link |
		sed -n 's|.*inet6 \([^/]*\)/.*|\1|p')
	declare -gA EVIL=([IP4]=$(lease "${1:-default}" evil address4)
		[IP6]=$(lease "${1:-default}" evil address6) [LINK]=$link)
}

# send FRAME...: words as tests/payload/look_packet.c has them; IP4, IP6 and LINK are the attacker's own
# addresses, a word in brackets is text.
send() {
	local frame word words=()
	for frame in "$@"; do
		for word in $frame; do
			case $word in
			\[*) words+=("$(printf %s "$word" | tr -d '[]' | od -An -tx1 | tr -d ' \n')") ;;
			*) words+=("${EVIL[$word]-$word}") ;;
			esac
		done
		words+=(",")
	done
	unset 'words[-1]'
	ward exec "$ONE-evil" -- /look packet eth0 "${words[@]}"
}

udp4="0800 4500 0000 0000 0000 4011 0000"
udp6="86dd 6000 0000 0000 1140"
icmp6="86dd 6000 0000 0000 3aff"
nodes=33:33:00:00:00:01

# heard WHERE INTERFACE FRAME...: send the frames and one that is good, and listen there until that one
# comes. The texts of those that came before it are in $output.
heard() {
	local where=$1 interface=$2 words pid
	shift 2
	mapfile -t words < <(grep -o '\[[^]]*' <<<"$*" | tr -d '[')
	nsenter --net="$(space "$where")" env LOOK_HOST=1 "$LOOK" hears "$interface" the-end "${words[@]}" \
		>"$STATE/heard" 3>&- &
	pid=$!
	until_ok grep -q ready "$STATE/heard"
	send "$@" "all me $udp4 IP4 255.255.255.255 04d2 0009 00*4 [the-end]"
	wait "$pid"
	output=$(grep -v ready "$STATE/heard" | sort -u | xargs)
}

# Unlike `!`, it fails wherever it stands in a test.
never() {
	if "$@"; then
		fail "this should not be: $*"
	fi
}

# Of these frames, none gets onto the bridge; without the guard all do.
stopped() {
	local all
	all=$(grep -o '\[[^]]*' <<<"$*" | tr -d '[' | sort -u | xargs)
	evil default
	heard host ward0 "$@"
	[ -z "$output" ] || fail "these frames got through: $output"
	evil default guard=false
	heard host ward0 "$@"
	[ "$output" = "$all" ] || fail "control: of $all came only $output"
}

# --- what no container may send --------------------------------------------------------------------------

@test "E12 E14 frames and packets in the name of others" {
	stopped \
		"all 02:00:00:00:00:99 $udp4 IP4 255.255.255.255 04d2 0009 00*4 [other-mac]" \
		"all me $udp4 10.99.99.99 255.255.255.255 04d2 0009 00*4 [other-ip4]" \
		"$nodes me $udp6 fd99::9 ff02::1 04d2 0009 00*4 [other-ip6]" \
		"$nodes me $udp6 fe80::9 ff02::1 04d2 0009 00*4 [other-link]"
}

@test "E13 ARP and neighbour advertisements in the name of others" {
	stopped \
		"all me 0806 0001 0800 0604 0002 me 10.99.99.99 all 10.99.99.99 [arp-ip]" \
		"all me 0806 0001 0800 0604 0002 02:00:00:00:00:99 IP4 all IP4 [arp-mac]" \
		"$nodes me $icmp6 LINK ff02::1 8800 0000 20000000 fd99::9 0201 me 0e03 [nd-target] 00*13" \
		"$nodes me $icmp6 LINK ff02::1 8800 0000 20000000 LINK 0201 02:00:00:00:00:99 0e02 [nd-mac] 00*8"
}

@test "E15 DHCP servers, and requests for the addresses of others" {
	stopped \
		"all me $udp4 IP4 255.255.255.255 0043 0044 00*4 02010600 00*40 [dhcp-server]" \
		"all me $udp4 IP4 255.255.255.255 04d2 0044 00*4 02010600 00*40 [dhcp-port]" \
		"$nodes me $udp6 LINK ff02::1 0223 0222 00*4 07000000 00*40 [dhcp6-server]" \
		"all me $udp4 0.0.0.0 255.255.255.255 0044 0043 00*4 01010600 00*24 02:00:00:00:00:99 00*10 [dhcp-starve]"
}

@test "E16 routers, however they hide" {
	stopped \
		"$nodes me $icmp6 LINK ff02::1 8600 0000 40001000 00*8 [ra]" \
		"$nodes me 86dd 6000 0000 0000 3cff LINK ff02::1 3a00 0104 00000000 8600 0000 40001000 00*8 [ra-options]" \
		"$nodes me 86dd 6000 0000 0000 2cff LINK ff02::1 3a00 0001 00000001 8600 0000 40001000 00*8 [ra-fragment]" \
		"$nodes me 86dd 6000 0000 0000 00ff LINK ff02::1 3c00 0502 00000100 3a00 0104 00000000 8600 0000 40001000 00*8 [ra-chain]" \
		"$nodes me $icmp6 LINK ff02::1 8900 0000 00*4 fd99::1 fd99::9 [redirect6]" \
		"all me 0800 4500 0000 0000 0000 4001 0000 IP4 255.255.255.255 0501 0000 10.99.99.99 [redirect4]"
}

@test "E17 tags, bridge protocols and other types of frames" {
	stopped \
		"all me 8100 0005 $udp4 IP4 255.255.255.255 04d2 0009 00*4 [vlan]" \
		"all me 8100 0000 $udp4 IP4 255.255.255.255 04d2 0009 00*4 [priority]" \
		"all me 88a8 0005 8100 0006 $udp4 IP4 255.255.255.255 04d2 0009 00*4 [q-in-q]" \
		"all me 8847 00*40 [mpls]" \
		"all me 88cc 00*40 [lldp]" \
		"all me 8863 00*40 [pppoe]" \
		"01:80:c2:00:00:00 me 0040 4242 03 0000 00 00 00*40 [bpdu]"
}

@test "E18 queries that make a multicast router" {
	stopped \
		"01:00:5e:00:00:01 me 0800 46c0 0000 0000 0000 0102 0000 IP4 224.0.0.1 94040000 1164 0000 00*4 [igmp-query]" \
		"$nodes me 86dd 6000 0000 0000 0001 LINK ff02::1 3a00 0502 00000100 8200 0000 00*20 [mld-query]" \
		"01:00:5e:00:00:0d me 0800 45c0 0000 0000 0000 0167 0000 IP4 224.0.0.13 2000 0000 00*20 [pim-hello]"
}

# --- what it would do to others --------------------------------------------------------------------------

# A neighbour that the host knows, until it says otherwise.
neighbour() {
	host ip neighbour replace "$1" lladdr 02:00:00:00:00:77 dev ward0 nud stale
}

neighbour_is() {
	host ip neighbour show "$1" dev ward0 | grep -q "lladdr $2"
}

@test "E13 the host's table of neighbours: ARP" {
	local other
	evil
	host sysctl -qw net.ipv4.neigh.ward0.locktime=0
	other=${EVIL[IP4]%.*}.77
	neighbour "$other"
	send "all me 0806 0001 0800 0604 0002 me $other all $other"
	neighbour_is "$other" 02:00:00:00:00:77
	evil default guard=false
	send "all me 0806 0001 0800 0604 0002 me $other all $other"
	until_ok never neighbour_is "$other" 02:00:00:00:00:77
}

@test "E13 the host's table of neighbours: neighbour discovery" {
	local other
	evil
	# A second wall, the packet filter of the network, is not what is asked here.
	no_table
	other=${EVIL[IP6]%::*}::77
	neighbour "$other"
	send "$nodes me $icmp6 LINK ff02::1 8800 0000 20000000 $other 0201 me"
	neighbour_is "$other" 02:00:00:00:00:77
	evil default guard=false
	no_table
	send "$nodes me $icmp6 LINK ff02::1 8800 0000 20000000 $other 0201 me"
	until_ok never neighbour_is "$other" 02:00:00:00:00:77
}

# A router that lives for 64 seconds.
ra="$nodes me $icmp6 LINK ff02::1 8600 0000 40000040 00*8 0101 me"

# routed NETNS INTERFACE: is there its default route? Those of the network itself live longer.
routed() {
	nsenter --net="$(space "$1")" ip -6 route show default dev "$2" proto ra |
		grep -qE 'expires ([0-5]?[0-9]|6[0-4])sec'
}

@test "E16 a route of the host by router advertisement, where it listens to them" {
	evil
	no_table
	host sysctl -qw net.ipv6.conf.ward0.accept_ra=2
	send "$ra"
	never routed host ward0
	evil default guard=false
	no_table
	host sysctl -qw net.ipv6.conf.ward0.accept_ra=2
	send "$ra"
	until_ok routed host ward0
	host ip -6 route del default dev ward0
}

@test "E16 a route of a neighbour by router advertisement, on a shared network" {
	local victim
	ward net create friends
	box victim network:friends
	victim=$(init_of victim)
	nsenter --net="$(space "$victim")" sysctl -qw net.ipv6.conf.eth0.accept_ra=2
	evil friends
	send "$ra"
	never routed "$victim" eth0
	evil friends guard=false
	send "$ra"
	until_ok routed "$victim" eth0
}

# The port itself has a wall against this behind the guard: down with it.
weaken_port() {
	local port
	port=$(host bridge link show | sed -n 's/^[0-9]*: \(wv[^@:]*\).*/\1/p')
	host bridge link set dev "$port" mcast_router 1
}

multicast_routers() {
	host bridge -d mdb show dev ward0 | grep 'router ports' | grep -q wv
}

@test "E18 the ports on which the bridge sees multicast routers" {
	local query="$nodes me 86dd 6000 0000 0000 0001 LINK ff02::1 3a00 0502 00000100 8200 0000 2710 0000 00*16 027d 0000"
	evil
	weaken_port
	host ip link set ward0 type bridge mcast_snooping 1
	send "$query"
	never multicast_routers
	evil default guard=false
	weaken_port
	host ip link set ward0 type bridge mcast_snooping 1
	send "$query"
	until_ok multicast_routers
}

# --- neighbours ------------------------------------------------------------------------------------------------

@test "two containers of the default network hear nothing of each other; ports that are not isolated do" {
	local frame="all me $udp4 IP4 255.255.255.255 04d2 0009 00*4 [broadcast]"
	evil
	# The packet filter stands behind it.
	host sysctl -qw net.bridge.bridge-nf-call-iptables=0
	box victim
	nsenter --net="$(space "$(init_of victim)")" env LOOK_HOST=1 "$LOOK" hears eth0 the-end broadcast \
		>"$STATE/neighbour" 3>&- &
	until_ok grep -q ready "$STATE/neighbour"
	heard host ward0 "$frame"
	[ "$output" = broadcast ]
	never grep -q broadcast "$STATE/neighbour"
	kill %1
	ward rm --force "$ONE-victim"
	box victim network:default,isolated=false
	evil default isolated=false
	heard "$(init_of victim)" eth0 "$frame"
	[ "$output" = broadcast ]
}

@test "new flows above the limit are not heard" {
	local i frames=()
	for i in {10..40}; do
		frames+=("all me $udp4 IP4 255.255.255.255 04$i 0009 00*4 [flow-$i]")
	done
	evil default limit.flows=1000
	heard host ward0 "${frames[@]}"
	[ "$(wc -w <<<"$output")" = 31 ]
	evil default limit.flows=5
	# A flow that was seen goes on.
	heard host ward0 "all me $udp4 IP4 255.255.255.255 04d2 0009 00*4 [first]"
	heard host ward0 "${frames[@]}"
	[ "$(wc -w <<<"$output")" -lt 25 ]
}
