# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ordinary users on a small machine of their own: a mount and a network namespace of root's, in which
# a test may change what is the whole machine's, and a second network behind it.
#
#	machine_make USER...		the users have a range of subordinate ids unless named *-single
#	in_machine COMMAND...		as root there
#	as USER COMMAND...		as that user there
#	behind COMMAND...		in the network behind, 192.0.2.1 and 2001:db8::1
#	machine_end

# Two files run at once: each has ids of its own.
PEOPLE_RANGE=$((3400000000 + $(cksum <<<"${BATS_TEST_FILENAME##*/}" | cut -d' ' -f1) % 64 * 1000000))
PEOPLE_LOCK=/run/lock/ward-test-people

people_remove() {
	local user lock
	exec {lock}>"$PEOPLE_LOCK"
	flock "$lock"
	for user in "$@"; do
		pkill -KILL -u "$user" 2>/dev/null || true
		userdel "$user" 2>/dev/null || true
		sed -i "/^$user:/d" /etc/subuid /etc/subgid
	done
	exec {lock}>&-
}

people_make() {
	local user lock base=$PEOPLE_RANGE
	exec {lock}>"$PEOPLE_LOCK"
	flock "$lock"
	for user in "$@"; do
		useradd --system --no-create-home --home-dir "$HOMES/$user" --shell /bin/sh "$user"
		mkdir -m 700 "$HOMES/$user" "$HOMES/$user/run"
		chown -R "$user:" "$HOMES/$user"
		[[ $user == *-single ]] && continue
		echo "$user:$base:65536" >>/etc/subuid
		echo "$user:$base:65536" >>/etc/subgid
		base=$((base + 65536))
	done
	exec {lock}>&-
}

# sleeper FLAG...: the pid of a process in namespaces of its own.
sleeper() {
	unshare "$@" sleep 600 >/dev/null 2>&1 3>&- &
	local pid=$!
	until_ok eval "[ \"\$(readlink /proc/$pid/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	echo $pid
}

machine_make() {
	PEOPLE=$*
	people_remove "$@"
	HOMES=$(mktemp -d /tmp/ward-test.XXXXXX)
	chmod 755 "$HOMES"
	people_make "$@"
	install -m 755 "$WARD" "$HOMES/ward"
	MACHINE=$(sleeper --mount --net)
	BEHIND=$(sleeper --net)
	export PEOPLE HOMES MACHINE BEHIND
	in_machine ip link set lo up
	in_machine ip link add up0 type veth peer name eth0 netns "$BEHIND"
	in_machine ip address add 192.0.2.2/24 dev up0
	in_machine ip address add 2001:db8::2/64 dev up0 nodad
	in_machine ip link set up0 up
	behind ip address add 192.0.2.1/24 dev eth0
	behind ip address add 2001:db8::1/64 dev eth0 nodad
	behind ip link set lo up
	behind ip link set eth0 up
	in_machine ip route add default via 192.0.2.1
	in_machine ip -6 route add default via 2001:db8::1
	echo 'nameserver 192.0.2.1' >"$HOMES/resolv.conf"
	in_machine mount --bind "$HOMES/resolv.conf" "$(readlink -f /etc/resolv.conf)"
	# Neighbours are found once, so that no test waits for it.
	until_ok is_near 192.0.2.1
	until_ok is_near 2001:db8::1
}

# Nobody listens there, and it says so.
is_near() {
	[[ "$(ask in_machine -- tcp "$1" 9 2>&1)" == *refused* ]]
}

# End everything that a test has left in the machine's network namespace, or behind it.
machine_clear() {
	local pid ns
	for pid in $(pgrep .); do
		ns=$(readlink "/proc/$pid/ns/net" 2>/dev/null) || continue
		case $pid:$ns in
		"$MACHINE":* | "$BEHIND":*) ;;
		*:"$(readlink "/proc/$MACHINE/ns/net")" | *:"$(readlink "/proc/$BEHIND/ns/net")")
			kill -KILL "$pid" 2>/dev/null || true
			;;
		esac
	done
}

machine_end() {
	machine_clear
	# shellcheck disable=SC2086
	kill -KILL $MACHINE $BEHIND 2>/dev/null || true
	# shellcheck disable=SC2086
	people_remove $PEOPLE
	rm -rf --one-file-system "${HOMES:?}"
}

in_machine() {
	nsenter -t "$MACHINE" --mount --net -- "$@"
}

behind() {
	nsenter -t "$BEHIND" --net -- "$@"
}

as() {
	local user=$1
	shift
	in_machine timeout -k 2 20 setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps=-all \
		env -i PATH=/usr/bin:/bin:/usr/sbin HOME="$HOMES/$user" XDG_RUNTIME_DIR="$HOMES/$user/run" \
		ASAN_OPTIONS="$ASAN_OPTIONS" UBSAN_OPTIONS="$UBSAN_OPTIONS" "$@"
}

# The last lines of a test's output, without the one about missing cgroups.
without_cgroup_line() {
	grep -v '^ward: .*cgroup' <<<"$1" || true
}

# serve WHERE... -- tcp|udp ADDRESS PORT WORD: a server that answers every request with WORD, in the
# background until the test ends; returns when it listens.
serve() {
	local where=()
	while [ "$1" != -- ]; do
		where+=("$1")
		shift
	done
	shift
	spawn "${where[@]}" python3 -c "$SERVER" "$@"
	until_ok listens "$2" "$3" "${where[@]}"
}

listens() {
	local address=$1 port=$2
	shift 2
	"$@" ss -lntuH "sport = :$port" | grep -qF "$address"
}

# shellcheck disable=SC2034 # used by the tests
SERVER='
import socket, sys
kind, address, port, word = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((address, int(port)))
word = (word + "\n").encode()
if kind == "tcp":
    s.listen(16)
print("ready", flush=True)
while True:
    if kind == "udp":
        s.sendto(word, s.recvfrom(512)[1])
        continue
    c = s.accept()[0]
    c.recv(64)
    c.sendall(word)
    c.close()
'

# ask WHERE... -- KIND ADDRESS PORT: prints the answer, or why there is none.
ask() {
	local where=()
	while [ "$1" != -- ]; do
		where+=("$1")
		shift
	done
	shift
	"${where[@]}" python3 -c "$ASK" "$@"
}

ASK='
import socket, sys
kind, address, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.settimeout(3)
try:
    s.connect((address, int(port)))
    s.send(b"hello")
    answer = s.recv(64).decode().strip()
except OSError as why:
    sys.exit("no answer: %s" % why)
print(answer or sys.exit("no answer: closed"))
'
