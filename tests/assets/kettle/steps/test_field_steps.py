"""Splitting, joining, nulls, mapping, sequences, checksums, samples and the steps that describe rows."""

import hashlib
import zlib
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid


def made(fields: dict[str, str], rows: list[tuple[Any, ...]], kind: str, options: Any = (), **tags: str) -> Flow:
    return Flow().step("in", "DataGrid", grid(fields, rows)).step("x", kind, options, **tags).hop("in", "x")


def named(*fields: dict[str, str], path: str = "fields", item: str = "field") -> list[Any]:
    return [(path, [(item, list(f.items())) for f in fields])]


def test_split_to_fields_by_position_and_id() -> None:
    parts = named({"name": "a", "type": "String"}, {"name": "n", "type": "Integer"})
    done = made(
        {"k": "Integer", "s": "String"},
        [(1, "x,2,9"), (2, "y"), (3, None)],
        "FieldSplitter",
        parts,
        splitfield="s",
        delimiter=",",
    ).run()
    assert done.rows("x") == [(1, "x", 2), (2, "y", None), (3, None, None)]
    ids = named({"name": "b", "type": "String", "id": "b=", "idrem": "Y"}, {"name": "a", "type": "String", "id": "a="})
    done = made({"s": "String"}, [("a=1;b=2",)], "FieldSplitter", ids, splitfield="s", delimiter=";").run()
    assert done.rows("x") == [("2", "a=1")]


def test_split_minds_enclosures() -> None:
    parts = named({"name": "a", "type": "String"}, {"name": "b", "type": "String"})
    done = made(
        {"s": "String"}, [('"x,y",z',)], "FieldSplitter", parts, splitfield="s", delimiter=",", enclosure='"'
    ).run()
    assert done.rows("x") == [('"x,y"', "z")]


def test_split_to_rows() -> None:
    tags = {"splitfield": "s", "delimiter": ";", "newfield": "p", "rownum": "Y", "rownum_field": "n"}
    tags |= {"resetrownumber": "Y"}
    rows = [("a;b;",), (None,)]
    assert made({"s": "String"}, rows, "SplitFieldToRows3", **tags).run().rows("x") == [
        ("a;b;", "a", 1), ("a;b;", "b", 2), ("a;b;", "", 3), (None, "", 1),
    ]  # fmt: skip
    tags |= {"delimiter": "[;,]", "delimiter_is_regex": "Y"}
    del tags["resetrownumber"]  # absent is off
    assert [r[1:] for r in made({"s": "String"}, [("a,b",), ("c",)], "SplitFieldToRows3", **tags).run().rows("x")] == [
        ("a", 1), ("b", 2), ("c", 3),
    ]  # fmt: skip


def test_concat_writes_masks_and_nulls() -> None:
    options = [
        *named({"name": "a", "nullif": "-"}, {"name": "n", "format": "0.00"}),
        ("ConcatFields", [("targetFieldName", "t"), ("removeSelectedFields", "Y")]),
    ]
    done = made(
        {"a": "String", "n": "Number"},
        [('q"x', 1.5), (None, None)],
        "ConcatFields",
        options,
        separator=";",
        enclosure='"',
    ).run()
    assert done.rows("x") == [('"q""x";1.50',), ("-;",)]


def test_null_steps() -> None:
    fields, rows = {"a": "String", "i": "Integer"}, [(None, None), ("x", 0)]
    filled = made(
        fields,
        rows,
        "IfNull",
        [*named({"name": "a", "value": "A"}, {"name": "i", "value": "7"}), ("selectFields", "Y")],
    )
    assert filled.run().rows("x") == [("A", 7), ("x", 0)]
    assert made(fields, rows, "NullIf", named({"name": "i", "value": "0"})).run().rows("x") == [
        (None, None),
        ("x", None),
    ]
    assert made(fields, rows, "SetValueConstant", named({"name": "i", "value": ""})).run().column("x", "i") == [
        None,
        None,
    ]
    pair = named({"name": "a", "replaceby": "b"})
    assert made({"a": "String", "b": "String"}, [("1", "2")], "SetValueField", pair).run().rows("x") == [("2", "2")]
    with pytest.raises(StepError, match="same type"):
        made(fields, rows, "SetValueField", named({"name": "a", "replaceby": "i"})).run()
    first = named({"name": "r", "input": "a,b"})
    assert made({"a": "String", "b": "String"}, [(None, "2"), ("1", "2")], "Coalesce", first).run().column(
        "x", "r"
    ) == ["2", "1"]


def test_a_bad_default_rejects_the_rows_that_need_it() -> None:
    flow = made(
        {"i": "Integer"}, [(None,), (1,)], "IfNull", [*named({"name": "i", "value": "z"}), ("selectFields", "Y")]
    )
    flow.step("bad", "Dummy").step("out", "Dummy").hop("x", "out")
    done = flow.errors("x", "bad", codes_valuename="c").run()
    assert done.rows("out") == [(1,)] and done.rejected("x") == [(None, "IFNULL001")]


def test_value_mapper() -> None:
    pairs = named({"source_value": "1", "target_value": "one"}, {"source_value": "", "target_value": "none"})
    done = made({"i": "Integer"}, [(1,), (2,), (None,)], "ValueMapper", pairs, field_to_use="i", target_field="t").run()
    assert done.column("x", "t") == ["one", None, "none"]


def test_number_range() -> None:
    rules = named(
        {"lower_bound": "0", "upper_bound": "5", "value": "low"},
        {"lower_bound": "5", "value": "high"},
        path="rules",
        item="rule",
    )
    done = made(
        {"n": "Number"},
        [(0,), (5,), (-1,), (None,)],
        "NumberRange",
        rules,
        inputField="n",
        outputField="r",
        fallBackValue="?",
    )
    assert done.run().column("x", "r") == ["low", "high", "?", "?"]


def test_sequences() -> None:
    tags = {"valuename": "v", "use_counter": "Y", "start_at": "3", "increment_by": "2", "max_value": "8"}
    assert made({"s": "String"}, [("a",)] * 4, "Sequence", **tags).run().column("x", "v") == [3, 5, 7, 3]
    flow = made(
        {"s": "String"},
        [(c,) for c in "aabba"],
        "FieldsChangeSequence",
        named({"name": "s"}),
        resultfieldName="n",
        start="1",
        increment="1",
    )
    assert flow.run(settings=EngineSettings(batch_rows=2)).column("x", "n") == [1, 2, 1, 2, 1]


def test_two_definitions_of_one_counter_are_refused() -> None:
    flow = made({"s": "String"}, [("a",)], "Sequence", valuename="v", use_counter="Y", start_at="1")
    flow.step("y", "Sequence", valuename="w", counter_name="v", use_counter="Y", start_at="2").hop("x", "y")
    with pytest.raises(StepError, match="another step"):
        flow.run()


def test_checksums() -> None:
    tags = {"resultfieldName": "c", "resultType": "hexadecimal", "compatibilityMode": "N", "oldChecksumBehaviour": "N"}
    done = made({"a": "String", "n": "Number"}, [("x", 1.5)], "CheckSum", checksumtype="MD5", **tags).run()
    assert done.column("x", "c") == [hashlib.md5(b"x1.5").hexdigest()]
    done = made({"a": "String"}, [(None,)], "CheckSum", checksumtype="CRC32", resultfieldName="c").run()
    assert done.column("x", "c") == [zlib.crc32(b"null")], "old files sum the word null"


def test_samples_and_clones() -> None:
    numbers = [(i,) for i in range(10)]
    assert made({"i": "Integer"}, numbers, "SampleRows", linesrange="1..2,5").run().column("x", "i") == [0, 1, 4]
    sample = [("reservoir_sampling", [("sample_size", "3"), ("seed", "1")])]
    first = made({"i": "Integer"}, numbers, "ReservoirSampling", sample).run().column("x", "i")
    assert len(set(first)) == 3
    again = made({"i": "Integer"}, numbers, "ReservoirSampling", sample).run(settings=EngineSettings(batch_rows=2))
    assert again.column("x", "i") == first
    clones = {"nrclones": "1", "addcloneflag": "Y", "cloneflagfield": "f", "addclonenum": "Y", "clonenumfield": "n"}
    assert made({"i": "Integer"}, [(1,)], "CloneRow", **clones).run().rows("x") == [(1, False, 0), (1, True, 1)]
    assert made({"i": "Integer"}, numbers[:2], "DetectLastRow", resultfieldname="l").run().column("x", "l") == [
        False,
        True,
    ]


def test_structure_closure_statistics() -> None:
    done = made(
        {"a": "String", "n": "Number"}, [("x", 1)], "StepMetastructure", outputRowcount="Y", rowcountField="c"
    ).run()
    assert [(r[0], r[1], r[3], r[-1]) for r in done.rows("x")] == [(1, "a", "String", 1), (2, "n", "Number", 1)]
    tags = {"parent_id_field": "p", "child_id_field": "c", "distance_field": "d"}
    done = made({"p": "Integer", "c": "Integer"}, [(None, 1), (1, 2), (2, 3)], "ClosureGenerator", **tags).run()
    assert sorted(done.rows("x")) == [(1, 1, 0), (1, 2, 1), (1, 3, 2), (2, 2, 0), (2, 3, 1), (3, 3, 0)]
    with pytest.raises(StepError, match="loop"):
        made({"p": "Integer", "c": "Integer"}, [(2, 1), (1, 2)], "ClosureGenerator", **tags).run()
    wanted = [
        (
            "univariate_stats",
            [("source_field_name", "n"), *[(t, "Y") for t in ("N", "mean", "stdDev", "min", "max", "median")]],
        )
    ]
    done = made({"n": "Number"}, [(1,), (2,), (None,), (4,)], "UnivariateStats", wanted).run()
    assert done.rows("x") == [(3.0, 7 / 3, 1.5275252316519468, 1.0, 4.0, 2.0)]


def test_random_values() -> None:
    options = named(
        {"name": "u", "type": "random uuid4"},
        {"name": "n", "type": "random number"},
        {"name": "h", "type": "random machmacmd5"},
    )
    ((_, u, n, h),) = made({"a": "String"}, [("x",)], "RandomValue", options).run().rows("x")
    assert len(u) == 36 and 0 <= n < 1 and len(h) == 32
    with pytest.raises(StepError, match="unknown random type"):
        made({"a": "String"}, [("x",)], "RandomValue", named({"name": "u", "type": "dice"})).run()


@pytest.mark.parametrize(
    ("algorithm", "key"), [("AES", "00" * 16), ("DES", "0123456789abcdef"), ("TripleDES", "0123456789abcdef" * 3)]
)
def test_encryption_round_trip(algorithm: str, key: str) -> None:
    tags = {"algorithm": algorithm, "secretKey": key, "outputResultAsBinary": "N"}
    flow = made(
        {"s": "String"},
        [("Grüße",)],
        "SymmetricCryptoTrans",
        operation_type="encrypt",
        messageField="s",
        resultfieldname="e",
        **tags,
    )
    flow.step("y", "SymmetricCryptoTrans", operation_type="decrypt", messageField="e", resultfieldname="d", **tags).hop(
        "x", "y"
    )
    ((_, secret, plain),) = flow.run().rows("y")
    assert plain == "Grüße" and bytes.fromhex(secret) and key not in secret
    if algorithm == "AES":
        assert secret == crypt_reference(key)


def crypt_reference(key: str) -> str:
    from Crypto.Cipher import AES
    from Crypto.Util.Padding import pad

    return AES.new(bytes.fromhex(key), AES.MODE_ECB).encrypt(pad("Grüße".encode(), 16)).hex()


def test_keys() -> None:
    options = named({"algorithm": "AES", "secretKeyLen": "128", "secretKeyCount": "2"})
    rows = (
        Flow()
        .step("x", "SecretKeyGenerator", options, secretKeyFieldName="k", secretKeyLengthFieldName="l")
        .run()
        .rows("x")
    )
    assert [(len(k), size) for k, size in rows] == [(32, 128)] * 2 and rows[0] != rows[1]


def test_change_file_encoding(tmp_path: Any) -> None:
    (tmp_path / "a").write_bytes("é".encode("latin-1"))
    tags = {"filenamefield": "a", "targetfilenamefield": "b", "sourceencoding": "ISO-8859-1", "targetencoding": "UTF-8"}
    rows = [(tmp_path / "a", tmp_path / "b")]
    made({"a": "String", "b": "String"}, rows, "ChangeFileEncoding", **tags).run()
    assert (tmp_path / "b").read_text(encoding="utf-8") == "é"


def test_a_negative_sample_reads_one_row_only() -> None:
    options = [("reservoir_sampling", [("sample_size", "-1"), ("seed", "1")])]
    done = made({"i": "Integer"}, [(1,), (2,), (3,)], "ReservoirSampling", options).run()
    assert done.rows("x") == [] and done.counters["x"].read == 1
