#!/usr/bin/env bash
# The dashboard's typed client out of the API's description: `designer_client.sh make|check`.
set -e -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

made=designer/src/api/generated
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONPATH=. .venv/bin/python scripts/export_openapi.py "$work/openapi.json"
export ALIR_OPENAPI=$work/openapi.json ALIR_CLIENT=$work/generated
(cd designer && npm run --silent client) >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

case "$1" in
  make) mkdir -p "$made" && cp -r "$work/generated/." "$made/" ;;
  check)
    if ! diff -rq "$work/generated" "$made" >&2; then
      echo "The API changed and the dashboard's client did not: run \`make client\`." >&2
      exit 1
    fi
    ;;
  *) echo "usage: designer_client.sh make|check" >&2; exit 2 ;;
esac
