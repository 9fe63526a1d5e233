"""Sound codes, distances and escapes, against values that PDI 9.3 gave."""

import pytest

from assets.kettle.text import distances, escapes, phonetics
from assets.kettle.text.card_numbers import check_card, luhn_valid, random_card
from assets.kettle.text.double_metaphone import double_metaphone
from assets.kettle.text.java_random import JavaRandom


@pytest.mark.parametrize(
    ("text", "soundex", "refined", "metaphone", "double"),
    [
        ("hello World 42", "H464", "H070976", "HLWR", "HLRL"),
        ("O'Brien & <b>", "O165", "O019081", "OBRN", "APRN"),
        ("AE n", "A500", "A08", "EN", "AN"),
        ("q", "Q000", "Q5", "Q", "K"),
        ("smith", "S530", "S38060", "SM0", "SM0"),
    ],
)
def test_sound_codes(text: str, soundex: str, refined: str, metaphone: str, double: str) -> None:
    assert phonetics.soundex(text) == soundex and phonetics.refined_soundex(text) == refined
    assert phonetics.metaphone(text) == metaphone and double_metaphone(text) == double


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Thomas", "TMS"), ("Schmidt", "XMT"), ("Michael", "MKL"), ("knight", "NT"), ("laugh", "LF"),
        ("Wright", "RT"), ("accident", "AKST"), ("bacchus", "PKS"), ("edge", "AJ"), ("Jose", "HS"), ("", None),
    ],
)  # fmt: skip
def test_double_metaphone_rules(word: str, code: str | None) -> None:
    assert double_metaphone(word) == code


def test_soundex_refuses_letters_without_a_code() -> None:
    with pytest.raises(ValueError, match="no sound code"):
        phonetics.soundex("Müller")


def test_distances() -> None:
    assert distances.levenshtein("O'Brien & <b>", "Obrien") == 8
    assert distances.needleman_wunsch("O'Brien & <b>", "Obrien") == -7
    assert distances.damerau_levenshtein("CA", "ABC") == 3 and distances.damerau_levenshtein("ab", "ba") == 1
    assert distances.levenshtein("\U0001f600", "") == 2
    assert distances.jaro("hello World 42", "hallo") == 0.6952380952380953
    assert distances.jaro_winkler("smith", "smyth") == 0.8933333333333333
    assert distances.jaro("", "") == 0 and distances.pair_similarity("France", "French") == 0.4


def test_escapes() -> None:
    assert escapes.escape_xml("o'neil <é>") == "o&apos;neil &lt;&#233;&gt;"
    assert escapes.escape_html("o'neil <é>") == "o'neil &lt;&eacute;&gt;"
    assert escapes.unescape_html("&eacute;&#65;&nope;") == "éA&nope;" and escapes.unescape_xml("&lt;&#x41;") == "<A"
    assert escapes.init_cap("o'neil-smith_x éa") == "O'Neil-Smith_x Éa"
    assert escapes.chars_to_hex("q") == "0071" and escapes.hex_to_chars("71") == "q"
    assert escapes.bytes_to_hex("aé") == "61E9" and escapes.hex_to_bytes("161") == "\x01a"
    with pytest.raises(ValueError, match="hex digit"):
        escapes.hex_to_bytes("xy")


def test_java_random_is_javas() -> None:
    random = JavaRandom(42)
    assert [random.next_int() for _ in range(3)] == [-1170105035, 234785527, -1360544799]
    assert JavaRandom(1).next_double() == 0.7308781907032909


def test_cards() -> None:
    assert check_card("4111111111111111") == (True, "Visa", None) and not check_card("4111111111111112").valid
    assert check_card(None).reason and luhn_valid(random_card(("6011",), 16))
