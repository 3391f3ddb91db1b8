"""A package on the device model: the results are those of the tools, bit for bit."""

import re

import edgellm
import numpy as np
import pytest
from conftest import DEMO, ROOT
from test_compile import keywords

PROMPT = "In the beginning"


def readme_text():
    """What demo.sh writes, as README.md shows it."""
    text = (ROOT / "README.md").read_text()
    return re.search(r"^In the beginning.*?\n\n", text, re.M | re.S)[0].replace("\n", " ").strip()


def text_of(tokens):
    return "".join(token.text for token in tokens)


def test_it_writes_the_text_of_the_readme(session):
    tokens = session.generate(PROMPT, 80, temperature=0.7, top_p=0.9, seed=1)
    assert PROMPT + text_of(tokens) == readme_text()


def test_generate_has_the_options_of_edgellm_run():
    found = keywords(edgellm.Session.generate, "self", "prompt", "resume")
    assert found == edgellm._edgellm.generation_options()


@pytest.mark.parametrize(
    "keyword_arguments, options",
    [
        ({"n": 24}, ["-n", 24]),
        ({"n": 1}, ["-n", 1]),
        ({"n": 0}, ["-n", 0]),
        ({"n": 16, "temperature": 1, "seed": 2**64 - 1}, ["-n=16", "--temperature=1",
                                                          f"--seed={2**64 - 1}"]),
        ({"n": 16, "temperature": 2.5, "top_k": 3}, ["-n=16", "--temperature=2.5", "--top-k=3"]),
        ({"ignore_eos": True}, ["--ignore-eos"]),
        ({"n": 600, "window": 4, "ignore_eos": True}, ["-n=600", "--window=4", "--ignore-eos"]),
    ],
)
def test_tokens_are_those_of_edgellm_run(session, tool_json, keyword_arguments, options):
    report = tool_json("edgellm-run", "demo.pkg", "--prompt", PROMPT, *options)
    tokens = list(session.generate(PROMPT, **keyword_arguments))
    assert [token.id for token in tokens] == report["ids"]
    assert text_of(tokens) == report["text"]


def test_a_prompt_may_be_token_ids(session):
    ids = session.encode(PROMPT)
    expected = [token.id for token in session.generate(PROMPT, 8)]
    for prompt in (ids, tuple(ids), np.array(ids, np.int64), np.array(ids, np.uint16)):
        assert [token.id for token in session.generate(prompt, 8)] == expected


def test_logits_are_those_of_edgellm_run(session, tool, tmp_path):
    file = tmp_path / "logits.npy"
    tool("edgellm-run", "demo.pkg", "--prompt", PROMPT, "-n", 8, "--logits", file)
    expected = np.load(file)
    ids = session.encode(PROMPT)
    prompt = session.score(ids)
    assert prompt.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(prompt, expected[: len(ids)])
    np.testing.assert_array_equal(session.logits(), prompt[-1])
    for row in expected[len(ids) :]:
        session.forward([int(session.logits().argmax())])
        np.testing.assert_array_equal(session.logits(), row)


def test_logits_stay_what_they_are(session):
    session.forward([1, 2])
    first = session.logits()
    kept = first.copy()
    session.forward([3])
    np.testing.assert_array_equal(first, kept)
    assert (session.logits() != first).any()


def test_the_cache_fills_and_is_emptied(session):
    ids = session.encode(PROMPT)
    whole = session.forward(ids)
    assert session.past == len(ids)
    session.reset()
    assert session.past == 0
    assert [session.forward([id]) for id in ids][-1] == whole
    assert session.past == len(ids)


def test_the_cache_is_rewound(session):
    ids = session.encode("And Jesus said unto them")
    session.forward(ids)
    expected = session.logits()
    session.forward([5, 6, 7])
    assert session.ids == ids + [5, 6, 7]
    session.rewind(len(ids) - 1)
    session.forward(ids[-1:])
    np.testing.assert_array_equal(session.logits(), expected)
    for position in (-1, len(ids) + 1, 2**70):
        with pytest.raises(edgellm.Error, match="position: found .*expected an integer from 0 to"):
            session.rewind(position)


def test_a_cache_is_saved_and_loaded(session, tool_json, tmp_path):
    list(session.generate(PROMPT, 10, resume=True))
    whole = session.ids
    assert len(whole) == len(session.encode(PROMPT)) + 10  # the last one, too
    session.save(tmp_path / "a.cache")
    other = edgellm.Session("demo.pkg")
    other.load(tmp_path / "a.cache")
    assert other.ids == whole
    tokens = list(other.generate(" And", 8, resume=True))
    options = ["--load-cache", tmp_path / "a.cache", "--prompt", " And", "-n", 8]
    report = tool_json("edgellm-run", "demo.pkg", *options)
    assert [token.id for token in tokens] == report["ids"]
    assert text_of(tokens) == report["text"]
    with pytest.raises(edgellm.Error):
        other.load("demo.pkg/program.bin")
    assert len(other.ids) == len(whole) + len(report["prompt_ids"]) + 8


def test_generation_in_parts_is_generation_at_once(session):
    expected = [token.id for token in session.generate(PROMPT, 30)]
    session.reset()
    found = []
    prompt = session.encode(PROMPT)
    for part in (1, 9, 20):
        found += [token.id for token in session.generate(prompt, part, resume=True)]
        session.rewind(session.past - 1)
        prompt = found[-1:]
    assert found == expected


def test_texts_take_turns(tmp_path):
    edgellm.compile(DEMO, tmp_path / "two.pkg", sequences=2, context=64)
    session = edgellm.Session(tmp_path / "two.pkg")
    assert (session.sequences, session.selected) == (2, 0)
    session.forward([1, 5])
    expected = session.logits()
    session.reset()
    session.forward([1])
    session.select(1)
    session.forward([7, 8, 9])
    session.select(0)
    assert session.ids == [1]
    session.forward([5])
    np.testing.assert_array_equal(session.logits(), expected)
    for sequence in (-1, 2):
        with pytest.raises(edgellm.Error, match="sequence: found .*expected an integer from 0 to 1"):
            session.select(sequence)


def test_perplexity_is_that_of_edgellm_eval(session, tool_json, tmp_path):
    text = (DEMO / "heldout.txt").read_text()[:6000]
    (tmp_path / "text").write_text(text)
    for keyword_arguments, options in [({}, []), ({"window": 100}, ["--window=100"])]:
        expected = tool_json("edgellm-eval", "demo.pkg", "--text", tmp_path / "text", *options)
        heard = []
        found = session.perplexity(
            text, progress=lambda *windows: heard.append(windows), **keyword_arguments
        )
        assert found == expected["perplexity"]
        assert heard[-1] == (expected["windows"], expected["windows"])
    ids = sum((session.encode(line) for line in text.splitlines() if line), [])
    assert session.perplexity(ids, 100) == found


def test_encode_and_decode(session):
    for text in ("In the beginning", "", "Amén ☃"):
        ids = session.encode(text)
        assert ids[0] == 1
        assert session.decode(ids) == text
    with pytest.raises(UnicodeEncodeError):
        session.encode("\ud800")
    with pytest.raises(edgellm.Error, match="token id 2048 is not in the vocabulary"):
        session.decode([2048])


def test_a_character_comes_whole(session):
    """Its bytes are tokens; the last one that comes completes it, or it ends as U+FFFD."""
    snowman = session.encode("☃")[-3:]
    assert len(session.decode(snowman)) == 1
    for token in session.generate([1, *snowman[:2]], 4, temperature=1000, seed=3):
        assert token.text.isprintable() or token.text.isspace()


@pytest.mark.parametrize(
    "keyword_arguments, message",
    [
        ({"n": -1}, "-n: found '-1', expected an integer from 0 to 1048576"),
        ({"n": 1.5}, "-n: found '1.5', expected an integer"),
        ({"n": 600}, "prompt of 5 tokens and 600 new ones need 604 positions, the package's "
                     "context is 512"),
        ({"temperature": -1}, "--temperature: found '-1'"),
        ({"temperature": float("nan")}, "--temperature: found 'nan'"),
        ({"temperature": "hot"}, "--temperature: found 'hot'"),
        ({"top_p": 0}, "--top-p: found '0'"),
        ({"top_k": 2**40}, "--top-k: found "),
        ({"seed": 2**64}, "--seed: found "),
    ],
)
def test_generate_refuses_at_once(session, keyword_arguments, message):
    session.forward([1])
    with pytest.raises(edgellm.Error) as refusal:
        session.generate(PROMPT, **keyword_arguments)
    assert str(refusal.value).startswith(message)
    assert session.past == 1  # nothing was done


@pytest.mark.parametrize(
    "ids, error, message",
    [
        ([], edgellm.Error, "no token to feed"),
        ([1, 2048], edgellm.Error, "token id 2048 is not in the vocabulary of 0 to 2047"),
        ([-1], edgellm.Error, "token id -1 is not in"),
        ([2**32], edgellm.Error, "token id 4294967296 is not in"),
        ([10**5000], edgellm.Error, "token id an integer of 16610 bits is not in"),
        ([1] * 513, edgellm.Error, "513 tokens after the 0 cached ones exceed the package's"),
        ([1.0], TypeError, "'float' object cannot be interpreted as an integer"),
        (["1"], TypeError, "'str' object cannot be interpreted as an integer"),
        ("1", TypeError, "token ids: found <class 'str'>, expected a sequence of integers"),
        (b"1", TypeError, "token ids: found <class 'bytes'>"),
        ({1}, TypeError, "token ids: found <class 'set'>"),
        (None, TypeError, "token ids: found <class 'NoneType'>"),
        (np.zeros((2, 2), int), TypeError, "only integer scalar arrays"),
    ],
)
def test_ids_are_checked_before_any_is_fed(session, ids, error, message):
    for feed in (session.forward, session.score):
        with pytest.raises(error) as refusal:
            feed(ids)
        assert str(refusal.value).startswith(message)
    assert session.past == 0


def test_perplexity_refuses(session):
    for window in (0, -1, 513, 2**70):
        with pytest.raises(edgellm.Error, match="window: found .*expected an integer from 1 to 512"):
            session.perplexity([1] * 600, window)
    with pytest.raises(edgellm.Error, match="the text has 100 tokens, one window of 100 needs 101"):
        session.perplexity([1] * 100, 100)


def test_without_a_pass_there_are_no_logits(session):
    with pytest.raises(edgellm.Error, match="no pass has run since the cache"):
        session.logits()


def test_a_wrong_xclbin(tmp_path):
    with pytest.raises(edgellm.Error, match="no such xclbin"):
        edgellm.Session("demo.pkg", tmp_path / "x.xclbin")
    (tmp_path / "x.xclbin").write_bytes(b"xclbin2\0" * 100)
    with pytest.raises(edgellm.Error, match="x.xclbin: cannot load: "):
        edgellm.Session("demo.pkg", tmp_path / "x.xclbin")


def test_a_package_without_tokenizer(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    for name in ("config.json", "model.safetensors"):
        (checkpoint / name).symlink_to(DEMO / name)
    edgellm.compile(checkpoint, tmp_path / "x.pkg")
    session = edgellm.Session(tmp_path / "x.pkg")
    assert [token.text for token in session.generate([1, 306], 3)] == ["", "", ""]
    with pytest.raises(edgellm.Error, match="has no tokenizer; give token ids"):
        session.generate(PROMPT)
