#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The network of kind user: pasta, for an ordinary user and for root, in front of a network of the
# test's own. What is refused is reached by a control.
load ../lib
load people

RANGED=wardtest-neta
SINGLE=wardtest-netb-single

setup_file() {
	command -v pasta >/dev/null || skip "pasta is not installed (package passt)"
	machine_make $RANGED $SINGLE
}

teardown_file() {
	[ -z "${MACHINE-}" ] || machine_end
}

setup() {
	ROOTS=$BATS_TEST_TMPDIR/state
	mkdir -m 700 "$ROOTS"
	unset WARD_RUN_DIR WARD_LIB_DIR
}

teardown() {
	machine_clear
	until_ok eval '[ -z "$(pastas)" ]' || fail "these are left: $(pastas)"
	# The next command of root clears away what a killed monitor could not.
	[ ! -e "$ROOTS/run" ] || as_root ls >/dev/null
	[ ! -e "$ROOTS/run" ] || [ -z "$(ls -A "$ROOTS/run/containers")" ] || fail "state is left"
}

as_root() {
	in_machine env WARD_RUN_DIR="$ROOTS/run" WARD_LIB_DIR="$ROOTS/lib" timeout -k 2 20 "$HOMES/ward" "$@"
}

# The living pastas and minders of our machine, whose network they are in before they go inside.
pastas() {
	ps -eo pid=,stat=,comm= | awk '$2 !~ /^Z/ && ($3 ~ /^pas+t/ || $3 == "ward:[pasta]")'
}

# on WHO [OPTION...] -- COMMAND...: a container of the host's programs with a network of kind user.
on() {
	local who=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	if [ "$who" = root ]; then
		as_root run --set net.0.type=user "${options[@]}" host -- "$@"
	else
		as "$who" "$HOMES/ward" run --set net.0.type=user "${options[@]}" host -- "$@"
	fi
}

# asks WHO OPTIONS... -- KIND ADDRESS PORT: what a program inside is told.
asks() {
	local before=()
	while [ "$1" != -- ]; do
		before+=("$1")
		shift
	done
	shift
	on "${before[@]}" -- python3 -c "$ASK" "$@"
}

each_who() {
	local who
	for who in $RANGED $SINGLE root; do
		"$@" "$who" || fail "(as $who)" || return 1
	done
}

answered() {
	local want=$1
	shift
	try asks "$@"
	[ "$(without_cgroup_line "$output")" = "$want" ] && return 0
	fail "wanted the answer $want" "status $status: $output"
}

unanswered() {
	try asks "$@"
	[[ "$output" == *"no answer: "* && "$status" -ne 0 ]] && return 0
	fail "wanted no answer" "status $status: $output"
}

reaches_outside() {
	answered outside4 "$1" -- tcp 192.0.2.1 7000 || return 1
	answered outside6 "$1" -- tcp 2001:db8::1 7000
}

@test "a server behind the host is reached, over IPv4 and IPv6" {
	serve behind -- tcp 192.0.2.1 7000 outside4
	serve behind -- tcp 2001:db8::1 7000 outside6
	each_who reaches_outside
}

device_is_up() {
	ends 0 'eth0 +[A-Z]+ +192.0.2.2/24 2001:db8::2/64 fe80' on "$1" -- ip -brief address show dev eth0
}

@test "the device is up and has its addresses before the program starts" {
	each_who device_is_up
}

names_are_answered() {
	answered the-resolver "$1" -- udp 169.254.1.53 53 || return 1
	ends 0 'nameserver 169.254.1.53' on "$1" -- cat /etc/resolv.conf
}

@test "questions for names go to the host's resolver" {
	serve behind -- udp 192.0.2.1 53 the-resolver
	each_who names_are_answered
}

loopback_is_shut() {
	unanswered "$1" -- tcp 127.0.0.1 7001 || return 1
	unanswered "$1" -- tcp ::1 7001 || return 1
	# pasta would lead the gateway's address there, were it not told otherwise.
	unanswered "$1" -- tcp 192.0.2.1 7001
}

@test "services on the host's loopback interface are not reached" {
	serve in_machine -- tcp 127.0.0.1 7001 host-loopback
	serve in_machine -- tcp ::1 7001 host-loopback
	each_who loopback_is_shut
	# Controls: they are there, and without our options pasta leads to them.
	[ "$(ask in_machine -- tcp 127.0.0.1 7001)" = host-loopback ]
	[ "$(ask in_machine -- tcp ::1 7001)" = host-loopback ]
	try as $SINGLE pasta --config-net --quiet -t none -u none -U none -T none -- python3 -c "$ASK" tcp 192.0.2.1 7001
	[[ "$output" == *host-loopback* ]] || fail "$output"
	try as $SINGLE pasta --config-net --quiet -t none -u none -U none -T 7001 -- python3 -c "$ASK" tcp 127.0.0.1 7001
	[[ "$output" == *host-loopback* ]] || fail "$output"
}

publishes() {
	local who=$1
	spawn on "$who" --set publish=8080:8000 --set publish=9090:9000/udp -- bash -c \
		'python3 -c "$1" tcp 0.0.0.0 8000 published-tcp & python3 -c "$1" udp 0.0.0.0 9000 published-udp & sleep 20' \
		serve "$SERVER"
	until_ok eval '[ "$(ask behind -- tcp 192.0.2.2 8080)" = published-tcp ]' || return 1
	[ "$(ask in_machine -- tcp 127.0.0.1 8080)" = published-tcp ] || return 1
	until_ok eval '[ "$(ask behind -- udp 192.0.2.2 9090)" = published-udp ]' || return 1
	# Nothing else is open on the host for it.
	! in_machine ss -lntH | grep -v ':8080 ' || return 1
	! ask behind -- tcp 192.0.2.2 8000 || return 1
	machine_clear
	until_ok eval '[ -z "$(pastas)" ]'
}

@test "a published port leads inside, and no other" {
	each_who publishes
}

@test "without a published port, a server inside is not reached from outside" {
	spawn on $SINGLE -- python3 -c "$SERVER" tcp 0.0.0.0 8080 inside
	until_ok eval '[ -n "$(pastas)" ]'
	run ask behind -- tcp 192.0.2.2 8080
	[[ "$output" == *"onnection refused"* ]]
	[ -z "$(in_machine ss -lntH)" ]
}

port_is_taken() {
	ends 125 'port 7002 of the host: Address already in use' on "$1" --set publish=7002:80 -- true || return 1
	ends 125 'port 7003 of the host: Address already in use' on "$1" --set publish=7003:80/udp -- true || return 1
	ends 0 '' on "$1" --set publish=7004:80 -- true
}

@test "a port that somebody has, on one family only, is refused" {
	serve in_machine -- tcp 127.0.0.1 7002 host
	serve in_machine -- udp 127.0.0.1 7003 host
	each_who port_is_taken
}

low_port_refused() {
	ends 125 'ip_unprivileged_port_start' on "$1" --set publish=81:80 -- true
}

@test "a port that only root may take is refused, also to root, and named with the sysctl" {
	each_who low_port_refused
	in_machine sysctl -q net.ipv4.ip_unprivileged_port_start=80
	ends 0 '' on $SINGLE --set publish=81:80 -- true
	in_machine sysctl -q net.ipv4.ip_unprivileged_port_start=1024
}

@test "name, MTU, MAC and private addresses are what was asked for" {
	ends 0 'link/ether 02:00:00:00:00:07.*10.9.9.9/24.*mtu|mtu 1400' on $RANGED --set net.0.name=wan0 --set net.0.mtu=1400 \
		--set net.0.hwaddr=02:00:00:00:00:07 --set net.0.ipv4.address=10.9.9.9/24 --set net.0.ipv4.gateway=10.9.9.1 \
		-- ip address show dev wan0
	[[ "$output" == *"link/ether 02:00:00:00:00:07"* && "$output" == *"inet 10.9.9.9/24"* ]]
}

@test "what pasta cannot do is refused before anything is made" {
	ends 125 'one address of each family' on $RANGED --set net.0.ipv4.address=10.9.9.9/24 \
		--set net.0.ipv4.address=10.9.9.10/24 -- true
	ends 125 'at most one|one device' on $RANGED --set net.1.type=user -- true
	ends 125 'not dev' on $RANGED --set net.0.ipv4.gateway=dev -- true
	ends 125 '/64 only' on $RANGED --set net.0.ipv6.address=fd00::1/48 -- true
	ends 125 'user namespace' on root --profile privileged -- true
}

# runs_as WHO: the uid of pasta, while a container of WHO runs.
runs_as() {
	spawn on "$1" -- sleep 20
	until_ok eval 'pid=$(pastas | awk "\$3 ~ /^pas+t/ { print \$1 }") && grep -q "^Seccomp:.2" "/proc/$pid/status"' || return 1
	ps -o uid= -p "$pid"
	grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
}

@test "pasta runs as nobody of the host, filtered and without new privileges" {
	[ "$(runs_as root)" -ge 1879048192 ]
}

@test "an ordinary user's pasta has one of his subordinate ids, or his own" {
	local uid
	uid=$(runs_as $RANGED)
	[ "$uid" -ge $PEOPLE_RANGE ] && [ "$uid" -lt $((PEOPLE_RANGE + 65536)) ]
	machine_clear
	until_ok eval '[ -z "$(pastas)" ]'
	[ "$(runs_as $SINGLE | tr -d ' ')" = "$(id -u $SINGLE)" ]
}

@test "the container sees neither pasta nor its minder" {
	try on $SINGLE --profile system -- sh -c 'cat /proc/[0-9]*/comm'
	[[ "$output" != *pasta* && "$output" != *passt* ]]
}

killed_leaves_nothing() {
	local monitor
	spawn on "$1" -- sleep 20
	until_ok eval '[ "$(pastas | wc -l)" -ge 2 ]' || return 1
	monitor=$(ps -eo ppid=,stat=,comm= | awk '$2 !~ /^Z/ && $3 == "ward:[pasta]" { print $1 }')
	[ -n "$monitor" ] || return 1
	kill -KILL "$monitor"
	until_ok eval '[ -z "$(pastas)" ]'
}

@test "a killed monitor takes pasta with it at once" {
	each_who killed_leaves_nothing
}

@test "a start that fails later leaves no pasta" {
	ends 127 '' on $RANGED -- /no/such/program
	[ -z "$(pastas)" ]
}

@test "without pasta, one line names the package and the key" {
	local bin
	bin=$(dirname "$(readlink -f "$(command -v pasta)")")
	mkdir "$BATS_TEST_TMPDIR/no"
	run in_machine unshare --mount bash -c '
		mount -t tmpfs none "$1" && mkdir "$1/up" "$1/work" &&
		mount -t overlay none -o "lowerdir=$2,upperdir=$1/up,workdir=$1/work" "$2" &&
		rm "$2/pasta" && shift 2 && exec "$@"' hide "$BATS_TEST_TMPDIR/no" "$bin" \
		env WARD_RUN_DIR="$ROOTS/run" WARD_LIB_DIR="$ROOTS/lib" "$HOMES/ward" run --set net.0.type=user host -- true
	[ "$status" = 125 ]
	[[ "$output" == *"net.0.type"*"/usr/bin/pasta"*"package passt"* ]]
	[ "${#lines[@]}" = 1 ]
}

@test "on a host without a way out, pasta's own words say so" {
	in_machine ip route del default
	in_machine ip -6 route del default
	try on $SINGLE -- true
	in_machine ip route add default via 192.0.2.1
	in_machine ip -6 route add default via 2001:db8::1
	[[ "$output" == *"net.0: pasta could not be started; "*"interface"* ]]
	[ "$status" = 125 ]
}
