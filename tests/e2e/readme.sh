#!/usr/bin/env bash
# Runs the README's first command on the checkout: it must build, serve the sample posts and write feeds/.
set -euo pipefail
cd "$(dirname "$0")/../.."

command=$(awk '/^```sh$/ {inside = 1; next} /^```$/ {inside = 0} inside && /cargo run/ {print; exit}' README.md)
[ -n "$command" ] || { echo "the README names no command that starts the program" >&2; exit 1; }
cargo build --release --locked

state=$(mktemp -d)
log=$state/log
XDG_STATE_HOME=$state $command 2>"$log" &
program=$!
trap 'kill $program 2>/dev/null || true; wait $program 2>/dev/null || true; rm -rf "$state"' EXIT

for _ in $(seq 300); do
    if curl -fsS http://127.0.0.1:8080/readyz >/dev/null 2>&1; then
        titles=$(curl -fsS http://127.0.0.1:8080/rss.xml | grep -c '<item>' || true)
        [ "$titles" -gt 0 ] && [ -s feeds/rss.xml ] && { echo "ok: $command"; exit 0; }
        echo "no entries are served" >&2
        exit 1
    fi
    kill -0 $program 2>/dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.1
done
cat "$log" >&2
echo "$command: nothing answers at http://127.0.0.1:8080/" >&2
exit 1
