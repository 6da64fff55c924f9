# Second half of the guest's start, in the shared root; @NAME@ words are filled in for each run.
B=/bin/busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
export KA_LAB_RUN='@RUN@' KA_CACHE_DIR='@CACHE@' KA_LAB_KERNEL='@KERNEL@' KA_LAB_IMAGES='@IMAGES@'
# Settings of whoever booted this guest.
. '@RUN@/env.sh'
$B hostname ka-lab
$B ip link set lo up
$B ip link set eth0 up && $B ip addr add 10.0.2.15/24 dev eth0 && $B ip route add default via 10.0.2.2
$B mkdir -p /lib/modules
[ -e "/lib/modules/@RELEASE@" ] || $B ln -s '@MODULES@' "/lib/modules/@RELEASE@"
# The kernel loads further drivers through this path by itself.
[ -e /sbin/modprobe ] || $B ln -s /bin/busybox /sbin/modprobe
for port in /sys/class/virtio-ports/*; do
  case "$($B cat "$port/name")" in
    ka.control) control="/dev/${port##*/}" ;;
    ka.output) output="/dev/${port##*/}" ;;
  esac
done
cd '@CHECKOUT@'
exec 3<>"$control"
echo '{"event":"booted"}' >&3
$B sh '@RUN@/job.sh' >"$output" 2>&1 <&3 3>&- &
wait $!
echo "{\"event\":\"exit\",\"code\":$?}" >&3
echo o >/proc/sysrq-trigger
$B sleep 60
