/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-update-config: what happens to the files. What happens to the text: test_lxc_conf.c. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "lxc/update_config.h"
#include "tap.h"

static char folder[] = "/tmp/ward-test-update-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[2][96];
	static unsigned n;

	n = (n + 1) % 2;
	snprintf(path[n], sizeof(path[n]), "%s/%s", folder, name);
	return path[n];
}

static int update(const char *name)
{
	char *argv[] = { (char *)"lxc-update-config", (char *)"-c", (char *)(uintptr_t)path_of(name),
			 NULL };

	return lxc_update_config(3, argv);
}

static bool holds(const char *name, const char *text)
{
	autostr have = { 0 };

	return file_read(AT_FDCWD, path_of(name), 4096, &have) == 0 &&
	       !strcmp(str_text(&have), text);
}

static void put(const char *name, const char *text)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0640);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s is made", name);
	close(fd);
}

int main(void)
{
	struct stat st, link;
	char *alone[] = { (char *)"lxc-update-config", NULL };

	if (!mkdtemp(folder))
		return 1;
	put("config", "lxc.utsname = x\n");
	ok(symlink("config", path_of("link")) == 0 && update("link") == 0 &&
		   holds("config", "lxc.uts.name = x\n") &&
		   holds("config.backup", "lxc.utsname = x\n"),
	   "names are rewritten, the old file is kept");
	ok(lstat(path_of("link"), &link) == 0 && S_ISLNK(link.st_mode) &&
		   stat(path_of("config"), &st) == 0 && (st.st_mode & 0777) == 0640,
	   "a link stays one, and rights stay");
	ok(update("config") == 0 && holds("config.backup", "lxc.utsname = x\n"),
	   "a file of today is left alone, and its backup too");
	put("bad", "lxc.network.link = x\n");
	ok(update("bad") == 1 && holds("bad", "lxc.network.link = x\n") &&
		   access(path_of("bad.backup"), F_OK) < 0,
	   "what cannot be rewritten stays as it is");
	ok(update("none") == 1 && lxc_update_config(1, alone) == 1, "no file: 1");
	unlink(path_of("link"));
	unlink(path_of("config"));
	unlink(path_of("config.backup"));
	unlink(path_of("bad"));
	rmdir(folder);
	return done();
}
