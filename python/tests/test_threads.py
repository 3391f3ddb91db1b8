"""The lock of the interpreter, threads, callbacks and signals."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import edgellm
import pytest

LONG = [1] * 500


@contextlib.contextmanager
def counting_thread():
    """Yields a function that says how often another thread has run.

    The interpreter switches threads only when one gives up its lock, so the count stands still
    while this thread keeps it.
    """
    count, going = 0, True

    def run():
        nonlocal count
        while going:
            count += 1
            time.sleep(0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: count
    finally:
        going = False
        thread.join()
        sys.setswitchinterval(before)


def test_the_count_stands_still_without_the_lock():
    with counting_thread() as count:
        before = count()
        sum(range(10**6))
        assert count() == before


@pytest.mark.parametrize(
    "work",
    [
        lambda session: session.forward(LONG),
        lambda session: session.score(LONG),
        lambda session: next(session.generate(LONG, 1)),
        lambda session: session.perplexity(LONG, 499),
        lambda session: edgellm.compile("models/demo", "again.pkg"),
        lambda session: edgellm.Session("demo.pkg"),
    ],
)
def test_others_run_meanwhile(session, work):
    with counting_thread() as count:
        before = count()
        work(session)
        assert count() > before


def test_two_sessions_in_two_threads():
    def write(prompt):
        return [token.id for token in edgellm.Session("demo.pkg").generate(prompt, 40)]

    prompts = ["In the beginning", "And Jesus said"] * 2
    expected = [write(prompt) for prompt in prompts]
    with concurrent.futures.ThreadPoolExecutor(len(prompts)) as pool:
        assert list(pool.map(write, prompts)) == expected


def test_compilers_in_threads(tmp_path):
    def compile(number):
        package = tmp_path / f"{number}.pkg"
        edgellm.compile("models/demo", package)
        return [(package / name).read_bytes() for name in ("program.bin", "hbm/port00.bin")]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(compile, range(3))
    assert all(other == first for other in others)


def test_one_session_takes_one_caller_at_a_time(session):
    heard = []

    def progress(done, windows):
        for call in (session.reset, session.logits, lambda: session.forward([1])):
            with pytest.raises(edgellm.Error, match="the session is in use") as refusal:
                call()
            heard.append(refusal)

    session.perplexity([1] * 21, 10, progress)
    assert len(heard) == 6


def test_a_generation_may_be_left_early(session):
    tokens = session.generate("In the beginning", 40)
    first = [next(tokens), next(tokens)]
    assert session.past == 5 + 1  # the last token is not fed back
    del tokens
    assert list(session.generate("In the beginning", 2)) == first


def test_a_generation_ends_when_the_session_is_used_otherwise(session):
    uses = [
        session.reset,
        lambda: session.forward([1]),
        lambda: session.score([1]),
        lambda: session.generate([1], 1),
        lambda: session.perplexity([1] * 3, 2),
    ]
    for use in uses:
        tokens = session.generate("In the beginning", 40)
        next(tokens)
        use()
        with pytest.raises(edgellm.Error, match="used for something else"):
            next(tokens)
        assert list(tokens) == []
    tokens = session.generate("In the beginning", 3)
    for _ in tokens:
        session.logits(), session.past, session.encode("x")  # these only look


def test_a_generation_keeps_its_session():
    tokens = edgellm.Session("demo.pkg").generate("In the beginning", 5)
    assert len(list(tokens)) == 5


def test_an_exception_in_progress_comes_through(session):
    def progress(*_):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        session.perplexity([1] * 100, 10, progress)
    session.reset()
    session.forward([1])


def test_control_c_stops_a_generation(session):
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            for _ in session.generate("In the beginning", 500, ignore_eos=True):
                pass
    timer.join()
    assert len(list(session.generate("In the beginning", 3))) == 3


def test_a_forked_process_is_refused(session):
    """It has the memory of the session but not the threads that run the device."""
    session.forward([1])
    child = os.fork()
    if child == 0:
        try:
            session.forward([1])
        except edgellm.Error as error:
            os._exit(0 if "open one after the fork" in str(error) else 2)
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_interpreter_ends_with_open_sessions():
    program = (
        "import edgellm; session = edgellm.Session('demo.pkg');"
        "tokens = session.generate('In', 9); next(tokens)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
