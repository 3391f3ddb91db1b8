#!/usr/bin/python3
"""Every model family in numpy and float32, the measure of the end-to-end tests.

Written from the published definitions of the architectures; nothing of it is shared with the
compiler, the runtime or the device model. Reads a checkpoint in the Hugging Face layout.

    reference.py CHECKPOINT --text FILE     prints the perplexity of a text

Needs python3-numpy (with libopenblas0-pthread to be fast) and python3-sentencepiece.
"""

import argparse
import json
import math
import pathlib

import numpy as np
import sentencepiece

BOS = 1


def bfloat16_to_float32(words):
    """BF16 is the upper half of a binary32."""
    return (words.astype(np.uint32) << 16).view(np.float32)


DECODERS = {
    "F32": (np.dtype("<f4"), lambda values: values),
    "F16": (np.dtype("<f2"), lambda values: values.astype(np.float32)),
    "BF16": (np.dtype("<u2"), bfloat16_to_float32),
}


def read_safetensors(path):
    """Name -> float32 array for every tensor of one safetensors file."""
    data = path.read_bytes()
    header_size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        dtype, decode = DECODERS[entry["dtype"]]
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        values = decode(np.frombuffer(data[begin:end], dtype))
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def read_checkpoint(directory):
    """Name -> float32 array for a checkpoint of one or several safetensors files."""
    index = directory / "model.safetensors.index.json"
    if not index.exists():
        return read_safetensors(directory / "model.safetensors")
    files = set(json.loads(index.read_text())["weight_map"].values())
    tensors = {}
    for file in sorted(files):
        tensors.update(read_safetensors(directory / file))
    return tensors


def rms_norm(x, weight, epsilon):
    mean_square = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(mean_square + epsilon) * weight


def layer_norm(x, weight, bias, epsilon):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * weight + bias


def gelu(x):
    """Gaussian error linear unit, the tanh form (arXiv 1606.08415, section 2)."""
    return 0.5 * x * (1 + np.tanh(np.float32(math.sqrt(2 / math.pi)) * (x + 0.044715 * x**3)))


def silu(x):
    # The exponential of a large negative number overflows to infinity, which gives -0.
    with np.errstate(over="ignore"):
        return x / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def rope(x, cos, sin):
    """Rotates x [batch, token, head, channel]; channel i pairs with i + half."""
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    return np.concatenate((first * cos - second * sin, second * cos + first * sin), axis=-1)


def rope_adjacent(x, cos, sin):
    """Rotates the first channels of x; channel 2i pairs with 2i + 1."""
    turned = 2 * cos.shape[-1]
    even, odd = x[..., 0:turned:2], x[..., 1:turned:2]
    result = x.copy()
    result[..., 0:turned:2] = even * cos - odd * sin
    result[..., 1:turned:2] = odd * cos + even * sin
    return result


def stretched_frequencies(channels, theta, scaling, context):
    """Radians a token of each pair [channels / 2] in float64, and the factor of cos and sin.

    Position Interpolation (arXiv 2306.15595), the scaling of Llama 3.1, and YaRN (arXiv
    2309.00071) with the ramp over the index of the pair.
    """
    index = np.arange(channels // 2)
    plain = theta ** (-2 * index / channels)
    kind = (scaling or {}).get("rope_type") or (scaling or {}).get("type", "default")
    if kind == "default":
        return plain, 1.0
    factor = scaling["factor"]
    if kind == "linear":
        return plain / factor, 1.0
    original = scaling.get("original_max_position_embeddings", context)
    if kind == "llama3":
        wavelength = 2 * np.pi / plain
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        smooth = (original / wavelength - low) / (high - low)
        between = (1 - smooth) * plain / factor + smooth * plain
        result = np.where(wavelength > original / low, plain / factor, between)
        return np.where(wavelength < original / high, plain, result), 1.0
    if kind != "yarn":
        raise ValueError(f"the reference has no rope scaling {kind}")

    def dimension(turns):
        return channels * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))

    first = dimension(scaling.get("beta_fast", 32))
    last = dimension(scaling.get("beta_slow", 1))
    if scaling.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, channels - 1)
    ramp = np.clip((index - first) / ((last - first) or 0.001), 0, 1)
    attention = scaling.get("attention_factor") or 0.1 * math.log(factor) + 1
    return plain / factor * ramp + plain * (1 - ramp), attention


def linear(block, name, x):
    """x W^T, and the bias when there is one."""
    y = x @ block[name].T
    bias = block.get(f"{name}.bias")
    return y if bias is None else y + bias


class Llama:
    """A LLaMA, Mistral, Qwen2 or Qwen3 checkpoint; every array is float32.

    A sliding window is the end of the context, see batch_logits.
    """

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        config = json.loads((directory / "config.json").read_text())
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config.get("num_key_value_heads", self.heads)
        self.head_size = config.get("head_dim") or config["hidden_size"] // self.heads
        self.epsilon = np.float32(config["rms_norm_eps"])
        self.context = config["max_position_embeddings"]
        self.frequencies, self.attention_factor = stretched_frequencies(
            self.head_size,
            config.get("rope_theta", 10000.0),
            config.get("rope_scaling"),
            self.context,
        )
        family = config["model_type"]
        if family == "mistral" or config.get("use_sliding_window"):
            self.context = min(self.context, config["sliding_window"] or self.context)
        self.attention_bias = "qkvo" if config.get("attention_bias", False) else ""
        if family == "qwen2":
            self.attention_bias = "qkv"
        self.query_key_norm = family == "qwen3"
        self.unread = read_checkpoint(directory)
        self.embedding = self.take("model.embed_tokens")
        self.blocks = [self.take_block(f"model.layers.{i}") for i in range(self.layers)]
        self.last = {"norm": self.take("model.norm")}
        tied = config.get("tie_word_embeddings", False)
        self.head = self.embedding if tied else self.take("lm_head")
        if self.unread:
            raise ValueError(f"the reference knows nothing of {sorted(self.unread)}")

    def take(self, name, kind="weight"):
        return self.unread.pop(f"{name}.{kind}")

    def take_block(self, prefix):
        """Weights by the last part of their name; biases the same with `bias` appended."""
        attention = [f"self_attn.{part}_proj" for part in "qkvo"]
        names = ["input_layernorm", "post_attention_layernorm", *attention]
        names += [f"mlp.{part}_proj" for part in ("gate", "up", "down")]
        block = {name.split(".")[-1]: self.take(f"{prefix}.{name}") for name in names}
        for part in self.attention_bias:
            bias = self.take(f"{prefix}.self_attn.{part}_proj", "bias")
            block[f"{part}_proj.bias"] = bias
        if self.query_key_norm:
            for name in ("q_norm", "k_norm"):
                block[name] = self.take(f"{prefix}.self_attn.{name}")
        return block

    def embed(self, ids):
        """The residual stream [batch, token, channel] before the first block."""
        return self.embedding[ids]

    def normalise(self, block, name, x):
        return rms_norm(x, block[name], self.epsilon)

    def rotate(self, x, tables):
        return rope(x, *tables)

    def rotary_tables(self, tokens):
        """Cosines and sines [tokens, 1, pairs], angles in float64."""
        angles = np.outer(np.arange(tokens), self.frequencies)[:, None, :]
        tables = np.cos(angles), np.sin(angles)
        return tuple((self.attention_factor * table).astype(np.float32) for table in tables)

    def query_key(self, block, part, heads, tables):
        """Queries or keys [batch, token, head, channel], normalised and turned."""
        if self.query_key_norm:
            heads = rms_norm(heads, block[f"{part}_norm"], self.epsilon)
        return self.rotate(heads, tables)

    def attention(self, block, x, tables):
        """Causal grouped-query attention over x [batch, token, channel]."""
        batch, tokens, _ = x.shape

        def heads_of(name):
            return linear(block, name, x).reshape(batch, tokens, -1, self.head_size)

        q, k = (self.query_key(block, part, heads_of(f"{part}_proj"), tables) for part in "qk")
        v = heads_of("v_proj")
        # Query head h reads the KV head h div (heads / kv_heads).
        k, v = (np.repeat(y, self.heads // self.kv_heads, axis=2) for y in (k, v))
        scores = np.einsum("bthc,bshc->bhts", q, k, optimize=True)
        scores *= np.float32(1 / math.sqrt(self.head_size))
        scores += np.triu(np.full((tokens, tokens), -np.inf, np.float32), 1)
        mixed = np.einsum("bhts,bshc->bthc", softmax(scores), v, optimize=True)
        return linear(block, "o_proj", mixed.reshape(batch, tokens, -1))

    def feed_forward(self, block, x):
        gated = silu(linear(block, "gate_proj", x)) * linear(block, "up_proj", x)
        return linear(block, "down_proj", gated)

    def batch_logits(self, ids):
        """Logits [batch, token, vocabulary] of ids [batch, token], teacher forced."""
        ids = np.asarray(ids)
        if ids.shape[1] > self.context:
            raise ValueError(f"{ids.shape[1]} tokens exceed the context of {self.context}")
        tables = self.rotary_tables(ids.shape[1])
        x = self.embed(ids)
        for block in self.blocks:
            y = self.normalise(block, "input_layernorm", x)
            x = x + self.attention(block, y, tables)
            y = self.normalise(block, "post_attention_layernorm", x)
            x = x + self.feed_forward(block, y)
        return self.normalise(self.last, "norm", x) @ self.head.T

    def logits(self, ids):
        """Logits [token, vocabulary] of every position of ids, teacher forced."""
        return self.batch_logits([ids])[0]

    def nats_per_token(self, ids, window=256, batch=8):
        """Mean of -ln p(next token) over the consecutive whole windows of ids.

        Window j reads tokens [j * window, (j + 1) * window) and predicts the token after
        each; it sees nothing of the window before. The rest of the last window is left out.
        """
        ids = np.asarray(ids)
        count = (len(ids) - 1) // window
        inputs = ids[: count * window].reshape(count, window)
        targets = ids[1 : count * window + 1].reshape(count, window)
        total = 0.0
        for first in range(0, count, batch):
            logits = self.batch_logits(inputs[first : first + batch])
            picked = targets[first : first + batch]
            total += float(np.sum(negative_log_likelihood(logits, picked), dtype=np.float64))
        return total / (count * window)

    def perplexity(self, ids, window=256):
        return math.exp(self.nats_per_token(ids, window))


class ChatGLM(Llama):
    """A ChatGLM2 checkpoint: other names, fused weights, half of each head rotated."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        config = json.loads((directory / "config.json").read_text())
        self.layers = config["num_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["multi_query_group_num"]
        self.head_size = config["kv_channels"]
        self.ffn = config["ffn_hidden_size"]
        self.epsilon = np.float32(config["layernorm_epsilon"])
        self.context = config["seq_length"]
        theta = 10000.0 * config.get("rope_ratio", 1)
        self.frequencies, self.attention_factor = stretched_frequencies(
            self.head_size // 2, theta, None, self.context
        )
        self.attention_bias = config["add_qkv_bias"]
        self.query_key_norm = False
        self.unread = read_checkpoint(directory)
        self.embedding = self.take("transformer.embedding.word_embeddings")
        layers = [f"transformer.encoder.layers.{i}" for i in range(self.layers)]
        self.blocks = [self.take_block(layer) for layer in layers]
        self.last = {"norm": self.take("transformer.encoder.final_layernorm")}
        self.head = self.take("transformer.output_layer")
        if self.unread:
            raise ValueError(f"the reference knows nothing of {sorted(self.unread)}")

    def take_block(self, prefix):
        """The block under LLaMA's names: queries, keys, values and gate, up are separated."""
        query, kv = self.heads * self.head_size, self.kv_heads * self.head_size
        fused = f"{prefix}.self_attention.query_key_value"
        norms = ("input_layernorm", "post_attention_layernorm")
        block = {name: self.take(f"{prefix}.{name}") for name in norms}
        kinds = {"": "weight", ".bias": "bias"} if self.attention_bias else {"": "weight"}
        for suffix, kind in kinds.items():
            parts = np.split(self.take(fused, kind), [query, query + kv])
            block.update(zip((f"{part}_proj{suffix}" for part in "qkv"), parts))
        block["o_proj"] = self.take(f"{prefix}.self_attention.dense")
        gate_up = self.take(f"{prefix}.mlp.dense_h_to_4h")
        block["gate_proj"], block["up_proj"] = gate_up[: self.ffn], gate_up[self.ffn :]
        block["down_proj"] = self.take(f"{prefix}.mlp.dense_4h_to_h")
        return block

    def rotate(self, x, tables):
        return rope_adjacent(x, *tables)


class GPT2(Llama):
    """A GPT-2 checkpoint: transposed matrices, LayerNorm, GELU, learned positions."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        config = json.loads((directory / "config.json").read_text())
        self.layers = config["n_layer"]
        self.heads = self.kv_heads = config["n_head"]
        self.head_size = config["n_embd"] // self.heads
        self.epsilon = np.float32(config["layer_norm_epsilon"])
        self.context = config["n_positions"]
        self.query_key_norm = False
        # With or without "transformer."; attn.bias is a mask.
        tensors = {
            name.removeprefix("transformer."): values
            for name, values in read_checkpoint(directory).items()
        }
        self.unread = {k: v for k, v in tensors.items() if not k.endswith(".attn.bias")}
        self.embedding, self.positions = self.take("wte"), self.take("wpe")
        self.blocks = [self.take_block(f"h.{i}") for i in range(self.layers)]
        self.last = {"norm": self.take("ln_f"), "norm.bias": self.take("ln_f", "bias")}
        tied = config.get("tie_word_embeddings", True)
        self.head = self.embedding if tied else self.take("lm_head")
        if self.unread:
            raise ValueError(f"the reference knows nothing of {sorted(self.unread)}")

    def take_block(self, prefix):
        """The block under LLaMA's names; matrices are stored [in, out]."""
        block = {}
        for ours, name in (("input_layernorm", "ln_1"), ("post_attention_layernorm", "ln_2")):
            block[ours] = self.take(f"{prefix}.{name}")
            block[f"{ours}.bias"] = self.take(f"{prefix}.{name}", "bias")
        parts = ("q_proj", "k_proj", "v_proj")
        fused = np.split(self.take(f"{prefix}.attn.c_attn"), 3, axis=1)
        block.update((part, matrix.T) for part, matrix in zip(parts, fused))
        biases = np.split(self.take(f"{prefix}.attn.c_attn", "bias"), 3)
        block.update((f"{part}.bias", bias) for part, bias in zip(parts, biases))
        names = ("o_proj", "attn.c_proj"), ("up_proj", "mlp.c_fc"), ("down_proj", "mlp.c_proj")
        for ours, name in names:
            block[ours] = self.take(f"{prefix}.{name}").T
            block[f"{ours}.bias"] = self.take(f"{prefix}.{name}", "bias")
        return block

    def embed(self, ids):
        return self.embedding[ids] + self.positions[: ids.shape[1]]

    def normalise(self, block, name, x):
        return layer_norm(x, block[name], block[f"{name}.bias"], self.epsilon)

    def rotary_tables(self, tokens):
        return None

    def rotate(self, x, tables):
        return x

    def feed_forward(self, block, x):
        return linear(block, "down_proj", gelu(linear(block, "up_proj", x)))


# By model_type.
FAMILIES = {
    "llama": Llama,
    "mistral": Llama,
    "qwen2": Llama,
    "qwen3": Llama,
    "gpt2": GPT2,
    "chatglm": ChatGLM,
}


def load(directory):
    """The model of a checkpoint, of any family."""
    config = json.loads((pathlib.Path(directory) / "config.json").read_text())
    return FAMILIES[config["model_type"]](directory)


def negative_log_likelihood(logits, targets):
    """-ln softmax(logits)[target] for logits [..., vocabulary] and targets [...]."""
    greatest = logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(logits - greatest).sum(axis=-1)) + greatest[..., 0]
    return log_total - np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]


def read_paragraphs(path):
    """The lines of a text that are not empty."""
    return [line for line in pathlib.Path(path).read_text("utf-8").split("\n") if line]


def read_tokenizer(directory):
    model = str(pathlib.Path(directory) / "tokenizer.model")
    return sentencepiece.SentencePieceProcessor(model_file=model)


def encode_text(directory, path):
    """Token ids of a text: <s> and the pieces of each paragraph, one after the other."""
    tokenizer = read_tokenizer(directory)
    return [id for text in read_paragraphs(path) for id in [BOS] + tokenizer.encode(text)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--window", type=int, default=256)
    options = parser.parse_args()
    ids = encode_text(options.checkpoint, options.text)
    nats = load(options.checkpoint).nats_per_token(ids, options.window)
    characters = sum(map(len, read_paragraphs(options.text)))
    bits = nats * len(ids) / characters / math.log(2)
    print(f"{len(ids)} tokens, {nats:.4f} nats per token, ", end="")
    print(f"perplexity {math.exp(nats):.4f}, {bits:.4f} bits per character")


if __name__ == "__main__":
    main()
