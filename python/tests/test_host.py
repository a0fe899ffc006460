"""Any module: commands, functions, arrays as buffers, limits."""

import os
import signal
import threading

import numpy as np
import pytest

from wasm_ml import Host, errors, module_path

ECHO = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 100))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 7))))"""

RELU = """(module
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-elementwise"
    (func $elementwise (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "relu") (param i32 i32 i32) (result i32)
    (call $elementwise (local.get 2) (i32.const 0) (local.get 0) (i32.const 0) (i32.const 0) (local.get 1)
      (i32.const 16))
    (i32.load8_u (i32.const 16)))
  (func (export "add") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
    (i32.add (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1))
    (f32.add (local.get 2) (f32.const 1)) (f64.add (local.get 3) (f64.const 1)))
  (func (export "nothing"))
  (func (export "trap") unreachable)
  (func (export "spin") (loop $forever (br $forever))))"""


def test_runs_a_command():
    done = Host(backend="cpu").run(ECHO.encode(), stdin=b"hello")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"hello", b"hello")
    with pytest.raises(errors.Error, match="exit code 7: hello"):
        Host(backend="cpu").run(ECHO.encode(), stdin=b"hello", check=True)


def test_runs_wasm_ml_on_folders(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.random((200, 3))
    rows = "\n".join(",".join(map(str, row)) for row in np.column_stack([X, X @ [1, 2, 3]]))
    (tmp_path / "data.csv").write_text("a,b,c,target\n" + rows + "\n")
    host = Host(backend="cpu")
    module = host.load(module_path())
    assert module.imports_gpu
    done = module.run(["train", "--target", "target", "data/data.csv", "data/m.model"], dirs=[(tmp_path, "data")])
    assert done.returncode == 0 or b"--help" in done.stderr, done.stderr
    outside = module.run(["info", "/etc/passwd"])
    assert outside.returncode != 0 and b"passwd" in outside.stderr


@pytest.fixture(scope="module")
def instance():
    return Host(backend="cpu").instance(RELU.encode())


def test_calls_functions_with_arrays(instance):
    x = np.array([-1, 2, -3, 4], np.float32)
    y = np.zeros(4, np.float32)
    assert instance.call("relu", x, y, 4) == 0
    np.testing.assert_array_equal(y, [0, 2, 0, 4])
    y.flags.writeable = False
    assert instance.call("relu", x, y, 4) != 0
    np.testing.assert_array_equal(y, [0, 2, 0, 4])


def test_numbers_as_webassembly_has_them(instance):
    assert instance.parameters("add") == ["i32", "i64", "f32", "f64"]
    assert instance.call("add", 1, 2, 3, 4) == [2, 3, 4.0, 5.0]
    assert instance.call("add", 2**32 - 1, 2**64 - 1, 0.5, 0.5) == [0, 0, 1.5, 1.5]
    assert instance.call("nothing") is None
    with pytest.raises(ValueError, match="32 bits"):
        instance.call("add", 2**32, 0, 0, 0)
    with pytest.raises(TypeError):
        instance.call("add", "1", 0, 0, 0)
    with pytest.raises(TypeError, match="takes 4 arguments, not 1"):
        instance.call("add", 1)
    with pytest.raises(FileNotFoundError, match="nosuch"):
        instance.call("nosuch")


def test_buffers_that_stay(instance):
    x = np.array([-5, 5], np.float32)
    y = np.zeros(2, np.float32)
    ids = instance.share(x), instance.share(y)
    del x
    assert instance.call("relu", *ids, 2) == 0
    into = np.empty(1, np.float32)
    instance.read_buffer(ids[1], into, offset=4)
    assert into[0] == 5
    for buffer in ids:
        instance.release(buffer)
    with pytest.raises(ValueError):
        instance.release(ids[0])
    with pytest.raises(ValueError, match="C order"):
        instance.share(np.zeros((4, 4), np.float32).T[:, :2])
    with pytest.raises(ValueError, match="aligned"):
        instance.share(np.zeros(16, np.uint8)[1:9])


def test_traps_and_limits():
    host = Host(backend="cpu")
    with pytest.raises(errors.TrapError, match="unreachable"):
        host.instance(RELU.encode()).call("trap")
    with pytest.raises(TimeoutError):
        Host(backend="cpu", timeout=0.2).instance(RELU.encode()).call("spin")
    with pytest.raises(errors.LimitError, match="fuel"):
        Host(backend="cpu", fuel=1000).instance(RELU.encode()).call("spin")
    with pytest.raises(ValueError, match="2 buffers|module"):
        host.load(b"no module")
    with pytest.raises(FileNotFoundError, match="nosuch.wasm"):
        host.load("nosuch.wasm")
    with pytest.raises(ValueError, match="precision"):
        Host(precision="half")


def test_keyboard_interrupt():
    instance = Host(backend="cpu").instance(RELU.encode())
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        instance.call("spin")
    timer.join()
    with pytest.raises(ValueError, match="ended"):
        instance.call("nothing")


def test_devices_are_listed():
    devices = Host.devices()
    assert {device["backend"] for device in devices} == {"cpu", "cuda", "webgpu"}
    assert all(device["usable"] or device["reason"] for device in devices)
    assert next(device for device in devices if device["backend"] == "cpu")["usable"]
