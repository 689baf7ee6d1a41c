#!/usr/bin/env bash
# run.sh BUILD-DIR: installs libtml from a build to a scratch prefix, and there builds and runs what
# somebody outside this tree would write: C by pkg-config, C and C++ by find_package(tml).
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD-DIR}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
fail() { echo "consumers: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" --component libtml >"$scratch/install.log" ||
  { cat "$scratch/install.log" >&2; fail "install failed"; }
library=$(find "$prefix" -name libtml.so)
[ -n "$library" ] || fail "no libtml.so below $prefix"
libdir=$(dirname "$library")

echo "== the library: its name, and nothing but its own symbols"
soname=$(objdump -p "$library" | awk '/SONAME/ {print $2}')
[ "$soname" = libtml.so.0 ] || fail "SONAME is $soname"
[ -e "$libdir/$soname" ] || fail "there is no $libdir/$soname"
foreign=$(nm -D --defined-only "$library" | awk '$2 != "A" {print $3}' | grep -vE '^tml' || true)
[ -z "$foreign" ] || fail "it exports ${foreign//$'\n'/ }"
nm -D --defined-only "$library" | grep -q ' tmlOpen\b' || fail "it does not export tmlOpen"

echo "== C by pkg-config"
export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs libtml)"
cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/consumer.c" "${flags[@]}" -o "$scratch/by_pkg_config"
LD_LIBRARY_PATH=$libdir timeout 60 "$scratch/by_pkg_config"
[ "$(pkg-config --modversion libtml)" = "$(LD_LIBRARY_PATH=$libdir "$scratch/by_pkg_config" |
  sed -n 's/^libtml \(.*\): one.*/\1/p')" ] || fail "libtml.pc and the library differ in version"

echo "== C and C++ by find_package(tml)"
cmake -S "$here" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/cmake.log" ||
  { cat "$scratch/cmake.log" >&2; fail "find_package failed"; }
cmake --build "$scratch/build" >"$scratch/make.log" 2>&1 ||
  { cat "$scratch/make.log" >&2; fail "the build by find_package failed"; }
timeout 60 "$scratch/build/consumer_c"
timeout 60 "$scratch/build/consumer_cpp"

echo "== the installed tree may be moved"
mv "$prefix" "$scratch/moved"
export PKG_CONFIG_PATH=${libdir/$prefix/$scratch/moved}/pkgconfig
[ -f "$(pkg-config --variable=includedir libtml)/tml/tml.h" ] || fail "libtml.pc has fixed paths"
echo "consumers: fine"
