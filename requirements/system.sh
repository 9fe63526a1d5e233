#!/usr/bin/env bash
# Servers that the tests start for themselves on a Unix socket: MariaDB and Redis. Where they are missing they come from
# apt, which needs root; otherwise the tests that need them are skipped, and this says so.
set -euo pipefail
PATH=$PATH:/usr/sbin
missing=()
command -v mariadbd >/dev/null || missing+=(mariadb-server)
command -v redis-server >/dev/null || missing+=(redis-server)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed: ${missing[*]}. The tests that need them are skipped; as root: apt-get install ${missing[*]}"
  exit 0
fi
echo "Installing ${missing[*]} for the tests …"
# only the programs: no service of the system's is to start
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }
install || { apt-get update -qq && install; } ||
  echo "apt-get could not install ${missing[*]}; the tests that need them are skipped"
