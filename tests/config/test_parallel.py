"""Files that several processes parse: the answer is that of a single process, whatever becomes of the others.

Each case runs in a process of its own, since only one without threads has children.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is one process here")

GOOD = """\
x-one: &one {firstname: Ada, tags: [a, b], number: 0x1f, half: .5, none: ~, text: "12:30\\n"}
domains:
  d%d.example: {mailboxes: {ada: *one, bob: {<<: *one, lastname: Ü}}}
"""
WRONG = ["a: [", "a: 1\na: 2\n", "a: *b", "a: !!python/none x", "", "- x", "a: b: c"]


def python(program: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


TOGETHER = """
import os, sys
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source

class Noted(Source):
    def parse(self):
        ready = self.ready is not None
        if os.getpid() != parent and self.name in deadly:
            os._exit(3)
        return (*super().parse(), ready)[: 2 if asked else 3]

texts, deadly, parent, asked = eval(sys.argv[1]), set(eval(sys.argv[2])), os.getpid(), True
alone = [Source(f"{number}", text).parse() for number, text in enumerate(texts)]
shared = [Noted(f"{number}", text) for number, text in enumerate(texts)]
parse_together(shared, share=1, processors=4)
asked = False
found = [one.parse() for one in shared]
assert [(value, wrong) for value, wrong, _ in found] == alone, (found, alone)
print(sum(ready for _, _, ready in found))
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no child is left")
"""


def together(texts: list[str], deadly: tuple[str, ...] = ()) -> list[str]:
    return python(TOGETHER, repr(texts), repr(deadly)).splitlines()


def test_the_values_are_those_that_one_process_finds() -> None:
    assert together([GOOD % number for number in range(20)]) == ["20", "no child is left"]


def test_mistakes_are_told_by_the_parent() -> None:
    texts = [text for number in range(8) for text in (GOOD % number, *WRONG)]
    ready, left = together(texts)
    assert len(texts) / 4 <= int(ready) < len(texts), "those of this process, and those without a mistake"
    assert left == "no child is left"


def test_the_bound_on_aliases_holds_across_processes() -> None:
    program = """
import sys
from qboxctl.errors import ConfigError
from qboxctl.config.loader import load
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.resources import TYPES
from qboxctl.config.yaml.reader import Source
def sources():
    text = "x-a{0}: &a [" + "1, " * 100 + "]\\nx-b{0}: &b [" + "*a, " * 100 + "]\\nx-c{0}: [" + "*b, " * 60 + "]"
    return [Source(f"{number}.yaml", text.format(number)) for number in range(8)]
def said(some):
    try:
        load(some, TYPES)
    except ConfigError as error:
        return [str(one.position) for one in error.diagnostics]
shared = sources()
parse_together(shared, share=1, processors=4)
assert all(one.ready for one in shared), "each process finds its own files in order"
assert said(shared) == said(sources())
print(*said(shared))
"""
    assert [place.partition(":")[0] for place in python(program).split()] == [
        f"{number}.yaml" for number in range(3, 8)
    ]


def test_what_a_child_did_not_finish_is_done_here() -> None:
    ready, left = together([GOOD % number for number in range(20)], ("7", "19"))
    assert 5 <= int(ready) < 20
    assert left == "no child is left"


def test_where_no_process_may_be_added_all_is_done_here() -> None:
    program = """
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source
def fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")
sources = [Source(str(number), f"a: {number}") for number in range(8)]
parse_together(sources, share=1, processors=4, fork=fork)
print([one.parse()[0]["a"] for one in sources])
"""
    assert python(program) == "[0, 1, 2, 3, 4, 5, 6, 7]\n"


def test_an_interruption_during_a_fork_is_not_lost() -> None:
    program = """
import os, signal
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
sources = [Source(str(number), f"a: {number}") for number in range(8)]
try:
    parse_together(sources, share=1, processors=2)
except KeyboardInterrupt:
    print("interrupted")
"""
    assert python(program) == "interrupted\n"


def test_where_nobody_learns_how_children_end_the_values_are_the_same() -> None:
    program = """
import signal
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sources = [Source(str(number), f"a: {number}") for number in range(8)]
parse_together(sources, share=1, processors=4)
print([one.parse()[0]["a"] for one in sources])
"""
    assert python(program) == "[0, 1, 2, 3, 4, 5, 6, 7]\n"


def test_small_configurations_and_programs_with_threads_have_no_children() -> None:
    program = """
import threading
from qboxctl.config.yaml.parallel import parse_together
from qboxctl.config.yaml.reader import Source
sources = [Source(str(number), "a: 1") for number in range(9)]
parse_together(sources, processors=4)
print(any(one.ready for one in sources))
over = threading.Event()
threading.Thread(target=over.wait).start()
parse_together(sources, share=1, processors=4)
print(any(one.ready for one in sources))
over.set()
"""
    assert python(program) == "False\nFalse\n"


def parents() -> set[int]:
    """Every process that has a child."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            found.add(int(path.read_text().rpartition(")")[2].split()[1]))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nothing tells of children here")
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor has no use for children")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_child_outlives_its_parent(number: int, tmp_path: Path) -> None:
    for index in range(8):
        rows = "".join(f"      m{row}: {{firstname: A}}\n" for row in range(6_000))
        (tmp_path / f"{index}.yaml").write_text(f"domains:\n  d{index}.example:\n    mailboxes:\n{rows}")
    program = "from qboxctl.cli import main; main()"
    words = [sys.executable, "-c", program, "-C", str(tmp_path), "validate"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    while process.poll() is None and process.pid not in parents():
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)  # it ends when nobody holds the pipe any more
    assert process.returncode in (130, -number), out
    assert b"Traceback" not in out
