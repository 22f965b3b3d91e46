#!/bin/sh
# slurm.sh start DIR PORT | stop DIR: a cluster of two virtual nodes on this host. Paths are absolute: the
# daemons change their directory. PORT to PORT+3 are used.
set -e
S=$2
case $1 in
start)
  mkdir -p "$S/ctl" "$S/n1" "$S/n2" "$S/munge" "$S/log"
  head -c 1024 /dev/urandom > "$S/munge/key"
  chmod 400 "$S/munge/key"; chmod 700 "$S/munge"
  munged --key-file="$S/munge/key" --socket="$S/munge/s" --pid-file="$S/munge/pid" --log-file="$S/munge/log" \
    --seed-file="$S/munge/seed" --force
  chmod 755 "$S/munge"
  host=$(hostname)
  cat > "$S/slurm.conf" <<C
ClusterName=ci
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$3
AuthType=auth/munge
AuthInfo=socket=$S/munge/s
StateSaveLocation=$S/ctl
SlurmdSpoolDir=$S/%n
SlurmctldPidFile=$S/ctl.pid
SlurmdPidFile=$S/d-%n.pid
SlurmctldLogFile=$S/log/ctl.log
SlurmdLogFile=$S/log/d-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SwitchType=switch/none
KillWait=2
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$(($3 + 2))-$(($3 + 3))] CPUs=2 RealMemory=4000
PartitionName=debug Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
C
  slurmctld -f "$S/slurm.conf"
  for node in n1 n2; do slurmd -f "$S/slurm.conf" -N $node; done
  n=0
  until SLURM_CONF="$S/slurm.conf" timeout 5 sinfo -h -o %t 2> /dev/null | grep -q '^idle$'; do
    n=$((n + 1)); [ $n -lt 300 ] || { tail -3 "$S/log/ctl.log" >&2; exit 1; }
    sleep 0.2
  done ;;
stop)
  for pid in "$S/ctl.pid" "$S/d-n1.pid" "$S/d-n2.pid" "$S/munge/pid"; do [ -f "$pid" ] && kill "$(cat "$pid")" || true; done
  exit 0 ;;
esac
