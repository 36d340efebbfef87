/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How this host is set up: cgroups, ids, directories, sysctls. Reads, and changes nothing but
 * that ward's own directories are made. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/check.h"
#include "store/range.h"
#include "store/store.h"
#include "wall/cgroup.h"

/* --- cgroups ----------------------------------------------------------------------------- */

struct mount_line {
	char path[256], type[32], options[512];
};

/* The next line of /proc/mounts with a cgroup file system; *at moves on. */
static bool next_cgroup(const char **at, struct mount_line *m)
{
	while (**at) {
		int n = sscanf(*at, "%*s %255s %31s %511s", m->path, m->type, m->options);

		*at += strcspn(*at, "\n");
		*at += **at == '\n';
		if (n == 3 && (!strcmp(m->type, "cgroup") || !strcmp(m->type, "cgroup2")))
			return true;
	}
	return false;
}

static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, separators);

		if (n == len && !strncmp(list, word, n))
			return true;
		list += n;
		list += strspn(list, separators);
	}
	return false;
}

enum check_state check_cgroups(const struct check *c, const struct host *h, struct str *found)
{
	size_t v1 = 0, v2 = 0;
	struct mount_line m;
	autostr text = { 0 };
	const char *at;

	(void)c;
	(void)h;
	file_read(AT_FDCWD, "/proc/mounts", 1 << 20, &text);
	for (at = str_text(&text); next_cgroup(&at, &m);)
		*(strcmp(m.type, "cgroup2") ? &v1 : &v2) += 1;
	str_add(found, v1 && v2 ? "hybrid: v1 and v2" : v1 ? "v1" : v2 ? "v2" : "none mounted");
	return v1 || v2 ? CHECK_OK : CHECK_WARN;
}

/* Our own cgroup in v2 as a path, where an ordinary user's limits are made. */
static void own_v2(const char *mount, struct str *path)
{
	autostr text = { 0 };
	const char *line;

	str_add(path, mount);
	if (file_read(AT_FDCWD, "/proc/self/cgroup", 65536, &text) < 0)
		return;
	line = str_starts(str_text(&text), "0::") ? str_text(&text) :
						    strstr(str_text(&text), "\n0::");
	if (!line)
		return;
	line = strstr(line, "0::") + 3;
	if (line[0] == '/' && line[1] != '\n')
		str_addn(path, line, strcspn(line, "\n"));
}

static bool has_v1(const char *controller, struct mount_line *m)
{
	const char *name = strcmp(controller, "io") ? controller : "blkio";
	autostr text = { 0 };
	const char *at;

	file_read(AT_FDCWD, "/proc/mounts", 1 << 20, &text);
	for (at = str_text(&text); next_cgroup(&at, m);)
		if (strcmp(m->type, "cgroup2") && has_word(m->options, name, ","))
			return true;
	return false;
}

enum check_state check_controller(const struct check *c, const struct host *h, struct str *found)
{
	autostr all = { 0 };
	autostr ours = { 0 };
	autostr where = { 0 };
	struct mount_line m;

	cgroup_v2_offer(&all, &ours, &where);
	if (has_word(str_text(&ours), c->of, " \n")) {
		str_addf(found, "v2, %s", str_text(&where));
		return CHECK_OK;
	}
	if (has_v1(c->of, &m)) {
		str_addf(found, "v1, %s%s", m.path, h->privileged ? "" : ": for root only");
		return h->privileged ? CHECK_OK : CHECK_WARN;
	}
	if (!has_word(str_text(&all), c->of, " \n"))
		str_add(found, "not in this kernel");
	else if (where.len)
		str_addf(found, "v2, but not delegated to %s", where.text);
	else
		str_add(found, "v2, but no cgroup was delegated to this user");
	return CHECK_WARN;
}

/* The root of v2 has no limits; any cgroup below shows whether swap is counted. */
static bool counts_swap(void)
{
	static const char *const files[] = {
		"/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes",
		"/sys/fs/cgroup/init.scope/memory.swap.max",
		"/sys/fs/cgroup/system.slice/memory.swap.max",
		"/sys/fs/cgroup/user.slice/memory.swap.max",
	};
	autostr own = { 0 };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (stat(files[i], &st) == 0)
			return true;
	own_v2("/sys/fs/cgroup", &own);
	str_add(&own, "/memory.swap.max");
	return stat(str_text(&own), &st) == 0;
}

enum check_state check_swap(const struct check *c, const struct host *h, struct str *found)
{
	autostr swaps = { 0 };
	const char *second;

	(void)c;
	(void)h;
	file_read(AT_FDCWD, "/proc/swaps", 65536, &swaps);
	second = strchr(str_text(&swaps), '\n');
	if (counts_swap()) {
		str_add(found, "on");
		return CHECK_OK;
	}
	if (!second || !second[1]) {
		str_add(found, "off, and the host has no swap");
		return CHECK_OK;
	}
	str_add(found, "off");
	return CHECK_WARN;
}

enum check_state check_delegation(const struct check *c, const struct host *h, struct str *found)
{
	(void)c;
	if (h->privileged)
		str_add(found, h->cgroup_usable ? "not needed by root" : "cgroups are read-only");
	else
		str_add(found,
			h->cgroup_usable ? "a cgroup can be written" : "no cgroup can be written");
	return h->cgroup_usable ? CHECK_OK : CHECK_WARN;
}

/* --- ids --------------------------------------------------------------------------------- */

enum check_state check_ids(const struct check *c, const struct host *h, struct str *found)
{
	struct err e = ERR_NONE;
	struct range_pool pool;
	int ret = h->privileged ? range_pool_root(&pool, &e) : range_pool_user(getuid(), &pool, &e);

	(void)c;
	if (ret < 0) {
		err_clean(&e);
		str_add(found, e.text);
		return CHECK_WARN;
	}
	str_addf(found, "%u ranges of %u from %u", pool.slots, pool.size, pool.base);
	return CHECK_OK;
}

/* Set-user-id root, or with a file capability, as distributions do it. */
static bool is_helper(const char *path)
{
	char value[64];
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != 0)
		return false;
	return (st.st_mode & S_ISUID) ||
	       getxattr(path, "security.capability", value, sizeof(value)) > 0;
}

enum check_state check_newuidmap(const struct check *c, const struct host *h, struct str *found)
{
	bool uid = is_helper("/usr/bin/newuidmap"), gid = is_helper("/usr/bin/newgidmap");

	(void)c;
	if (uid && gid)
		str_add(found, "/usr/bin/newuidmap, newgidmap");
	else
		str_add(found, h->privileged ? "not there, not needed by root" :
					       "not there, or not set-user-id root");
	return (uid && gid) || h->privileged ? CHECK_OK : CHECK_WARN;
}

enum check_state check_state_dir(const struct check *c, const struct host *h, struct str *found)
{
	struct err e = ERR_NONE;
	struct store s;

	(void)c;
	(void)h;
	if (store_open(&s, &e) < 0) {
		err_clean(&e);
		str_add(found, e.text);
		return CHECK_MISSING;
	}
	str_addf(found, "%s, %s", s.run_path, s.lib_path);
	store_close(&s);
	return CHECK_OK;
}

/* --- sysctls ----------------------------------------------------------------------------- */

/* "kernel.dmesg_restrict" as a file. */
static int sysctl_read(const char *name, struct str *value)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	ret = file_read(AT_FDCWD, path, 4096, value);
	if (ret == 0 && value->len && value->text[value->len - 1] == '\n')
		value->text[--value->len] = '\0';
	return ret;
}

enum check_state check_sysctl(const struct check *c, const struct host *h, struct str *found)
{
	autostr value = { 0 };
	int64_t number;
	int ret = sysctl_read(c->of, &value);

	if (ret == -ENOENT) {
		str_add(found, "not in this kernel");
		return c->absent_is_bad ? CHECK_WARN : CHECK_OK;
	}
	if (ret < 0) {
		str_addf(found, "cannot be read: %s", strerror(-ret));
		return CHECK_WARN;
	}
	str_add(found, str_text(&value));
	if (c->users_only && h->privileged)
		return CHECK_OK;
	return str_i64(str_text(&value), c->min, c->max, &number) == 0 ? CHECK_OK : CHECK_WARN;
}

enum check_state check_core_pattern(const struct check *c, const struct host *h, struct str *found)
{
	autostr value = { 0 };

	(void)h;
	if (sysctl_read(c->name, &value) < 0)
		return CHECK_OK;
	str_add(found, str_text(&value));
	return value.len && value.text[0] == '|' ? CHECK_WARN : CHECK_OK;
}
