#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# ward-user-nic, set-user-ID root, and the ports of bridges that it makes for ordinary users: what it
# grants, and what its predecessor granted too much. Every refusal has a control.
load ../lib
load people

ALICE=wardtest-nica
BOB=wardtest-nicb
NIC=${WARD_USER_NIC:-${WARD%/*}/ward-user-nic}

setup_file() {
	machine_make $ALICE $BOB
	groupadd --system wardtest-nics
	gpasswd -a $ALICE wardtest-nics >/dev/null
	gpasswd -a $BOB wardtest-nics >/dev/null
	cp -r "$BUSYBOX" "$HOMES/busybox"
	mkdir -p "$HOMES/busybox"/{dev,proc,sys,run,tmp}
	# Where ward looks for it, and its two files, belong to our machine alone.
	INSTALLED=$(grep -ao '/[a-zA-Z0-9/._-]*/ward-user-nic' "$WARD" | head -n 1)
	[ -n "$INSTALLED" ] || fail "ward does not name the program"
	local place=$INSTALLED
	while [ ! -d "$place" ]; do place=${place%/*}; done
	in_machine mount -t tmpfs -o mode=755 none "${place:-/}"
	in_machine install -D -m 4755 "$NIC" "$INSTALLED"
	in_machine mount -t tmpfs -o mode=755 none /run
	in_machine bash -c 'mkdir "$1/etc" "$1/work" && mount -t overlay none -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" /etc' \
		overlay "$HOMES"
	in_machine mkdir -p /etc/lxc
	in_machine ip link add br0 type bridge
	in_machine ip address add 198.51.100.1/24 dev br0
	in_machine ip link set br0 up
	in_machine ip link add br1 type bridge
	export INSTALLED
}

teardown_file() {
	machine_end
	groupdel wardtest-nics 2>/dev/null || true
}

setup() {
	unset WARD_RUN_DIR WARD_LIB_DIR
	grants "$ALICE veth br0 2"
	in_machine rm -f /run/lxc/nics
	A=$(holds $ALICE)
	B=$(holds $BOB)
}

teardown() {
	kill -KILL "$A" "$B" 2>/dev/null || true
	machine_clear
	until_ok eval '[ -z "$(in_machine ip link show master br0)" ]'
}

grants() {
	printf '%s\n' "$@" | in_machine tee /etc/lxc/lxc-usernet >/dev/null
}

# holds USER: the pid of a process in a network of his.
holds() {
	local pid
	in_machine setpriv --reuid "$1" --regid "$1" --init-groups unshare --user --map-root-user --net sleep 60 \
		>/dev/null 2>&1 3>&- &
	pid=$!
	until_ok eval "[ -n \"\$(pgrep -P $pid || true)\" ] || [ \"\$(cat /proc/$pid/comm)\" = sleep ]"
	[ "$(cat /proc/$pid/comm)" = sleep ] || pid=$(pgrep -P $pid | tail -n 1)
	until_ok eval "[ \"\$(cat /proc/$pid/comm)\" = sleep ]"
	echo "$pid"
}

# nic USER ARG...: the program, as this user.
nic() {
	local user=$1
	shift
	as "$user" "$INSTALLED" "$@"
}

nics() {
	in_machine cat /run/lxc/nics
}

# What the program says of a request that it does not grant, without the names in it.
SAID_NETNS='ward: user nic: that is no network namespace of a user namespace of yours'

@test "a granted port is made, and printed as lxc-user-nic prints it" {
	try nic $ALICE create /path name "$A" veth br0 eth5
	[[ "$output" =~ ^eth5:[0-9]+:veth[0-9]+_[0-9A-Za-z]{4}:[0-9]+$ ]] || fail "$output"
	local host=${output#*:*:}
	host=${host%:*}
	[ "$(nics)" = "$ALICE veth br0 $host" ]
	[ "$(in_machine stat -c '%a %u' /run/lxc/nics)" = '600 0' ]
	in_machine ip -details link show "$host" | grep -q 'master br0'
	nsenter -t "$A" --net ip link show eth5
}

@test "the port is isolated, guarded, without addresses, and deaf to router advertisements" {
	local host
	host=$(nic $ALICE create /path name "$A" veth br0 eth0 | cut -d: -f3)
	in_machine ip -details link show "$host" | grep -q 'isolated on'
	in_machine ip -details link show "$host" | grep -q 'guard on root_block on'
	in_machine tc filter show dev "$host" ingress | grep -q .
	[ -z "$(in_machine ip -6 address show dev "$host")" ]
	[ "$(in_machine cat "/proc/sys/net/ipv6/conf/$host/accept_ra")" = 0 ]
}

@test "packets pass the port, but not with another MAC address than its own" {
	nic $ALICE create /path name "$A" veth br0 eth0
	nsenter -t "$A" --net ip address add 198.51.100.9/24 dev eth0
	nsenter -t "$A" --net ip link set eth0 up
	serve in_machine -- tcp 198.51.100.1 7000 through-the-bridge
	[ "$(ask nsenter -t "$A" --net -- tcp 198.51.100.1 7000)" = through-the-bridge ]
	nsenter -t "$A" --net ip link set eth0 address 02:00:00:00:00:99
	run ask nsenter -t "$A" --net -- tcp 198.51.100.1 7000
	[ "$status" -ne 0 ]
}

@test "another bridge is refused, whether it exists or not, in the same words" {
	ends 1 'grants you no port of br1' nic $ALICE create /path name "$A" veth br1
	local there=${output//br1/X}
	ends 1 'grants you no port of no0' nic $ALICE create /path name "$A" veth no0
	[ "${output//no0/X}" = "$there" ]
	grants "$ALICE veth br1 1"
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br1
}

@test "another user is refused, and told which line would help" {
	ends 1 "add the line '$BOB veth br0 1'" nic $BOB create /path name "$B" veth br0
	grants "$BOB veth br0 1"
	ends 0 '^eth0:' nic $BOB create /path name "$B" veth br0
}

@test "no more ports than granted, and one again when one is gone" {
	nic $ALICE create /path name "$A" veth br0 eth1
	nic $ALICE create /path name "$A" veth br0 eth2
	ends 1 'grants you are taken' nic $ALICE create /path name "$A" veth br0 eth3
	kill -KILL "$A"
	until_ok eval '[ -z "$(in_machine ip link show master br0)" ]'
	A=$(holds $ALICE)
	ends 0 '^eth3:' nic $ALICE create /path name "$A" veth br0 eth3
	[ "$(nics | wc -l)" = 1 ]
}

@test "a group shares one count" {
	grants "@wardtest-nics veth br0 1"
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br0
	ends 1 'grants you are taken' nic $BOB create /path name "$B" veth br0
	grants "@wardtest-nics veth br0 2"
	ends 0 '^eth0:' nic $BOB create /path name "$B" veth br0
}

@test "twenty at once take no more than granted" {
	local i jobs=()
	for ((i = 0; i < 20; i++)); do
		nic $ALICE create /path name "$A" veth br0 "eth$i" >/dev/null 2>&1 3>&- &
		jobs+=($!)
	done
	wait "${jobs[@]}" || true
	[ "$(in_machine ip -oneline link show master br0 | wc -l)" = 2 ]
	[ "$(nics | wc -l)" = 2 ]
}

@test "CVE-2017-5985 a network namespace of the host, of root or of another user is refused" {
	ends 1 "$SAID_NETNS" nic $ALICE create /path name "$B" veth br0
	ends 1 "$SAID_NETNS" nic $ALICE create /path name 1 veth br0
	ends 1 "$SAID_NETNS" nic $ALICE create /path name "$MACHINE" veth br0
	# One that a descriptor of is given away, but which root has made.
	ends 1 "$SAID_NETNS" in_machine bash -c 'exec 7<"/proc/$1/ns/net" && shift && exec "$@"' given "$BEHIND" \
		setpriv --reuid $ALICE --regid $ALICE --init-groups "$INSTALLED" create /path name /proc/self/fd/7 veth br0
	# Controls: his own, by pid and by descriptor.
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br0 eth0
	ends 0 '^eth1:' as $ALICE bash -c 'exec 7<"/proc/$1/ns/net" && shift && exec "$@"' given "$A" \
		"$INSTALLED" create /path name /proc/self/fd/7 veth br0 eth1
	[ -z "$(in_machine ip -oneline link show type veth | grep -v 'br0\|up0')" ]
}

@test "CVE-2018-6556 CVE-2022-47952 nothing is told about files: existing, missing, forbidden, a device" {
	local path
	in_machine mkfifo -m 666 "$HOMES/fifo"
	for path in /etc/shadow /root/no-such /no/such /dev/null /etc "$HOMES/fifo" "/proc/$A/ns/pid" "/proc/$B/ns/net" \
		/proc/1/ns/net 4194304 0 -1 '' x; do
		try nic $ALICE create /path name "$path" veth br0
		[ "$status" = 1 ]
		[ "$output" = "$SAID_NETNS" ] || fail "$path: $output"
		try nic $ALICE delete /path name "$path" veth br0 eth0
		[ "$output" = "$SAID_NETNS" ] || fail "$path: $output"
	done
	# Control: a path that is one.
	ends 0 '^eth0:' nic $ALICE create /path name "/proc/$A/ns/net" veth br0
}

@test "CVE-2026-39402 nobody deletes what is another's, by no name" {
	local mine theirs name said
	grants "$ALICE veth br0 2" "@wardtest-nics veth br0 2"
	mine=$(nic $ALICE create /path name "$A" veth br0 | cut -d: -f3)
	grants "@wardtest-nics veth br0 2"
	theirs=$(nic $BOB create /path name "$B" veth br0 | cut -d: -f3)
	# Bob is of the group whose line it is, names it, and has a namespace of his own.
	for name in "$mine" br0 up0 lo no0 eth0; do
		try nic $BOB delete /path name "/proc/$B/ns/net" veth br0 "$name"
		[ "$status" = 1 ]
		said=${output//"$name"/X}
		[ "$said" = 'ward: user nic: X is no interface of that network namespace and yours' ] || fail "$output"
	done
	in_machine ip link show "$mine"
	# Not even with a forged line, for what another made.
	in_machine bash -c 'echo "$1 veth br0 $2" >>/run/lxc/nics' forge $BOB "$mine"
	ends 1 'no interface' nic $BOB delete /path name "/proc/$B/ns/net" veth br0 "$mine"
	# Nor by its name, when another interface has taken that.
	in_machine ip link add name taken0 type bridge
	in_machine bash -c 'echo "$1 veth br0 taken0" >>/run/lxc/nics' forge $BOB
	ends 1 'no interface' nic $BOB delete /path name "/proc/$B/ns/net" veth br0 taken0
	in_machine ip link delete taken0
	# Control: his own.
	ends 0 '' nic $BOB delete /path name "/proc/$B/ns/net" veth br0 "$theirs"
	! in_machine ip link show "$theirs" || fail "it is still there"
	in_machine ip link show "$mine"
}

@test "the caller's environment, descriptors, limits and signals do not matter" {
	ends 0 '^eth1:' as $ALICE env LD_PRELOAD=/no/such.so PATH=/nowhere IFS=/ MALLOC_PERTURB_=1 \
		"$INSTALLED" create /path name "$A" veth br0 eth1
	# With standard output closed, what is opened next must not become it.
	as $ALICE bash -c '"$@" >&-' closed "$INSTALLED" create /path name "$A" veth br0 eth2 || true
	[ "$(nics | wc -l)" = 2 ]
	! nics | grep '^eth' || fail "its output went into the file"
	grants "$ALICE veth br0 3"
	ends 1 'limit of file sizes' as $ALICE bash -c 'ulimit -f 1 && exec "$@"' limited "$INSTALLED" create /path name "$A" veth br0 eth3
	[ "$(nics | wc -l)" = 2 ]
}

@test "files that others than root can write are not believed" {
	in_machine chmod 666 /etc/lxc/lxc-usernet
	ends 1 'can be written by others' nic $ALICE create /path name "$A" veth br0
	in_machine chmod 644 /etc/lxc/lxc-usernet
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br0
}

@test "a command line that is not one is refused" {
	ends 1 'usage' nic $ALICE
	ends 1 'usage' nic $ALICE create
	ends 1 'usage' nic $ALICE destroy /path name "$A" veth br0 eth0
	ends 1 'only type' nic $ALICE create /path name "$A" macvlan br0
	ends 1 '' nic $ALICE create /path name "$A" veth br0 'a/b'
	ends 1 '' nic $ALICE create /path name "$A" veth br0 lo:1
	ends 1 '' nic $ALICE create /path name "$A" veth ../br0
	[ -z "$(nics 2>/dev/null)" ]
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br0 eth%d
	ends 0 '^eth1:' nic $ALICE create /path name "$A" veth br0 eth%d
}

@test "without the set-user-ID bit, it says so and does nothing" {
	in_machine chmod 755 "$INSTALLED"
	ends 1 'not set-user-ID root' nic $ALICE create /path name "$A" veth br0
	in_machine chmod 4755 "$INSTALLED"
	ends 0 '^eth0:' nic $ALICE create /path name "$A" veth br0
}

# --- as a device of ward's containers ---------------------------------------------------------------

# on USER [OPTION...] -- COMMAND...
on() {
	local user=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	as "$user" "$HOMES/ward" run --set net.0.type=veth --set net.0.link=br0 "${options[@]}" "$HOMES/busybox" -- "$@"
}

@test "an ordinary user's container has a port of the bridge" {
	serve in_machine -- tcp 198.51.100.1 7000 through-the-bridge
	ends 0 'through-the-bridge' on $ALICE --set net.0.ipv4.address=198.51.100.7/24 -- \
		/bin/sh -c 'echo hello | /bin/nc -w 5 198.51.100.1 7000'
	until_ok eval '[ -z "$(in_machine ip link show master br0)" ]'
}

@test "a container whose user has no line is refused with the file and the line" {
	ends 125 "net.0: link br0: /etc/lxc/lxc-usernet grants you no port of br0.*'$BOB veth br0 1'" on $BOB -- /bin/true
}

@test "without the program, its path is named" {
	in_machine mv "$INSTALLED" "$INSTALLED.away"
	ends 125 "$INSTALLED is not installed" on $ALICE -- /bin/true
	in_machine mv "$INSTALLED.away" "$INSTALLED"
	ends 0 '' on $ALICE -- /bin/true
}

@test "what the program decides cannot be asked for" {
	ends 125 'net.0.guard' on $ALICE --set net.0.guard=false -- /bin/true
	ends 125 'net.0.isolated' on $ALICE --set net.0.isolated=false -- /bin/true
	ends 125 'net.0.hwaddr' on $ALICE --set net.0.hwaddr=02:00:00:00:00:01 -- /bin/true
}

@test "a killed monitor leaves no port" {
	spawn on $ALICE -- /bin/sleep 20
	until_ok eval 'in_machine ip link show master br0 | grep -q veth'
	# Who called the program is gone by the time that ours runs.
	until_ok eval '[ "$(ps -o stat=,comm= -u $ALICE | grep -c "^[^Z].*ward")" = 1 ]'
	machine_clear
	until_ok eval '[ -z "$(in_machine ip link show master br0)" ]'
}
