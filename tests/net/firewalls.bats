#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Networks beside the firewalls of others: their own rules keep their say, ours pass.
load net

# The rules that dockerd makes, as iptables-save of one prints them. $1: iptables-nft, iptables-legacy ...
docker_rules() {
	host "$1-restore" <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
RULES
}

ours_in() {
	host "$1" -S FORWARD | grep -c 'ward0 -m comment --comment ward -j ACCEPT'
}

both_ways() {
	reaches in_box a 203.0.113.1 80
	reaches out 203.0.113.2 8080
}

@test "Docker was there before" {
	local kind
	serve out 80
	for kind in iptables-nft iptables-legacy; do
		command -v $kind >/dev/null || skip "$kind is not installed"
		docker_rules $kind
		box a -p 8080:8080
		serve "$(init_of a)" 8080
		both_ways
		[ "$(ours_in $kind)" = 2 ]
		# Control: without ours Docker's policy drops.
		host $kind -F FORWARD
		refused reaches in_box a 203.0.113.1 80
		ward net up
		ward net up
		both_ways
		[ "$(ours_in $kind)" = 2 ]
		ward rm --force "$ONE-a"
		ward net down
		[ "$(host $kind -S FORWARD | grep -c ward)" = 0 ]
		host $kind -P FORWARD ACCEPT
	done
}

@test "Docker came later: the next start mends it" {
	local kind
	serve out 80
	for kind in iptables-nft iptables-legacy; do
		box a -p 8080:8080
		serve "$(init_of a)" 8080
		docker_rules $kind
		refused reaches in_box a 203.0.113.1 80
		box b
		both_ways
		ward rm --force "$ONE-a" "$ONE-b"
		ward net down
		host $kind -P FORWARD ACCEPT
		host $kind -F
	done
}

@test "IPv6 likewise" {
	serve out 80
	docker_rules ip6tables-nft
	box a
	reaches in_box a 2001:db8:1::1 80
	[ "$(ours_in ip6tables-nft)" = 2 ]
}

@test "an administrator's own rules keep their say" {
	serve out 80
	host iptables-nft -P FORWARD DROP
	host iptables-nft -A FORWARD -d 203.0.113.1 -p tcp --dport 81 -j DROP
	host iptables-nft -A FORWARD -j REJECT
	serve out 81
	box a
	reaches in_box a 203.0.113.1 80
	refused reaches in_box a 203.0.113.1 81
	host iptables-nft -S FORWARD | tail -n 1 | grep -q REJECT
}

@test "a host that drops what it does not know still gives names and addresses" {
	host iptables-nft -P INPUT DROP
	ward net up
	box a
	nsenter --net="$(space "$(init_of a)")" busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true
	in_box a nslookup "$(dns a)" 2>&1 | grep -q NXDOMAIN
	# And nothing more than that.
	serve host 8000
	refused reaches in_box a "$(gateway)" 8000
}

@test "a chain of nftables that drops is told by ward check" {
	host nft add table inet mine
	host nft 'add chain inet mine fence { type filter hook forward priority 0; policy drop; }'
	ward check | grep -A4 '^other firewalls .*warn.*inet mine fence drops'
	host nft delete table inet mine
	ward check | grep '^other firewalls .*ok'
}

# --- the real ones ------------------------------------------------------------------------------

start_docker() {
	spawn nsenter --net="/run/netns/$HOST" unshare --mount dockerd --data-root "$STATE/docker" --exec-root "$STATE/exec" \
		--pidfile "$STATE/docker.pid" -H "unix://$STATE/docker.sock" --storage-driver vfs >"$STATE/docker.log" 2>&1
	until_ok test -S "$STATE/docker.sock" || until_ok test -S "$STATE/docker.sock"
	until_ok host iptables -S DOCKER-USER
}

stop_docker() {
	kill "$(cat "$STATE/docker.pid")"
	until_ok test ! -e "$STATE/docker.pid"
}

@test "a real dockerd, before and later" {
	command -v dockerd >/dev/null || skip "docker.io is not installed"
	serve out 80
	ward net up
	start_docker
	[ "$(host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	host iptables -S FORWARD | grep -q 'P FORWARD DROP'
	box a -p 8080:8080
	serve "$(init_of a)" 8080
	both_ways
	reaches in_box a 2001:db8:1::1 80
	ward rm --force "$ONE-a"
	ward net down
	box a
	reaches in_box a 203.0.113.1 80
	ward rm --force "$ONE-a"
	ward net down
	# What makes it a router is its own, and stays.
	[ "$(host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ "$(host cat /proc/sys/net/ipv4/conf/eth0/forwarding)" = 1 ]
	stop_docker
}

# firewalld and a bus of its own, in a mount namespace that `walled` enters.
start_firewalld() {
	spawn nsenter --net="/run/netns/$HOST" unshare --mount sh -c 'mkdir -p /run/dbus &&
		mount -t tmpfs none /run/dbus && mount -t tmpfs none /var/log &&
		dbus-daemon --system --nofork --nopidfile & sleep 0.5; exec firewalld --nofork --nopid' >"$STATE/firewalld.log" 2>&1
	WALLED=${spawned:?}
	until_ok walled firewall-cmd --state || until_ok walled firewall-cmd --state
	bus=$(pgrep -P "$WALLED" dbus-daemon)
	spawned_all+=" $bus"
}

walled() {
	nsenter --net="/run/netns/$HOST" --mount="/proc/$WALLED/ns/mnt" "$@"
}

@test "a real firewalld; what it forgets when it reads its settings anew the next start mends" {
	command -v firewalld >/dev/null || skip "firewalld is not installed"
	command -v dbus-daemon >/dev/null || skip "dbus-daemon is not installed"
	serve out 80
	start_firewalld
	walled "$WARD" net up
	box a -p 8080:8080
	serve "$(init_of a)" 8080
	both_ways
	# The control: in no zone, nothing passes.
	walled firewall-cmd --reload
	refused reaches in_box a 203.0.113.1 80
	walled "$WARD" run -d --name "$ONE-b" --net=veth "$BUSYBOX" -- /bin/busybox sleep 1000
	both_ways
	ward rm --force "$ONE-a" "$ONE-b"
	walled "$WARD" net down
	[ -z "$(walled firewall-cmd --zone=trusted --list-interfaces)" ]
}
