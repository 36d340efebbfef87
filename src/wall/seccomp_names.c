/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_names.h"

#include <asm/unistd.h>
#include <ctype.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

/* --- system calls ---------------------------------------------------------------------- */

/* System calls that are younger than the libseccomp of a stable distribution. Since number 424
 * every architecture uses the same number, MIPS and Alpha on top of their base. */
static const struct newer {
	const char *name;
	int number;
	bool only_x86_64;
} newer[] = {
	{ "uretprobe", 335, true },
	{ "uprobe", 336, true },
	{ "process_madvise", 440, false },
	{ "epoll_pwait2", 441, false },
	{ "mount_setattr", 442, false },
	{ "quotactl_fd", 443, false },
	{ "landlock_create_ruleset", 444, false },
	{ "landlock_add_rule", 445, false },
	{ "landlock_restrict_self", 446, false },
	{ "memfd_secret", 447, false },
	{ "process_mrelease", 448, false },
	{ "futex_waitv", 449, false },
	{ "set_mempolicy_home_node", 450, false },
	{ "cachestat", 451, false },
	{ "fchmodat2", 452, false },
	{ "map_shadow_stack", 453, false },
	{ "futex_wake", 454, false },
	{ "futex_wait", 455, false },
	{ "futex_requeue", 456, false },
	{ "statmount", 457, false },
	{ "listmount", 458, false },
	{ "lsm_get_self_attr", 459, false },
	{ "lsm_set_self_attr", 460, false },
	{ "lsm_list_modules", 461, false },
	{ "mseal", 462, false },
	{ "setxattrat", 463, false },
	{ "getxattrat", 464, false },
	{ "listxattrat", 465, false },
	{ "removexattrat", 466, false },
	{ "open_tree_attr", 467, false },
	{ "file_getattr", 468, false },
	{ "file_setattr", 469, false },
	{ "listns", 470, false },
	{ "rseq_slice_yield", 471, false },
};

enum {
	/* libseccomp's own numbers for calls of other machines begin at -10001, its numbers for
	 * the parts of socketcall(2) and ipc(2), which do exist, lie above -1000. */
	ELSEWHERE = -1000,
	NEWER_ELSEWHERE = -20000,
};

int seccomp_base(void)
{
#ifdef __NR_Linux
	return __NR_Linux;
#else
	return 0;
#endif
}

uint32_t seccomp_native_arch(void)
{
	return seccomp_arch_native();
}

uint32_t seccomp_foreign_arch(void)
{
#if defined(__x86_64__)
	return SCMP_ARCH_X86;
#elif defined(__aarch64__)
	return SCMP_ARCH_ARM;
#else
	return 0;
#endif
}

static int newer_number(const struct newer *n)
{
#ifndef __x86_64__
	if (n->only_x86_64)
		return NEWER_ELSEWHERE - n->number;
#endif
	return n->only_x86_64 ? n->number : seccomp_base() + n->number;
}

int seccomp_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number != __NR_SCMP_ERROR)
		return number;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (!strcmp(newer[i].name, name))
			return newer_number(&newer[i]);
	return SECCOMP_UNKNOWN;
}

bool seccomp_elsewhere(int number)
{
	return number < ELSEWHERE;
}

bool seccomp_name(uint32_t arch, int number, char name[SECCOMP_NAME_MAX])
{
	autofree char *known = seccomp_syscall_resolve_num_arch(arch, number);

	if (known) {
		if (strlen(known) >= SECCOMP_NAME_MAX)
			return false;
		strcpy(name, known);
		return true;
	}
	if (arch != seccomp_native_arch())
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++) {
		if (newer_number(&newer[i]) != number)
			continue;
		strcpy(name, newer[i].name);
		return true;
	}
	return false;
}

bool seccomp_nearest(const char *name, char nearest[SECCOMP_NAME_MAX])
{
	char names[SECCOMP_NUMBERS][SECCOMP_NAME_MAX];
	const char *words[SECCOMP_NUMBERS];
	const char *found;
	size_t n = 0;

	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		if (!seccomp_name(seccomp_native_arch(), seccomp_base() + i, names[n]))
			continue;
		words[n] = names[n];
		n++;
	}
	found = str_nearest(name, words, n);
	if (found)
		strcpy(nearest, found);
	return found;
}

/* --- errors ---------------------------------------------------------------------------- */

#define ERROR(name)                                                                                \
	{                                                                                          \
#name, name                                                                        \
	}

/* clang-format off */
/* Only what a program may meet at a system call that it should not make. */
static const struct {
	const char *name;
	int number;
} errors[] = {
	ERROR(EPERM),	   ERROR(ENOENT),	   ERROR(EIO),	      ERROR(EBADF),
	ERROR(EAGAIN),	   ERROR(ENOMEM),	   ERROR(EACCES),     ERROR(EBUSY),
	ERROR(EEXIST),	   ERROR(ENODEV),	   ERROR(EINVAL),     ERROR(EMFILE),
	ERROR(ENOTTY),	   ERROR(ENOSPC),	   ERROR(EROFS),      ERROR(ENOSYS),
	ERROR(EOPNOTSUPP), ERROR(EPROTONOSUPPORT), ERROR(ENOPROTOOPT), ERROR(ESOCKTNOSUPPORT),
	ERROR(EPFNOSUPPORT), ERROR(EAFNOSUPPORT),  ERROR(ENODATA),    ERROR(EXDEV),
};
/* clang-format on */

int seccomp_errno(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	return 0;
}

/* --- sockets --------------------------------------------------------------------------- */

/* clang-format off */
/* By number: the same on every architecture. A number without a name is written as a number. */
static const char *const families[] = {
	"unspec", "unix",	"inet",	  "ax25",    "ipx",	"appletalk", "netrom",	"bridge",
	"atmpvc", "x25",	"inet6",  "rose",    "decnet",	"netbeui",   "security", "key",
	"netlink", "packet",	"ash",	  "econet",  "atmsvc",	"rds",	     "sna",	"irda",
	"pppox",  "wanpipe",	"llc",	  "ib",	     "mpls",	"can",	     "tipc",	"bluetooth",
	"iucv",	  "rxrpc",	"isdn",	  "phonet",  "ieee802154", "caif",   "alg",	"nfc",
	"vsock",  "kcm",	"qipcrtr", "smc",    "xdp",	"mctp",
};

static const char *const netlinks[] = {
	"route",     "unused",	  "usersock",  "firewall", "sock-diag", "nflog",
	"xfrm",	     "selinux",	  "iscsi",     "audit",	   "fib-lookup", "connector",
	"netfilter", "ip6-fw",	  "dnrtmsg",   "kobject-uevent", "generic", NULL,
	"scsitransport", "ecryptfs", "rdma",   "crypto",   "smc",
};
/* clang-format on */

enum { FAMILY_MAX = 255, NETLINK_MAX = 31 /* MAX_LINKS - 1 of linux/netlink.h */ };

/* Equal without regard to case and to the difference between '-' and '_'. */
static bool same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		int x = *a == '_' ? '-' : tolower((unsigned char)*a);
		int y = *b == '_' ? '-' : tolower((unsigned char)*b);

		if (x != y)
			return false;
	}
	return *a == *b;
}

static int word_number(const char *word, const char *const *words, size_t n, uint64_t max)
{
	uint64_t number;

	for (size_t i = 0; i < n; i++)
		if (words[i] && same_word(words[i], word))
			return (int)i;
	return str_u64(word, 0, 0, max, &number) < 0 ? -1 : (int)number;
}

int seccomp_family(const char *name)
{
	if (str_starts(name, "AF_") || str_starts(name, "PF_"))
		name += 3;
	if (same_word(name, "local"))
		name = "unix";
	return word_number(name, families, ARRAY_SIZE(families), FAMILY_MAX);
}

int seccomp_netlink(const char *name)
{
	if (str_starts(name, "NETLINK_"))
		name += strlen("NETLINK_");
	return word_number(name, netlinks, ARRAY_SIZE(netlinks), NETLINK_MAX);
}

/* --- constants of arguments ------------------------------------------------------------ */

#define CONSTANT(name)                                                                             \
	{                                                                                          \
#name, (uint32_t)(name)                                                            \
	}

static const struct {
	const char *name;
	uint32_t value;
} constants[] = {
	CONSTANT(CLONE_NEWNS),
	CONSTANT(CLONE_NEWCGROUP),
	CONSTANT(CLONE_NEWUTS),
	CONSTANT(CLONE_NEWIPC),
	CONSTANT(CLONE_NEWUSER),
	CONSTANT(CLONE_NEWPID),
	CONSTANT(CLONE_NEWNET),
	CONSTANT(CLONE_NEWTIME),
	CONSTANT(PER_LINUX),
	CONSTANT(PER_LINUX32),
	CONSTANT(UNAME26),
	CONSTANT(ADDR_NO_RANDOMIZE),
	CONSTANT(READ_IMPLIES_EXEC),
	CONSTANT(S_IFMT),
	CONSTANT(S_IFREG),
	CONSTANT(S_IFIFO),
	CONSTANT(S_IFSOCK),
	CONSTANT(S_IFCHR),
	CONSTANT(S_IFBLK),
	CONSTANT(TIOCSTI),
	CONSTANT(TIOCLINUX),
	CONSTANT(TIOCSETD),
	CONSTANT(SOCK_STREAM),
	CONSTANT(SOCK_DGRAM),
	CONSTANT(SOCK_RAW),
	CONSTANT(SOCK_SEQPACKET),
	{ "SOCK_TYPE_MASK", 0xf },
	/* From linux/netfilter*: the base of each family of options, and the one after it. */
	{ "IPT_SO_SET_REPLACE", 64 },
	{ "IPT_SO_SET_ADD_COUNTERS", 65 },
	{ "ARPT_SO_SET_REPLACE", 96 },
	{ "ARPT_SO_SET_ADD_COUNTERS", 97 },
	{ "EBT_SO_SET_ENTRIES", 128 },
	{ "EBT_SO_SET_COUNTERS", 129 },
	{ "SOL_IP", 0 },
	{ "SOL_TCP", 6 },
	{ "SOL_IPV6", 41 },
	{ "TCP_ULP", 31 },
};

bool seccomp_constant(const char *name, uint32_t *value)
{
	uint64_t number;
	int word = -1;

	if (str_u64(name, 0, 0, UINT32_MAX, &number) == 0) {
		*value = (uint32_t)number;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		if (strcmp(constants[i].name, name))
			continue;
		*value = constants[i].value;
		return true;
	}
	if (str_starts(name, "AF_"))
		word = seccomp_family(name);
	if (str_starts(name, "NETLINK_"))
		word = seccomp_netlink(name);
	*value = (uint32_t)word;
	return word >= 0;
}
