#!/bin/bash
# SPDX-License-Identifier: MIT
# example.sh HEADER BUILD C...: installs the project into a scratch folder, takes the
# program out of the header's first comment, and builds it as a user would, by
# pkg-config.  Without a model it must end with the library's message.
set -eu

header=$1 build=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

DESTDIR=$scratch meson install --no-rebuild --quiet -C "$build" > /dev/null
file=$(find "$scratch" -name glip.pc)
prefix=$(sed -n 's/^prefix=//p' "$file")
sed -i "s|^prefix=.*|prefix=$scratch$prefix|" "$file"
PKG_CONFIG_PATH=$(dirname "$file")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
read -ra flags < <(pkg-config --cflags --libs glip)

sed -n '/^ \*\//q; /^ \*   /s/^ \*   //p; /^ \*$/s/.*//p' "$header" > "$scratch/example.c"
grep -q 'main (void)' "$scratch/example.c"
"$@" -std=c11 -Wall -Wextra -Werror -Wno-missing-field-initializers \
  "$scratch/example.c" "${flags[@]}" -o "$scratch/example"

cd "$scratch"
# The example does not free its error before it leaves.
status=0
message=$(ASAN_OPTIONS=detect_leaks=0 LD_LIBRARY_PATH=$(dirname "$(dirname "$file")") \
  ./example 2>&1) || status=$?
echo "$status: $message"
[ "$status" = 1 ]
[[ $message == *glip-t.safetensors* ]]
