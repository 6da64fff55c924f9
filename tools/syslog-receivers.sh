#!/bin/sh
# Unpacks Debian's rsyslog and syslog-ng, which the tests of the syslog sink send to, below the cache directory.
# Unpacked, not installed: the two packages exclude each other, and installing one starts a log daemon on this machine.
set -eu
cd "$(dirname "$0")/.."

into="${KA_CACHE_DIR:-.cache}/syslog-receivers"
packages="rsyslog rsyslog-gnutls libestr0 libfastjson4 liblognorm5 syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0"
# Written last: an unpacking that was cut short is done again.
stamp="$into/.packages"
[ "$(cat "$stamp" 2>/dev/null || true)" = "$packages" ] && exit 0

echo "unpacking rsyslog and syslog-ng below $into"
rm -rf "$into"
mkdir -p "$into/debs"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
fetch() {
  # shellcheck disable=SC2086
  (cd "$into/debs" && apt-get download -qq -o APT::Sandbox::User=root $packages)
}
fetch 2>/dev/null || {
  $as_root apt-get update -qq
  fetch
}
for deb in "$into"/debs/*.deb; do dpkg -x "$deb" "$into"; done
rm -rf "$into/debs"
echo "$packages" >"$stamp"
