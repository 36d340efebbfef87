/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of netlink messages: whatever their lengths say, nothing outside of the message is touched
 * (the sanitizers watch), and what is returned lies in it. */
#include "base/nl.h"
#include "fuzz.h"

enum { ATTRIBUTES = 64 };

static void inside(const struct nlmsghdr *m, const void *at, size_t size)
{
	const char *begin = (const char *)m;

	fuzz_must((const char *)at >= begin && (const char *)at + size <= begin + m->nlmsg_len);
}

static void look(const struct nlmsghdr *m, const struct rtattr **attr, int depth)
{
	for (size_t i = 0; i <= ATTRIBUTES; i++) {
		const struct rtattr *nested[ATTRIBUTES + 1];
		const char *text = nl_text(attr[i]);
		const void *data = nl_data(attr[i], 6);

		if (!attr[i])
			continue;
		inside(m, attr[i], attr[i]->rta_len);
		if (text)
			inside(m, text, strlen(text) + 1);
		if (data)
			inside(m, data, 6);
		nl_number(attr[i]);
		nl_nested(attr[i], nested, ATTRIBUTES);
		if (depth)
			look(m, nested, depth - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t heads[] = { 0, sizeof(struct ifinfomsg), sizeof(struct rtmsg), 4096 };
	const struct rtattr *attr[ATTRIBUTES + 1];
	struct nlmsghdr *m = malloc(NLMSG_HDRLEN + size);

	fuzz_must(m);
	/* The length of a message is checked before anything is done with it: NLMSG_OK(). */
	*m = (struct nlmsghdr){ .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size) };
	if (size)
		memcpy(NLMSG_DATA(m), data, size);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		nl_attributes(m, heads[i], attr, ATTRIBUTES);
		look(m, attr, 2);
	}
	free(m);
	return 0;
}
