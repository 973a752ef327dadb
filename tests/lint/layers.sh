#!/bin/bash
# SPDX-License-Identifier: MIT
# layers.sh SOURCE: who may include whom in src/, and which words a layer must not know.
#
#   glip.h, report  <-  text, vulkan  <-  ops  <-  model  <-  plans, engine  <-  cli
set -eu

cd "$1/src"

# Code without comments, with its lines in place.
code () {
  awk '{
    line = $0; out = ""
    while (line != "") {
      if (inside) {
        at = index(line, "*/")
        if (!at) break
        line = substr(line, at + 2); inside = 0
      } else if (match(line, /"([^"\\]|\\.)*"|\/\*|\/\//)) {
        found = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        if (found == "//") break
        if (found == "/*") inside = 1
        else out = out found
      } else { out = out line; line = "" }
    }
    print out
  }' "$1"
}

# may_include "FILES" PATTERN REASON: quoted includes of FILES match PATTERN.
may_include () {
  local file
  for file in $1; do
    grep -nE '^ *# *include "' "$file" | grep -vE "include \"($2)\"" |
      sed -E "s|^([0-9]+):.*\"(.*)\"|src/$file:\1: includes \2: $3|" || true
  done
}

# no_word "FILES" PATTERN REASON [BUT]: the code of FILES has none of these words but BUT.
no_word () {
  local file
  for file in $1; do
    code "$file" | sed "s/\<${4:-@}\>//g" | grep -nwE "$2" |
      sed -E "s|^([0-9]+):.*|src/$file:\1: $3|" || true
  done
}

check () {
  local model_files='json|half|safetensors|safetensors-writer|config|parameters|weights|pickle'
  model_files+='|pickle-torch|checkpoint|convert|postprocess'
  local top='glip\.h|report\.h'
  may_include "glip.h" 'nothing' "the public header stands alone"
  may_include "report.h report.c" "$top" "report is the lowest layer"
  may_include "$(ls text/*.[ch])" "$top|text/.*" "text/ knows only report.h"
  may_include "$(ls vulkan/*.[ch])" "$top|vulkan/.*|shader-code\.h" \
    "vulkan/ knows only report.h and the shaders"
  may_include "$(ls ops/*.[ch])" "$top|interface\.h|vulkan/.*|ops/.*" \
    "ops/ stands on vulkan/ only"
  may_include "$(ls model/*.[ch])" "$top|interface\.h|ops/.*|model/.*|vulkan/plan\.h" \
    "model/ stands on ops/"
  may_include "$(find model -name '*.[ch]' -not -name 'trace.*')" \
    "$top|interface\.h|ops/.*|model/.*" \
    "in model/ only the taps of trace.h read a plan"
  may_include "$(find model -regextype egrep -regex "model/($model_files)\.[ch]")" \
    "$top|model/($model_files)\.h" \
    "files and post-processing know no device"
  may_include "$(find . -maxdepth 1 -name '*.[ch]' -printf '%P\n')" \
    "[^/]*\.h|(text|vulkan|ops|model)/.*" "the library knows no program"
  may_include "$(ls draw/*.[ch])" 'draw/.*' "draw/ knows colours and labels alone"
  may_include "$(ls ../gst/*.[ch])" 'glip\.h|gstglip[a-z-]*\.h|draw/.*' \
    "the elements use the public header and what draws labels"
  may_include "$(ls cli/{picture,draw,listing}.[ch])" 'glip\.h|cli/.*|draw/.*' \
    "what the program does beside the network uses the public header only"

  no_word "$(ls vulkan/*.[ch])" 'GlipTensor|GlipGraph|GlipTrace' "vulkan/ knows no tensor"
  no_word "$(ls ops/*.[ch])" 'Glip(Config|Network|Swin|Fpn|Bert|Fusion|DyConv|Head)[A-Za-z]*' \
    "ops/ knows no part of the network"
  no_word "$(ls model/*.[ch])" '[vV]k[A-Z][A-Za-z0-9]*|VK_[A-Z0-9_]+' \
    "model/ knows no Vulkan" VkDeviceSize
  no_word "$(find . -name '*.[ch]' -not -path './cli/*' -printf '%P\n')" \
    'g?_?(secure_)?(get|set|unset|put)env' "the library reads no environment"
  no_word "$(find . -name '*.[ch]' -not -path './cli/*' -printf '%P\n')" \
    'v?f?printf|f?puts|f?putc|putchar|perror|g_print|g_printerr' \
    "the library prints nothing: use glip_log or a GError"
  no_word "$(find . -name '*.[ch]' -not -path './cli/*' -printf '%P\n')" \
    '_?exit|quick_exit|abort|atexit|signal|sigaction|setlocale' \
    "the library leaves the process alone"
  no_word "$(find . -name '*.[ch]' -printf '%P\n')" 'goto|setjmp|longjmp' \
    "no jumps: g_autoptr cleans up"
}

if check | sort -u | grep .; then
  exit 1
fi
