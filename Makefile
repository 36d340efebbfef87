# SPDX-License-Identifier: LGPL-2.1-or-later
# Two commands do everything, the first time and again:
#
#	make run                        build, then take the tour behind every wall
#	make run ARGS="host -- ls /"    build, then `ward run` with these arguments
#	make test                       build, then every test
#
# Each installs what it needs. meson.build has the rules; this file only calls it.
BUILD ?= build
ARGS ?=
SECTIONS ?=
MESON_OPTIONS ?=
# The sample program is bound into a container that sees the host's /usr and nothing else of it.
TOUR = -v -v $(abspath $(BUILD)/tour):/run/tour:ro,exec host -- /run/tour
AS_ROOT = $(shell [ "$$(id -u)" -eq 0 ] || echo sudo --preserve-env=CI)

.PHONY: all run test bench install clean

all:
	@tools/need build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) $(MESON_OPTIONS)
	@ninja -C $(BUILD)

run: all $(BUILD)/tour
	@tools/need run
	$(BUILD)/ward run $(if $(strip $(ARGS)),$(ARGS),$(TOUR))

$(BUILD)/tour: examples/tour.c | all
	@$(CC) -std=gnu11 -O2 -D_GNU_SOURCE -static -o $@ $<

test: all
	@tools/need test
	@ninja -C $(BUILD) tests
	@$(AS_ROOT) tests/run $(SECTIONS)

bench: all
	@tools/need bench
	@$(AS_ROOT) bench/run

install: all
	@$(AS_ROOT) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD)
