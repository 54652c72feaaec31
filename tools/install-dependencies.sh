#!/bin/sh
# Installs the Debian packages that are missing: `build` for the library and the command line, `test` for the tests too.
# Does nothing, and asks for no rights, where all of them are there.
set -eu

packages="libturbojpeg0-dev libspng-dev libwebp-dev libexif-dev rapidjson-dev libcairo2-dev fonts-dejavu-core libonnx-dev libprotobuf-dev"
if [ "${1:-build}" = test ]; then
  packages="$packages binutils cmake g++ gcc pkg-config python3-venv"
  # The kernels for ARM run under an emulator.
  [ "$(dpkg --print-architecture)" != amd64 ] || packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
fi

missing=""
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing:$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086  # the list is meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
