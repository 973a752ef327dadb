#!/bin/bash
# SPDX-License-Identifier: MIT
# The programs of examples/, run as their heads say.
set -eu -o pipefail

source=$GLIP_SOURCE build=$GLIP_BUILD
clip=$source/examples/media/demo.webm
prompt="clock . butterfly"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail () {
  echo "$1" >&2
  exit 1
}

# must_lack PATTERN FILE
must_lack () {
  if grep -q -- "$1" "$2"; then
    fail "$2 has $1"
  fi
}

# A machine without a Vulkan device: 77 is meson's word for skipped.
if [ "${GLIP_REQUIRE_GPU:-0}" != 1 ] && ! "$build/src/glip" devices > /dev/null 2>&1; then
  exit 77
fi

# glip-demo: video, contact sheet, verdict; no control characters without a terminal.
"$build/examples/glip-demo" --prompt "$prompt" --frames 3 --every 13 \
  --output "$scratch/out" "$clip" | tee "$scratch/demo.txt"
tail -n 1 "$scratch/demo.txt" | grep -qE '^OK: 3 frames at .* detections of [12] phrases$'
must_lack $'\r' "$scratch/demo.txt"
[ "$(head -c 4 "$scratch/out/annotated.webm" | od -An -tx1 | tr -d ' ')" = 1a45dfa3 ]
[ "$(head -c 4 "$scratch/out/contact-sheet.png" | od -An -tx1 | tr -d ' ')" = 89504e47 ]
if "$build/examples/glip-demo" --prompt x --output "$scratch/out" "$scratch/none.webm" \
    > "$scratch/demo.txt" 2>&1; then
  fail "glip-demo takes a missing video for a success"
fi
tail -n 1 "$scratch/demo.txt" | grep -q '^FAILED: '

# detect-image, on a frame of the clip
gst-launch-1.0 -q filesrc location="$clip" ! decodebin ! videoconvert ! pngenc snapshot=true ! \
  filesink location="$scratch/frame.png"
"$build/examples/detect-image" "$source/src/assets/glip-nano.safetensors" \
  "$scratch/frame.png" "$prompt" | tee "$scratch/image.txt"
grep -qE '^0\.[0-9]+  [0-9.]+ [0-9.]+ [0-9.]+ [0-9.]+  clock$' "$scratch/image.txt"

# print-boxes
"$build/examples/print-boxes" "$clip" "$prompt" 0.08 | tee "$scratch/boxes.txt"
grep -qE '^ +0\.000 roi 0\.[0-9]+ [0-9]+,[0-9]+ [0-9]+x[0-9]+ clock$' "$scratch/boxes.txt"
if pkg-config --exists gstreamer-analytics-1.0; then
  grep -qE '^ +0\.000 analytics 0\.[0-9]+ .* clock$' "$scratch/boxes.txt"
fi

# live-prompt: the second prompt comes from standard input while the video plays.
if python3 -c 'import gi; gi.require_version("GstApp", "1.0")
from gi.repository import GstApp' 2> /dev/null; then
  { sleep 3; echo butterfly; sleep 3; } |
    timeout 60 python3 "$source/examples/live-prompt.py" "$clip" clock > "$scratch/live.txt"
  grep -q '"prompt":"clock"' "$scratch/live.txt"
  grep -q '"prompt":"butterfly"' "$scratch/live.txt"
  must_lack '"prompt":"clock".*"phrase":"butterfly"' "$scratch/live.txt"
  must_lack '"prompt":"butterfly".*"phrase":"clock"' "$scratch/live.txt"
else
  echo "python3-gst-1.0 is not installed: live-prompt.py not run"
fi
