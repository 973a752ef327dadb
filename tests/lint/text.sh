#!/bin/bash
# SPDX-License-Identifier: MIT
# text.sh SOURCE: the looks of a file that need no compiler.
set -eu

cd "$1"
mapfile -t code < <({ find src shaders tests examples .ci -type f \( -name '*.[ch]' \
  -o -name '*.comp' -o -name '*.glsl' -o -name '*.sh' -o -name '*.py' -o -name '*.in' \
  -o -name meson.build -o -path tests/run -o -path .ci/run \
  -o -path tests/newer-debian -o -path examples/demo \) 2> /dev/null || true
  ls meson.build meson_options.txt; } | sort)
mapfile -t prose < <(find . -maxdepth 2 -name '*.md' -not -path './build*' -printf '%P\n' | sort)
[ "${#code[@]}" -ge 50 ]

check () {
  awk '
    function complain (reason) { printf "%s:%d: %s\n", FILENAME, FNR, reason }
    FNR == 1 { spdx = 0 }
    FNR <= 3 && /SPDX-License-Identifier: MIT/ { spdx = 1 }
    FNR == 3 && !spdx { complain("no SPDX-License-Identifier in the first three lines") }
    FNR == 1001 { complain("more than 1000 lines: split the file by subject") }
  ' "${code[@]}"
  awk '
    function complain (reason) { printf "%s:%d: %s\n", FILENAME, FNR, reason }
    /\t/ { complain("tab") }
    /[ \t\r]$/ { complain("blank at the end of the line") }
    /(TODO|FIXME|XXX)/ && !/(TODO|FIXME) ?\(#[0-9]+\)/ && !/\|FIXME/ && !/XXXXXX/ {
      complain("to do without an issue number: TODO(#12)")
    }
  ' "${code[@]}" "${prose[@]}"
  LC_ALL=C.UTF-8 grep -HnE '^.{101}' "${code[@]}" |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: longer than 100 columns/' || true
  for file in "${code[@]}" "${prose[@]}"; do
    [ -z "$(tail -c 1 "$file")" ] ||
      echo "$file:$(($(wc -l < "$file") + 1)): no newline at the end of the file"
  done
}

if check | grep .; then
  exit 1
fi
