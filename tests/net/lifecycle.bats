#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Networks come up, go down, and survive what is done to them.
# shellcheck disable=SC2016 # what is in single quotes is for another shell
load net

# Everything of networks that is on the host.
remains() {
	ip -n "$HOST" -o link | awk -F': ' '{ print $2 }' | sort
	host nft list ruleset
	host cat /proc/sys/net/ipv4/conf/eth0/forwarding
	for pid in /proc/[0-9]*; do
		if [ "$(readlink "$pid/exe" 2>/dev/null)" = "$(command -v dnsmasq)" ] &&
			[ "$(readlink "$pid/ns/net")" = "$(host readlink /proc/self/ns/net)" ]; then
			echo "dnsmasq ${pid#/proc/}"
		fi
	done
}

works() {
	box "$1"
	host nft list table inet ward >/dev/null
	reaches in_box "$1" 203.0.113.1 80
	ward rm --force "$ONE-$1"
}

@test "up twice is as up once, down twice as down once" {
	local once
	ward net up
	once=$(remains)
	ward net up
	[ "$(remains)" = "$once" ]
	ward net down
	once=$(remains)
	ward net down
	[ "$(remains)" = "$once" ]
	[[ "$once" != *ward* && "$once" != *dnsmasq* ]]
}

@test "eight at once make one network" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		ward net up 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(remains | grep -c dnsmasq)" = 1 ]
	[ "$(ward net ls | grep -c ward0)" = 1 ]
	serve out 80
	works a
}

@test "eight containers at once start in a network that is not up" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		box "$i" >/dev/null 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(ward net leases --json | grep -o '"address4": "[^"]*"' | sort -u | wc -l)" = 8 ]
}

@test "up and down against each other end in one or the other" {
	local i pids=()
	ward net up
	for i in 1 2 3 4 5 6; do
		ward net up 3>&- &
		pids+=($!)
		ward net down 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	ward net down
	[[ "$(remains)" != *ward* && "$(remains)" != *dnsmasq* ]]
	serve out 80
	works a
}

# killed_up SECONDS: `net up`, killed after that. A shell of its own, because bats minds such ends.
killed_up() {
	host bash -c '"$1" net up & sleep "$2"; kill -KILL $!; wait' bash "$WARD" "$1" 2>/dev/null || true
}

@test "a kill at any moment leaves nothing after the next command" {
	local delay
	ward net up
	ward net down
	for delay in 0 0.004 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.1; do
		killed_up "$delay"
		if [ -e "$WARD_RUN_DIR/net/-busy" ]; then
			ward ls >/dev/null
			[[ "$(remains)" != *ward* ]] || fail "after $delay seconds:" "$(remains)"
		fi
		ward net down
		[[ "$(remains)" != *ward* && "$(remains)" != *dnsmasq* ]] || fail "after $delay seconds:" "$(remains)"
	done
	serve out 80
	works a
}

@test "a kill while a network with containers is mended leaves it up" {
	local i
	serve out 80
	box a
	for i in 0.01 0.02 0.03 0.05; do
		killed_up "$i"
		ward ls >/dev/null
		reaches in_box a 203.0.113.1 80
	done
}

@test "a network in use does not go down, unless it is forced to" {
	box a
	ends 1 'network default is in use by 1 interface' ward net down
	ends 1 'network default is in use by 1 interface' ward net rm default
	ward net down --force
}

@test "a bridge that was deleted is made again by the next start" {
	serve out 80
	ward net up
	ip -n "$HOST" link del ward0
	works a
}

@test "a bridge that was taken down comes up by the next start" {
	serve out 80
	ward net up
	ip -n "$HOST" link set ward0 down
	works a
}

@test "a filter that was flushed is loaded again by the next start" {
	serve out 80
	ward net up
	host nft flush ruleset
	works a
	host nft flush chain inet ward forward
	works a
	host nft delete table inet ward
	works a
}

@test "another's table does not make ours be loaded again" {
	ward net up
	local before
	before=$(host nft -a list table inet ward)
	host nft add table inet others
	host nft 'add chain inet others c { type filter hook output priority 0; }'
	box a
	[ "$(host nft -a list table inet ward | grep handle)" = "$(grep handle <<<"$before")" ]
}

@test "nft missing is one clear error, and nothing is left" {
	ends 125 'a network needs nft\(8\) for its packet filter, and it is not installed; install the package nftables' \
		missing nft run -d --name "$ONE-a" --net=veth "$BUSYBOX" -- /bin/busybox sleep 1000
	[ "$(wc -l <<<"$output")" = 1 ]
	[[ "$(remains)" != *ward* && "$(remains)" != *dnsmasq* ]]
	[ "$(host cat /proc/sys/net/ipv4/conf/eth0/forwarding)" = 0 ]
	missing nft check | grep -A2 '^nft .*warn.*not installed'
}

@test "an interface that has the bridge's name is not touched" {
	ip -n "$HOST" link add ward0 type bridge
	ends 1 'an interface ward0 exists that is not the bridge of network default' ward net up
	ip -n "$HOST" link show ward0
	ip -n "$HOST" link del ward0
	ip -n "$HOST" link add ward0 type veth peer name other
	ends 1 'an interface ward0 exists' ward net up
	ip -n "$HOST" link show ward0
}

@test "addresses are chosen where the host has none" {
	ip -n "$HOST" route add 10.0.0.0/9 via 203.0.113.1
	ip -n "$HOST" route add 10.128.0.0/9 via 203.0.113.1
	ip -n "$HOST" address add 172.16.0.1/12 dev eth0
	ward net up
	[[ "$(gateway)" == 192.168.* ]]
	ward net rm default
	ip -n "$HOST" route add 192.168.0.0/16 via 203.0.113.1
	ends 1 'every private IPv4 subnet is in use' ward net up
	ward net create six --subnet4 none
	ward net up six
}

@test "a subnet that overlaps is refused" {
	ward net create one --subnet4 10.20.0.0/16
	ends 1 'overlaps a route, an address or another network' ward net create two --subnet4 10.20.30.0/24
	ends 1 'overlaps a route, an address or another network' ward net create two --subnet4 203.0.113.0/28
	ward net create six --subnet6 fd00:1::/64
	ends 1 'subnet6 overlaps that of network six' ward net create two --subnet6 fd00:1:0:0:8::/80
	ends 1 'network one exists already' ward net create one
	ends 1 'bridge one belongs to network one' ward net create two --bridge one
	ends 2 'subnet4' ward net create two --subnet4 10.0.0.0/33
	ends 1 'is not a name for a network' ward net create ../x
	ends 1 "there is no network two" ward net up two
}

@test "a network that is removed leaves nothing" {
	ward net create one
	box a network:one
	ward rm --force "$ONE-a"
	ward net rm one
	[ ! -e "$WARD_LIB_DIR/net/one" ]
	[ ! -e "$WARD_RUN_DIR/net/one" ]
	ends 1 'there is no network one' ward net rm one
}

@test "a library directory that cannot be written is one error" {
	mkdir -p "$STATE/lib"
	ends 1 'Read-only file system.*WARD_LIB_DIR' host unshare --mount sh -c \
		'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$STATE/lib" "$WARD" net up
	[[ "$(remains)" != *ward* ]]
	ends 1 'No space left' host unshare --mount sh -c \
		'mount -t tmpfs -o size=4k,mode=700 none "$0" && head -c 4096 /dev/zero >"$0/full"; exec "$@"' "$STATE/lib" "$WARD" net up
	[[ "$(remains)" != *ward* ]]
	ward net up
}

@test "what is shown is JSON that can be read" {
	local what
	ward net create one --allow-host tcp:22
	box a
	for what in 'ls --json' 'info --json' 'info --json one' 'leases --json'; do
		# shellcheck disable=SC2086 # words
		ward net $what | python3 -m json.tool >/dev/null
	done
	ends 1 'there is no network none' ward net info none
	ends 2 "no subcommand 'lss'; did you mean 'ls'" ward net lss
	ward net --help | grep -q leases
}

@test "IPv6 alone is a network" {
	ward net create six --subnet4 none
	serve out 80
	box a network:six
	[ -z "$(in_box a ip -4 address show eth0)" ]
	reaches in_box a 2001:db8:1::1 80
}
