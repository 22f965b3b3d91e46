#!/bin/sh
# registry.sh start DIR PORT | stop DIR: an image registry on the loopback, which Docker takes without TLS.
set -e
D=$2
case $1 in
start)
  mkdir -p "$D/data"
  printf '%s\n' 'version: 0.1' 'log: {level: warn}' "storage: {filesystem: {rootdirectory: $D/data}}" \
    "http: {addr: '127.0.0.1:$3'}" > "$D/config.yml"
  nohup docker-registry serve "$D/config.yml" > "$D/log" 2>&1 &
  echo $! > "$D/pid"
  n=0
  until python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$3/v2/')" 2> /dev/null; do
    n=$((n + 1)); [ $n -lt 300 ] || { tail -3 "$D/log" >&2; exit 1; }
    sleep 0.2
  done ;;
stop)
  [ -f "$D/pid" ] && kill "$(cat "$D/pid")"
  exit 0 ;;
esac
