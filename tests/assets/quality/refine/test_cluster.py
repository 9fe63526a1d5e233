"""Keys and clusters: the examples of OpenRefine's documentation and of its own tests."""

import pytest

from assets.quality.refine.cluster import cluster, edits
from assets.quality.refine.keyers import cologne, double_metaphone, fingerprint, metaphone, ngram_fingerprint, soundex
from assets.quality.refine.ppm import distance
from core.errors import SourceError


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("the multi multi word test", "multi test the word"),
        (" école ÉCole ecoLe ", "ecole"),
        (" d c b a ", "a b c d"),
        ("\tABC \t DEF ", "abc def"),
        ("bbb\taaa", "aaa bbb"),
        ("æø", "aeoe"),
        ("©ß", "css"),
        ("\u00d0\u00de", "dth"),
        ("ﬀﬁﬂﬃﬅﬆ", "fffiflffistst"),
        ("ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "a" * 18),
        ("ÐðĎďĐđ", "dddddd"),
        ("ĦħıĸŉŊŋŦŧſ", "hhiknnntts"),
        ("ĹĺĻļĽľĿŀŁł", "llllllllll"),
        ("ØøŒ", "oeoeoe"),
        ("Cruise, Tom", "cruise tom"),
    ],
)
def test_fingerprints(text: str, key: str) -> None:
    assert fingerprint(text) == key


def test_ngram_fingerprints() -> None:
    assert ngram_fingerprint("abcdefg") == "abbccddeeffg"
    assert (ngram_fingerprint("Paris"), ngram_fingerprint("Paris", 1)) == ("arispari", "aiprs")
    assert ngram_fingerprint("") == ""
    assert len({ngram_fingerprint(n, 1) for n in ("Krzysztof", "Kryzysztof", "Krzystof")}) == 1


def test_phonetic_codes() -> None:
    assert double_metaphone("Reuben Gevorkiantz") == double_metaphone("Ruben Gevorkyants")
    assert soundex("Robert") == soundex("Rupert") == "R163"
    assert metaphone("Smith") == metaphone("Smyth")
    codes = {"Müller-Lüdenscheidt": "65752682", "Wikipedia": "3412", "Breschnew": "17863"}
    assert {name: cologne(name) for name in codes} == codes
    assert cologne("Meyer") == cologne("Maier") == cologne("Mayr")


def test_clusters_by_key() -> None:
    values = ["Tom Cruise", "Cruise, Tom", "Tom  Cruise", "tom cruise", "Tom Hanks", None, "", "Tom Cruise"]
    (found,) = cluster(values)
    assert found.to == "Tom Cruise" and found.rows == 5 and len(found.values) == 4
    assert cluster(["Krzysztof", "Kryzysztof", "Krzystof"]) == []
    assert len(cluster(["Krzysztof", "Kryzysztof", "Krzystof"], "ngram-fingerprint", size=1)[0].values) == 3
    assert [c.to for c in cluster(["Gödel", "Godel", "Godel"])] == ["Godel"]


def test_clusters_of_neighbours() -> None:
    assert [v for v, _ in cluster(["Paris", "paris", "Rom"], "levenshtein", block=3)[0].values] == ["Paris", "paris"]
    assert cluster(["New York", "newyork"], "levenshtein", radius=2, block=3) == []
    assert cluster(["New York", "newyork"], "levenshtein", radius=3, block=3)
    assert cluster(["Al Pacino", "Albert Pacino"], "levenshtein", radius=4)
    assert not cluster(["Al Pacino", "Albert Pacino"], "levenshtein", radius=3)


def test_nearness_by_compression() -> None:
    (found,) = cluster(["ab", "abc", "c", "ĉ"], "ppm", radius=2.5, block=2)
    assert [v for v, _ in found.values] == ["ab", "abc"]
    assert cluster(["foo", "bar"], "ppm", radius=2.5, block=2) == []
    near = distance("University of Oxford", "Oxford University")
    assert 0 < near < distance("University of Oxford", "Bank of America")
    assert distance("a", "a") == 0


def test_a_cluster_is_a_mass_edit_and_unknown_methods_are_told() -> None:
    made = edits("name", cluster(["a b", "b a", "b a"]))
    assert made["edits"] == [{"from": ["b a", "a b"], "fromBlank": False, "fromError": False, "to": "b a"}]
    with pytest.raises(SourceError, match="metaphone3"):
        cluster(["a"], "metaphone3")
