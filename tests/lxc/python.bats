#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's python3-lxc and lua-lxc on our library: a container's whole life.
load ../lib
load help
bats_require_minimum_version 1.5.0

setup_file() {
	/usr/bin/python3 -c 'import lxc' 2>/dev/null || skip "python3-lxc is not installed"
}

@test "create with the template busybox, start, attach, shutdown, reboot, rename, destroy" {
	run -0 script b1 <<-'END'
		assert not c.defined and c.state == "STOPPED"
		assert c.load_config(os.environ["STATE"] + "/default.conf")
		assert c.create("busybox") and c.defined
		assert "Template used" in open(P + "/b1/config").read()
		assert not lxc.Container("b1", P).create("busybox")
		assert c.start() and c.running and c.init_pid > 1
		assert not c.start() and not c.destroy()
		assert c.attach_wait(lxc.attach_run_command, ["/bin/busybox", "true"]) == 0
		assert c.wait("RUNNING", 5) and not c.wait("FROZEN", 0)
		assert c.get_interfaces() == ("lo",)
		before = c.init_pid
		assert c.reboot(timeout=20) if hasattr(c, "reboot2") else c.reboot()
		until = time.time() + 20
		while c.init_pid in (before, -1):
		    assert time.time() < until
		    time.sleep(0.05)
		assert c.shutdown(20) and c.state == "STOPPED"
		assert c.rename("b2")
		d = lxc.Container("b2", P)
		assert d.defined and d.get_config_item("lxc.rootfs.path") == P + "/b2/rootfs"
		assert d.start() and d.stop() and d.destroy() and not d.defined
		assert os.listdir(P) == []
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
	nothing_left b1
	nothing_left b2
}

@test "attach: a function, a command, its status, environment, directory, streams" {
	small p1
	run -0 script p1 <<-'END'
		assert c.start()
		r, w = os.pipe()
		def inside(word):
		    os.write(w, ("%s %d %d" % (word, os.getuid(), len(os.listdir("/bin")))).encode())
		    return 7
		os.set_inheritable(w, True)
		pid = c.attach(inside, "word")
		assert os.waitpid(pid, 0)[1] == 7 << 8
		assert os.read(r, 100).startswith(b"word 0 1")
		def sh(text, **how):
		    with open(os.environ["STATE"] + "/out", "w+") as f:
		        status = c.attach_wait(lxc.attach_run_command, ["/bin/sh", "-c", text], stdout=f, **how)
		        f.seek(0)
		        return status >> 8, f.read()
		assert sh("exit 3") == (3, "")
		assert c.attach_wait(lxc.attach_run_command, ["/bin/nosuch"]) == 127 << 8
		assert c.attach_wait(lxc.attach_run_command, ["/etc"]) == 126 << 8
		assert sh("echo $container") == (0, "lxc\n")
		os.environ["KEPT"] = "yes"
		assert sh("echo $KEPT") == (0, "yes\n")
		assert sh("echo $KEPT$A", env_policy=lxc.LXC_ATTACH_CLEAR_ENV,
		          extra_env_vars=["A=b"]) == (0, "b\n")
		assert sh("echo $KEPT", env_policy=lxc.LXC_ATTACH_CLEAR_ENV,
		          extra_keep_env=["KEPT"]) == (0, "yes\n")
		assert sh("pwd", initial_cwd="/bin") == (0, "/bin\n")
		assert sh("id -u; id -g", uid=5, gid=6) == (0, "5\n6\n")
		assert c.stop()
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
}

@test "silence is secure by one line: ids, capabilities, filter, a clean environment" {
	small loose
	small strict 'ward.silence = secure'
	for name in loose strict; do
		run -0 script "$name" <<-'END'
			os.environ["SECRET"] = "x"
			assert c.start(), "start"
			c.attach_wait(lxc.attach_run_command, ["/bin/sh", "-c",
			  "echo uid $(sed 's/  */ /g' /proc/self/uid_map); grep -E '^(CapEff|Seccomp|NoNewPrivs)' /proc/self/status"])
			assert c.stop()
		END
		echo "$output" >"$STATE/$name"
	done
	grep -q 'uid 0 0 4294967295' "$STATE/loose"
	grep -q 'Seccomp:	0' "$STATE/loose"
	run ! grep -q 'uid 0 0 ' "$STATE/strict"
	grep -q 'Seccomp:	2' "$STATE/strict"
	grep -q 'NoNewPrivs:	1' "$STATE/strict"
}

@test "freeze, cgroup items, running items, lists" {
	small p1 'lxc.cgroup.memory.limit_in_bytes = 64M' 'lxc.cgroup2.memory.max = 64M'
	run -0 script p1 <<-'END'
		assert c.start()
		assert c.freeze() and c.state == "FROZEN"
		assert c.attach(lxc.attach_run_command, ["/bin/true"]) == -1
		assert c.unfreeze() and c.state == "RUNNING"
		key = "memory.max" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "memory.limit_in_bytes"
		assert c.get_cgroup_item(key) == str(64 << 20)
		assert c.set_cgroup_item(key, str(32 << 20)) and c.get_cgroup_item(key) == str(32 << 20)
		try:
		    c.get_cgroup_item("../cgroup.procs")
		    assert False
		except KeyError:
		    pass
		assert c.get_running_config_item("lxc.uts.name") == "p1"
		assert lxc.list_containers(config_path=P, active=True, defined=False) == ("p1",)
		assert c.stop()
		assert lxc.list_containers(config_path=P, active=True, defined=False) == ()
		assert lxc.list_containers(config_path=P) == ("p1",)
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
}

@test "a start that fails says why, and leaves nothing" {
	small p1 'lxc.net.0.type = veth' 'lxc.net.0.link = nosuchbridge'
	run -0 script p1 <<-'END'
		import ctypes
		class Log(ctypes.Structure):
		    _fields_ = [(n, ctypes.c_char_p) for n in ("name", "lxcpath", "file", "level", "prefix")] + [("quiet", ctypes.c_bool)]
		ctypes.CDLL("liblxc.so.1").lxc_log_init(ctypes.byref(Log(b"p1", P.encode(), b"none", b"ERROR", b"test", False)))
		assert not c.start() and c.state == "STOPPED"
	END
	[[ "$output" == *nosuchbridge* ]] || fail "$output"
	nothing_left p1
}

@test "a program that cannot be executed is named" {
	small p1
	run -0 script p1 <<-'END'
		assert not c.start(cmd=("/bin/nosuch",))
	END
	nothing_left p1
}

@test "hooks of the host are run, and a failing one ends the start" {
	cat >"$STATE/hook" <<-END
		#!/bin/sh
		echo "\$3 \$LXC_TARGET" >>"$STATE/hooks"
		[ "\$1" != fail ]
	END
	chmod 755 "$STATE/hook"
	small p1 "lxc.hook.pre-start = $STATE/hook" "lxc.hook.start-host = $STATE/hook" \
		"lxc.hook.stop = $STATE/hook" "lxc.hook.post-stop = $STATE/hook"
	run -0 script p1 <<-'END'
		assert c.start() and c.stop()
	END
	[ "$(cat "$STATE/hooks")" = "$(printf 'pre-start \nstart-host \nstop stop\npost-stop stop')" ]
	echo "lxc.hook.pre-start = $STATE/hook fail" >>"$LXCPATH/p1/config"
	run -0 script p1 <<-'END'
		assert not c.start()
	END
	nothing_left p1
}

@test "an ephemeral container is gone with its end" {
	small p1 'lxc.ephemeral = 1'
	run -0 script p1 <<-'END'
		assert c.start() and c.stop() and not c.defined
	END
	[ ! -e "$LXCPATH/p1" ]
}

@test "a killed monitor takes everything with it" {
	small p1
	run -0 script p1 <<-'END'
		assert c.start()
		print(c.init_pid)
	END
	kill -KILL "$(pgrep -of "^\[lxc monitor\] $LXCPATH p1\$")"
	until_ok eval "! kill -0 $output"
	ward ls
	nothing_left p1
}

@test "the console: a client types, the program answers, and there is one client at a time" {
	small p1 'lxc.init.cmd = /bin/sh' 'lxc.console.buffer.size = auto' "lxc.console.logfile = $STATE/console"
	run -0 script p1 <<-'END'
		import pty, select
		assert c.start()
		pid, fd = pty.fork()
		if pid == 0:
		    c.console(0)
		    os._exit(0)
		def until(word):
		    seen = b""
		    end = time.time() + 10
		    while word not in seen:
		        assert time.time() < end, seen
		        if select.select([fd], [], [], 0.2)[0]:
		            seen += os.read(fd, 1000)
		        else:
		            os.write(fd, b"echo a$((1+1))b\n")
		until(b"a2b")
		assert not c.console(0)
		os.write(fd, b"\x01q")
		assert os.waitpid(pid, 0)[1] == 0
		assert c.stop()
		assert b"a2b" in open(os.environ["STATE"] + "/console", "rb").read()
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
}

@test "terminals beside the console" {
	small p1 'lxc.tty.max = 2' 'lxc.init.cmd = /bin/sh -c "echo $container_ttys >/ttys; read x </dev/tty1; echo got $x >/got; sleep 100"'
	run -0 script p1 <<-'END'
		import pty
		assert c.start()
		pid, fd = pty.fork()
		if pid == 0:
		    c.console(1)
		    os._exit(0)
		end = time.time() + 10
		while not os.path.exists(P + "/p1/rootfs/got"):
		    assert time.time() < end
		    os.write(fd, b"word\n")
		    time.sleep(0.1)
		os.write(fd, b"\x01q")
		os.waitpid(pid, 0)
		assert open(P + "/p1/rootfs/ttys").read() == "pts/1 pts/2\n"
		assert open(P + "/p1/rootfs/got").read() == "got word\n"
		assert c.stop()
		print("good")
	END
	[[ "$output" == *good ]] || fail "$output"
}

@test "lua-lxc: start, states, stop" {
	command -v lua5.2 >/dev/null || command -v lua >/dev/null || skip "no lua"
	small p1
	cat >"$STATE/life.lua" <<-'END'
		local lxc = require("lxc")
		local c = lxc.container:new("p1", os.getenv("LXCPATH"))
		assert(c:defined() and c:state() == "STOPPED")
		assert(c:start() and c:wait("RUNNING", 5) and c:running() and c:init_pid() > 1)
		assert(c:get_config_item("lxc.uts.name") == "p1")
		assert(c:freeze() and c:state() == "FROZEN" and c:unfreeze())
		assert(c:stop() and c:state() == "STOPPED")
		print("good")
	END
	run -0 on_ours "$(command -v lua5.2 || command -v lua)" "$STATE/life.lua"
	[[ "$output" == *good ]] || fail "$output"
}
