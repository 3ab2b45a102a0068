#!/bin/sh
# Writes the file system of a stand-in for Node's image, for a machine that reaches no image registry: a small Debian by
# the host's own apt settings, with Node and npm by the host's own npm. Needs root and debootstrap.
#
#     node-image.sh NODE_PACKAGE@VERSION ARCHIVE
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
debootstrap --variant=minbase bookworm "$root" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; exit 1; }
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/"
rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale "$root"/var/cache/apt "$root"/var/lib/apt/lists
npm pack --silent --pack-destination "$folder" "$1" npm@11 >&2
tar -xzf "$folder"/node-linux-*.tgz -C "$root/usr/local" --strip-components=1 --no-same-owner package/bin package/include
npm=$root/usr/local/lib/node_modules/npm
mkdir -p "$npm"
tar -xzf "$folder"/npm-*.tgz -C "$npm" --strip-components=1 --no-same-owner
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
chroot "$root" useradd --uid 1000 --create-home node
tar -C "$root" -cf "$2" .
