#!/usr/bin/python3
"""Byte-level tokenizers against an independent implementation, on texts of all kinds.

The vocabularies are trained here, on the demo model's text; the reference splits by the `regex`
module and merges as the definition says, in quadratic time.
"""

import collections
import json
import pathlib
import random
import subprocess
import unicodedata
import unittest

import regex

import harness

ENCODER = harness.BIN.parent / "test" / "unit" / "EncodeTexts"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_alphabet():
    """The visible character of each byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


ALPHABET = byte_alphabet()


def written(data):
    return "".join(ALPHABET[byte] for byte in data)


def merge_pair(symbols, pair):
    """Every occurrence of a pair, from the left, becomes one symbol."""
    result = []
    for symbol in symbols:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return result


def train(pattern, text, count):
    """The merges, as pairs of strings in the byte alphabet, of the most frequent pairs."""
    words = collections.Counter(written(word.encode()) for word in regex.findall(pattern, text))
    words = [(list(word), times) for word, times in words.most_common(1500)]
    merges = []
    for _ in range(count):
        pairs = collections.Counter()
        for symbols, times in words:
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += times
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        words = [(merge_pair(symbols, best), times) for symbols, times in words]
    return merges


class Reference:
    """Encodes as the Hugging Face library does."""

    def __init__(self, pattern, merges, specials=(), form=None):
        self.pattern, self.form = regex.compile(pattern), form
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        tokens = [*ALPHABET.values(), *dict.fromkeys(a + b for a, b in merges)]
        self.vocabulary = {token: number for number, token in enumerate(tokens)}
        self.specials = {token: len(tokens) + i for i, token in enumerate(specials)}

    def word(self, word):
        symbols = [ALPHABET[byte] for byte in word.encode()]
        while True:
            pairs = [pair for pair in zip(symbols, symbols[1:]) if pair in self.ranks]
            if not pairs:
                return [self.vocabulary[symbol] for symbol in symbols]
            symbols = merge_pair(symbols, min(pairs, key=self.ranks.get))

    def part(self, text):
        if self.form:
            text = unicodedata.normalize(self.form, text)
        return [number for word in self.pattern.findall(text) for number in self.word(word)]

    def whole(self, text):
        """With special tokens."""
        longest_first = sorted(self.specials, key=len, reverse=True)
        pattern = "|".join(map(regex.escape, longest_first)) or "(?!)"
        ids, end = [], 0
        for match in regex.finditer(pattern, text):
            ids += self.part(text[end : match.start()]) + [self.specials[match.group()]]
            end = match.end()
        return ids + self.part(text[end:])

    def file(self, split):
        """The tokenizer.json; `split`: the pattern in a Split, not by ByteLevel itself."""
        names = ("single_word", "lstrip", "rstrip", "normalized")
        added = [
            {"id": number, "content": token, "special": True} | dict.fromkeys(names, False)
            for token, number in self.specials.items()
        ]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": not split}
        splitter = {
            "type": "Split",
            "pattern": {"Regex": self.pattern.pattern},
            "behavior": "Isolated",
            "invert": False,
        }
        steps = [splitter, byte_level] if split else [byte_level]
        return {
            "version": "1.0",
            "added_tokens": added,
            "normalizer": self.form and {"type": self.form},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
            "post_processor": None,
            "decoder": {"type": "ByteLevel"},
            "model": {
                "type": "BPE",
                "vocab": self.vocabulary,
                "merges": [" ".join(pair) for pair in self.ranks],
            },
        }


FRAGMENTS = [
    "In the beginning", "don't", "I'VE", "they'll", "'ſ", "x's", " ", "  ", "\t", "\n", "\r\n",
    "\n\n  ", "\u00a0", "\u2003", "\u3000", "\u180e", "\u200b", "\u200d", "\ufeff", "\x00", "12345",
    "٣٤٥", "½", "Ⅷ", "漢字", "かな", "한국어", "العربية", "עברית", "हिन्दी", "é", "e\u0301", "Å",
    "A\u030a", "ǆ", "ß", "İ", "😀", "👩\u200d👩\u200d👧", "🇩🇪", "a\u0316\u0301", "<|end|>", "<|end|>>",
    "<|", "_x_", "!!!", "...\n", "—", "“", "$", "\u202e",
]  # fmt: skip


def random_character(random):
    """A character that Unicode 14 has assigned, as the libraries of all sides know it."""
    while True:
        limit = random.choice((0x80, 0x800, 0x3000, 0x10000, 0x20000))
        character = chr(random.randrange(limit))
        if unicodedata.category(character) not in ("Cn", "Cs"):
            return character


def random_text(random):
    return "".join(
        random.choice(FRAGMENTS) if random.random() < 0.8 else random_character(random)
        for _ in range(random.randrange(12))
    )


def encode_texts(path, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [str(ENCODER), str(path)]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=300)
    if result.returncode:
        raise AssertionError(result.stderr)
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


class ByteLevel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = (harness.DEMO / "calibration.txt").read_text()[:60000]
        cls.merges = {pattern: train(pattern, text, 250) for pattern in (GPT2, LLAMA3)}
        generator = random.Random(1)
        cls.texts = [*FRAGMENTS, *(random_text(generator) for _ in range(3000))]

    def check(self, reference, split):
        with harness.scratch_directory() as directory:
            path = pathlib.Path(directory) / "tokenizer.json"
            path.write_text(json.dumps(reference.file(split)))
            results = encode_texts(path, self.texts)
        self.assertEqual(len(results), len(self.texts))
        for text, (ids, part, decoded) in zip(self.texts, results):
            with self.subTest(text=ascii(text)):
                self.assertEqual(ids, reference.whole(text))
                self.assertEqual(part, reference.part(text))
                if not reference.form:
                    self.assertEqual(decoded, text.replace("<|end|>>", "").replace("<|end|>", ""))

    def test_gpt2(self):
        self.check(Reference(GPT2, self.merges[GPT2], ["<|end|>", "<|end|>>"]), split=False)

    def test_llama3(self):
        self.check(Reference(LLAMA3, self.merges[LLAMA3], ["<|end|>", "<|end|>>"]), split=True)

    def test_qwen2(self):
        reference = Reference(QWEN2, self.merges[LLAMA3], ["<|end|>", "<|end|>>"], form="NFC")
        self.check(reference, split=True)


if __name__ == "__main__":
    unittest.main()
