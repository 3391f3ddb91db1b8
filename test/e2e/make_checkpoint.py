#!/usr/bin/python3
"""Writes a small checkpoint of any family with seeded random weights, in the Hugging Face layout.

The weights are scaled so that activations stay near 1 in every layer and the logits spread
over a few units, as in a trained model. There is no tokenizer: such a model is run with token
ids.

    make_checkpoint.py DIR --family qwen2 --hidden 96 --heads 4 --kv-heads 2 --head-size 24 --dtype BF16 ...
"""

import argparse
import dataclasses
import json
import math
import pathlib

import numpy as np


@dataclasses.dataclass
class Shape:
    """What a checkpoint looks like.

    head_size 0 leaves head_dim out of the configuration. int4_grid makes all matrices such that
    INT4 quantization in blocks of 128 input channels loses nothing. rope_scaling goes into the
    configuration as it is, of the families that have it. prefix is whether names of a gpt2
    checkpoint begin with "transformer.".

    attention_bias is for the families that leave it open, and means queries, keys and values only
    in a chatglm checkpoint. A gpt2 checkpoint has heads of hidden / heads channels, as many KV
    heads, and no theta; a chatglm checkpoint is not tied.
    """

    family: str = "llama"
    hidden: int = 64
    ffn: int = 160
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_size: int = 0
    vocabulary: int = 96
    context: int = 128
    window: int = 0
    theta: float = 10000.0
    rope_scaling: dict = None
    rope_ratio: float = 1.0
    epsilon: float = 1e-5
    tied: bool = False
    attention_bias: bool = False
    dtype: str = "F16"
    shards: int = 1
    int4_grid: bool = False
    prefix: bool = True
    seed: int = 0

    @property
    def head_channels(self):
        return self.head_size or self.hidden // self.heads

    @property
    def biased(self):
        """The products of attention that have biases."""
        return FAMILIES[self.family].biases if self.attention_bias else FAMILIES[self.family].always


def to_bfloat16(values):
    """Rounds binary32 to the nearest BF16, ties to even."""
    bits = values.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits >> 16).astype("<u2")


ENCODERS = {
    "F32": ("float32", lambda values: values.astype("<f4")),
    "F16": ("float16", lambda values: values.astype("<f2")),
    "BF16": ("bfloat16", to_bfloat16),
}


# Configurations


def chatglm_config(shape):
    return {
        "add_bias_linear": False,
        "add_qkv_bias": shape.attention_bias,
        "apply_residual_connection_post_layernorm": False,
        "architectures": [FAMILIES["chatglm"].architectures[0]],
        "bos_token_id": None,
        "eos_token_id": 2,
        "ffn_hidden_size": shape.ffn,
        "hidden_size": shape.hidden,
        "kv_channels": shape.head_channels,
        "layernorm_epsilon": shape.epsilon,
        "model_type": "chatglm",
        "multi_query_attention": True,
        "multi_query_group_num": shape.kv_heads,
        "num_attention_heads": shape.heads,
        "num_layers": shape.layers,
        "original_rope": True,
        "padded_vocab_size": shape.vocabulary,
        "post_layer_norm": True,
        "rmsnorm": True,
        "rope_ratio": shape.rope_ratio,
        "seq_length": shape.context,
        "tie_word_embeddings": False,
        "torch_dtype": ENCODERS[shape.dtype][0],
    }


def gpt2_config(shape):
    return {
        "activation_function": "gelu_new",
        "architectures": [FAMILIES["gpt2"].architectures[0]],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "layer_norm_epsilon": shape.epsilon,
        "model_type": "gpt2",
        "n_embd": shape.hidden,
        "n_head": shape.heads,
        "n_inner": shape.ffn,
        "n_layer": shape.layers,
        "n_positions": shape.context,
        "tie_word_embeddings": shape.tied,
        "torch_dtype": ENCODERS[shape.dtype][0],
        "vocab_size": shape.vocabulary,
    }


def llama_config(shape):
    result = {
        "architectures": [FAMILIES[shape.family].architectures[0]],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.ffn,
        "max_position_embeddings": shape.context,
        "model_type": shape.family,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.epsilon,
        "rope_scaling": shape.rope_scaling,
        "rope_theta": shape.theta,
        "tie_word_embeddings": shape.tied,
        "torch_dtype": ENCODERS[shape.dtype][0],
        "vocab_size": shape.vocabulary,
    }
    # Qwen3 takes 128 where the field is absent.
    if shape.head_size or shape.family == "qwen3":
        result["head_dim"] = shape.head_channels
    if shape.family in ("llama", "qwen3"):
        result["attention_bias"] = shape.attention_bias
    if shape.family != "llama":
        result["sliding_window"] = shape.window or None
        result["use_sliding_window"] = bool(shape.window)
    return result


# Tensors


def on_int4_grid(rng, outputs, inputs, deviation):
    """Whole numbers -7..7 times one scale a row.

    Every eighth weight of a row is -7 or 7, so the scale that a block's greatest weight asks for
    is that of the row, whatever channels the block holds. A scale has 5 significant bits: it and
    its multiples are exact in FP16 and in BF16.
    """
    values = rng.integers(-7, 8, (outputs, inputs))
    values[:, ::8] = 7 * rng.choice((-1, 1), values[:, ::8].shape)
    exponent = math.floor(math.log2(deviation / math.sqrt(np.mean(np.square(values)))))
    return values * (rng.integers(16, 32, (outputs, 1)) * 2.0 ** (exponent - 4))


def llama_tensors(shape):
    """Yields (name, float32 array); the weights of every family, under LLaMA's names.

    A matrix gets standard deviation gain / sqrt(inputs), so that a normalised input gives an
    output of about gain. A tied embedding is also the output layer and gets 2 / sqrt(hidden),
    for logits of about 2; `stream` keeps what the blocks add to the residual stream in
    proportion to it.
    """
    rng = np.random.default_rng(shape.seed)
    hidden, ffn = shape.hidden, shape.ffn
    query, kv = shape.heads * shape.head_channels, shape.kv_heads * shape.head_channels
    stream = 2 / math.sqrt(hidden) if shape.tied else 1.0
    into_stream = 3 * stream / math.sqrt(2 * shape.layers)

    def matrix(outputs, inputs, gain=1.0):
        deviation = gain / math.sqrt(inputs)
        if shape.int4_grid:
            return on_int4_grid(rng, outputs, inputs, deviation).astype(np.float32)
        return (rng.standard_normal((outputs, inputs)) * deviation).astype(np.float32)

    def vector(mean, deviation, size):
        return (mean + deviation * rng.standard_normal(size)).astype(np.float32)

    yield "model.embed_tokens.weight", matrix(shape.vocabulary, hidden, stream * math.sqrt(hidden))
    for i in range(shape.layers):
        layer = f"model.layers.{i}"
        attention, mlp = f"{layer}.self_attn", f"{layer}.mlp"
        yield f"{layer}.input_layernorm.weight", vector(1, 0.2, hidden)
        yield f"{attention}.q_proj.weight", matrix(query, hidden, 1.5)
        yield f"{attention}.k_proj.weight", matrix(kv, hidden, 1.5)
        yield f"{attention}.v_proj.weight", matrix(kv, hidden)
        yield f"{attention}.o_proj.weight", matrix(hidden, query, into_stream)
        sizes = {"q": query, "k": kv, "v": kv, "o": hidden}
        for part in shape.biased:
            deviation = 0.5 * stream if part == "o" else 0.5
            yield f"{attention}.{part}_proj.bias", vector(0, deviation, sizes[part])
        if shape.family == "qwen3":
            for part in "qk":
                yield f"{attention}.{part}_norm.weight", vector(1, 0.2, shape.head_channels)
        yield f"{layer}.post_attention_layernorm.weight", vector(1, 0.2, hidden)
        yield f"{mlp}.gate_proj.weight", matrix(ffn, hidden, 1.5)
        yield f"{mlp}.up_proj.weight", matrix(ffn, hidden)
        yield f"{mlp}.down_proj.weight", matrix(hidden, ffn, into_stream)
    yield "model.norm.weight", vector(1, 0.2, hidden)
    if not shape.tied:
        yield "lm_head.weight", matrix(shape.vocabulary, hidden, 2)


def chatglm_tensors(shape):
    """The same weights under the names of ChatGLM2, fused: yields (name, float32 array)."""
    tensors = dict(llama_tensors(dataclasses.replace(shape, tied=False)))

    def fused(prefix, parts, kind="weight"):
        return np.concatenate([tensors[f"{prefix}.{part}_proj.{kind}"] for part in parts])

    yield "transformer.embedding.word_embeddings.weight", tensors["model.embed_tokens.weight"]
    for i in range(shape.layers):
        old, new = f"model.layers.{i}", f"transformer.encoder.layers.{i}"
        attention, mlp = f"{old}.self_attn", f"{old}.mlp"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{new}.{norm}.weight", tensors[f"{old}.{norm}.weight"]
        kinds = ("weight", "bias") if shape.biased else ("weight",)
        for kind in kinds:
            yield f"{new}.self_attention.query_key_value.{kind}", fused(attention, "qkv", kind)
        yield f"{new}.self_attention.dense.weight", fused(attention, "o")
        yield f"{new}.mlp.dense_h_to_4h.weight", fused(mlp, ("gate", "up"))
        yield f"{new}.mlp.dense_4h_to_h.weight", fused(mlp, ("down",))
    yield "transformer.encoder.final_layernorm.weight", tensors["model.norm.weight"]
    yield "transformer.output_layer.weight", tensors["lm_head.weight"]


def gpt2_tensors(shape):
    """The same weights under the names of GPT-2, most of them transposed, and what it has more."""
    heads = dataclasses.replace(shape, kv_heads=shape.heads, head_size=0)
    tensors = dict(llama_tensors(heads))
    rng = np.random.default_rng(shape.seed + 1)
    hidden, ffn = shape.hidden, shape.ffn
    stream = 2 / math.sqrt(hidden) if shape.tied else 1.0
    prefix = "transformer." if shape.prefix else ""

    def bias(size, deviation):
        return (deviation * rng.standard_normal(size)).astype(np.float32)

    def fused(name, kind):
        return np.concatenate([tensors[f"{name}.self_attn.{part}_proj.{kind}"] for part in "qkv"])

    yield f"{prefix}wte.weight", tensors["model.embed_tokens.weight"]
    yield f"{prefix}wpe.weight", bias((shape.context, hidden), 0.5 * stream)
    for i in range(shape.layers):
        old, new = f"model.layers.{i}", f"{prefix}h.{i}"
        yield f"{new}.ln_1.weight", tensors[f"{old}.input_layernorm.weight"]
        yield f"{new}.ln_1.bias", bias(hidden, 0.2)
        yield f"{new}.attn.c_attn.weight", np.ascontiguousarray(fused(old, "weight").T)
        yield f"{new}.attn.c_attn.bias", fused(old, "bias")
        projection = f"{old}.self_attn.o_proj"
        yield f"{new}.attn.c_proj.weight", np.ascontiguousarray(tensors[f"{projection}.weight"].T)
        yield f"{new}.attn.c_proj.bias", tensors[f"{projection}.bias"]
        yield f"{new}.ln_2.weight", tensors[f"{old}.post_attention_layernorm.weight"]
        yield f"{new}.ln_2.bias", bias(hidden, 0.2)
        for name, part, size in ("c_fc", "up", ffn), ("c_proj", "down", hidden):
            matrix = tensors[f"{old}.mlp.{part}_proj.weight"]
            yield f"{new}.mlp.{name}.weight", np.ascontiguousarray(matrix.T)
            yield f"{new}.mlp.{name}.bias", bias(size, 0.3 if part == "up" else 0.3 * stream)
        # A mask that files of the first days have, and that nobody reads.
        if not shape.prefix:
            yield f"{new}.attn.bias", np.tri(8, dtype=np.float32).reshape(1, 1, 8, 8)
    yield f"{prefix}ln_f.weight", tensors["model.norm.weight"]
    yield f"{prefix}ln_f.bias", bias(hidden, 0.2)
    if not shape.tied:
        yield "lm_head.weight", tensors["lm_head.weight"]


@dataclasses.dataclass(frozen=True)
class Family:
    """What a family writes: config.json and the tensors.

    The first of the architectures is the one written. `biases` names the products of attention
    that have biases with attention_bias, `always` those that have them without it.
    """

    architectures: tuple
    config: callable
    tensors: callable
    biases: str
    always: str = ""


# By model_type. A test holds this against the families that the compiler knows.
FAMILIES = {
    "llama": Family(("LlamaForCausalLM",), llama_config, llama_tensors, "qkvo"),
    "mistral": Family(("MistralForCausalLM",), llama_config, llama_tensors, ""),
    "qwen2": Family(("Qwen2ForCausalLM",), llama_config, llama_tensors, "qkv", "qkv"),
    "qwen3": Family(("Qwen3ForCausalLM",), llama_config, llama_tensors, "qkvo"),
    "gpt2": Family(("GPT2LMHeadModel",), gpt2_config, gpt2_tensors, "qkvo", "qkvo"),
    "chatglm": Family(
        ("ChatGLMModel", "ChatGLMForConditionalGeneration"),
        chatglm_config,
        chatglm_tensors,
        "qkv",
    ),
}


def write_safetensors(path, arrays, dtype):
    """Writes encoded arrays, name -> array, as one safetensors file."""
    header, offset = {}, 0
    for name, array in arrays.items():
        end = offset + array.nbytes
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(array.tobytes() for array in arrays.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def split(arrays, shards):
    """Deals the tensors out to so many files, neighbours together."""
    names = list(arrays)
    bounds = [len(names) * i // shards for i in range(shards + 1)]
    for first, last in zip(bounds, bounds[1:]):
        yield {name: arrays[name] for name in names[first:last]}


def write_sharded(directory, arrays, dtype, shards):
    """Writes model-0000i-of-0000n.safetensors and their index."""
    weight_map = {}
    for i, part in enumerate(split(arrays, shards), 1):
        file = f"model-{i:05}-of-{shards:05}.safetensors"
        write_safetensors(directory / file, part, dtype)
        weight_map.update(dict.fromkeys(part, file))
    size = sum(array.nbytes for array in arrays.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    path = directory / "model.safetensors.index.json"
    path.write_text(json.dumps(index, indent=2) + "\n")


def write_checkpoint(directory, shape):
    """Writes config.json and the weights of a shape; returns the directory."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    encode = ENCODERS[shape.dtype][1]
    family = FAMILIES[shape.family]
    arrays = {name: encode(values) for name, values in family.tensors(shape)}
    (directory / "config.json").write_text(json.dumps(family.config(shape), indent=2) + "\n")
    if shape.shards == 1:
        write_safetensors(directory / "model.safetensors", arrays, shape.dtype)
    else:
        write_sharded(directory, arrays, shape.dtype, shape.shards)
    return directory


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=pathlib.Path)
    for field in dataclasses.fields(Shape):
        name = "--" + field.name.replace("_", "-")
        if field.type is bool:
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=field.default)
        elif field.type is dict:
            parser.add_argument(name, type=json.loads, help="as JSON")
        else:
            choices = {"dtype": list(ENCODERS), "family": list(FAMILIES)}.get(field.name)
            parser.add_argument(name, type=field.type, default=field.default, choices=choices)
    options = vars(parser.parse_args())
    write_checkpoint(options.pop("directory"), Shape(**options))


if __name__ == "__main__":
    main()
