/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went through a container's network devices, for `ward info` and `ward top`. */
#pragma once
#include "base/json.h"
#include "wall/net_look.h"

enum { TRAFFIC_MAX = 32 };

struct traffic {
	struct net_traffic item[TRAFFIC_MAX];
	size_t n;
};

/* Read the counters of the container whose init is `pid`. None where its network is ours. */
void traffic_read(const struct host *h, int proc, pid_t pid, struct traffic *out);

/* An array "network" of `seen`'s devices with their counters. */
void traffic_json(const struct spec *seen, const struct traffic *t, struct json_out *j);

/* Lines for `ward info`. */
void traffic_text(const struct traffic *t, struct str *out);
