/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc.hook.*: how they are called, and what they are told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "front/lxc_conf.h"
#include "lxc/hook.h"
#include "tap.h"
#include "wall/wall.h"

static char script[] = "/tmp/ward-test-hook-XXXXXX", out[64];
static struct err e;

/* Writes its words and what it was told into a file. */
static const char text[] =
	"#!/bin/sh\n{ echo \"words:\"; for w; do echo \"[$w]\"; done; env | grep ^LXC_ | sort;\n"
	"echo \"A=$A B=$B\"; } >>\"$0.out\"\ncase \" $* \" in *\" fail \"*) exit 3;; esac\n";

static int run(const char *config, const char *type, pid_t pid, char *const *args, struct str *said)
{
	struct lxc_hook h = { .name = "c1", .config_file = "/var/c1/config", .pid = pid,
			      .target = strstr(type, "stop") ? "reboot" : NULL, .args = args };
	autostr file = { 0 };
	autolxc c = { 0 };
	int ret;

	e = ERR_NONE;
	unlink(out);
	str_addf(&file, config, script, script);
	ret = lxc_conf_parse(&c, file.text, file.len, "c", &e);
	h.config = &c;
	ret = ret < 0 ? ret : lxc_hook_run(&h, type, &e);
	str_free(said);
	file_read(AT_FDCWD, out, 65536, said);
	return ret;
}

static void test_words(void)
{
	char *const more[] = { (char *)"net:/proc/1/fd/5", NULL };
	autostr said = { 0 };

	ok(run("lxc.hook.pre-start = %s a 'b c' \"d\"e ''\n", "pre-start", 0, NULL, &said) == 0,
	   "a hook runs (%s)", e.text);
	ok(str_starts(str_text(&said), "words:\n[a]\n[b c]\n[de]\n[]\n[c1]\n[lxc]\n[pre-start]\n"),
	   "its words, then name, lxc and type");
	ok(strstr(said.text, "LXC_NAME=c1\n") && strstr(said.text, "LXC_HOOK_VERSION=0\n") &&
		   strstr(said.text, "LXC_CONFIG_FILE=/var/c1/config\n") &&
		   strstr(said.text, "LXC_CGNS_AWARE=1\n") && !strstr(said.text, "LXC_PID") &&
		   !strstr(said.text, "LXC_HOOK_TYPE") && !strstr(said.text, "LXC_TARGET"),
	   "its environment, version 0");
	ok(run("lxc.hook.version = 1\nlxc.rootfs.path = dir:/r\nlxc.environment = A=x y\n"
	       "lxc.environment.hooks = B=2\nlxc.environment.runtime = A=no\nlxc.hook.stop = %s\n",
	       "stop", 77, more, &said) == 0 &&
		   str_starts(str_text(&said), "words:\n[net:/proc/1/fd/5]\nLXC_"),
	   "version 1: the caller's words only");
	ok(strstr(said.text, "LXC_HOOK_TYPE=stop\n") &&
		   strstr(said.text, "LXC_HOOK_SECTION=lxc\n") &&
		   strstr(said.text, "LXC_PID=77\n") && strstr(said.text, "LXC_TARGET=reboot\n") &&
		   strstr(said.text, "LXC_ROOTFS_PATH=/r\n") && strstr(said.text, "A=x y B=2\n"),
	   "the rest is in the environment, with what is stated for hooks");
}

static void test_failures(void)
{
	autostr said = { 0 };

	ok(run("lxc.hook.start-host = %s fail\nlxc.hook.start-host = %s later\n", "start-host", 1,
	       NULL, &said) == -ECANCELED &&
		   strstr(e.text, "c:1: lxc.hook.start-host: ") &&
		   strstr(e.text, "exit status 3") && !strstr(str_text(&said), "[later]"),
	   "the first that fails ends it (%s)", e.text);
	ok(run("lxc.hook.post-stop = %s fail\nlxc.hook.post-stop = %s later\n", "post-stop", 0,
	       NULL, &said) == 0 &&
		   strstr(str_text(&said), "[later]"),
	   "but not those of the end");
	ok(run("lxc.hook.pre-start = %s; rm -rf /x\n", "pre-start", 0, NULL, &said) == -EINVAL &&
		   strstr(e.text, "';'") && !said.len,
	   "what only a shell could read is refused (%s)", e.text);
	ok(run("lxc.hook.pre-start = %s \"$HOME\"\n", "pre-start", 0, NULL, &said) == -EINVAL &&
		   !said.len,
	   "in double quotes too");
	ok(run("lxc.hook.pre-start = %s '$HOME;'\n", "pre-start", 0, NULL, &said) == 0 &&
		   strstr(str_text(&said), "[$HOME;]"),
	   "in single quotes it is text");
	ok(run("lxc.hook.pre-start = %s 'x\n", "pre-start", 0, NULL, &said) == -EINVAL,
	   "an open quote");
	ok(run("lxc.hook.pre-start = %s.none\n", "pre-start", 0, NULL, &said) == -ENOENT,
	   "a program that is not there (%s)", e.text);
	ok(run("lxc.hook.pre-start = %s\n", "start", 0, NULL, &said) == 0 && !said.len,
	   "other types are not run");
}

int main(void)
{
	int fd = mkstemp(script);

	walls_init();
	log_level = LOG_ERROR;
	snprintf(out, sizeof(out), "%s.out", script);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0 || fchmod(fd, 0755) < 0)
		return 1;
	close(fd);
	test_words();
	test_failures();
	unlink(script);
	unlink(out);
	return done();
}
