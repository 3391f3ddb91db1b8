#!/usr/bin/python3
"""Writes a checkpoint of any shape with seeded random weights, up to full size.

The shape is a folder of models/configs or any config.json of a family that EdgeLLM knows; single
numbers of it can be changed. The result is what Hugging Face would hold: config.json, shards of
safetensors and their index. There is no tokenizer: such a model is run with token ids.

    make_synthetic_checkpoint.py llama-1.1b OUT                   2.2 GB
    make_synthetic_checkpoint.py chatglm2-6b OUT --layers 2       only two blocks of it
    make_synthetic_checkpoint.py my/config.json OUT --dtype BF16

Weights are normal and scaled as in a trained model: a matrix gives outputs of about 1 for
normalised inputs, those that add to the residual stream less in deeper models. The same shape and
seed give the same bytes. Memory is about 50 MB a thread. OUT appears when it is complete.

Needs: apt-get install python3-numpy
"""

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile
import time
from concurrent import futures

import numpy as np

CONFIGS = pathlib.Path(__file__).resolve().parents[1] / "models" / "configs"

# Weights that are drawn at once. Each such part of a tensor has a random generator of its own, so
# the bytes do not depend on the number of threads.
PART = 1 << 22


@dataclasses.dataclass
class Tensor:
    """A tensor to be written: its values are mean + deviation * normal."""

    name: str
    shape: tuple
    deviation: float
    mean: float = 0.0

    @property
    def size(self):
        return math.prod(self.shape)


# Shapes

LLAMA_FIELDS = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "ffn": "intermediate_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_size": "head_dim",
    "vocabulary": "vocab_size",
    "context": "max_position_embeddings",
}

# What --layers and so on are called in each family's config.json.
FIELDS = {
    "llama": LLAMA_FIELDS,
    "mistral": LLAMA_FIELDS,
    "qwen2": LLAMA_FIELDS,
    "qwen3": LLAMA_FIELDS,
    "gpt2": {
        "layers": "n_layer",
        "hidden": "n_embd",
        "ffn": "n_inner",
        "heads": "n_head",
        "vocabulary": "vocab_size",
        "context": "n_positions",
    },
    "chatglm": {
        "layers": "num_layers",
        "hidden": "hidden_size",
        "ffn": "ffn_hidden_size",
        "heads": "num_attention_heads",
        "kv_heads": "multi_query_group_num",
        "head_size": "kv_channels",
        "vocabulary": "padded_vocab_size",
        "context": "seq_length",
    },
}


class Shape:
    """The numbers of a config.json that the sizes of tensors follow from."""

    def __init__(self, config):
        self.fields = FIELDS[config["model_type"]]
        self.config = config
        self.layers = self.take("layers")
        self.hidden = self.take("hidden")
        self.ffn = self.take("ffn", 4 * self.hidden)
        self.heads = self.take("heads")
        self.kv_heads = self.take("kv_heads", self.heads)
        self.head_size = self.take("head_size", self.hidden // self.heads)
        self.vocabulary = self.take("vocabulary")
        self.context = self.take("context")
        if self.heads % self.kv_heads:
            raise SystemExit(f"error: {self.heads} heads are no multiple of {self.kv_heads} KV heads")

    def take(self, part, default=None):
        field = self.fields.get(part)
        value = self.config.get(field)
        value = default if value is None else value
        if type(value) is not int or value < 1:
            raise SystemExit(f"error: config field '{field}' is {value!r}, expected 1 or more")
        return value

    @property
    def query(self):
        return self.heads * self.head_size

    @property
    def kv(self):
        return self.kv_heads * self.head_size


def matrix(name, outputs, inputs, gain=1.0):
    """Outputs of about `gain` for inputs of about 1."""
    return Tensor(f"{name}.weight", (outputs, inputs), gain / math.sqrt(inputs))


def norm(name, size):
    return Tensor(f"{name}.weight", (size,), 0.2, 1.0)


def llama_tensors(shape):
    """The tensors of a LLaMA, Mistral, Qwen2 or Qwen3 in the order of its layers."""
    tied = shape.config.get("tie_word_embeddings", False)
    family = shape.config["model_type"]
    biased = "qkvo" if shape.config.get("attention_bias", False) else ""
    biased = "qkv" if family == "qwen2" else biased
    into_stream = 1 / math.sqrt(2 * shape.layers)
    embedding = "model.embed_tokens.weight"
    yield Tensor(embedding, (shape.vocabulary, shape.hidden), 2 / math.sqrt(shape.hidden))
    for i in range(shape.layers):
        layer = f"model.layers.{i}"
        attention, mlp = f"{layer}.self_attn", f"{layer}.mlp"
        yield norm(f"{layer}.input_layernorm", shape.hidden)
        for part, size in ("q", shape.query), ("k", shape.kv), ("v", shape.kv):
            yield matrix(f"{attention}.{part}_proj", size, shape.hidden)
            if part in biased:
                yield Tensor(f"{attention}.{part}_proj.bias", (size,), 0.5)
            if family == "qwen3" and part in "qk":
                yield norm(f"{attention}.{part}_norm", shape.head_size)
        yield matrix(f"{attention}.o_proj", shape.hidden, shape.query, into_stream)
        if "o" in biased:
            yield Tensor(f"{attention}.o_proj.bias", (shape.hidden,), 0.1)
        yield norm(f"{layer}.post_attention_layernorm", shape.hidden)
        yield matrix(f"{mlp}.gate_proj", shape.ffn, shape.hidden)
        yield matrix(f"{mlp}.up_proj", shape.ffn, shape.hidden)
        yield matrix(f"{mlp}.down_proj", shape.hidden, shape.ffn, into_stream)
    yield norm("model.norm", shape.hidden)
    if not tied:
        yield matrix("lm_head", shape.vocabulary, shape.hidden, 2)


def chatglm_tensors(shape):
    """The tensors of a ChatGLM2: queries, keys and values are one, gate and up another."""
    into_stream = 1 / math.sqrt(2 * shape.layers)
    embedding = "transformer.embedding.word_embeddings.weight"
    yield Tensor(embedding, (shape.vocabulary, shape.hidden), 2 / math.sqrt(shape.hidden))
    for i in range(shape.layers):
        layer = f"transformer.encoder.layers.{i}"
        attention, mlp = f"{layer}.self_attention", f"{layer}.mlp"
        fused = shape.query + 2 * shape.kv
        yield norm(f"{layer}.input_layernorm", shape.hidden)
        yield matrix(f"{attention}.query_key_value", fused, shape.hidden)
        if shape.config.get("add_qkv_bias", False):
            yield Tensor(f"{attention}.query_key_value.bias", (fused,), 0.5)
        yield matrix(f"{attention}.dense", shape.hidden, shape.query, into_stream)
        yield norm(f"{layer}.post_attention_layernorm", shape.hidden)
        yield matrix(f"{mlp}.dense_h_to_4h", 2 * shape.ffn, shape.hidden)
        yield matrix(f"{mlp}.dense_4h_to_h", shape.hidden, shape.ffn, into_stream)
    yield norm("transformer.encoder.final_layernorm", shape.hidden)
    yield matrix("transformer.output_layer", shape.vocabulary, shape.hidden, 2)


def gpt2_tensors(shape):
    """The tensors of a GPT-2; matrices are [in, out]."""

    def layer_norm(name):
        return norm(name, shape.hidden), Tensor(f"{name}.bias", (shape.hidden,), 0.1)

    def product(name, outputs, inputs, gain=1.0):
        weight = matrix(name, outputs, inputs, gain)
        weight.shape = (inputs, outputs)
        return weight, Tensor(f"{name}.bias", (outputs,), 0.1)

    hidden, into_stream = shape.hidden, 1 / math.sqrt(2 * shape.layers)
    deviation = 2 / math.sqrt(hidden)
    yield Tensor("wte.weight", (shape.vocabulary, hidden), deviation)
    yield Tensor("wpe.weight", (shape.context, hidden), deviation / 4)
    for i in range(shape.layers):
        yield from layer_norm(f"h.{i}.ln_1")
        yield from product(f"h.{i}.attn.c_attn", 3 * hidden, hidden)
        yield from product(f"h.{i}.attn.c_proj", hidden, hidden, into_stream)
        yield from layer_norm(f"h.{i}.ln_2")
        yield from product(f"h.{i}.mlp.c_fc", shape.ffn, hidden)
        yield from product(f"h.{i}.mlp.c_proj", hidden, shape.ffn, into_stream)
    yield from layer_norm("ln_f")
    if not shape.config.get("tie_word_embeddings", True):
        yield matrix("lm_head", shape.vocabulary, hidden, 2)


TENSORS = {
    "llama": llama_tensors,
    "mistral": llama_tensors,
    "qwen2": llama_tensors,
    "qwen3": llama_tensors,
    "gpt2": gpt2_tensors,
    "chatglm": chatglm_tensors,
}


def without_absent_tokens(config, vocabulary):
    """The ends of a text that a smaller vocabulary does not have are left out."""
    for field in ("bos_token_id", "eos_token_id"):
        token = config.get(field)
        if type(token) is int and type(vocabulary) is int and token >= vocabulary:
            config[field] = None
    return config


def read_config(shape, changes):
    """The config.json of a preset, a folder or a file, with some numbers changed."""
    path = CONFIGS / shape if (CONFIGS / shape).is_dir() else pathlib.Path(shape)
    path = path / "config.json" if path.is_dir() else path
    if not path.is_file():
        presets = ", ".join(sorted(entry.name for entry in CONFIGS.iterdir() if entry.is_dir()))
        raise SystemExit(f"error: no shape '{shape}': allowed are {presets} or a config.json")
    try:
        config = json.loads(path.read_text())
    except ValueError as error:
        raise SystemExit(f"error: {path}: {error}") from None
    family = config.get("model_type") if isinstance(config, dict) else None
    if family not in FIELDS:
        raise SystemExit(f"error: {path}: model_type is {family!r}, allowed are {', '.join(FIELDS)}")
    for part in changes:
        if part not in FIELDS[family]:
            option = part.replace("_", "-")
            raise SystemExit(f"error: --{option}: a {family} model has no such number of its own")
    config |= {FIELDS[family][part]: value for part, value in changes.items()}
    return without_absent_tokens(config, config.get(FIELDS[family]["vocabulary"]))


# Values


def to_bfloat16(values):
    """Rounds binary32 to the nearest BF16, ties to even."""
    bits = values.view(np.uint32)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits >> 16).astype("<u2")


# Bytes of a number, its name in config.json, and how binary32 becomes it.
DTYPES = {
    "F16": (2, "float16", lambda values: values.astype("<f2")),
    "BF16": (2, "bfloat16", to_bfloat16),
    "F32": (4, "float32", lambda values: values.astype("<f4")),
}


def make_part(tensor, seed, place, first, dtype):
    """The bytes of up to PART values from the first one on; `place` numbers the tensor."""
    rng = np.random.Generator(np.random.SFC64([seed, place, first // PART]))
    values = rng.standard_normal(min(PART, tensor.size - first), dtype=np.float32)
    values *= np.float32(tensor.deviation)
    values += np.float32(tensor.mean)
    return DTYPES[dtype][2](values).tobytes()


def in_order(pool, jobs, ahead):
    """Results of the jobs in their order, with no more than `ahead` of them in memory."""
    waiting = []
    for job in jobs:
        waiting.append(pool.submit(*job))
        if len(waiting) >= ahead:
            yield waiting.pop(0).result()
    for job in waiting:
        yield job.result()


# Files


class Progress:
    """One line on a terminal that is written over: how far, how fast, how long still."""

    def __init__(self, total):
        self.total, self.done, self.start, self.shown = total, 0, time.monotonic(), 0.0

    def add(self, count):
        self.done += count
        now = time.monotonic()
        if sys.stderr.isatty() and (now - self.shown > 0.2 or self.done == self.total):
            self.shown = now
            rate = self.done / max(now - self.start, 1e-9)
            left = (self.total - self.done) / rate
            print(
                f"\r{self.done / 1e9:.2f} of {self.total / 1e9:.2f} GB, "
                f"{rate / 1e6:.0f} MB/s, {left:.0f} s left \x1b[K",
                end="\r\x1b[K" if self.done == self.total else "",
                file=sys.stderr,
                flush=True,
            )


def split_into_shards(tensors, limit, width):
    """Lists of (place, tensor), neighbours together, each of at most `limit` bytes or one."""
    shard, size = [], 0
    for place, tensor in enumerate(tensors):
        if shard and size + tensor.size * width > limit:
            yield shard
            shard, size = [], 0
        shard.append((place, tensor))
        size += tensor.size * width
    yield shard


def header_of(shard, dtype):
    """The header of a safetensors file; the data after it starts at a multiple of 8."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for _, tensor in shard:
        end = offset + tensor.size * DTYPES[dtype][0]
        header[tensor.name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_shard(path, shard, pool, options, progress):
    jobs = (
        (make_part, tensor, options.seed, place, first, options.dtype)
        for place, tensor in shard
        for first in range(0, tensor.size, PART)
    )
    with open(path, "wb") as file:
        file.write(header_of(shard, options.dtype))
        for data in in_order(pool, jobs, options.threads + 1):
            file.write(data)
            progress.add(len(data))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_checkpoint(folder, config, tensors, options):
    width, torch_dtype, _ = DTYPES[options.dtype]
    total = sum(tensor.size for tensor in tensors) * width
    free = shutil.disk_usage(folder).free
    if total > free:
        raise SystemExit(f"error: {total / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free")
    shards = list(split_into_shards(tensors, options.shard_gigabytes * 1e9, width))
    weight_map, progress = {}, Progress(total)
    with futures.ThreadPoolExecutor(options.threads) as pool:
        for number, shard in enumerate(shards, 1):
            name = f"model-{number:05}-of-{len(shards):05}.safetensors"
            write_shard(folder / name, shard, pool, options, progress)
            weight_map.update((tensor.name, name) for _, tensor in shard)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write_json(folder / "model.safetensors.index.json", index)
    write_json(folder / "config.json", config | {"torch_dtype": torch_dtype})
    return total, len(shards)


@contextlib.contextmanager
def folder_when_complete(destination):
    """A neighbour of the destination that takes its place at the end, or is removed."""
    if destination.exists():
        raise SystemExit(f"error: {destination} exists; remove it or choose another folder")
    if not destination.absolute().parent.is_dir():
        raise SystemExit(f"error: {destination.absolute().parent}: no such folder")
    parent = destination.absolute().parent
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(destination)
    except BaseException:
        shutil.rmtree(temporary)
        raise


def positive(text):
    value = int(text)
    if not 1 <= value < 1 << 24:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {(1 << 24) - 1}")
    return value


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("shape", help="a folder of models/configs, or a config.json")
    add("out", type=pathlib.Path, help="folder to write, which must not exist")
    for part in FIELDS["llama"]:
        add(f"--{part.replace('_', '-')}", type=positive, metavar="N", help="instead of the shape's")
    add("--dtype", choices=list(DTYPES), default="F16", help="of the weights (%(default)s)")
    add("--seed", type=int, default=0, help="(%(default)s)")
    add("--shard-gigabytes", type=float, default=2.0, help="largest file (%(default)s)")
    add("--threads", type=positive, default=os.cpu_count(), help="CPU threads (%(default)s)")
    options = parser.parse_args()
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}, allowed are 0 and more")
    if not options.shard_gigabytes > 0:
        parser.error(f"--shard-gigabytes is {options.shard_gigabytes}, allowed are numbers above 0")
    return options


def main():
    options = parse_options()
    changes = {part: getattr(options, part) for part in FIELDS["llama"]}
    config = read_config(options.shape, {part: n for part, n in changes.items() if n})
    tensors = list(TENSORS[config["model_type"]](Shape(config)))
    with folder_when_complete(options.out) as folder:
        size, shards = write_checkpoint(folder, config, tensors, options)
    weights = sum(tensor.size for tensor in tensors)
    print(f"{options.out}: {weights} weights, {size / 1e9:.2f} GB in {shards} files")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        raise SystemExit(f"error: {error}") from None
