#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command socket: Debian's LXC tools and our monitor, our library and Debian's monitor, and clients
# that mean no good.
load ../lib
load help
bats_require_minimum_version 1.5.0

start_ours() {
	small "$@"
	script "$1" <<-'END'
		assert c.start()
	END
}

@test "LXC 5.0.2's tools see and drive a container of ward's" {
	has_debian
	start_ours o1 'lxc.cgroup.memory.limit_in_bytes = 64M'
	run -0 debian lxc-info -n o1 -P "$LXCPATH" -sH
	[ "$output" = RUNNING ]
	run -0 debian lxc-info -n o1 -P "$LXCPATH" -pH
	[[ "$(tr '\0' ' ' <"/proc/$output/cmdline")" == */init* ]]
	run -0 debian lxc-ls -P "$LXCPATH" --active -1
	[ "$output" = o1 ]
	run -0 debian lxc-cgroup -n o1 -P "$LXCPATH" memory.limit_in_bytes
	[[ "$output" == $((64 << 20)) ]]
	run -0 debian lxc-wait -n o1 -P "$LXCPATH" -s RUNNING -t 5
	run -1 debian lxc-wait -n o1 -P "$LXCPATH" -s FROZEN -t 1
	debian lxc-freeze -n o1 -P "$LXCPATH"
	run -0 debian lxc-info -n o1 -P "$LXCPATH" -sH
	[ "$output" = FROZEN ]
	debian lxc-unfreeze -n o1 -P "$LXCPATH"
	run -0 debian lxc-attach -n o1 -P "$LXCPATH" -- /bin/sh -c 'cat /proc/1/cmdline; exit 0'
	[[ "$output" == */init* ]]
	run -5 debian lxc-attach -n o1 -P "$LXCPATH" -- /bin/sh -c 'exit 5'
	run -0 debian lxc-stop -n o1 -P "$LXCPATH"
	run -0 script o1 <<-'END'
		assert c.state == "STOPPED"
	END
	nothing_left o1
}

@test "LXC 5.0.2's lxc-console reaches the console" {
	has_debian
	start_ours o1 'lxc.init.cmd = /bin/sh'
	cat >"$STATE/type.py" <<-'END'
		import os, pty, select, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		seen, end = b"", time.time() + 15
		while b"a2b" not in seen and time.time() < end:
		    if select.select([fd], [], [], 0.3)[0]:
		        seen += os.read(fd, 1000)
		    else:
		        os.write(fd, b"echo a$((1+1))b\n")
		os.write(fd, b"\x01q")
		print("seen" if b"a2b" in seen else seen)
	END
	run -0 debian /usr/bin/python3 "$STATE/type.py" lxc-console -n o1 -P "$LXCPATH" -t 0
	[[ "$output" == *seen* ]] || fail "$output"
	run -0 debian lxc-stop -k -n o1 -P "$LXCPATH"
}

@test "our library sees and drives a container of LXC 5.0.2's" {
	has_debian
	small d1 'lxc.apparmor.profile = unconfined'
	# What the tools started says nothing on our descriptors.
	debian lxc-start -n d1 -P "$LXCPATH" </dev/null >/dev/null 2>&1 3>&-
	echo d1 >"$STATE/debian"
	run -0 script d1 <<-'END'
		assert c.state == "RUNNING" and c.init_pid > 1
		assert lxc.list_containers(config_path=P, defined=False) == ("d1",)
		assert c.get_interfaces() == ("lo",)
		assert c.get_running_config_item("lxc.uts.name") == "d1"
		out = os.environ["STATE"] + "/out"
		with open(out, "w") as f:
		    assert c.attach_wait(lxc.attach_run_command, ["/bin/sh", "-c", "cat /proc/1/cmdline; cat /proc/self/cgroup"], stdout=f) == 0
		text = open(out).read()
		assert "/init" in text
		assert c.freeze() and c.state == "FROZEN" and c.unfreeze() and c.state == "RUNNING"
		assert int(c.get_cgroup_item("memory.limit_in_bytes")) > 0
		assert not c.start()
		assert c.shutdown(20) and c.state == "STOPPED"
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
}

@test "our lxc-* tools do the same" {
	mkdir "$STATE/bin"
	for name in info ls stop attach wait; do
		ln -s "$LXC_BUILD/ward-lxc" "$STATE/bin/lxc-$name"
	done
	start_ours o1
	run -0 tool lxc-info -n o1 -P "$LXCPATH" -sH
	[ "$output" = RUNNING ]
	run -0 tool lxc-ls -P "$LXCPATH" -1 --active
	[ "$output" = o1 ]
	run -0 tool lxc-attach -n o1 -P "$LXCPATH" -- /bin/sh -c 'echo inside'
	[ "$output" = inside ]
	run -0 tool lxc-stop -n o1 -P "$LXCPATH"
	nothing_left o1
}

@test "who may ask: root and the same user; nobody else is told anything" {
	start_ours o1
	cat >"$STATE/ask.py" <<-'END'
		import os, socket, struct, sys
		path = "\0" + os.environ["LXCPATH"] + "/o1/command"
		if sys.argv[1] != "0":
		    os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.connect(path)
		try:
		    s.sendall(struct.pack("=iiq", 4, 0, 0))
		except BrokenPipeError:
		    pass
		ret, length, data = struct.unpack("=iiq", s.recv(16))
		print(ret, data > 1)
	END
	run -0 /usr/bin/python3 "$STATE/ask.py" 0
	[ "$output" = "0 True" ]
	run -0 /usr/bin/python3 "$STATE/ask.py" 65533
	[ "$output" = "-1 False" ]
	script o1 <<<'assert c.stop()'
}

@test "hostile bytes: the monitor answers, drops the client, and goes on" {
	start_ours o1
	cat >"$STATE/bad.py" <<-'END'
		import os, socket, struct
		path = "\0" + os.environ["LXCPATH"] + "/o1/command"
		def connect():
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		    s.settimeout(5)
		    s.connect(path)
		    return s
		def ask(cmd, length, body=b""):
		    s = connect()
		    try:
		        s.sendall(struct.pack("=iiq", cmd, length, -1) + body)
		        got = s.recv(16)
		    except OSError:
		        got = b""
		    return struct.unpack("=iiq", got)[0] if len(got) == 16 else None
		assert ask(3, 0) == 0
		for cmd in (-1, 27, 1 << 30):
		    assert ask(cmd, 0) is None
		for length in (-1, 8193, 1 << 30):
		    assert ask(7, length) is None
		assert ask(7, 4, b"abcd") == -22        # not terminated
		assert ask(7, 4, b"a\0b\0") == -22      # two texts
		assert ask(10, 3, b"abc") == -22
		assert ask(11, 1, b"a") == -22
		assert ask(25, 80, b"x" * 80) == -22
		assert ask(7, 13, b"lxc.uts.name\0") == 0
		for cmd in range(27):
		    if cmd not in (2, 10, 15, 16):      # what would end or freeze it
		        ask(cmd, 64, b"\xff" * 64)
		        ask(cmd, 0)
		# More than there is room for, who say nothing and stay.
		idle = [connect() for _ in range(64)]
		half = idle.pop()
		try:
		    half.sendall(b"\4\0")
		except OSError:
		    pass
		for s in idle:
		    s.close()
		half.close()
		import time
		end = time.time() + 10
		while ask(3, 0) != 0:
		    assert time.time() < end
		print("good")
	END
	run -0 /usr/bin/python3 "$STATE/bad.py"
	[[ "$output" == *good ]] || fail "$output"
	script o1 <<<'assert c.state == "RUNNING" and c.stop()'
	nothing_left o1
}

@test "the watcher keeps two capabilities, a filter and little memory; ward knows the container" {
	start_ours o1 'ward.silence = secure'
	local watcher
	watcher=$(sed -n 's/^monitor=//p' "$WARD_RUN_DIR/containers/$(ward_name o1)/state")
	grep -q '^CapEff:	0000000000000022' "/proc/$watcher/status"
	grep -q '^Seccomp:	2' "/proc/$watcher/status"
	[ "$(ward ls --json | jq -r '.[0].lxcpath')" = "$LXCPATH" ]
	script o1 <<<'assert c.stop()'
}
