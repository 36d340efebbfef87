/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_vset(struct err *e, const char *fmt, va_list ap)
{
	if (vsnprintf(e->text, sizeof(e->text), fmt, ap) < 0)
		e->text[0] = '\0';
}

static void err_append(struct err *e, const char *text)
{
	size_t len = strlen(e->text);

	snprintf(e->text + len, sizeof(e->text) - len, "%s", text);
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int code = errno ? errno : EIO;
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, fmt, ap);
	va_end(ap);
	e->code = code;
	err_append(e, ": ");
	err_append(e, strerror(code));
	return -code;
}

int err_msg(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, fmt, ap);
	va_end(ap);
	e->code = code > 0 ? code : EINVAL;
	return -e->code;
}

int err_add(struct err *e, const char *fmt, ...)
{
	struct err old = *e;
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, fmt, ap);
	va_end(ap);
	err_append(e, ": ");
	err_append(e, old.text);
	return -(e->code ? e->code : EIO);
}

int err_hint(struct err *e, const char *fmt, ...)
{
	char hint[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(hint, sizeof(hint), fmt, ap);
	va_end(ap);
	err_append(e, "; ");
	err_append(e, hint);
	return -(e->code ? e->code : EIO);
}

int err_mem(struct err *e)
{
	return err_msg(e, ENOMEM, "out of memory");
}

void err_clean(struct err *e)
{
	e->text[sizeof(e->text) - 1] = '\0';
	for (char *p = e->text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}
