/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: options, precedence, operands, bad input. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/cli.h"
#include "spec/key.h"
#include "tap.h"
#include "wall/wall.h"

static struct err e;
static const struct cli_form form = { .profile = "app", .session = true, .command = true };
static const struct cli_form create_form = { .profile = "system" };

/* Words separated by '|', without the command's name. */
static int parse_as(struct cli *c, const struct cli_form *f, const char *line)
{
	static char copy[1024];
	char *argv[64] = { (char *)"run" }, *rest = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while (*line && rest)
		argv[argc++] = strsep(&rest, "|");
	e = ERR_NONE;
	return cli_parse(c, f, argc, argv, &e);
}

static int parse(struct cli *c, const char *line)
{
	return parse_as(c, &form, line);
}

static void value_is(const struct cli *c, const char *key, const char *want, const char *what)
{
	autostr got = { 0 };

	key_get(&c->spec, key_find(key, NULL), &got);
	is_str(str_text(&got), want, what);
}

static void accepted(const char *line, const char *key, const char *want)
{
	autocli c;

	if (!ok(parse(&c, line) == 0, "%s", line))
		printf("#   %s\n", e.text);
	value_is(&c, key, want, key);
}

static void refused(const char *line, const char *says)
{
	autocli c;

	if (!ok(parse(&c, line) < 0 && strstr(e.text, says), "refused: %s", line))
		printf("#   got '%s'\n", e.text);
}

static void test_plain(void)
{
	autocli c;

	ok(parse(&c, "host|--|ls|-l") == 0, "the shortest line");
	value_is(&c, "process.args", "ls\n-l",
		 "options behind the root file system are the program's");
	value_is(&c, "rootfs.type", "host", "host is a root file system");
	is_str(c.spec.profile, "app", "the profile is the form's");
	ok(!c.detach && !c.keep && !c.verbose && !c.interactive && !c.spec.process.terminal,
	   "nothing is on that was not asked for");
	cli_free(&c);
	ok(parse(&c, "-it|-d|--keep|--debug|-v|/r|sh") == 0, "letters may be combined");
	ok(c.detach && c.keep && c.verbose && c.debug && c.interactive && c.spec.process.terminal,
	   "all of them are on");
	cli_free(&c);
	ok(parse(&c, "--keep|--rm|/r|sh") == 0 && !c.keep, "--rm takes --keep back");
	cli_free(&c);
	ok(parse(&c, "/r|--|--|x") == 0, "one -- is ours");
	value_is(&c, "process.args", "--\nx", "the second is the program's");
	cli_free(&c);
	ok(parse(&c, "/r|sh|-c||a b") == 0 && c.spec.process.args.n == 4 &&
		   !*c.spec.process.args.item[2],
	   "an empty word is a word");
}

static void test_keys(void)
{
	accepted("--memory|64M|host|x", "memory.max", "67108864");
	accepted("--memory=64M|host|x", "memory.max", "67108864");
	accepted("--memory-swap|1M|host|x", "memory.swap", "1048576");
	accepted("--pids|7|host|x", "pids.max", "7");
	accepted("--cpus|1.5|host|x", "cpu.max", "150000 100000");
	accepted("--read-only|host|x", "rootfs.readonly", "true");
	accepted("--read-only=no|host|x", "rootfs.readonly", "false");
	accepted("--hostname|web|host|x", "uts.name", "web");
	accepted("-u|5:6|host|x", "process.user", "5:6");
	accepted("--user|5|host|x", "process.user", "5");
	accepted("-w|/tmp|host|x", "process.cwd", "/tmp");
	accepted("--name|web.1|host|x", "spec.name", "web.1");
	accepted("--set|cpu.weight=50|host|x", "cpu.weight", "50");
	accepted("--set|process.env=|-e|A=b=c|host|x", "process.env", "A=b=c");
	accepted("--set|process.env=|-e|A=x\\n|host|x", "process.env", "A=x\\\\n");
	accepted("--profile|system|host|x", "seccomp.policy", "system");
	accepted("--allow|cap:net_raw|host|x", "caps.bounding", "net_raw");
}

static void test_env_copy(void)
{
	setenv("WARD_TEST", "line\nbreak", 1);
	unsetenv("WARD_NONE");
	accepted("--set|process.env=|-e|WARD_TEST|host|x", "process.env", "WARD_TEST=line\\nbreak");
	refused("-e|WARD_NONE|host|x", "WARD_NONE");
	setenv("TERM", "vt7", 1);
	accepted("--set|process.env=|-t|host|x", "process.env", "TERM=vt7");
	accepted("--set|process.env=TERM=own|--set|process.env=A=1|-t|host|x", "process.args", "x");
}

/* -v is two things. */
static void test_v(void)
{
	autocli c;

	ok(parse(&c, "-v|host|x") == 0 && c.verbose, "-v before a root file system is verbose");
	cli_free(&c);
	ok(parse(&c, "-v|overlay:/a:/b|x") == 0 && c.verbose, "-v before overlay: is verbose");
	cli_free(&c);
	ok(parse(&c, "-v|/a:/b:ro|host|x") == 0 && !c.verbose && c.spec.volumes.n == 3,
	   "-v before a word with ':' is a volume");
	is_str(key_origin(&c.spec, "volume"), "--volume", "and its origin says so");
	cli_free(&c);
	ok(parse(&c, "-v|-v|/a:/b|host|x") == 0 && c.verbose && c.spec.volumes.n == 3,
	   "both together");
	cli_free(&c);
	ok(parse(&c, "-iv|/a:/b|host|x") == 0 && c.interactive && c.spec.volumes.n == 3,
	   "also at the end of combined letters");
	cli_free(&c);
	ok(parse(&c, "--verbose|/a:b|x") == 0 && c.verbose && c.spec.volumes.n == 2,
	   "--verbose never takes a word");
	value_is(&c, "rootfs.path", "/a:b", "which is then the root file system");
	cli_free(&c);
	ok(parse(&c, "-v") < 0, "-v at the end is no volume");
}

static void test_roots(void)
{
	char here[512], want[600];

	accepted("overlay:/a:/b|x", "rootfs.lower", "/a\n/b");
	accepted("overlay:/a|x", "rootfs.type", "overlay");
	accepted("/srv/r|x", "rootfs.path", "/srv/r");
	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	snprintf(want, sizeof(want), "%s/r", here);
	accepted("r|x", "rootfs.path", want);
	snprintf(want, sizeof(want), "%s/./d:/d:rw,nosuid,nodev,noexec,bind,private", here);
	accepted("-v|./d:/d|host|x", "volume", want);
}

static void test_precedence(int dir)
{
	autocli c;
	static const char text[] = "profile = system\npids.max = 3\ncpu.weight = 4\n"
				   "rootfs.path = /r\nprocess.args = sh\nprocess.args = -l\n";
	int fd = openat(dir, "a.conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (write(fd, text, strlen(text)) < 0)
		perror("a.conf");
	close(fd);
	ok(fchdir(dir) == 0, "in the test's directory");
	if (!ok(parse(&c, "--pids|9|--config|a.conf") == 0, "a file may name root and command"))
		printf("#   %s\n", e.text);
	value_is(&c, "pids.max", "9", "an option outranks a file, wherever it stands");
	value_is(&c, "cpu.weight", "4", "a file outranks the profile");
	value_is(&c, "seccomp.policy", "system", "a file chooses the profile");
	value_is(&c, "process.args", "sh\n-l", "a file's command replaces the profile's");
	is_str(key_origin(&c.spec, "cpu.weight"), "a.conf:3", "the origin is the line in the file");
	is_str(key_origin(&c.spec, "pids.max"), "--pids", "the origin is the option");
	cli_free(&c);
	ok(parse(&c, "--config|a.conf|--profile|app|/x|y") == 0, "--profile and a file's profile");
	value_is(&c, "seccomp.policy", "app", "--profile wins");
	value_is(&c, "process.args", "y", "a command on the line replaces the file's");
	value_is(&c, "rootfs.path", "/x", "so does a root file system");
	cli_free(&c);
	ok(parse(&c, "--pids|1|--pids|2|host|x") == 0, "the same option twice");
	value_is(&c, "pids.max", "2", "the last one counts");
	refused("--config|b.conf|host|x", "--config");
	refused("--config|.|host|x", "--config");
	ok(chdir("/") == 0, "and out again");
}

static void test_bad(void)
{
	refused("", "no root file system");
	refused("host", "no command");
	refused("host|--", "no command");
	refused("|x", "empty");
	refused("--memry|1|host|x", "'--memory'");
	refused("--mem|1|host|x", "unknown option '--mem'");
	refused("--detach=1|host|x", "--detach takes no value");
	refused("-z|host|x", "-z");
	refused("-u", "-u needs a value");
	refused("--memory", "--memory needs a value");
	refused("--memory|lots|host|x", "--memory: memory.max");
	refused("--pids|-1|host|x", "--pids");
	refused("--cpus|zero|host|x", "--cpus");
	refused("--set|x|host|x", "KEY=VALUE");
	refused("--set|=x|host|x", "KEY=VALUE");
	refused("--set|memory.mux=1|host|x", "memory.max");
	refused("--set|profile=app|host|x", "--profile");
	refused("--set|include=x|host|x", "--config");
	refused("--set|spec.name=a/b|host|x", "not for setting");
	refused("--name|a/b|host|x", "--name");
	refused("--name|..|host|x", "--name");
	refused("--name|x\ty|host|x", "--name");
	refused("--name||host|x", "--name");
	refused("--allow|tunn|host|x", "--allow");
	refused("--profile|ap|host|x", "--profile");
	refused("-e|=x|host|x", "-e");
	refused("-e||host|x", "-e");
	refused("--volume|/a|host|x", "--volume");
	refused("-v|a:b|host|x", "--volume");
	refused("--tmpfs|tmp|host|x", "--tmpfs");
	refused("--read-only=perhaps|host|x", "--read-only");
	refused("overlay:|x", "no name");
	refused("overlay:/a::/b|x", "no name");
}

static void test_forms(void)
{
	struct opt *opts = cli_options(&create_form);
	autocli c;
	size_t twice = 0;

	ok(parse_as(&c, &create_form, "--name|a|/r") == 0, "create needs no command");
	is_str(c.spec.profile, "system", "its profile is system");
	value_is(&c, "process.args", "/sbin/init", "which has one");
	cli_free(&c);
	ok(parse_as(&c, &create_form, "-d|/r") < 0, "create has no -d");
	cli_free(&c);
	is_int(parse(&c, "--help"), OPT_HELP, "--help is known");
	cli_free(&c);
	is_int(parse(&c, "-h|host|x"), OPT_HELP, "-h is known");
	cli_free(&c);
	ok(parse(&c, "host|x|--help") == 0, "but behind the root it is the program's");
	for (size_t i = 0; opts[i].name; i++) {
		ok(opts[i].doc && *opts[i].doc, "--%s has a line of help", opts[i].name);
		for (size_t j = 0; j < i; j++)
			twice += !strcmp(opts[i].name, opts[j].name) ||
				 (opts[i].letter && opts[i].letter == opts[j].letter);
	}
	is_int(twice, 0, "no option has two rows");
	free(opts);
}

static void test_many(void)
{
	autocli c;

	ok(parse(&c, "-tttttttttttttttttttttttttttttttttttttttttttttttttt|host|x") == 0,
	   "a letter fifty times is one word of the line and fifty wishes");
}

int main(void)
{
	char path[] = "/tmp/ward-test-cli-XXXXXX";
	int dir;

	walls_init();
	test_plain();
	test_keys();
	test_env_copy();
	test_v();
	test_roots();
	test_bad();
	test_forms();
	test_many();
	if (!mkdtemp(path))
		return 1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_precedence(dir);
	unlinkat(dir, "a.conf", 0);
	close(dir);
	rmdir(path);
	return done();
}
