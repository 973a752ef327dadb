#!/bin/bash
# SPDX-License-Identifier: MIT
# docs.sh SOURCE GLIP: what README.md, CONTRIBUTING.md and docs/ name exists: functions,
# types and macros, files and links, commands of the program and their options.
set -eu

glip=$(realpath "$2")
cd "$1"
mapfile -t documents < <(ls README.md CONTRIBUTING.md docs/*.md)

# each PATTERN FILE: "LINE:MATCH" of everything inside of `code` that matches.
each () {
  # shellcheck disable=SC2016 # no command in there
  grep -noP '`[^`]+`' "$2" | grep -P "^\d+:\`$1\`\$" | tr -d '`' || true
}

find_file () {
  [ -e "$1" ] || [ -e "src/$1" ] || [ -e "tests/$1" ]
}

check_names () {
  local document line name
  for document; do
    while IFS=: read -r line name; do
      name=${name%% (*}
      grep -rqE "(^|[ *&#])$name( \(|;|\)|,|$)" src tests --include='*.[ch]' ||
        echo "$document:$line: there is no $name in src/ or tests/"
    done < <(each '(glip|check)_[a-z0-9_]+( \(\))?' "$document")
    while IFS=: read -r line name; do
      grep -rqw "$name" src tests shaders ||
        echo "$document:$line: there is no $name in src/, tests/ or shaders/"
    done < <(each '(Glip[A-Z][A-Za-z]+|GLIP_[A-Z0-9_]+|TOLERANCE_[A-Z]+)' "$document")
    while IFS=: read -r line name; do
      find_file "${name//STEM/layer_norm}" || echo "$document:$line: there is no file $name"
    done < <(each '(?!https?:)[A-Za-z0-9_./-]*(/|/[a-z]+|\.(c|h|comp|glsl|sh|build|txt\.in))' \
      "$document")
    while IFS=: read -r line name; do
      name=${name#*](}
      name=${name%%[)#]*}
      [[ $name == http* || -z $name || -e $(dirname "$document")/$name ]] ||
        echo "$document:$line: the link $name leads nowhere"
    done < <(grep -noP '\]\([^)]+\)' "$document" || true)
  done
}

# Command lines, a trailing backslash joining two: the command and its options.
check_commands () {
  local document line text command option help
  for document; do
    while IFS=: read -r line text; do
      read -r _ command _ <<< "$text"
      if ! "$glip" --help | grep -q "^  $command "; then
        echo "$document:$line: glip has no command \"$command\""
        continue
      fi
      help=$("$glip" "$command" --help)
      while read -r option; do
        grep -qE -- "(^|[ ,])$option([=, ]|$)" <<< "$help" ||
          echo "$document:$line: glip $command has no option $option"
      done < <(grep -oP '(?<= )(--[a-z-]+|-[a-z])(?=[ =]|$)' <<< "$text" || true)
    done < <(awk '{ if (from == "") from = FNR; text = text $0 }
      /\\$/ { sub(/\\$/, "", text); next }
      { n = split(text, part, "`")
        if (text ~ /^    glip [a-z]/) { sub(/^ */, "", text); print from ":" text }
        else for (i = 2; i <= n; i += 2) if (part[i] ~ /^glip [a-z]/) print from ":" part[i]
        text = ""; from = "" }' "$document")
  done
}

check () {
  check_names "${documents[@]}"
  check_commands "${documents[@]}"
}

grep -q '^ *glip detect ' README.md
if check | grep .; then
  exit 1
fi
