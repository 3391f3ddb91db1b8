#!/usr/bin/python3
"""Train the demo model: a small LLaMA on the King James Bible (public domain).

The text comes from Debian's bible-kjv, the tokenizer is trained with SentencePiece and the
network with PyTorch on the CPU. Writes a checkpoint in the Hugging Face layout (config.json,
generation_config.json, model.safetensors in FP16, tokenizer.model, tokenizer_config.json) and
the text it was made from: train.txt, heldout.txt (the books kept out of training) and
calibration.txt (a sample of the training text).

With --keep N it prunes a trained checkpoint instead and trains what is left: of every 8
neighbouring inputs of a matrix the N greatest weights stay, for good. The embedding, which is the
output layer too, stays whole.

Needs: apt-get install bible-kjv python3-torch python3-sentencepiece python3-numpy \\
       libopenblas0-pthread
"""

import argparse
import copy
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import time

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F
from torch import nn

HELD_OUT_BOOKS = {"Ruth", "Jonah", "Mark", "Phi"}
BOS, EOS = 1, 2
SAMPLE_PROMPTS = ("In the beginning", "And Jesus said unto them", "The LORD is my")


# Text


def verses():
    """Yields (book, chapter, text) for every verse of the Bible in order."""
    command = ["bible", "-f", "gen1:1-rev22:21"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        reference, verse = line.split(" ", 1)
        name = reference.rsplit(":", 1)[0]
        book = name.rstrip("0123456789")
        yield book, name[len(book) :], verse


def chapters():
    """Yields (book, text of one chapter) in order."""
    key, paragraph = None, []
    for book, chapter, verse in verses():
        if (book, chapter) != key:
            if paragraph:
                yield key[0], " ".join(paragraph)
            key, paragraph = (book, chapter), []
        paragraph.append(verse)
    yield key[0], " ".join(paragraph)


def corpus():
    """Returns (training text, held-out text), each a list of one paragraph a chapter."""
    train, held_out = [], []
    for book, text in chapters():
        (held_out if book in HELD_OUT_BOOKS else train).append(text)
    return train, held_out


def calibration_sample(paragraphs, characters):
    """The first paragraphs of a fixed shuffle that hold at least so many characters."""
    shuffled = list(paragraphs)
    random.Random(0).shuffle(shuffled)
    sample, size = [], 0
    for paragraph in shuffled:
        if size >= characters:
            break
        sample.append(paragraph)
        size += len(paragraph) + 1
    return sample


def write_text(train, held_out, calibration_characters, out):
    """Writes train.txt, heldout.txt and calibration.txt: one paragraph a line."""
    calibration = calibration_sample(train, calibration_characters)
    for name, paragraphs in ("train", train), ("heldout", held_out), ("calibration", calibration):
        (out / f"{name}.txt").write_text("\n".join(paragraphs) + "\n")


def train_tokenizer(out, vocabulary):
    """Trains a SentencePiece BPE model with byte fallback on out/train.txt."""
    sentencepiece.SentencePieceTrainer.train(
        input=str(out / "train.txt"),
        model_prefix=str(out / "tokenizer"),
        vocab_size=vocabulary,
        model_type="bpe",
        byte_fallback=True,
        max_sentence_length=100000,
        character_coverage=1.0,
        unk_id=0,
        bos_id=BOS,
        eos_id=EOS,
        pad_id=-1,
        num_threads=2,
    )
    (out / "tokenizer.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(out / "tokenizer.model"))


def take_tokenizer(checkpoint, out):
    """Copies the SentencePiece model of a checkpoint."""
    shutil.copy(checkpoint / "tokenizer.model", out)
    return sentencepiece.SentencePieceProcessor(model_file=str(out / "tokenizer.model"))


def encode(tokenizer, paragraphs):
    """Token ids of the paragraphs, each begun with <s>, as one tensor."""
    return torch.tensor([t for text in paragraphs for t in [BOS] + tokenizer.encode(text)])


# Network


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return x * scale * self.weight


def rotary_tables(positions, head_size, theta):
    """Cosines and sines [positions, head_size / 2] of the rotary embedding."""
    frequencies = theta ** (-torch.arange(0, head_size, 2).float() / head_size)
    angles = torch.outer(torch.arange(positions).float(), frequencies)
    return angles.cos(), angles.sin()


def rope(x, cos, sin):
    """Rotates channel i together with channel i + half (LLaMA's half-split pairing)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


class Block(nn.Module):
    """One decoder block: grouped-query attention and a SwiGLU feed-forward network."""

    def __init__(self, config, dropout):
        super().__init__()
        width, ffn = config["hidden_size"], config["intermediate_size"]
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.head_size = width // self.heads
        self.dropout = dropout
        self.input_layernorm = RMSNorm(width, config["rms_norm_eps"])
        self.post_attention_layernorm = RMSNorm(width, config["rms_norm_eps"])
        self.q_proj = nn.Linear(width, self.heads * self.head_size, bias=False)
        self.k_proj = nn.Linear(width, self.kv_heads * self.head_size, bias=False)
        self.v_proj = nn.Linear(width, self.kv_heads * self.head_size, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_size, width, bias=False)
        self.gate_proj = nn.Linear(width, ffn, bias=False)
        self.up_proj = nn.Linear(width, ffn, bias=False)
        self.down_proj = nn.Linear(ffn, width, bias=False)

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training) if self.dropout else x

    def split_heads(self, x, heads):
        """[batch, token, heads * head_size] to [batch, head, token, head_size]."""
        return x.view(*x.shape[:2], heads, self.head_size).transpose(1, 2)

    def attention(self, x, cos, sin, mask):
        q = rope(self.split_heads(self.q_proj(x), self.heads), cos, sin)
        k = rope(self.split_heads(self.k_proj(x), self.kv_heads), cos, sin)
        v = self.split_heads(self.v_proj(x), self.kv_heads)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        scores = (q @ k.transpose(-1, -2)) / math.sqrt(self.head_size) + mask
        mixed = F.softmax(scores, -1) @ v
        return self.o_proj(mixed.transpose(1, 2).reshape(*x.shape[:2], -1))

    def feed_forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))

    def forward(self, x, cos, sin, mask):
        x = x + self.drop(self.attention(self.input_layernorm(x), cos, sin, mask))
        return x + self.drop(self.feed_forward(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    """The whole network; the output layer is tied to the embedding."""

    def __init__(self, config, dropout=0.0):
        super().__init__()
        self.config = config
        self.dropout = dropout
        layers = config["num_hidden_layers"]
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(Block(config, dropout) for _ in range(layers))
        self.norm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])
        self.initialize(layers)
        head_size = config["hidden_size"] // config["num_attention_heads"]
        positions = config["max_position_embeddings"]
        cos, sin = rotary_tables(positions, head_size, config["rope_theta"])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def initialize(self, layers):
        """Normal weights; those that write to the residual stream are smaller (GPT-2)."""
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                into_residual = "o_proj" in name or "down_proj" in name
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * layers) if into_residual else 0.02)

    def forward(self, ids):
        """Logits [batch, token, vocabulary] for ids [batch, token]."""
        tokens = ids.shape[1]
        mask = torch.full((tokens, tokens), float("-inf")).triu(1)
        x = self.embed_tokens(ids)
        if self.dropout:
            x = F.dropout(x, self.dropout, self.training)
        for layer in self.layers:
            x = layer(x, self.cos[:tokens], self.sin[:tokens], mask)
        return F.linear(self.norm(x), self.embed_tokens.weight)


# Checkpoint


def tensors(model):
    """Name in the Hugging Face layout -> parameter, in the order of the file."""
    parts = {"input_layernorm": "", "post_attention_layernorm": ""}
    parts.update(dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), "self_attn."))
    parts.update(dict.fromkeys(("gate_proj", "up_proj", "down_proj"), "mlp."))
    yield "model.embed_tokens.weight", model.embed_tokens.weight
    for i, layer in enumerate(model.layers):
        for name, prefix in parts.items():
            yield f"model.layers.{i}.{prefix}{name}.weight", getattr(layer, name).weight
    yield "model.norm.weight", model.norm.weight


def save_safetensors(path, arrays):
    """Writes FP16 arrays, name -> array, as a safetensors file."""
    header, offset = {}, 0
    for name, array in arrays.items():
        end = offset + array.nbytes
        header[name] = {
            "dtype": "F16",
            "shape": list(array.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())


def load(model, directory):
    """Sets the weights to those of a checkpoint that export() has written."""
    data = (directory / "model.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    for name, parameter in tensors(model):
        begin, end = header[name]["data_offsets"]
        values = np.frombuffer(data[start + begin : start + end], "<f2").astype(np.float32)
        parameter.data.copy_(torch.from_numpy(values).view(header[name]["shape"]))


def write_json(path, value, **options):
    path.write_text(json.dumps(value, indent=2, **options) + "\n")


def export(model, out):
    """Writes the checkpoint: weights rounded to FP16 and the three JSON files."""
    arrays = {name: t.detach().numpy().astype("<f2") for name, t in tensors(model)}
    save_safetensors(out / "model.safetensors", arrays)
    config = dict(
        model.config,
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        hidden_act="silu",
        tie_word_embeddings=True,
        torch_dtype="float16",
        bos_token_id=BOS,
        eos_token_id=EOS,
        attention_bias=False,
    )
    write_json(out / "config.json", config, sort_keys=True)
    tokenizer = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}
    tokenizer.update(add_eos_token=False, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    write_json(out / "tokenizer_config.json", tokenizer)
    generation = {"bos_token_id": BOS, "eos_token_id": EOS, "do_sample": False}
    write_json(out / "generation_config.json", generation)


# Pruning


GROUP = 8  # neighbouring inputs, of which a density N of 8 keeps N


def prunable(model):
    """The matrices of the blocks."""
    return [weight for weight in model.layers.parameters() if weight.dim() > 1]


@torch.no_grad()
def magnitude_masks(model, keep):
    """For each prunable matrix 1 where a weight is among the `keep` greatest of its group."""
    masks = []
    for weight in prunable(model):
        groups = weight.abs().unflatten(1, (-1, GROUP))
        kept = groups.topk(keep, dim=-1).indices
        masks.append(torch.zeros_like(groups).scatter_(-1, kept, 1).flatten(1))
    return masks


@torch.no_grad()
def apply_masks(model, masks):
    """Sets pruned weights to zero; without masks, does nothing."""
    for weight, mask in zip(prunable(model), masks):
        weight.mul_(mask)


# Training


def windows(ids, starts, length):
    """Inputs and targets [len(starts), length] of the windows that begin at starts."""
    x = torch.stack([ids[i : i + length] for i in starts])
    y = torch.stack([ids[i + 1 : i + length + 1] for i in starts])
    return x, y


def cross_entropy(model, x, y, reduction="mean"):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction=reduction)


@torch.no_grad()
def evaluate(model, ids, length):
    """Nats per token over the consecutive whole windows of ids.

    Window j reads tokens [j * length, (j + 1) * length) and predicts the token after each; it
    sees nothing of the window before it. What is left of the last window is not counted.
    """
    model.eval()
    count = (len(ids) - 1) // length
    total = 0.0
    for first in range(0, count, 16):
        starts = [j * length for j in range(first, min(first + 16, count))]
        total += cross_entropy(model, *windows(ids, starts, length), reduction="sum").item()
    model.train()
    return total / (count * length)


@torch.no_grad()
def generate(model, tokenizer, prompt, count):
    """Text of the prompt and count tokens after it, the likeliest each time."""
    model.eval()
    ids = [BOS] + tokenizer.encode(prompt)
    for _ in range(count):
        context = ids[-model.config["max_position_embeddings"] :]
        ids.append(int(model(torch.tensor([context]))[0, -1].argmax()))
    model.train()
    return tokenizer.decode(ids[1:])


def make_optimizer(model, options):
    """AdamW; the weights of the norms do not decay."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=(0.9, 0.95))


def learning_rate(options, step, elapsed):
    """Linear warm-up over some steps, then a cosine down to the last rate at elapsed = 1."""
    cosine = 0.5 * (1 + math.cos(math.pi * elapsed))
    factor = options.last_rate + (1 - options.last_rate) * cosine
    return options.learning_rate * min(1, (step + 1) / options.warm_up) * factor


def train_step(model, optimizer, x, y):
    loss = cross_entropy(model, x, y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


class Progress:
    """Prints the held-out loss in nats, as perplexity and in bits a character."""

    def __init__(self, ids, characters, length):
        self.ids, self.length = ids, length
        self.tokens_per_character = len(ids) / characters

    def report(self, title, model):
        nats = evaluate(model, self.ids, self.length)
        bits = nats * self.tokens_per_character / math.log(2)
        perplexity = math.exp(nats)
        print(
            f"{title} held-out {nats:.4f} perplexity {perplexity:.2f} bits/char {bits:.4f}",
            flush=True,
        )


@torch.no_grad()
def follow(average, model, decay):
    """Moves the averaged weights towards those of the model."""
    for mean, weight in zip(average.parameters(), model.parameters()):
        mean.lerp_(weight, 1 - decay)


def train(model, ids, progress, options, masks=()):
    """Trains on random windows until the time is over; exports every 100 steps.

    Weights that the masks prune stay zero. Returns the result: the model, or the moving average
    of its weights.
    """
    rng = np.random.default_rng(options.seed)
    optimizer = make_optimizer(model, options)
    result = copy.deepcopy(model) if options.average else model
    start, step, budget = time.time(), 0, options.minutes * 60
    while (seconds := time.time() - start) < budget:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(options, step, seconds / budget)
        starts = rng.integers(0, len(ids) - options.window - 1, options.batch)
        loss = train_step(model, optimizer, *windows(ids, starts, options.window))
        apply_masks(model, masks)
        step += 1
        if options.average:
            follow(result, model, min(options.average, step / (step + 10)))
        if step % 100 == 0:
            speed = step * options.batch * options.window / (time.time() - start)
            title = f"{seconds / 60:5.1f} min step {step} tok/s {speed:.0f} train {loss:.3f}"
            progress.report(title, result)
            export(result, options.out)
    return result


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("out", type=pathlib.Path, help="folder for the checkpoint")
    add("--minutes", type=float, default=60, help="training time (%(default)s)")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=2, help="CPU threads (%(default)s)")
    add("--layers", type=int, default=4)
    add("--width", type=int, default=256, help="hidden size (%(default)s)")
    add("--ffn", type=int, default=768, help="feed-forward width (%(default)s)")
    add("--heads", type=int, default=4, help="query heads (%(default)s)")
    add("--kv-heads", type=int, default=2, help="key and value heads (%(default)s)")
    add("--vocab", type=int, default=2048, help="vocabulary (%(default)s)")
    add("--context", type=int, default=512, help="longest context (%(default)s)")
    add("--window", type=int, default=256, help="tokens in a training window (%(default)s)")
    add("--batch", type=int, default=16, help="windows in a step (%(default)s)")
    add("--learning-rate", type=float, default=3e-3, help="peak (%(default)s)")
    add("--weight-decay", type=float, default=0.1, help="of matrices (%(default)s)")
    add("--dropout", type=float, default=0.0, help="on what enters the residual (%(default)s)")
    add("--last-rate", type=float, default=0.05, help="share of the peak at the end (%(default)s)")
    add("--warm-up", type=int, default=100, help="steps to the peak (%(default)s)")
    add("--average", type=float, default=0.0, help="decay of the weights' mean; 0: no mean")
    add("--start-from", type=pathlib.Path, help="checkpoint of the same shape to train further")
    add("--keep", type=int, choices=(1, 2, 4), help="of 8 inputs, of --start-from, pruned")
    add("--calibration-characters", type=int, default=200000, help="of calibration.txt, at least")
    options = parser.parse_args()
    if options.warm_up < 1:
        parser.error(f"--warm-up is {options.warm_up}, allowed are 1 and more")
    if options.keep and not options.start_from:
        parser.error("--keep prunes a trained model: --start-from CHECKPOINT is missing")
    return options


def model_config(options):
    return dict(
        vocab_size=options.vocab,
        hidden_size=options.width,
        intermediate_size=options.ffn,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        num_key_value_heads=options.kv_heads,
        max_position_embeddings=options.context,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
    )


def main():
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    train_text, held_out_text = corpus()
    write_text(train_text, held_out_text, options.calibration_characters, options.out)
    if options.start_from:
        tokenizer = take_tokenizer(options.start_from, options.out)
    else:
        tokenizer = train_tokenizer(options.out, options.vocab)
    train_ids, held_out_ids = encode(tokenizer, train_text), encode(tokenizer, held_out_text)
    model = Llama(model_config(options), options.dropout)
    if options.start_from:
        load(model, options.start_from)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"parameters {parameters}, training tokens {len(train_ids)}, ", end="")
    print(f"held-out tokens {len(held_out_ids)}", flush=True)
    characters = sum(map(len, held_out_text))
    progress = Progress(held_out_ids, characters, options.window)
    masks = magnitude_masks(model, options.keep) if options.keep else ()
    apply_masks(model, masks)
    if options.start_from:
        progress.report("before", model)
    model = train(model, train_ids, progress, options, masks)
    progress.report("final", model)
    export(model, options.out)
    for prompt in SAMPLE_PROMPTS:
        print(repr(generate(model, tokenizer, prompt, 40)))


if __name__ == "__main__":
    main()
