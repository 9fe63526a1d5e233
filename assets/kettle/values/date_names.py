"""Names of months, weekdays, day halves and eras, and the week rule, by locale, as Java 8's own data have them."""

from dataclasses import dataclass
from functools import lru_cache

from assets.kettle.values.date_calendar import WeekRule


@dataclass(frozen=True, slots=True)
class Names:
    """Texts of one language. Months from January, weekdays from Sunday, eras before and after."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    halves: tuple[str, str] = ("AM", "PM")
    eras: tuple[str, str] = ("BC", "AD")


def _names(
    months: str, short: str, weekdays: str, short_days: str, halves: str = "AM PM", eras: str = "BC AD"
) -> Names:
    first, second = halves.split()
    before, after = eras.split("|") if "|" in eras else eras.split()
    return Names(
        tuple(months.split()),
        tuple(short.split()),
        tuple(weekdays.split()),
        tuple(short_days.split()),
        (first, second),
        (before, after),
    )


_NUMBER_MONTHS = "1\u6708 2\u6708 3\u6708 4\u6708 5\u6708 6\u6708 7\u6708 8\u6708 9\u6708 10\u6708 11\u6708 12\u6708"
_ZH_MONTHS = (
    "\u4e00\u6708 \u4e8c\u6708 \u4e09\u6708 \u56db\u6708 \u4e94\u6708 \u516d\u6708 "
    "\u4e03\u6708 \u516b\u6708 \u4e5d\u6708 \u5341\u6708 \u5341\u4e00\u6708 \u5341\u4e8c\u6708"
)
_ZH_DAYS = (
    "\u661f\u671f\u65e5 \u661f\u671f\u4e00 \u661f\u671f\u4e8c \u661f\u671f\u4e09 "
    "\u661f\u671f\u56db \u661f\u671f\u4e94 \u661f\u671f\u516d"
)

_LANGUAGES = {
    "en": _names(
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
        "Sun Mon Tue Wed Thu Fri Sat",
    ),
    "de": _names(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
        "So Mo Di Mi Do Fr Sa",
        eras="v. Chr.|n. Chr.",
    ),
    "fr": _names(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "dimanche lundi mardi mercredi jeudi vendredi samedi",
        "dim. lun. mar. mer. jeu. ven. sam.",
        eras="BC|ap. J.-C.",
    ),
    "es": _names(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "domingo lunes martes miércoles jueves viernes sábado",
        "dom lun mar mié jue vie sáb",
        eras="antes de Cristo|anno Dómini",
    ),
    "it": _names(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "domenica lunedì martedì mercoledì giovedì venerdì sabato",
        "dom lun mar mer gio ven sab",
        eras="BC|dopo Cristo",
    ),
    "pt": _names(
        "Janeiro Fevereiro Março Abril Maio Junho Julho Agosto Setembro Outubro Novembro Dezembro",
        "Jan Fev Mar Abr Mai Jun Jul Ago Set Out Nov Dez",
        "Domingo Segunda-feira Terça-feira Quarta-feira Quinta-feira Sexta-feira Sábado",
        "Dom Seg Ter Qua Qui Sex Sáb",
    ),
    "nl": _names(
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
        "zo ma di wo do vr za",
        eras="v. Chr.|n. Chr.",
    ),
    "zh": _names(
        _ZH_MONTHS, _ZH_MONTHS, _ZH_DAYS, _ZH_DAYS, "\u4e0a\u5348 \u4e0b\u5348", "\u516c\u5143\u524d \u516c\u5143"
    ),
    "ja": _names(
        _NUMBER_MONTHS,
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "\u65e5\u66dc\u65e5 \u6708\u66dc\u65e5 \u706b\u66dc\u65e5 \u6c34\u66dc\u65e5 "
        "\u6728\u66dc\u65e5 \u91d1\u66dc\u65e5 \u571f\u66dc\u65e5",
        "\u65e5 \u6708 \u706b \u6c34 \u6728 \u91d1 \u571f",
        "\u5348\u524d \u5348\u5f8c",
        "\u7d00\u5143\u524d \u897f\u66a6",
    ),
}

_ISO_WEEK = WeekRule(first_day=2, min_days=4)
_MONDAY_WEEK = WeekRule(first_day=2, min_days=1)
_WEEKS = {"de": _ISO_WEEK, "fr": _ISO_WEEK, "es": _ISO_WEEK, "it": _ISO_WEEK, "nl": _ISO_WEEK, "pt": _MONDAY_WEEK}
_COUNTRY_WEEKS = {"en_GB": _ISO_WEEK, "en_IE": _ISO_WEEK, "pt_BR": WeekRule(), "fr_CA": WeekRule(), "es_MX": WeekRule()}


@dataclass(frozen=True, slots=True)
class DateLocale:
    """What a date mask takes from a locale."""

    names: Names
    weeks: WeekRule


@lru_cache(maxsize=128)
def date_locale(name: str | None) -> DateLocale:
    """The locale of a name such as "de_DE", "de" or None (en_US); English names for a language not held here."""
    tag = (name or "en_US").strip().replace("-", "_")
    language = tag.split("_")[0].lower()
    return DateLocale(
        _LANGUAGES.get(language, _LANGUAGES["en"]), _COUNTRY_WEEKS.get(tag, _WEEKS.get(language, WeekRule()))
    )
