/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filter of system calls: compiled by the monitor, loaded by init. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_seccomp;

/* Monitor: make r->filter from the spec's policy and lists, or find it in r->cache (a directory,
 * -EBADF = none). r->filter.filter is malloc'ed and belongs to the run. With the policy "none"
 * nothing is done and r->filter stays empty. */
int seccomp_compile(struct run *r, struct err *e);

/* Init: load r->filter, for ever, for the calling thread and what it becomes. The last step before
 * exec; needs no_new_privs or CAP_SYS_ADMIN (seccomp(2)). Allocates nothing. Without a filter it
 * succeeds only for the policy "none".
 *
 * libseccomp has a function of the same name: the label keeps the two apart in a static program.
 * No file includes both headers. */
int seccomp_load(struct run *r, struct err *e) __asm__("ward_seccomp_load");

/* Compare what the kernel shows of the started process with the spec: a filter is loaded. Which
 * one cannot be read without stopping the process (PTRACE_SECCOMP_GET_FILTER). */
int seccomp_verify(const struct run *r, const struct look *l, const struct spec *seen,
		   struct err *e);

/* Keep r->filter as the file "seccomp" of the state directory `dir`, and get it back for a process
 * that enters the running container later: the policy may have changed meanwhile. No-ops with the
 * policy "none"; a file that is missing, damaged or not our own is an error. */
int seccomp_save(const struct run *r, int dir, struct err *e);
int seccomp_restore(struct run *r, int dir, struct err *e);
