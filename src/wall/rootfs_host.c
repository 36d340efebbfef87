/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root made of the host's own /usr, so that any installed program can be run behind the walls
 * with nothing to download: /usr and a few files of /etc are the host's, read-only; everything
 * else is empty and private. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "wall/rootfs.h"
#include "wall/stage.h"

/* On merged-/usr systems these are links into /usr, elsewhere directories of their own. */
static const char *const usr_parts[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr" };

/* What programs need of /etc and what says nothing about this machine's people and secrets. */
static const char *const etc_parts[] = {
	"alternatives", "ca-certificates", "fonts", "gitconfig", "ld.so.cache", "ld.so.conf",
	"ld.so.conf.d", "localtime", "magic", "mime.types", "nsswitch.conf", "os-release",
	"pki/ca-trust", "pki/tls/certs", "profile", "protocols", "python3", "python3.11", "rpc",
	"services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone", "xattr.conf",
};

/* The accounts of the container: nobody of the host's. */
static const struct {
	const char *path, *text;
} etc_files[] = {
	{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			"user:x:1000:1000:user:/home/user:/bin/sh\n"
			"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
	{ "etc/group", "root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n" },
	{ "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" },
	{ "etc/resolv.conf", "" },
};

static int bind_part(struct run *r, const char *host_path, const char *path, bool recursive,
		     struct err *e)
{
	struct stage_attr attr = {
		.attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.userns = r->spec->rootfs.idmap && !r->host->rootless ? r->userns : -EBADF,
		.recursive = recursive,
	};
	autoclose int from = open(host_path, O_PATH | O_CLOEXEC);
	autoclose int target = -EBADF, tree = -EBADF;
	struct stat st;
	int ret;

	if (from < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", host_path);
	if (fstat(from, &st) < 0)
		return err_sys(e, "stat %s", host_path);
	target = stage_target(r, path, !S_ISDIR(st.st_mode), e);
	if (target < 0)
		return target;
	tree = stage_clone(from, recursive, host_path, e);
	if (tree < 0)
		return tree;
	ret = stage_setattr(tree, &attr, host_path, e);
	return ret < 0 ? ret : stage_attach(tree, target, host_path, e);
}

/* A link of the host's / is copied as a link, a directory is bound. */
static int usr_part(struct run *r, const char *name, struct err *e)
{
	char path[32], link[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/%s", name);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return errno == ENOENT ? 0 : bind_part(r, path, name, false, e);
	link[n] = '\0';
	if (symlinkat(link, r->root, name) < 0)
		return err_sys(e, "make the link /%s", name);
	return 0;
}

static int write_part(struct run *r, const char *path, const char *text, struct err *e)
{
	autoclose int fd = path_open(r->root, path, O_WRONLY | O_CREAT | O_EXCL, 0644,
				     PATH_NO_SYMLINKS);
	int ret = fd < 0 ? fd : file_write_all(fd, text, strlen(text));

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "write /%s", path);
	}
	return 0;
}

static int host_tree(struct run *r, struct err *e)
{
	static const char *const dirs[] = { "etc", "home", "root", "tmp", "run",
					    "var", "mnt",  "opt",  "srv" };
	char from[64];
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(r->root, dirs[i], 0755) < 0)
			return err_sys(e, "make /%s", dirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(etc_files) && ret == 0; i++)
		ret = write_part(r, etc_files[i].path, etc_files[i].text, e);
	for (size_t i = 0; i < ARRAY_SIZE(usr_parts) && ret == 0; i++)
		ret = usr_part(r, usr_parts[i], e);
	for (size_t i = 0; i < ARRAY_SIZE(etc_parts) && ret == 0; i++) {
		snprintf(from, sizeof(from), "/etc/%s", etc_parts[i]);
		ret = bind_part(r, from, from + 1, false, e);
	}
	return ret;
}

int rootfs_host(struct run *r, struct err *e)
{
	int ret;

	stage_as_container(r);
	ret = host_tree(r, e);
	stage_as_self();
	return ret;
}
