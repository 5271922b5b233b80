"""What the machine module says, held against made-up containers and cards."""

import mmap
import os
import platform
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ftkit import machine


def container(root, lines, files):
    """A /proc and a /sys as a container shows them."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("\n".join(lines) + "\n")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


@pytest.fixture
def many_cores(monkeypatch):
    monkeypatch.delenv("CPU_LIMIT", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ([], {}, 64),
        (["0::/"], {"cpu.max": "200000 100000"}, 2),
        (["0::/"], {"cpu.max": "max 100000"}, 64),
        (["0::/a/b"], {"a/b/cpu.max": "max 100000", "a/cpu.max": "390000 100000"}, 3),
        (["0::/"], {"cpu.max": "5000 100000"}, 1),
        (["4:memory:/", "1:cpu,cpuacct:/x"], {"cpu/x/cpu.cfs_quota_us": "15000", "cpu/x/cpu.cfs_period_us": "5000"}, 3),
        (["1:cpu:/"], {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
    ],
)
def test_cores_follow_the_quota_and_not_the_host(tmp_path, many_cores, lines, files, expected):
    assert machine.cores(container(tmp_path, lines, files)) == expected


def test_cores_follow_a_hub_limit(tmp_path, many_cores, monkeypatch):
    monkeypatch.setenv("CPU_LIMIT", "1.5")
    assert machine.cores(container(tmp_path, [], {})) == 1


def test_cores_follow_the_affinity(tmp_path, monkeypatch):
    monkeypatch.delenv("CPU_LIMIT", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert machine.cores(container(tmp_path, [], {})) == 1


@pytest.mark.parametrize("version", [1, 2])
def test_memory_follows_the_limit_and_counts_cached_files_as_free(tmp_path, version):
    mib = 1 << 20
    stat = f"anon 5\n{'total_' if version == 1 else ''}inactive_file {20 * mib}\nactive_file 7"
    if version == 2:
        lines, names = ["0::/pod"], ("pod/memory.max", "pod/memory.current", "pod/memory.stat")
    else:
        names = tuple(f"memory/pod/memory.{end}" for end in ("limit_in_bytes", "usage_in_bytes", "stat"))
        lines = ["3:memory:/pod"]
    values = zip(names, (100 * mib, 70 * mib, stat), strict=True)
    assert machine.memory(container(tmp_path, lines, dict(values))) == (100 * mib, 50 * mib)


def test_memory_without_a_limit_is_the_host(tmp_path):
    host = machine.memory(container(tmp_path, [], {}))
    endless = container(tmp_path / "v1", ["3:memory:/"], {"memory/memory.limit_in_bytes": "9223372036854771712"})
    assert machine.memory(endless)[0] == host[0] > machine.GIB / 2
    assert 0 < host[1] <= host[0]


def test_dtype_can_be_forced_and_a_wrong_one_is_named(monkeypatch):
    monkeypatch.setenv("FTKIT_DTYPE", "float16")
    assert machine.training_dtype("cpu") == "float16"
    monkeypatch.setenv("FTKIT_DTYPE", "fp8")
    with pytest.raises(ValueError, match="'fp8'; choose one of float32, bfloat16, float16"):
        machine.training_dtype()


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_dtype_of_a_card_follows_its_capability(monkeypatch, capability, expected):
    torch = pytest.importorskip("torch")
    monkeypatch.delenv("FTKIT_DTYPE", raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    assert machine.training_dtype("cuda") == expected


def test_card_memory_is_that_of_the_card_in_use(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.card_memory() == 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    cards = [SimpleNamespace(total_memory=size) for size in (8, 16)]
    monkeypatch.setattr(torch.cuda, "get_device_properties", cards.__getitem__)
    assert machine.card_memory() == 16


@pytest.mark.parametrize(("speedup", "expected"), [(2.0, "bfloat16"), (1.05, "float32"), (0.05, "float32")])
def test_dtype_of_a_cpu_follows_the_probe(monkeypatch, speedup, expected):
    monkeypatch.delenv("FTKIT_DTYPE", raising=False)
    monkeypatch.setattr(machine, "bfloat16_speedup", lambda: speedup)
    assert machine.training_dtype("cpu") == expected


def test_probe_says_float32_where_bfloat16_units_are_switched_off():
    """Tests switch the units off the way the reference machine does; without them the product is emulated and slow."""
    clean = {name: value for name, value in os.environ.items() if name != "FTKIT_DTYPE"}
    out = subprocess.run(
        [sys.executable, "-c", "from ftkit import machine; print(machine.training_dtype('cpu'))"],
        env=clean | {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert out.stdout.split() == ["float32"]


def test_threads_are_no_more_than_cores(monkeypatch):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr(machine, "cores", lambda: 3)
        monkeypatch.setenv("OMP_NUM_THREADS", "")
        assert machine.settle() == torch.get_num_threads() == 3
        monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as torchrun sets it
        assert machine.settle() == torch.get_num_threads() == 2
        monkeypatch.setenv("OMP_NUM_THREADS", "48")
        assert machine.settle() == 3
        assert os.environ["OMP_NUM_THREADS"] == "3"
    finally:
        torch.set_num_threads(before)


def test_the_tiniest_numbers_count_as_none_in_every_thread():
    code = """
import torch
from ftkit import machine
machine.settle()
print(int((torch.full((2**22,), 1e-40) * 1).count_nonzero()))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["0"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
@pytest.mark.parametrize("settled", [True, False])
def test_freed_memory_is_kept_for_the_next_step(settled):
    """Page faults of four steps whose tensors need 160 MiB at once, those of the first step left out."""
    code = f"""
import resource, torch
from ftkit import machine
if {settled}:
    machine.settle()
for step in range(5):
    kept = [torch.ones(2**21) for _ in range(20)]
    kept = None
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    first = first if step else faults
print(faults - first)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pages = 20 * 2**23 // mmap.PAGESIZE  # of one step
    assert int(out.stdout) < pages / 2 if settled else int(out.stdout) > pages / 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_what_earlier_work_left_free_goes_back():
    """MiB in use with twenty tensors of 8 MiB, without the first nineteen, and once the next work begins."""
    code = """
import psutil, torch
from ftkit import machine
machine.settle()
tensors = [torch.ones(2**21) for _ in range(20)]
for _ in range(3):
    print(psutil.Process().memory_info().rss // 2**20)
    if len(tensors) == 1:
        machine.settle()
    tensors = tensors[-1:]
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    full, kept, left = map(int, out.stdout.split())
    assert abs(full - kept) < 40 and full - left > 120


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads as Linux tells them")
def test_helpers_are_released_and_come_again():
    code = """
import os, time, torch
from ftkit import machine
def threads(): return len(os.listdir("/proc/self/task"))
def work(): (torch.ones(600, 600) @ torch.ones(600, 600)).exp().sum()
torch.set_num_threads(3)
alone = threads()
work()
helped = threads()
print(machine.release_helpers())
end = time.monotonic() + 30
while threads() > alone and time.monotonic() < end:
    time.sleep(0.01)
print(helped - alone, threads() - alone)
work()
print(threads() - alone, torch.get_num_threads())
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["True", "2", "0", "2", "3"]


def test_where_there_is_no_such_library_nothing_is_released(monkeypatch):
    monkeypatch.setattr(machine, "OPENMP", re.compile("no such library"))
    assert machine.release_helpers() is False


def test_fingerprint_is_plain_json_and_names_versions():
    import json

    fingerprint = machine.fingerprint()
    assert json.loads(json.dumps(fingerprint)) == fingerprint
    assert fingerprint["cores"] == machine.cores()
    assert fingerprint["versions"]["torch"][0].isdigit()


def test_doctor_finds_nothing_wrong_in_the_tested_environment(tmp_path):
    rows = {row.what: row for row in machine.findings(tmp_path)}
    assert {"Python", "torch", "ipykernel", "disk", "write access", "cores", "memory", "GPU"} <= set(rows)
    assert [row for row in rows.values() if not row.ok and row.what not in ("shipped models", "memory")] == []
    assert all(bool(row.advice) != row.ok for row in rows.values())


def test_doctor_names_a_package_out_of_range(monkeypatch, tmp_path):
    versions = {"ipykernel": "7.0.1", "trl": None}
    installed = machine._installed
    monkeypatch.setattr(machine, "_installed", lambda name: versions.get(name, installed(name)))
    rows = {row.what: row for row in machine.findings(tmp_path)}
    assert not rows["ipykernel"].ok and rows["ipykernel"].found == "7.0.1"
    assert 'pip install "ipykernel!=7.0.*' in rows["ipykernel"].advice
    assert rows["trl"].found == "missing" and "pip install" in rows["trl"].advice


def test_doctor_names_a_python_out_of_range(monkeypatch, tmp_path):
    monkeypatch.setattr(machine.platform, "python_version", lambda: "3.9.18")
    row = machine.findings(tmp_path)[0]
    assert (row.what, row.found, row.ok) == ("Python", "3.9.18", False)
    assert "3.11" in row.advice


def test_doctor_says_when_runs_cannot_be_written(monkeypatch, tmp_path):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    row = next(row for row in machine.findings(tmp_path / "deep/er") if row.what == "write access")
    assert not row.ok and row.found == "Permission denied" and "FTKIT_RUNS" in row.advice
    assert str(tmp_path) in row.advice


def test_doctor_says_when_memory_or_disk_is_short(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "memory", lambda: (2 * machine.GIB, machine.GIB // 2))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: machine.shutil._ntuple_diskusage(10, 10, 0))
    rows = {row.what: row for row in machine.findings(tmp_path)}
    assert not rows["memory"].ok and "nano" in rows["memory"].advice
    assert not rows["disk"].ok and "FTKIT_RUNS" in rows["disk"].advice


def test_data_folder_is_beside_the_package_in_a_checkout_and_inside_when_installed(tmp_path, monkeypatch):
    package = tmp_path / "site/ftkit"
    package.mkdir(parents=True)
    monkeypatch.setattr(machine, "__file__", str(package / "machine.py"))
    assert machine.data_folder() == tmp_path / "site/data"
    (package / "_data").mkdir()
    assert machine.data_folder() == package / "_data"


@pytest.mark.parametrize(
    ("device", "cores", "expected"), [("cpu", 8, 0), ("cuda", 8, 2), ("cuda", 2, 1), ("cuda", 1, 0)]
)
def test_rows_are_prepared_beside_a_card_and_never_beside_a_busy_cpu(monkeypatch, device, cores, expected):
    monkeypatch.setattr(machine, "device", lambda: device)
    monkeypatch.setattr(machine, "cores", lambda: cores)
    assert machine.loaders() == expected


def test_a_machine_multiplies_more_than_a_million_numbers_a_second():
    assert 1e6 < machine.products() < 1e16 and machine.products() is machine.products()


def test_few_products_are_kept_unless_somebody_wants_it_otherwise(monkeypatch):
    first, second = machine.KEPT_PRODUCTS
    monkeypatch.delenv(first, raising=False)
    monkeypatch.setenv(second, "7")
    machine.settle()
    assert os.environ[first] == "32" and os.environ[second] == "7"
