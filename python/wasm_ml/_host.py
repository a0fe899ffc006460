"""The general door: any WebAssembly module, its commands and its functions, with NumPy arrays as buffers of wasi:gpu."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core
from ._engine import Device, engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._types import AnyBytes, AnyPath, Backend


@dataclass(frozen=True)
class Run:
    """What a command came to: its exit code, and what it wrote, as bytes."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Module:
    """A compiled module, for instances on any thread. Made by ``Host.load``."""

    def __init__(self, core: _core.Module, host: Host) -> None:
        self._core = core
        self._host = host

    @property
    def name(self) -> str:
        """What errors call it."""
        return self._core.name

    @property
    def imports_gpu(self) -> bool:
        """Whether it imports anything of wasi:gpu."""
        return self._core.imports_gpu

    def instance(
        self,
        args: Iterable[AnyPath] = (),
        *,
        dirs: Iterable[AnyPath | tuple[AnyPath, str]] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Instance:
        """An instance of the module: see ``Host.instance``."""
        return self._host.instance(self, args, dirs=dirs, env=env, stdin=stdin)

    def run(
        self,
        args: Iterable[AnyPath] = (),
        *,
        dirs: Iterable[AnyPath | tuple[AnyPath, str]] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        check: bool = False,
    ) -> Run:
        """Runs it as a command: see ``Host.run``."""
        return self._host.run(self, args, dirs=dirs, env=env, stdin=stdin, check=check)


class Host:
    """Runs WebAssembly modules that nobody needs to trust: they reach the folders they are given, a device, clocks and
    random numbers, and nothing else.

    Parameters
    ----------
    backend : {"cpu", "cuda", "webgpu"}, optional
        None: the environment variable WASMTIME_GPU_HOST_BACKEND, else the best that works.
    device : int, optional
        Of the backend's devices; None: its first usable one.
    max_gpu_memory : int, optional
        Bytes of all live buffers of an instance. None: three quarters of what is available.
    max_memory : int, optional
        Bytes of an instance's linear memory. None: an eighth of what is available, at most 4 GiB.
    timeout : float, optional
        Seconds of a run or call, then TimeoutError.
    gpu_time : float, optional
        Seconds of all work of an instance on the device, then LimitError.
    fuel : int, optional
        About one per WebAssembly instruction, for all of an instance's life.
    threads : int, optional
        Of the cpu backend. None: all cores.
    precision : {"tf32", "fp32"}
        How matmul may round its inputs on a GPU.
    cache : bool
        Whether compiled modules are kept in this user's cache folder.
    """

    def __init__(
        self,
        backend: Backend | None = None,
        device: int | None = None,
        *,
        max_gpu_memory: int | None = None,
        max_memory: int | None = None,
        timeout: float | None = None,
        gpu_time: float | None = None,
        fuel: int | None = None,
        threads: int | None = None,
        precision: Literal["tf32", "fp32"] = "tf32",
        cache: bool = False,
    ) -> None:
        if precision not in ("tf32", "fp32"):
            raise ValueError(f"precision is {precision!r}; it must be 'tf32' or 'fp32'")
        self.device = Device(backend, device, max_gpu_memory, threads)
        self.timeout = timeout
        self._options: dict[str, Any] = dict(
            max_memory=max_memory, fuel=fuel, gpu_time=gpu_time, strict_matmul=precision == "fp32"
        )
        self._core = engine.host(fuel=fuel is not None, cache=cache)

    @staticmethod
    def devices() -> list[dict[str, Any]]:
        """What there is to compute on: a list of dicts with ``backend``, ``index``, ``usable``, ``reason`` (why it is not usable,
        and what to do about it), ``details``, and of usable ones ``name``, ``total_memory`` (bytes; 0: not known),
        ``is_hardware`` (False: software), ``compute_capability``."""
        return _core.list_devices()

    def load(self, module: Module | AnyPath | AnyBytes) -> Module:
        """Compiles a module.

        Parameters
        ----------
        module : path or bytes
            In the binary or the text format. A Module is returned as it is.

        Raises
        ------
        ValueError
            It is not valid.
        FileNotFoundError
        """
        if isinstance(module, Module):
            return module
        if isinstance(module, (bytes, bytearray, memoryview)):
            return Module(self._core.load(bytes(module), "module"), self)
        return Module(self._core.load_file(os.fspath(module)), self)

    def run(
        self,
        module: Module | AnyPath | AnyBytes,
        args: Iterable[AnyPath] = (),
        *,
        dirs: Iterable[AnyPath | tuple[AnyPath, str]] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        check: bool = False,
    ) -> Run:
        """Runs a WASI command.

        Parameters
        ----------
        module : path, bytes or Module
        args : list of str
            Behind the program's name.
        dirs : list of paths, or of pairs (path, the guest's name for it)
            Folders that it sees, to read and to write. A path alone keeps its name.
        env : dict of str to str, optional
        stdin : bytes
        check : bool
            Whether an exit code other than 0 is an Error.

        Returns
        -------
        Run

        Raises
        ------
        TrapError, LimitError, TimeoutError, DeviceError, ValueError, FileNotFoundError
        """
        instance = self.instance(module, args, dirs=dirs, env=env, stdin=stdin)
        done = instance.run()
        if check and done.returncode != 0:
            from .errors import Error

            text = done.stderr.decode(errors="replace").strip()
            raise Error(f"{instance.name}: exit code {done.returncode}" + (f": {text}" if text else ""))
        return done

    def instance(
        self,
        module: Module | AnyPath | AnyBytes,
        args: Iterable[AnyPath] = (),
        *,
        dirs: Iterable[AnyPath | tuple[AnyPath, str]] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Instance:
        """An instance of a module, to run or to call. Parameters and exceptions as of ``run``; it keeps the compiled module,
        and is freed with the object."""
        module = self.load(module)
        name = Path(module.name).name
        backend = self.device.backend or ""
        place = _core.Place(backend, self.device.index, self.device.max_gpu_memory, self.device.threads)
        core = _core.Guest(
            module._core, [name, *map(os.fspath, map(str, args))], [_folder(folder) for folder in dirs],
            [(str(key), str(value)) for key, value in (env or {}).items()], bytes(stdin), place, **self._options,
        )
        return Instance(core, name, self.timeout)


def _folder(folder: AnyPath | tuple[AnyPath, str]) -> tuple[str, str]:
    if isinstance(folder, tuple):
        host, guest = folder
        return os.fspath(host), str(guest)
    return os.fspath(folder), os.fspath(folder)


class Instance:
    """A module with memory of its own, for one thread at a time: to another one it raises Error. Made by ``Host.instance`` or
    ``Module.instance``. It has ended after ``run``, and when it exits, traps or meets a limit."""

    def __init__(self, core: _core.Guest, name: str, timeout: float | None) -> None:
        self._core = core
        self._timeout = timeout
        self.name = name

    def run(self) -> Run:
        """Runs it as a command, once. Exceptions as of ``Host.run``; an exit code other than 0 is none."""
        code = self._core.run(self._timeout)
        return Run(code, *self._core.take_output())

    def call(self, function: str, *arguments: float | NDArray[Any]) -> Any:
        """Calls an exported function.

        Parameters
        ----------
        function : str
        arguments : int, float or NumPy array
            An array is a buffer for the time of the call, and its id is what the function gets: nothing is copied on the
            cpu backend. It must lie in one piece in C order and begin at a multiple of 4 bytes. What the function writes
            to it is in the array afterwards; an array that cannot be written can only be read by it.

        Returns
        -------
        None, int, float, or a list of them

        Raises
        ------
        FileNotFoundError
            There is no such function.
        TypeError, ValueError
            An argument is wrong, or the instance has ended.
        TrapError, LimitError, TimeoutError
        """
        shared = []
        given = []
        try:
            for argument in arguments:
                if isinstance(argument, np.ndarray):
                    argument = self._core.share(argument, argument.flags.writeable)
                    shared.append(argument)
                given.append(argument)
            results = self._core.call(function, given, self._timeout)
        finally:
            for buffer in shared:
                self._core.release(buffer)
        return None if not results else results[0] if len(results) == 1 else results

    def parameters(self, function: str) -> list[str]:
        """The types of an exported function's parameters: a list of "i32", "i64", "f32", "f64". FileNotFoundError where there
        is no such function."""
        return self._core.parameters(function)

    def share(self, array: NDArray[Any], *, writable: bool | None = None) -> int:
        """Makes an array a buffer until it is released, or the instance is gone; its id, for ``call``. The array
        is kept; ValueError where it is none that ``call`` takes. ``writable``: None is what the array allows."""
        return self._core.share(array, array.flags.writeable if writable is None else writable)

    def release(self, buffer: int) -> None:
        """Frees a buffer by its id. ValueError where there is none."""
        self._core.release(buffer)

    def read_buffer(self, buffer: int, into: NDArray[Any], offset: int = 0) -> None:
        """Copies from byte ``offset`` on of a buffer of the instance into an array, which it fills. ValueError where
        the buffer ends before."""
        self._core.read_buffer(buffer, offset, into)

    def interrupt(self) -> None:
        """Ends what it does, from any thread, which raises LimitError there."""
        self._core.interrupt()

    def output(self) -> tuple[bytes, bytes]:
        """What it wrote to its standard output and standard error since this was asked last: a pair of bytes."""
        return self._core.take_output()
