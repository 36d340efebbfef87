/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/posture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wall/caps.h"
#include "wall/seccomp.h"
#include "wall/wall.h"

enum { PROC_TEXT_MAX = 4 << 20 };

static void look_close(struct look *l)
{
	fd_close(&l->proc);
	fd_close(&l->self);
	str_free(&l->status);
	str_free(&l->mountinfo);
}

static int look_open(struct look *l, int proc, struct err *e)
{
	char path[16];

	snprintf(path, sizeof(path), "%d", (int)l->pid);
	l->proc = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->self = openat(proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->proc < 0 || l->self < 0)
		return err_sys(e, "open /proc/%s", path);
	return 0;
}

static int look_read(struct look *l, const char *file, struct str *out, struct err *e)
{
	int ret = file_read(l->proc, file, PROC_TEXT_MAX, out);

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s of process %d", file, (int)l->pid);
	}
	return 0;
}

int posture_observe(const struct host *h, int proc, pid_t pid, const struct run_cgroup *cg,
		    struct spec *seen, struct err *e)
{
	struct look l = { .host = h, .pid = pid, .proc = -EBADF, .self = -EBADF, .cg = cg };
	int ret = look_open(&l, proc, e);

	if (ret == 0)
		ret = look_read(&l, "status", &l.status, e);
	if (ret == 0)
		ret = look_read(&l, "mountinfo", &l.mountinfo, e);
	if (ret == 0)
		ret = walls_observe(&l, seen, e);
	look_close(&l);
	return ret;
}

static int verify(struct run *r, enum settled when, struct err *e)
{
	struct look l = {
		.host = r->host, .pid = r->pid, .proc = -EBADF, .self = -EBADF, .cg = &r->cg,
		.net = r->spec->ns[NS_NET].how == NS_NEW ? &r->net : NULL,
	};
	int ret = look_open(&l, r->proc, e);

	if (ret == 0 && when == SETTLED_SEALED)
		ret = look_read(&l, "status", &l.status, e);
	if (ret == 0 && when == SETTLED_MOUNTED)
		ret = look_read(&l, "mountinfo", &l.mountinfo, e);
	if (ret == 0)
		ret = walls_verify(r, &l, when, r->seen, e);
	look_close(&l);
	return ret < 0 ? err_add(e, "verify the posture") : 0;
}

int posture_entered(struct run *r, struct err *e)
{
	r->seen = malloc(sizeof(*r->seen));
	if (!r->seen)
		return err_mem(e);
	spec_init(r->seen);
	return verify(r, SETTLED_ENTERED, e);
}

int posture_mounted(struct run *r, struct err *e)
{
	return verify(r, SETTLED_MOUNTED, e);
}

int posture_sealed(struct run *r, struct err *e)
{
	return verify(r, SETTLED_SEALED, e);
}

int posture_tell(struct run *r, struct err *e)
{
	return r->verified ? r->verified(r, e) : 0;
}

int posture_verify_process(struct run *r, struct err *e)
{
	struct look l = { .host = r->host, .pid = r->pid, .proc = -EBADF, .self = -EBADF };
	struct spec *seen = malloc(sizeof(*seen));
	int ret;

	if (!seen)
		return err_mem(e);
	spec_init(seen);
	ret = look_open(&l, r->proc, e);
	if (ret == 0)
		ret = look_read(&l, "status", &l.status, e);
	if (ret == 0)
		ret = wall_caps.observe(&l, seen, e);
	for (size_t i = 0; ret == 0 && i < wall_caps.n_keys; i++) {
		const struct key *k = &wall_caps.keys[i];

		if ((k->flags & KEY_SEEN) && !key_equal(k, r->spec, seen))
			ret = err_msg(e, EPROTO, "%s is not what was asked for", k->name);
	}
	if (ret == 0)
		ret = seccomp_verify(r, &l, seen, e);
	look_close(&l);
	spec_free(seen);
	free(seen);
	return ret < 0 ? err_add(e, "verify the posture") : 0;
}

void posture_summary(const struct spec *seen, struct str *out)
{
	for (size_t i = 0; walls[i]; i++) {
		autostr line = { 0 };

		if (walls[i]->summary)
			walls[i]->summary(seen, &line);
		if (line.len)
			str_addf(out, "  %-10s %s\n", walls[i]->name, str_text(&line));
	}
}
