/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A translated configuration as a person would have written it: what differs from the profile. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "front/gate.h"
#include "front/lxc_spec.h"
#include "front/profile.h"
#include "spec/dump.h"
#include "spec/key.h"

/* --- the machine ------------------------------------------------------------------------ */

void lxc_host_look(struct lxc_host *h)
{
	autostr apparmor = { 0 };
	struct statfs fs;

	*h = (struct lxc_host){
		.unified = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC,
		.selinux = access("/sys/fs/selinux/enforce", F_OK) == 0,
	};
	h->apparmor = file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16,
				&apparmor) == 0 &&
		      str_starts(str_text(&apparmor), "Y");
}

/* --- what differs ----------------------------------------------------------------------- */

/* A dump as lines; those of one key stand together, but tmpfs and volume, whose order counts, are
 * one list, and so are all network devices. */
struct lines {
	struct str text;
	struct list item;
};

static void lines_free(struct lines *l)
{
	str_free(&l->text);
	list_clear(&l->item);
}

static const char *group_of(const char *line, char *out, size_t size)
{
	size_t n = strcspn(line, " =");

	if (str_starts(line, "net."))
		n = strcspn(line, "0123456789 =") < n ? strlen("net") : n;
	if (str_starts(line, "tmpfs "))
		return "volume";
	if (n >= size)
		n = size - 1;
	memcpy(out, line, n);
	out[n] = '\0';
	return out;
}

static int lines_read(struct lines *l, const struct spec *s, struct err *e)
{
	char *rest, *line;

	dump_write(s, false, &l->text);
	rest = l->text.text;
	while (!l->text.failed && (line = strsep(&rest, "\n")))
		if (*line && list_add(&l->item, line) < 0)
			return err_mem(e);
	return l->text.failed ? err_mem(e) : 0;
}

/* All lines of one group, one after the other. */
static void group_text(const struct lines *l, const char *group, struct str *out)
{
	char name[128];

	for (size_t i = 0; i < l->item.n; i++)
		if (!strcmp(group_of(l->item.item[i], name, sizeof(name)), group))
			str_addf(out, "%s\n", l->item.item[i]);
}

/* What makes the profile's lines of a group go away, before its own are written. */
static void clear_group(const char *group, struct str *out)
{
	const struct key *k = key_find(group, NULL);

	if (!strcmp(group, "volume"))
		str_add(out, "tmpfs =\nvolume =\n");
	else if (!strcmp(group, "net") || (k && k->type->many))
		str_addf(out, "%s =\n", group);
}

static void print_group(const struct lines *base, const struct lines *s, const char *group,
			struct str *out)
{
	autostr before = { 0 }, after = { 0 };

	group_text(base, group, &before);
	group_text(s, group, &after);
	out->failed |= before.failed | after.failed;
	if (out->failed || !strcmp(str_text(&before), str_text(&after)))
		return;
	if (before.len)
		clear_group(group, out);
	str_add(out, str_text(&after));
	/* Cleared, where the profile has one value. */
	if (!after.len && strcmp(group, "net") && !key_find(group, NULL)->type->many)
		str_addf(out, "%s =\n", group);
}

static bool is_of_ward(const char *group)
{
	return !strcmp(group, "profile") || !strcmp(group, "spec.profile") ||
	       !strcmp(group, "spec.gates");
}

static void print_changes(const struct lines *base, const struct lines *s, struct str *out)
{
	struct list done = { 0 };
	const struct lines *both[] = { s, base };

	for (size_t b = 0; b < ARRAY_SIZE(both); b++) {
		for (size_t i = 0; i < both[b]->item.n; i++) {
			char name[128];
			const char *group = group_of(both[b]->item.item[i], name, sizeof(name));

			if (is_of_ward(group) || list_has(&done, group))
				continue;
			print_group(base, s, group, out);
			out->failed |= list_add(&done, group) < 0;
		}
	}
	list_clear(&done);
}

/* --- the whole -------------------------------------------------------------------------- */

/* A file's name may hold anything. */
static void add_clean(const char *text, struct str *out)
{
	for (; *text; text++)
		str_addn(out, (unsigned char)*text < 0x20 ? "?" : text, 1);
}

static void print_notes(const struct lxc_notes *notes, bool lost, const char *title,
			struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < notes->n; i++) {
		const struct lxc_note *note = &notes->item[i];

		if (note->lost != lost)
			continue;
		if (!any)
			str_addf(out, "#\n# %s\n", title);
		any = true;
		str_add(out, "#   ");
		add_clean(note->where, out);
		str_addf(out, ": %s = ", note->name);
		add_clean(note->value, out);
		str_add(out, "\n#       ");
		add_clean(note->text, out);
		str_add(out, "\n");
	}
}

/* What the first lines of the output come to: gates set keys, which the lines below set again where
 * they differ. */
static int begin_base(struct spec *base, const struct spec *s, struct err *e)
{
	int ret = profile_apply(base, s->profile, "lxc_print", e);

	for (size_t i = 0; i < s->gates.n && ret == 0; i++)
		ret = gate_open(base, s->gates.item[i], "lxc_print", e);
	return ret;
}

int lxc_print(const struct spec *s, const struct lxc_notes *notes, struct str *out, struct err *e)
{
	struct lines before = { 0 }, after = { 0 };
	autospec base;
	int ret;

	spec_init(&base);
	ret = begin_base(&base, s, e);
	if (ret == 0)
		ret = lines_read(&before, &base, e);
	if (ret == 0)
		ret = lines_read(&after, s, e);
	if (ret == 0) {
		str_add(out, "# Converted from an LXC configuration.\n");
		print_notes(notes, true, "Not as it was:", out);
		print_notes(notes, false, "For others than a specification of the container:", out);
		str_addf(out, "\nprofile = %s\n", s->profile);
		for (size_t i = 0; i < s->gates.n; i++)
			str_addf(out, "allow = %s\n", s->gates.item[i]);
		print_changes(&before, &after, out);
	}
	lines_free(&before);
	lines_free(&after);
	return ret == 0 && out->failed ? err_mem(e) : ret;
}
