#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ports of the host that lead to containers: -p.
load net

# published NAME OPTION...: a container that says on port 8080 who asks.
published() {
	box "$@"
	serve "$(init_of "$1")" 8080
}

relay_of() {
	sed -n 's/^relay \([0-9]*\) .*/\1/p' "$WARD_RUN_DIR/net/-published/$ONE-$1"
}

@test "a published port is reached from outside, by IPv4 and IPv6" {
	published a -p 80:8080
	reaches out 203.0.113.2 80
	reaches out 2001:db8:1::2 80
	refused reaches out 203.0.113.2 8080
}

@test "the container sees who asks from outside" {
	box a -p 80:8000
	serve "$(init_of a)" 8000
	[[ "$(fetch out 203.0.113.2 80)" == *peer=203.0.113.1* ]]
	[[ "$(fetch out 2001:db8:1::2 80)" == *"peer=[2001:0db8:0001:0000:0000:0000:0000:0001]"* ]]
}

@test "it is reached from the host itself, on loopback too" {
	published a -p 80:8080
	reaches host 127.0.0.1 80
	reaches host ::1 80
	reaches host 203.0.113.2 80
	reaches host 2001:db8:1::2 80
	[ "$(host cat /proc/sys/net/ipv4/conf/all/route_localnet)" = 0 ]
}

@test "a port of one address is that address's only" {
	published a -p 203.0.113.2:80:8080 -p '[::1]:81:8080'
	reaches out 203.0.113.2 80
	reaches host 203.0.113.2 80
	refused reaches host 127.0.0.1 80
	refused reaches out 2001:db8:1::2 80
	reaches host ::1 81
	refused reaches host 127.0.0.1 81
	refused reaches out 203.0.113.2 81
}

@test "UDP and ranges" {
	box a -p 5300-5302:6300-6302/udp
	spawn nsenter --net="$(space "$(init_of a)")" socat UDP6-RECVFROM:6302,ipv6only=0,fork EXEC:cat
	until_ok nsenter --net="$(space "$(init_of a)")" sh -c "ss -Hlun | grep -q :6302"
	[ "$(echo hello | host timeout 3 socat -T1 - UDP:127.0.0.1:5302)" = hello ]
	[ "$(echo hello | host timeout 3 socat -T1 - 'UDP:[::1]:5302')" = hello ]
	[ "$(echo hello | out timeout 3 socat -T1 - UDP:203.0.113.2:5302)" = hello ]
	[ "$(echo hello | out timeout 3 socat -T1 - 'UDP:[2001:db8:1::2]:5302')" = hello ]
}

@test "the relay carries what is large, both ways, and tells when it ends" {
	head -c 3000000 /dev/urandom >"$STATE/large"
	box a -p 80:8000
	spawn nsenter --net="$(space "$(init_of a)")" socat TCP4-LISTEN:8000,fork,reuseaddr EXEC:cat
	until_ok listens "$(init_of a)" 8000 1
	host timeout 20 socat -t 10 - TCP:127.0.0.1:80 <"$STATE/large" >"$STATE/back"
	cmp "$STATE/large" "$STATE/back"
}

@test "two hundred connections at once go through the relay" {
	box a -p 80:8000
	spawn nsenter --net="$(space "$(init_of a)")" python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8000), backlog=256)
clients = []
for i in range(200):
    clients.append(s.accept()[0])
for i, c in enumerate(clients):
    c.sendall(b"%d." % i)
input()'
	until_ok listens "$(init_of a)" 8000 1
	host python3 -c '
import socket
clients = [socket.create_connection(("127.0.0.1", 80), 5) for _ in range(200)]
assert len({s.recv(100) for s in clients}) == 200'
}

@test "a port that a program of the host has is refused, and nothing is left" {
	spawn nsenter --net="/run/netns/$HOST" socat TCP4-LISTEN:80,fork,bind=127.0.0.1 EXEC:cat
	until_ok listens host 80 1
	ends 125 'publish port 80: a program of the host has it' box a -p 80:8080
	[ -z "$(ls -A "$WARD_RUN_DIR/net/-published")" ]
	[ ! -e "$WARD_RUN_DIR/containers/$ONE-a" ]
	refused lease default a address4 2>/dev/null
	# The same port of another address is free.
	box a -p 203.0.113.2:80:8080
}

@test "a port of another container is refused by name" {
	published a -p 80:8080
	ends 125 "publish port 80: it is published by container $ONE-a" box b -p 80:8080
	reaches out 203.0.113.2 80
}

@test "an address that the host does not have is refused" {
	ends 125 'publish port 80: Cannot assign requested address' box a -p 198.51.100.1:80:80
}

unpublished() {
	refused reaches out 203.0.113.2 80 && [ -z "$(ls -A "$WARD_RUN_DIR/net/-published")" ] &&
		refused grep -q elements <(host nft list map inet ward port4)
}

@test "the port goes with its container" {
	local relay
	published a -p 80:8080
	relay=$(relay_of a)
	ward rm --force "$ONE-a"
	until_ok unpublished
	[ ! -e "/proc/$relay/stat" ] || grep -q ') Z ' "/proc/$relay/stat"
	published b -p 80:8080
	reaches out 203.0.113.2 80
}

@test "a monitor that is killed leaves no port after the next command" {
	local relay
	published a -p 80:8080
	relay=$(relay_of a)
	kill -KILL "$(monitor_of "$ONE-a")"
	until_ok gone "$relay"
	ward ls
	until_ok unpublished
}

gone() {
	[ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"
}

@test "when the filter is loaded anew the ports are there again" {
	published a -p 80:8080
	host nft flush ruleset
	ward net up
	reaches out 203.0.113.2 80
	reaches out 2001:db8:1::2 80
	ward rm --force "$ONE-a"
	until_ok unpublished
}

@test "the relay is nobody, has no files and few system calls" {
	local status
	published a -p 80:8080
	status=/proc/$(relay_of a)/status
	[ "$(awk '/^Uid:/ { print ($2 >= 1862270976) }' "$status")" = 1 ]
	grep -q '^CapPrm:	0000000000000000' "$status"
	grep -q '^NoNewPrivs:	1' "$status"
	grep -q '^Seccomp:	2' "$status"
	# Nothing of the monitor's: its lock, its pipes, its terminal.
	[ -z "$(find "/proc/$(relay_of a)/fd" -lname '*/containers/*')" ]
	[ -n "$(find "/proc/$(monitor_of "$ONE-a")/fd" -lname '*/containers/*')" ]
}

@test "containers do not reach published ports through the host" {
	published a -p 80:8080
	box b
	refused reaches in_box b 203.0.113.2 80
	refused reaches in_box b "$(gateway)" 80
}
