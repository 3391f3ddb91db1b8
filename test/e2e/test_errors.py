#!/usr/bin/python3
"""Bad input: one clear line, exit code 1, and nothing left behind."""

import ctypes
import json
import os
import pathlib
import shutil
import unittest

import harness
import make_checkpoint
from make_checkpoint import Shape


# Offset of the instruction table's hash in program.bin: after the magic and the version.
TABLE_HASH = 16


def xxh3(data):
    """The 64-bit XXH3 checksum, from the library that the tools use too."""
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_64bits.restype = ctypes.c_uint64
    return library.XXH3_64bits(data, ctypes.c_size_t(len(data)))


class Scratch(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())


class BadCheckpoints(Scratch):
    """edgellm-compile on what it cannot compile."""

    def setUp(self):
        super().setUp()
        self.checkpoint = make_checkpoint.write_checkpoint(self.scratch / "checkpoint", Shape())
        self.outputs = self.scratch / "outputs"
        self.outputs.mkdir()

    def check_refused(self, *words, checkpoint=None, target="vcu128", weights="fp16"):
        """The line names all the words; the folder of the output stays empty."""
        checkpoint = checkpoint or self.checkpoint
        output = self.outputs / "package"
        arguments = [checkpoint, f"--target={target}", f"--weights={weights}", "-o", output]
        result = harness.run_tool("edgellm-compile", *arguments)
        line = harness.check_refusal(self, result)
        for word in words:
            self.assertIn(word, line)
        self.assertEqual(list(self.outputs.iterdir()), [])

    def edit_config(self, **changes):
        path = self.checkpoint / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def edit_header(self, change):
        """Rewrites the header of model.safetensors; the data stay as they are."""
        path = self.checkpoint / "model.safetensors"
        data = path.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        change(header)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])

    def test_missing_directory(self):
        self.check_refused("absent", checkpoint=self.scratch / "absent")

    def test_unknown_target(self):
        self.check_refused("vcu129", "vcu128", target="vcu129")

    def test_unknown_weight_format(self):
        self.check_refused("int3", "int4", "fp16", weights="int3")

    def test_context_beyond_the_machine(self):
        self.edit_config(max_position_embeddings=4096)
        self.check_refused("4096", "2048", "--context")

    def test_model_beyond_the_machine(self):
        # An output layer of 41 MB; the ports of the machine hold 32 MiB.
        large = Shape(hidden=512, heads=8, vocabulary=40000, tied=True)
        large = make_checkpoint.write_checkpoint(self.scratch / "large", large)
        self.check_refused(
            "does not fit target tiny",
            "4194304",
            "largest; model.embed_tokens.weight 5120000 bytes",
            checkpoint=large,
            target="tiny",
        )

    def test_unknown_architecture(self):
        self.edit_config(architectures=["MambaForCausalLM"], model_type="mamba")
        self.check_refused("ambaForCausalLM", "config.json")

    def test_broken_config(self):
        (self.checkpoint / "config.json").write_text('{"architectures": [')
        self.check_refused("config.json")

    def test_heads_that_do_not_divide(self):
        self.edit_config(num_key_value_heads=3)
        self.check_refused("config.json", "3 key-value heads")

    def test_truncated_weights(self):
        path = self.checkpoint / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-100])
        self.check_refused("model.safetensors")

    def test_truncated_header(self):
        path = self.checkpoint / "model.safetensors"
        path.write_bytes(path.read_bytes()[:100])
        self.check_refused("model.safetensors")

    def test_header_size_beyond_the_file(self):
        path = self.checkpoint / "model.safetensors"
        path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])
        self.check_refused("model.safetensors")

    def test_misshapen_tensor(self):
        name = "model.layers.1.mlp.up_proj.weight"

        def swap(header):
            header[name]["shape"].reverse()

        self.edit_header(swap)
        self.check_refused(name, "64", "160")

    def test_misshapen_fused_tensor(self):
        self.checkpoint = make_checkpoint.write_checkpoint(self.scratch / "glm", Shape("chatglm"))
        name = "transformer.encoder.layers.1.mlp.dense_h_to_4h.weight"
        self.edit_header(lambda header: header[name]["shape"].reverse())
        self.check_refused(name, "has shape [64, 320], expected [320, 64]")

    def test_missing_tensor(self):
        name = "model.layers.0.self_attn.k_proj.weight"
        self.edit_header(lambda header: header.update(other=header.pop(name)))
        self.check_refused(name)

    def test_missing_shard(self):
        shape = Shape(shards=2)
        sharded = make_checkpoint.write_checkpoint(self.scratch / "sharded", shape)
        (sharded / "model-00002-of-00002.safetensors").unlink()
        self.check_refused("model-00002-of-00002.safetensors", checkpoint=sharded)

    def test_unsupported_type(self):
        name = "model.norm.weight"
        self.edit_header(lambda header: header[name].update(dtype="I16"))
        self.check_refused(name, "I16")


def put_pipe(path):
    os.mkfifo(path)


def put_endless_device(path):
    path.symlink_to("/dev/zero")


def put_link_to_itself(path):
    path.symlink_to(path)


def put_folder(path):
    path.mkdir()


class SpecialFiles(Scratch):
    """What is no regular file is refused: nothing waits for a pipe or reads without an end."""

    KINDS = (put_pipe, put_endless_device, put_link_to_itself, put_folder)

    def check_refused(self, path, tool, *arguments):
        """The tool, for each kind of file at the path."""
        for put in self.KINDS:
            with self.subTest(file=path.name, kind=put.__name__):
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink(missing_ok=True)
                put(path)
                line = harness.check_refusal(self, harness.run_tool(tool, *arguments))
                self.assertIn(path.name, line)

    def test_checkpoint(self):
        for name in ("config.json", "model.safetensors"):
            checkpoint = make_checkpoint.write_checkpoint(self.scratch / name, Shape())
            arguments = [checkpoint, "--target=vcu128", "-o", self.scratch / "package"]
            self.check_refused(checkpoint / name, "edgellm-compile", *arguments)

    def test_shards(self):
        for name in ("model.safetensors.index.json", "model-00002-of-00002.safetensors"):
            checkpoint = make_checkpoint.write_checkpoint(self.scratch / name, Shape(shards=2))
            arguments = [checkpoint, "--target=vcu128", "-o", self.scratch / "package"]
            self.check_refused(checkpoint / name, "edgellm-compile", *arguments)

    def test_options(self):
        checkpoint = make_checkpoint.write_checkpoint(self.scratch / "checkpoint", Shape())
        compile_ = [checkpoint, "-o", self.scratch / "package"]
        package = harness.demo_package("int4")
        path = self.scratch / "special.json"
        self.check_refused(path, "edgellm-compile", *compile_, f"--target={path}")
        self.check_refused(path, "edgellm-compile", *compile_, f"--strategy={path}")
        self.check_refused(path, "edgellm-run", package, "--prompt-file", path)
        self.check_refused(path, "edgellm-eval", package, "--text", path)
        self.check_refused(path, "edgellm-run", package, "--prompt", "x", "--xclbin", path)

    def test_package(self):
        for name in ("manifest.json", "program.bin", "tokenizer.model"):
            package = self.scratch / name
            shutil.copytree(harness.demo_package("int4"), package)
            self.check_refused(package / name, "edgellm-run", package, "--prompt", "x", "-n", 1)


class BadOutputs(Scratch):
    """edgellm-compile when it cannot, or must not, write where it is told to."""

    def check_refused(self, output):
        checkpoint = make_checkpoint.write_checkpoint(self.scratch / "checkpoint", Shape())
        before = contents(self.scratch)
        arguments = [checkpoint, "--target=vcu128", "--weights=fp16", "-o", output]
        result = harness.run_tool("edgellm-compile", *arguments)
        self.assertIn(str(output), harness.check_refusal(self, result))
        self.assertEqual(contents(self.scratch), before)

    def test_a_directory_of_someone_else(self):
        output = self.scratch / "home"
        output.mkdir()
        (output / "letter.txt").write_text("keep me\n")
        self.check_refused(output)

    def test_a_file(self):
        output = self.scratch / "file"
        output.write_text("keep me\n")
        self.check_refused(output)

    def test_below_a_file(self):
        (self.scratch / "file").write_text("keep me\n")
        self.check_refused(self.scratch / "file" / "package")


class BadPackages(Scratch):
    """edgellm-run on a package that is not as the compiler wrote it."""

    def setUp(self):
        super().setUp()
        self.package = self.scratch / "package"
        shutil.copytree(harness.demo_package("fp16"), self.package)

    def check_refused(self, *words, arguments=("--token-ids", "1,2,3")):
        before = contents(self.scratch)
        result = harness.run_tool("edgellm-run", self.package, *arguments, "-n", 1)
        line = harness.check_refusal(self, result)
        for word in words:
            self.assertIn(word, line)
        self.assertEqual(contents(self.scratch), before)

    def flip(self, file, offset):
        path = self.package / file
        data = bytearray(path.read_bytes())
        data[offset] ^= 0x10
        path.write_bytes(data)

    def sign(self, file):
        """Puts the checksum of a file's present content into the manifest."""
        path = self.package / "manifest.json"
        manifest = json.loads(path.read_text())
        (entry,) = [entry for entry in manifest["files"] if entry["path"] == file]
        entry["xxh3_64"] = f"{xxh3((self.package / file).read_bytes()):016x}"
        path.write_text(json.dumps(manifest))

    def shorten(self, file):
        path = self.package / file
        path.write_bytes(path.read_bytes()[:-64])

    def test_missing_package(self):
        shutil.rmtree(self.package)
        self.check_refused("package")

    def test_missing_file(self):
        (self.package / "hbm" / "port07.bin").unlink()
        self.check_refused("port07.bin")

    def test_truncated_weights(self):
        self.shorten("hbm/port00.bin")
        self.check_refused("port00.bin")

    def test_truncated_program(self):
        self.shorten("program.bin")
        self.check_refused("program.bin")

    def test_changed_program(self):
        self.flip("program.bin", TABLE_HASH)
        self.check_refused("program.bin", "checksum")

    def test_other_instruction_table(self):
        # The checksum is right, but the program was made for another table.
        data = (self.package / "program.bin").read_bytes()
        expected = int.from_bytes(data[TABLE_HASH : TABLE_HASH + 8], "little")
        self.flip("program.bin", TABLE_HASH)
        self.sign("program.bin")
        self.check_refused("program.bin", f"{expected:x}", f"{expected ^ 0x10:x}")

    def test_changed_weight(self):
        self.flip("hbm/port31.bin", 1000)
        self.check_refused("port31.bin")

    def test_broken_manifest(self):
        (self.package / "manifest.json").write_text("{}")
        self.check_refused("manifest.json")

    def test_token_outside_the_vocabulary(self):
        self.check_refused("2048", arguments=("--token-ids", "1,2048"))

    def test_token_that_is_no_number(self):
        self.check_refused("two", arguments=("--token-ids", "1,two"))

    def test_empty_prompt_ids(self):
        self.check_refused(arguments=("--token-ids", ""))

    def test_logits_file_that_cannot_be_written(self):
        path = self.scratch / "absent" / "logits.npy"
        self.check_refused(str(path), arguments=("--token-ids", "1", "--logits", str(path)))


def contents(directory):
    """Relative path -> bytes of every file below a directory; None for a directory."""
    paths = sorted(pathlib.Path(directory).rglob("*"))
    return {str(p): p.read_bytes() if p.is_file() else None for p in paths}


if __name__ == "__main__":
    unittest.main()
