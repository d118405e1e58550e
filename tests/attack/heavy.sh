#!/usr/bin/env bash
# Posts that try to keep a parser busy, at their full size: from their bytes to what feeds show. `cargo test` has them
# smaller, and without optimisation.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -n "${FEEDWRIGHT_WHOLE:-}" ] || { echo "left to FEEDWRIGHT_WHOLE=1: cargo test has seen them smaller"; exit 0; }
cargo test --quiet --release --locked --test it hostile_posts_are_answered_in_time -- --nocapture
