#!/bin/sh
# Brings a bare Debian 12 machine with Node 20 and npm to the point where every other script runs:
# the npm dependencies (which bring Node 24 itself) and the Debian packages named in tools/apt-packages.txt,
# two of them only unpacked (tools/syslog-receivers.sh).
set -eu
cd "$(dirname "$0")/.."

# Two commands at once in one checkout: the second waits for what the first installs.
exec 9<.
flock 9

missing=""
for package in $(grep -v '^#' tools/apt-packages.txt); do
  dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo"
  echo "installing Debian packages:$missing"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -o DPkg::Lock::Timeout=300 -y -qq --no-install-recommends $missing >/dev/null
fi

# The lockfile pins every version. Not `npm ci`: it refuses a lockfile that lacks the optional binaries of other
# platforms, and some registries do not offer them.
stamp=node_modules/.bootstrap-lock
if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  npm install --no-save --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

sh tools/syslog-receivers.sh
