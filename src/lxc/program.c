/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/program.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

static char *find(const char *variable, const char *otherwise, const char *name, int how,
		  struct err *e)
{
	const char *dir = secure_getenv(variable);
	struct str path = { 0 };

	str_addf(&path, "%s/%s", dir ? dir : otherwise, name);
	if (path.failed) {
		err_mem(e);
	} else if (access(path.text, how) < 0) {
		err_sys(e, "%s", path.text);
		str_free(&path);
		return NULL;
	}
	return path.text;
}

char *lxc_program(const char *name, struct err *e)
{
	return find("WARD_LXC_DIR", LXC_LIBEXEC, name, X_OK, e);
}

char *lxc_share(const char *path, struct err *e)
{
	return find("WARD_LXC_SHARE", LXC_DATA, path, R_OK, e);
}
