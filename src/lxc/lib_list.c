/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers there are: those with a configuration below a directory, and those whose monitor
 * listens, which /proc/net/unix shows. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "lxc/lib.h"

static const char *directory(const char *lxcpath)
{
	return lxcpath ? lxcpath : lxc_get_global_config_item("lxc.lxcpath");
}

static int collect_defined(const char *lxcpath, struct list *names)
{
	autoclosedir DIR *dir = opendir(lxcpath);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (ret == 0 && (entry = readdir(dir))) {
		autostr config = { 0 };
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		str_addf(&config, "%s/config", entry->d_name);
		if (fstatat(dirfd(dir), str_text(&config), &st, 0) == 0 &&
		    !list_has(names, entry->d_name))
			ret = list_add(names, entry->d_name);
	}
	return ret;
}

/* A name that was shortened says nothing; its monitor does. */
static char *ask_for_name(const char *hashed, const char *lxcpath)
{
	struct sockaddr_un wanted;
	struct lxc_container c = { .config_path = (char *)lxcpath };
	char *found = NULL;
	autoclosedir DIR *dir = opendir(lxcpath);
	struct dirent *entry;

	while (dir && !found && (entry = readdir(dir))) {
		c.name = entry->d_name;
		lxc_command_address(lxcpath, c.name, &wanted);
		if (!strcmp(wanted.sun_path + 1, hashed))
			found = strdup(entry->d_name);
	}
	return found;
}

/* The path of "0000: 00000003 00000000 00010000 0001 01 12345 @/var/lib/lxc/c1/command". */
static int take_socket(const char *path, const char *lxcpath, struct list *names)
{
	size_t n = strlen(lxcpath), len = strlen(path), end = strlen("/command");
	autofree char *name = NULL;

	if (!str_ends(path, "/command"))
		return 0;
	if (!strncmp(path, "lxc/", 4))
		name = ask_for_name(path, lxcpath);
	else if (!strncmp(path, lxcpath, n) && path[n] == '/' && len > n + 1 + end)
		name = strndup(path + n + 1, len - n - 1 - end);
	if (!name || !*name || strchr(name, '/') || list_has(names, name))
		return 0;
	return list_add(names, name);
}

static int collect_active(const char *lxcpath, struct list *names)
{
	autostr text = { 0 };
	char *line, *rest;
	int ret = file_read(AT_FDCWD, "/proc/net/unix", 64 << 20, &text);

	for (rest = text.text; ret == 0 && rest && (line = strsep(&rest, "\n"));) {
		const char *at = strchr(line, '@');

		if (at)
			ret = take_socket(at + 1, lxcpath, names);
	}
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Objects for all names; a name whose configuration cannot be read is left out of both. */
static int make_objects(struct list *names, const char *lxcpath, struct lxc_container ***cret)
{
	struct lxc_container **all = calloc(names->n + 1, sizeof(struct lxc_container *));
	size_t n = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < names->n; i++) {
		struct lxc_container *c = lxc_container_new(names->item[i], lxcpath);

		if (c) {
			all[n] = c;
			names->item[n++] = names->item[i];
		} else {
			free(names->item[i]);
		}
	}
	names->n = n;
	*cret = all;
	return 0;
}

static int hand_over(struct list *names, int ret, const char *lxcpath, char ***out,
		     struct lxc_container ***cret)
{
	int n;

	if (ret == 0 && names->n)
		qsort(names->item, names->n, sizeof(*names->item), by_name);
	if (ret == 0 && cret)
		ret = make_objects(names, lxcpath, cret);
	n = (int)names->n;
	if (ret == 0 && out && n) {
		/* Callers may walk it to a NULL. */
		char **grown = realloc(names->item, ((size_t)n + 1) * sizeof(*grown));

		if (grown) {
			grown[n] = NULL;
			*out = grown;
			return n;
		}
		ret = -ENOMEM;
	} else if (out) {
		*out = NULL;
	}
	list_clear(names);
	return ret < 0 ? -1 : n;
}

API int list_defined_containers(const char *lxcpath, char ***names, struct lxc_container ***cret)
{
	struct list found = { 0 };
	int ret = collect_defined(directory(lxcpath), &found);

	return hand_over(&found, ret, directory(lxcpath), names, cret);
}

API int list_active_containers(const char *lxcpath, char ***names, struct lxc_container ***cret)
{
	struct list found = { 0 };
	int ret = collect_active(directory(lxcpath), &found);

	return hand_over(&found, ret, directory(lxcpath), names, cret);
}

API int list_all_containers(const char *lxcpath, char ***names, struct lxc_container ***cret)
{
	struct list found = { 0 };
	int ret = collect_defined(directory(lxcpath), &found);

	if (ret == 0)
		ret = collect_active(directory(lxcpath), &found);
	return hand_over(&found, ret, directory(lxcpath), names, cret);
}
