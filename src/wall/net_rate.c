/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues that make a sender wait: tbf, tc-tbf(8), Documentation of linux/pkt_sched.h. */
#include "wall/net_rate.h"

#include <linux/pkt_sched.h>

#include "base/nl.h"

uint64_t rate_burst(uint64_t rate)
{
	/* 4 ms, so that the timer may be late; and at least the largest packet of any device. */
	uint64_t least = 65536, burst = rate / 8 / 250;

	return burst > least ? burst : least;
}

/* What may wait: 50 ms more than a burst, but no more memory than that. */
static uint64_t queue_size(uint64_t rate)
{
	uint64_t most = 32 << 20, size = rate_burst(rate) + rate / 8 / 20;

	return size < most ? size : most;
}

int rate_shape(int nl, int index, uint64_t rate, struct err *e)
{
	struct tcmsg head = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT };
	uint64_t bytes = rate / 8;
	struct tc_tbf_qopt parameters = {
		.rate = { .rate = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX,
			  .linklayer = TC_LINKLAYER_ETHERNET },
		.limit = (uint32_t)queue_size(rate),
	};
	struct nl_batch b;
	size_t options;

	nl_begin(&b);
	nl_request(&b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head),
		   "limit the rate of a network device");
	nl_put_text(&b, TCA_KIND, "tbf");
	options = nl_nest(&b, TCA_OPTIONS);
	nl_put(&b, TCA_TBF_PARMS, &parameters, sizeof(parameters));
	nl_put_u32(&b, TCA_TBF_BURST, (uint32_t)rate_burst(rate));
	if (bytes >= UINT32_MAX)
		nl_put(&b, TCA_TBF_RATE64, &bytes, sizeof(bytes));
	nl_nest_end(&b, options);
	return nl_send(nl, &b, e);
}
