/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/signame.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

static const struct {
	int number;
	const char *name;
} names[] = {
	{ SIGHUP, "HUP" },	 { SIGINT, "INT" },   { SIGQUIT, "QUIT" },   { SIGILL, "ILL" },
	{ SIGTRAP, "TRAP" },	 { SIGABRT, "ABRT" }, { SIGBUS, "BUS" },     { SIGFPE, "FPE" },
	{ SIGKILL, "KILL" },	 { SIGUSR1, "USR1" }, { SIGSEGV, "SEGV" },   { SIGUSR2, "USR2" },
	{ SIGPIPE, "PIPE" },	 { SIGALRM, "ALRM" }, { SIGTERM, "TERM" },   { SIGCHLD, "CHLD" },
	{ SIGCONT, "CONT" },	 { SIGSTOP, "STOP" }, { SIGTSTP, "TSTP" },   { SIGTTIN, "TTIN" },
	{ SIGTTOU, "TTOU" },	 { SIGURG, "URG" },   { SIGXCPU, "XCPU" },   { SIGXFSZ, "XFSZ" },
	{ SIGVTALRM, "VTALRM" }, { SIGPROF, "PROF" }, { SIGWINCH, "WINCH" }, { SIGIO, "IO" },
	{ SIGPWR, "PWR" },	 { SIGSYS, "SYS" },
};

static int signame_realtime(const char *text)
{
	uint64_t n;

	if (!strcasecmp(text, "RTMIN"))
		return SIGRTMIN;
	if (!strcasecmp(text, "RTMAX"))
		return SIGRTMAX;
	if (!strncasecmp(text, "RTMIN+", 6) &&
	    str_u64(text + 6, 10, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &n) == 0)
		return SIGRTMIN + (int)n;
	if (!strncasecmp(text, "RTMAX-", 6) &&
	    str_u64(text + 6, 10, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &n) == 0)
		return SIGRTMAX - (int)n;
	return 0;
}

int signame_number(const char *text)
{
	uint64_t n;

	if (str_u64(text, 10, 1, (uint64_t)SIGRTMAX, &n) == 0)
		return (int)n;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i].name, text))
			return names[i].number;
	return signame_realtime(text);
}

const char *signame_text(int signal, char *out, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].number == signal) {
			snprintf(out, size, "%s", names[i].name);
			return out;
		}
	}
	if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		snprintf(out, size, "RTMIN+%d", signal - SIGRTMIN);
	else
		snprintf(out, size, "%d", signal);
	return out;
}
