/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/caps_names.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "base/mem.h"

static const char *const names[] = {
	[CAP_CHOWN] = "chown",
	[CAP_DAC_OVERRIDE] = "dac_override",
	[CAP_DAC_READ_SEARCH] = "dac_read_search",
	[CAP_FOWNER] = "fowner",
	[CAP_FSETID] = "fsetid",
	[CAP_KILL] = "kill",
	[CAP_SETGID] = "setgid",
	[CAP_SETUID] = "setuid",
	[CAP_SETPCAP] = "setpcap",
	[CAP_LINUX_IMMUTABLE] = "linux_immutable",
	[CAP_NET_BIND_SERVICE] = "net_bind_service",
	[CAP_NET_BROADCAST] = "net_broadcast",
	[CAP_NET_ADMIN] = "net_admin",
	[CAP_NET_RAW] = "net_raw",
	[CAP_IPC_LOCK] = "ipc_lock",
	[CAP_IPC_OWNER] = "ipc_owner",
	[CAP_SYS_MODULE] = "sys_module",
	[CAP_SYS_RAWIO] = "sys_rawio",
	[CAP_SYS_CHROOT] = "sys_chroot",
	[CAP_SYS_PTRACE] = "sys_ptrace",
	[CAP_SYS_PACCT] = "sys_pacct",
	[CAP_SYS_ADMIN] = "sys_admin",
	[CAP_SYS_BOOT] = "sys_boot",
	[CAP_SYS_NICE] = "sys_nice",
	[CAP_SYS_RESOURCE] = "sys_resource",
	[CAP_SYS_TIME] = "sys_time",
	[CAP_SYS_TTY_CONFIG] = "sys_tty_config",
	[CAP_MKNOD] = "mknod",
	[CAP_LEASE] = "lease",
	[CAP_AUDIT_WRITE] = "audit_write",
	[CAP_AUDIT_CONTROL] = "audit_control",
	[CAP_SETFCAP] = "setfcap",
	[CAP_MAC_OVERRIDE] = "mac_override",
	[CAP_MAC_ADMIN] = "mac_admin",
	[CAP_SYSLOG] = "syslog",
	[CAP_WAKE_ALARM] = "wake_alarm",
	[CAP_BLOCK_SUSPEND] = "block_suspend",
	[CAP_AUDIT_READ] = "audit_read",
	[CAP_PERFMON] = "perfmon",
	[CAP_BPF] = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

/* In the order of their bits, linux/securebits.h; each lock is the bit above its flag. */
static const char *const securebits[] = {
	"noroot",	       "noroot-locked",
	"no-setuid-fixup",     "no-setuid-fixup-locked",
	"keep-caps",	       "keep-caps-locked",
	"no-cap-ambient-raise", "no-cap-ambient-raise-locked",
	"exec-restrict-file",  "exec-restrict-file-locked",
	"exec-deny-interactive", "exec-deny-interactive-locked",
};

int caps_number(const char *word)
{
	uint64_t number;

	if (!strncasecmp(word, "cap_", 4))
		word += 4;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(word, names[i]))
			return (int)i;
	/* A kernel newer than this table is served by numbers. */
	return str_u64(word, 10, 0, CAP_MAX, &number) < 0 ? -1 : (int)number;
}

uint64_t caps_known(void)
{
	int last = CAP_CHECKPOINT_RESTORE;

	/* The table is nearly always right: two calls. /proc may not be there. */
	while (last >= 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	while (last < CAP_MAX && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last == CAP_MAX ? UINT64_MAX : CAP_BIT(last + 1) - 1;
}

const char *caps_names(uint64_t set, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i <= CAP_MAX; i++) {
		int n;

		if (!(set & CAP_BIT(i)))
			continue;
		if (i < ARRAY_SIZE(names))
			n = snprintf(out + len, size - len, "%s%s", len ? " " : "", names[i]);
		else
			n = snprintf(out + len, size - len, "%s%u", len ? " " : "", i);
		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
	}
	return out;
}

void caps_text(uint64_t set, struct str *out)
{
	char all_names[1024];

	if (!set)
		str_add(out, "none");
	else if (set == caps_known())
		str_add(out, "all");
	else
		str_add(out, caps_names(set, all_names, sizeof(all_names)));
}

static int unknown_word(const char *word, const char *what, const char *const *words, size_t n,
			struct err *e)
{
	const char *nearest = str_nearest(word, words, n);

	err_msg(e, EINVAL, "'%s' is not a %s", word, what);
	return nearest ? err_hint(e, "did you mean '%s'?", nearest) : -e->code;
}

static int word_bits(const char *word, uint64_t *bits, struct err *e)
{
	int cap = caps_number(word);

	if (!strcasecmp(word, "all"))
		*bits = caps_known();
	else if (!strcasecmp(word, "none"))
		*bits = 0;
	else if (cap >= 0)
		*bits = CAP_BIT(cap);
	else
		return unknown_word(word, "capability", names, ARRAY_SIZE(names), e);
	return 0;
}

/* The next word of a value, words being divided by blanks or commas. Returns 1, 0 at the end,
 * -EINVAL when no name is that long. */
static int next_word(const char **text, char *word, size_t size)
{
	static const char between[] = " \t,";
	size_t n;

	*text += strspn(*text, between);
	n = strcspn(*text, between);
	if (n >= size)
		return -EINVAL;
	memcpy(word, *text, n);
	word[n] = '\0';
	*text += n;
	return n > 0;
}

int caps_parse(const char *value, uint64_t *set, struct err *e)
{
	const char *text = value + strspn(value, " \t,");
	bool change = *text == '+' || *text == '-';
	uint64_t mask = change ? *set : 0;
	char word[32];
	int more, ret;

	while ((more = next_word(&text, word, sizeof(word))) > 0) {
		bool sign = word[0] == '+' || word[0] == '-';
		uint64_t bits = 0;

		if (change && !sign)
			return err_msg(e, EINVAL, "'%s': either every word has a sign or the first "
						  "has none", value);
		ret = word_bits(word + sign, &bits, e);
		if (ret < 0)
			return ret;
		mask = word[0] == '-' ? mask & ~bits : mask | bits;
	}
	if (more < 0)
		return err_msg(e, EINVAL, "'%.40s...' is not a capability", text);
	*set = mask;
	return 0;
}

int securebits_parse(const char *value, uint32_t *bits, struct err *e)
{
	uint32_t mask = 0;
	char word[32];
	int more;

	while ((more = next_word(&value, word, sizeof(word))) > 0) {
		size_t bit = 0;

		while (bit < ARRAY_SIZE(securebits) && strcasecmp(word, securebits[bit]))
			bit++;
		if (bit == ARRAY_SIZE(securebits))
			return unknown_word(word, "securebit", securebits, bit, e);
		mask |= 1U << bit;
	}
	if (more < 0)
		return err_msg(e, EINVAL, "'%.40s...' is not a securebit", value);
	*bits = mask;
	return 0;
}

void securebits_text(uint32_t bits, struct str *out)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(securebits); i++) {
		if (!(bits & 1U << i))
			continue;
		str_addf(out, "%s%s", between, securebits[i]);
		between = " ";
	}
}
