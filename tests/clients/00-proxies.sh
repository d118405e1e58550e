#!/usr/bin/env bash
# Fetches Debian's nginx and Caddy and unpacks them under target/, so that no service is started, unless they are installed.
set -euo pipefail
PATH=$PATH:/usr/sbin
for server in nginx caddy; do
    command -v "$server" >/dev/null && continue
    folder=$PWD/target/$server
    if [ ! -x "$folder/usr/sbin/$server" ] && [ ! -x "$folder/usr/bin/$server" ]; then
        mkdir -p "$folder"
        cd "$folder"
        apt-get update -qq || echo "the package lists could not be renewed"
        apt-get download -qq "$server"
        dpkg-deb -x "$server"_*.deb .
        rm "$server"_*.deb
        cd - >/dev/null
    fi
    echo "$server is unpacked"
done
