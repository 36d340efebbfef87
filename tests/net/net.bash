# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2034 # used by the files that load this one
# A host and an internet for the tests of networks: two network namespaces with a wire between.
#
#	host CMD...	on the host: eth0 203.0.113.2 and 2001:db8:1::2, default routes
#	out CMD...	in the internet: 203.0.113.1 and 2001:db8:1::1
#	ward ...	ward on the host
#	box NAME [KIND] [OPTION...]	a container of busybox that sleeps; in_box NAME CMD...
#
# The machine's own namespace is left alone, and so is its default route.
load ../lib

setup() {
	ward_state
	TAG=${STATE##*.}
	HOST=wt-$TAG-host
	OUT=wt-$TAG-out
	ip netns add "$HOST"
	ip netns add "$OUT"
	ip -n "$HOST" link add eth0 type veth peer name eth0 netns "$OUT"
	address "$HOST" 203.0.113.2/24 2001:db8:1::2/64
	address "$OUT" 203.0.113.1/24 2001:db8:1::1/64
	ip -n "$HOST" route add default via 203.0.113.1
	ip -n "$HOST" -6 route add default via 2001:db8:1::1
	ROUTES=$(routes)
}

# address NAMESPACE IPV4 IPV6
address() {
	ip -n "$1" link set lo up
	ip -n "$1" address add "$2" dev eth0
	ip -n "$1" address add "$3" dev eth0 nodad
	ip -n "$1" link set eth0 up
}

routes() {
	ip -n "$HOST" route show default
	ip -n "$HOST" -6 route show default | sed 's/ expires [0-9]*sec//'
}

# The default route is another from here on, because the test made it so.
keep_routes() {
	ROUTES=$(routes)
}

teardown() {
	local name left=0
	[ "$(routes)" = "$ROUTES" ] || { echo "the default route of the host has changed" && left=1; }
	for name in "$STATE"/run/containers/*; do
		[ ! -e "$name" ] || ward rm --force "${name##*/}" >/dev/null 2>&1 || true
	done
	for name in "$STATE"/lib/net/*; do
		[ ! -e "$name" ] || ward net down --force "${name##*/}" || left=1
	done
	spawn_end
	ip netns del "$HOST"
	ip netns del "$OUT"
	ward_state_end || left=1
	return $left
}

host() {
	nsenter --net="/run/netns/$HOST" "$@"
}

out() {
	nsenter --net="/run/netns/$OUT" "$@"
}

ward() {
	host timeout -k 2 "${WARD_TIMEOUT:-30}" "$WARD" "$@"
}

# --- containers ---------------------------------------------------------------------------------

# Names are the whole machine's, because of cgroups: box a is $ONE-a, its DNS name $(dns a).
box() {
	local name=$1 kind=veth
	shift
	[[ "${1--}" == -* ]] || { kind=$1 && shift; }
	ward run -d --name "$ONE-$name" --net="$kind" "$@" "$BUSYBOX" -- /bin/busybox sleep 1000
}

in_box() {
	local name=$1
	shift
	ward exec "$ONE-$name" -- /bin/busybox "$@"
}

dns() {
	tr '[:upper:]' '[:lower:]' <<<"$ONE-$1.ward"
}

# lease NETWORK NAME FIELD: of a container.
lease() {
	ward net leases --json "$1" | python3 -c 'import json, sys
print(next(l[sys.argv[2]] for l in json.load(sys.stdin) if l["container"] == sys.argv[1]))' "$ONE-$2" "$3"
}

# The IPv4 address of the default network's bridge.
gateway() {
	ward net info | sed -n 's|^subnet4=\(.*\)/.*|\1|p'
}

init_of() {
	sed -n 's/^pid=//p' "$WARD_RUN_DIR/containers/$ONE-$1/state"
}

# --- services -----------------------------------------------------------------------------------

# The network namespace of: host, out, or the process with that pid.
space() {
	case $1 in
	host) echo "/run/netns/$HOST" ;;
	out) echo "/run/netns/$OUT" ;;
	*) echo "/proc/$1/ns/net" ;;
	esac
}

# serve WHERE PORT: answers over TCP with the address of who asks.
serve() {
	local family
	for family in TCP4-LISTEN TCP6-LISTEN,ipv6-v6only; do
		# shellcheck disable=SC2016 # socat's variable
		spawn nsenter --net="$(space "$1")" socat "${family/LISTEN/LISTEN:$2},reuseaddr,fork" \
			'SYSTEM:echo peer=$SOCAT_PEERADDR'
	done
	until_ok listens "$1" "$2"
}

listens() {
	[ "$(nsenter --net="$(space "$1")" ss -Hltn "sport = :$2" | wc -l)" -ge "${3:-2}" ]
}

# fetch WHERE... ADDRESS PORT: what the service says, asked from host, out or in_box NAME. Nothing comes
# in 2 seconds: it fails.
fetch() {
	local port=${*: -1} address=${*: -2:1} where=("${@:1:$#-2}")
	case ${where[0]} in
	in_box) "${where[@]}" timeout 2 nc "$address" "$port" </dev/null ;;
	*) [[ "$address" != *:* ]] || address="[$address]"
		"${where[@]}" timeout 2 socat -u "TCP:$address:$port,connect-timeout=2" - ;;
	esac
}

# refused COMMAND...: it does not succeed. (A `!` before it would fail no test.)
refused() {
	if "$@"; then
		fail "succeeded: $*"
	fi
}

reaches() {
	fetch "$@" | grep -q peer=
}

no_table() {
	host nft delete table inet ward
}

# missing PROGRAM ARGS...: ward where that program is not installed.
missing() {
	# shellcheck disable=SC2016 # the inner shell's
	host unshare --mount sh -c 'mount --bind /dev/null "$(command -v "$0")" && exec "$@"' "$1" "$WARD" "${@:2}"
}

# What a router says first may take some of its intervals, 5 to 20 seconds each in its first minute.
until_told() {
	for _ in $(seq 40); do
		! told || return 0
		sleep 1
	done
	fail "no router advertisement was heard"
}
