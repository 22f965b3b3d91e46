#!/bin/sh
# A root file system with Python, made from files of packages that this Debian host has; a tar on stdout.
set -e
packages="base-files libc6 libc-bin dash bash coreutils libtinfo6 python3.11 python3.11-minimal libpython3.11-minimal
 libpython3.11-stdlib python3-minimal python3 libssl3 libexpat1 zlib1g libbz2-1.0 liblzma5 libffi8 libsqlite3-0
 libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10 libuuid1 libncursesw6 libreadline8 libdb5.3 libcrypt1 media-types"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ dpkg -L $packages 2> /dev/null || true; echo /usr/lib64/ld-linux-x86-64.so.2; } | sort -u | while read -r file; do
  { [ -L "$file" ] || [ ! -d "$file" ]; } && [ -e "$file" ] || continue
  case $file in /usr/share/doc/* | /usr/share/man/* | /usr/share/locale/*) continue ;; esac
  echo "${file#/}"
done | sed -E 's#^(bin|sbin|lib|lib64)/#usr/\1/#' | sort -u > "$work/list"
root=$work/root
mkdir -p "$root"/usr/bin "$root"/usr/sbin "$root"/usr/lib "$root"/usr/lib64 "$root"/tmp "$root"/proc "$root"/sys \
  "$root"/dev "$root"/root "$root"/run "$root"/var/tmp "$root"/etc "$root"/home
chmod 1777 "$root/tmp"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
tar -C / -cf - -T "$work/list" | tar -C "$root" -xf -
ln -sf python3 "$root/usr/bin/python"
cp /etc/passwd /etc/group "$root/etc/"
tar -C "$root" -c .
