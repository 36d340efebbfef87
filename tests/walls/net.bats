#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Network devices, in a network namespace that stands for the host. What may leave a port is tested
# with the guard (net-guard), what `ward net` makes in tests/net.
load ../lib

setup() {
	ward_state
	NS=ward-walls-net-$$
	ip netns add "$NS"
	host ip link set lo up
	host ip link add wbr0 type bridge
	host ip addr add 10.9.0.1/24 dev wbr0
	host ip addr add fd09::1/64 dev wbr0 nodad
	host ip link set wbr0 up
}

teardown() {
	spawn_end
	# The test's own commands run in its namespace.
	WARD_REAL=$WARD
	printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$NS" "$WARD_REAL" >"$STATE/ward"
	chmod +x "$STATE/ward"
	WARD=$STATE/ward ward_state_end
	local left=$?
	ip netns del "$NS"
	return $left
}

host() {
	nsenter --net="/run/netns/$NS" "$@"
}

ward() {
	host timeout -k 2 "${WARD_TIMEOUT:-30}" "$WARD" "$@"
}

# sh_inside OPTION... -- SHELL TEXT
sh_inside() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	ward run "${options[@]}" "$BUSYBOX" -- sh -c "$2"
}

# background NAME OPTION...: a container that sleeps.
background() {
	local name=$1
	shift
	ward run -d --name "$name" "$@" "$BUSYBOX" -- sleep 60
}

veths() {
	host ip -o link show type veth
}

no_veths() {
	[ -z "$(veths)" ]
}

# says_hello ADDRESS PORT: what answers there.
says_hello() {
	[ "$(host timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2 && cat <&3")" = hello ]
}

is_leased() {
	[[ "$(ward net leases default)" == *"$1"*running* ]]
}

not_leased() {
	! is_leased "$1"
}

# An interface's line without what changes.
port_of() {
	host bridge -d link show dev "$1"
}

# --- a veth on a bridge -----------------------------------------------------------------------

@test "without --net there is only a loopback interface, and it is up" {
	run sh_inside -- 'ip -o link'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *"lo: <LOOPBACK,UP"* ]]
}

@test "a veth has the name, MTU, MAC and addresses that were asked for, and routes" {
	run sh_inside --net bridge:wbr0,name=lan7,mtu=1400,hwaddr=02:xx:xx:11:22:3x,ipv4.address=10.9.0.7/24,ipv4.gateway=auto,ipv6.address=fd09::7,ipv6.gateway=fd09::1 -- \
		'ip addr show lan7; ip route; ip -6 route'
	[ "$status" -eq 0 ]
	[[ "$output" == *"lan7@"*"UP"*"mtu 1400"* ]]
	[[ "$output" =~ link/ether\ 02:[0-9a-f:]{5}:11:22:3[0-9a-f] ]]
	[[ "$output" == *"inet 10.9.0.7/24 brd 10.9.0.255"* ]]
	[[ "$output" == *"inet6 fd09::7/64"* ]]
	[[ "$output" == *"default via 10.9.0.1 dev lan7"* ]]
	[[ "$output" == *"default via fd09::1 dev lan7"* ]]
	until_ok no_veths
}

@test "the host and a container talk to each other, at once" {
	background talk --net bridge:wbr0,ipv4.address=10.9.0.2/24,ipv6.address=fd09::2
	ward exec talk -- sh -c '(while :; do echo hello | nc -l -p 8080; done) >/dev/null 2>&1 &'
	until_ok says_hello 10.9.0.2 8080
	until_ok says_hello fd09::2 8080
	ward rm --force talk
	until_ok no_veths
}

@test "the host's end is a closed port before it is up" {
	background port --net bridge:wbr0,ipv4.address=10.9.0.2/24,veth.pair=wport
	run port_of wport
	for word in "isolated on" "learning off" "flood off" "guard on" "root_block on" "hairpin off" "mcast_router 0"; do
		[[ "$output" == *"$word"* ]] || fail "$word: $output"
	done
	mac=$(ward exec port -- cat /sys/class/net/eth0/address)
	[[ "$(host bridge fdb show br wbr0)" == *"$mac dev wport master wbr0 static"* ]]
	[ "$(host sysctl -n net.ipv6.conf.wport.disable_ipv6)" = 1 ]
	[ "$(host sysctl -n net.ipv6.conf.wport.accept_ra)" = 0 ]
	[ "$(host sysctl -n net.ipv4.conf.wport.rp_filter)" = 1 ]
	[ "$(host sysctl -n net.ipv4.conf.wport.accept_redirects)" = 0 ]
	[ -z "$(host ip -6 -o addr show dev wport)" ]
	[[ "$(host ip -o link show wport)" == *"alias ward port"* ]]
	# The control: what a port is without ward.
	host ip link add plain0 type veth peer name plain1
	host ip link set plain0 master wbr0
	run port_of plain0
	[[ "$output" == *"isolated off"* && "$output" == *"learning on"* ]]
	[ "$(host sysctl -n net.ipv6.conf.plain0.disable_ipv6)" = 0 ]
}

@test "devices inside begin with quiet sysctls, and a person may say otherwise" {
	probe='cat /proc/sys/net/ipv6/conf/eth0/accept_ra /proc/sys/net/ipv6/conf/eth0/accept_redirects /proc/sys/net/ipv4/conf/eth0/rp_filter'
	run sh_inside --net bridge:wbr0 -- "$probe"
	[ "$output" = $'0\n0\n1' ]
	run sh_inside --net bridge:wbr0 --set sysctl=net.ipv6.conf.default.accept_ra=1 -- "$probe"
	[ "$output" = $'1\n0\n1' ]
}

@test "two containers on one bridge reach each other only when neither is isolated" {
	for isolated in on off; do
		background "a$isolated" --net "bridge:wbr0,ipv4.address=10.9.0.2/24,isolated=$isolated"
		ward exec "a$isolated" -- sh -c '(while :; do echo hello | nc -l -p 8080; done) >/dev/null 2>&1 &'
		run sh_inside --net "bridge:wbr0,ipv4.address=10.9.0.3/24,isolated=$isolated" -- \
			'for i in 1 2 3; do timeout 2 nc 10.9.0.2 8080 </dev/null && break; done'
		if [ $isolated = on ]; then
			[[ "$output" != *hello* ]] || fail "isolated: $output"
		else
			[[ "$output" == *hello* ]] || fail "not isolated: $output"
		fi
		ward rm --force "a$isolated"
	done
}

@test "several devices come in their order, each with its name" {
	run sh_inside --net bridge:wbr0,ipv4.address=10.9.0.2/24 --net bridge:wbr0,name=dmz --net bridge:wbr0,up=off -- 'ip -o link'
	[[ "${lines[1]}" == *"eth0@"*"UP"* ]]
	[[ "${lines[2]}" == *"dmz@"*"UP"* ]]
	[[ "${lines[3]}" == *"eth1@"* && "${lines[3]}" != *",UP"* ]]
}

@test "what was asked for is shown as the kernel has it, with counters" {
	background seen --net bridge:wbr0,ipv4.address=10.9.0.2/24
	run ward info seen
	[[ "$output" =~ "net "+"veth eth0 10.9.0.2/24 on wbr0, guarded" ]]
	ward info --json seen >"$STATE/json"
	run python3 - "$STATE/json" <<'PYTHON'
import json, sys
net = json.load(open(sys.argv[1]))["network"]
assert len(net) == 1, net
assert net[0]["name"] == "eth0" and net[0]["link"] == "wbr0" and net[0]["guard"] is True, net
assert net[0]["ipv4"] == ["10.9.0.2/24"] and net[0]["in"]["bytes"] >= 0, net
PYTHON
	[ "$status" -eq 0 ] || fail "$output"
	run ward top --once
	[[ "${lines[1]}" == seen* ]]
	ward top --json >"$STATE/json"
	python3 -c 'import json, sys; top = json.load(open(sys.argv[1])); assert top[0]["name"] == "seen" and "net_in" in top[0]' "$STATE/json"
	# Control: without a guard the finding is open.
	background bare --net bridge:wbr0,guard=off
	run ward info bare
	[[ "$output" == *"not guarded"* && "$output" =~ open\ +net.guard ]]
}

# --- other kinds -------------------------------------------------------------------------------

@test "a macvlan stands beside a device of the host" {
	host ip link add up0 type veth peer name up1
	host ip link set up0 up
	host ip link set up1 up
	run sh_inside --net macvlan,link=up0,macvlan.mode=bridge,ipv4.address=10.8.0.2/24 -- 'ip addr show eth0'
	[[ "$status" -eq 0 && "$output" == *"inet 10.8.0.2/24"* ]] || fail "$output"
}

@test "a kind that this kernel lacks is refused by name" {
	host ip link add up0 type veth peer name up1
	host ip link set up0 up
	for kind in "ipvlan" "vlan id 7"; do
		words=${kind%% *},link=up0
		[[ "$kind" != vlan* ]] || words=$words,vlan.id=7
		# shellcheck disable=SC2086 # words
		if host ip link add link up0 name probe type $kind 2>/dev/null; then
			host ip link del probe
			sh_inside --net "$words" -- 'ip link show eth0'
		else
			ends 125 "this kernel has no network devices of kind ${kind%% *}" sh_inside --net "$words" -- true
		fi
	done
}

@test "a device is lent and comes back as it was" {
	host ip link add card type veth peer name far
	host ip link set far up
	before=$(host ip -o link show card | sed 's/^[0-9]*: //')
	run sh_inside --net phys,link=card,name=lan0,mtu=1300,hwaddr=02:00:00:11:22:33,ipv4.address=10.8.0.2/24 -- 'ip addr show lan0'
	[[ "$status" -eq 0 && "$output" == *"mtu 1300"*"02:00:00:11:22:33"*"10.8.0.2/24"* ]] || fail "$output"
	[ "$(host ip -o link show card | sed 's/^[0-9]*: //')" = "$before" ]
	background lent --net phys,link=ca+
	run host ip link show card
	[ "$status" -ne 0 ]
	kill -KILL "$(monitor_of lent)"
	until_ok host ip link show card
	ward ls
	[ "$(host ip -o link show card | sed 's/^[0-9]*: //')" = "$before" ]
}

@test "in router mode the host has routes to the container and answers for its gateway" {
	background routed --net veth,veth.mode=router,veth.pair=wrt,ipv4.address=10.7.0.5/32,ipv4.gateway=169.254.1.1,ipv6.address=fd07::5/128,ipv6.gateway=fe80::1,veth.ipv4.route=10.70.0.0/16
	[[ "$(host ip route)" == *"10.7.0.5 dev wrt"* && "$(host ip route)" == *"10.70.0.0/16 dev wrt"* ]]
	[[ "$(host ip -6 route)" == *"fd07::5 dev wrt"* ]]
	[[ "$(host ip neigh show proxy)" == *"169.254.1.1 dev wrt proxy"* ]]
	[ "$(host sysctl -n net.ipv6.conf.wrt.accept_ra)" = 0 ]
	run ward exec routed -- ip route
	[[ "$output" == *"default via 169.254.1.1 dev eth0"* ]]
	ward rm --force routed
	until_ok no_veths
	[[ "$(host ip route)" != *10.7* ]]
}

@test "a route to a network behind the container goes with it" {
	background behind --net bridge:wbr0,ipv4.address=10.9.0.2/24,veth.ipv4.route=10.71.0.0/16
	[[ "$(host ip route)" == *"10.71.0.0/16 via 10.9.0.2 dev wbr0"* ]]
	ward rm --force behind
	[[ "$(host ip route)" != *10.71* ]]
	background behind --net bridge:wbr0,ipv4.address=10.9.0.2/24,veth.ipv4.route=10.71.0.0/16
	kill -KILL "$(monitor_of behind)"
	ward ls
	[[ "$(host ip route)" != *10.71* ]]
}

# --- others' networks ----------------------------------------------------------------------------

@test "a container may join the network of another" {
	background first --net bridge:wbr0,ipv4.address=10.9.0.2/24
	run sh_inside --net container:first -- 'ip -o addr show eth0'
	[[ "$output" == *10.9.0.2/24* ]]
	# Its own devices are not touched at the joiner's end.
	run ward exec first -- ip -o link show eth0
	[ "$status" -eq 0 ]
	ends 125 "container nobody is not running" sh_inside --net container:nobody -- true
	ends 125 "needs a network namespace of its own" sh_inside --net container:first --net veth -- true
}

@test "the host's network is a gate, and leaves no room for devices" {
	run ward run --net=host "$LOOK_ROOT" -- /look args
	[ "$status" -eq 0 ]
	run ward run --net=host "$BUSYBOX" -- ip -o link
	[[ "$output" == *wbr0* ]]
	ends 125 "needs a network namespace of its own" sh_inside --net=host --net veth -- true
}

# --- while it runs ---------------------------------------------------------------------------------

@test "devices are attached to a running container and detached again" {
	background plug --net bridge:wbr0,ipv4.address=10.9.0.2/24
	run ward net attach plug --net bridge:wbr0,ipv4.address=10.9.0.3/24
	[ "$output" = eth1 ]
	run ward exec plug -- ip -o addr show eth1
	[[ "$output" == *10.9.0.3/24* ]]
	run ward info plug
	[[ "$output" == *"eth1 10.9.0.3/24 on wbr0, guarded"* ]]
	ward net detach plug eth1
	run ward exec plug -- ip -o link
	[[ "$output" == *eth0* && "$output" != *eth1* ]]
	ends 1 "has no network device eth1" ward net detach plug eth1
	ends 1 "net.1.link" ward net attach plug --net macvlan
	ends 1 "no interface nothing" ward net attach plug --net bridge:nothing
	[ "$(wc -l <"$WARD_RUN_DIR/containers/plug/net")" -eq 1 ]
	ends 1 "has no network of its own" ward net attach "$(ward run -d --net=host --name hosted "$BUSYBOX" -- sleep 60)"
}

@test "a device that was attached and is lent comes back at the end" {
	host ip link add card type veth peer name far
	background later --net bridge:wbr0
	ward net attach later --net phys,link=card
	run host ip link show card
	[ "$status" -ne 0 ]
	ward rm --force later
	until_ok host ip link show card
}

# --- scripts -----------------------------------------------------------------------------------------

@test "scripts hear of a device, with LXC's arguments and environment" {
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\necho "$@" type=$LXC_NET_TYPE parent=$LXC_NET_PARENT peer=$LXC_NET_PEER name=$LXC_NAME >>%s/heard\n' "$STATE" >"$STATE/script"
	chmod 755 "$STATE/script"
	ward run --name told --net "bridge:wbr0,veth.pair=wtold,script.up=$STATE/script one,script.down=$STATE/script two" "$BUSYBOX" -- true
	run cat "$STATE/heard"
	[ "${lines[0]}" = "one told net up veth wbr0 wtold type=veth parent=wbr0 peer=wtold name=told" ]
	[ "${lines[1]}" = "two told net down veth wbr0 wtold type=veth parent=wbr0 peer=wtold name=told" ]
	[ "${#lines[@]}" -eq 2 ]
	# The end of a killed monitor is an end.
	background told --net "bridge:wbr0,script.down=$STATE/script two"
	kill -KILL "$(monitor_of told)"
	ward ls
	[ "$(wc -l <"$STATE/heard")" -eq 3 ]
}

@test "a script that fails ends the start, and nothing is left" {
	ends 125 "/bin/false ended with exit status 1" sh_inside --net bridge:wbr0,script.up=/bin/false -- true
	until_ok no_veths
	ends 125 "execute /nowhere" sh_inside --net bridge:wbr0,script.up=/nowhere -- true
	[ -z "$(ls "$WARD_RUN_DIR/containers")" ]
}

# --- bad input -----------------------------------------------------------------------------------------

@test "what cannot be is one sentence, and nothing is left" {
	host ip link add up0 type veth peer name up1
	ends 125 "net.0.link: there is no interface nothing" sh_inside --net bridge:nothing -- true
	ends 125 "up0 is not a bridge" sh_inside --net bridge:up0 -- true
	ends 2 "too long for an interface" sh_inside --net bridge:wbr0,veth.pair=a-name-that-is-too-long -- true
	ends 125 "there is an interface up0 already" sh_inside --net bridge:wbr0,veth.pair=up0 -- true
	ends 125 "net.0 has the same" sh_inside --net bridge:wbr0,ipv4.address=10.9.0.2/24 --net bridge:wbr0,ipv4.address=10.9.0.2/16 -- true
	ends 125 "the gateway is auto: the link has no IPv4 address" sh_inside --net macvlan,link=up0,ipv4.address=10.8.0.2,ipv4.gateway=auto -- true
	ends 2 "did you mean 'net.0.mtu'" sh_inside --net bridge:wbr0,mtuu=1400 -- true
	[ -z "$(ls "$WARD_RUN_DIR/containers")" ]
	host ip link del up0
	no_veths
}

@test "a name that was given is free again at once" {
	for _ in 1 2 3; do
		ward run --name again --net bridge:wbr0,veth.pair=wagain "$BUSYBOX" -- true
	done
	# But nobody else's of that name is taken away.
	host ip link add wagain2 type veth peer name x2
	ends 125 "there is an interface wagain2 already" ward run --name again --net bridge:wbr0,veth.pair=wagain2 "$BUSYBOX" -- true
	host ip link show wagain2
}

@test "a bridge that is deleted underneath harms nobody but its container" {
	background under --net bridge:wbr0,ipv4.address=10.9.0.2/24
	host ip link del wbr0
	run ward info under
	[ "$status" -eq 0 ]
	ward rm --force under
	until_ok no_veths
}

# --- killed -------------------------------------------------------------------------------------------------

@test "a killed monitor leaves no device after the next command" {
	background killed --net bridge:wbr0,ipv4.address=10.9.0.2/24
	kill -KILL "$(monitor_of killed)"
	ward ls
	until_ok no_veths
}

@test "nor where somebody still holds the container's network" {
	background held --net bridge:wbr0,ipv4.address=10.9.0.2/24
	spawn nsenter --net="/proc/$(sed -n 's/^pid=//p' "$WARD_RUN_DIR/containers/held/state")/ns/net" sleep 60
	[ -n "$(veths)" ]
	kill -KILL "$(monitor_of held)"
	ward ls
	no_veths
}

# --- ward's own network ------------------------------------------------------------------------------------

needs_network() {
	command -v nft >/dev/null || skip "nft is not installed"
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
}

@test "--net alone is a veth on the network default, with names" {
	needs_network
	run sh_inside --name named --net -- 'ip -o -4 addr show eth0; ip route; cat /etc/resolv.conf /etc/hosts'
	[ "$status" -eq 0 ] || fail "$output"
	address=$(sed -n 's/.*inet \([0-9.]*\)\/.*/\1/p' <<<"$output")
	gateway=$(sed -n 's/^default via \([0-9.]*\) .*/\1/p' <<<"$output")
	[ -n "$address" ]
	[[ "$output" == *"nameserver $gateway"* ]]
	[[ "$output" == *"$address named"* ]]
	[[ "$(ward net leases default)" != *running* ]]
	# And the files are not those of the image.
	[ ! -e "$BUSYBOX/etc/resolv.conf" ] || [[ "$(cat "$BUSYBOX/etc/resolv.conf")" != *"$gateway"* ]]
	run sh_inside --net --set net.files=off -- 'cat /etc/resolv.conf'
	[[ "$output" != *"$gateway"* ]]
}

@test "a joined container finds names where the other does" {
	needs_network
	background named --net
	run sh_inside --net container:named -- 'cat /etc/resolv.conf'
	[[ "$output" == *nameserver* ]]
}

@test "a published port leads inside while the container runs" {
	needs_network
	ward run -d --name web --net -p 127.0.0.1:18080:8080 "$BUSYBOX" -- sh -c 'while :; do echo hello | nc -l -p 8080; done'
	until_ok says_hello 127.0.0.1 18080
	ward rm --force web
	run says_hello 127.0.0.1 18080
	[ "$status" -ne 0 ]
	ends 125 "add --net" ward run -p 18080:8080 "$BUSYBOX" -- true
}

@test "a lease of a device that was attached is given back too" {
	needs_network
	background plain --net bridge:wbr0
	ward net attach plain
	is_leased plain
	ward rm --force plain
	until_ok not_leased plain
}
