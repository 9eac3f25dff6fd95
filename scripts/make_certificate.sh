#!/usr/bin/env bash
# Makes a self-signed certificate for the name or address $1, where docker-compose's nginx looks.
set -e -o pipefail

name=${1:?usage: scripts/make_certificate.sh NAME_OR_ADDRESS}
folder="$(dirname "${BASH_SOURCE[0]}")/../docker/nginx/certificates"
[[ $name =~ ^[0-9.]+$|: ]] && kind=IP || kind=DNS

mkdir -p "$folder"
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 \
    -subj "/CN=$name" -addext "subjectAltName=$kind:$name" \
    -keyout "$folder/key.pem" -out "$folder/fullchain.pem" 2>/dev/null
echo "Made $folder/fullchain.pem for $name"
