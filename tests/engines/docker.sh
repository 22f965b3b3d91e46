#!/bin/sh
# docker.sh start DIR [WORDS...] | stop DIR: a Docker daemon of our own, with further words of its own.
# The socket is DIR/docker.sock.
set -e
D=$2
verb=$1
shift 2
case $verb in
start)
  mkdir -p "$D"
  # Hosts without CAP_SYS_RESOURCE: runc may neither lower oom_score_adj nor hand that capability on.
  cat > "$D/runc-wrap" <<'W'
#!/bin/sh
bundle=; previous=
for word in "$@"; do [ "$previous" = --bundle ] && bundle=$word; previous=$word; done
[ -n "$bundle" ] && [ -f "$bundle/config.json" ] &&
  sed -i 's/"oomScoreAdj":-[0-9]*/"oomScoreAdj":0/; s/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$bundle/config.json"
exec /usr/sbin/runc "$@"
W
  chmod +x "$D/runc-wrap"
  nohup dockerd --data-root "$D/data" --exec-root "$D/exec" --pidfile "$D/pid" -H "unix://$D/docker.sock" \
    --add-runtime "wrapped=$D/runc-wrap" --default-runtime wrapped "$@" > "$D/log" 2>&1 &
  n=0
  until DOCKER_HOST="unix://$D/docker.sock" docker info > /dev/null 2>&1; do
    n=$((n + 1)); [ $n -lt 300 ] || { tail -5 "$D/log" >&2; exit 1; }
    sleep 0.2
  done ;;
stop)
  [ -f "$D/pid" ] && kill "$(cat "$D/pid")" && n=0 && while [ -f "$D/pid" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
  exit 0 ;;
esac
