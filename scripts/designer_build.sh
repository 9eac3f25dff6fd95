#!/usr/bin/env bash
# Builds the dashboard into designer/dist, one run at a time; the old one stays until the new is whole.
set -e -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../designer"

exec 8>node_modules/.build-lock
flock 8
if [ -e dist/index.html ] && [ -z "$(find src public scripts index.html vite.config.ts \
    package-lock.json -newer dist/index.html -print -quit)" ]; then
  exit 0
fi
npm run --silent build -- --logLevel warn
