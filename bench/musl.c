/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one function that libseccomp.a as Debian builds it needs from glibc alone: fprintf with
 * the checks of _FORTIFY_SOURCE. With it the library links into a static musl binary. */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *f, int flag, const char *format, ...);

int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, format);
	n = vfprintf(f, format, ap);
	va_end(ap);
	return n;
}
