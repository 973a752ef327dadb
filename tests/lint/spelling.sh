#!/bin/bash
# SPDX-License-Identifier: MIT
# spelling.sh SOURCE: codespell over everything written by hand.  "halfs" are numbers of
# 16 bits, "nd" and "caf" are word pieces, renderD a device.
set -eu

cd "$1"
shopt -s nullglob
codespell --ignore-words-list=inout,halfs,nd,renderd,caf ./*.md meson.build .ci src shaders docs \
  tests/run tests/*.[ch] tests/*.sh tests/*/*.{c,sh,build} examples/*
