"""Writes what make_checkpoint.py writes as a GGUF file, packed in any type that is read.

Written from the format's description; nothing of it is shared with the reader.
"""

import struct

import make_checkpoint
import numpy as np

# Packed types: encode(values) -> (bytes, the values that they stand for). A row is a whole number
# of blocks.


def halves(values):
    """Rounded to FP16: (bits, float32)."""
    half = values.astype("<f2")
    return half, half.astype(np.float32)


def columns(*parts):
    """Blocks as bytes, one row each, of the bytes of their parts."""
    return np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in parts], axis=1)


def nibbles(codes):
    """The first half of each row in the low nibbles, the second in the high ones."""
    low, high = np.split(codes.astype(np.uint8), 2, axis=1)
    return low | high << 4


def q8_0(blocks):
    bits, scale = halves(np.abs(blocks).max(axis=1, keepdims=True) / 127)
    codes = np.clip(np.rint(blocks / np.maximum(scale, 1e-30)), -127, 127).astype(np.int8)
    return columns(bits, codes), scale * codes.astype(np.float32)


def q4_0(blocks):
    bits, scale = halves(np.abs(blocks).max(axis=1, keepdims=True) / -8)
    scale = np.where(scale == 0, np.float32(1e-30), scale)
    codes = np.clip(np.rint(blocks / scale) + 8, 0, 15)
    return columns(bits, nibbles(codes)), scale * (codes - 8).astype(np.float32)


def q4_1(blocks):
    least_bits, least = halves(blocks.min(axis=1, keepdims=True))
    bits, scale = halves((blocks.max(axis=1, keepdims=True) - least) / 15)
    codes = np.clip(np.rint((blocks - least) / np.maximum(scale, 1e-30)), 0, 15)
    return columns(bits, least_bits, nibbles(codes)), scale * codes.astype(np.float32) + least


def six_bit_pairs(scales, offsets):
    """Eight scales and eight offsets of 6 bits in 12 bytes."""
    low = np.concatenate([scales[:, :4], offsets[:, :4]], axis=1)
    low[:, :4] |= scales[:, 4:] >> 4 << 6
    low[:, 4:] |= offsets[:, 4:] >> 4 << 6
    return np.concatenate([low, scales[:, 4:] & 15 | (offsets[:, 4:] & 15) << 4], axis=1)


def q45_k(blocks, bits):
    """Q4_K and Q5_K: eight groups of 32 with scales and offsets of 6 bits."""
    groups, most = blocks.reshape(-1, 8, 32), 2**bits - 1
    down = np.maximum(-groups.min(axis=2), 0)
    step = (groups.max(axis=2) + down) / most
    d_bits, d = halves(step.max(axis=1, keepdims=True) / 63)
    m_bits, m = halves(down.max(axis=1, keepdims=True) / 63)
    scales = np.clip(np.rint(step / np.maximum(d, 1e-30)), 1, 63).astype(np.uint8)
    offsets = np.clip(np.rint(down / np.maximum(m, 1e-30)), 0, 63).astype(np.uint8)
    step = (d * scales.astype(np.float32))[:, :, None]
    least = (m * offsets.astype(np.float32))[:, :, None]
    codes = np.clip(np.rint((groups + least) / np.maximum(step, 1e-30)), 0, most).astype(np.uint8)
    low = nibbles((codes & 15).reshape(-1, 64)).reshape(-1, 128)
    fifth = np.bitwise_or.reduce((codes >> 4) << np.arange(8, dtype=np.uint8)[:, None], axis=1)
    parts = [d_bits, m_bits, six_bit_pairs(scales, offsets), *([fifth] if bits == 5 else []), low]
    values = step * codes.astype(np.float32) - least
    return columns(*parts), values.reshape(-1, 256)


def q6_k(blocks):
    """Sixteen groups of 16 with signed scales of 8 bits."""
    groups = blocks.reshape(-1, 16, 16)
    step = np.abs(groups).max(axis=2) / 32
    d_bits, d = halves(step.max(axis=1, keepdims=True) / 127)
    scales = np.clip(np.rint(step / np.maximum(d, 1e-30)), 1, 127).astype(np.int8)
    scales[:, ::2] *= -1
    # Exact before it is rounded once: the whole number has 14 bits, d has 11.
    step = (d * scales.astype(np.float32))[:, :, None]
    step = np.where(step == 0, np.float32(1e-30), step)
    codes = np.clip(np.rint(groups / step) + 32, 0, 63).astype(np.uint8)
    quarters = codes.reshape(-1, 2, 4, 32)
    low = quarters[:, :, :2] & 15 | (quarters[:, :, 2:] & 15) << 4
    shifts = np.arange(0, 8, 2, dtype=np.uint8)[:, None]
    high = np.bitwise_or.reduce(quarters >> 4 << shifts, axis=2)
    parts = [low.reshape(-1, 128), high.reshape(-1, 64), scales, d_bits]
    return columns(*parts), (step * (codes.astype(np.float32) - 32)).reshape(-1, 256)


# Name -> (number in files, weights in a block, encode)
TYPES = {
    "F32": (0, 1, lambda values: (values.astype("<f4"), values)),
    "F16": (1, 1, lambda values: halves(values)),
    "BF16": (
        30,
        1,
        lambda values: (
            make_checkpoint.to_bfloat16(values),
            (make_checkpoint.to_bfloat16(values).astype(np.uint32) << 16).view(np.float32),
        ),
    ),
    "Q4_0": (2, 32, q4_0),
    "Q4_1": (3, 32, q4_1),
    "Q8_0": (8, 32, q8_0),
    "Q4_K": (12, 256, lambda blocks: q45_k(blocks, 4)),
    "Q5_K": (13, 256, lambda blocks: q45_k(blocks, 5)),
    "Q6_K": (14, 256, q6_k),
}


def encode(values, kind):
    """(bytes, the float32 array that they stand for); matrices are packed, vectors are not."""
    number, block, pack = TYPES[kind if values.ndim > 1 else "F32"]
    data, exact = pack(values.reshape(-1, block).astype(np.float32))
    return number, data.tobytes(), exact.astype(np.float32).reshape(values.shape)


# Names, of which tensors' names are made: Hugging Face's, GGUF's.

LLAMA_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.layers": "blk",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.norm": "output_norm",
    "lm_head": "output",
}
CHATGLM_NAMES = {
    "transformer.embedding.word_embeddings": "token_embd",
    "transformer.encoder.layers": "blk",
    "input_layernorm": "attn_norm",
    "self_attention.query_key_value": "attn_qkv",
    "self_attention.dense": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down",
    "transformer.encoder.final_layernorm": "output_norm",
    "transformer.output_layer": "output",
}
GPT2_NAMES = {
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.h": "blk",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
    "transformer.ln_f": "output_norm",
    "lm_head": "output",
}
# By the model_type of make_checkpoint.py: the architecture, its names.
ARCHITECTURES = {
    "llama": ("llama", LLAMA_NAMES),
    "mistral": ("llama", LLAMA_NAMES),
    "qwen2": ("qwen2", LLAMA_NAMES),
    "qwen3": ("qwen3", LLAMA_NAMES),
    "chatglm": ("chatglm", CHATGLM_NAMES),
    "gpt2": ("gpt2", GPT2_NAMES),
}


def gguf_name(name, names):
    """Of "model.layers.3.mlp.up_proj.weight" "blk.3.ffn_up.weight"."""
    for old, new in sorted(names.items(), key=lambda item: -len(item[0])):
        for before, after in ("", "."), (".", "."):
            name = name.replace(before + old + after, before + new + after)
    return name


def converted(name, values, shape):
    """Of Hugging Face's array GGUF's, and the function that goes back."""
    if shape.family == "gpt2" and values.ndim == 2 and ".h." in name:
        return np.ascontiguousarray(values.T), lambda array: np.ascontiguousarray(array.T)
    if ARCHITECTURES[shape.family][0] == "llama" and (".q_proj." in name or ".k_proj." in name):
        # Channels i and i + size / 2 of a head turn together; here they are neighbours.
        order = np.arange(len(values)).reshape(-1, 2, shape.head_channels // 2)
        order = order.swapaxes(1, 2).ravel()
        return values[order], lambda array: array[np.argsort(order)]
    return values, lambda array: array


# Files


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(value):
    """A value with its type before it; a list's is that of its first element."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return (4, struct.pack("<I", value)) if value >= 0 else (5, struct.pack("<i", value))
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, (str, bytes)):
        return 8, text(value)
    kinds, parts = zip(*map(value_of, value))
    return 9, struct.pack("<IQ", kinds[0], len(value)) + b"".join(parts)


def write_gguf(path, metadata, tensors, alignment=32, version=3):
    """Writes name -> (type number, shape in C's order, bytes) with the metadata."""
    head = struct.pack("<4sIQQ", b"GGUF", version, len(tensors), len(metadata))
    for key, value in metadata.items():
        kind, data = value_of(value)
        head += text(key) + struct.pack("<I", kind) + data
    body = b""
    for name, (number, shape, data) in tensors.items():
        head += text(name) + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}QIQ", *reversed(shape), number, len(body))
        body += data + bytes(-len(data) % alignment)
    path.write_bytes(head + bytes(-len(head) % alignment) + body)


def scaling_keys(scaling):
    """Keys for linear and YaRN; LLaMA 3's is a tensor."""
    if not scaling or scaling.get("rope_type") == "llama3":
        return {}
    keys = {"type": scaling.get("rope_type", scaling.get("type")), "factor": scaling["factor"]}
    if "original_max_position_embeddings" in scaling:
        keys["original_context_length"] = scaling["original_max_position_embeddings"]
    return {f"rope.scaling.{key}": value for key, value in keys.items()}


def hyperparameters(shape):
    """The keys of a shape, without the architecture before them."""
    keys = {
        "context_length": shape.context,
        "embedding_length": shape.hidden,
        "block_count": shape.layers,
        "feed_forward_length": shape.ffn,
        "attention.head_count": shape.heads,
    }
    if shape.family == "gpt2":
        return keys | {"attention.layer_norm_epsilon": shape.epsilon}
    rotary = shape.head_channels // (2 if shape.family == "chatglm" else 1)
    theta = 10000.0 * shape.rope_ratio if shape.family == "chatglm" else shape.theta
    keys |= {
        "attention.head_count_kv": shape.kv_heads,
        "attention.layer_norm_rms_epsilon": shape.epsilon,
        "attention.key_length": shape.head_channels,
        "attention.value_length": shape.head_channels,
        "rope.dimension_count": rotary,
        "rope.freq_base": theta,
    }
    if shape.window:
        keys["attention.sliding_window"] = shape.window
    return keys | scaling_keys(shape.rope_scaling)


def llama3_divisors(shape):
    """What rope_freqs holds: by how much each pair turns slower."""
    scaling, size = shape.rope_scaling, shape.head_channels
    turns = shape.theta ** (-np.arange(0, size, 2) / size) / (2 * np.pi)
    turns *= scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    part = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - part) / scaling["factor"] + part)).astype(np.float32)


def model_metadata(shape):
    architecture, _ = ARCHITECTURES[shape.family]
    keys = {f"{architecture}.{key}": value for key, value in hyperparameters(shape).items()}
    return {"general.architecture": architecture, "general.alignment": 32} | keys


def model_tensors(shape, kind, arrays):
    """Of Hugging Face's float32 arrays GGUF's tensors, and the arrays as they are read back."""
    _, names = ARCHITECTURES[shape.family]
    tensors, exact = {}, {}
    for name, values in arrays:
        array, back = converted(name, values, shape)
        number, data, read = encode(array, kind)
        tensors[gguf_name(name, names)] = (number, array.shape, data)
        exact[name] = back(read)
    if shape.rope_scaling and shape.rope_scaling.get("rope_type") == "llama3":
        divisors = llama3_divisors(shape)
        tensors["rope_freqs.weight"] = (0, divisors.shape, divisors.tobytes())
    return tensors, exact


def write_model(path, shape, kind="F32", tokenizer=None):
    """Writes a shape's model; returns Hugging Face's name -> array for what was written."""
    arrays = make_checkpoint.FAMILIES[shape.family].tensors(shape)
    tensors, exact = model_tensors(shape, kind, arrays)
    write_gguf(path, model_metadata(shape) | (tokenizer or {}), tensors)
    return exact
