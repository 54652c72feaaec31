#!/bin/sh
# install.sh PREFIX: stages the program, the library, its headers, and what pkg-config and CMake need to find them.
# Builds what is missing in .build/release; MTL_INFER_LIBRARY and MTL_INFER_PROGRAM name other files to install.
# The prefix may be moved afterwards.
set -eu

[ $# -eq 1 ] || { echo "usage: tools/install.sh PREFIX" >&2; exit 64; }
prefix=$1
root=$(cd "$(dirname "$0")/.." && pwd)
library=${MTL_INFER_LIBRARY:-$root/.build/release/libmtl_infer.so}
program=${MTL_INFER_PROGRAM:-$root/.build/release/mtl-infer}
version=$(sed -n 's/.*mtl_version(void); *\/\* "\([0-9.]*\)".*/\1/p' "$root/include/mtl_infer.h")
[ -n "$version" ] || { echo "install.sh: include/mtl_infer.h does not state the version" >&2; exit 70; }

# No RUNPATH: the library needs nothing beside it.
[ -e "$library" ] || swift build --package-path "$root" -c release --product mtl_infer --disable-local-rpath
[ -e "$program" ] || swift build --package-path "$root" -c release --product mtl-infer --static-swift-stdlib

mkdir -p "$prefix/bin" "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/mtl-infer"
install -m 755 "$program" "$prefix/bin/mtl-infer"
install -m 755 "$library" "$prefix/lib/libmtl_infer.so.$version"
strip --strip-unneeded "$prefix/bin/mtl-infer" "$prefix/lib/libmtl_infer.so.$version"
ln -sf "libmtl_infer.so.$version" "$prefix/lib/libmtl_infer.so.${version%%.*}"
ln -sf "libmtl_infer.so.${version%%.*}" "$prefix/lib/libmtl_infer.so"
install -m 644 "$root/include/mtl_infer.h" "$root/include/mtl_infer.hpp" "$prefix/include"
install -m 644 "$root/bindings/cmake/mtl-infer-config.cmake" "$prefix/lib/cmake/mtl-infer"
sed "s/@VERSION@/$version/" "$root/bindings/cmake/mtl-infer-config-version.cmake.in" \
  >"$prefix/lib/cmake/mtl-infer/mtl-infer-config-version.cmake"
sed "s/@VERSION@/$version/" "$root/bindings/pkgconfig/mtl-infer.pc.in" >"$prefix/lib/pkgconfig/mtl-infer.pc"
