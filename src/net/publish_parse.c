/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "[ADDRESS:]PORT:PORT[/tcp|/udp]", what -p says. No side effects; tests/fuzz/fuzz_publish.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "net/network.h"

static int unreadable(const char *text, const char *why, struct err *e)
{
	struct err clean = ERR_NONE;

	snprintf(clean.text, sizeof(clean.text), "%.80s", text);
	err_clean(&clean);
	err_msg(e, EINVAL, "'%s' does not say which port leads where: %s", clean.text, why);
	return err_hint(e,
			"write [ADDRESS:]PORT:PORT[/udp], as 8080:80 or [::1]:5000-5009:5000-5009");
}

/* "A" or "A-B" */
static bool parse_range(const char *text, uint16_t *from, uint16_t *count)
{
	const char *dash = strchr(text, '-');
	size_t n = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t first, last;
	char number[8];

	if (n >= sizeof(number))
		return false;
	memcpy(number, text, n);
	number[n] = '\0';
	if (str_u64(number, 10, 1, 65535, &first) < 0)
		return false;
	last = first;
	if (dash && str_u64(dash + 1, 10, first, 65535, &last) < 0)
		return false;
	*from = (uint16_t)first;
	*count = last - first >= PUBLISH_MAX ? 0 : (uint16_t)(last - first + 1);
	return true;
}

static bool parse_host(const char *text, struct in6_addr *out)
{
	size_t n = strlen(text);
	char inside[INET6_ADDRSTRLEN];
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1) {
		*out = in6addr_any;
		if (four.s_addr) {
			out->s6_addr[10] = out->s6_addr[11] = 0xff;
			memcpy(out->s6_addr + 12, &four, sizeof(four));
		}
		return true;
	}
	if (n < 4 || n - 2 >= sizeof(inside) || text[0] != '[' || text[n - 1] != ']')
		return false;
	memcpy(inside, text + 1, n - 2);
	inside[n - 2] = '\0';
	return inet_pton(AF_INET6, inside, out) == 1 && !IN6_IS_ADDR_MULTICAST(out) &&
	       !IN6_IS_ADDR_LINKLOCAL(out);
}

int publish_parse(const char *text, struct publish *out, struct err *e)
{
	char copy[96], *inside, *host, *protocol;
	uint16_t count;

	*out = (struct publish){ .protocol = IPPROTO_TCP };
	if (strlen(text) >= sizeof(copy))
		return unreadable(text, "it is too long", e);
	strcpy(copy, text);
	protocol = strrchr(copy, '/');
	if (protocol) {
		if (strcmp(protocol, "/tcp") && strcmp(protocol, "/udp"))
			return unreadable(text, "only /tcp and /udp are led on", e);
		out->protocol = protocol[1] == 'u' ? IPPROTO_UDP : IPPROTO_TCP;
		*protocol = '\0';
	}
	inside = strrchr(copy, ':');
	if (!inside)
		return unreadable(text, "there is one port only", e);
	*inside++ = '\0';
	host = strrchr(copy, ':');
	if (host) {
		*host++ = '\0';
		if (!parse_host(copy, &out->host))
			return unreadable(text, "the address of the host is none", e);
	}
	if (!parse_range(host ? host : copy, &out->from, &out->count) ||
	    !parse_range(inside, &out->to, &count))
		return unreadable(text, "a port is 1 to 65535", e);
	if (!count || !out->count)
		return unreadable(text, "a range has at most 256 ports", e);
	if (count != out->count)
		return unreadable(text, "the two ranges have different lengths", e);
	return 0;
}
