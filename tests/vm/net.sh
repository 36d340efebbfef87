#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash source-path=SCRIPTDIR source=lib.sh
# Networks on a distribution's kernel: the kinds of devices that others lack, and the port guard
# where there is no tcx (before Linux 6.6).
. /vm/lib.sh
cd / || exit 1
mount -t cgroup2 cgroup2 /sys/fs/cgroup

ip link add br0 type bridge
ip addr add 10.9.0.1/24 dev br0
ip link set br0 up
# Its module has made it.
[ -d /sys/class/net/dummy0 ] || ip link add dummy0 type dummy
ip link set dummy0 up

devices() {
	ls /sys/class/net
}
devices >/run/before

no_device_is_left() {
	devices >/run/after
	cmp -s /run/before /run/after
}

# net WORDS OPTION... -- PROGRAM: a container on this network.
net() {
	local words="$1"
	shift
	in_place run --net "$words" "$@"
}

PORT=veth,link=br0,ipv4.address=10.9.0.2/24
# shellcheck disable=SC2016 # the container's words
FORGE='ip addr add 10.9.0.77/24 dev eth0 && ping -c 1 -W 3 -I 10.9.0.77 10.9.0.1'
ward run "$IMAGE" -- true # makes what stays: the list of ids
: >/run/after
remember

check "a veth on a bridge has its address" ends 0 'inet 10\.9\.0\.2/24' net $PORT -- ip -4 addr show dev eth0
check "and reaches the bridge" ends 0 '1 packets received' \
	net $PORT --allow net-raw -- ping -c 1 -W 3 10.9.0.1
check "the guard stops a forged address" ends 1 '0 packets received' \
	net $PORT --allow net-raw --allow net-admin -- sh -c "$FORGE"
check "without it the same arrives" ends 0 '1 packets received' \
	net $PORT,guard=false --allow net-raw --allow net-admin -- sh -c "$FORGE"
check "a limit of what it sends is taken" ends 0 '1 packets received' \
	net $PORT,limit.out=10M,limit.in=10M --allow net-raw -- ping -c 1 -W 3 10.9.0.1

for kind in macvlan,macvlan.mode=bridge ipvlan,ipvlan.mode=l2 ipvlan,ipvlan.mode=l3 vlan,vlan.id=7; do
	check "$kind has its address" ends 0 'inet 10\.8\.0\.2/24' \
		net "$kind,link=dummy0,ipv4.address=10.8.0.2/24" -- ip -4 addr show dev eth0
done
check "a vlan is one" ends 0 '^DEVTYPE=vlan$' \
	net vlan,vlan.id=7,link=dummy0 -- cat /sys/class/net/eth0/uevent
check "a vlan needs its number" ends 125 'vlan.id' net vlan,link=dummy0 -- true

# --- tags of a bridge that looks at them ----------------------------------------------------------

tagged() {
	echo 1 >/sys/class/net/br0/bridge/vlan_filtering
	net $PORT,veth.vlan.id=9 --allow net-raw -- ping -c 1 -W 2 10.9.0.1
}
untagged() {
	net $PORT --allow net-raw -- ping -c 1 -W 3 10.9.0.1
}

check "in another VLAN the bridge is out of reach" ends 1 '0 packets received' tagged
check "in its own it is not" ends 0 '1 packets received' untagged

# --- nothing stays ------------------------------------------------------------------------------------

check "no device is left" until_ok no_device_is_left
check "no cgroup, mount, process, state or file is left" nothing_is_left
checks_end
