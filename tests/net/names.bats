#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names of containers, and the server that knows them.
# shellcheck disable=SC2016 # what is in single quotes is for another shell
load net

server_pid() {
	cut -d' ' -f1 "$WARD_RUN_DIR/net/${1:-default}/names"
}

# What a name server says about a name; nothing when it knows nothing.
lookup() {
	python3 - "$@" <<'E2'
import random, socket, struct, sys
server, name, kind = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "A"
number = random.randrange(65536)
question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + question + struct.pack(">2H", {"A": 1, "AAAA": 28}[kind], 1), (server, 53))
answer = s.recv(4096)
at = 12 + len(question) + 4
for _ in range(struct.unpack(">H", answer[6:8])[0]):
    at += 2
    type_, _, _, size = struct.unpack(">HHIH", answer[at:at + 10])
    data = answer[at + 10:at + 10 + size]
    at += 10 + size
    if size in (4, 16):
        print(socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6, data))
E2
}

knows() {
	[ "$(lookup "${@:2}")" = "$1" ]
}

@test "containers of a shared network find each other by name, and the host finds them" {
	ward net create friends --subnet4 10.50.0.0/24
	box a network:friends
	box b network:friends
	serve "$(init_of b)" 80
	until_ok reaches in_box a "$(dns b)" 80
	until_ok reaches in_box a "$(dns b | sed 's/\.ward$//')" 80
	host bash -c "$(declare -f lookup); lookup 10.50.0.1 $(dns b)" | grep -qx "$(lease friends b address4)"
	host bash -c "$(declare -f lookup); lookup 10.50.0.1 $(dns b) AAAA" | grep -qx "$(lease friends b address6)"
}

asked() {
	host bash -c "$(declare -f lookup); lookup $*"
}

@test "a name goes with its container" {
	ward net create friends --subnet4 10.50.0.0/24
	box a network:friends
	until_ok test -n "$(asked 10.50.0.1 "$(dns a)")"
	ward rm --force "$ONE-a"
	until_ok test -z "$(asked 10.50.0.1 "$(dns a)")"
}

@test "whoever has the address next gets it by DHCP" {
	ward net create tiny --subnet4 10.20.30.0/30 --subnet6 none
	box a network:tiny
	ward rm --force "$ONE-a"
	box b network:tiny
	nsenter --net="$(space "$(init_of b)")" busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true 2>&1 |
		grep 'lease of 10.20.30.2 obtained'
}

@test "those of the default network are not told of each other" {
	box a
	box b
	in_box a nslookup "$(dns b)" 2>&1 | grep -q NXDOMAIN
}

# internet NAME ADDRESS: a name server in the internet that knows one name, and the host uses.
internet() {
	spawn nsenter --net="/run/netns/$OUT" dnsmasq --conf-file=/dev/null --keep-in-foreground --no-resolv --no-hosts \
		--pid-file= --listen-address=203.0.113.1 --bind-interfaces --user=root "--host-record=$1,$2"
	echo 'nameserver 203.0.113.1' >"$STATE/resolv.conf"
	until_ok out ss -Hlun sport = :53
}

# ward where the host has that resolv.conf.
resolving() {
	host unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$STATE/resolv.conf" "$WARD" "$@"
}

@test "names of the outside are asked of the host's name server" {
	internet example.test 9.8.7.6
	ward net create friends --subnet4 10.50.0.0/24
	resolving net up friends
	[ "$(asked 10.50.0.1 example.test)" = 9.8.7.6 ]
}

@test "a name of the outside does not lead to a private address, unless that is asked for" {
	internet evil.test 192.168.1.1
	ward net create friends --subnet4 10.50.0.0/24
	ward net create trusting --subnet4 10.51.0.0/24 --rebind
	resolving net up friends trusting
	[ -z "$(asked 10.50.0.1 evil.test)" ]
	[ "$(asked 10.51.0.1 evil.test)" = 192.168.1.1 ]
}

@test "the server is an ordinary user who can write nothing of the host, with three capabilities" {
	local pid
	ward net up
	pid=$(server_pid)
	[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" != 0 ]
	grep -q '^NoNewPrivs:	1' "/proc/$pid/status"
	grep -q '^CapEff:	0000000000003400' "/proc/$pid/status"
	[ "$(awk '$6 ~ /^rw/ { print $5 }' "/proc/$pid/mountinfo" | sort -u)" = /tmp ]
}

@test "a server that died is there again after the next start, and knows who runs" {
	local pid
	ward net create friends --subnet4 10.50.0.0/24
	box a network:friends
	pid=$(server_pid friends)
	kill -KILL "$pid"
	until_ok no_process "$pid"
	box b network:friends
	[ "$(server_pid friends)" != "$pid" ]
	until_ok test -n "$(asked 10.50.0.1 "$(dns a)")"
}

no_process() {
	[ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"
}

@test "another process with the server's old number is not taken for it, nor killed" {
	ward net up
	kill -KILL "$(server_pid)"
	spawn sleep 100
	echo "${spawned:?} 12345" >"$WARD_RUN_DIR/net/default/names"
	ward net up
	[ "$(server_pid)" != "$spawned" ]
	kill -KILL "$(server_pid)"
	echo "$spawned 12345" >"$WARD_RUN_DIR/net/default/names"
	ward net down
	kill -0 "$spawned"
}

@test "without dnsmasq there are addresses and one warning" {
	serve out 80
	missing dnsmasq run -d --name "$ONE-a" --net=veth "$BUSYBOX" -- /bin/busybox sleep 1000 2>"$STATE/said"
	[ "$(grep -c dnsmasq "$STATE/said")" = 1 ]
	grep -q 'install the package dnsmasq-base' "$STATE/said"
	reaches in_box a 203.0.113.1 80
	missing dnsmasq check | grep -A2 '^dnsmasq .*warn.*not installed'
	# It comes with the next `net up` after it was installed.
	ward net up
	kill -0 "$(server_pid)"
}

@test "a server that does not start is one warning with its words" {
	serve out 80
	ward net create taken --subnet4 10.60.0.0/24
	# Somebody has the port on every address.
	spawn nsenter --net="/run/netns/$HOST" socat -u UDP4-RECV:53 OPEN:/dev/null
	until_ok host sh -c 'ss -Hlun | grep -q :53'
	ward run -d --name "$ONE-a" --net=network:taken "$BUSYBOX" -- /bin/busybox sleep 1000 2>"$STATE/said"
	grep -q 'network taken has no names and no DHCP: dnsmasq does not start: dnsmasq: .*in use' "$STATE/said"
	reaches in_box a 203.0.113.1 80
}
