"""Writes llama2.c's files: a model of make_checkpoint.py in either format, a tokenizer.bin."""

import struct

import make_checkpoint
import make_gguf
import numpy as np

ATTENTION = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
FEED_FORWARD = ["mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"]


def order_of(version):
    """The tensors in their order; those of layers are between the others."""
    norms = ["input_layernorm", "post_attention_layernorm"]
    if version == 0:
        blocks = [norms[0], *ATTENTION, norms[1], *FEED_FORWARD]
        return ["model.embed_tokens", *blocks, "model.norm", "turns", "lm_head"]
    return [*norms, "model.norm", "model.embed_tokens", *ATTENTION, *FEED_FORWARD, "lm_head"]


def turns(shape):
    """Cosines and sines, which files of the first format have."""
    size = shape.head_channels
    angles = np.outer(np.arange(shape.context), 10000.0 ** (-np.arange(0, size, 2) / size))
    return np.concatenate([np.cos(angles), np.sin(angles)]).astype("<f4")


def write_model(path, shape, version=1):
    """Writes a llama shape with the family's constants: theta 10000, epsilon 1e-5, no bias."""
    tensors = dict(make_checkpoint.llama_tensors(shape))
    vocabulary = shape.vocabulary if version or shape.tied else -shape.vocabulary
    sizes = (shape.hidden, shape.ffn, shape.layers, shape.heads, shape.kv_heads)
    data = struct.pack("<7i", *sizes, vocabulary, shape.context)
    if version:
        data = struct.pack("<Ii", 0x616B3432, version) + data + struct.pack("<?", shape.tied)
        data += bytes(256 - len(data))
    for part in order_of(version):
        whole = [f"{part}.weight"]
        if part == "turns":
            data += turns(shape).tobytes()
        elif whole[0] not in tensors and part != "lm_head":
            whole = [f"model.layers.{i}.{part}.weight" for i in range(shape.layers)]
        for name in whole:
            if name in tensors:
                array, _ = make_gguf.converted(name, tensors[name], shape)
                data += array.astype("<f4").tobytes()
    path.write_bytes(data)


def write_tokenizer(path, processor):
    """Of a SentencePiece model, with its special pieces and its spaces as the format has them."""
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    pieces[1:3] = "\n<s>\n", "\n</s>\n"
    tokens = [piece.replace("\u2581", " ").encode() for piece in pieces]
    data = struct.pack("<I", max(map(len, tokens)))
    for i, token in enumerate(tokens):
        data += struct.pack("<fI", processor.get_score(i), len(token)) + token
    path.write_bytes(data)
