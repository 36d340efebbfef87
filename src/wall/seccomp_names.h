/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the seccomp policy language and their numbers on this machine: system calls, errors,
 * address families, netlink protocols and other constants of arguments. Pure lookups. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECCOMP_NAME_MAX = 64,
	SECCOMP_UNKNOWN = INT_MIN,
	/* System calls are looked for in [base, base + SECCOMP_NUMBERS), base = seccomp_base(). */
	SECCOMP_NUMBERS = 512,
};

/* The number of a system call: >= 0 on this machine, negative when only other machines have it
 * (each such name has its own negative number), SECCOMP_UNKNOWN when nobody does. */
int seccomp_number(const char *name);

/* True when seccomp_number() says that the call does not exist on this machine. */
bool seccomp_elsewhere(int number);

/* The lowest system call number of this machine: 0 but on MIPS. */
int seccomp_base(void);

/* The name of call `number` of the architecture `arch` (AUDIT_ARCH_* of linux/audit.h). False
 * when there is none. */
bool seccomp_name(uint32_t arch, int number, char name[SECCOMP_NAME_MAX]);

/* The known system call whose name is nearest to `name`, for messages; false if none is near. */
bool seccomp_nearest(const char *name, char nearest[SECCOMP_NAME_MAX]);

/* An error by its name ("EPERM"): its number, or 0 when unknown. */
int seccomp_errno(const char *name);

/* An address family: "packet", "AF_PACKET" or a number. -1 when unknown. */
int seccomp_family(const char *name);

/* A netlink protocol: "kobject-uevent", "NETLINK_KOBJECT_UEVENT" or a number. -1 when unknown. */
int seccomp_netlink(const char *name);

/* A number (decimal, octal, hexadecimal) or a constant (CLONE_NEWUSER, AF_UNIX, S_IFCHR).
 * False when unknown or wider than 32 bits. */
bool seccomp_constant(const char *name, uint32_t *value);

/* AUDIT_ARCH_* of this machine, and of its 32-bit ABI (0 = it has none). */
uint32_t seccomp_native_arch(void);
uint32_t seccomp_foreign_arch(void);
