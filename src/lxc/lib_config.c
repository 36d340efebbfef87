/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration in memory and on disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "lxc/lib.h"

static bool is_defined(struct lxc_container *c)
{
	struct stat st;

	return c && c->configfile && stat(c->configfile, &st) == 0;
}

/* Our own file is not read while somebody else writes it. */
static bool load_config(struct lxc_container *c, const char *alt_file)
{
	const char *path = alt_file ? alt_file : c->configfile;
	bool own = !strcmp(path, c->configfile);
	struct err e = ERR_NONE;
	int ret = own ? lib_disk_lock(c, &e) : 0;

	if (ret < 0)
		return lib_fail(c, &e);
	lib_lock(c);
	ret = lib_config_make(c) ? lxc_conf_load(lib_config(c), path, &e) : err_mem(&e);
	lib_unlock(c);
	if (own)
		lib_disk_unlock(c);
	return ret == 0 || lib_fail(c, &e);
}

static int write_config(struct lxc_container *c, const char *path, struct err *e)
{
	const struct lxc_config *config = lib_config(c);
	autostr dir = { 0 };

	if (!strcmp(path, c->configfile)) {
		lib_path(c, NULL, &dir);
		if (mkdir(str_text(&dir), 0770) < 0 && errno != EEXIST)
			return err_sys(e, "make the directory %s", str_text(&dir));
	}
	return lib_write(path, &config->text, e);
}

static bool save_config(struct lxc_container *c, const char *alt_file)
{
	const char *path = alt_file ? alt_file : c->configfile;
	struct err e = ERR_NONE;
	int ret;

	/* What is saved without ever having been loaded is the default. */
	if (!c->lxc_conf && !load_config(c, lxc_get_global_config_item("lxc.default_config")))
		return false;
	ret = lib_disk_lock(c, &e);
	if (ret < 0)
		return lib_fail(c, &e);
	lib_lock(c);
	ret = write_config(c, path, &e);
	lib_unlock(c);
	lib_disk_unlock(c);
	return ret == 0 || lib_fail(c, &e);
}

static bool set_config_item(struct lxc_container *c, const char *key, const char *value)
{
	struct err e = ERR_NONE;
	int ret;

	if (!key)
		return false;
	lib_lock(c);
	ret = lib_config_make(c) ? lxc_conf_set(lib_config(c), key, value ? value : "", key, &e) :
				   err_mem(&e);
	lib_unlock(c);
	return ret == 0 || lib_fail(c, &e);
}

static bool clear_config_item(struct lxc_container *c, const char *key)
{
	struct err e = ERR_NONE;
	int ret = 0;

	if (!key)
		return false;
	lib_lock(c);
	if (c->lxc_conf)
		ret = lxc_conf_clear(lib_config(c), key, &e);
	lib_unlock(c);
	return ret == 0 || lib_fail(c, &e);
}

static void clear_config(struct lxc_container *c)
{
	lib_lock(c);
	if (c->lxc_conf)
		lxc_conf_free(lib_config(c));
	free(c->lxc_conf);
	c->lxc_conf = NULL;
	lib_unlock(c);
}

/* As snprintf(3) does: the whole length, whatever there is room for. */
static int hand_over(const struct str *text, char *retv, int inlen)
{
	if (retv && inlen > 0) {
		size_t n = text->len < (size_t)inlen ? text->len : (size_t)inlen - 1;

		memcpy(retv, str_text(text), n);
		retv[n] = '\0';
	}
	return (int)text->len;
}

typedef int reader(const struct lxc_config *config, const char *key, struct str *out,
		   struct err *e);

static int read_text(struct lxc_container *c, reader *read, const char *key, char *retv, int inlen)
{
	autostr text = { 0 };
	struct err e = ERR_NONE;
	int ret;

	lib_lock(c);
	ret = c->lxc_conf ? read(lib_config(c), key, &text, &e) : -ENOENT;
	lib_unlock(c);
	if (ret < 0 && e.code)
		return lib_fail_int(c, &e);
	return ret < 0 || text.failed ? -1 : hand_over(&text, retv, inlen);
}

static int get_config_item(struct lxc_container *c, const char *key, char *retv, int inlen)
{
	return key ? read_text(c, lxc_conf_get, key, retv, inlen) : -1;
}

static int get_keys(struct lxc_container *c, const char *key, char *retv, int inlen)
{
	autostr text = { 0 };
	struct err e = ERR_NONE;
	struct lxc_config none = { 0 };

	/* The names of all keys do not depend on what is configured. */
	if (!key || !*key) {
		if (lxc_conf_keys(&none, NULL, &text, &e) < 0)
			return lib_fail_int(c, &e);
		return hand_over(&text, retv, inlen);
	}
	return read_text(c, lxc_conf_keys, key, retv, inlen);
}

static char *get_running_config_item(struct lxc_container *c, const char *key)
{
	return key ? lib_running_item(c, key) : NULL;
}

static char *config_file_name(struct lxc_container *c)
{
	return c->configfile ? strdup(c->configfile) : NULL;
}

static const char *get_config_path(struct lxc_container *c)
{
	return c->config_path;
}

/* Another directory is another container: what was loaded does not belong to it. */
static bool set_config_path(struct lxc_container *c, const char *path)
{
	autofree char *copy = path ? strdup(path) : NULL;
	autostr file = { 0 };
	char *configfile;

	if (!copy)
		return false;
	str_addf(&file, "%s/%s/config", copy, c->name);
	configfile = strdup(str_text(&file));
	if (!configfile)
		return false;
	lib_lock(c);
	free(c->config_path);
	free(c->configfile);
	free(c->slock->path);
	c->slock->path = NULL;
	c->config_path = take_ptr(copy);
	c->configfile = configfile;
	lib_unlock(c);
	clear_config(c);
	return !is_defined(c) || load_config(c, NULL);
}

void lib_config_members(struct lxc_container *c)
{
	c->is_defined = is_defined;
	c->load_config = load_config;
	c->save_config = save_config;
	c->set_config_item = set_config_item;
	c->clear_config_item = clear_config_item;
	c->clear_config = clear_config;
	c->get_config_item = get_config_item;
	c->get_keys = get_keys;
	c->get_running_config_item = get_running_config_item;
	c->config_file_name = config_file_name;
	c->get_config_path = get_config_path;
	c->set_config_path = set_config_path;
}
