/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/key.h"
#include "spec/numbered.h"

void spec_init(struct spec *s)
{
	*s = (struct spec){ 0 };
	/* Every row starts out cleared, so that "unset" is what the row's type says it is. */
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);

		if (!k->items)
			k->type->clear(k, (char *)s + k->at);
	}
}

void spec_free(struct spec *s)
{
	size_t n = key_count_all();

	for (size_t i = 0; i < n; i++) {
		const struct key *k = key_at(i);

		/* Numbered things go with the row of their list. */
		if (!k->items)
			k->type->clear(k, (char *)s + k->at);
		if (s->origin)
			free(s->origin[i].where);
	}
	free(s->origin);
	numbered_forget(s, "");
	free(s->name);
	free(s->profile);
	list_clear(&s->gates);
	*s = (struct spec){ 0 };
}
