"""`dicomet convert --scheduler`: the jobs of the converter on a cluster, which loses workers."""

import contextlib
import csv
import functools
import io
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from convert_files import dicom, folder, image, interruptible, names, pixels

import dicomet
from dicomet.__main__ import main
from dicomet._utils import atomic

pytest.importorskip("PIL")
distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install '.[dask]'")
import dask  # noqa: E402 - comes with it

from dicomet._utils.extras import install_command  # noqa: E402
from dicomet.convert import cluster as on_cluster  # noqa: E402 - needs what may be missing
from dicomet.convert.jobs import run_job  # noqa: E402

# A cluster that loses its workers says so, in its way.
pytestmark = pytest.mark.filterwarnings("ignore")


@contextlib.contextmanager
def workers(**options):
    quiet = {"processes": True, "dashboard_address": ":0", "scheduler_port": 0, "silence_logs": 50}
    with distributed.LocalCluster(**{"n_workers": 2, "threads_per_worker": 1, **quiet, **options}) as running:
        yield running


@pytest.fixture(scope="module")
def cluster():
    with workers() as running:
        yield running


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def convert(cluster, *arguments, status=0):
    command = ["convert", "--scheduler", cluster.scheduler_address, *map(str, arguments)]
    assert main(command) == status


def report(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def many(root: Path, count: int) -> Path:
    """A folder with `count` images, whose frames take some time."""
    frames = np.arange(20 * 64 * 64, dtype=np.uint16).reshape(20, 64, 64)
    return folder(root, {f"{number:03}.dcm": dicom(frames + number, frames=20) for number in range(count)})


@pytest.fixture
def mixed(tmp_path):
    """A folder with images, and what else folders have."""
    files = {f"{kind}/{number}.dcm": image(number) for kind in ("cat", "dog") for number in range(5)}
    return folder(tmp_path / "in", {**files, "dog/broken.dcm": image(5)[:-20], "dog/notes.txt": b"no image, but text"})


def test_it_is_what_the_pool_does(cluster, mixed, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    output = []
    for name, how in (("pool", ["--workers", "2"]), ("cluster", ["--scheduler", cluster.scheduler_address])):
        for again in ([], ["--skip-existing"]):
            # The same name of the folder: reports have it.
            arguments = [mixed.name, "-o", "out", "--report", "r.csv", *again]
            assert main(["convert", *arguments, *how]) == 1
            output.append((capfd.readouterr(), report(tmp_path / "r.csv")))
        Path("out").rename(name)
    assert output[:2] == output[2:]
    assert output[0][0].out == "10 converted, 0 existing, 1 skipped, 1 failed\n"
    assert output[0][0].err.startswith("dicomet convert: in/dog/broken.dcm: (7FE0,0010) Pixel Data: found 40 bytes")
    assert output[0][1][0]["outputs"] == "out/cat/0.png"
    assert names(tmp_path / "pool") == names(tmp_path / "cluster")
    for name in names(tmp_path / "pool"):
        assert (tmp_path / "pool" / name).read_bytes() == (tmp_path / "cluster" / name).read_bytes()


def test_standard_input_is_sent(cluster, out, monkeypatch):
    large = np.random.default_rng(0).integers(0, 2**16, (3000, 2500), np.uint16)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(dicom(large))))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        convert(cluster, "-", "-o", out / "a.tiff", "--values", "stored")
    import tifffile  # noqa: PLC0415 - an extra

    assert np.array_equal(tifffile.imread(out / "a.tiff"), large)


def test_stop_at_the_first_that_fails(cluster, tmp_path, out, capsys):
    root = many(tmp_path / "in", 40)
    (root / "000.dcm").write_bytes(image()[:-20])
    convert(cluster, root, "-o", out, "--on-error", "stop", "--report", tmp_path / "r.csv", status=1)
    rows = report(tmp_path / "r.csv")
    counts = Counter(row["status"] for row in rows)
    assert counts["failed"] == 1
    assert f"{40 - len(rows)} left" in capsys.readouterr().out
    assert len(rows) < 40
    assert {Path(name).name for row in rows for name in row["outputs"].split(";") if name} == names(out)


@pytest.mark.parametrize("killed", [1, 2])
def test_a_worker_that_is_killed_half_way(tmp_path, out, killed, capsys):
    root = many(tmp_path / "in", 150)
    (root / "broken.dcm").write_bytes(image()[:-20])
    with workers() as cluster, distributed.Client(cluster) as client:
        pids = sorted(client.run(os.getpid).values())[:killed]
        killer = threading.Thread(target=kill_half_way, args=(out, pids, 150 * 20))
        killer.start()
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv", status=1)
        killer.join()
        assert set(pids).isdisjoint(client.run(os.getpid).values())
        rows = report(tmp_path / "r.csv")
        assert [row["source"] for row in rows] == [str(path) for path in sorted(root.iterdir())]
        assert capsys.readouterr().out == "150 converted, 0 existing, 0 skipped, 1 failed\n"
        check_all(out, rows)
        (root / "broken.dcm").unlink()
        before = {name: (out / name).stat().st_mtime_ns for name in names(out)}
        convert(cluster, root, "-o", out, "--skip-existing")
        assert capsys.readouterr().out == "0 converted, 150 existing, 0 skipped, 0 failed\n"
        assert before == {name: (out / name).stat().st_mtime_ns for name in names(out)}


def kill_half_way(out, pids, count):
    wait_for(lambda: len(names(out)) > count // 3)
    assert len(names(out)) < count
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def check_all(out, rows):
    outputs = [name for row in rows for name in row["outputs"].split(";") if name]
    assert len(outputs) == len(set(outputs)) == 150 * 20
    # What a process leaves that is killed is not taken for a result.
    left = {str(out / name) for name in names(out) if not name.endswith(atomic.SUFFIX)}
    assert left == set(outputs)
    for row in rows[::30]:
        if row["status"] == "converted":
            for index, name in enumerate(row["outputs"].split(";")):
                assert np.array_equal(pixels(name), dicomet.to_display(row["source"], index=index))


def test_what_a_worker_wrote_before_it_died_is_no_error(tmp_path, out, monkeypatch):
    once = tmp_path / "died"
    root = folder(tmp_path / "in", {f"{number}.dcm": image(number) for number in range(20)})
    monkeypatch.setattr(on_cluster, "_work", Dies(on_cluster._work, "7.dcm", once))
    with workers() as cluster:
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv")
    assert once.exists()
    assert names(out) == {f"{number}.png" for number in range(20)}
    assert {row["status"] for row in report(tmp_path / "r.csv")} == {"converted"}


def test_a_file_that_kills_every_worker_ends_no_other(tmp_path, out, monkeypatch, capsys):
    root = folder(tmp_path / "in", {f"{number}.dcm": image(number) for number in range(20)})
    monkeypatch.setattr(on_cluster, "_work", Dies(on_cluster._work, "7.dcm", None))
    with workers() as cluster:
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv", status=1)
    assert capsys.readouterr().err.strip() == f"dicomet convert: {root / '7.dcm'}: {on_cluster.DIED}"
    assert Counter(row["status"] for row in report(tmp_path / "r.csv")) == {"converted": 19, "failed": 1}


class Dies:
    """Stand in for a fault: the process ends after the conversion of a file, once or always."""

    def __init__(self, work, name, once):
        self.work, self.name, self.once = work, name, once

    def __call__(self, run, job, *more):
        done = self.work(run, job, *more)
        if Path(job.source).name == self.name and not (self.once and self.once.exists()):
            if self.once:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return done


@pytest.mark.parametrize("again", [False, True], ids=["ends", "is another"])
def test_the_end_of_a_cluster_is_reported_for_every_file(tmp_path, out, monkeypatch, again):
    root = many(tmp_path / "in", 150)
    monkeypatch.setattr(on_cluster, "SECONDS", 1)
    with dask.config.set({"distributed.comm.timeouts.connect": 2}), contextlib.ExitStack() as all_of_them:
        cluster = all_of_them.enter_context(workers())
        port = int(cluster.scheduler_address.rpartition(":")[2])

        def end():
            wait_for(lambda: len(names(out)) > 400)
            cluster.close()
            if again:
                all_of_them.enter_context(workers(scheduler_port=port))

        ends = threading.Thread(target=end)
        ends.start()
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv", status=1)
        ends.join()
    rows = report(tmp_path / "r.csv")
    assert len(rows) == 150
    assert Counter(row["status"] for row in rows).keys() == {"converted", "failed"}


def test_jobs_lost_with_all_workers_start_again(tmp_path, out):
    root = many(tmp_path / "in", 150)
    with workers() as cluster, distributed.Client(cluster, set_as_default=False) as other:
        restart = threading.Thread(target=lambda: (wait_for(lambda: len(names(out)) > 400), other.restart()))
        restart.start()
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv")
        restart.join()
    rows = report(tmp_path / "r.csv")
    assert {row["status"] for row in rows} == {"converted"}
    check_all(out, rows)


def test_jobs_lost_with_a_connection_start_again(cluster, tmp_path, out):
    root = many(tmp_path / "in", 150)
    with relay(int(cluster.scheduler_address.rpartition(":")[2])) as (port, cut):
        cuts = threading.Thread(target=lambda: (wait_for(lambda: len(names(out)) > 400), cut()))
        cuts.start()
        command = ["convert", "--scheduler", f"tcp://127.0.0.1:{port}", str(root), "-o", str(out)]
        assert main([*command, "--report", str(tmp_path / "r.csv")]) == 0
        cuts.join()
    rows = report(tmp_path / "r.csv")
    assert {row["status"] for row in rows} == {"converted"}
    check_all(out, rows)


@contextlib.contextmanager
def relay(port):
    """Pass on what comes and goes between a port of our own and `port`, until it is cut; new connections are taken."""
    pairs = []

    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        close([(source, target)])

    def take(server):
        with contextlib.suppress(OSError):
            while True:
                here, there = server.accept()[0], socket.create_connection(("127.0.0.1", port))
                pairs.append((here, there))
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=pass_on, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=take, args=(server,), daemon=True).start()
        yield server.getsockname()[1], lambda: close(pairs)
    close(pairs)


def close(pairs):
    for each in itertools.chain(*pairs):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def test_a_worker_that_comes_later_begins_nothing_of_a_run_that_ends():
    with workers(n_workers=1) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        run = on_cluster.Cluster(cluster.scheduler_address)
        run.cancel(None)
        cluster.scale(2)
        wait_for(lambda: len(client.nthreads()) == 2)
        refused = functools.partial(getattr, on_cluster, "_refused")
        assert list(client.run(refused).values()) == [{run._name}] * 2
        assert list(run.run(jobs=[], count=0, stop=threading.Event())) == []
        assert list(client.run(refused).values()) == [set()] * 2


def test_threads_of_a_worker_do_not_hear_each_other(tmp_path, out):
    files = {f"{number:03}.dcm": too_long(number) if number % 2 else image() for number in range(100)}
    root = folder(tmp_path / "in", files)
    expected = [run_job(job).reason for job in plan(root, out)]
    assert len(set(expected)) == 51
    with workers(n_workers=1, threads_per_worker=8) as cluster:
        convert(cluster, root, "-o", out, "--report", tmp_path / "r.csv")
    assert [row["reason"] for row in report(tmp_path / "r.csv")] == expected


def too_long(number):
    """A file that is converted with a warning of its own."""
    dataset = pydicom.dcmread(io.BytesIO(image()))
    dataset.PixelData += bytes(2 * number)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def plan(root, out):
    from dicomet.convert.jobs import Job  # noqa: PLC0415
    from dicomet.convert.options import Options  # noqa: PLC0415

    return [Job(str(path), str(out / f"{path.stem}.png"), Options()) for path in sorted(root.iterdir())]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_leaves_nothing_half_done(cluster, tmp_path, out):
    root = many(tmp_path / "in", 300)
    path = tmp_path / "r.csv"
    command = [sys.executable, "-m", "dicomet", "convert", "--scheduler", cluster.scheduler_address]
    command += [str(root), "-o", str(out), "--report", str(path)]
    with interruptible(command) as process:
        wait_for(lambda: len(names(out)) > 300 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=30)[1].decode()
    left = names(out)
    assert process.returncode == 130, error
    assert error.splitlines() == ["dicomet: stopped"]
    assert not [name for name in left if name.endswith(atomic.SUFFIX)]
    assert len(left) < 300 * 20
    assert len(left) % 20 == 0
    # What workers did before the command stopped need not be reported yet.
    rows = report(path)
    assert {row["status"] for row in rows} <= {"converted"}
    assert {Path(name).name for row in rows for name in row["outputs"].split(";")} <= left
    time.sleep(1)
    assert names(out) == left
    convert(cluster, root, "-o", out, "--skip-existing")
    assert len(names(out)) == 300 * 20


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:port", "silent", ""])
def test_an_address_that_does_not_answer(address, tmp_path, out, capfd, monkeypatch):
    monkeypatch.setattr(on_cluster, "SECONDS", 1)
    root = folder(tmp_path / "in", {"a.dcm": image()})
    with socket.create_server(("127.0.0.1", 0)) as server:
        if address == "silent":
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        begin = time.monotonic()
        assert main(["convert", "--scheduler", address, str(root), "-o", str(out)]) == 2
        assert time.monotonic() - begin < 20
    output = capfd.readouterr()
    assert output.err.startswith(
        f"dicomet convert: error: no scheduler of dask.distributed has answered at {address!r}"
    )
    assert len(output.err.splitlines()) == 1
    assert not output.out
    assert not out.exists()


def test_without_distributed_it_is_said_what_to_install(tmp_path, out, capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "dicomet.convert.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    root = folder(tmp_path / "in", {"a.dcm": image()})
    assert main(["convert", "--scheduler", "tcp://127.0.0.1:9", str(root), "-o", str(out)]) == 2
    output = "dicomet convert: error: --scheduler needs dask.distributed, which is not installed: "
    assert capsys.readouterr().err.splitlines() == [f"{output}{install_command('dask')}"]


def test_it_is_either_processes_or_a_cluster(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["convert", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2", "a", "-o", "b"])
    assert ended.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_without_scheduler_nothing_of_dask_is_imported(tmp_path):
    folder(tmp_path, {"a.dcm": image()})
    code = "import sys; from dicomet.__main__ import main; status = main(sys.argv[1:]); "
    code += "sys.exit(status or 'dask' in sys.modules or 'distributed' in sys.modules)"
    command = [sys.executable, "-c", code, "convert", str(tmp_path / "a.dcm"), "-o", str(tmp_path / "a.png")]
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603
