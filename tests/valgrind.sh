#!/bin/bash
# SPDX-License-Identifier: MIT
# valgrind.sh TEST...: a GLib test under valgrind, without the cases that measure time.
set -eu

exec valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite \
  --errors-for-leak-kinds=definite --suppressions="$(dirname "$0")/valgrind.supp" \
  "$@" -s /tokenizer/time -s /prompt/refused/long
