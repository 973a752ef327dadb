#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts.sh SOURCE: shellcheck over every script.
set -eu

cd "$1"
mapfile -t scripts < <(grep -rlE -m1 '^#!/bin/(ba)?sh' .ci tests --include=run --include='*.sh')
[ "${#scripts[@]}" -ge 5 ]
shellcheck --format=gcc "${scripts[@]}"
