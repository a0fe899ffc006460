#!/usr/bin/env python3
"""Regenerates data/diabetes_train.csv and data/diabetes_test.csv.

Needs scikit-learn. The split is the one that the benchmark pins:
train_test_split(test_size=0.2, random_state=42), 353 and 89 rows. Every number
is written so that it reads back as exactly the same f32.

    python3 scripts/make-diabetes-csv.py [FOLDER]     (default: data/)
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


def write_csv(path, names, features, target):
    rows = np.column_stack([features, target]).astype(np.float32)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(",".join(names) + "\n")
        for row in rows:
            # str of an np.float32 is the shortest text that reads back as the same f32.
            file.write(",".join(str(value) for value in row) + "\n")
    print(f"{path}: {rows.shape[0]} rows, {rows.shape[1]} columns")


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "data"
    data = load_diabetes()
    names = [*data.feature_names, "target"]
    x_train, x_test, y_train, y_test = train_test_split(data.data, data.target, test_size=0.2, random_state=42)
    write_csv(folder / "diabetes_train.csv", names, x_train, y_train)
    write_csv(folder / "diabetes_test.csv", names, x_test, y_test)


if __name__ == "__main__":
    main()
