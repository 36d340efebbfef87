/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: being root inside when nothing needs it. In the profile app the payload is uid 1000 of
 * its own user namespace; root is asked for with a word. Interfaces: setresuid(2),
 * setgroups(2), umask(2).
 *
 * Comes after the bounding set is cut (CAP_SETPCAP is still needed there), before the
 * capability sets. Lost without it: one hole in the program makes its author root of the
 * user namespace. */
#include "wall/cred.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { ACCOUNTS_MAX = 1 << 20 /* bytes of an account file that are read */ };

/* --- keys ------------------------------------------------------------------------------ */

static int user_set(const struct key *k, void *field, const char *value, struct err *e)
{
	const char *colon = strchr(value, ':');

	if (str_has_control(value) || value[0] == ':' ||
	    (colon && (!colon[1] || strchr(colon + 1, ':'))))
		return err_msg(e, EINVAL, "'%s' is not UID[:GID] or NAME[:GROUP]", value);
	return key_string.set(k, field, value, e);
}

static void user_get(const struct key *k, const void *field, struct str *out)
{
	key_string.get(k, field, out);
}

static void user_clear(const struct key *k, void *field)
{
	key_string.clear(k, field);
}

static const struct key_type key_user = {
	.name = "user", .set = user_set, .get = user_get, .clear = user_clear
};

static const struct key keys[] = {
	{ .name = "process.user", .type = &key_user, .at = SPEC(process.user), .flag = "user",
	  .metavar = "UID[:GID]|NAME[:GROUP]", .doc = "who the program runs as, inside" },
	{ .name = "process.umask", .type = &key_u32, .at = SPEC(process.umask), .metavar = "OCTAL",
	  .doc = "file mode creation mask" },
};

/* --- check ----------------------------------------------------------------------------- */

static int cred_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	if (!s->process.user)
		return err_msg(e, EINVAL, "process.user is not set");
	if (s->process.umask > 0777)
		return err_msg(e, EINVAL, "%s: process.umask 0%o is not a file mode mask",
			       key_origin(s, "process.umask"), s->process.umask);
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* Field `n` (from 0) of a "a:b:c" line, copied; false when it is missing or too long. */
static bool field_copy(const char *line, int n, char *out, size_t size)
{
	const char *end;
	size_t len;

	while (n-- > 0) {
		line = strchr(line, ':');
		if (!line)
			return false;
		line++;
	}
	end = line + strcspn(line, ":\n");
	len = (size_t)(end - line);
	if (len >= size)
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}

static bool field_id(const char *line, int n, uint32_t *id)
{
	char text[16];
	uint64_t value;

	if (!field_copy(line, n, text, sizeof(text)) ||
	    str_u64(text, 10, 0, UINT32_MAX - 1, &value) < 0)
		return false;
	*id = (uint32_t)value;
	return true;
}

/* The line of an account file whose first field is `name`, or whose id (field 2) is *id. */
static const char *account_find(const char *text, const char *name, const uint32_t *id)
{
	char word[64];
	uint32_t have;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (name && field_copy(line, 0, word, sizeof(word)) && !strcmp(word, name))
			return line;
		if (id && field_id(line, 2, &have) && have == *id)
			return line;
	}
	return NULL;
}

/* The text of an account file of the container: a regular file of bounded size, or nothing. */
static int account_read(int root, const char *path, struct str *out)
{
	autoclose int fd = path_open(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, PATH_FOLLOW);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	return file_read_fd(fd, ACCOUNTS_MAX, out);
}

/* Supplementary groups: every group that lists the name as a member. */
static void groups_find(const char *groups, const char *name, struct identity *id)
{
	char members[4096], *rest, *word;

	for (const char *line = groups; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		uint32_t gid;

		if (!field_copy(line, 3, members, sizeof(members)) || !field_id(line, 2, &gid))
			continue;
		for (rest = members; (word = strsep(&rest, ","));)
			if (!strcmp(word, name) && id->n_groups < ARRAY_SIZE(id->groups))
				id->groups[id->n_groups++] = gid;
	}
}

static int resolve_group(int root, const char *group, struct identity *id, struct err *e)
{
	autostr text = { 0 };
	const char *line;
	uint64_t gid;

	if (str_u64(group, 10, 0, UINT32_MAX - 1, &gid) == 0) {
		id->gid = (uint32_t)gid;
		return 0;
	}
	account_read(root, "etc/group", &text);
	line = account_find(str_text(&text), group, NULL);
	if (!line || !field_id(line, 2, &id->gid))
		return err_msg(e, EINVAL, "the container has no group '%s' (its /etc/group)",
			       group);
	return 0;
}

int cred_resolve_user(int root, const char *user, struct identity *id, struct err *e)
{
	char head[256];
	const char *group = strchr(user, ':');
	autostr passwd = { 0 };
	autostr groups = { 0 };
	const char *line;
	uint64_t number;
	bool numeric;

	*id = (struct identity){ .home = "/" };
	if (snprintf(head, sizeof(head), "%.*s", (int)strcspn(user, ":"), user) >=
	    (int)sizeof(head))
		return err_msg(e, EINVAL, "the user name is too long");
	numeric = str_u64(head, 10, 0, UINT32_MAX - 1, &number) == 0;
	/* "1x" or "4294967296" must never end up as some other number (CVE-2026-30892). */
	if (!numeric && head[0] >= '0' && head[0] <= '9')
		return err_msg(e, EINVAL, "'%s' is neither a user id nor a name", head);
	if (numeric)
		id->uid = id->gid = (uint32_t)number;
	account_read(root, "etc/passwd", &passwd);
	line = account_find(str_text(&passwd), numeric ? NULL : head, numeric ? &id->uid : NULL);
	if (!numeric && (!line || !field_id(line, 2, &id->uid)))
		return err_msg(e, EINVAL, "the container has no user '%s' (its /etc/passwd)", head);
	if (line) {
		field_id(line, 3, &id->gid);
		if (!field_copy(line, 5, id->home, sizeof(id->home)) || id->home[0] != '/' ||
		    str_has_control(id->home))
			strcpy(id->home, "/");
	}
	if (group)
		return resolve_group(root, group + 1, id, e);
	if (line && field_copy(line, 0, head, sizeof(head))) {
		account_read(root, "etc/group", &groups);
		groups_find(str_text(&groups), head, id);
	}
	return 0;
}

int cred_resolve(struct run *r, struct err *e)
{
	int ret = cred_resolve_user(r->root, r->spec->process.user, &r->identity, e);

	if (ret < 0)
		return err_add(e, "%s: process.user", key_origin(r->spec, "process.user"));
	if (run_outside(&r->uid_map, r->identity.uid) < 0 ||
	    run_outside(&r->gid_map, r->identity.gid) < 0)
		return err_msg(e, EINVAL,
			       "%s: process.user %u:%u is not one of the container's ids",
			       key_origin(r->spec, "process.user"), r->identity.uid,
			       r->identity.gid);
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int cred_user(struct run *r, struct err *e)
{
	const struct identity *id = &r->identity;

	umask(r->spec->process.umask);
	if (!(r->host->rootless && r->host->single_id) && setgroups(id->n_groups, id->groups) < 0)
		return err_sys(e, "set supplementary groups");
	if (setresgid(id->gid, id->gid, id->gid) < 0)
		return err_sys(e, "become group %u", id->gid);
	if (setresuid(id->uid, id->uid, id->uid) < 0)
		return err_sys(e, "become user %u", id->uid);
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

/* "Uid:" of /proc/PID/status in the reader's user namespace: real effective saved fs. */
static int cred_verify(const struct run *r, const struct look *l, const struct spec *seen,
		       struct err *e)
{
	static const char *const fields[] = { "Uid", "Gid" };
	const int64_t want[] = { run_outside(&r->uid_map, r->identity.uid),
				 run_outside(&r->gid_map, r->identity.gid) };

	(void)seen;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		long long id[4];
		char text[128];

		if (!look_field(l, fields[i], text, sizeof(text)) ||
		    sscanf(text, "%lld %lld %lld %lld", &id[0], &id[1], &id[2], &id[3]) != 4)
			return err_msg(e, EPROTO, "cred: the kernel shows no %s", fields[i]);
		for (size_t j = 0; j < ARRAY_SIZE(id); j++)
			if (id[j] != want[i])
				return err_msg(e, EPROTO, "cred: asked %s %lld, the kernel shows %s",
					       fields[i], (long long)want[i], text);
	}
	return 0;
}

static int cred_observe(const struct look *l, struct spec *seen, struct err *e)
{
	char text[128];
	long long uid;

	if (!look_field(l, "Uid", text, sizeof(text)) || sscanf(text, "%lld", &uid) != 1)
		return err_msg(e, EPROTO, "cred: the kernel shows no Uid");
	seen->process.uid = (uint32_t)uid;
	return 0;
}

static bool not_root(const struct spec *s)
{
	return run_outside(&s->idmap.uid, 0) != (int64_t)s->process.uid;
}

static const struct rule rules[] = {
	{ "cred.not-root", not_root, "the program is not root inside", "the program is root inside" },
};

static void cred_summary(const struct spec *seen, struct str *out)
{
	str_addf(out, "the program is host uid %u", seen->process.uid);
}

const struct wall wall_cred = {
	.name = "cred",
	.stops = "being root inside when nothing needs it",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = cred_check,
	.observe = cred_observe,
	.verify = cred_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = cred_summary,
};
