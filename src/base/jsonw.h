/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Superseded by base/json.h; nothing uses it. */
#pragma once
