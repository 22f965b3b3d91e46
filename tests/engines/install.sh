#!/bin/sh
# Installs what the engine tests need. Debian or Ubuntu, as root.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends docker.io podman runc slirp4netns uidmap \
  openssh-server openssh-client rsync slurm-wlm munge squashfs-tools busybox-static docker-registry chromium
command -v kubectl > /dev/null || apt-get install -y --no-install-recommends kubernetes-client
