/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request to the monitor's command socket: the head, then what follows it; and what the library
 * says to the monitor it starts, which is the rest of the file. */
#include <stdlib.h>

#include "fuzz.h"
#include "lxc/start.h"
#include "lxc/wire.h"
#include "wall/wall.h"

static void request(const uint8_t *data, size_t size)
{
	struct lxc_command command;
	struct lxc_request head;
	char *exact;

	if (size < sizeof(head))
		return;
	memcpy(&head, data, sizeof(head));
	if (!lxc_request_valid(&head) || (size_t)head.datalen > size - sizeof(head))
		return;
	/* Not a byte behind its end. */
	exact = malloc((size_t)head.datalen + !head.datalen);
	memcpy(exact, data + sizeof(head), (size_t)head.datalen);
	if (lxc_command_parse(&head, exact, &command) == 0) {
		fuzz_must(command.cmd < LXC_CMDS);
		fuzz_must(!command.text || strlen(command.text) < (size_t)head.datalen);
		fuzz_must(memchr(command.controller, '\0', sizeof(command.controller)));
	}
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	autostart start = { 0 };
	struct err e = ERR_NONE;

	if (!begun)
		walls_init();
	begun = true;
	request(data, size);
	if (lxc_start_parse((const char *)data, size, &start, &e) == 0)
		fuzz_must(start.name && start.lxcpath);
	else
		fuzz_must(e.code > 0 && e.text[0]);
	return 0;
}
