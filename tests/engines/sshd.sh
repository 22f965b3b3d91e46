#!/bin/sh
# sshd.sh start DIR PORT | stop DIR: an ssh server on the loopback, host name "node1" in DIR/config.
set -e
D=$2
case $1 in
start)
  mkdir -p "$D" /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$D/hostkey"
  ssh-keygen -q -t ed25519 -N '' -f "$D/id"
  cp "$D/id.pub" "$D/authorized_keys"
  printf '%s\n' "Port $3" 'ListenAddress 127.0.0.1' "HostKey $D/hostkey" "PidFile $D/pid" \
    "AuthorizedKeysFile $D/authorized_keys" 'PasswordAuthentication no' 'PermitRootLogin prohibit-password' \
    'StrictModes no' 'UsePAM no' 'PermitUserEnvironment yes' > "$D/sshd_config"
  printf '[127.0.0.1]:%s %s\n' "$3" "$(cut -d' ' -f1,2 "$D/hostkey.pub")" > "$D/known_hosts"
  printf '%s\n' 'Host node1' '  HostName 127.0.0.1' "  Port $3" "  IdentityFile $D/id" '  IdentitiesOnly yes' \
    "  UserKnownHostsFile $D/known_hosts" '  StrictHostKeyChecking yes' '  BatchMode yes' '  ControlMaster auto' \
    "  ControlPath $D/c" '  ControlPersist 30' > "$D/config"
  /usr/sbin/sshd -f "$D/sshd_config" -E "$D/log"
  n=0
  until ssh -F "$D/config" node1 true 2> /dev/null; do n=$((n + 1)); [ $n -lt 150 ] || { tail -3 "$D/log" >&2; exit 1; }; sleep 0.2; done ;;
stop)
  ssh -F "$D/config" -O exit node1 2> /dev/null || true
  [ -f "$D/pid" ] && kill "$(cat "$D/pid")"
  exit 0 ;;
esac
