#!/usr/bin/python3
"""One model in every file format gives the same bits."""

import json
import shutil
import unittest

import harness
import make_checkpoint
import make_gguf
import make_llama2c
import numpy as np
import reference
from make_checkpoint import Shape

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256}

# Every architecture of GGUF, and what is special about each.
SHAPES = {
    "llama": Shape(hidden=96, heads=4, kv_heads=2, head_size=24, dtype="F32"),
    "llama, tied, biases": Shape(tied=True, attention_bias=True, theta=500000.0, dtype="F32"),
    "llama 3, stretched": Shape(rope_scaling=LLAMA3, theta=500000.0, head_size=64, dtype="F32"),
    "mistral, a window": Shape("mistral", window=64, dtype="F32"),
    "qwen2, stretched": Shape("qwen2", rope_scaling=YARN, theta=1e6, tied=True, dtype="F32"),
    "qwen3": Shape("qwen3", hidden=64, head_size=32, dtype="F32"),
    "chatglm": Shape("chatglm", attention_bias=True, rope_ratio=50.0, dtype="F32"),
    "gpt2": Shape("gpt2", tied=True, dtype="F32"),
}
# Whole blocks of 256 in every row.
WIDE = Shape(hidden=256, ffn=512, layers=1, heads=4, kv_heads=2, dtype="F32")


def logits_of(model, directory, name, weights, options):
    package = harness.compile_package(model, directory / name, weights, options=options)
    return harness.generate(package, range(3, 43), 3)[1]


def write_folder(directory, shape, arrays):
    """A Hugging Face folder of these float32 arrays."""
    directory.mkdir()
    config = make_checkpoint.FAMILIES[shape.family].config(shape)
    (directory / "config.json").write_text(json.dumps(config))
    make_checkpoint.write_safetensors(directory / "model.safetensors", arrays, "F32")
    return directory


def demo_shape():
    config = json.loads((harness.DEMO / "config.json").read_text())
    return Shape(
        hidden=config["hidden_size"],
        ffn=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        vocabulary=config["vocab_size"],
        context=config["max_position_embeddings"],
        epsilon=config["rms_norm_eps"],
        tied=config["tie_word_embeddings"],
        theta=config["rope_theta"],
    )


def demo_tokenizer():
    """The demo model's SentencePiece tokenizer as keys of a GGUF file."""
    processor = reference.read_tokenizer(harness.DEMO)
    ids = range(processor.get_piece_size())
    kinds = (processor.is_unknown, 2), (processor.is_control, 3), (processor.is_byte, 6)
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [processor.id_to_piece(i) for i in ids],
        "tokenizer.ggml.scores": [processor.get_score(i) for i in ids],
        "tokenizer.ggml.token_type": [
            next((number for test, number in kinds if test(i)), 1) for i in ids
        ],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_bos_token": True,
    }


class Formats(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())

    def check_same(self, folder, model, weights="fp16", options=()):
        expected = logits_of(folder, self.scratch, f"{folder.name}-package", weights, options)
        found = logits_of(model, self.scratch, f"{model.name}-package", weights, options)
        self.assertEqual(found.tobytes(), expected.tobytes())

    def check_gguf(self, name, shape, kind, weights="fp16"):
        file = self.scratch / f"{name}.gguf"
        exact = make_gguf.write_model(file, shape, kind)
        self.check_same(write_folder(self.scratch / name, shape, exact), file, weights)

    def test_every_architecture_as_gguf(self):
        for title, shape in SHAPES.items():
            with self.subTest(title):
                self.check_gguf(title, shape, "F32")

    def test_every_packed_type(self):
        for kind in make_gguf.TYPES:
            with self.subTest(kind):
                self.check_gguf(kind, WIDE, kind, "int4")

    def test_fused_and_transposed_matrices_of_packed_types(self):
        for family in "chatglm", "gpt2":
            with self.subTest(family):
                self.check_gguf(family, SHAPES[family], "Q8_0")

    def test_presets_know_the_names(self):
        for family in "llama", "chatglm", "gpt2":
            with self.subTest(family):
                shape, file = SHAPES[family], self.scratch / f"{family}.gguf"
                exact = make_gguf.write_model(file, shape)
                folder = write_folder(self.scratch / family, shape, exact)
                self.check_same(folder, file, "int4", ["--strategy", "strategy-3"])

    def test_llama2c(self):
        for version in 0, 1:
            for tied in False, True:
                with self.subTest(version=version, tied=tied):
                    name = f"llama-{version}-{tied}"
                    shape = Shape(tied=tied, dtype="F32")
                    folder = make_checkpoint.write_checkpoint(self.scratch / name, shape)
                    file = self.scratch / f"{name}.bin"
                    make_llama2c.write_model(file, shape, version)
                    self.check_same(folder, file)

    def test_split_gguf(self):
        shape = SHAPES["llama"]
        tensors, exact = make_gguf.model_tensors(
            shape, "F16", make_checkpoint.llama_tensors(shape)
        )
        for number, names in enumerate(np.array_split(list(tensors), 3)):
            keys = {"split.no": number, "split.count": 3, "split.tensors.count": len(tensors)}
            if number == 0:
                keys |= make_gguf.model_metadata(shape)
            part = {name: tensors[name] for name in names}
            make_gguf.write_gguf(self.scratch / f"m-{number + 1:05}-of-00003.gguf", keys, part)
        folder = write_folder(self.scratch / "folder", shape, exact)
        first = self.scratch / "m-00001-of-00003.gguf"
        self.check_same(folder, first)
        manifest = json.loads((self.scratch / f"{first.name}-package/manifest.json").read_text())
        self.assertEqual(manifest["model"], "m")
        (self.scratch / "m-00003-of-00003.gguf").unlink()
        result = harness.run_tool("edgellm-compile", first, "-o", self.scratch / "broken")
        self.assertIn("m-00003-of-00003.gguf: No such file", harness.check_refusal(self, result))
        second = self.scratch / "m-00002-of-00003.gguf"
        result = harness.run_tool("edgellm-compile", second, "-o", self.scratch / "broken")
        self.assertIn("expected the first", harness.check_refusal(self, result))

    def test_a_program_needs_the_head_alone(self):
        file = self.scratch / "m.gguf"
        make_gguf.write_model(file, SHAPES["qwen3"], "Q8_0")
        whole = harness.compile_package(file, self.scratch / "whole", "int4")
        program = self.scratch / "program"
        harness.check_tool("edgellm-compile", file, "--program-only", "-o", program)
        self.assertEqual(
            (program / "program.bin").read_bytes(), (whole / "program.bin").read_bytes()
        )
        harness.check_tool("edgellm-import", file, "--shapes-only")


class DemoModel(unittest.TestCase):
    """A trained model with its tokenizer, text in and text out."""

    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())
        self.arrays = reference.read_checkpoint(harness.DEMO)

    def as_gguf(self, kind):
        file, shape = self.scratch / "demo.gguf", demo_shape()
        tensors, _ = make_gguf.model_tensors(shape, kind, self.arrays.items())
        make_gguf.write_gguf(file, make_gguf.model_metadata(shape) | demo_tokenizer(), tensors)
        return file

    def test_gguf_writes_the_same_text(self):
        package = harness.compile_package(self.as_gguf("F32"), self.scratch / "package", "int4")
        options = ["--prompt", "And Jesus said unto them,", "-n", 30, "--temperature", 0, "--json"]
        expected = json.loads(
            harness.check_tool("edgellm-run", harness.demo_package("int4"), *options)
        )
        found = json.loads(harness.check_tool("edgellm-run", package, *options))
        for key in "prompt_ids", "ids", "text":
            self.assertEqual(found[key], expected[key])

    def test_the_reference_reads_gguf(self):
        options = ["--reference", "--text", harness.HELD_OUT, "--tokens", 1025, "--json"]
        reports = [
            json.loads(harness.check_tool("edgellm-eval", model, *options))
            for model in (harness.DEMO, self.as_gguf("F32"))
        ]
        # Channels of a head are summed in another order.
        nats = [report["nats_per_token"] for report in reports]
        self.assertAlmostEqual(*nats, delta=1e-6)
        self.assertEqual(reports[1]["model"], "demo")

    def test_llama2c_tokenizer(self):
        # Another model of the demo's vocabulary: the tokenizer alone is at stake.
        shape = Shape(vocabulary=demo_shape().vocabulary, context=64)
        folder = make_checkpoint.write_checkpoint(self.scratch / "folder", shape)
        for name in "tokenizer.model", "tokenizer_config.json":
            shutil.copy(harness.DEMO / name, folder)
        make_llama2c.write_model(self.scratch / "m.bin", shape)
        processor = reference.read_tokenizer(harness.DEMO)
        make_llama2c.write_tokenizer(self.scratch / "tokenizer.bin", processor)
        # The format has no rules of normalisation: LLaMA's tokenizer has none, the demo's has.
        options = ["--prompt", "Unto Æneas \u4e2d", "-n", 8, "--temperature", 0, "--json"]
        reports = []
        for model in folder, self.scratch / "m.bin":
            package = harness.compile_package(model, self.scratch / f"{model.name}-p", "fp16")
            reports.append(json.loads(harness.check_tool("edgellm-run", package, *options)))
        self.assertEqual(reports[0]["prompt_ids"], reports[1]["prompt_ids"])


class Refusals(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())

    def check_refused(self, file, word):
        package = self.scratch / "package"
        result = harness.run_tool("edgellm-compile", file, "-o", package)
        line = harness.check_refusal(self, result)
        self.assertIn(word, line)
        self.assertIn(file.name, line)
        self.assertFalse(package.exists())

    def test_files_of_other_formats(self):
        file = self.scratch / "model.pt"
        file.write_bytes(b"PK\3\4" + bytes(100))
        self.check_refused(file, "neither a folder, nor a GGUF file")
        file = self.scratch / "model.bin"
        file.write_bytes(b"PK\3\4" + bytes(100))
        self.check_refused(file, "llama2.c")

    def test_a_type_that_is_not_read(self):
        file = self.scratch / "m.gguf"
        shape = SHAPES["llama"]
        tensors, _ = make_gguf.model_tensors(shape, "F32", make_checkpoint.llama_tensors(shape))
        _, shape_of, _ = tensors["blk.0.ffn_up.weight"]
        tensors["blk.0.ffn_up.weight"] = (6, shape_of, bytes(shape_of[0] * shape_of[1] // 32 * 22))
        make_gguf.write_gguf(file, make_gguf.model_metadata(shape), tensors)
        self.check_refused(file, "tensor 'blk.0.ffn_up.weight' has type Q5_0")

    def test_every_cut_of_a_file(self):
        # Wherever it ends, one line says so.
        file = self.scratch / "m.gguf"
        make_gguf.write_model(file, Shape(hidden=8, ffn=8, layers=1, heads=2, kv_heads=2))
        whole = file.read_bytes()
        for size in [*range(0, 200, 7), *range(200, len(whole) - 4, 977)]:
            with self.subTest(size=size):
                file.write_bytes(whole[:size])
                result = harness.run_tool("edgellm-import", file)
                harness.check_refusal(self, result)


if __name__ == "__main__":
    unittest.main()
