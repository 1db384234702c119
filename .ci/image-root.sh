#!/usr/bin/env bash
# Assembles the root folder of the container image: the executable, the libraries that it is linked with, and the
# few folders and names it needs. The kernel's file systems (/proc above all, which Bun reads when it starts) come from
# the container engine. The Dockerfile and the test of the image both call this, so they cannot differ.
#
# usage: image-root.sh EXECUTABLE DIR     DIR is created; run as root, or /data keeps the caller as its owner
set -euo pipefail

executable=${1:?usage: image-root.sh EXECUTABLE DIR}
root=${2:?usage: image-root.sh EXECUTABLE DIR}

# Group and user redbun. The numbers are those of the official Redis image, so that its volumes can be used as they are.
id=999

mkdir -p "$root/usr/local/bin" "$root/etc" "$root/data" "$root/tmp"
install -m 755 "$executable" "$root/usr/local/bin/redbun"

# The loader and libc's parts, at the paths where the loader looks without a cache (linux-vdso is the kernel's own).
ldd "$executable" | grep -oE '/[^ ]+' | while read -r library; do
  install -D -m 755 "$(readlink -f "$library")" "$root$library"
done

echo "redbun:x:$id:$id:redbun:/data:/usr/local/bin/redbun" >"$root/etc/passwd"
echo "redbun:x:$id:" >"$root/etc/group"
chmod 755 "$root" "$root/usr" "$root/usr/local" "$root/usr/local/bin" "$root/etc"
chmod 644 "$root/etc/passwd" "$root/etc/group"
chmod 1777 "$root/tmp"
chmod 755 "$root/data"
if [ "$(id -u)" = 0 ]; then chown "$id:$id" "$root/data"; fi
