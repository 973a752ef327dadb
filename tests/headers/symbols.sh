#!/bin/bash
# SPDX-License-Identifier: MIT
# symbols.sh HEADER LIBRARY: the library exports what the header declares with GLIP_API,
# all of it and nothing else.
set -eu

header=$1 library=$2
declared=$(sed -n 's/^GLIP_API .*\<\(glip_[a-z0-9_]*\) (.*/\1/p' "$header" | sort)
exported=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort)
if [ -z "$declared" ]; then
  echo "$header: no function is declared with GLIP_API"
  exit 1
fi
if ! difference=$(diff <(echo "$declared") <(echo "$exported")); then
  echo "$header (<) and $library (>) differ:"
  echo "$difference"
  exit 1
fi
