/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device rules by the devices controller of cgroup v1: security/device_cgroup.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "wall/device.h"

/* One rule per write(2). */
static int write_rule(int fd, const struct device_rule *rule, struct err *e)
{
	autostr text = { 0 };
	ssize_t n;

	device_rule_print(rule, &text);
	if (text.failed)
		return err_mem(e);
	do
		n = write(fd, text.text, text.len);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	err_sys(e, "write the device rule '%s'", text.text);
	if (e->code == EPERM)
		return err_hint(e, "the devices cgroup above it does not allow that");
	return -e->code;
}

int device_v1_change(int dir, const struct device_rule *rule, bool allow, struct err *e)
{
	const char *file = allow ? "devices.allow" : "devices.deny";
	autoclose int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s", file) : write_rule(fd, rule, e);
}

int device_v1_load(int dir, const struct device_rules *rules, struct err *e)
{
	autoclose int fd = openat(dir, "devices.allow", O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_sys(e, "open devices.allow");
	ret = file_write(dir, "devices.deny", "a");
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "refuse all devices (devices.deny)");
	}
	for (size_t i = 0; i < rules->n && ret == 0; i++)
		ret = write_rule(fd, &rules->item[i], e);
	return ret;
}

int device_v1_read(int dir, struct device_rules *out)
{
	autostr text = { 0 };
	char *line, *rest;
	int ret = file_read(dir, "devices.list", 1 << 16, &text);

	if (ret < 0)
		return ret;
	rest = text.text;
	while (rest && (line = strsep(&rest, "\n")) && ret == 0) {
		struct device_rule rule;

		if (!*line)
			continue;
		ret = device_rule_parse(line, &rule);
		if (ret == 0)
			ret = device_rules_add(out, &rule);
	}
	return ret;
}
