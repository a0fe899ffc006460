"""What may be passed in, for type checkers and the reference: nothing imports this when the package runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from numpy.typing import ArrayLike

from ._tables import Table

Backend: TypeAlias = Literal["cpu", "cuda", "webgpu"]
AnyPath: TypeAlias = str | os.PathLike[str]
AnyBytes: TypeAlias = bytes | bytearray | memoryview


class DataFrame(Protocol):
    """Of pandas, and what looks like it."""

    @property
    def iloc(self) -> Any: ...
    @property
    def columns(self) -> Any: ...


class ArrowStream(Protocol):
    """A table of polars, pyarrow and others."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


class ArrowArray(Protocol):
    """A batch of rows of pyarrow and others."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...


class DLPack(Protocol):
    """An array of PyTorch, CuPy and others."""

    def __dlpack__(self) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...


if TYPE_CHECKING:
    TableLike: TypeAlias = (
        ArrayLike | Sequence[Sequence[float | None]] | DataFrame | ArrowStream | ArrowArray | DLPack | Table
    )
    ColumnLike: TypeAlias = ArrayLike | DataFrame | DLPack
else:  # of which the reference shows the names

    class TableLike:
        """What ``Table.of`` takes."""

    class ColumnLike:
        """One value for each row: an array, a list, a series."""
