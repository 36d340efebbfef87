/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: whatever the host's AppArmor policy names, by path and by kind, whoever asks.
 * Interfaces: /proc/thread-self/attr/apparmor/exec ("exec PROFILE"), in force from the exec on;
 * the profile must be loaded on the host already.
 *
 * The file is opened in the host's procfs, proven to be one, and reached without crossing a
 * mount: a container that could put another file there would have its label thrown away
 * (CVE-2019-16884, CVE-2025-52881).
 *
 * Lost without it: nothing that was not asked for; by default no label is. */
#include "wall/apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum { LABEL_MAX = 1024 };

/* --- keys ------------------------------------------------------------------------------ */

static const struct key keys[] = {
	{ .name = "lsm.apparmor", .type = &key_string, .at = SPEC(lsm.apparmor),
	  .flag = "apparmor", .metavar = "PROFILE",
	  .doc = "AppArmor profile, loaded on the host, that confines the program" },
};

/* --- check ----------------------------------------------------------------------------- */

static bool apparmor_active(void)
{
	autostr text = { 0 };

	return file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text) == 0 &&
	       str_starts(str_text(&text), "Y");
}

static int apparmor_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	if (!s->lsm.apparmor)
		return 0;
	if (strlen(s->lsm.apparmor) >= LABEL_MAX)
		return err_msg(e, ENAMETOOLONG, "%s: lsm.apparmor is too long",
			       key_origin(s, "lsm.apparmor"));
	if (apparmor_active())
		return 0;
	/* Where there is no AppArmor everything is unconfined. */
	if (strcmp(s->lsm.apparmor, "unconfined") && !wall_optional(s, "apparmor")) {
		err_msg(e, ENOTSUP,
			"%s: lsm.apparmor = %s, but AppArmor is not active on this host",
			key_origin(s, "lsm.apparmor"), s->lsm.apparmor);
		return err_hint(e, "leave it empty, or set optional = apparmor to start without");
	}
	log_note("no AppArmor on this host: profile %s is left out", s->lsm.apparmor);
	key_string.clear(&keys[0], &s->lsm.apparmor);
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int apparmor_exec(struct run *r, struct err *e)
{
	const char *profile = r->spec->lsm.apparmor;
	char command[LABEL_MAX + 8];
	int ret;

	if (!profile)
		return 0;
	snprintf(command, sizeof(command), "exec %s", profile);
	ret = wall_write_proc(r->proc, "thread-self/attr/apparmor/exec", command);
	if (ret == -ENOENT)
		ret = wall_write_proc(r->proc, "thread-self/attr/exec", command);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "lsm.apparmor (%s): enter profile %s", key_origin(r->spec, "lsm.apparmor"),
		profile);
	if (ret == -ENOENT)
		return err_hint(e, "load it with apparmor_parser, or see `aa-status`");
	return ret;
}

/* --- observe --------------------------------------------------------------------------- */

/* "PROFILE (enforce)" or "unconfined". No KEY_SEEN: until the exec it is still the old one. */
static int apparmor_observe(const struct look *l, struct spec *seen, struct err *e)
{
	autostr text = { 0 };
	char *end;
	int ret;

	if (!apparmor_active())
		return 0;
	ret = file_read(l->proc, "attr/apparmor/current", LABEL_MAX, &text);
	if (ret == -ENOENT)
		ret = file_read(l->proc, "attr/current", LABEL_MAX, &text);
	if (ret < 0 || !text.len) {
		errno = ret < 0 ? -ret : EPROTO;
		return err_sys(e, "read the AppArmor profile of process %d", (int)l->pid);
	}
	text.text[strcspn(text.text, "\n")] = '\0';
	end = strstr(text.text, " (");
	if (end)
		*end = '\0';
	return strcmp(text.text, "unconfined") ?
		       key_string.set(&keys[0], &seen->lsm.apparmor, text.text, e) :
		       0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_confined(const struct spec *s)
{
	return s->lsm.apparmor && strcmp(s->lsm.apparmor, "unconfined");
}

static const struct rule rules[] = {
	{ "apparmor.profile", holds_confined, "confined by an AppArmor profile",
	  "no AppArmor profile" },
};

static void apparmor_summary(const struct spec *seen, struct str *out)
{
	if (holds_confined(seen))
		str_addf(out, "AppArmor profile %s", seen->lsm.apparmor);
}

const struct wall wall_apparmor = {
	.name = "apparmor",
	.stops = "what the host's AppArmor policy forbids, whoever asks",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = apparmor_check,
	.observe = apparmor_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = apparmor_summary,
};
