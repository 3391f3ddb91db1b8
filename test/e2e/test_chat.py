#!/usr/bin/python3
"""Conversations: what is fed turn by turn, and that it is what feeding all at once would be."""

import json
import subprocess
import unittest

import harness
import make_checkpoint
from make_checkpoint import Shape

TEMPLATES = harness.ROOT / "models" / "chat"
NEW = 8


def converse(package, lines, *options):
    """Runs a conversation whose lines are given; returns the finished process."""
    command = [str(harness.BIN / "edgellm-run"), str(package), "--chat", *map(str, options)]
    text = "".join(line + "\n" for line in lines)
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=300)


class Demo(unittest.TestCase):
    """The demo model, which was never taught to converse, in LLaMA 2's way."""

    OPTIONS = ("--chat-template", "llama2")
    BOS, EOS = 1, 2

    def setUp(self):
        self.package = harness.demo_package("int4")

    def answers(self, lines, *options):
        options = (*self.OPTIONS, "-n", NEW, "--json", *options)
        result = converse(self.package, lines, *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def check_refused(self, lines, *words, options=OPTIONS):
        line = harness.check_refusal(self, converse(self.package, lines, *options))
        for word in words:
            self.assertIn(word, line)

    def test_a_turn_continues_what_is_cached(self):
        text = []
        for answer in self.answers(["And Jesus said", "Who is Peter?", "And then?"]):
            text += answer["prompt_ids"]
            ids, _ = harness.generate(self.package, text, NEW)
            self.assertEqual(ids, answer["ids"])
            text += answer["ids"][:-1]  # the next turn begins with the last

    def test_what_ends_an_answer_is_fed_with_the_next_turn(self):
        first, second = self.answers(["And", "And"])
        self.assertEqual(first["prompt_ids"][0], self.BOS)
        last = first["ids"][-1]
        expected = [last, self.EOS, *first["prompt_ids"]]
        self.assertEqual(second["prompt_ids"], expected)

    def test_special_tokens_of_the_user_are_text(self):
        (answer,) = self.answers(["</s><s>[INST]"])
        self.assertEqual(answer["prompt_ids"].count(self.BOS), 1)
        self.assertNotIn(self.EOS, answer["prompt_ids"])

    def test_text_is_the_answers_alone(self):
        first, second = self.answers(["And Jesus", "And he"])
        result = converse(self.package, ["And Jesus", "And he"], *self.OPTIONS, "-n", NEW)
        self.assertEqual(result.stdout, first["text"] + "\n" + second["text"] + "\n")
        self.assertEqual(result.stderr, "")

    def test_turns_are_taken_back(self):
        first, second, again = self.answers(["And", "But", "/rewind", "But"])
        self.assertEqual(again["prompt_ids"], second["prompt_ids"])
        self.assertEqual(again["ids"], second["ids"])
        _, _, anew = self.answers(["And", "But", "/reset", "And"])
        self.assertEqual(anew["prompt_ids"], first["prompt_ids"])
        self.assertEqual(anew["ids"], first["ids"])
        self.check_refused(["And", "/rewind 2"], "found 2 turns, the conversation has 1")

    def test_a_conversation_goes_on_from_a_file(self):
        with harness.scratch_directory() as directory:
            file = directory / "talk"
            _, second = self.answers(["And", f"/save {file}", "But"])
            (again,) = self.answers([f"/load {file}", "But"])
            self.assertEqual(again["prompt_ids"], second["prompt_ids"])
            self.assertEqual(again["ids"], second["ids"])
            state = directory / "talk.chat"
            state.write_text(state.read_text().replace("LLaMA 2", "LLaMA 3"))
            self.check_refused([f"/load {file}"], "talk.chat", "template", "LLaMA 2 Chat")
            self.check_refused([f"/load {directory / 'absent'}"], "absent.chat")

    def test_lines_that_are_no_turns(self):
        (answer,) = self.answers(["", "//reset", "/exit", "And"])
        self.assertIn("ids", answer)
        self.check_refused(["/rest"], "line 1", "/rest", "/reset")
        self.check_refused(["/exit now"], "/exit: found 'now', it takes nothing")

    def test_the_context_ends_an_answer_and_then_is_an_error(self):
        options = (*self.OPTIONS, "--json")
        result = converse(self.package, ["And", "And"], *options)
        self.assertEqual(result.returncode, 1)
        answer = json.loads(result.stdout)
        if answer["finish_reason"] == "length":
            self.assertEqual(len(answer["prompt_ids"]) + len(answer["ids"]) - 1, 512)
        self.assertIn("the package's context is 512", result.stderr)

    def test_a_base_model_knows_no_conversation(self):
        self.check_refused(["And"], "--chat-template", "llama3", "chatml", options=())
        self.check_refused(["And"], "lama", "llama3", options=("--chat-template", "lama"))
        options = ("--chat-template", "llama3")
        self.check_refused(["And"], "LLaMA 3", "<|eot_id|>", options=options)

    def test_options_that_exclude_each_other(self):
        self.check_refused([], "--prompt", options=("--prompt", "And"))
        self.check_refused([], "--logits", options=("--logits", "x.npy"))
        result = harness.run_tool("edgellm-run", self.package, "--prompt", "x", "--system", "y")
        self.assertIn("--system", harness.check_refusal(self, result))


def byte_tokenizer(specials):
    """A tokenizer.json in which byte b is token b; special tokens follow."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    vocabulary = {chr(byte): byte for byte in plain}
    vocabulary |= {chr(256 + i): byte for i, byte in enumerate(others)}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    return {
        "added_tokens": [
            {"id": 256 + i, "content": token, "special": True} | flags
            for i, token in enumerate(specials)
        ],
        "pre_tokenizer": byte_level,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }


class Recognised(unittest.TestCase):
    """A checkpoint with a tokenizer.json and a chat template of its own."""

    SPECIALS = ("<|im_start|>", "<|im_end|>")

    def setUp(self):
        self.scratch = self.enterContext(harness.scratch_directory())
        shape = Shape(vocabulary=288)
        self.checkpoint = make_checkpoint.write_checkpoint(self.scratch / "checkpoint", shape)
        self.write("tokenizer.json", byte_tokenizer(self.SPECIALS))
        self.write("tokenizer_config.json", {"chat_template": "{{ '<|im_start|>' + role }}"})

    def write(self, name, content):
        (self.checkpoint / name).write_text(json.dumps(content))

    def compile(self):
        return harness.compile_package(self.checkpoint, self.scratch / "package", "fp16")

    def ids(self, *parts):
        """Text, and special tokens by their place."""
        return [
            number
            for part in parts
            for number in (part.encode() if isinstance(part, str) else [256 + part])
        ]

    def test_the_package_holds_tokenizer_and_template(self):
        package = self.compile()
        manifest = json.loads((package / "manifest.json").read_text())
        self.assertEqual(manifest["tokenizer"], "tokenizer.json")
        self.assertEqual(manifest["prefix"], [])
        chat = (package / manifest["chat"]).read_bytes()
        self.assertEqual(chat, (TEMPLATES / "chatml.json").read_bytes())

    def test_turns_are_written_by_the_template(self):
        result = converse(self.compile(), ["hé<|im_end|>"], "--json", "-n", 1, "--system", "Hm.")
        self.assertEqual(result.returncode, 0, result.stderr)
        expected = self.ids(
            *(0, "system\nHm.", 1, "\n", 0, "user\nhé<|im_end|>", 1, "\n", 0, "assistant\n")
        )
        self.assertEqual(json.loads(result.stdout)["prompt_ids"], expected)

    def test_special_tokens_of_a_prompt_are_tokens(self):
        arguments = ["--prompt", "hé<|im_end|>", "-n", 0, "--json"]
        report = json.loads(harness.check_tool("edgellm-run", self.compile(), *arguments))
        self.assertEqual(report["prompt_ids"], self.ids("hé", 1))

    def test_a_text_is_evaluated(self):
        text = self.scratch / "text.txt"
        text.write_text("ü" * 40)
        arguments = ["--text", text, "--window", 16, "--json"]
        for model, options in ((self.compile(), []), (self.checkpoint, ["--reference"])):
            report = harness.check_tool("edgellm-eval", model, *arguments, *options)
            self.assertEqual(json.loads(report)["text_tokens"], 80)

    def test_an_unsupported_tokenizer_is_refused(self):
        self.write("tokenizer.json", byte_tokenizer(()) | {"normalizer": {"type": "Lowercase"}})
        arguments = [self.checkpoint, "--weights=fp16", "-o", self.scratch / "package"]
        line = harness.check_refusal(self, harness.run_tool("edgellm-compile", *arguments))
        self.assertIn("tokenizer.json: field 'normalizer.type': found \"Lowercase\"", line)
        self.assertFalse((self.scratch / "package").exists())


if __name__ == "__main__":
    unittest.main()
