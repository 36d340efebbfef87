/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Part of the wall dev: terminals beside the console, on which an init may run its gettys. Each is a
 * pair from the container's own devpts; the other ends stay with the monitor, which gives them to
 * who may have them. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "wall/dev.h"
#include "wall/stage.h"

static int tty_make(struct run *r, struct run_tty *tty, unsigned number, struct err *e)
{
	autoclose int target = -EBADF, tree = -EBADF;
	int64_t uid = run_outside(&r->uid_map, 0);
	char name[16];

	snprintf(name, sizeof(name), "tty%u", number);
	tty->master = dev_pty(r->proc, r->pts, &tty->slave, e);
	if (tty->master < 0)
		return tty->master;
	/* Gettys are root's; an init changes that itself. */
	if (uid >= 0 && fchown(tty->slave, (uid_t)uid, (gid_t)-1) < 0)
		return err_sys(e, "give /dev/%s to the container's root", name);
	target = path_make(r->dev, name, true, PATH_NO_SYMLINKS, e);
	if (target < 0)
		return target;
	/* By descriptor, as the console: CVE-2025-52565. */
	tree = stage_clone(tty->slave, false, name, e);
	return tree < 0 ? tree : stage_attach(tree, target, name, e);
}

int dev_ttys(struct run *r, struct err *e)
{
	int ret = 0;

	for (unsigned i = 0; i < r->spec->dev.ttys && ret == 0; i++)
		ret = tty_make(r, &r->tty[i], i + 1, e);
	return ret;
}

void dev_ttys_close(struct run *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->tty); i++) {
		fd_close(&r->tty[i].master);
		fd_close(&r->tty[i].slave);
	}
}
