#!/usr/bin/env bash
# Installs XML::Feed, the one reader that comes from Debian.
set -euo pipefail
perl -MXML::Feed -e1 2>/dev/null && exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libxml-feed-perl >/dev/null
perl -MXML::Feed -e1
