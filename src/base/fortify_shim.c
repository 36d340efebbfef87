/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For static builds with musl: distributions build libseccomp.a against glibc with
 * _FORTIFY_SOURCE, and the one checked function it then calls does not exist in musl. */
#include <stdarg.h>
#include <stdio.h>

/* glibc's name and signature; `flag` asks for checks that musl does not have. */
int __fprintf_chk(FILE *stream, int flag, const char *fmt, ...);

int __fprintf_chk(FILE *stream, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, fmt);
	n = vfprintf(stream, fmt, ap);
	va_end(ap);
	return n;
}
