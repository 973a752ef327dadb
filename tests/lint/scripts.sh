#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts.sh SOURCE: shellcheck over every script.
set -eu

cd "$1"
mapfile -t scripts < <(grep -rlE -m1 '^#!/bin/(ba)?sh' .ci tests examples \
  --include=run --include=demo --include=newer-debian --include='*.sh')
[ "${#scripts[@]}" -ge 5 ]
shellcheck --external-sources --format=gcc "${scripts[@]}"
