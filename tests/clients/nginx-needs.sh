#!/usr/bin/env bash
# Fetches Debian's nginx and unpacks it under target/, so that no service is started, unless one is installed.
set -euo pipefail
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null && exit 0
folder=$PWD/target/nginx
[ -x "$folder/usr/sbin/nginx" ] && exec "$folder/usr/sbin/nginx" -v
mkdir -p "$folder"
cd "$folder"
apt-get update -qq || echo "the package lists could not be renewed"
apt-get download -qq nginx
dpkg-deb -x nginx_*.deb .
rm nginx_*.deb
exec usr/sbin/nginx -v
