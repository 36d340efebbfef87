/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/update_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "front/lxc_conf.h"

struct args {
	const char *file;
};

static const struct opt opts[] = {
	{ .name = "config",
	  .letter = 'c',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = offsetof(struct args, file),
	  .doc = "the configuration to rewrite; what it was is kept as FILE.backup" },
	{ 0 }
};

/* Replace a file whole; its owner and rights stay. */
static int put(int dir, const char *name, const struct stat *st, const struct str *text,
	       struct err *e)
{
	int ret = file_replace(dir, name, str_text(text), text->len, st->st_mode & 07777);

	errno = -ret;
	if (ret < 0 || (geteuid() == 0 &&
			fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0))
		return err_sys(e, "write %s", name);
	return 0;
}

static int rewrite(int dir, const char *name, struct err *e)
{
	autofree char *backup = NULL;
	autostr old = { 0 }, new = { 0 };
	struct stat st;
	int ret;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "look at it");
	ret = file_read(dir, name, LXC_FILE_MAX, &old);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read it");
	}
	ret = lxc_conf_update(str_text(&old), old.len, &new, e);
	if (ret <= 0)
		return ret;
	if (asprintf(&backup, "%s.backup", name) < 0)
		return err_mem(e);
	ret = put(dir, backup, &st, &old, e);
	return ret < 0 ? ret : put(dir, name, &st, &new, e);
}

static int update(const char *file, struct err *e)
{
	/* A link stays one: the file behind it is rewritten. */
	autofree char *path = realpath(file, NULL);
	char *slash = path ? strrchr(path, '/') : NULL;
	autoclose int dir = -EBADF;
	int ret;

	if (!slash)
		return err_sys(e, "open %s", file);
	*slash = '\0';
	dir = open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ret = dir < 0 ? err_sys(e, "open its directory") : rewrite(dir, slash + 1, e);
	return ret < 0 ? err_add(e, "%s", file) : 0;
}

static void usage(void)
{
	autostr help = { 0 };

	str_add(&help,
		"Usage: lxc-update-config -c FILE\n\nRewrite the names of LXC 1 and 2.0 in a "
		"configuration to those of today.\n\n");
	opt_help(opts, &help);
	fputs(str_text(&help), stderr);
}

int lxc_update_config(int argc, char **argv)
{
	struct args args = { 0 };
	struct err e = ERR_NONE;
	int first = opt_parse(opts, argc, argv, OPT_ANYWHERE, &args, &e);

	if (first == OPT_HELP) {
		usage();
		return EXIT_SUCCESS;
	}
	if (first >= 0 && (first < argc || !args.file))
		first = err_msg(&e, EINVAL, "name one configuration with -c FILE");
	if (first < 0 || update(args.file, &e) < 0) {
		fprintf(stderr, "lxc-update-config: %s\n", e.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
