"""What torch and cupy reach on the GPU: square matmul in FP32 and TF32, and copies on the device.

Prints JSON, and a table to the standard error. Exit code 3 where neither can use a GPU.
"""

import importlib
import json
import os
import statistics
import sys
import time

SIZES = (1024, 2048, 4096, 8192)
COPY_BYTES = 1 << 30
CALLS = 100
TURNS = 5

# cuBLAS of cupy takes TF32 where this is set, before it is imported.
os.environ.setdefault("CUPY_TF32", "1")


def median_seconds(call, wait):
    """Of one of many queued calls with one wait, as scripts/bench measures."""
    call()
    wait()
    turns = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        for _ in range(CALLS):
            call()
        wait()
        turns.append((time.perf_counter() - begin) / CALLS)
    return statistics.median(turns)


def torch_cases(torch):
    if not torch.cuda.is_available():
        raise RuntimeError("torch has no CUDA device")
    wait = torch.cuda.synchronize
    for precision in ("fp32", "tf32"):
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        for size in SIZES:
            a, b = (torch.rand(size, size, device="cuda") for _ in range(2))
            c = torch.empty_like(a)
            yield f"matmul-{precision}-{size}", lambda: torch.matmul(a, b, out=c), wait, 2 * size**3, "FLOP"
    source = torch.rand(COPY_BYTES // 4, device="cuda")
    target = torch.empty_like(source)
    yield "copy-1G", lambda: target.copy_(source), wait, 2 * COPY_BYTES, "B"


def cupy_cases(cupy):
    if cupy.cuda.runtime.getDeviceCount() == 0:
        raise RuntimeError("cupy has no CUDA device")
    wait = cupy.cuda.get_current_stream().synchronize
    # One process, one precision: the one that it took from its environment.
    for size in SIZES:
        a, b = (cupy.random.rand(size, size, dtype=cupy.float32) for _ in range(2))
        c = cupy.empty_like(a)
        yield f"matmul-tf32-{size}", lambda: cupy.matmul(a, b, out=c), wait, 2 * size**3, "FLOP"
    source = cupy.random.rand(COPY_BYTES // 4, dtype=cupy.float32)
    target = cupy.empty_like(source)
    yield "copy-1G", lambda: cupy.copyto(target, source), wait, 2 * COPY_BYTES, "B"


def main():
    results = []
    reasons = []
    for name, cases in (("torch", torch_cases), ("cupy", cupy_cases)):
        try:
            library = importlib.import_module(name)
            for case, call, wait, work, unit in cases(library):
                seconds = median_seconds(call, wait)
                results.append({"library": name, "version": library.__version__, "case": case,
                                "seconds": seconds, "work": work, "unit": unit})
                print(f"  {name:6} {case:18} {seconds * 1e6:12.2f} us = {work / seconds * 1e-9:.4g} G{unit}/s",
                      file=sys.stderr)
        except Exception as reason:  # whatever a library has against this machine
            reasons.append(f"{name}: {str(reason).splitlines()[0] if str(reason) else type(reason).__name__}")
    for reason in reasons:
        print(f"no {reason}", file=sys.stderr)
    print(json.dumps({"timings": results, "missing": reasons}, indent=2))
    return 0 if results else 3


if __name__ == "__main__":
    sys.exit(main())
