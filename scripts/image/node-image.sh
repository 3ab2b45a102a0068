#!/bin/sh
# Writes to stdout the file system of a stand-in for node:24-bookworm-slim, for machines that reach no image registry: a
# small Debian by the host's own apt, and Node and npm as packages by the host's own npm. Needs root and debootstrap.
#
#     node-image.sh NODE_PACKAGE@VERSION >rootfs.tar
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
debootstrap --variant=minbase bookworm "$root" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
cp -n /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/"
rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale "$root"/var/cache/apt "$root"/var/lib/apt/lists
(cd "$folder" && npm pack --silent "$1" npm@11 >&2)
tar -xzf "$folder"/node-linux-*.tgz -C "$root/usr/local" --strip-components=1 --no-same-owner package/bin package/include
mkdir -p "$root/usr/local/lib/node_modules/npm"
tar -xzf "$folder"/npm-*.tgz -C "$root/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
chroot "$root" useradd --uid 1000 --create-home node
tar -C "$root" -c .
