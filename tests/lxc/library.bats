#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# liblxc.so.1 as a library: what it shows, how it is laid out, and threads.
load ../lib
load help
bats_require_minimum_version 1.5.0

@test "it shows 15 functions and the six names LXC's tools take, and nothing else" {
	nm -D --defined-only "$LXC_BUILD/liblxc.so.1" | awk '{ print $3 }' | sort >"$STATE/seen"
	sort >"$STATE/wanted" <<-END
		lxc_container_new
		lxc_container_get
		lxc_container_put
		lxc_get_wait_states
		lxc_get_global_config_item
		lxc_get_version
		list_defined_containers
		list_active_containers
		list_all_containers
		lxc_log_init
		lxc_log_close
		lxc_config_item_is_supported
		lxc_has_api_extension
		lxc_attach_run_command
		lxc_attach_run_shell
		lxc_config_define_add
		lxc_config_define_load
		lxc_config_define_free
		lxc_config_parse_arch
		lxc_is_valid_storage_type
		current_config
	END
	diff "$STATE/wanted" "$STATE/seen"
	readelf -d "$LXC_BUILD/liblxc.so.1" | grep -q 'SONAME.*\[liblxc.so.1\]'
	readelf -Ws --dyn-syms "$LXC_BUILD/liblxc.so.1" | grep -q 'TLS .*current_config'
}

@test "the headers are complete in C and in C++" {
	cp -r "$TOP/src/lxc/include" "$STATE/include"
	cp "$LXC_BUILD/version.h" "$STATE/include/lxc/version.h"
	cat >"$STATE/one.c" <<-END
		#include <lxc/lxccontainer.h>
		#include <lxc/version.h>
		int main(void)
		{
			lxc_attach_options_t o = LXC_ATTACH_OPTIONS_DEFAULT;
			return LXC_VERSION_MAJOR < 6 || LXC_DEVEL || o.namespaces != -1;
		}
	END
	cc -Wall -Werror -I"$STATE/include" "$STATE/one.c" -o "$STATE/one"
	"$STATE/one"
	cp "$STATE/one.c" "$STATE/one.cc"
	command -v c++ >/dev/null || skip "no C++ compiler"
	c++ -std=c++20 -Wall -Werror -I"$STATE/include" "$STATE/one.cc" -o "$STATE/one"
}

@test "a C program: layout, configuration, errors" {
	small one
	LD_LIBRARY_PATH=$LXC_BUILD timeout 60 "$CLIENTS/client" basics "$LXCPATH" one
}

@test "many threads use one object and many" {
	small one
	LD_LIBRARY_PATH=$LXC_BUILD timeout 60 "$CLIENTS/client" threads "$LXCPATH" one
	nothing_left one
}

@test "two starts at once: one container, and the other is told" {
	small one
	LD_LIBRARY_PATH=$LXC_BUILD timeout 60 "$CLIENTS/client" race "$LXCPATH" one
	nothing_left one
}
