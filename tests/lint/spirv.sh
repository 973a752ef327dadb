#!/bin/bash
# SPDX-License-Identifier: MIT
# spirv.sh VALIDATOR FILE...: every compiled shader is valid for Vulkan 1.1.
set -eu

validator=$1
shift
count=0 failed=0
echo "1..$#"
for file; do
  count=$((count + 1))
  if output=$("$validator" --target-env vulkan1.2 "$file" 2>&1); then
    echo "ok $count - $(basename "$file")"
  else
    echo "not ok $count - $(basename "$file")"
    while IFS= read -r line; do echo "# $line"; done <<< "$output"
    failed=1
  fi
done
exit "$failed"
