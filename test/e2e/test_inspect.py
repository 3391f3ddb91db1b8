#!/usr/bin/python3
"""What edgellm-inspect says of a package and takes out of it, and sparse packages end to end: the
values it takes out, put into the float reference, must give the logits that the package gives."""

import functools
import json
import shutil
import unittest

import numpy as np

import harness
import make_checkpoint
import reference

# Of a matrix with whole packages; the demo model's are narrower.
ENCODINGS = {"8/8": "int4", "4/8": "int4_4of8", "2/8": "int4_2of8", "1/8": "int4_1of8"}
Q = "model.layers.1.self_attn.q_proj.weight"
DOWN = "model.layers.2.mlp.down_proj.weight"
HEAD = "model.embed_tokens.weight"  # the demo model's output layer is its embedding


def inspect(package, *arguments):
    return harness.check_tool("edgellm-inspect", package, *arguments)


def listing(package):
    return json.loads(inspect(package, "--json"))


def dequantized(package, name):
    with harness.scratch_directory() as directory:
        inspect(package, "--weight", name, "--dequantized", "-o", directory / "w.npy")
        return np.load(directory / "w.npy")


def port_bytes(package, name, port):
    with harness.scratch_directory() as directory:
        inspect(package, "--weight", name, "--port", port, "-o", directory / "port.bin")
        return (directory / "port.bin").read_bytes()


@functools.cache
def checkpoint_weights():
    return reference.read_checkpoint(harness.DEMO)


@functools.cache
def density_package(density):
    """The demo model pruned by magnitude, which needs no text."""
    if density == "8/8":
        return harness.demo_package("int4")
    package = harness.SCRATCH / f"demo-{density[0]}of8"
    shutil.rmtree(package, ignore_errors=True)
    options = [f"--density={density}", "--prune=magnitude", "--quantize=search"]
    return harness.compile_package(harness.DEMO, package, "int4", options=options)


class Listing(unittest.TestCase):
    def test_every_matrix_of_the_checkpoint(self):
        package = listing(harness.demo_package("int4"))
        weights = checkpoint_weights()
        matrices = {name for name, values in weights.items() if values.ndim == 2}
        tensors = {tensor["name"]: tensor for tensor in package["tensors"]}
        self.assertEqual(set(tensors), matrices)
        for name, tensor in tensors.items():
            self.assertEqual(tensor["shape"], list(weights[name].shape))
            self.assertEqual(tensor["encoding"], "int4")
        self.assertEqual(package["total_weights"], sum(weights[name].size for name in matrices))

    def test_ports_hold_what_the_bits_say(self):
        package = listing(harness.demo_package("int4"))
        sizes = {file["path"]: file["bytes"] for file in package["files"]}
        end = 0
        for tensor in package["tensors"]:
            first, last = tensor["port_range"]
            self.assertEqual(first, end, "tensors follow each other without a gap")
            end = last
            bits = 8 * (last - first) * package["ports"] / np.prod(tensor["shape"])
            self.assertAlmostEqual(tensor["bits_per_weight"], bits)
        for port in range(package["ports"]):
            self.assertEqual(sizes[f"hbm/port{port:02}.bin"], end)

    def test_text_has_the_same_tensors(self):
        text = inspect(harness.demo_package("fp16"))
        self.assertIn("29 tensors, 3670016 weights", text)
        self.assertRegex(text, Q + r" +\[256, 256\] +fp16 +16.000  0.00000")

    def test_program_alone(self):
        with harness.scratch_directory() as directory:
            package = directory / "p"
            harness.check_tool("edgellm-compile", harness.DEMO, "--program-only", "-o", package)
            tensor = listing(package)["tensors"][0]
            self.assertIsNone(tensor["relative_error"])
            self.assertIn(tensor["name"], inspect(package))
            self.assertIn("KV cache", inspect(package, "--memory"))
            result = harness.run_tool(
                "edgellm-inspect", package, "--weight", Q, "--dequantized", "-o", directory / "w"
            )
            self.assertIn("no weights", harness.check_refusal(self, result))

    def test_memory(self):
        text = inspect(harness.demo_package("int4"), "--memory")
        for owner in ("every HBM port", DOWN, "KV cache", "ddr buffer", "model.norm, weight"):
            self.assertIn(owner, text)
        self.assertNotIn("unused", text.split("ddr buffer")[0], "the ports are packed tightly")


class Extraction(unittest.TestCase):
    def test_fp16_weights_come_back_exactly(self):
        for name in (Q, DOWN, HEAD):  # rotated rows, plain, many rows
            found = dequantized(harness.demo_package("fp16"), name)
            expected = checkpoint_weights()[name].astype(np.float16).astype(np.float32)
            np.testing.assert_array_equal(found, expected)

    def test_errors_are_those_of_the_values(self):
        for density in ENCODINGS:
            package = density_package(density)
            errors = {t["name"]: t["relative_error"] for t in listing(package)["tensors"]}
            for name in (Q, DOWN):
                weights = checkpoint_weights()[name]
                difference = np.linalg.norm(dequantized(package, name) - weights)
                self.assertAlmostEqual(
                    errors[name], difference / np.linalg.norm(weights), places=4
                )

    def test_densities(self):
        for density, encoding in ENCODINGS.items():
            package = density_package(density)
            tensors = {tensor["name"]: tensor for tensor in listing(package)["tensors"]}
            self.assertEqual(tensors[Q]["encoding"], encoding)
            # Groups of 8 neighbouring inputs, which DOWN has in the checkpoint's order too.
            values = dequantized(package, DOWN)
            kept = np.count_nonzero(values.reshape(256, 96, 8), axis=2)
            self.assertLessEqual(kept.max(), int(density[0]))
            self.assertGreater(kept.mean(), 0.8 * int(density[0]))

    def test_the_bytes_of_a_port(self):
        # Port 5 of 32 has the channels 5, 37, ...: here of the dense matrix [256, 768], whose rows
        # are one package of 32 bytes of scales and 384 of codes.
        package = density_package("8/8")
        rows = np.frombuffer(port_bytes(package, DOWN, 5), np.uint8).reshape(8, 416)
        values = dequantized(package, DOWN)
        for i, row in enumerate(rows):
            scales = row[:12].view(np.float16).astype(np.float32)
            codes = np.stack([row[32:] & 15, row[32:] >> 4], axis=1).reshape(6, 128)
            levels = np.where(codes < 8, codes, 8 - codes.astype(np.int32))
            found = (levels * scales[:, None]).reshape(-1)
            np.testing.assert_array_equal(found, values[5 + 32 * i])

    def test_sparse_packages_compute_with_these_values(self):
        ids = harness.held_out_ids()[:60]
        for density in ENCODINGS:
            with self.subTest(density), harness.scratch_directory() as directory:
                package = density_package(density)
                weights = dict(checkpoint_weights())
                for tensor in listing(package)["tensors"]:
                    name = "lm_head.weight" if tensor["name"] == HEAD else tensor["name"]
                    weights[name] = dequantized(package, tensor["name"])
                config = json.loads((harness.DEMO / "config.json").read_text())
                config["tie_word_embeddings"] = False
                (directory / "config.json").write_text(json.dumps(config))
                make_checkpoint.write_safetensors(
                    directory / "model.safetensors", weights, "F32"
                )
                model = reference.load(directory)
                harness.check_generation(self, model, package, ids, 4)


class Refusals(unittest.TestCase):
    def refusal(self, *arguments):
        result = harness.run_tool("edgellm-inspect", harness.demo_package("int4"), *arguments)
        return harness.check_refusal(self, result)

    def test_options_that_make_no_sense(self):
        file = harness.SCRATCH / "never.bin"
        self.assertIn("either --port K or --dequantized", self.refusal("--weight", Q, "-o", file))
        self.assertIn("need --weight NAME", self.refusal("--port", 1))
        self.assertIn("-o FILE is missing", self.refusal("--weight", Q, "--port", 1))
        self.assertIn("give one of them", self.refusal("--json", "--memory"))
        self.assertIn(
            "drop --json", self.refusal("--json", "--weight", Q, "--port", 1, "-o", file)
        )
        self.assertIn(
            "--port is 32, the package has ports 0 to 31",
            self.refusal("--weight", Q, "--port", 32, "-o", file),
        )
        self.assertFalse(file.exists())

    def test_names_that_are_near(self):
        line = self.refusal("--weight", "q_proj", "--port", 1, "-o", harness.SCRATCH / "never")
        self.assertIn("no tensor 'q_proj' among 29", line)
        self.assertIn(Q, line)

    def test_records_that_lie(self):
        with harness.scratch_directory() as directory:
            package = directory / "p"
            shutil.copytree(harness.demo_package("int4"), package)
            manifest = json.loads((package / "manifest.json").read_text())
            tensor = next(t for t in manifest["tensors"] if t["name"] == Q)
            arguments = ["--weight", Q, "--dequantized", "-o", directory / "w.npy"]
            for field, value, message in (
                ("encoding", "int3", "encoding 'int3', which this version does not know"),
                ("encoding", "int4_2of8", "has 1280 bytes in a port, int4_2of8 of its shape takes"),
                ("rows", [4, 64, 32, 64], "padded must be at least size"),
            ):
                before = tensor[field]
                tensor[field] = value
                (package / "manifest.json").write_text(json.dumps(manifest))
                result = harness.run_tool("edgellm-inspect", package, *arguments)
                self.assertIn(message, harness.check_refusal(self, result))
                tensor[field] = before
            self.assertFalse((directory / "w.npy").exists())


if __name__ == "__main__":
    unittest.main()
