/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarding, for our bridges and nothing else, and back.
 *
 * IPv4 forwards what comes in by an interface whose own switch is on: ours is put on for the bridges
 * and the uplinks (the answers come in there). The filter drops what an uplink would forward past
 * our bridges, so the host does not become a router.
 * IPv6 asks one switch for the whole host, conf/all/forwarding, unless the kernel has force_forwarding
 * (6.17), a switch per interface. With the former the host would be a router, and routers believe no
 * router advertisements: its default route would go. accept_ra=2 means "although", and must be there
 * before: Documentation/networking/ip-sysctl.rst.
 *
 * RUN/net/-sysctl holds a line "VALUE PATH" for each file before it is changed for the first time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/inner.h"

enum { NOTES_MAX = 1 << 18 };

/* --- files --------------------------------------------------------------------------- */

static void full_path(const char *path, char *full, size_t size)
{
	snprintf(full, size, "/proc/sys/net/%s", path);
}

int64_t sysctl_get(const char *path)
{
	char full[192];
	autostr text = { 0 };
	int64_t value;

	full_path(path, full, sizeof(full));
	if (file_read(AT_FDCWD, full, 64, &text) < 0 || !text.len)
		return -1;
	text.text[strcspn(text.text, "\n\t ")] = '\0';
	return str_i64(text.text, 0, INT64_MAX, &value) < 0 ? -1 : value;
}

int sysctl_put(const char *path, const char *value)
{
	char full[192];

	full_path(path, full, sizeof(full));
	return file_write(AT_FDCWD, full, value);
}

/* --- the memory ---------------------------------------------------------------------- */

struct notes {
	int dir;
	struct str text;
};

static int notes_open(const struct store *s, struct notes *n, struct err *e)
{
	int ret;

	*n = (struct notes){ .dir = net_run_dir(s, NULL, true, e) };
	if (n->dir < 0)
		return n->dir;
	ret = file_read(n->dir, NET_SYSCTL, NOTES_MAX, &n->text);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	errno = -ret;
	return err_sys(e, "read what was changed in /proc/sys/net");
}

static void notes_close(struct notes *n)
{
	fd_close(&n->dir);
	str_free(&n->text);
}
#define autonotes __attribute__((cleanup(notes_close))) struct notes

static bool noted(const struct notes *n, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = str_text(&n->text); (at = strstr(at, path)); at++)
		if (at > n->text.text && at[-1] == ' ' && at[len] == '\n')
			return true;
	return false;
}

/* Note the old value, then write the new one: a kill between leaves a note that changes nothing. */
static int change(struct notes *n, const char *path, int64_t value, struct err *e)
{
	int64_t old = sysctl_get(path);
	char text[24];
	int ret = 0;

	if (old == value)
		return 0;
	if (!noted(n, path)) {
		str_addf(&n->text, "%lld %s\n", (long long)old, path);
		ret = n->text.failed ?
			      -ENOMEM :
			      file_replace(n->dir, NET_SYSCTL, n->text.text, n->text.len, 0600);
		if (ret < 0) {
			errno = -ret;
			return err_sys(e, "note the old value of net/%s", path);
		}
	}
	snprintf(text, sizeof(text), "%lld", (long long)value);
	ret = sysctl_put(path, text);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "set net/%s to %lld", path, (long long)value);
}

/* --- opening ------------------------------------------------------------------------- */

static int open4(struct notes *n, const char *interface, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "ipv4/conf/%s/forwarding", interface);
	return change(n, path, 1, e);
}

/* Interfaces of the host, by the directory of their settings: "all" and "default" among them. */
static int each_interface(int (*visit)(struct notes *n, const char *name, struct err *e),
			  struct notes *n, struct err *e)
{
	autoclosedir DIR *d = opendir("/proc/sys/net/ipv6/conf");
	struct dirent *entry;
	int ret = 0;

	while (d && ret == 0 && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			ret = visit(n, entry->d_name, e);
	return ret;
}

/* What obeys router advertisements goes on doing so; a router by RFC 4861 would not. */
static int keep_accept_ra(struct notes *n, const char *name, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "ipv6/conf/%.32s/accept_ra", name);
	return sysctl_get(path) == 1 ? change(n, path, 2, e) : 0;
}

static int note_opened6(struct notes *n, const char *name, struct err *e)
{
	char path[64];

	(void)e;
	if (!strcmp(name, "all") || !strcmp(name, "default") || !strcmp(name, "lo"))
		return 0;
	snprintf(path, sizeof(path), "ipv6/conf/%.32s/forwarding", name);
	if (sysctl_get(path) == 0 && !noted(n, path))
		str_addf(&n->text, "0 %s\n", path);
	return 0;
}

static int open_all6(struct notes *n, struct err *e)
{
	int ret = each_interface(keep_accept_ra, n, e);

	if (ret == 0)
		ret = each_interface(note_opened6, n, e);
	return ret == 0 ? change(n, "ipv6/conf/all/forwarding", 1, e) : ret;
}

static int open6(struct notes *n, const char *interface, struct err *e)
{
	char path[64];
	int ret;

	if (sysctl_get("ipv6/conf/all/forwarding") != 0)
		return 0; /* on already, or no IPv6 */
	snprintf(path, sizeof(path), "ipv6/conf/%s/force_forwarding", interface);
	if (sysctl_get(path) == 1)
		return 0;
	ret = sysctl_get(path) == 0 ? change(n, path, 1, e) : -ENOENT;
	return ret < 0 ? open_all6(n, e) : 0;
}

/* Without a note: its settings end with it. Where IPv6 has one switch for all, the uplinks' turn sets
 * this one too. */
static int open_bridge(const char *bridge, struct err *e)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "ipv6/conf/%s/force_forwarding", bridge);
	sysctl_put(path, "1");
	snprintf(path, sizeof(path), "ipv4/conf/%s/forwarding", bridge);
	ret = sysctl_put(path, "1");
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "set net/%s to 1", path);
}

int forward_open(const struct store *s, const struct uplinks *up, const char *bridge, struct err *e)
{
	autonotes n = { .dir = -EBADF };
	int ret = notes_open(s, &n, e);

	if (ret == 0)
		ret = open_bridge(bridge, e);
	for (size_t i = 0; i < up->n && ret == 0; i++) {
		ret = open4(&n, up->item[i].name, e);
		if (ret == 0)
			ret = open6(&n, up->item[i].name, e);
	}
	return ret;
}

/* --- reading the memory -------------------------------------------------------------- */

/* The next line; *at moves on. False at the end. */
static bool next_note(const char **at, char *path, size_t size, int64_t *value)
{
	while (**at) {
		size_t n = strcspn(*at, "\n");
		const char *space = memchr(*at, ' ', n);
		char number[24] = "";

		if (space && (size_t)(space - *at) < sizeof(number) &&
		    n - (size_t)(space - *at) - 1 < size) {
			size_t len = n - (size_t)(space - *at) - 1;

			memcpy(number, *at, (size_t)(space - *at));
			memcpy(path, space + 1, len);
			path[len] = '\0';
		}
		*at += n;
		*at += **at == '\n';
		if (number[0] && str_i64(number, -1, INT64_MAX, value) == 0)
			return true;
	}
	return false;
}

/* "ipv4/conf/NAME/forwarding" -> NAME; a name of an interface can hold anything but a slash. */
static bool interface_of(const char *path, int family, char *name, size_t size)
{
	const char *head = family == AF_INET ? "ipv4/conf/" : "ipv6/conf/";
	const char *start = path + strlen(head), *end;

	if (!str_starts(path, head) || !str_ends(path, "forwarding"))
		return false;
	end = strchr(start, '/');
	if (!end || (size_t)(end - start) >= size)
		return false;
	memcpy(name, start, (size_t)(end - start));
	name[end - start] = '\0';
	return strcmp(name, "all") != 0;
}

/* On for the whole host, and not by us: somebody else made it a router meanwhile, Docker for one. What
 * we changed is his now. */
static bool is_router(const struct notes *n, const char *family)
{
	char path[32];

	snprintf(path, sizeof(path), "%.4s/conf/all/forwarding", family);
	return sysctl_get(path) == 1 && !noted(n, path);
}

int forward_opened(const struct store *s, int family, struct list *names, struct err *e)
{
	autonotes n = { .dir = -EBADF };
	char path[128], name[64];
	const char *at;
	int64_t value;
	int ret = notes_open(s, &n, e);

	if (ret < 0 || is_router(&n, family == AF_INET ? "ipv4" : "ipv6"))
		return ret;
	for (at = str_text(&n.text); ret == 0 && next_note(&at, path, sizeof(path), &value);)
		if (value == 0 && interface_of(path, family, name, sizeof(name)) &&
		    !list_has(names, name) && list_add(names, name) < 0)
			ret = err_mem(e);
	return ret;
}

/* Backwards: conf/all/forwarding goes off before accept_ra is what it was. */
int forward_restore(const struct store *s, struct err *e)
{
	autonotes n = { .dir = -EBADF };
	char path[128], text[24];
	int64_t value;
	int ret = notes_open(s, &n, e);

	for (size_t end = n.text.len; ret == 0 && end;) {
		size_t start = end - 1;
		const char *at;

		while (start && n.text.text[start - 1] != '\n')
			start--;
		at = n.text.text + start;
		if (next_note(&at, path, sizeof(path), &value) && value >= 0 &&
		    !is_router(&n, path)) {
			snprintf(text, sizeof(text), "%lld", (long long)value);
			ret = sysctl_put(path, text);
			/* Its interface is gone, or the kernel never let us change it. */
			ret = ret == -ENOENT || sysctl_get(path) == value ? 0 : ret;
		}
		end = start;
	}
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "set net/%s back to %s", path, text);
	}
	if (n.dir >= 0 && unlinkat(n.dir, NET_SYSCTL, 0) < 0 && errno != ENOENT)
		return err_sys(e, "forget what was changed in /proc/sys/net");
	return 0;
}
