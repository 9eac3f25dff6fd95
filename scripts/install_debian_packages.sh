#!/usr/bin/env bash
# Installs the servers and tools that the tests use and Debian ships; nothing when they are there.
#
# MariaDB comes without the package that starts a system service: the tests run private instances.
# Where it can't be installed, the tests that need it are skipped, except in a pipeline (CI=true).
set -e -o pipefail

missing=()
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/mariadb-install-db ] || missing+=(mariadb-server-core)
[ -x /usr/bin/my_print_defaults ] || missing+=(mariadb-client-core)
[ -x /usr/bin/chromium ] || missing+=(chromium)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(libfaketime)

[ ${#missing[@]} = 0 ] && exit 0

[ "$(id -u)" = 0 ] && root="" || root="sudo"
echo "Installing Debian packages for the tests: ${missing[*]}" >&2
if $root apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    exit 0
fi

echo "Could not install: ${missing[*]}. Tests that need them will be skipped." >&2
[ "$CI" != "true" ]
