/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written of network devices: addresses, routes, MAC patterns, names, rates, the words of --net
 * and the record of a container's devices. */
#include <netinet/in.h>

#include "front/net_words.h"
#include "fuzz.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "wall/net_record.h"
#include "wall/net_text.h"
#include "wall/wall.h"

/* An error has words, and a number. */
static void answer(int ret, struct err *e)
{
	fuzz_must(ret == 0 || (ret < 0 && e->code == -ret && e->text[0]));
	*e = ERR_NONE;
}

static void try_texts(const char *text)
{
	static const uint8_t random[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const int families[] = { AF_INET, AF_INET6 };
	struct err e = ERR_NONE;
	struct net_address a;
	enum net_gateway kind;
	uint64_t rate;
	uint16_t vlan;
	uint8_t mac[6];
	int ret;

	for (size_t i = 0; i < 2; i++) {
		ret = net_parse_address(text, families[i], &a, &e);
		fuzz_must(ret < 0 || a.length <= net_address_size(families[i]) * 8);
		answer(ret, &e);
		ret = net_parse_route(text, families[i], &a, &e);
		fuzz_must(ret < 0 || a.has_length);
		answer(ret, &e);
		answer(net_parse_gateway(text, families[i], &kind, NULL, &e), &e);
	}
	ret = net_parse_mac(text, &e);
	if (ret == 0) {
		net_fill_mac(text, random, mac);
		fuzz_must(!(mac[0] & 1));
	}
	answer(ret, &e);
	answer(net_parse_name(text, &e), &e);
	ret = net_parse_rate(text, &rate, &e);
	fuzz_must(ret < 0 || rate > 0);
	answer(ret, &e);
	answer(net_parse_vlan(text, &vlan, &e), &e);
}

/* What the words make is a configuration that says the same again. */
static void try_words(const char *text)
{
	struct err e = ERR_NONE;
	autostr dump = { 0 };
	autospec s;
	int ret;

	spec_init(&s);
	ret = net_words_apply(&s, text, "fuzz", &e);
	if (ret == 0)
		dump_write(&s, true, &dump);
	answer(ret, &e);
}

static void try_record(const char *text)
{
	struct err e = ERR_NONE;
	struct net_recorded *list;
	size_t n;
	int ret = net_record_parse(text, &list, &n, &e);

	for (size_t i = 0; ret == 0 && i < n; i++)
		fuzz_must(net_parse_name(list[i].inside, &e) == 0);
	answer(ret, &e);
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *text = fuzz_text(data, size);

	if (!ready)
		walls_init();
	ready = true;
	try_texts(text);
	try_words(text);
	try_record(text);
	free(text);
	return 0;
}
