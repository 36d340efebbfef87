/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum log_level log_level = LOG_WARN;

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[1024] = "ward: ";
	int saved = errno;
	va_list ap;
	int n;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text + 6, sizeof(text) - 7, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	n = n > (int)sizeof(text) - 8 ? (int)sizeof(text) - 1 : n + 7;
	text[n - 1] = '\n';
	/* Nothing sensible can be done when standard error is gone. */
	(void)!write(STDERR_FILENO, text, (size_t)n);
	errno = saved;
}
