#!/bin/sh
# Installs the servers that the tests of shared state talk to, where they are missing: PostgreSQL and Node.js from
# Debian's packages (as root), azurite from npm into .services. moto comes with the extra `dev`.
set -eu
cd "$(dirname "$0")/../.."

packages=""
[ -n "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || packages="postgresql"
command -v npm >/dev/null || packages="$packages nodejs npm"
if [ -n "$packages" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing, and to be installed by hand: $packages" >&2
        exit 1
    fi
    apt-get update -qq
    # shellcheck disable=SC2086 # several words
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages
fi
if [ ! -x .services/node_modules/.bin/azurite-blob ]; then
    npm install --silent --no-audit --no-fund --prefix .services azurite@3
fi
