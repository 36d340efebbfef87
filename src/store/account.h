/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has which ids on this machine: /etc/passwd, /etc/group, /etc/subuid and /etc/subgid
 * (passwd(5), group(5), subuid(5)). Read as files, without the name service: a start must
 * neither load its modules nor wait for a directory server. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum account_file { ACCOUNT_PASSWD, ACCOUNT_GROUP, ACCOUNT_SUBUID, ACCOUNT_SUBGID, ACCOUNT_FILES };

#define ACCOUNT_OVERFLOW 65534 /* nobody: owns all whose owner has no id here, overflowuid */

/* One line: `name` has the ids first..last. */
struct account {
	enum account_file file;
	const char *name; /* not terminated */
	size_t name_len;
	uint32_t first, last;
	bool cut; /* the line goes beyond the last possible id */
};

/* Returns 0 to go on; anything else ends the walk and is returned. */
typedef int account_visit(const struct account *a, void *ctx);

/* "passwd", "group", "subuid", "subgid" */
const char *account_file_name(enum account_file file);

/* Visit every line of a file's text that gives somebody ids; other lines are passed over. */
int account_parse(const char *text, size_t len, enum account_file file, account_visit *visit,
		  void *ctx);

/* The same for etc/FILE; a missing file has no lines. 0, what visit() returned, or -errno with
 * e set. */
int account_read(const char *etc, enum account_file file, account_visit *visit, void *ctx,
		 struct err *e);

/* The login name of uid in etc/passwd; "" when it has none. 0 or -errno with e set. */
int account_user_name(const char *etc, uid_t uid, char *name, size_t size, struct err *e);

/* What the numbers of a file are: gids or uids, subordinate ids or accounts. */
bool account_is_gid(enum account_file file);
bool account_is_sub(enum account_file file);

/* True when the line is of the user `uid`, by number or by its login name `user`. */
bool account_is_of(const struct account *a, uid_t uid, const char *user);
