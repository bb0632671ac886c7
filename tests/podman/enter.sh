#!/bin/sh
# enter.sh TREE COMMAND…: run a command with TREE as its root, in the mount and PID namespace that unshare made.
set -e
cd "$1"
shift
mount --make-rprivate /
mount --bind . .
cd "$PWD"
mount -t proc proc proc
mount --rbind /sys sys
if mountpoint -q sys/fs/cgroup/unified; then umount sys/fs/cgroup/unified; fi # crun wants one version of cgroups
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm dev/net
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 net/tun:10:200 fuse:10:229; do
  number=${device#*:}
  mknod -m 666 "dev/${device%%:*}" c "${number%:*}" "${number#*:}"
done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . .
umount -l .
mount --make-rshared /
exec "$@"
