/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what the library said to a specification of ward's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "front/lxc_spec.h"
#include "lxc/mon.h"
#include "lxc/name.h"
#include "spec/key.h"

#define MACHINE_CONF "/etc/ward/ward.conf"

static struct lxc_host look(const struct host *h)
{
	return (struct lxc_host){
		.unified = h->cgroup_v2_only,
		.apparmor = access("/sys/kernel/security/apparmor/profiles", F_OK) == 0,
		.selinux = access("/sys/fs/selinux/enforce", F_OK) == 0,
	};
}

/* The words of a command line are the caller's, whatever the configuration said. */
static int set_command(const struct lxc_start *s, struct spec *spec, struct err *e)
{
	int ret = s->argv.n ? key_set(spec, "process.args", "", "lxc-start", e) : 0;

	for (size_t i = 0; ret == 0 && i < s->argv.n; i++)
		ret = list_add(&spec->process.args, s->argv.item[i]) < 0 ? err_mem(e) : 0;
	/* An init of ours before the program: lxc-execute. */
	if (ret == 0 && s->useinit)
		ret = key_set(spec, "process.init", "true", "lxc-execute", e);
	return ret;
}

/* LXC's ttys, and the word by which an init learns of them. They are the first of the container's
 * devpts, behind the console. */
static int set_ttys(const struct lxc_start *s, struct spec *spec, struct err *e)
{
	const char *value = lxc_conf_value(&s->config, "lxc.tty.max");
	autostr names = { 0 }, count = { 0 };
	uint64_t n = 0;
	int ret;

	if (!value || str_u64(value, 10, 0, UINT32_MAX, &n) < 0 || n == 0)
		return 0;
	n = n > DEV_TTYS_MAX ? DEV_TTYS_MAX : n;
	str_addf(&count, "%u", (unsigned)n);
	ret = key_set(spec, "dev.ttys", str_text(&count), "lxc.tty.max", e);
	str_add(&names, "container_ttys=");
	for (unsigned i = 0; i < n; i++)
		str_addf(&names, "%spts/%u", i ? " " : "", i + (spec->process.terminal ? 1 : 0));
	return ret < 0 ? ret : key_set(spec, "process.env", str_text(&names), "lxc.tty.max", e);
}

/* Inits, and scripts in images, look for the word that they have known for years. */
static int set_container(struct spec *spec, struct err *e)
{
	for (size_t i = 0; i < spec->process.env.n; i++) {
		char **item = &spec->process.env.item[i];

		if (strcmp(*item, "container=ward"))
			continue;
		free(*item);
		*item = strdup("container=lxc");
		if (!*item)
			return err_mem(e);
	}
	return 0;
}

int mon_spec(const struct mon *m, struct spec *spec, struct err *e)
{
	const struct lxc_start *s = m->start;
	struct lxc_host host = look(&m->c.host);
	enum lxc_silence silence;
	autonotes notes = { 0 };
	int ret = lxc_silence_of(&s->config, MACHINE_CONF, s->secure ? LXC_SECURE : LXC_LETTER,
				 &silence, e);

	if (ret == 0)
		ret = lxc_to_spec(&s->config, silence, &host, spec, &notes, e);
	if (ret == 0)
		ret = set_command(s, spec, e);
	if (ret < 0)
		return ret;
	/* Without a terminal of the caller's there is none to connect it with. */
	if (!s->daemonize && !isatty(STDIN_FILENO))
		spec->process.terminal = false;
	ret = set_container(spec, e);
	if (ret == 0)
		ret = set_ttys(s, spec, e);
	if (ret < 0)
		return ret;
	free(spec->name);
	spec->name = lxc_store_name(s->lxcpath, s->name);
	return spec->name ? 0 : err_mem(e);
}
