"""A run gives the same bytes on every engine, and whatever ends it, what is finished stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import EngineError, ResultError, ScenarioError
from sim.errors import Fault as ScenarioFault
from sim.montecarlo.chunks import FolderStore, MemoryStore, gather, merge, open_folder, rows_done
from sim.montecarlo.engine import Shard, chunk_size, run, run_to_precision
from sim.montecarlo.engines import Engine, SerialExecutor, dask_engine, open_engine
from sim.montecarlo.precision import Precision, standard_error
from sim.montecarlo.sampling import Design, replicate

MANIFEST = {"run": 1}
TOTAL = 1000


@dataclass(frozen=True)
class Exponential:
    def ppf(self, u):
        return -np.log1p(-u)


PLAN = Design(("a", "b"), (Exponential(), Exponential()), seed=7)


def model(rows):
    draws = PLAN(rows)
    return {"sum": draws["a"] + draws["b"], "pair": np.stack([draws["a"], draws["b"]], axis=1)}


def slow(folder, rows):
    """Compute a chunk, slowly enough to be interrupted, and say who does it."""
    (Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(0.15)
    return model(rows)


def stuck(rows):
    """Finish the first chunk and no other."""
    if rows.start:
        time.sleep(600)
    return model(rows)


def half(rows, *, sent, end):
    """Send half of what was computed, note it at `sent`, and then `end`."""

    def send(connection, message):
        os.write(connection.fileno(), message[: len(message) // 2])
        Path(sent).touch()
        end()

    Connection._send = send
    return model(rows)


def hang():
    time.sleep(600)


def vanish():
    os._exit(1)


def fail(rows):
    if rows.start >= 512:
        raise ScenarioError([ScenarioFault("a.yaml", 3, 1, "players", "nobody at the table")])
    return model(rows)


def die(rows):
    if rows.start >= 256:
        os._exit(9)
    return model(rows)


def same(left, right):
    assert set(left) == set(right)
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)


@pytest.fixture(scope="module")
def expected():
    return model(range(TOTAL))


@settings(max_examples=25, deadline=None)
@given(chunk=st.integers(1, 1200), of=st.integers(1, 5))
def test_chunks_and_shards_give_the_same_bytes(chunk, of):
    store, said = MemoryStore(), []
    for part in range(1, of + 1):
        run(
            model,
            TOTAL,
            store=store,
            chunk=chunk,
            shard=Shard(part, of),
            progress=lambda done, total: said.append((done, total)),
        )
        assert said[-1][0] == said[-1][1]
    same(gather(store, range(TOTAL)), model(range(TOTAL)))


def test_processes_give_the_same_bytes_with_one_thread_each(expected):
    store = MemoryStore()
    with open_engine(workers=2) as engine:
        run(model, TOTAL, store=store, engine=engine)
        assert engine.executor.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
    same(gather(store, range(TOTAL)), expected)
    assert [span[0] for span in store.spans()] == [0, 512]


def test_dask_gives_the_same_bytes(expected, scheduler):
    store = MemoryStore()
    with open_engine(scheduler=scheduler) as engine:
        assert engine.slots == 4
        run(model, TOTAL, store=store, engine=engine, chunk=100)
    same(gather(store, range(TOTAL)), expected)


def test_a_scheduler_that_does_not_answer_is_named():
    with (
        pytest.raises(EngineError, match=r"scheduler tcp://127\.0\.0\.1:9: no answer"),
        dask_engine("tcp://127.0.0.1:9", timeout=0.5),
    ):
        pass


def test_resuming_computes_only_what_is_missing(expected):
    store, asked = MemoryStore(), []
    run(model, 300, store=store, chunk=100)

    def watched(rows):
        asked.append((rows.start, rows.stop))
        return model(rows)

    run(watched, TOTAL, store=store, chunk=256)
    assert asked == [(300, 512), (512, 768), (768, 1000)]
    same(gather(store, range(TOTAL)), expected)


def test_no_more_chunks_are_in_hand_than_there_are_slots():
    class Counting(SerialExecutor):
        most = now = 0

        def submit(self, fn, /, *args, **kwargs):
            self.now += 1
            self.most = max(self.most, self.now)
            return super().submit(fn, *args, **kwargs)

    pool = Counting()

    class Store(MemoryStore):
        def put(self, span, arrays):
            pool.now -= 1
            super().put(span, arrays)

    run(model, TOTAL, store=Store(), chunk=50, engine=Engine(pool, slots=3))
    assert pool.most == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_in_a_worker_arrives_whole_and_keeps_what_was_finished(workers):
    store = MemoryStore()
    with open_engine(workers=workers) as engine, pytest.raises(ScenarioError) as caught:
        run(fail, TOTAL, store=store, engine=engine, chunk=256)
    assert str(caught.value) == "a.yaml:3:1: players: nobody at the table"
    assert rows_done(store) == 512 if workers == 1 else rows_done(store) <= 512


def test_a_worker_that_dies_is_a_named_error():
    with open_engine(workers=2) as engine, pytest.raises(EngineError, match="a worker died"):
        run(die, TOTAL, store=MemoryStore(), engine=engine, chunk=256)


def test_a_worker_that_dies_while_it_sends_is_a_named_error(tmp_path):
    task = partial(half, sent=tmp_path / "sent", end=vanish)
    with open_engine(workers=2) as engine, pytest.raises(EngineError, match="a worker died"):
        run(task, TOTAL, store=MemoryStore(), engine=engine, chunk=500)


def test_a_task_that_loses_draws_is_found_out():
    with pytest.raises(ValueError, match="sum: 9 draws came back for the 10"):
        run(lambda rows: {"sum": np.zeros(len(rows) - 1)}, 10, store=MemoryStore())


def test_ctrl_c_in_this_process_keeps_what_was_finished():
    def interrupted(rows):
        if rows.start >= 500:
            raise KeyboardInterrupt
        return model(rows)

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        run(interrupted, TOTAL, store=store, chunk=100)
    assert rows_done(store) == 500


def script(body):
    """Return a Python process that runs `body` beside this file, in a session of its own."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_montecarlo_engine import *\n"
        # Tests that were started in the background hand down a Ctrl-C that is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"if __name__ == '__main__':\n    {body}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def work(path, task, workers):
    """Run in a folder, from a process of its own; the target of `script`."""
    store = open_folder(Path(path), MANIFEST, resume=True)
    try:
        with open_engine(workers=workers) as engine:
            run(task, TOTAL, store=store, engine=engine, chunk=20)
    except KeyboardInterrupt:
        sys.stdout.write(f"kept {rows_done(store)}\n")


def ended(process):
    """Return what a process said, and leave nothing of it running."""
    try:
        return process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(condition):
    for _ in range(2400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_kill_9_loses_at_most_the_chunks_in_work(tmp_path, expected):
    folder, pids = tmp_path / "run", tmp_path / "pids"
    pids.mkdir()
    process = script(f"work({str(folder)!r}, partial(slow, {str(pids)!r}), 2)")
    store = FolderStore(folder)
    until(lambda: len(store.spans()) >= 5)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    workers = [int(file.stem) for file in pids.iterdir()]
    assert len(workers) == 2
    if Path("/proc/self").exists():  # no worker outlives its parent
        until(lambda: not any(alive(pid) for pid in workers))
    kept = store.spans()
    assert 100 <= rows_done(store) < TOTAL
    run(model, TOTAL, store=open_folder(folder, MANIFEST, resume=True), chunk=20)
    assert set(kept) < set(store.spans())
    same(gather(store, range(TOTAL)), expected)


def test_ctrl_c_ends_processes_at_once_and_keeps_what_was_finished(tmp_path):
    process = script(f"work({str(tmp_path / 'run')!r}, stuck, 2)")
    until(lambda: len(FolderStore(tmp_path / "run").spans()) == 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers
    out, err = ended(process)
    assert (out, err, process.returncode) == ("kept 20\n", "", 0)


def test_nothing_reads_from_workers_that_were_abandoned():
    """What still reads when Python exits may complain of a closed pipe."""
    before = set(threading.enumerate())
    with open_engine(workers=2) as engine:
        waiting = [engine.executor.submit(time.sleep, 600) for _ in range(4)]
        until(waiting[0].running)
        engine.abandon()
        assert set(threading.enumerate()) <= before


def test_ctrl_c_while_a_worker_sends(tmp_path):
    sent = tmp_path / "sent"
    task = f"partial(half, sent={str(sent)!r}, end=hang)"
    process = script(f"work({str(tmp_path / 'run')!r}, {task}, 2)")
    until(sent.exists)
    os.killpg(process.pid, signal.SIGINT)
    out, err = ended(process)
    assert (out, err, process.returncode) == ("kept 0\n", "", 0)


def test_a_full_disk_is_a_named_error_and_keeps_what_was_finished(tmp_path, expected):
    folder = tmp_path / "run"
    run(model, 200, store=open_folder(folder, MANIFEST), chunk=100)
    process = script(
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));"
        f"run(model, TOTAL, store=open_folder(Path({str(folder)!r}), MANIFEST, resume=True))"
    )
    _, err = ended(process)
    assert "sim.errors.ResultError" in err
    assert "cannot be written (File too large); what was there is kept" in err
    store = open_folder(folder, MANIFEST, resume=True)
    assert rows_done(store) == 200
    assert not list(folder.rglob("*.part"))
    run(model, TOTAL, store=store)
    same(gather(store, range(TOTAL)), expected)


def test_shards_in_folders_merge_to_the_same_bytes(tmp_path, expected):
    for part in (1, 2, 3):
        store = open_folder(tmp_path / str(part), MANIFEST)
        run(model, TOTAL, store=store, chunk=100, shard=Shard(part, 3))
    store = merge([tmp_path / str(part) for part in (1, 2, 3)], tmp_path / "whole")
    same(gather(store, range(TOTAL)), expected)


def errors_of_sum(arrays, label):
    return standard_error(arrays["sum"], label)


@pytest.mark.parametrize("chunk", [100, 4096])
def test_a_run_stops_at_the_precision_asked_for(chunk):
    store = MemoryStore()
    reached = run_to_precision(
        model,
        Precision(0.002, errors_of_sum, ("sum",), first=256),
        store=store,
        replicates=partial(replicate, PLAN),
        doubling=True,
        chunk=chunk,
    )
    assert reached.met
    assert reached.draws == rows_done(store) == 4096
    values = gather(store, range(4096))["sum"]
    assert reached.error == standard_error(values, replicate(PLAN, range(4096)))
    assert standard_error(values[:2048], replicate(PLAN, range(2048))) > 0.002


def test_a_cap_that_comes_first_says_what_it_reached():
    plan = Design(PLAN.names, PLAN.distributions, seed=7, sampler="random")
    reached = run_to_precision(
        lambda rows: {"sum": plan(rows)["a"]},
        Precision(1e-4, errors_of_sum, ("sum",), cap=700, first=64),
        store=MemoryStore(),
        replicates=partial(replicate, plan),
        doubling=False,
    )
    assert not reached.met
    assert (reached.draws, reached.target) == (700, 1e-4)
    assert reached.error == pytest.approx(1 / np.sqrt(700), rel=0.2)


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/b", "1/2/3"])
def test_a_faulty_shard_is_named(text):
    with pytest.raises(EngineError, match=r"shard"):
        Shard.parse(text)
    assert Shard.parse("2/3") == Shard(2, 3)


def test_faulty_engines_and_chunks_are_named():
    with pytest.raises(EngineError, match="workers 0"), open_engine(workers=0):
        pass
    with pytest.raises(EngineError, match="chunk -1"):
        run(model, 10, store=MemoryStore(), chunk=-1)


def test_the_usual_chunk_is_large_and_leaves_some_for_four_workers():
    assert [chunk_size(n) for n in (1, 1000, 10_000, 10**6)] == [512, 512, 2500, 8192]


def test_an_unwritable_store_is_a_result_error():
    class Full(MemoryStore):
        def put(self, span, arrays):
            if span[0]:
                raise ResultError("full")
            super().put(span, arrays)

    store = Full()
    with pytest.raises(ResultError, match="full"):
        run(model, TOTAL, store=store, chunk=100)
    assert rows_done(store) == 100
