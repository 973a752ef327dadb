#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the glip authors
"""Writes checkpoint.pth beside this script: a real torch.save file of a very small
network, in the layout of the released ones and with what a training run leaves
behind (averaged model, optimizer, scheduler, configuration object).

Nearly all tensors are views into one storage, the "bank", whose element i is
((i * 7919) % 4001 - 2000) / 1000.  Tensor NAME begins at element
(sum of the name's bytes) % 4096.  Exceptions, each for a case of the reader:

  *.intermediate.dense.weight   transposed view
  *.attention.self.key.weight   every second column
  rpn.head.bias_lang            half
  rpn.head.log_scale            double
  rpn.head.bias0                bfloat16
  backbone.fpn.fpn_inner2.bias  torch.nn.Parameter with a storage of its own
  *.gamma_v                     every third element
"""
import argparse
import os
from collections import OrderedDict

import numpy as np
import torch

C, EMBED, HIDDEN, WINDOW, POSITIONS, VOCAB, FUSE = 64, 4, 64, 3, 64, 100, 64


def shapes():
    out = {}

    def norm(name, n):
        out[name + ".weight"] = (n,)
        out[name + ".bias"] = (n,)

    def linear(name, o, i, *kernel):
        out[name + ".weight"] = (o, i) + kernel
        out[name + ".bias"] = (o,)

    body = "backbone.body."
    linear(body + "patch_embed.proj", EMBED, 3, 4, 4)
    norm(body + "patch_embed.norm", EMBED)
    for stage in range(4):
        dim = EMBED << stage
        block = f"{body}layers.{stage}.blocks.0."
        norm(block + "norm1", dim)
        out[block + "attn.relative_position_bias_table"] = ((2 * WINDOW - 1) ** 2, 1 << stage)
        out[block + "attn.relative_position_index"] = None
        linear(block + "attn.qkv", 3 * dim, dim)
        linear(block + "attn.proj", dim, dim)
        norm(block + "norm2", dim)
        linear(block + "mlp.fc1", 2 * dim, dim)
        linear(block + "mlp.fc2", dim, 2 * dim)
        if stage < 3:
            out[f"{body}layers.{stage}.downsample.reduction.weight"] = (2 * dim, 4 * dim)
            norm(f"{body}layers.{stage}.downsample.norm", 4 * dim)
    for stage in (1, 2, 3):
        norm(f"{body}norm{stage}", EMBED << stage)
        linear(f"backbone.fpn.fpn_inner{stage + 1}", C, EMBED << stage, 1, 1)
        linear(f"backbone.fpn.fpn_layer{stage + 1}", C, C, 3, 3)
    linear("backbone.fpn.top_blocks.p6", C, C, 3, 3)
    linear("backbone.fpn.top_blocks.p7", C, C, 3, 3)

    def text_layer(prefix):
        for part in ("query", "key", "value"):
            linear(f"{prefix}attention.self.{part}", HIDDEN, HIDDEN)
        linear(prefix + "attention.output.dense", HIDDEN, HIDDEN)
        norm(prefix + "attention.output.LayerNorm", HIDDEN)
        linear(prefix + "intermediate.dense", 2 * HIDDEN, HIDDEN)
        linear(prefix + "output.dense", HIDDEN, 2 * HIDDEN)
        norm(prefix + "output.LayerNorm", HIDDEN)

    text = "language_backbone.body.model."
    out[text + "embeddings.position_ids"] = None
    out[text + "embeddings.word_embeddings.weight"] = (VOCAB, HIDDEN)
    out[text + "embeddings.position_embeddings.weight"] = (POSITIONS, HIDDEN)
    out[text + "embeddings.token_type_embeddings.weight"] = (2, HIDDEN)
    norm(text + "embeddings.LayerNorm", HIDDEN)
    text_layer(text + "encoder.layer.0.")
    head = "rpn.head."
    out[head + "log_scale"] = (1,)
    out[head + "bias_lang"] = (HIDDEN,)
    out[head + "bias0"] = (1,)
    fusion = head + "dyhead_tower.0.b_attn."
    out[fusion + "gamma_v"] = (C,)
    out[fusion + "gamma_l"] = (HIDDEN,)
    norm(fusion + "layer_norm_v", C)
    norm(fusion + "layer_norm_l", HIDDEN)
    for part, o, i in (("v_proj", FUSE, C), ("l_proj", FUSE, HIDDEN), ("values_v_proj", FUSE, C),
                       ("values_l_proj", FUSE, HIDDEN), ("out_v_proj", C, FUSE),
                       ("out_l_proj", HIDDEN, FUSE)):
        linear(f"{fusion}attn.{part}", o, i)
    text_layer(head + "dyhead_tower.1.")
    tower = head + "dyhead_tower.2."
    for branch in range(3):
        linear(f"{tower}DyConv.{branch}.conv", C, C, 3, 3)
        norm(f"{tower}DyConv.{branch}.bn", C)
    linear(tower + "AttnConv.1", 1, C, 1, 1)
    linear(tower + "relu.fc.0", C // 4, C)
    linear(tower + "relu.fc.2", 4 * C, C // 4)
    linear(tower + "offset", 27, C, 3, 3)
    linear(head + "cls_logits", 7, C, 1, 1)
    linear(head + "bbox_pred", 4, C, 1, 1)
    linear(head + "centerness", 1, C, 1, 1)
    linear(head + "dot_product_projection_text", C, HIDDEN)
    for level in range(5):
        out[f"{head}scales.{level}.scale"] = (1,)
    for level in range(5):
        out[f"rpn.anchor_generator.cell_anchors.{level}"] = None
    return out


def make_tensor(bank, name, shape):
    if name.endswith("relative_position_index"):
        return torch.zeros(WINDOW ** 2, WINDOW ** 2, dtype=torch.int64)
    if name.endswith("position_ids"):
        return torch.arange(POSITIONS)[None]
    if "cell_anchors" in name:
        size, stride = 48 << int(name[-1]), 8 << int(name[-1])
        low, high = (stride - size) / 2, (stride + size) / 2 - 1
        return torch.tensor([[low, low, high, high]])
    start = sum(name.encode()) % 4096
    count = int(np.prod(shape))
    if name.endswith("intermediate.dense.weight"):
        return bank[start:start + count].view(shape[1], shape[0]).t()
    if name.endswith("attention.self.key.weight"):
        return bank[start:start + 2 * count].view(shape[0], 2 * shape[1])[:, ::2]
    if name.endswith("gamma_v"):
        return bank[start:start + 3 * count].view(shape[0], 3)[:, 0]
    view = bank[start:start + count].view(shape)
    if name == "rpn.head.bias_lang":
        return view.half()
    if name == "rpn.head.log_scale":
        return view.double()
    if name == "rpn.head.bias0":
        return view.bfloat16()
    if name == "backbone.fpn.fpn_inner2.bias":
        return torch.nn.Parameter(view.clone())
    return view


def main():
    index = torch.arange(4096 + C * C * 9, dtype=torch.int64)
    bank = (((index * 7919) % 4001 - 2000).double() / 1000).float()
    model = {name: make_tensor(bank, name, shape) for name, shape in shapes().items()}
    zero = torch.zeros(C * C * 9)
    average = {"module." + name: zero[:v.numel()].view(v.shape) for name, v in model.items()}

    weight = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = torch.optim.AdamW([{"params": [weight], "lr": 1e-4}], weight_decay=0.05)
    weight.sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 3, 8])
    state = OrderedDict(("module." + name, value) for name, value in model.items())
    state._metadata = OrderedDict({"": {"version": 1}})
    torch.save({
        "model_ema": average,
        "model": state,
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "iteration": 5,
        "eval_result": [np.float64(0.5), np.arange(3), {"AP", "AR"}, 2 ** 70, b"bytes", None],
        "config": argparse.Namespace(output="x", device=torch.device("cpu"), dtype=torch.float32,
                                     size=torch.Size([1, 2]), ratio=0.25, flags=(True, False)),
    }, os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoint.pth"))


if __name__ == "__main__":
    main()
