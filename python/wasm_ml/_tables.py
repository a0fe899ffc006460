"""Tables of any kind as what the module takes: blocks of memory, side by side, that are not copied where they are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import ColumnLike, TableLike

_KINDS = "biuf"  # of NumPy's dtypes: bool, integers, floating point


class Table:
    """Rows of features. Made by ``of``.

    Attributes
    ----------
    n_rows, n_features : int
    blocks : list of arrays
        Columns (one-dimensional) or several side by side (two-dimensional), of numbers of this machine. The table keeps
        what it was made of, where that was not copied.
    names : list of str, or None
        Of the columns, where the source has names and all are text.
    categories : dict of int to list
        Of columns of categories: what their codes 0, 1, … stand for.
    """

    __slots__ = ("blocks", "categories", "n_features", "n_rows", "names")

    def __init__(
        self,
        blocks: list[NDArray[Any]],
        names: list[str] | None = None,
        categories: dict[int, list[Any]] | None = None,
    ) -> None:
        self.blocks = blocks
        self.names = names
        self.categories = categories or {}
        self.n_rows = len(blocks[0])
        self.n_features = sum(1 if block.ndim == 1 else block.shape[1] for block in blocks)

    @classmethod
    def of(cls, X: TableLike, *, categories: Mapping[int, list[Any]] | None = None) -> Table:
        """Takes a table as it is.

        Parameters
        ----------
        X : n_rows × n_features
            A NumPy array of numbers, of any type and layout; a pandas DataFrame of numbers, booleans and categories; what
            has ``__arrow_c_stream__`` (polars, pyarrow; needs the package nanoarrow) or ``__dlpack__``; a list of lists.
            None and NaN are missing values. Columns whose values are not plain numbers are converted, the others are not.
        categories : dict of int to list, optional
            Of the training's table: codes follow them, and a value that is not among them is missing.

        Raises
        ------
        TypeError, ValueError
            The text names the column.
        ImportError
            Of Arrow, where nanoarrow is missing.
        """
        if isinstance(X, cls):
            return X
        if isinstance(X, np.ndarray):
            return cls([_array(X)])
        if hasattr(X, "iloc") and hasattr(X, "columns"):
            return _of_pandas(cls, X, categories or {})
        if hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__"):
            return _of_arrow(cls, X, categories or {})
        if hasattr(X, "toarray") and hasattr(X, "nnz"):
            raise TypeError("Sparse data was passed for X, but dense data is required. Use '.toarray()' to convert to a dense array.")
        if hasattr(X, "__dlpack__") and hasattr(X, "__dlpack_device__"):
            return cls([_array(_of_dlpack(X))])
        return cls([_array(np.asarray(X))])

    def take_rows(self, rows: slice) -> Table:
        """Some rows, by a slice: no copy."""
        return Table([block[rows] for block in self.blocks], self.names, self.categories)

    def order_categories(self, y: ColumnLike) -> Table:
        """The same table with the categories of each column in the order of their rows' mean ``y`` (numbers), so that a
        split can part any of them that are next to each other in this order. Codes are copied. ``y`` has n_rows numbers."""
        if not self.categories:
            return self
        y = np.asarray(y, np.float64)
        columns = self._columns()
        categories = {}
        for column, values in self.categories.items():
            codes = columns[column]
            known = ~np.isnan(codes)
            numbers = codes[known].astype(np.intp)
            n_rows = np.bincount(numbers, minlength=len(values))
            sums = np.bincount(numbers, y[known], minlength=len(values))
            means = np.where(n_rows > 0, sums / np.maximum(n_rows, 1), np.inf)
            order = np.argsort(means, kind="stable")
            rank = np.empty(len(values), np.float32)
            rank[order] = np.arange(len(values))
            recoded = np.full(len(codes), np.nan, np.float32)
            recoded[known] = rank[numbers]
            columns[column] = recoded
            categories[column] = [values[i] for i in order]
        return Table(columns, self.names, categories)

    def _columns(self) -> list[NDArray[Any]]:
        columns: list[NDArray[Any]] = []
        for block in self.blocks:
            columns += [block] if block.ndim == 1 else list(block.T)
        return columns


def _array(X: NDArray[Any], name: str = "X") -> NDArray[Any]:
    """A two-dimensional array of numbers of this machine, copied only where it is not that already."""
    if X.ndim != 2:
        fix = (
            "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1)"
            " if it contains a single sample."
        )
        raise ValueError(f"Expected 2D array, got {X.ndim}D array instead. {fix}")
    if X.shape[1] == 0:
        raise ValueError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    return _numbers(X, name)


def _numbers(values: NDArray[Any], name: str) -> NDArray[Any]:
    dtype = values.dtype
    if dtype.kind in _KINDS and dtype.itemsize <= 8:
        return values if dtype.isnative else values.astype(dtype.newbyteorder("="))
    if dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} is of the type {dtype}")
    if dtype.kind == "f" or dtype.kind == "O":
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
    if dtype.kind in "SU":
        try:
            return values.astype(np.float64)
        except ValueError as error:
            raise ValueError(f"{name}: dtype='numeric' is not compatible with text: {error}") from None
    raise TypeError(f"{name}: values of the type {dtype} are not numbers")


def _check_categories(categories: Iterable[int], n_features: int) -> None:
    for column in categories:
        if not 0 <= column < n_features:
            raise ValueError(f"categories of column {column}: there are {n_features} columns")


def _code(values: Iterable[Any], texts: Iterable[Any]) -> NDArray[np.float32]:
    """The places of values in a list, as float32; NaN where they are not in it."""
    place = {text: i for i, text in enumerate(texts)}
    return np.array([place.get(value, np.nan) for value in values], np.float32)


def _recode(codes: ArrayLike, present: Iterable[Any], texts: Iterable[Any]) -> NDArray[np.float32]:
    """Codes into ``present`` as codes into ``texts``, as float32; -1 is missing."""
    codes = np.asarray(codes)
    to = np.append(_code(present, texts), np.float32(np.nan))  # what -1 becomes comes last
    return to[codes.astype(np.intp)]


def _names(columns: Iterable[Any]) -> list[str] | None:
    names = list(columns)
    return [str(name) for name in names] if all(isinstance(name, str) for name in names) else None


def _of_pandas(cls: type[Table], frame: Any, categories: Mapping[int, list[Any]]) -> Table:
    if frame.shape[1] == 0:
        raise ValueError(f"Found array with 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
    names = _names(frame.columns)
    _check_categories(categories, frame.shape[1])
    dtypes = list(frame.dtypes)
    first = dtypes[0]
    if not categories and isinstance(first, np.dtype) and first.kind in _KINDS and all(d == first for d in dtypes):
        return cls([_array(frame.to_numpy(copy=False))], names)
    columns: list[NDArray[Any]] = []
    found: dict[int, list[Any]] = {}
    for i, dtype in enumerate(dtypes):
        column = frame.iloc[:, i]
        name = f"column {frame.columns[i]!r}"
        if hasattr(dtype, "categories"):
            present = list(dtype.categories)
            found[i] = categories.get(i, present)
            columns.append(_recode(column.cat.codes.to_numpy(), present, found[i]))
        elif i in categories:
            found[i] = categories[i]
            columns.append(_code(column.tolist(), found[i]))
        elif isinstance(dtype, np.dtype):
            if dtype.kind == "O":
                columns.append(_objects(column.to_numpy(), name))
            else:
                columns.append(_numbers(column.to_numpy(copy=False), name))
        else:
            columns.append(_extension(column, dtype, name))
    return cls(columns, names, found)


def _objects(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    if any(isinstance(value, str) for value in values):
        raise ValueError(f"{name} holds text; make it a category, as with astype('category'), or numbers")
    try:
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
    if numbers.ndim != 1:
        raise ValueError(f"{name} holds lists; a column of numbers was expected")
    return numbers


def _extension(column: Any, dtype: Any, name: str) -> NDArray[np.float64]:
    """pandas' nullable and Arrow types: as float64, missing values as NaN."""
    if getattr(dtype, "kind", "O") not in _KINDS:
        raise ValueError(f"{name} is of the type {dtype}; make it a category, as with astype('category'), or numbers")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _of_dlpack(X: Any) -> NDArray[Any]:
    kind, _ = X.__dlpack_device__()
    if kind in (2, 13):  # CUDA, and CUDA's managed memory
        for copy_to_host in ("get", "cpu"):  # CuPy, PyTorch
            if hasattr(X, copy_to_host):
                host = getattr(X, copy_to_host)()
                return host if isinstance(host, np.ndarray) else np.from_dlpack(host)
        raise TypeError(f"X is a {type(X).__name__} on a GPU that has neither get() nor cpu(): copy it to the host")
    return np.from_dlpack(X)


# -- Arrow

_ARROW_NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8", "e": "f2", "f": "f4", "g": "f8"}


def _of_arrow(cls: type[Table], X: Any, categories: Mapping[int, list[Any]]) -> Table:
    try:
        import nanoarrow
    except ImportError:
        raise ImportError("tables of Arrow need the package nanoarrow: pip install wasm-ml[arrow]") from None
    stream = nanoarrow.c_array_stream(X)
    schema = stream.get_schema()
    if schema.format != "+s":
        raise ValueError(f"X is one Arrow column of the type {schema.format!r}; a table (a struct) was expected")
    names = [schema.child(i).name for i in range(schema.n_children)]
    if not names:
        raise ValueError("Found array with 0 feature(s) while a minimum of 1 is required.")
    _check_categories(categories, len(names))
    chunks = [chunk for chunk in stream if chunk.length > 0] or [nanoarrow.c_array([], schema=schema)]
    columns: list[NDArray[Any]] = []
    found: dict[int, list[Any]] = {}
    for i, name in enumerate(names):
        parts = [_arrow_child(chunk, i) for chunk in chunks]
        name = f"column {name!r}"
        if schema.child(i).dictionary is not None:
            texts = categories.get(i)
            if texts is None:
                values = (text for part in parts for text in _arrow_values(nanoarrow, part.dictionary))
                texts = [text for text in dict.fromkeys(values) if text is not None]
            found[i] = texts
            columns.append(_joined([_arrow_codes(nanoarrow, part, texts) for part in parts]))
        elif i in categories:
            found[i] = categories[i]
            columns.append(_joined([_code(_arrow_values(nanoarrow, part), found[i]) for part in parts]))
        else:
            columns.append(_joined([_arrow_numbers(part, name) for part in parts]))
    return cls(columns, names, found)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _arrow_child(chunk: Any, i: int) -> Any:
    child = chunk.child(i)
    if chunk.offset == 0 and child.length == chunk.length:
        return child
    return child[chunk.offset : chunk.offset + chunk.length]


def _arrow_values(nanoarrow: Any, array: Any) -> list[Any]:
    return nanoarrow.Array(array).to_pylist()


def _arrow_bits(buffer: Any, array: Any) -> NDArray[np.uint8]:
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[array.offset : array.offset + array.length]


def _arrow_valid(array: Any, view: Any) -> NDArray[np.bool_] | None:
    """Which elements have a value; None: all."""
    buffer = view.buffer(0)
    return None if buffer.size_bytes == 0 or array.null_count == 0 else _arrow_bits(buffer, array).view(bool)


def _arrow_plain(array: Any, view: Any) -> NDArray[Any]:
    code = array.schema.format
    if code == "b":
        return _arrow_bits(view.buffer(1), array)
    return np.frombuffer(view.buffer(1), _ARROW_NUMBERS[code])[array.offset : array.offset + array.length]


def _arrow_numbers(array: Any, name: str) -> NDArray[Any]:
    code = array.schema.format
    if code == "n":  # of nothing but missing values
        return np.full(array.length, np.nan, np.float32)
    if code != "b" and code not in _ARROW_NUMBERS:
        raise ValueError(f"{name} is of the Arrow type {code!r}; make it a dictionary or numbers")
    view = array.view()
    values = _arrow_plain(array, view)
    valid = _arrow_valid(array, view)
    return values if valid is None else np.where(valid, values.astype(np.float64), np.nan)


def _arrow_codes(nanoarrow: Any, array: Any, texts: Iterable[Any]) -> NDArray[np.float32]:
    view = array.view()
    codes = _arrow_plain(array, view).astype(np.intp)
    valid = _arrow_valid(array, view)
    if valid is not None:
        codes = np.where(valid, codes, -1)
    return _recode(codes, _arrow_values(nanoarrow, array.dictionary), texts)
