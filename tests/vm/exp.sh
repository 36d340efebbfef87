. /vm/lib.sh
mount -t cgroup2 cgroup2 /sys/fs/cgroup
set -x
ward check
ward run $IMAGE -- true; echo $?
time ward run $IMAGE -- true
ls /run /var -R
mkdir -p /run/user /home/user; chown user /run/user /home/user
as_user() {
	su -s /bin/sh user -c 'XDG_RUNTIME_DIR=/run/user HOME=/home/user exec "$@"' sh "$@"
}
as_user id
as_user ward check
as_user ward run $IMAGE -- /look ids
as_user ward run --set optional=cgroup $IMAGE -- /look ids
as_user ward run --set optional=cgroup $IMAGE -- cat /proc/self/uid_map
mkdir /tmp/root; cp $IMAGE/look /tmp/root
ward run /tmp/root -- /look ids
ward run overlay:$IMAGE -- /look ids
ward run --profile system overlay:/tmp/root -- /look ids
ward run --profile system $IMAGE -- /look ls /sys/fs/cgroup
ward run --profile system $IMAGE -- ls -la /sys/fs/cgroup
ward run --profile system $IMAGE -- cat /proc/self/cgroup
ward run -d --name a --profile system $IMAGE -- sleep 1000
cat /proc/$(pid_of a)/cgroup
ls -R /sys/fs/cgroup | grep ward
ward rm --force a
checks_end
