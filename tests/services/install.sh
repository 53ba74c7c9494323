#!/bin/sh
# Installs what the tests talk to, where it is missing: the servers of shared state, the one that lets a Ray head
# remember, the one that editors run for YAML, a browser, and a Prometheus: PostgreSQL, Redis, Node.js, Chromium and Prometheus from Debian's packages
# (as root), azurite, yaml-language-server and axe-core from npm into .services. moto comes with the extra `dev`. Clients of GitHub and
# GitLab, which drive the stub of both, get an environment in .services.
set -eu
cd "$(dirname "$0")/../.."

packages=""
[ -n "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || packages="postgresql"
command -v redis-server >/dev/null || packages="$packages redis-server"
command -v npm >/dev/null || packages="$packages nodejs npm"
# promtool checks the rules of alerts, and Prometheus itself scrapes what a controller serves.
command -v promtool >/dev/null && command -v prometheus >/dev/null || packages="$packages prometheus"
# systemd-analyze looks at the units; nothing is started.
command -v systemd-analyze >/dev/null || packages="$packages systemd"
# GitHub's runners have both, and steps of the workflows use them.
command -v jq >/dev/null || packages="$packages jq"
command -v curl >/dev/null || packages="$packages curl"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || packages="$packages chromium fonts-dejavu-core"
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
if [ ! -f .services/node_modules/axe-core/axe.min.js ]; then
    npm install --silent --no-audit --no-fund --prefix .services axe-core@4.14.1
fi
if [ ! -x .services/node_modules/.bin/yaml-language-server ]; then
    npm install --silent --no-audit --no-fund --prefix .services yaml-language-server@1
fi
if [ ! -e .services/forge-clients/complete ]; then
    rm -rf .services/forge-clients
    "${PYTHON:-python3}" -m venv .services/forge-clients
    .services/forge-clients/bin/python -m pip install --quiet --disable-pip-version-check PyGithub python-gitlab
    touch .services/forge-clients/complete
fi
