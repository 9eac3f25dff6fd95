#!/usr/bin/env bash
# Makes the ocr program's environment $1 with the Python $2 (empty: the first that fits): its
# packages, its models, and what they need of Debian.
set -e -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${1:-.venv-ocr}

scripts/make_environment.sh "$venv" "$2"
# The lock is complete. Without --no-deps, the OpenCV that ocr/overrides.txt leaves out is missed.
VIRTUAL_ENV=$venv "$venv/bin/uv" pip install --quiet --require-hashes --no-deps -r requirements-ocr.lock
"$venv/bin/python" -m ocr.prepare_models

missing=()
"$venv/bin/python" -c 'import cv2' 2>/dev/null || missing+=(libgl1 libglib2.0-0)
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
[ -e /usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf ] || missing+=(fonts-liberation)
[ ${#missing[@]} = 0 ] && exit 0

[ "$(id -u)" = 0 ] && root="" || root="sudo"
echo "Installing Debian packages for ocr: ${missing[*]}" >&2
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
"$venv/bin/python" -c 'import cv2'
