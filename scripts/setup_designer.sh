#!/usr/bin/env bash
# Packages of the dashboard in designer/node_modules, Node 24 among them; one run at a time.
set -e -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../designer"

if ! command -v npm >/dev/null; then
  echo "npm is needed to build the dashboard: install Node (apt install nodejs npm)." >&2
  exit 1
fi
mkdir -p node_modules
exec 9>node_modules/.lock
flock 9
stamp=node_modules/.setup
if [ -e "$stamp" ] && [ ! package-lock.json -nt "$stamp" ] && [ ! package.json -nt "$stamp" ]; then
  exit 0
fi
echo "Installing the packages of the dashboard ..."
npm ci --no-audit --no-fund --loglevel=error 9>&-
touch "$stamp"
