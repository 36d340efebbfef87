/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: whatever the host's SELinux policy does not allow to a context, whoever asks.
 * Interfaces: /proc/thread-self/attr/exec, in force from the exec on. Opened like AppArmor's:
 * in the host's procfs, proven, not across a mount.
 *
 * Labels of files are the mounts' business, not this wall's.
 * Lost without it: nothing that was not asked for; by default no context is. */
#include "wall/selinux.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum { CONTEXT_MAX = 4096 };

/* --- keys ------------------------------------------------------------------------------ */

static const struct key keys[] = {
	{ .name = "lsm.selinux", .type = &key_string, .at = SPEC(lsm.selinux), .flag = "selinux",
	  .metavar = "CONTEXT", .doc = "SELinux context of the program: user:role:type:level" },
};

/* --- check ----------------------------------------------------------------------------- */

/* SELinux is active where its file system can be mounted; by convention it is, here. */
static bool selinux_active(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC;
}

static int selinux_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	if (!s->lsm.selinux || selinux_active())
		return 0;
	if (!wall_optional(s, "selinux")) {
		err_msg(e, ENOTSUP,
			"%s: lsm.selinux = %.200s, but SELinux is not active on this host",
			key_origin(s, "lsm.selinux"), s->lsm.selinux);
		return err_hint(e, "leave it empty, or set optional = selinux to start without");
	}
	log_note("no SELinux on this host: the context %s is left out", s->lsm.selinux);
	key_string.clear(&keys[0], &s->lsm.selinux);
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int selinux_exec(struct run *r, struct err *e)
{
	const char *context = r->spec->lsm.selinux;
	int ret;

	if (!context)
		return 0;
	ret = wall_write_proc(r->proc, "thread-self/attr/exec", context);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "lsm.selinux (%s): set the context %.200s for exec",
		key_origin(r->spec, "lsm.selinux"), context);
	if (ret == -EINVAL)
		return err_hint(e, "the loaded policy does not know this context");
	if (ret == -EACCES)
		return err_hint(e, "the policy does not let ward's own context setexec");
	return ret;
}

/* --- observe --------------------------------------------------------------------------- */

/* No KEY_SEEN: until the exec it is still the old context. */
static int selinux_observe(const struct look *l, struct spec *seen, struct err *e)
{
	autostr text = { 0 };
	int ret;

	if (!selinux_active())
		return 0;
	ret = file_read(l->proc, "attr/current", CONTEXT_MAX, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read the SELinux context of process %d", (int)l->pid);
	}
	if (text.len)
		text.text[strcspn(text.text, "\n")] = '\0';
	return key_string.set(&keys[0], &seen->lsm.selinux, str_text(&text), e);
}

/* --- rules ----------------------------------------------------------------------------- */

/* The type that policies give to what they do not confine. */
static bool holds_confined(const struct spec *s)
{
	return s->lsm.selinux && !strstr(s->lsm.selinux, ":unconfined_t") &&
	       !strstr(s->lsm.selinux, ":spc_t");
}

static const struct rule rules[] = {
	{ "selinux.context", holds_confined, "confined by an SELinux context",
	  "no confining SELinux context" },
};

static void selinux_summary(const struct spec *seen, struct str *out)
{
	if (holds_confined(seen))
		str_addf(out, "SELinux context %s", seen->lsm.selinux);
}

const struct wall wall_selinux = {
	.name = "selinux",
	.stops = "what the host's SELinux policy does not allow, whoever asks",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = selinux_check,
	.observe = selinux_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = selinux_summary,
};
