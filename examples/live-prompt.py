#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Change what is looked for while the video plays.

    live-prompt.py VIDEO [PROMPT]

Every line of standard input is the new prompt, an empty one stops looking; the end of
the input, or of the video, ends the program.  For each frame a line of JSON is printed,
as it stands in the custom metadata "GlipDetections": it needs no bindings of glip's.
Debian: python3-gi python3-gst-1.0 gir1.2-gst-plugins-base-1.0
"""
import os
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import GLib, Gst, GstApp  # noqa: E402, F401


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    Gst.init(None)
    try:
        pipeline = Gst.parse_launch(
            "filesrc name=source ! decodebin ! glipdetect name=detect threshold=0.35"
            " ! appsink name=frames emit-signals=true sync=true max-buffers=2"
        )
    except GLib.Error as error:
        sys.exit(f"live-prompt: {error.message}")
    pipeline.get_by_name("source").props.location = sys.argv[1]
    detect = pipeline.get_by_name("detect")
    detect.props.prompt = sys.argv[2] if len(sys.argv) > 2 else ""
    loop = GLib.MainLoop()
    failure = []
    typed = b""

    def on_sample(sink):
        sample = sink.emit("pull-sample")
        meta = sample.get_buffer().get_custom_meta("GlipDetections") if sample else None
        if meta:
            print(meta.get_structure().get_string("json"), flush=True)
        return Gst.FlowReturn.OK

    def on_message(_bus, message):
        if message.type == Gst.MessageType.ERROR:
            failure.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()

    def on_input(descriptor, _condition):
        nonlocal typed
        data = os.read(descriptor, 4096)
        *lines, typed = (typed + data).split(b"\n")
        for line in lines:
            # Frames on their way keep the old prompt; a frame never mixes two.
            detect.props.prompt = line.decode(errors="replace").strip()
        if not data:
            loop.quit()
        return bool(data)

    pipeline.get_by_name("frames").connect("new-sample", on_sample)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", on_message)
    GLib.unix_fd_add_full(
        GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_input
    )
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, loop.quit)

    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)
    if failure:
        sys.exit(f"live-prompt: {failure[0]}")


if __name__ == "__main__":
    main()
