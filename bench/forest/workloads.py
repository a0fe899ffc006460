"""What the forests are trained on: made-up tables, and how each forest is grown."""

import dataclasses
import json
import math
import pathlib

import numpy as np

TEST_ROWS = 25_000


def friedman(rows, seed=0):
    random = np.random.default_rng(seed)
    x = random.random((rows, 10), dtype=np.float32)
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, y + random.standard_normal(rows)


def correlated(rows, features=90):
    """Sums of few hidden numbers, with noise, as audio features are; the target is not linear in them."""
    random = np.random.default_rng(0)
    hidden = random.standard_normal((rows, 12), dtype=np.float32)
    x = hidden @ random.standard_normal((12, features), dtype=np.float32)
    x += random.standard_normal(x.shape, dtype=np.float32)
    y = hidden[:, 0] * hidden[:, 1] + 2 * np.abs(hidden[:, 2]) + hidden[:, 3] + np.sin(2 * hidden[:, 4])
    return x, y + 0.5 * random.standard_normal(rows)


def diabetes():
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(x))
    return x[order], y[order]


def clusters(rows, features, classes):
    from sklearn.datasets import make_classification

    return make_classification(
        rows,
        features,
        n_informative=features // 2,
        n_redundant=features // 4,
        n_classes=classes,
        flip_y=0.05,
        class_sep=0.8,
        random_state=0,
    )


def higgs(rows):
    """Momenta, angles and tags of which seven more columns are computed; the classes overlap."""
    random = np.random.default_rng(0)
    momenta = random.exponential(1, (rows, 9))
    angles = random.uniform(-math.pi, math.pi, (rows, 8))
    tags = random.choice([0, 1.09, 2.17], (rows, 4))
    masses = [
        np.sqrt(2 * momenta[:, i] * momenta[:, i + 1] * (1 - np.cos(angles[:, i] - angles[:, i + 1]))) for i in range(7)
    ]
    x = np.column_stack([momenta, angles, tags, *masses])
    signal = np.exp(-2 * (masses[0] - 1) ** 2) + np.exp(-2 * (masses[2] - 1.3) ** 2) + 0.3 * tags[:, 0]
    signal += 0.5 * (masses[4] > masses[5])
    return x, random.random(rows) < 1 / (1 + np.exp(-3 * (signal - np.median(signal))))


def airline(rows):
    """Year, month, day, weekday, minute of departure, carrier, origin, flight: whole numbers, up to 7400."""
    random = np.random.default_rng(0)
    sizes = [22, 12, 31, 7, 1440, 24, 340, 7400]
    x = np.column_stack([random.integers(0, size, rows) for size in sizes])
    x[:, 6] = (340 * random.random(rows) ** 2).astype(int)  # most from few airports
    effects = [random.standard_normal(size) for size in sizes]
    late = 1.5 * (x[:, 4] / 1440 - 0.5) + 0.5 * effects[5][x[:, 5]] + 0.7 * effects[6][x[:, 6]]
    late += 0.4 * effects[7][x[:, 7]] + 0.4 * effects[1][x[:, 1]] * effects[6][x[:, 6]] + 0.3 * effects[3][x[:, 3]]
    return x, late + random.logistic(0, 0.7, rows) > 0.5


def covertype(rows):
    """10 numbers; which of 4 areas and 40 soils, as 44 columns of zeros and ones; 7 classes, not equally likely."""
    random = np.random.default_rng(0)
    numbers = np.round(random.normal(0, 100, (rows, 10)) + 300)
    area = random.integers(0, 4, rows)
    soil = (40 * random.random(rows) ** 2).astype(int)
    x = np.column_stack([numbers, area[:, None] == np.arange(4), soil[:, None] == np.arange(40)])
    scores = np.tanh((numbers - 300) / 100) @ random.standard_normal((10, 7)) + np.array([2.5, 3, 1, -1, 0, 0.5, 0.5])
    scores += random.standard_normal((4, 7))[area] + random.standard_normal((40, 7))[soil]
    scores += ((numbers[:, 0] // 25 % 2) * 2)[:, None] * random.standard_normal(7)
    return x, (scores + random.gumbel(0, 0.5, scores.shape)).argmax(1)


@dataclasses.dataclass(frozen=True)
class Workload:
    data: callable  # of the number of rows
    rows: int  # to train with
    mtry: str  # all, sqrt or third of the features
    depth: int  # 0: any
    trees: int
    classes: int = 0  # 0: regression
    required: float = 0  # times the speed of the fastest peer; 0: as regressions or classifications in general
    large: bool = False  # takes minutes
    checks: tuple = ()


WORKLOADS = {
    "diabetes": Workload(lambda _: diabetes(), 353, "all", 16, 200, required=2, checks=("calls", "sandbox")),
    "friedman_100k": Workload(friedman, 100_000, "all", 16, 100, checks=("calls", "sandbox", "threads", "rows")),
    "friedman_100k_third": Workload(friedman, 100_000, "third", 0, 100),
    "friedman_100k_shallow": Workload(friedman, 100_000, "third", 8, 100),
    "class_100k": Workload(
        lambda n: clusters(n, 40, 2), 100_000, "sqrt", 16, 100, 2, checks=("calls", "sandbox", "threads")
    ),
    "class_100k_shallow": Workload(lambda n: clusters(n, 40, 2), 100_000, "sqrt", 8, 100, 2),
    "wide_20k": Workload(lambda n: clusters(n, 400, 5), 20_000, "sqrt", 16, 100, 5),
    "friedman_1m": Workload(friedman, 1_000_000, "all", 16, 30, large=True),
    "regression_500k": Workload(correlated, 500_000, "third", 16, 30, large=True),
    "higgs_500k": Workload(higgs, 500_000, "sqrt", 16, 30, 2, large=True),
    "airline_1m": Workload(airline, 1_000_000, "sqrt", 0, 30, 2, large=True),
    "covertype_580k": Workload(covertype, 580_000, "third", 0, 30, 7, large=True),
}


def required_ratio(workload):
    return workload.required or (1.8 if workload.classes else 2.5)


def write_task(folder, workload, rows=None):
    """Writes a table and its task into a folder: the first `rows` rows are to train with, the others to test."""
    rows = rows or workload.rows
    x, y = workload.data(rows + TEST_ROWS)
    x, y = np.ascontiguousarray(x, np.float32), np.asarray(y, np.float32)
    features = x.shape[1]
    mtry = {"all": features, "sqrt": int(math.sqrt(features)), "third": features // 3}[workload.mtry]
    folder = pathlib.Path(folder)
    for name, part in (("train", slice(rows)), ("test", slice(rows, None))):
        x[part].tofile(folder / f"{name}_x.f32")
        y[part].tofile(folder / f"{name}_y.f32")
    task = dict(
        rows=rows,
        test_rows=len(x) - rows,
        features=features,
        classes=workload.classes,
        trees=workload.trees,
        depth=workload.depth,
        mtry=max(1, mtry),
    )
    (folder / "task.json").write_text(json.dumps(task))
    return task


class Task:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.__dict__.update(json.loads((folder / "task.json").read_text()))
        read = lambda name: np.fromfile(folder / name, np.float32)
        self.x, self.y = read("train_x.f32").reshape(-1, self.features), read("train_y.f32")
        self.test_x, self.test_y = read("test_x.f32").reshape(-1, self.features), read("test_y.f32")

    def score(self, predictions):
        """R2 of a regression, else accuracy. Predictions are numbers, or a probability for each class."""
        predictions = np.asarray(predictions, np.float64)
        if not self.classes:
            errors = predictions.ravel() - self.test_y
            return float(1 - (errors**2).sum() / ((self.test_y - self.test_y.mean()) ** 2).sum())
        if predictions.ndim == 1:  # of the second of two
            predictions = np.column_stack([1 - predictions, predictions])
        return float((predictions.argmax(1) == self.test_y).mean())
