"""Named columns become what a naive encoder makes of them."""

import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.signature import Input, Kind
from serving.encode import Encoder
from serving.errors import Refused

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
LIMIT = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
numbers = st.none() | st.integers(-(2**70), 2**70) | st.floats(-LIMIT, LIMIT)
words = st.none() | st.sampled_from(["a", "b", "c", "类", ""]) | st.text("abcx类é ", max_size=3)


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=5))
    categories = st.lists(st.sampled_from(["a", "b", "c", "类", ""]), unique=True, max_size=5).map(tuple)
    inputs = [
        Input(name=f"c{n}", kind=k, categories=draw(categories) if k is Kind.CATEGORY else ())
        for n, k in enumerate(kinds)
    ]
    row = st.fixed_dictionaries({i.name: numbers if i.kind is Kind.NUMBER else words for i in inputs})
    return inputs, draw(st.lists(row, min_size=1, max_size=6))


def naive(inputs, rows):
    matrix, unknown = [], {}
    for row in rows:
        cells = []
        for item in inputs:
            value = row[item.name]
            if item.kind is Kind.NUMBER:
                cells.append(math.nan if value is None else struct.unpack("<f", struct.pack("<f", value))[0])
            elif value in item.categories:
                cells.append(float(item.categories.index(value)))
            else:
                cells.append(-1.0)
                if value is not None:
                    unknown[item.name] = unknown.get(item.name, 0) + 1
        matrix.append(cells)
    return matrix, unknown


@RELAXED
@given(tables())
def test_equals_a_naive_encoder(table):
    inputs, rows = table
    before = [dict(row) for row in rows]
    encoder = Encoder(inputs)
    expected, unknown = naive(inputs, rows)
    columns = {i.name: [row[i.name] for row in rows] for i in inputs}
    for matrix, missed in (encoder.rows(rows), encoder.columns(columns)):
        assert matrix.dtype == np.float32 and matrix.flags.c_contiguous
        np.testing.assert_array_equal(matrix, np.array(expected, dtype=np.float32))
        assert missed == unknown
    assert rows == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("abcx类 ", max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["rows", "columns", "n", "k"]), inner),
    max_leaves=12,
)


@RELAXED
@given(json_values)
def test_any_json_is_encoded_or_refused(body):
    encoder = Encoder([Input(name="n", kind=Kind.NUMBER), Input(name="k", kind=Kind.CATEGORY, categories=("a",))])
    try:
        matrix, _ = encoder.body(body)
    except Refused as error:
        assert error.status == 422 and error.message
    else:
        assert matrix.shape[1] == 2 and not np.isinf(matrix).any()


@pytest.mark.parametrize("value", [1e39, -1e39, 10**400])
def test_beyond_float32(value):
    with pytest.raises(Refused, match="column 'n'"):
        Encoder([Input(name="n", kind=Kind.NUMBER)]).rows([{"n": 1}, {"n": value}])
