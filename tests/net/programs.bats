#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that people run, in containers of networks.
load net

# A root file system of Debian with programs of the host in it, to be written to: $STATE/debian.
debian() {
	local program
	cp -a "$DEBIAN" "$STATE/debian"
	for program in "$@"; do
		program=$(command -v "$program")
		cp "$program" "$STATE/debian$program"
		ldd "$program" | awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" { print $1 }' | while read -r library; do
			[ -e "$STATE/debian$library" ] || cp --parents -L "$library" "$STATE/debian"
		done
	done
	mkdir -p "$STATE/debian/var/lib/nginx" "$STATE/debian/var/log/nginx" "$STATE/debian/etc/nginx"
}

# deb NAME VERSION: a package that says who it is.
deb() {
	mkdir -p "$STATE/deb/DEBIAN" "$STATE/deb/usr/bin" "$STATE/repo"
	printf '#!/bin/sh\necho %s\n' "$1 $2" >"$STATE/deb/usr/bin/$1"
	chmod 755 "$STATE/deb/usr/bin/$1" "$STATE/deb" "$STATE/deb/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nDescription: a test\n' "$1" "$2" \
		>"$STATE/deb/DEBIAN/control"
	dpkg-deb --build --root-owner-group "$STATE/deb" "$STATE/repo/$1.deb"
}

# A repository of packages in the internet.
repository() {
	deb ward-greeting 1.0
	(cd "$STATE/repo" && dpkg-scanpackages . >Packages)
	spawn nsenter --net="/run/netns/$OUT" python3 -m http.server --directory "$STATE/repo" 80
	until_ok listens out 80 1
}

@test "apt-get installs a package from a mirror behind NAT" {
	command -v dpkg-scanpackages >/dev/null || skip "dpkg-dev is not installed"
	debian
	repository
	echo 'deb [trusted=yes] http://203.0.113.1/ ./' >"$STATE/debian/etc/apt/sources.list"
	rm -rf "$STATE/debian/etc/apt/sources.list.d"
	WARD_TIMEOUT=50 ends 0 'ward-greeting 1.0' ward run --profile system --net=veth "$STATE/debian" -- \
		/bin/sh -c 'apt-get -q update && apt-get -qy install ward-greeting && ward-greeting'
}

nginx_conf() {
	cat <<'CONF'
daemon off; master_process off; error_log stderr; pid /tmp/nginx.pid;
events { }
http {
	access_log off;
	client_body_temp_path /tmp/a; proxy_temp_path /tmp/b; fastcgi_temp_path /tmp/c;
	uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e;
	server { listen 8080; listen [::]:8080; location / { return 200 "nginx in a container\n"; } }
}
CONF
}

# web NETWORK OPTION...: nginx on port 8080.
web() {
	local kind=$1
	shift
	nginx_conf >"$STATE/debian/etc/nginx/nginx.conf"
	ward run -d --name "$ONE-web" --net="$kind" "$@" "$STATE/debian" -- /usr/sbin/nginx -c /etc/nginx/nginx.conf
	until_ok nsenter --net="$(space "$(init_of web)")" sh -c 'ss -Hltn | grep -q :8080'
}

@test "curl in one container reads from nginx in another, by name" {
	command -v nginx >/dev/null || skip "nginx is not installed"
	debian nginx curl
	ward net create friends
	web network:friends
	ends 0 'nginx in a container' ward run --net=network:friends "$STATE/debian" -- curl -sS -m 5 "http://$(dns web):8080/"
	ends 0 'nginx in a container' ward run --net=network:friends "$STATE/debian" -- curl -sS -m 5 -6 "http://$(dns web):8080/"
	# Not from another network, where the name is not known.
	ends 6 'Could not resolve host' ward run --net=veth "$STATE/debian" -- curl -sS -m 5 "http://$(dns web):8080/"
}

@test "a published nginx is read from outside and from the host" {
	command -v nginx >/dev/null || skip "nginx is not installed"
	debian nginx
	web veth -p 80:8080
	ends 0 'nginx in a container' out curl -sS -m 5 http://203.0.113.2/
	ends 0 'nginx in a container' out curl -sS -m 5 'http://[2001:db8:1::2]/'
	ends 0 'nginx in a container' host curl -sS -m 5 http://127.0.0.1/
	ends 0 'nginx in a container' host curl -sS -m 5 'http://[::1]/'
}

@test "a container with IPv6 alone reads from outside" {
	debian curl
	ward net create six --subnet4 none
	spawn nsenter --net="/run/netns/$OUT" python3 -m http.server --bind 2001:db8:1::1 --directory "$STATE" 80
	until_ok listens out 80 1
	ends 0 'Directory listing' ward run --net=network:six "$STATE/debian" -- curl -sS -m 5 'http://[2001:db8:1::1]/'
}

# Megabits per second from the container of iperf3, by what the far end counts.
iperf() {
	ward run --net="$1" "$STATE/debian" -- iperf3 -J -c 203.0.113.1 -t 3 "${@:2}" |
		python3 -c 'import json, sys; print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))'
}

@test "iperf3 under a rate limit gets the rate, within a tenth" {
	local rate
	command -v iperf3 >/dev/null || skip "iperf3 is not installed"
	debian iperf3
	spawn nsenter --net="/run/netns/$OUT" iperf3 -s
	until_ok listens out 5201 1
	rate=$(iperf veth,limit.out=100M)
	[ "$rate" -ge 90 ] && [ "$rate" -le 110 ] || fail "out: $rate"
	rate=$(iperf veth,limit.in=100M -R)
	[ "$rate" -ge 90 ] && [ "$rate" -le 110 ] || fail "in: $rate"
	# Control: without a limit it is more.
	[ "$(iperf veth)" -gt 200 ]
}
