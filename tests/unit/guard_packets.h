/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets as text. */
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Words of a packet: hexadecimal digits, names from this table, and 00*N for N zeros. */
static const struct {
	const char *name, *hex;
} packet_words[] = {
	{ "me", "020000aabbcc" },
	{ "you", "020000112233" },
	{ "all", "ffffffffffff" },
	{ "ip", "0a000201" },
	{ "ip2", "0a000202" },
	{ "ip9", "0a000209" },
	{ "any4", "00000000" },
	{ "all4", "ffffffff" },
	{ "ll", "fe800000000000000000"
		"00fffeaabbcc" },
	{ "ll9", "fe800000000000000000"
		 "00fffe112233" },
	{ "g", "fd000000000000000000000000000001" },
	{ "g2", "fd000000000000000000000000000002" },
	{ "g9", "fd000000000000000000000000000009" },
	{ "any6", "00000000000000000000000000000000" },
	{ "nodes", "ff020000000000000000000000000001" },
};

struct packet {
	uint8_t byte[2048];
	size_t n;
};

static const char *packet_word(const char *word, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(packet_words); i++) {
		if (strlen(packet_words[i].name) == n && !strncmp(packet_words[i].name, word, n))
			return packet_words[i].hex;
	}
	return NULL;
}

static void packet_hex(struct packet *p, const char *hex, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		char pair[] = { hex[i], hex[i + 1], 0 };

		p->byte[p->n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static void packet_make(struct packet *p, const char *text)
{
	memset(p, 0, sizeof(*p));
	for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		const char *known = packet_word(at, n);

		if (known)
			packet_hex(p, known, strlen(known));
		else if (n > 3 && !strncmp(at, "00*", 3))
			p->n += strtoul(at + 3, NULL, 10);
		else
			packet_hex(p, at, n);
		at += n;
	}
}
