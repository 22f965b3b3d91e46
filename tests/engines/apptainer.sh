#!/bin/sh
# Installs Apptainer from the distribution's development suite on a Debian release that lacks it, as root.
# Nothing else of that suite is installed: the programs are made to run with this release's C library.
set -e
here=$(dirname "$(readlink -f "$0")")
command -v apptainer > /dev/null && exit 0
apt-get install -y --no-install-recommends squashfs-tools squashfuse fuse2fs fuse-overlayfs uidmap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
mirror=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > "$work/sources.list"
options="-o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$work/lists -o Dir::Cache=$work/cache"
apt-get $options update
cd "$work"
apt-get $options download apptainer
dpkg -x apptainer_*.deb root
python3 "$here/older_glibc.py" root/usr/bin/apptainer root/usr/lib/x86_64-linux-gnu/apptainer/bin/starter
cp -a root/. /
sed -i 's/^systemd cgroups = yes/systemd cgroups = no/' /etc/apptainer/apptainer.conf
apptainer --version
