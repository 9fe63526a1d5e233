"""Files that cannot be read as they are: what is wrong, and what to do."""

from pathlib import Path

import pytest

from assets.quality.rules.reading import collected, scan
from core.errors import SourceError


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        ("姓名,城市\n张三,杭州市\n".encode("gbk") * 30, "iconv -f GB18030"),
        ("name,town\nanna,ulm\n".encode("utf-16"), "iconv -f UTF-16"),
        ("id,name\n1,Müller\n".encode("latin-1") * 30, "iconv -f WINDOWS-1252"),
        (b"a;b;c\n1;2;3\n", "separated by ';'"),
        (b"a\tb\n1\t2\n", "name it .tsv"),
        (b"a,a,b\n1,2,3\n", "two columns are called 'a'"),
        (b",,\n1,2,3\n", "two columns are called ''"),
        (b"a,b\n1,2,3\n", "more cells"),
        (b'a,b\n1,"x\n2,y\n', "quote is not closed"),
    ],
)
def test_what_is_wrong_with_a_file_and_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        collected(scan(path))
    assert said.lower() in str(refusal.value).lower()


def test_a_mark_of_utf_8_and_commas_in_quotes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b'\xef\xbb\xbf"a;b",b\n"1,5",2\n')
    assert scan(path).collect().to_dicts() == [{"a;b": "1,5", "b": 2}]
