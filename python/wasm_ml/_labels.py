"""Labels and categories, which model files keep as texts, and what the texts stand for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np


def labels_to_texts(labels: Iterable[Any]) -> list[str]:
    """Labels as a model file keeps them, and as labels_from_texts reads them: text that looks like something else is
    put into double quotes."""
    labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
    types = {type(label) for label in labels}
    if types == {int, float}:
        return [repr(float(label)) for label in labels]
    if types == {str}:
        is_plain = "" not in labels and labels_from_texts(labels) == labels
        return labels if is_plain else [json.dumps(label, ensure_ascii=False) for label in labels]
    return [repr(label) if isinstance(label, (bool, int, float)) else str(label) for label in labels]


def labels_from_texts(texts: list[str]) -> list[Any]:
    """Booleans, whole numbers, floats or quoted text, where all of the texts are written like that; else the texts."""
    if all(text in ("False", "True") for text in texts):
        return [text == "True" for text in texts]
    for read, write in ((int, repr), (float, repr), (_unquoted, lambda text: json.dumps(text, ensure_ascii=False))):
        try:
            labels = [read(text) for text in texts]
            if [write(label) for label in labels] == list(texts):
                return labels
        except (ValueError, RecursionError):
            pass
    return list(texts)


def _unquoted(text: str) -> str:
    value = json.loads(text) if text.startswith('"') else None
    if not isinstance(value, str):
        raise ValueError(text)
    return value
