/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/lxc_conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_key.h"

/* --- entries ---------------------------------------------------------------------------- */

static void entry_free(struct lxc_entry *entry)
{
	free(entry->name);
	free(entry->value);
	free(entry->where);
}

void lxc_conf_free(struct lxc_config *c)
{
	for (size_t i = 0; i < c->n; i++)
		entry_free(&c->entry[i]);
	free(c->entry);
	str_free(&c->text);
	list_clear(&c->hints);
	free(c->backend);
	*c = (struct lxc_config){ 0 };
}

static int entry_add(struct lxc_config *c, const struct lxc_name *name, const char *value,
		     const char *where, struct err *e)
{
	struct lxc_entry new = { name->key, strdup(name->text), strdup(value), strdup(where) };
	struct lxc_entry *grown = c->entry;

	if (c->n == LXC_ENTRIES_MAX) {
		entry_free(&new);
		return err_msg(e, E2BIG, "more than %d values", LXC_ENTRIES_MAX);
	}
	if (c->n == c->room) {
		grown = reallocarray(c->entry, c->room * 2 + 16, sizeof(*grown));
		c->room = grown ? c->room * 2 + 16 : c->room;
		c->entry = grown ? grown : c->entry;
	}
	if (!grown || !new.name || !new.value || !new.where) {
		entry_free(&new);
		return err_mem(e);
	}
	c->entry[c->n++] = new;
	return 0;
}

/* "lxc.net.1" is above "lxc.net.1.link" and not above "lxc.net.10.link". */
static bool is_below(const char *name, const char *above)
{
	size_t n = strlen(above);

	return !strncmp(name, above, n) && name[n] == '.';
}

/* Remove the values of a key; of a family those of all its members, which have its row; of a name
 * without a value those of everything below it. */
static void entry_drop(struct lxc_config *c, const struct lxc_name *name)
{
	const struct lxc_key *family = name->key->flags & LXC_FAMILY && !*name->rest ? name->key :
										       NULL;
	bool below = name->key->form == LXC_NONE;
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct lxc_entry *entry = &c->entry[i];

		if (!strcmp(entry->name, name->text) || entry->key == family ||
		    (below && is_below(entry->name, name->text)))
			entry_free(entry);
		else
			c->entry[kept++] = *entry;
	}
	c->n = kept;
}

const char *lxc_conf_value(const struct lxc_config *c, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->entry[i].name, name))
			value = c->entry[i].value;
	return value;
}

/* --- setting ---------------------------------------------------------------------------- */

static int wrong(const struct lxc_name *name, const char *where, struct err *e)
{
	return err_add(e, "%s: %s", where, name->text);
}

static int read_value(const struct lxc_name *name, const char *value, struct str *out,
		      struct err *e)
{
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return err_msg(e, EINVAL, "the value holds a control character");
	if (name->key->read)
		return name->key->read(name->key, value, out, e);
	str_add(out, value);
	return out->failed ? err_mem(e) : 0;
}

static int add_words(struct lxc_config *c, const struct lxc_name *name, const char *value,
		     const char *where, struct err *e)
{
	const char *between = name->key->form == LXC_COMMAS ? ", \t" : " \t";
	autofree char *copy = strdup(value);
	char *rest = copy, *word;
	size_t before = c->n;
	int ret = copy ? 0 : err_mem(e);

	while (ret == 0 && (word = strsep(&rest, between))) {
		autostr out = { 0 };

		if (!*word)
			continue;
		ret = read_value(name, word, &out, e);
		/* LXC's word for "forget what was listed so far". */
		if (ret == 0 && name->key->not_with && !strcmp(word, "none")) {
			entry_drop(c, name);
			before = c->n;
		}
		if (ret == 0)
			ret = entry_add(c, name, str_text(&out), where, e);
	}
	/* All words of a line or none. */
	while (ret < 0 && c->n > before)
		entry_free(&c->entry[--c->n]);
	return ret;
}

/* What stands in the way of this key, apart from its value. */
static int check_place(const struct lxc_config *c, const struct lxc_name *name, struct err *e)
{
	const struct lxc_key *k = name->key;
	char type[64];
	const char *have;

	if (k->form == LXC_NONE || (k->flags & LXC_FAMILY && !*name->rest))
		return err_msg(e, EINVAL,
			       "only an empty value is possible here, which clears all "
			       "keys below it");
	if (k->not_with && lxc_conf_value(c, k->not_with))
		return err_msg(e, EINVAL, "%s is set, and the two exclude each other", k->not_with);
	if (!k->only)
		return 0;
	snprintf(type, sizeof(type), "lxc.net.%" PRIu32 ".type", name->index);
	have = lxc_conf_value(c, type);
	if (!have || strcmp(have, k->only))
		return err_msg(e, EINVAL,
			       "only devices with %s = %s have it, which must come before", type,
			       k->only);
	return 0;
}

static int assign_one(struct lxc_config *c, const struct lxc_name *name, const char *value,
		      const char *where, struct err *e)
{
	autostr out = { 0 };
	int ret = read_value(name, value, &out, e);

	if (ret < 0)
		return ret;
	/* A device begins anew with its type. */
	if (name->net && !strcmp(name->rest, "type")) {
		struct lxc_name device = { .key = &lxc_net_keys[0], .rest = "" };

		snprintf(device.text, sizeof(device.text), "lxc.net.%" PRIu32, name->index);
		entry_drop(c, &device);
	}
	if (name->key->form == LXC_ONE)
		entry_drop(c, name);
	return entry_add(c, name, str_text(&out), where, e);
}

static int assign_empty(struct lxc_config *c, const struct lxc_name *name, const char *where,
			struct err *e)
{
	const struct lxc_key *k = name->key;

	if (k->flags & LXC_EMPTY_REFUSED)
		return err_msg(e, EINVAL, "an empty value is not possible here");
	entry_drop(c, name);
	return k->flags & LXC_EMPTY_IS ? entry_add(c, name, k->empty, where, e) : 0;
}

static int assign(struct lxc_config *c, const struct lxc_name *name, const char *value,
		  const char *where, struct err *e)
{
	int ret;

	if (!*value)
		ret = assign_empty(c, name, where, e);
	else if ((ret = check_place(c, name, e)) == 0 &&
		 (name->key->form == LXC_WORDS || name->key->form == LXC_COMMAS))
		ret = add_words(c, name, value, where, e);
	else if (ret == 0)
		ret = assign_one(c, name, value, where, e);
	return ret < 0 ? wrong(name, where, e) : 0;
}

/* Today's name for what may be a historic one. Returns 1 when there is nothing to do. */
static int find(struct lxc_config *c, const char *written, const char *value, const char *where,
		struct lxc_name *name, struct str *new_value, struct err *e)
{
	autostr new_name = { 0 };
	int ret = lxc_old_rewrite(c, written, value, where, &new_name, new_value, e);

	if (ret == -ECANCELED)
		return 1;
	if (ret >= 0)
		ret = lxc_key_find(ret ? str_text(&new_name) : written, name, e);
	return ret < 0 ? err_add(e, "%s", where) : 0;
}

int lxc_conf_assign(struct lxc_config *c, const char *written, const char *value, const char *where,
		    struct err *e)
{
	autostr new_value = { 0 };
	struct lxc_name name;
	int ret = find(c, written, value, where, &name, &new_value, e);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	return assign(c, &name, new_value.text ? new_value.text : value, where, e);
}

int lxc_conf_set(struct lxc_config *c, const char *written, const char *value, const char *where,
		 struct err *e)
{
	autostr new_value = { 0 };
	struct lxc_name name;
	int ret = find(c, written, value, where, &name, &new_value, e);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	if (new_value.text)
		value = new_value.text;
	if (!strcmp(name.text, "lxc.include") && *value)
		ret = lxc_conf_include(c, value, e);
	else
		ret = assign(c, &name, value, where, e);
	if (ret < 0)
		return ret;
	if (!*value)
		lxc_text_remove(&c->text, &name);
	else if (name.net && !strcmp(name.rest, "hwaddr"))
		lxc_text_add(&c->text, name.text, lxc_conf_value(c, name.text));
	else
		lxc_text_add(&c->text, name.text, value);
	return c->text.failed ? err_mem(e) : 0;
}

int lxc_conf_clear(struct lxc_config *c, const char *written, struct err *e)
{
	autostr ignored = { 0 };
	struct lxc_name name;
	int ret = find(c, written, "", "clear", &name, &ignored, e);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	entry_drop(c, &name);
	lxc_text_remove(&c->text, &name);
	return 0;
}

/* --- getting ---------------------------------------------------------------------------- */

/* "lxc.sysctl.NAME = VALUE" for each of a family. */
static void get_family(const struct lxc_config *c, const char *family, struct str *out)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->entry[i].key->name, family))
			str_addf(out, "%s = %s\n", c->entry[i].name, c->entry[i].value);
}

static void get_list(const struct lxc_config *c, const struct lxc_name *name, struct str *out)
{
	const char *between = name->key->form == LXC_COMMAS ? "," : "\n";
	bool behind = name->key->form != LXC_COMMAS && !(name->key->flags & LXC_BETWEEN);
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->entry[i].name, name->text))
			continue;
		if (n++ && !behind)
			str_add(out, between);
		str_add(out, c->entry[i].value);
		if (behind)
			str_add(out, "\n");
	}
}

/* The lowest index of a device above `after`; -1 when there is none. */
int64_t lxc_conf_next_net(const struct lxc_config *c, int64_t after)
{
	int64_t next = -1;

	for (size_t i = 0; i < c->n; i++) {
		struct lxc_name name;
		struct err ignored = ERR_NONE;

		if (!is_below(c->entry[i].name, "lxc.net") ||
		    lxc_key_find(c->entry[i].name, &name, &ignored) < 0)
			continue;
		if ((int64_t)name.index > after && (next < 0 || name.index < next))
			next = name.index;
	}
	return next;
}

static void get_net_types(const struct lxc_config *c, struct str *out)
{
	for (int64_t i = lxc_conf_next_net(c, -1); i >= 0; i = lxc_conf_next_net(c, i)) {
		char name[48];
		const char *type;

		snprintf(name, sizeof(name), "lxc.net.%" PRId64 ".type", i);
		type = lxc_conf_value(c, name);
		str_addf(out, "%s\n", type ? type : "(invalid)");
	}
}

static bool net_exists(const struct lxc_config *c, uint32_t index)
{
	return lxc_conf_next_net(c, (int64_t)index - 1) == (int64_t)index;
}

static int get_refused(const struct lxc_config *c, const struct lxc_name *name, struct err *e)
{
	if (!strcmp(name->text, "lxc.include"))
		return err_msg(e, ENOSYS, "%s: what was included is not kept apart", name->text);
	if (name->key->form == LXC_NONE)
		return err_msg(e, EINVAL, "%s: a key without a value of its own", name->text);
	if (name->net && !net_exists(c, name->index))
		return err_msg(e, EINVAL, "%s: there is no such device", name->text);
	if (name->key->only && check_place(c, name, e) < 0)
		return err_add(e, "%s", name->text);
	return 0;
}

int lxc_conf_get(const struct lxc_config *c, const char *written, struct str *out, struct err *e)
{
	const struct lxc_old *old = lxc_old_find(written);
	const char *value;
	struct lxc_name name;
	int ret = lxc_key_find(old && old->now && !old->family ? old->now : written, &name, e);

	if (ret < 0)
		return ret;
	if (!strcmp(name.text, "lxc.net")) {
		get_net_types(c, out);
		return out->failed ? err_mem(e) : 0;
	}
	ret = get_refused(c, &name, e);
	if (ret < 0)
		return ret;
	value = lxc_conf_value(c, name.text);
	if (name.key->flags & LXC_FAMILY && !*name.rest)
		get_family(c, name.text, out);
	else if (!value)
		str_add(out, name.key->unset ? name.key->unset : "");
	else if (name.key->show)
		name.key->show(c, name.key, name.text, out);
	else if (name.key->form == LXC_ONE)
		str_add(out, value);
	else
		get_list(c, &name, out);
	return out->failed ? err_mem(e) : 0;
}

/* --- names ------------------------------------------------------------------------------ */

static void keys_of_net(const struct lxc_config *c, uint32_t index, struct str *out)
{
	char name[48];
	const char *type;

	snprintf(name, sizeof(name), "lxc.net.%" PRIu32 ".type", index);
	type = lxc_conf_value(c, name);
	for (size_t i = 0; i < lxc_net_keys_n; i++) {
		const struct lxc_key *k = &lxc_net_keys[i];
		/* A device that is only the loopback has neither name nor address. */
		bool bare = type && !strcmp(type, "empty") && strcmp(k->name, "type") &&
			    !str_starts(k->name, "script.");

		if (k->form != LXC_NONE && !bare && (!k->only || (type && !strcmp(type, k->only))))
			str_addf(out, "%s\n", k->name);
	}
}

int lxc_conf_keys(const struct lxc_config *c, const char *prefix, struct str *out, struct err *e)
{
	struct err ignored = ERR_NONE;
	struct lxc_name name;
	size_t before = out->len;

	if (prefix && lxc_key_find(prefix, &name, &ignored) == 0 && name.net && !*name.rest) {
		if (!net_exists(c, name.index))
			return err_msg(e, EINVAL, "%s: there is no such device", prefix);
		keys_of_net(c, name.index, out);
		return out->failed ? err_mem(e) : 0;
	}
	for (size_t i = 0; i < lxc_keys_n; i++) {
		const struct lxc_key *k = &lxc_keys[i];

		if (k->flags & LXC_HIDDEN)
			continue;
		if (!prefix)
			str_addf(out, "%s\n", k->name);
		else if (is_below(k->name, prefix))
			str_addf(out, "%s\n", k->name + strlen(prefix) + 1);
	}
	if (out->failed)
		return err_mem(e);
	return out->len > before ? 0 : err_msg(e, EINVAL, "%.128s: no key stands below it", prefix);
}
