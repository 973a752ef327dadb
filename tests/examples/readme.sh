#!/bin/bash
# SPDX-License-Identifier: MIT
# What README.md shows is true: every command of its kind runs, and its tables name the
# properties and fields that there are.  Replaced are cameras by test pictures or the clip,
# windows and servers by fakesink, file names, a model and a device that are not here; of
# a video, the first four frames are taken.
set -eu -o pipefail

source=$GLIP_SOURCE build=$GLIP_BUILD
readme=$source/README.md
clip=$source/examples/media/demo.webm
bundled=$source/src/assets/glip-nano.safetensors
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

complain () {
  echo "README.md: $1" >&2
  failures=$((failures + 1))
}

# same WHAT FILE FILE: two lists of names are one.
same () {
  sort -u "$2" > "$scratch/a"
  sort -u "$3" > "$scratch/b"
  [ -s "$scratch/a" ] || complain "$1: there are none"
  cmp -s "$scratch/a" "$scratch/b" ||
    complain "$1 differ: $(diff "$scratch/a" "$scratch/b" | grep '^[<>]' | tr '\n' ' ')"
}

# first_column HEADING: the `names` in the first column of the table below it.
first_column () {
  awk -v heading="### $1" '$0 == heading { on = 1; next } /^#/ { on = 0 }
    on && /^\| `/ { split($0, cell, "|"); print cell[2] }' "$readme" |
    awk -F '`' '{ for (i = 2; i <= NF; i += 2) print $i }'
}

for element in glipdetect glipoverlay; do
  gst-inspect-1.0 "$element" | sed -n '/^Element Properties/,$p' |
    grep -oE '^  [a-z][a-z0-9-]+ *:' | tr -d ' :' |
    grep -vxE 'name|parent|qos' > "$scratch/there"
  first_column "$element" > "$scratch/told"
  same "properties of $element" "$scratch/there" "$scratch/told"
done
sed -nE 's/.*(add_[a-z]+|set_member_name) \(builder, "([a-z-]+)".*/\2/p' \
  "$source/gst/gstglipmeta.c" > "$scratch/there"
first_column GlipDetections > "$scratch/told"
same "fields of GlipDetections" "$scratch/there" "$scratch/told"

# A machine without a Vulkan device runs no pipeline; 77 is meson's word for skipped.
if [ "${GLIP_REQUIRE_GPU:-0}" != 1 ] && ! "$build/src/glip" devices > /dev/null 2>&1; then
  [ "$failures" = 0 ] || exit 1
  exit 77
fi

cd "$scratch"
gst-launch-1.0 -q filesrc location="$clip" ! decodebin ! videoconvert ! \
  pngenc snapshot=true ! filesink location=in.png

# adapt COMMAND: the same where there is no camera, display, released model or time.
adapt () {
  sed -E \
    -e 's/v4l2src !/videotestsrc is-live=true num-buffers=4 !/g' \
    -e "s|rtspsrc location=[^ ]+ latency=200 !|filesrc location=in.webm !|" \
    -e "s|location=in.webm|location=$clip|g" \
    -e 's/decodebin !/decodebin ! identity eos-after=5 !/g' \
    -e 's/(autovideosink|tcpserversink port=8080)/fakesink/g' \
    -e 's/fakesink sync=false/fakesink/' \
    -e "s|model=glip-t.safetensors device=1|model=$bundled|" \
    -e 's/input-size=480/input-size=224/' <<< "$1"
}

pipelines=0
while read -r command; do
  pipelines=$((pipelines + 1))
  echo "$command"
  adapted=$(adapt "$command")
  timeout 120 bash -c "${adapted/gst-launch-1.0/gst-launch-1.0 -q}" ||
    complain "this does not run: $command"
done < <(sed -nE 's/^ {4,}(gst-launch-1\.0 .*)/\1/p' "$readme")
[ "$pipelines" = 10 ] || complain "$pipelines pipelines instead of ten"
for file in out.webm out.png still-000.png; do
  [ -s "$file" ] || complain "no pipeline wrote $file"
done

# The program's commands, in their order; picture, model and size are others.
PATH=$build/src:$PATH
cp in.png street.jpg
cp "$bundled" glip-t.safetensors
while read -r command; do
  # Whole checkpoints are too large to come along; tests/unit/checkpoint.c converts one.
  [[ $command != "glip convert"* ]] || continue
  echo "$command"
  timeout 120 bash -c "${command/1344x800/256x256}" > output.txt 2>&1 ||
    complain "this does not run: $command: $(tail -n 1 output.txt)"
done < <(sed -nE 's/^ {4,}(glip [a-z]+ .*|glip devices)$/\1/p' "$readme")
[ -s boxes.png ] || complain "glip detect wrote no boxes.png"

# The two commands, and what is built, exist.
for file in examples/demo tests/run; do
  grep -qx "    ./$file" "$readme" || complain "$file is not shown"
  [ -x "$source/$file" ] || complain "there is no $file to run"
done
[ "$failures" = 0 ]
