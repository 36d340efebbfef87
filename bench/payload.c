/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is started again and again: ends at once, as `true` does; with an argument it stays. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		pause();
	return 0;
}
