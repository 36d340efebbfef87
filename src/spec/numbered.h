/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and origins of numbered rows: "net.3.mtu" is the row "net.N.mtu" for the third thing. Inside
 * of spec/. */
#pragma once
#include "spec/spec.h"

enum { NUMBERED_NAME_MAX = 64 };

/* Take a name apart: `row` receives "net.N.mtu". False when there is no number in it. */
bool numbered_split(const char *name, char row[NUMBERED_NAME_MAX], uint32_t *number);

/* Put it together again: "net.N.mtu" and 3 give "net.3.mtu". */
void numbered_join(const char *row, uint32_t number, char name[NUMBERED_NAME_MAX]);

/* Who set `name` last, or NULL; remember him (0 or -ENOMEM); forget `name` and all below it,
 * with "" every one. */
const char *numbered_origin(const struct spec *s, const char *name);
int numbered_remember(struct spec *s, const char *name, const char *where);
void numbered_forget(struct spec *s, const char *name);
