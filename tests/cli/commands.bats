#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Commands that explain, and input that is wrong.
load ../lib

@test "help lists the commands, and each has its own" {
	local command help
	help=$(ward help)
	for command in run create start stop restart rename rm exec ls info wait logs freeze thaw update device plan \
		defaults keys check; do
		[[ "$help" == *" $command "* ]] || fail "help has no $command"
		ends 0 "ward $command" ward $command --help
	done
}

@test "an unknown command is refused with the nearest name" {
	ends 2 'run' ward rnu
}

@test "defaults prints every profile, and what it prints is a configuration" {
	local profile
	for profile in app system immutable appliance privileged; do
		ward defaults $profile >"$STATE/$profile.conf"
		[ -s "$STATE/$profile.conf" ]
		ends 0 '' ward plan --config "$STATE/$profile.conf" "$LOOK_ROOT" -- /look
	done
}

@test "defaults of an unknown profile is refused with the nearest name" {
	ends 2 'app' ward defaults apps
}

@test "keys lists every key with type and a line" {
	try ward keys
	local key
	for key in memory.max seccomp.policy ns.net volume; do
		grep -q "^ *$key" <<<"$output" || fail "no $key"
	done
	[ "$(ward keys --json | jq 'length')" -gt 50 ]
}

@test "every key of every profile is a key" {
	local key
	ward keys >"$STATE/keys"
	grep -q memory.max "$STATE/keys"
	for key in $(for p in app system immutable appliance privileged; do ward defaults $p; done |
		awk '$2 == "=" && $1 != "profile" && $1 != "include" { print $1 }' | sort -u); do
		grep -qE "^ *${key/.[0-9]./.N.}( |$)" "$STATE/keys" || fail "$key"
	done
}

@test "plan prints the rows of the start in their order" {
	try ward plan "$LOOK_ROOT" -- /look
	[ "$status" -eq 0 ]
	local last=0 row n
	for row in cgroup.create spawn idmap.write rootfs.stage ns.mount caps.bound seccomp.load exec; do
		n=$(awk -v row="$row" '$2 == row { print NR; exit }' <<<"$output")
		[ -n "$n" ] && [ "$n" -gt "$last" ] || fail "$row is not after line $last: $output"
		last=$n
	done
}

@test "plan says what a row that is skipped loses" {
	ends 0 'filter of system calls' ward plan --set seccomp.policy=none "$LOOK_ROOT" -- /look
}

@test "plan --json is the same rows, with side, phase, name, why and what is lost" {
	local options json
	for options in "" "--exec" "--set seccomp.policy=none"; do
		# shellcheck disable=SC2086 # a list of words
		json=$(ward plan --json $options "$LOOK_ROOT" -- /look)
		# shellcheck disable=SC2086
		[ "$(jq -r '.[] | select(.runs) | (.side[0:1] | ascii_upcase) + " " + .name' <<<"$json")" = \
			"$(ward plan $options "$LOOK_ROOT" -- /look | awk '($1 == "M" || $1 == "I") && !/ - (skipped|not asked)/ {
				print $1, ($2 == ">" || $2 == "<" ? $2 " " $3 : $2) }')" ] || fail "$options: $json"
	done
	[ "$(jq -r '.[] | select(.name == "seccomp.load") | [.side, .phase, .runs, .lost] | @csv' <<<"$json")" = \
		'"init","seal",false,"the filter of system calls"' ] || fail "$json"
	[ "$(jq '[.[] | select(.runs and .lost)] | length' <<<"$json")" = 0 ]
	[ "$(jq '[.[] | select(.why)] | length' <<<"$json")" -gt 20 ]
}

@test "plan --exec is the order of exec" {
	try ward plan --exec "$LOOK_ROOT"
	[[ "$status" -eq 0 && "$output" == *attach.spawn* && "$output" != *stage.enter* ]] || fail "$output"
}

@test "plan changes nothing" {
	ends 0 'spawn' ward plan --name planned "$LOOK_ROOT" -- /look
	[ -z "$(find /sys/fs/cgroup -type d -name '*planned*')" ]
	[ -z "$(ls -A "$WARD_RUN_DIR/containers" 2>/dev/null)" ]
}

@test "check says what this host has" {
	try ward check
	local word
	for word in kernel cgroup; do
		grep -qi "$word" <<<"$output" || fail "no $word: $output"
	done
	ward check --json | jq -e . >/dev/null
}

@test "everything that lists has --json that is JSON" {
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	local command
	for command in "ls --json" "info --json $ONE" "keys --json" "check --json" "plan --json $LOOK_ROOT" \
		"help --json" "help --json gates"; do
		ward $command | jq -e 'length > 0' >/dev/null || fail "$command"
	done
}

# --- wrong input: one clear error with its origin, nothing left -----------------------------------------

refused() {
	local status_wanted=$1 pattern=$2
	shift 2
	try ward run "$@" "$LOOK_ROOT" -- /look ids
	[ "$status" -eq "$status_wanted" ] || fail "$*: status $status: $output"
	[[ "$output" =~ $pattern ]] || fail "$*: no /$pattern/ in: $output"
	[ "$(wc -l <<<"$output")" -le 3 ] || fail "$*: more than one error: $output"
	[ -z "$(ls -A "$WARD_RUN_DIR/containers" 2>/dev/null)" ] || fail "$*: something is left"
}

@test "an unknown key is refused with the nearest name" {
	refused 2 'memory.max' --set memory.mx=1G
	refused 2 'seccomp.policy' --set secomp.policy=none
}

@test "an unknown key in a file is refused with file and line" {
	printf 'pids.max = 10\nmemory.mx = 1G\n' >"$STATE/c.conf"
	refused 2 'c.conf:2.*memory' --config "$STATE/c.conf"
}

@test "values out of range are refused with their origin" {
	refused 2 'memory' --memory -1
	refused 2 'memory' --memory 1Q
	refused 2 'memory' --memory 99999999999999999999G
	refused 2 'pids' --pids -5
	refused 2 'pids' --pids many
	refused 2 'cpus' --cpus 0
	refused 2 'cpus' --cpus -1
	refused 2 'pts_max' --set dev.pts_max=0
	refused 2 'ns.net' --set ns.net=maybe
	refused 125 'umask' --set process.umask=999
}

@test "mistyped options are refused with the nearest name" {
	refused 2 'memory' --memroy 1G
	refused 2 'profile' --profle app
}

@test "unknown profiles and gates are refused with the nearest name" {
	refused 2 'system' --profile sytem
	refused 2 'nesting' --allow nestng
	refused 2 'device' --allow device
}

@test "volumes that make no sense are refused" {
	refused 2 '' -v relative:/data
	refused 2 'absolute' --volume "$STATE:data"
	refused 2 "unknown mount option" -v "$STATE:/data:bogus"
	refused 125 'nowhere' -v "$STATE/nowhere:/data"
	refused 2 '' -v "$STATE:/"
}

@test "impossible combinations are refused" {
	refused 125 'idmap' --profile privileged --set 'idmap.uid=0 1000000 1' --set 'idmap.gid=0 1000000 1'
	refused 125 'ns.mount' --set ns.mount=host
	refused 125 'caps' --set caps.effective=+sys_admin
	refused 125 '/sys' --set sys.mode=none --set cgroup.mode=ro
}

@test "vital parts of the host are no volume without their gate" {
	local path
	for path in / /etc /run /proc /sys /dev; do
		refused 125 'bind' -v "$path:/data"
	done
}

@test "a configuration that includes itself ends" {
	echo "include = loop.conf" >"$STATE/loop.conf"
	refused 2 'loop.conf' --config "$STATE/loop.conf"
}

@test "a configuration that is a directory, a fifo or missing is refused" {
	mkfifo "$STATE/fifo"
	refused 2 '' --config "$STATE"
	WARD_TIMEOUT=5 refused 2 '' --config "$STATE/fifo"
	refused 2 'nowhere' --config "$STATE/nowhere"
}

@test "settings come from the profile, then files, then options" {
	printf 'pids.max = 30\nmemory.max = 300M\n' >"$STATE/c.conf"
	ward run -d --name "$ONE" --pids 40 --config "$STATE/c.conf" "$LOOK_ROOT" -- /look sleep 30
	try ward info "$ONE" --json
	[[ "$output" == *40* && "$output" == *314572800* ]] || fail "$output"
}

@test "a full disk for the state is one error" {
	mkdir "$WARD_RUN_DIR"
	mount -t tmpfs -o size=4k,nr_inodes=4,mode=700 none "$WARD_RUN_DIR"
	try ward run "$LOOK_ROOT" -- /look ids
	umount "$WARD_RUN_DIR"
	[[ "$status" -eq 125 && "$output" == *"No space left"* ]] || fail "$status $output"
	[ "$(wc -l <<<"$output")" -le 3 ] || fail "$output"
}

@test "output that cannot be written is one error and a failure, of every command" {
	local command
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look sleep 30
	for command in "ls" "ls --json" "plan $LOOK_ROOT -- /look" "plan --json $LOOK_ROOT -- /look" "info $ONE" \
		"help" "help gates" "--help" "--version" "run --help" "keys" "keys --json" "check" "defaults" \
		"defaults --effective" "completion bash" "create --name $ONE-b $LOOK_ROOT -- /look"; do
		# shellcheck disable=SC2086 # a list of words
		try full ward $command
		[[ "$status" -eq 1 && "$output" == *"standard output: No space left on device"* ]] ||
			fail "$command: $status $output"
		# shellcheck disable=SC2086
		ends 0 '' ward $command || [ "${command%% *}" = create ]
	done
	try full ward run -d --name "$ONE-c" "$LOOK_ROOT" -- /look sleep 30
	[[ "$status" -eq 125 && "$output" == *"No space left"* ]] || fail "$status $output"
}

full() {
	"$@" >/dev/full
}

@test "output of the program that cannot be written is one error and a failure" {
	ends 125 '^ward: write to standard output .*No space left on device$' full ward run "$LOOK_ROOT" -- /look ids
	ends 3 'No space left' full ward run "$BUSYBOX" -- sh -c 'echo output; exit 3'
	ends 0 '^$' full ward run "$LOOK_ROOT" -- /look exit 0
	ward run -d --name "$ONE" "$LOOK_ROOT" -- /look await
	ends 125 '^ward: write to standard output .*No space left on device$' full ward exec "$ONE" -- /look ids
	until_ok eval 'ward logs "$ONE" | grep -q ready'
	ends 1 'No space left' full ward logs "$ONE"
}

@test "a reader that has read enough is no error" {
	try bash -c "'$WARD' run '$LOOK_ROOT' -- /look print 100000 | head -n 1"
	[[ "$status" -eq 0 && "$output" != *ward:* ]] || fail "$status $output"
}

@test "no open files left is one error" {
	try bash -c "ulimit -n 8; exec '$WARD' run '$LOOK_ROOT' -- /look ids"
	[ "$status" -eq 125 ] || fail "$status $output"
}

@test "a stopped reader of standard error does not hang a refusal" {
	try timeout 10 bash -c "'$WARD' run --memory x '$LOOK_ROOT' -- /look 2>&1 >/dev/null | head -c 1 >/dev/null; exit \${PIPESTATUS[0]}"
	[ "$status" -eq 2 ] || [ "$status" -eq 141 ] || fail "$status $output"
}

@test "commands that start nothing lose no memory (said by the sanitizer build)" {
	local command
	echo 'pids.max = 10' >"$STATE/c.conf"
	for command in "help" "help gates" "keys" "keys --json" "defaults app" "check" "check --json" "ls --json" \
		"plan --config $STATE/c.conf --allow tun -v $STATE:/data $LOOK_ROOT -- /look" "completion bash" \
		"plan --set memory.mx=1 $LOOK_ROOT -- /look" "info nosuch"; do
		ASAN_OPTIONS=exitcode=99:detect_leaks=1 try ward $command
		[ "$status" -ne 99 ] && [ -n "$output" ] || fail "$command: $output"
	done
}
