#!/bin/busybox sh
# First process of the guest, in the initramfs: drivers, the shared root made writable by an overlay, the kernel's
# file systems, then the real root. What runs there is decided per run by the folder named on the command line.
B=/bin/busybox
$B mkdir -p /proc /sys /dev /host /upper /root
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs devtmpfs /dev
for module in $($B cat /modules/order); do $B insmod "/modules/$module.ko" || echo "ka-lab: cannot load $module"; done

for word in $($B cat /proc/cmdline); do
  case "$word" in
    ka.run=*) run="${word#ka.run=}" ;;
    ka.bind=*) binds="$binds ${word#ka.bind=}" ;;
  esac
done

$B mount -t virtiofs -o ro host /host || { echo "ka-lab: no shared root"; echo o >/proc/sysrq-trigger; $B sleep 60; }
$B mount -t tmpfs -o mode=755 tmpfs /upper
$B mkdir /upper/data /upper/work
$B mount -t overlay -o lowerdir=/host,upperdir=/upper/data,workdir=/upper/work overlay /root

$B mount --move /proc /root/proc
$B mount --move /sys /root/sys
$B mount --move /dev /root/dev
$B mkdir -p /root/dev/pts /root/dev/shm /root/tmp /root/run /root/sys/fs/cgroup
$B mount -t devpts -o mode=620,ptmxmode=666 devpts /root/dev/pts
$B mount -t tmpfs -o mode=1777 tmpfs /root/dev/shm
$B mount -t tmpfs -o mode=1777 tmpfs /root/tmp
$B mount -t tmpfs -o mode=755 tmpfs /root/run
# containerd puts an overlay of its own here, and an overlay cannot be the upper layer of another.
$B mkdir -p /root/var/lib/containerd
$B mount -t tmpfs -o mode=711 tmpfs /root/var/lib/containerd
$B mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
$B mount -t bpf bpf /root/sys/fs/bpf
$B mount -t securityfs securityfs /root/sys/kernel/security
$B mount -t tracefs tracefs /root/sys/kernel/tracing
$B mount -t debugfs debugfs /root/sys/kernel/debug

# The fresh tmpfs mounts hide what the host has there; the checkout or its cache may be among it.
for place in $binds; do
  $B mkdir -p "/root$place"
  $B mount --bind "/host$place" "/root$place"
  $B mount -o remount,ro,bind "/root$place"
done
# The overlay keeps its layers; the guest must not meet them under names of their own.
$B umount -l /host
$B umount -l /upper
exec $B switch_root /root /bin/busybox sh "$run/stage2.sh"
