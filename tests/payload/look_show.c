/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process in the container sees of itself, and small things for it to do. */
#include "look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* --- itself ---------------------------------------------------------------------------- */

static int do_ids(int argc, char **argv)
{
	uid_t r, e, s;
	gid_t gr, ge, gs, groups[64];
	int n = getgroups(64, groups);

	(void)argc;
	(void)argv;
	if (getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0 || n < 0)
		return errno;
	printf("uid %u %u %u gid %u %u %u groups", r, e, s, gr, ge, gs);
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	puts("");
	return 0;
}

/* The rest of a "Name:" line of /proc/self/status, blanks as single spaces. */
static int do_status(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(argv[0]);
	char line[512];
	int result = ENOENT;

	(void)argc;
	if (!f)
		return errno;
	while (fgets(line, sizeof(line), f)) {
		char *word, *rest = line + len + 1;

		if (strncmp(line, argv[0], len) || line[len] != ':')
			continue;
		for (int n = 0; (word = strtok(n ? NULL : rest, " \t\n")); n++)
			printf("%s%s", n ? " " : "", word);
		puts("");
		result = 0;
	}
	fclose(f);
	return result;
}

static int do_caps(int argc, char **argv)
{
	char *const fields[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs" };

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *one[] = { fields[i] };

		printf("%s ", fields[i]);
		do_status(1, one);
	}
	printf("securebits %#x\n", (unsigned)prctl(PR_GET_SECUREBITS));
	return 0;
}

/* Every open descriptor and what it is, but the one that lists them. */
static int do_fds(int argc, char **argv)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[256];

	(void)argc;
	(void)argv;
	if (!dir)
		return errno;
	while ((entry = readdir(dir))) {
		ssize_t n;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		printf("%s %.*s\n", entry->d_name, (int)(n < 0 ? 0 : n), target);
	}
	closedir(dir);
	return 0;
}

/* Without /proc: which numbers are open. */
static int do_open_fds(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	}
	puts("");
	return 0;
}

static int do_cwd(int argc, char **argv)
{
	char path[4096];

	(void)argc;
	(void)argv;
	if (!getcwd(path, sizeof(path)))
		return errno;
	puts(path);
	return 0;
}

static int do_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 0;
}

static int do_env(int argc, char **argv)
{
	const char *value = argc ? getenv(argv[0]) : NULL;

	if (argc) {
		if (value)
			puts(value);
		return value ? 0 : ENOENT;
	}
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}

static int do_rlimit(int argc, char **argv)
{
	static const struct {
		const char *name;
		int which;
	} kinds[] = {
		{ "core", RLIMIT_CORE },   { "nofile", RLIMIT_NOFILE },
		{ "nproc", RLIMIT_NPROC }, { "memlock", RLIMIT_MEMLOCK },
		{ "stack", RLIMIT_STACK }, { "msgqueue", RLIMIT_MSGQUEUE },
		{ "fsize", RLIMIT_FSIZE }, { "sigpending", RLIMIT_SIGPENDING },
	};
	struct rlimit limit;

	(void)argc;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[0]))
			continue;
		if (getrlimit(kinds[i].which, &limit) < 0)
			return errno;
		printf("%lld %lld\n", (long long)limit.rlim_cur, (long long)limit.rlim_max);
		return 0;
	}
	return EINVAL;
}

static int do_umask(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("%04o\n", umask(0));
	return 0;
}

static int do_tty(int argc, char **argv)
{
	struct winsize size = { 0 };
	char name[256];

	(void)argc;
	(void)argv;
	if (ttyname_r(0, name, sizeof(name)) || ioctl(0, TIOCGWINSZ, &size) < 0)
		return errno ? errno : ENOTTY;
	printf("%s %ux%u session %s\n", name, size.ws_col, size.ws_row,
	       tcgetsid(0) == getsid(0) ? "own" : "foreign");
	return 0;
}

/* --- its surroundings ------------------------------------------------------------------ */

static int do_uname(int argc, char **argv)
{
	struct utsname u;

	(void)argc;
	(void)argv;
	if (uname(&u) < 0)
		return errno;
	printf("%s %s\n", u.nodename, u.domainname);
	return 0;
}

static int do_readlink(int argc, char **argv)
{
	char target[4096];
	ssize_t n = readlink(argv[0], target, sizeof(target));

	(void)argc;
	if (n < 0)
		return errno;
	printf("%.*s\n", (int)n, target);
	return 0;
}

static int do_stat(int argc, char **argv)
{
	struct stat st;

	(void)argc;
	if (lstat(argv[0], &st) < 0)
		return errno;
	printf("%o %u:%u size %lld rdev %u:%u\n", st.st_mode, st.st_uid, st.st_gid,
	       (long long)st.st_size, major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

static int do_statfs(int argc, char **argv)
{
	struct statfs fs;

	(void)argc;
	if (statfs(argv[0], &fs) < 0)
		return errno;
	printf("type %#lx bytes %lld inodes %lld\n", (unsigned long)fs.f_type,
	       (long long)fs.f_blocks * fs.f_bsize, (long long)fs.f_files);
	return 0;
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int do_ls(int argc, char **argv)
{
	struct dirent **entry;
	int n = scandir(argc ? argv[0] : ".", &entry, NULL, name_order);

	if (n < 0)
		return errno;
	for (int i = 0; i < n; i++) {
		if (strcmp(entry[i]->d_name, ".") && strcmp(entry[i]->d_name, ".."))
			puts(entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return 0;
}

/* Every process that /proc shows. */
static int do_pids(int argc, char **argv)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	(void)argc;
	(void)argv;
	if (!dir)
		return errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			printf("%s ", entry->d_name);
	}
	puts("");
	closedir(dir);
	return 0;
}

/* The options of the mount at PATH, as mountinfo shows them, and what it comes from. */
static int do_mountinfo(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, found[8192] = "";
	size_t room = 0;

	(void)argc;
	if (!f)
		return errno;
	while (getline(&line, &room, f) > 0) {
		char at[4096], options[1024];

		if (sscanf(line, "%*s %*s %*s %*s %4095s %1023s", at, options) == 2 &&
		    !strcmp(at, argv[0]))
			snprintf(found, sizeof(found), "%s", line);
	}
	free(line);
	fclose(f);
	fputs(found, stdout);
	return *found ? 0 : ENOENT;
}

static int do_uptime(int argc, char **argv)
{
	struct timespec t;

	(void)argc;
	(void)argv;
	if (clock_gettime(CLOCK_BOOTTIME, &t) < 0)
		return errno;
	printf("%ld\n", (long)t.tv_sec);
	return 0;
}

/* --- deeds ----------------------------------------------------------------------------- */

static int do_exec(int argc, char **argv)
{
	(void)argc;
	execv(argv[0], argv);
	return errno;
}

static int do_exit(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	_exit((int)number(argv[0]));
}

/* As pid 1 a signal without a handler is ignored, so a child dies for us where we are that. */
static int do_die(int argc, char **argv)
{
	(void)argc;
	signal((int)number(argv[0]), SIG_DFL);
	raise((int)number(argv[0]));
	return EINVAL;
}

static int do_sleep(int argc, char **argv)
{
	struct timespec left = { .tv_sec = number(argv[0]) };

	(void)argc;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	return 0;
}

static void leave(int sig)
{
	_exit(sig);
}

/* Say "ready", then end with the number of the signal that comes. */
static int do_await(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int sig = 1; sig < 32; sig++) {
		if (sig != SIGCHLD)
			signal(sig, leave);
	}
	puts("ready");
	fflush(stdout);
	while (pause() < 0)
		;
	return errno;
}

/* Deaf to everything that can be ignored. */
static int do_deaf(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	puts("ready");
	fflush(stdout);
	while (pause() < 0)
		;
	return errno;
}

static int do_cat(int argc, char **argv)
{
	char buffer[65536];
	ssize_t n;

	(void)argc;
	(void)argv;
	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		if (write(1, buffer, (size_t)n) != n)
			return errno;
	}
	return errno_of(n);
}

static int do_print(int argc, char **argv)
{
	static const char block[1024] = { [0 ... 1022] = 'x', '\n' };
	long n = number(argv[0]);

	(void)argc;
	while (n-- > 0) {
		if (write(1, block, sizeof(block)) < 0)
			return errno;
	}
	return 0;
}

/* Leave a child behind and end; does pid 1 reap it? */
static int do_orphan(int argc, char **argv)
{
	pid_t child = fork();

	(void)argc;
	(void)argv;
	if (child < 0)
		return errno;
	if (!child) {
		if (!fork())
			_exit(0);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	usleep(200 * 1000);
	return waitpid(-1, NULL, WNOHANG) < 0 ? 0 : EAGAIN;
}

/* Processes that have ended and that nobody collected. */
static int do_zombies(int argc, char **argv)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	(void)argc;
	(void)argv;
	if (!dir)
		return errno;
	while ((entry = readdir(dir))) {
		char path[300], line[512] = "", *end;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(line, sizeof(line), f) && (end = strrchr(line, ')')))
			n += end[1] && end[2] == 'Z';
		fclose(f);
	}
	closedir(dir);
	printf("%d\n", n);
	return 0;
}

/* Run another probe with descriptors 3..9 open on DIRECTORY: a careless caller. */
static int do_leaky(int argc, char **argv)
{
	int dir = open(argv[0], O_RDONLY | O_DIRECTORY);

	(void)argc;
	if (dir < 0)
		return errno;
	for (int fd = 3; fd < 10; fd++) {
		if (fd != dir && dup2(dir, fd) < 0)
			return errno;
	}
	execvp(argv[1], argv + 1);
	return errno;
}

/* Set O_NONBLOCK on standard input: does the caller's own description change? */
static int do_nonblock(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return errno_of(fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK));
}

const struct probe probes_show[] = {
	SHOW("ids", 0, do_ids, "", "real, effective, saved ids and groups"),
	SHOW("status", 1, do_status, "FIELD", "a line of /proc/self/status"),
	SHOW("caps", 0, do_caps, "", "capability sets, no_new_privs, securebits"),
	SHOW("fds", 0, do_fds, "", "open descriptors"),
	SHOW("open-fds", 0, do_open_fds, "", "the same without /proc"),
	SHOW("cwd", 0, do_cwd, "", "working directory"),
	SHOW("args", 0, do_args, "ARG...", "arguments, one per line"),
	SHOW("env", 0, do_env, "[NAME]", "environment"),
	SHOW("rlimit", 1, do_rlimit, "NAME", "soft and hard"),
	SHOW("umask", 0, do_umask, "", "file creation mask"),
	SHOW("tty", 0, do_tty, "", "name, size and session of the terminal"),
	SHOW("uname", 0, do_uname, "", "host and domain name"),
	SHOW("readlink", 1, do_readlink, "PATH", "target of a link, /proc/self/ns/pid"),
	SHOW("stat", 1, do_stat, "PATH", "mode, owner, size, device numbers"),
	SHOW("statfs", 1, do_statfs, "PATH", "type and size of a file system"),
	SHOW("ls", 0, do_ls, "[PATH]", "list a directory"),
	SHOW("pids", 0, do_pids, "", "visible processes"),
	SHOW("zombies", 0, do_zombies, "", "how many processes nobody collected"),
	SHOW("mountinfo", 1, do_mountinfo, "PATH", "the mount at PATH"),
	SHOW("uptime", 0, do_uptime, "", "seconds since boot"),
	TRY("exec", 1, do_exec, "PROGRAM [ARG...]", "execve"),
	SHOW("exit", 1, do_exit, "N", "end with N"),
	TRY("die", 1, do_die, "SIGNAL", "end by a signal"),
	SHOW("sleep", 1, do_sleep, "SECONDS", "wait"),
	SHOW("await", 0, do_await, "", "end with the number of the next signal"),
	SHOW("deaf", 0, do_deaf, "", "ignore every signal that can be"),
	SHOW("cat", 0, do_cat, "", "copy standard input to output"),
	SHOW("print", 1, do_print, "KIB", "write that much output"),
	TRY("orphan", 0, do_orphan, "", "leave a grandchild to pid 1"),
	SHOW("leaky", 2, do_leaky, "DIRECTORY PROGRAM...", "exec with descriptors left open"),
	TRY("nonblock", 0, do_nonblock, "", "set O_NONBLOCK on standard input"),
	{ 0 },
};
