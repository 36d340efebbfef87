/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/lxc_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "front/conf.h"
#include "front/gate.h"
#include "front/lxc_translate.h"
#include "front/profile.h"
#include "spec/key.h"

/* --- notes ------------------------------------------------------------------------------ */

void lxc_notes_free(struct lxc_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->item[i].where);
		free(notes->item[i].name);
		free(notes->item[i].value);
		free(notes->item[i].text);
	}
	free(notes->item);
	*notes = (struct lxc_notes){ 0 };
}

int lxc_note(struct lxc_translation *t, const struct lxc_entry *entry, const char *text, bool lost,
	     struct err *e)
{
	struct lxc_notes *notes = t->notes;
	struct lxc_note *grown = reallocarray(notes->item, notes->n + 1, sizeof(*grown)), *new;

	if (!grown)
		return err_mem(e);
	notes->item = grown;
	new = &grown[notes->n++];
	*new = (struct lxc_note){ strdup(entry->where), strdup(entry->name), strdup(entry->value),
				  strdup(text), lost };
	return new->where &&new->name &&new->value &&new->text ? 0 : err_mem(e);
}

/* --- ward's own keys -------------------------------------------------------------------- */

/* ward.KEY = VALUE: a line of ward.conf(5) in LXC's file. */
int lxc_to_ward(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *key = entry->name + strlen("ward.");

	if (!strcmp(key, "allow"))
		return gate_open(t->s, entry->value, entry->where, e);
	if (str_starts(key, "spec."))
		return err_msg(e, EINVAL, "%s: %s is not for setting", entry->where, entry->name);
	return key_set(t->s, key, entry->value, entry->where, e);
}

static bool is_ward(const struct lxc_entry *entry)
{
	return entry->key->to == lxc_to_ward;
}

/* --- one entry after the other ---------------------------------------------------------- */

static int translate(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const struct lxc_key *k = entry->key;
	int ret;

	if (k->kept)
		return lxc_note(t, entry, k->kept, false, e);
	if (k->ward)
		return key_set(t->s, k->ward, entry->value, entry->where, e);
	if (!k->to)
		return 0;
	ret = k->to(t, entry, e);
	if (ret != -ENOTSUP)
		return ret < 0 && !str_starts(e->text, entry->where) ?
			       err_add(e, "%s: %s", entry->where, entry->name) :
			       ret;
	ret = lxc_note(t, entry, e->text, true, e);
	*e = ret < 0 ? *e : ERR_NONE;
	return ret;
}

/* Is the container's root the host's by an explicit word? */
static const struct lxc_entry *privileged(const struct lxc_config *c)
{
	const struct lxc_entry *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct lxc_entry *entry = &c->entry[i];

		if (!strcmp(entry->name, "ward.privileged"))
			found = strcmp(entry->value, "1") ? NULL : entry;
		else if (!strcmp(entry->name, "lxc.idmap") && !strcmp(entry->value, "host"))
			found = entry;
	}
	return found;
}

static int begin(struct lxc_translation *t, struct err *e)
{
	const struct lxc_entry *host = privileged(t->c);
	int ret;

	switch (t->silence) {
	case LXC_LETTER:
		return profile_apply(t->s, "lxc", "ward.silence = lxc", e);
	case LXC_SECURE:
		break;
	}
	ret = profile_apply(t->s, host ? "privileged" : "system",
			    host ? host->where : "ward.silence = secure", e);
	if (ret == 0 && host)
		ret = lxc_note(t, host, "root of the container is root of the host", true, e);
	return ret;
}

/* What LXC does when a key is missing, where no profile can say it. */
static int finish(struct lxc_translation *t, struct err *e)
{
	const char *console = lxc_conf_value(t->c, "lxc.console.path");
	int ret = 0;

	/* Every container of LXC has a /dev/console. */
	if (!console || strcmp(console, "none"))
		ret = key_set(t->s, "process.terminal", "true", "lxc.console.path", e);
	if (ret == 0 && !lxc_conf_value(t->c, "lxc.rootfs.path"))
		ret = key_set(t->s, "rootfs.type", "host", "no lxc.rootfs.path", e);
	return ret;
}

int lxc_to_spec(const struct lxc_config *c, enum lxc_silence silence, const struct lxc_host *host,
		struct spec *s, struct lxc_notes *notes, struct err *e)
{
	struct lxc_translation t = { .c = c, .host = host, .silence = silence, .s = s,
				     .notes = notes };
	int ret = begin(&t, e);

	if (ret == 0)
		ret = finish(&t, e);
	for (size_t i = 0; i < c->n && ret == 0; i++)
		if (!is_ward(&c->entry[i]))
			ret = translate(&t, &c->entry[i], e);
	for (size_t i = 0; i < c->n && ret == 0; i++)
		if (is_ward(&c->entry[i]))
			ret = translate(&t, &c->entry[i], e);
	return ret;
}

/* --- silence ---------------------------------------------------------------------------- */

static int silence_word(const char *word, enum lxc_silence *out)
{
	if (!strcmp(word, "secure"))
		*out = LXC_SECURE;
	else if (!strcmp(word, "lxc"))
		*out = LXC_LETTER;
	else
		return -EINVAL;
	return 0;
}

static int silence_line(void *context, const char *key, const char *value, const char *origin,
			struct err *e)
{
	if (!value || strcmp(key, "ward.silence") || silence_word(value, context) == 0)
		return 0;
	return err_msg(e, EINVAL, "%s: ward.silence: '%s' is neither secure nor lxc", origin,
		       value);
}

int lxc_silence_of(const struct lxc_config *c, const char *path, enum lxc_silence otherwise,
		   enum lxc_silence *out, struct err *e)
{
	const char *own = lxc_conf_value(c, "ward.silence");
	autostr text = { 0 };
	int ret;

	*out = otherwise;
	if (own)
		return silence_word(own, out);
	ret = file_read(AT_FDCWD, path, CONF_FILE_MAX, &text);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s", path);
	}
	return conf_walk(str_text(&text), text.len, path, silence_line, out, e);
}

/* --- one file ----------------------------------------------------------------------------- */

int lxc_spec_read(struct spec *s, const char *path, struct err *e)
{
	enum lxc_silence silence;
	struct lxc_host host;
	autonotes notes = { 0 };
	autolxc c = { 0 };
	int ret = lxc_conf_load(&c, path, e);

	for (size_t i = 0; i < c.hints.n; i++)
		log_warn("%s", c.hints.item[i]);
	if (ret == 0)
		ret = lxc_silence_of(&c, LXC_MACHINE_CONF, LXC_SECURE, &silence, e);
	lxc_host_look(&host);
	if (ret == 0)
		ret = lxc_to_spec(&c, silence, &host, s, &notes, e);
	for (size_t i = 0; i < notes.n && ret == 0; i++)
		if (notes.item[i].lost)
			log_warn("%s: %s: %s", notes.item[i].where, notes.item[i].name,
				 notes.item[i].text);
	return ret;
}
