#!/bin/bash
# SPDX-License-Identifier: MIT
# compile.sh SOURCE BUILD C++ C...: every header of src/ compiles alone; glip.h also as
# strict C11 and as C++; text, model files and post-processing need no Vulkan.
# shellcheck disable=SC2317 # functions that check () calls
set -eu

source=$1 build=$2 cplusplus=$3
shift 3
read -ra flags < <(pkg-config --cflags gio-2.0 json-glib-1.0 gdk-pixbuf-2.0 pangocairo vulkan)
flags+=(-Wall -Wextra -Werror -D_FILE_OFFSET_BITS=64 "-I$source/src" "-I$source/shaders"
  "-I$build/shaders" "-I$source" "-I$build")
count=0 failed=0

# check NAME COMMAND...
check () {
  local name=$1 output
  shift
  count=$((count + 1))
  if output=$("$@" 2>&1); then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    while IFS= read -r line; do echo "# $line"; done <<< "$output"
    failed=1
  fi
}

# alone HEADER LANGUAGE COMPILER...: twice, for the guard
alone () {
  local header=$1 language=$2
  shift 2
  printf '#include "%s"\n#include "%s"\nextern int nothing;\n' "$header" "$header" |
    "$@" -x "$language" -fsyntax-only "${flags[@]}" -
}

# knows_no_vulkan FILE COMPILER...
knows_no_vulkan () {
  local file=$1 found
  shift
  found=$("$@" -M "${flags[@]}" "$source/src/$file" | tr ' ' '\n' | grep 'vulkan/') || return 0
  echo "$file includes $found"
  return 1
}

cd "$source/src"
while IFS= read -r header; do
  check "$header" alone "$header" c "$@" -std=gnu11
done < <(find . -name '*.h' -printf '%P\n' | sort)
check "glip.h as C11" alone glip.h c "$@" -std=c11 -pedantic
if [ "$cplusplus" = none ]; then
  count=$((count + 1))
  echo "ok $count - glip.h as C++ # SKIP no C++ compiler"
else
  check "glip.h as C++" alone glip.h c++ "$cplusplus" -std=c++17
fi

for file in report.c text/*.c model/{json,half,safetensors,safetensors-writer}.c \
  model/{config,parameters,weights,pickle,pickle-torch,checkpoint,convert,postprocess}.c; do
  check "$file without Vulkan" knows_no_vulkan "$file" "$@"
done
lines=$(wc -l < glip.h)
check "glip.h has $lines lines, at most 300" test "$lines" -le 300
echo "1..$count"
exit "$failed"
