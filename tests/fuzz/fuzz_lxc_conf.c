/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's configuration. What is accepted, saved and read again, gives the same values; and it becomes a
 * specification or says why not. */
#include <errno.h>
#include <stdbool.h>

#include "front/lxc_conf.h"
#include "front/lxc_key.h"
#include "front/lxc_spec.h"
#include "fuzz.h"
#include "spec/key.h"
#include "wall/wall.h"

/* Environment is copied, hardware addresses are made up: twice is not the same. */
static void same_again(struct lxc_config *c)
{
	struct err e = ERR_NONE;
	autolxc again = { 0 };

	fuzz_must(lxc_conf_parse(&again, str_text(&c->text), c->text.len, "saved", &e) == 0);
	fuzz_must(again.n == c->n);
	for (size_t i = 0; i < c->n; i++) {
		fuzz_must(!strcmp(again.entry[i].name, c->entry[i].name));
		fuzz_must(!strcmp(again.entry[i].value, c->entry[i].value));
	}
}

static void ask_all(struct lxc_config *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct err e = ERR_NONE;
		autostr out = { 0 };

		fuzz_must(lxc_conf_get(c, c->entry[i].name, &out, &e) == 0 || e.code == EINVAL);
	}
	while (c->n) {
		size_t before = c->n;
		struct err e = ERR_NONE;
		char *name = strdup(c->entry[0].name);

		fuzz_must(lxc_conf_clear(c, name, &e) == 0 && c->n < before);
		free(name);
	}
}

static void translate(const struct lxc_config *c, enum lxc_silence silence)
{
	static const struct lxc_host host = { .unified = true, .apparmor = true };
	struct err e = ERR_NONE;
	autonotes notes = { 0 };
	autostr out = { 0 };
	autospec s;

	spec_init(&s);
	/* It reads the file that it names. */
	if (lxc_conf_value(c, "lxc.mount.fstab"))
		return;
	if (lxc_to_spec(c, silence, &host, &s, &notes, &e) == 0)
		fuzz_must(lxc_print(&s, &notes, &out, &e) == 0);
	else
		fuzz_must(e.code > 0 && e.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct err e = ERR_NONE;
	autolxc c = { 0 };

	if (!ready)
		walls_init();
	ready = true;
	if (lxc_conf_parse(&c, (const char *)data, size, "input", &e) < 0) {
		fuzz_must(e.code > 0 && str_starts(e.text, "input:"));
		return 0;
	}
	same_again(&c);
	translate(&c, LXC_SECURE);
	translate(&c, LXC_LETTER);
	ask_all(&c);
	return 0;
}
