/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What store.c, claim.c and define.c share. For the rest of the program: store/store.h. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define STORE_CONTAINERS "containers"

#define autolist __attribute__((cleanup(list_clear))) struct list

/* The error in errno: "what path: reason", with a remedy where there is one. */
int store_fail(struct err *e, const char *what, const char *path);

/* 0, or -EINVAL with e set when name is no container's name. */
int store_check_name(const char *name, struct err *e);

/* A directory of ours below RUN or LIB, made when missing. Returns it, or -errno. */
int store_sub(int dir, const char *name);

/* Remove every file and empty directory in dir but `keep` (may be NULL). Directories with
 * something in them stay. Returns 0 or the first -errno. */
int store_empty(int dir, const char *keep);

/* Names of the containers that have a directory in dir/containers, in no order; none when that
 * does not exist. Returns 0 or -errno. */
int store_names(int dir, struct list *names);
