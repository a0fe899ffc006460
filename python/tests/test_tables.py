"""Tables: whatever holds the same values, of any type and layout, grows the same forest and gets the same
predictions."""

import datetime
import decimal
import sys

import numpy as np
import pytest

from wasm_ml._engine import Device, Forest, Growth
from wasm_ml._tables import Table

CPU = Device(backend="cpu", threads=1)
GROWTH = Growth(n_trees=4, max_features=2, seed=7)
N_ROWS, N_FEATURES = 61, 4

# Whole numbers that every numeric type holds, so that no conversion can round them.
VALUES = np.random.default_rng(3).integers(0, 100, (N_ROWS, N_FEATURES)).astype(np.float32)
Y = (VALUES[:, 0] * 3 - VALUES[:, 1] + VALUES[:, 2] % 7).astype(np.float64)


def with_holes(values=VALUES):
    holes = values.copy()
    holes[::5, 1] = np.nan
    holes[3::7, 2] = np.nan
    return holes


def grow(X, y=Y):
    return Forest.grow(X, y, GROWTH, device=CPU)


@pytest.fixture(scope="module")
def plain():
    return grow(VALUES)


@pytest.fixture(scope="module")
def holed():
    return grow(with_holes())


def assert_same(X, forest, values=VALUES):
    """X grows `forest`, which was grown from `values`, and gets its predictions: all rows, and a row alone."""
    assert np.array_equal(grow(X).nodes(), forest.nodes())
    assert np.array_equal(forest.predict(X), forest.predict(values))
    assert np.array_equal(forest.predict(X, "leaves"), forest.predict(values, "leaves"))
    assert np.array_equal(forest.predict(X[:1]), forest.predict(values[:1]))


# --- NumPy


@pytest.mark.parametrize("dtype", "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 >f2 >f4 >f8 >i2 >i4 >i8 >u2 >u4 >u8".split())
@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_types(dtype, order, plain):
    assert_same(np.array(VALUES, dtype=dtype, order=order), plain)


def test_numpy_bool():
    bits = VALUES > 40
    assert_same(bits, grow(bits.astype(np.float32)), bits.astype(np.float32))


def test_numpy_longdouble(plain):
    assert_same(VALUES.astype(np.longdouble), plain)


def strided(values):
    room = np.full((2 * N_ROWS, 3 * N_FEATURES), 99, values.dtype)
    room[::2, ::3] = values
    return room[::2, ::3]


def unaligned(values):
    room = np.zeros(values.nbytes + 1, np.uint8)
    view = room[1:].view(values.dtype).reshape(values.shape)
    view[:] = values
    assert not view.flags.aligned
    return view


def read_only(values):
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def field_of_records(values):
    records = np.zeros(N_ROWS, [("id", "u1"), ("x", values.dtype, (N_FEATURES,))])
    records["x"] = values
    return records["x"]  # rows 1 + 4 * itemsize bytes apart, unaligned


LAYOUTS = {
    "strided": strided,
    "rows backwards": lambda values: values[::-1].copy()[::-1],
    "columns backwards": lambda values: values[:, ::-1].copy()[:, ::-1],
    "both backwards, Fortran": lambda values: np.asfortranarray(values[::-1, ::-1])[::-1, ::-1],
    "read-only": read_only,
    "read-only, Fortran": lambda values: read_only(np.asfortranarray(values)),
    "unaligned": unaligned,
    "field of records": field_of_records,
    "middle of a larger one": lambda values: np.pad(values, ((3, 2), (1, 5)))[3:-2, 1:-5],
    "subclass": lambda values: values.view(type("Sub", (np.ndarray,), {})),
}


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", ">f8"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_numpy_layouts(layout, dtype, plain):
    X = LAYOUTS[layout](VALUES.astype(dtype))
    before = X.copy()
    assert_same(X, plain)
    assert np.array_equal(X, before)


@pytest.mark.parametrize("axis", [0, 1])
def test_numpy_broadcast(axis):
    part = VALUES[:1] if axis == 0 else VALUES[:, :1]
    X = np.broadcast_to(part, VALUES.shape)
    assert 0 in X.strides
    values = X.copy()
    assert_same(X, grow(values), values)


def test_missing_values_and_rounding(holed):
    for dtype in "f2", "f4", "f8", ">f4":
        assert_same(with_holes().astype(dtype), holed, with_holes())
    fine = VALUES.astype(np.float64) + 1e-9  # not a float32
    assert_same(fine, grow(fine.astype(np.float32)), fine.astype(np.float32))
    large = np.array(VALUES, np.int64) * (2**55 + 12345)
    assert_same(large, grow(large.astype(np.float32)), large.astype(np.float32))


def test_table_of_numpy():
    table = Table.of(VALUES)
    assert (table.n_rows, table.n_features) == VALUES.shape
    assert table.names is None
    assert not table.categories


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 33])
def test_few_rows(rows, plain):
    expected = plain.predict(VALUES)[:rows]
    for layout in LAYOUTS.values():
        assert np.array_equal(plain.predict(layout(VALUES.astype("f8"))[:rows]), expected)


@pytest.mark.parametrize(
    "y",
    [Y.astype("f4"), Y.astype(">f8"), Y.astype("i4"), np.repeat(Y, 2)[::2], Y[::-1].copy()[::-1], read_only(Y)],
    ids=["f4", ">f8", "i4", "strided", "backwards", "read-only"],
)
def test_targets(y, plain):
    assert np.array_equal(grow(VALUES, y).nodes(), plain.nodes())


# --- nested lists


def test_lists(plain):
    assert_same(VALUES.tolist(), plain)
    assert_same([tuple(int(value) for value in row) for row in VALUES], plain)
    assert_same(list(VALUES), plain)  # of arrays


# --- DLPack


class OnlyDlpack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __getitem__(self, rows):
        return OnlyDlpack(self.array[rows])


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_dlpack(dtype, plain):
    assert_same(OnlyDlpack(VALUES.astype(dtype)), plain)
    assert_same(OnlyDlpack(np.asfortranarray(VALUES.astype(dtype))), plain)
    assert_same(OnlyDlpack(strided(VALUES.astype(dtype))), plain)


# --- pandas


@pytest.fixture(scope="module")
def pd():
    return pytest.importorskip("pandas")


NAMES = ["a", "b", "c", "d"]


def test_pandas_plain(pd, plain):
    frame = pd.DataFrame(VALUES, columns=NAMES)
    assert_same(frame, plain)
    assert_same(frame.astype("float64"), plain)
    assert_same(frame.astype("uint8"), plain)
    assert_same(frame.iloc[::-1].iloc[::-1], plain)
    assert_same(pd.concat([frame[["a", "b"]].astype("i4"), frame[["c", "d"]]], axis=1), plain)
    table = Table.of(frame)
    assert (table.n_rows, table.n_features, table.names) == (N_ROWS, N_FEATURES, NAMES)


def test_pandas_ignores_the_index(pd, plain):
    frame = pd.DataFrame(VALUES, columns=NAMES, index=[f"row {i}" for i in range(N_ROWS)])
    assert_same(frame, plain)
    assert_same(frame.set_axis(np.arange(N_ROWS) % 3), plain)


def test_pandas_names_that_are_no_texts(pd):
    assert Table.of(pd.DataFrame(VALUES)).names is None


def test_pandas_columns_of_one_name(pd, plain):
    assert_same(pd.DataFrame(VALUES, columns=["a", "a", "b", "b"]), plain)


def test_pandas_mixed_blocks(pd, plain):
    frame = pd.DataFrame(
        {
            "a": VALUES[:, 0].astype("f8"),
            "b": VALUES[:, 1].astype("i2"),
            "c": VALUES[:, 2].astype("f4"),
            "d": VALUES[:, 3].astype("i8"),
        }
    )
    assert_same(frame, plain)
    frame.insert(0, "z", frame.pop("a"))  # its place in the frame is not its place in the block
    assert_same(frame, plain)


def test_pandas_bool(pd):
    bits = VALUES > 40
    values = bits.astype(np.float32)
    assert_same(pd.DataFrame(bits), grow(values), values)
    mixed = pd.DataFrame(VALUES, columns=NAMES).assign(c=bits[:, 2])
    values = VALUES.copy()
    values[:, 2] = bits[:, 2]
    assert_same(mixed, grow(values), values)


@pytest.mark.parametrize("dtype", "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64".split())
def test_pandas_nullable(dtype, pd, plain, holed):
    assert_same(pd.DataFrame(VALUES, columns=NAMES).astype(dtype), plain)
    assert_same(pd.DataFrame(with_holes(), columns=NAMES).astype(dtype), holed, with_holes())


def test_pandas_nullable_bool(pd):
    values = (VALUES > 40).astype(np.float32)
    values[::4, 1] = np.nan
    frame = pd.DataFrame(values).astype("boolean")
    assert frame.isna().sum().sum() == len(values[::4])
    assert_same(frame, grow(values), values)


def test_pandas_arrow_types(pd, plain, holed):
    pytest.importorskip("pyarrow")
    assert_same(pd.DataFrame(VALUES, columns=NAMES).astype("int32[pyarrow]"), plain)
    assert_same(pd.DataFrame(with_holes(), columns=NAMES).astype("double[pyarrow]"), holed, with_holes())


def test_pandas_missing(pd, holed):
    frame = pd.DataFrame(with_holes(), columns=NAMES)
    assert_same(frame, holed, with_holes())
    assert_same(frame.assign(a=frame["a"].astype("i4"), c=frame["c"].astype("Int16")), holed, with_holes())


WORDS = ["red", "green", "blue"]
CODES = (VALUES[:, 1] % 3).astype(np.int64)


def coded(codes=CODES):
    values = VALUES.copy()
    values[:, 1] = codes
    return values


def coloured(pd, codes=CODES, words=WORDS):
    return pd.DataFrame(VALUES, columns=NAMES).assign(b=pd.Categorical.from_codes(codes, words))


def test_pandas_categories(pd):
    assert_same(coloured(pd), grow(coded()), coded())
    table = Table.of(coloured(pd))
    assert {column: list(values) for column, values in table.categories.items()} == {1: WORDS}


def test_pandas_categories_missing(pd):
    codes = np.where(VALUES[:, 0] < 20, -1, CODES)
    values = coded(np.where(codes < 0, np.nan, codes))
    assert_same(coloured(pd, codes), grow(values), values)


def test_pandas_categories_of_numbers(pd):
    frame = pd.DataFrame(VALUES, columns=NAMES).assign(b=pd.Categorical.from_codes(CODES, [10, 20, 5]))
    assert_same(frame, grow(coded()), coded())
    assert list(Table.of(frame).categories[1]) == [10, 20, 5]


def test_pandas_many_categories(pd):
    words = [f"word {i}" for i in range(300)]  # codes of 16 bits
    codes = np.arange(N_ROWS) * 4 + 3
    assert_same(coloured(pd, codes, words), grow(coded(codes)), coded(codes))


def test_categories_of_the_training(pd):
    forest = grow(coded())
    # The same words in another order and with one that the training did not have, which is missing.
    words = ["blue", "violet", "red", "green"]
    codes = np.array([words.index(WORDS[code]) for code in CODES])
    table = Table.of(coloured(pd, codes, words), categories={1: WORDS})
    assert np.array_equal(forest.predict(table), forest.predict(coded()))
    codes[::3] = 1
    table = Table.of(coloured(pd, codes, words), categories={1: WORDS})
    expected = coded(np.where(np.arange(N_ROWS) % 3 == 0, np.nan, CODES))
    assert np.array_equal(forest.predict(table), forest.predict(expected))


# --- Arrow


@pytest.fixture(scope="module")
def pa():
    return pytest.importorskip("pyarrow")


class OnlyStream:
    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)

    def __getitem__(self, rows):
        return OnlyStream(self.table[rows])


class OnlyArray:
    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)

    def __getitem__(self, rows):
        return OnlyArray(self.batch[rows])


def arrow(pa, values=VALUES, dtype="float32"):
    columns = [
        pa.array([None if np.isnan(value) else value for value in column.tolist()], "float64").cast(dtype)
        for column in values.T
    ]
    return pa.table(columns, NAMES)


@pytest.mark.parametrize("dtype", "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split())
def test_arrow_types(dtype, pa, plain, holed):
    table = arrow(pa, VALUES, dtype)
    assert_same(table, plain)
    assert_same(OnlyStream(table), plain)
    assert_same(OnlyArray(table.to_batches()[0]), plain)
    assert_same(arrow(pa, with_holes(), dtype), holed, with_holes())
    assert Table.of(table).names == NAMES


def test_arrow_half(pa, plain):
    columns = [pa.array(column.astype(np.float16)) for column in VALUES.T]
    assert_same(pa.table(columns, NAMES), plain)


def test_arrow_bool(pa):
    bits = VALUES > 40
    values = bits.astype(np.float32)
    table = pa.table([pa.array(column) for column in bits.T], NAMES)
    assert_same(table, grow(values), values)
    values = values[5:]
    assert np.array_equal(grow(table[5:], Y[5:]).nodes(), grow(values, Y[5:]).nodes())  # bits that begin within a byte
    values[::4, 1] = np.nan
    columns = [[None if np.isnan(value) else bool(value) for value in column] for column in values.T]
    assert np.array_equal(grow(pa.table(columns, NAMES), Y[5:]).nodes(), grow(values, Y[5:]).nodes())


@pytest.mark.parametrize("chunks", [[20, 41], [1] * N_ROWS, [0, 30, 0, 31, 0]], ids=["two", "rows", "empty ones"])
def test_arrow_chunks(chunks, pa, plain, holed):
    for values, forest in (VALUES, plain), (with_holes(), holed):
        table = arrow(pa, values)
        ends = np.cumsum([0, *chunks])
        parts = [table.slice(begin, end - begin) for begin, end in zip(ends, ends[1:])]
        chunked = pa.concat_tables(parts)
        assert chunked.column(0).num_chunks >= 2
        assert_same(chunked, forest, values)
        assert_same(OnlyStream(chunked), forest, values)


def test_arrow_slices(pa, plain):
    padded = np.concatenate(
        [np.full((3, N_FEATURES), 77, np.float32), VALUES, np.full((2, N_FEATURES), 55, np.float32)]
    )
    assert_same(arrow(pa, padded)[3:-2], plain)
    padded[1] = padded[-1] = np.nan  # missing values, but not in the slice
    assert_same(arrow(pa, padded)[3:-2], plain)


@pytest.mark.parametrize("index", ["int8", "int16", "int32", "int64", "uint8", "uint32"])
def test_arrow_dictionaries(index, pa):
    codes = [None if VALUES[i, 0] < 20 else int(CODES[i]) for i in range(N_ROWS)]
    column = pa.DictionaryArray.from_arrays(pa.array(codes, index), pa.array(WORDS))
    table = arrow(pa).set_column(1, "b", column)
    values = coded([np.nan if code is None else code for code in codes])
    assert_same(table, grow(values), values)
    assert {at: list(words) for at, words in Table.of(table).categories.items()} == {1: WORDS}


def test_arrow_dictionaries_that_differ_by_chunk(pa):
    words = np.array(WORDS)[CODES]
    orders = [["red", "green", "blue"], ["blue", "red", "green"]]
    columns = [
        pa.DictionaryArray.from_arrays([order.index(word) for word in part], order)
        for order, part in zip(orders, (words[:30], words[30:]))
    ]
    halves = slice(30), slice(30, None)
    parts = [arrow(pa, VALUES[rows]).set_column(1, "b", column) for rows, column in zip(halves, columns)]
    table = Table.of(pa.concat_tables(parts), categories={1: WORDS})
    forest = grow(coded())
    assert np.array_equal(forest.predict(table), forest.predict(coded()))


def test_arrow_columns_without_values(pa):
    values = VALUES.copy()
    values[:, 3] = np.nan
    table = arrow(pa)
    assert_same(table.set_column(3, "d", pa.nulls(N_ROWS, "float32")), grow(values), values)
    assert_same(table.set_column(3, "d", pa.nulls(N_ROWS)), grow(values), values)


def test_arrow_dictionaries_with_nulls_among_their_values(pa):
    column = pa.DictionaryArray.from_arrays(pa.array(CODES, "int8"), pa.array(["red", None, "blue"]))
    table = Table.of(arrow(pa).set_column(1, "b", column))
    assert {at: list(words) for at, words in table.categories.items()} == {1: ["red", "blue"]}
    values = coded(np.array([0, np.nan, 1])[CODES])
    assert np.array_equal(grow(table).nodes(), grow(values).nodes())


def test_polars(plain, holed):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({name: column for name, column in zip(NAMES, VALUES.T)})
    assert_same(frame, plain)
    assert Table.of(frame).names == NAMES
    for dtype in pl.Float64, pl.Int8, pl.Int64, pl.UInt8, pl.UInt32:
        assert_same(frame.cast(dtype), plain)
    nulls = pl.DataFrame(
        {
            name: [None if np.isnan(value) else value for value in column.tolist()]
            for name, column in zip(NAMES, with_holes().T)
        }
    )
    assert_same(nulls, holed, with_holes())
    assert_same(nulls.fill_null(float("nan")), holed, with_holes())
    assert_same(pl.concat([frame[:20], frame[20:]], rechunk=False), plain)


def test_polars_columns_without_values():
    pl = pytest.importorskip("polars")
    values = VALUES.copy()
    values[:, 3] = np.nan
    frame = pl.DataFrame({name: column for name, column in zip(NAMES, VALUES.T)}).with_columns(d=pl.lit(None))
    assert_same(frame, grow(values), values)


def test_polars_categories():
    pl = pytest.importorskip("polars")
    words = [WORDS[code] for code in CODES]
    frame = pl.DataFrame({name: column for name, column in zip(NAMES, VALUES.T)})
    enum = frame.with_columns(b=pl.Series(words, dtype=pl.Enum(WORDS)))
    assert_same(enum, grow(coded()), coded())
    assert list(Table.of(enum).categories[1]) == WORDS
    # A Categorical has its own order; that of the training decides.
    table = Table.of(frame.with_columns(b=pl.Series(words, dtype=pl.Categorical)), categories={1: WORDS})
    forest = grow(coded())
    assert np.array_equal(forest.predict(table), forest.predict(coded()))


# --- what is no table


@pytest.mark.parametrize(
    "X",
    [VALUES[:, 0], VALUES[:, :, None], np.float32(3), VALUES[:0], VALUES[:, :0], [], [[]], [[1.0, 2.0], [3.0]]],
    ids=["1-D", "3-D", "a number", "no rows", "no columns", "no lists", "an empty list", "ragged lists"],
)
def test_wrong_shapes(X):
    with pytest.raises(ValueError):
        Forest.grow(X, Y[:2], GROWTH, device=CPU)


def test_wrong_lengths(plain):
    with pytest.raises(ValueError):
        grow(VALUES, Y[:-1])
    with pytest.raises(ValueError):
        grow(VALUES[:-1])
    with pytest.raises(ValueError, match=r"\b3\b.*\b4\b|\b4\b.*\b3\b"):
        plain.predict(VALUES[:, :3])


@pytest.mark.parametrize(
    "X",
    [
        None,
        "text",
        b"bytes",
        object(),
        {"a": [1]},
        VALUES.astype(np.complex64),
        np.full(VALUES.shape, "one"),
        np.zeros(VALUES.shape, "M8[s]"),
        np.zeros(VALUES.shape, "V3"),
    ],
    ids=["None", "text", "bytes", "object", "dict", "complex", "texts", "dates", "void"],
)
def test_wrong_types(X):
    with pytest.raises((TypeError, ValueError)):
        grow(X)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values(value):
    X = VALUES.copy()
    X[17, 2] = value
    with pytest.raises(ValueError, match=r"(?s)(?=.*\b2\b)(?=.*\b17\b)"):
        grow(X)
    X = VALUES.astype(np.float64)
    X[17, 2] = np.sign(value) * 1e300  # infinite as a float32
    with pytest.raises(ValueError, match=r"(?s)(?=.*\b2\b)(?=.*\b17\b)"):
        grow(X)


def odd_columns(pd):
    n = N_ROWS
    yield "text", pd.Series(["red", "green"] * n, dtype=object)[:n]
    yield "text among numbers", pd.Series([1.0] * (n - 1) + ["one"], dtype=object)
    yield "date", pd.Series(pd.date_range("2020-01-01", periods=n))
    yield "span", pd.Series(pd.to_timedelta(np.arange(n), "s"))
    yield "complex", pd.Series(np.arange(n) * 1j)
    yield "list", pd.Series([[1, 2]] * n)
    yield "uneven lists", pd.Series([[1], [1, 2]] * n)[:n]
    yield "object", pd.Series([object()] * n)
    yield "interval", pd.Series(pd.interval_range(0, n))
    yield "period", pd.Series(pd.period_range("2020-01", periods=n, freq="M"))


def test_pandas_errors_name_the_column(pd):
    for what, column in odd_columns(pd):
        frame = pd.DataFrame(VALUES, columns=NAMES).assign(weight=column.array)
        try:
            grow(frame)
        except (TypeError, ValueError) as error:
            assert "weight" in str(error), what
        else:
            pytest.fail(f"{what}: no error")


def test_pandas_errors_of_values_name_the_column(pd):
    frame = pd.DataFrame(VALUES, columns=NAMES)
    frame.loc[9, "c"] = np.inf
    with pytest.raises(ValueError, match=r"\bc\b|\b2\b"):
        grow(frame)


def test_arrow_errors_name_the_column(pa):
    n = N_ROWS
    for value in (
        "red",
        b"x",
        [1.0],
        {"u": 1},
        datetime.date(2020, 1, 1),
        datetime.datetime(2020, 1, 1),
        decimal.Decimal("1.5"),
    ):
        with pytest.raises((TypeError, ValueError), match="weight"):
            grow(arrow(pa).append_column("weight", pa.array([value] * n)))


def test_polars_errors_name_the_column():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({name: column for name, column in zip(NAMES, VALUES.T)})
    for column in (
        pl.Series(["red"] * N_ROWS),
        pl.Series([1] * N_ROWS, dtype=pl.Int128),
        pl.Series([[1.0]] * N_ROWS),
        pl.Series([datetime.date(2020, 1, 1)] * N_ROWS),
    ):
        with pytest.raises((TypeError, ValueError), match="weight"):
            grow(frame.with_columns(weight=column))


def test_texts_as_categories_of_the_training(pd):
    """Where the training says what a column's categories are, plain texts are taken for them."""
    forest = grow(coded())
    frame = pd.DataFrame(VALUES, columns=NAMES).astype({"b": object})
    frame["b"] = np.array([WORDS[code] for code in CODES], object)
    assert np.array_equal(forest.predict(Table.of(frame, categories={1: WORDS})), forest.predict(coded()))
    with pytest.raises((TypeError, ValueError), match="'?b'?"):
        Table.of(frame)
    with pytest.raises(ValueError, match="4"):
        Table.of(frame, categories={4: WORDS})


def test_sources_may_go_away(plain):
    """A table keeps what it reads alive."""
    expected = plain.predict(VALUES)
    tables = [Table.of(VALUES.astype("f8") + 0), Table.of(VALUES.tolist())]
    for module, make in (
        ("pandas", lambda m: m.DataFrame(VALUES + 0)),
        ("pyarrow", lambda m: m.table([m.array(column + 0) for column in VALUES.T], NAMES)),
    ):
        if module in sys.modules:
            tables.append(Table.of(make(sys.modules[module])))
    garbage = [np.full(VALUES.shape, 5.0) for _ in range(50)]
    for table in tables:
        assert np.array_equal(plain.predict(table), expected)
    del garbage
