/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"

/* --- words ------------------------------------------------------------------------------ */

/* What a shell would do something about. */
static const char shell_only[] = "$`;|&<>(){}*?[]~!\\#\n";

static int add_word(struct list *words, const struct str *word, struct err *e)
{
	return word->failed || list_add(words, str_text(word)) < 0 ? err_mem(e) : 0;
}

static int split(const char *p, struct list *words, struct err *e)
{
	autostr word = { 0 };
	bool begun = false;
	char quote = '\0';
	int ret = 0;

	for (; ret == 0 && *p; p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? '\0' : *p;
			begun = true;
		} else if (!quote && (*p == ' ' || *p == '\t')) {
			ret = begun ? add_word(words, &word, e) : 0;
			str_free(&word);
			begun = false;
		} else if (quote == '\'' || !strchr(quote ? "$`\\" : shell_only, *p)) {
			str_addn(&word, p, 1);
			begun = true;
		} else {
			return err_msg(e, EINVAL,
				       "'%c' has a meaning for a shell, and none is used: put the "
				       "commands into a script and name that",
				       *p);
		}
	}
	if (quote)
		return err_msg(e, EINVAL, "a quote is not closed");
	return ret == 0 && begun ? add_word(words, &word, e) : ret;
}

/* --- environment ------------------------------------------------------------------------ */

static int set_variable(struct list *env, const char *name, const char *value)
{
	autostr text = { 0 };
	size_t n;

	if (!value)
		return 0;
	str_addf(&text, "%s=%s", name, value);
	n = strlen(name) + 1;
	for (size_t i = 0; i < env->n && !text.failed; i++) {
		if (strncmp(env->item[i], text.text, n))
			continue;
		free(env->item[i]);
		env->item[i] = take_ptr(text.text);
		return 0;
	}
	return text.failed ? -ENOMEM : list_add(env, text.text);
}

/* "NAME=VALUE" lines of lxc.environment and lxc.environment.hooks. */
static int set_stated(const struct lxc_config *c, struct list *env)
{
	int ret = 0;

	for (size_t i = 0; i < c->n && ret == 0; i++) {
		autofree char *name = NULL;
		char *equals;

		if (strcmp(c->entry[i].name, "lxc.environment") &&
		    strcmp(c->entry[i].name, "lxc.environment.hooks"))
			continue;
		name = strdup(c->entry[i].value);
		equals = name ? strchr(name, '=') : NULL;
		if (!equals)
			return -ENOMEM;
		*equals = '\0';
		ret = set_variable(env, name, equals + 1);
	}
	return ret;
}

static int fill_environment(const struct lxc_hook *h, const char *type, bool words,
			    struct list *env, struct err *e)
{
	struct err ignored = ERR_NONE;
	autostr root = { 0 }, mount = { 0 }, level = { 0 };
	char pid[16];
	int ret = 0;

	lxc_conf_get(h->config, "lxc.rootfs.path", &root, &ignored);
	lxc_conf_get(h->config, "lxc.rootfs.mount", &mount, &ignored);
	lxc_conf_get(h->config, "lxc.log.level", &level, &ignored);
	snprintf(pid, sizeof(pid), "%d", (int)h->pid);
	{
		const char *const rows[][2] = {
			{ "LXC_NAME", h->name },
			{ "LXC_CONFIG_FILE", h->config_file },
			{ "LXC_ROOTFS_PATH", root.len ? root.text : NULL },
			{ "LXC_ROOTFS_MOUNT", mount.len ? mount.text : NULL },
			{ "LXC_CONSOLE", lxc_conf_value(h->config, "lxc.console.path") },
			{ "LXC_CONSOLE_LOGPATH", lxc_conf_value(h->config, "lxc.console.logfile") },
			{ "LXC_CGNS_AWARE", "1" },
			{ "LXC_LOG_LEVEL", str_text(&level) },
			{ "LXC_HOOK_VERSION", words ? "0" : "1" },
			{ "LXC_HOOK_TYPE", words ? NULL : type },
			{ "LXC_HOOK_SECTION", words ? NULL : "lxc" },
			{ "LXC_PID", h->pid > 0 ? pid : NULL },
			{ "LXC_TARGET", h->target },
			{ "LXC_SRC_NAME", h->source },
		};

		for (char **p = environ; *p && ret == 0; p++)
			ret = list_add(env, *p);
		for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++)
			ret = set_variable(env, rows[i][0], rows[i][1]);
	}
	if (ret == 0)
		ret = set_stated(h->config, env);
	return ret < 0 || root.failed || mount.failed || level.failed ? err_mem(e) : 0;
}

/* --- running ---------------------------------------------------------------------------- */

static char **as_array(const struct list *l)
{
	char **array = calloc(l->n + 1, sizeof(*array));

	for (size_t i = 0; array && i < l->n; i++)
		array[i] = l->item[i];
	return array;
}

static int run_words(const struct list *words, const struct list *env, struct err *e)
{
	autofree char **argv = as_array(words), **envp = as_array(env);
	int status = 0;
	pid_t pid;

	if (!argv || !envp)
		return err_mem(e);
	errno = -program_start(argv, envp, &pid);
	if (errno)
		return err_sys(e, "execute %s", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_msg(e, ECANCELED, "%s ended with %s %d", argv[0],
		       WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int run_one(const struct lxc_hook *h, const char *type, const char *command, struct err *e)
{
	const char *version = lxc_conf_value(h->config, "lxc.hook.version");
	bool as_words = !version || !strcmp(version, "0");
	const char *const fixed[] = { h->name, "lxc", type };
	struct list words = { 0 }, env = { 0 };
	int ret = split(command, &words, e);

	if (ret == 0 && !words.n)
		ret = err_msg(e, EINVAL, "no program is named");
	for (size_t i = 0; as_words && i < ARRAY_SIZE(fixed) && ret == 0; i++)
		ret = list_add(&words, fixed[i]) < 0 ? err_mem(e) : 0;
	for (char *const *arg = h->args; arg && *arg && ret == 0; arg++)
		ret = list_add(&words, *arg) < 0 ? err_mem(e) : 0;
	if (ret == 0)
		ret = fill_environment(h, type, as_words, &env, e);
	if (ret == 0)
		ret = run_words(&words, &env, e);
	list_clear(&words);
	list_clear(&env);
	return ret;
}

int lxc_hook_run(const struct lxc_hook *h, const char *type, struct err *e)
{
	bool at_end = !strcmp(type, "stop") || !strcmp(type, "post-stop");
	char key[64];
	int ret = 0;

	snprintf(key, sizeof(key), "lxc.hook.%s", type);
	for (size_t i = 0; i < h->config->n && ret == 0; i++) {
		const struct lxc_entry *entry = &h->config->entry[i];

		if (strcmp(entry->name, key))
			continue;
		ret = run_one(h, type, entry->value, e);
		if (ret < 0)
			err_add(e, "%s: %s", entry->where, key);
		/* Nothing can be stopped any more: the rest is to be cleaned up all the same. */
		if (ret < 0 && at_end) {
			log_warn("%s", e->text);
			*e = ERR_NONE;
			ret = 0;
		}
	}
	return ret;
}
