/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct probe *const tables[] = {
	probes_fs, probes_kernel, probes_net, probes_limit, probes_show, probes_packet,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
		name, #name                                                                        \
	}
static const struct {
	int number;
	const char *name;
} names[] = {
	ROW(EPERM),	   ROW(ENOENT),	      ROW(ESRCH),	    ROW(EINTR),
	ROW(EIO),	   ROW(ENXIO),	      ROW(E2BIG),	    ROW(ENOEXEC),
	ROW(EBADF),	   ROW(ECHILD),	      ROW(EAGAIN),	    ROW(ENOMEM),
	ROW(EACCES),	   ROW(EFAULT),	      ROW(ENOTBLK),	    ROW(EBUSY),
	ROW(EEXIST),	   ROW(EXDEV),	      ROW(ENODEV),	    ROW(ENOTDIR),
	ROW(EISDIR),	   ROW(EINVAL),	      ROW(ENFILE),	    ROW(EMFILE),
	ROW(ENOTTY),	   ROW(ETXTBSY),      ROW(EFBIG),	    ROW(ENOSPC),
	ROW(ESPIPE),	   ROW(EROFS),	      ROW(EMLINK),	    ROW(EPIPE),
	ROW(ENOSYS),	   ROW(ENOTEMPTY),    ROW(ELOOP),	    ROW(ENODATA),
	ROW(EOPNOTSUPP),   ROW(EUSERS),	      ROW(EPROTONOSUPPORT), ROW(ESOCKTNOSUPPORT),
	ROW(EAFNOSUPPORT), ROW(EADDRINUSE),   ROW(ENETUNREACH),	    ROW(ECONNREFUSED),
	ROW(ETIMEDOUT),	   ROW(EHOSTUNREACH), ROW(ESTALE),	    ROW(EDQUOT),
	ROW(ENOKEY),	   ROW(ENETDOWN),     ROW(ENOTCONN),
};

const char *errno_name(int number)
{
	static char other[16];

	if (!number)
		return "OK";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	snprintf(other, sizeof(other), "E%d", number);
	return other;
}

long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "look: '%s' is not a number\n", text);
		exit(200);
	}
	return n;
}

int errno_of(long result)
{
	return result < 0 ? errno : 0;
}

static const struct probe *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (const struct probe *p = tables[t]; p->name; p++) {
			if (!strcmp(p->name, name))
				return p;
		}
	}
	return NULL;
}

static int usage(void)
{
	puts("look PROBE [ARGUMENT...]");
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (const struct probe *p = tables[t]; p->name; p++)
			printf("  %-17s %-22s %s\n", p->name, p->arguments ? p->arguments : "",
			       p->doc);
	}
	return 200;
}

/* On the bare host a probe that is let through would do what it asks: `look mount tmpfs` covers
 * /tmp for everybody. The numbers are the kernel's for its first namespaces (linux/proc_ns.h);
 * without /proc we are in no place like that. */
static bool on_bare_host(void)
{
	struct stat user, pid;

	return !stat("/proc/self/ns/user", &user) && !stat("/proc/self/ns/pid", &pid) &&
	       user.st_ino == 0xEFFFFFFD && pid.st_ino == 0xEFFFFFFC;
}

/* A probe's exit status is an errno; 200 and above are mistakes of the caller. */
int main(int argc, char **argv)
{
	const struct probe *p;
	int result;

	if (argc < 2)
		return usage();
	p = find(argv[1]);
	if (!p || argc - 2 < p->least) {
		fprintf(stderr, "look: %s '%s'\n", p ? "too few arguments for" : "no probe named",
			argv[1]);
		return 200;
	}
	if (!p->shows && on_bare_host() && !getenv("LOOK_HOST")) {
		fprintf(stderr, "look: %s is for containers; LOOK_HOST=1 tries it here\n", p->name);
		return 201;
	}
	result = p->run(argc - 2, argv + 2);
	if (!p->shows || result)
		printf("%s\n", errno_name(result));
	return result;
}
