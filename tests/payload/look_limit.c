/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes of limits: take more and more until refused, print how many were had, end with the
 * errno of the refusal. Everything is given back on exit. */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"

static int said(long n, int result)
{
	printf("%ld ", n);
	return result;
}

/* At most N children that only wait. */
static int do_forkbomb(int argc, char **argv)
{
	long most = number(argv[0]), n = 0;
	int result = 0;

	(void)argc;
	setpgid(0, 0); /* so that the signal below reaches ours only */
	for (; n < most; n++) {
		pid_t pid = fork();

		if (pid < 0) {
			result = errno;
			break;
		}
		if (!pid) {
			pause();
			_exit(0);
		}
	}
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return said(n, result);
}

/* Touch memory a MiB at a time. Ends by SIGKILL where the limit holds. */
static int do_memory(int argc, char **argv)
{
	long most = number(argv[0]), n = 0;
	const size_t step = 1 << 20;

	(void)argc;
	for (; n < most; n += (long)step) {
		char *memory = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED)
			return said(n, errno);
		memset(memory, 1, step);
	}
	return said(n, 0);
}

static int do_nofile(int argc, char **argv)
{
	long n = 0;

	(void)argc;
	(void)argv;
	while (dup(0) >= 0)
		n++;
	return said(n, errno);
}

static int do_inotify(int argc, char **argv)
{
	long most = number(argv[0]), n = 0;

	(void)argc;
	for (; n < most; n++) {
		if (inotify_init1(IN_CLOEXEC) < 0)
			return said(n, errno);
	}
	return said(n, 0);
}

static int do_ptys(int argc, char **argv)
{
	long most = number(argv[0]), n = 0;

	(void)argc;
	for (; n < most; n++) {
		if (open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) < 0)
			return said(n, errno);
	}
	return said(n, 0);
}

/* Write up to BYTES into PATH. */
static int do_fill(int argc, char **argv)
{
	static const char block[65536];
	long most = number(argv[1]), n = 0;
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600), result = 0;

	(void)argc;
	if (fd < 0)
		return errno;
	signal(SIGXFSZ, SIG_IGN);
	while (n < most && !result) {
		ssize_t wrote = write(fd, block, sizeof(block));

		if (wrote < 0)
			result = errno;
		else
			n += wrote;
	}
	unlink(argv[0]);
	return said(n, result);
}

/* Make up to N empty files below DIRECTORY. */
static int do_inodes(int argc, char **argv)
{
	long most = number(argv[1]), n = 0;
	char path[4096];
	int result = 0;

	(void)argc;
	for (; n < most && !result; n++) {
		int fd;

		snprintf(path, sizeof(path), "%s/look.%ld", argv[0], n);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0) {
			result = errno;
			break;
		}
		close(fd);
	}
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/look.%ld", argv[0], i);
		unlink(path);
	}
	return said(n, result);
}

/* Make up to N directories side by side below DIRECTORY: cgroups, in a cgroup file system. */
static int do_dirs(int argc, char **argv)
{
	long most = number(argv[1]), n = 0;
	char path[4096];
	int result = 0;

	(void)argc;
	for (; n < most && !result; n++) {
		snprintf(path, sizeof(path), "%s/look.%ld", argv[0], n);
		if (mkdir(path, 0755) < 0) {
			result = errno;
			break;
		}
	}
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/look.%ld", argv[0], i);
		rmdir(path);
	}
	return said(n, result);
}

/* Namespaces of one kind, held by descriptors. */
static int do_namespaces(int argc, char **argv)
{
	long most = number(argv[1]), n = 0;
	int flag = !strcmp(argv[0], "net") ? CLONE_NEWNET : CLONE_NEWUTS;
	char path[64];

	(void)argc;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", argv[0]);
	for (; n < most; n++) {
		if (unshare(flag) < 0 || open(path, O_RDONLY | O_CLOEXEC) < 0)
			return said(n, errno);
	}
	return said(n, 0);
}

/* Processor seconds used in N seconds of wall clock, in percent. */
static int do_spin(int argc, char **argv)
{
	long seconds = number(argv[0]);
	struct timespec now, used, start;

	(void)argc;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec - start.tv_sec < seconds ||
	       (now.tv_sec - start.tv_sec == seconds && now.tv_nsec < start.tv_nsec));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	printf("%ld\n", (used.tv_sec * 1000 + used.tv_nsec / 1000000) / (seconds * 10));
	return 0;
}

const struct probe probes_limit[] = {
	TRY("forkbomb", 1, do_forkbomb, "N", "at most N children"),
	TRY("memory", 1, do_memory, "BYTES", "touch memory"),
	TRY("nofile", 0, do_nofile, "", "open descriptors"),
	TRY("inotify", 1, do_inotify, "N", "inotify instances"),
	TRY("ptys", 1, do_ptys, "N", "pseudo terminals"),
	TRY("fill", 2, do_fill, "PATH BYTES", "write a file"),
	TRY("inodes", 2, do_inodes, "DIRECTORY N", "make files"),
	TRY("dirs", 2, do_dirs, "DIRECTORY N", "make directories"),
	TRY("namespaces", 2, do_namespaces, "net|uts N", "make namespaces"),
	SHOW("spin", 1, do_spin, "SECONDS", "percent of one processor had"),
	{ 0 },
};
