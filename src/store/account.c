/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/account.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

#define ACCOUNT_FILE_MAX (64 << 20) /* bytes; a thousand accounts are some 60 KiB */

static const struct {
	const char *name;
	int id, count; /* fields, from 0; count -1 = a single id */
	int base;      /* newuidmap(1) reads hexadecimal and octal too, getpwent(3) does not */
} account_files[ACCOUNT_FILES] = {
	[ACCOUNT_PASSWD] = { "passwd", 2, -1, 10 },
	[ACCOUNT_GROUP] = { "group", 2, -1, 10 },
	[ACCOUNT_SUBUID] = { "subuid", 1, 2, 0 },
	[ACCOUNT_SUBGID] = { "subgid", 1, 2, 0 },
};

const char *account_file_name(enum account_file file)
{
	return account_files[file].name;
}

bool account_is_gid(enum account_file file)
{
	return file == ACCOUNT_GROUP || file == ACCOUNT_SUBGID;
}

bool account_is_sub(enum account_file file)
{
	return file == ACCOUNT_SUBUID || file == ACCOUNT_SUBGID;
}

/* Field `index` of a line as a number. False when the line has no such field or it is none. */
static bool account_number(const char *line, size_t len, int index, int base, uint64_t *out)
{
	const char *end = line + len, *stop;
	char number[32];
	size_t n;

	for (; index > 0; index--) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return false;
		line++;
	}
	stop = memchr(line, ':', (size_t)(end - line));
	stop = stop ? stop : end;
	while (line < stop && (*line == ' ' || *line == '\t'))
		line++;
	n = (size_t)(stop - line);
	if (n >= sizeof(number) || memchr(line, '\0', n))
		return false;
	memcpy(number, line, n);
	number[n] = '\0';
	return str_u64(number, base, 0, UINT64_MAX, out) == 0;
}

static bool account_parse_line(const char *line, size_t len, struct account *a)
{
	const int base = account_files[a->file].base;
	const int count_at = account_files[a->file].count;
	const char *colon = memchr(line, ':', len);
	uint64_t first, count = 1;

	if (!colon || colon == line)
		return false;
	a->name = line;
	a->name_len = (size_t)(colon - line);
	if (!account_number(line, len, account_files[a->file].id, base, &first))
		return false;
	if (count_at >= 0 && !account_number(line, len, count_at, base, &count))
		return false;
	if (first > UINT32_MAX || count == 0)
		return false;
	a->cut = count > UINT32_MAX - first;
	a->first = (uint32_t)first;
	a->last = a->cut ? UINT32_MAX : (uint32_t)(first + count - 1);
	return true;
}

int account_parse(const char *text, size_t len, enum account_file file, account_visit *visit,
		  void *ctx)
{
	const char *end = text + len;
	int ret = 0;

	while (text < end && ret == 0) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct account a = { .file = file };

		stop = stop ? stop : end;
		if (account_parse_line(text, (size_t)(stop - text), &a))
			ret = visit(&a, ctx);
		text = stop + 1;
	}
	return ret;
}

int account_read(const char *etc, enum account_file file, account_visit *visit, void *ctx,
		 struct err *e)
{
	autostr text = { 0 };
	char path[512];
	int ret = snprintf(path, sizeof(path), "%s/%s", etc, account_files[file].name);

	if (ret < 0 || (size_t)ret >= sizeof(path))
		return err_msg(e, ENAMETOOLONG, "%s is too long a path", etc);
	ret = file_read(AT_FDCWD, path, ACCOUNT_FILE_MAX, &text);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s", path);
	}
	return account_parse(str_text(&text), text.len, file, visit, ctx);
}

struct account_name {
	uid_t uid;
	char *name;
	size_t size;
};

static int account_match_name(const struct account *a, void *ctx)
{
	struct account_name *wanted = ctx;

	if (a->first != wanted->uid || a->name_len >= wanted->size)
		return 0;
	memcpy(wanted->name, a->name, a->name_len);
	wanted->name[a->name_len] = '\0';
	return 1;
}

int account_user_name(const char *etc, uid_t uid, char *name, size_t size, struct err *e)
{
	struct account_name wanted = { uid, name, size };
	int ret;

	name[0] = '\0';
	ret = account_read(etc, ACCOUNT_PASSWD, account_match_name, &wanted, e);
	return ret < 0 ? ret : 0;
}

static bool account_is_called(const struct account *a, const char *name)
{
	size_t n = strlen(name);

	return n > 0 && a->name_len == n && !memcmp(a->name, name, n);
}

bool account_is_of(const struct account *a, uid_t uid, const char *user)
{
	char number[16];

	if (account_is_called(a, user))
		return true;
	if (!isdigit((unsigned char)a->name[0]))
		return false;
	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	return account_is_called(a, number);
}
