/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of the host that hear of a device, as LXC has them: the container's name, "net", "up" or
 * "down", the kind, the link, and the host's end of a veth. The same stands in the environment. No
 * shell: the command is cut at its blanks. */
#include "wall/net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/program.h"
#include "wall/net_keys.h"

enum { WORDS_MAX = 32, VARIABLES = 8 };

struct call {
	char *words; /* the command, cut apart */
	const char *argv[WORDS_MAX + 1];
	size_t n;
	char *env[VARIABLES + 1];
	size_t n_env;
	bool failed;
};

static void call_free(struct call *c)
{
	free(c->words);
	for (size_t i = 0; i < c->n_env; i++)
		free(c->env[i]);
}

static void add_word(struct call *c, const char *word)
{
	c->failed |= c->n == WORDS_MAX;
	if (!c->failed)
		c->argv[c->n++] = word;
}

static void add_variable(struct call *c, const char *name, const char *value)
{
	char *text;

	if (!value || c->n_env == VARIABLES)
		return;
	if (asprintf(&text, "%s=%s", name, value) < 0)
		c->failed = true;
	else
		c->env[c->n_env++] = text;
}

static void fill(struct call *c, const struct run *r, const struct net_script *s)
{
	const char *kind = net_kinds[s->d->kind];
	bool veth = s->d->kind == NET_VETH;
	char pid[16];
	char *rest;

	c->words = strdup(s->up ? s->d->script_up : s->d->script_down);
	c->failed = !c->words;
	rest = c->words;
	for (char *word; (word = strsep(&rest, " \t"));)
		if (*word)
			add_word(c, word);
	add_word(c, r->spec->name);
	add_word(c, "net");
	add_word(c, s->up ? "up" : "down");
	add_word(c, kind);
	add_word(c, s->link);
	if (veth)
		add_word(c, s->host);
	snprintf(pid, sizeof(pid), "%d", (int)r->pid);
	add_variable(c, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	add_variable(c, "LXC_NAME", r->spec->name);
	add_variable(c, "LXC_HOOK_VERSION", "0");
	add_variable(c, "LXC_NET_TYPE", kind);
	add_variable(c, "LXC_NET_PARENT", s->link);
	add_variable(c, "LXC_NET_PEER", veth ? s->host : NULL);
	add_variable(c, "LXC_PID", r->pid > 0 ? pid : NULL);
}

static int wait_for(pid_t pid, const char *path, struct err *e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_msg(e, ECANCELED, "%s ended with %s %d", path,
		       WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int net_script(const struct run *r, const struct net_script *s, struct err *e)
{
	struct call c = { 0 };
	pid_t pid;
	int ret;

	fill(&c, r, s);
	if (c.failed)
		ret = err_msg(e, E2BIG, "a script has too many words");
	else if ((ret = program_start((char **)(uintptr_t)c.argv, c.env, &pid)) < 0) {
		errno = -ret;
		ret = err_sys(e, "execute %s", c.argv[0]);
	} else {
		ret = wait_for(pid, c.argv[0], e);
	}
	call_free(&c);
	return ret < 0 ? err_add(e, "script.%s", s->up ? "up" : "down") : 0;
}
