"""Time zones: Indonesia's three by their short names, and the zone of a province or city."""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

WIB, WITA, WIT = "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"

SHORT_NAMES = {"WIB": WIB, "WITA": WITA, "WIT": WIT}

_LABELS = {
    **{zone: name for name, zone in SHORT_NAMES.items()},
    "Asia/Pontianak": "WIB",
    "UTC": "UTC",
}


class UnknownZone(ValueError):
    """No such time zone, neither a short name nor an IANA name."""


def zone_name(name: str) -> str:
    """The IANA name for "WIB", "wita" or an IANA name itself.

    Raises: UnknownZone.
    """
    wanted = name.strip()
    iana = SHORT_NAMES.get(wanted.upper(), wanted)
    zone_of(iana)
    return iana


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """The zone with this short or IANA name. Raises: UnknownZone."""
    try:
        return ZoneInfo(SHORT_NAMES.get(name.strip().upper(), name.strip()))
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(
            f"no time zone is called {name!r}: write WIB, WITA, WIT or a name like Asia/Jakarta"
        ) from error


def zone_label(name: str) -> str:
    """How people name a zone: "WIB" for Asia/Jakarta, the IANA name where there is no other."""
    return _LABELS.get(zone_name(name), zone_name(name))


def shown_time(at: datetime, zone: str, language: str = "id") -> str:
    """A moment as people read it: "Sen, 23 Nov 14.05 WIB", or "Mon, 23 Nov 14:05 WIB".

    Raises: KeyError for a language other than "id" and "en".
    """
    local = at.astimezone(zone_of(zone))
    days, months, colon = _CALENDARS[language]
    day, month = days.split()[local.weekday()], months.split()[local.month - 1]
    clock = f"{local.hour:02}{colon}{local.minute:02}"
    return f"{day}, {local.day} {month} {clock} {zone_label(zone)}"


def contact_zone(
    *, zone: str = "", province: str = "", city: str = "", otherwise: str = WIB
) -> str:
    """The IANA zone a contact lives in: as stated, else by city or province, else `otherwise`.

    What a customer's file holds is a guess, so a zone or place nobody knows is passed over.
    """
    if zone:
        try:
            return zone_name(zone)
        except UnknownZone:
            pass
    for place in (city, province):
        found = _PLACES.get(_plain(place))
        if found:
            return found
    return otherwise


def _plain(place: str) -> str:
    words = re.sub(r"[^a-z]+", " ", place.lower()).split()
    while words and words[0] in _TITLES:
        words.pop(0)
    return " ".join(words)


_CALENDARS = {
    "id": ("Sen Sel Rab Kam Jum Sab Min", "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des", "."),
    "en": ("Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", ":"),
}

_TITLES = {"kota", "kabupaten", "kab", "provinsi", "prov", "propinsi", "kotamadya", "administrasi"}

_BY_ZONE = {
    WIB: (
        "aceh, nanggroe aceh darussalam, sumatera utara, sumut, sumatera barat, sumbar, riau, "
        "kepulauan riau, kepri, jambi, bengkulu, sumatera selatan, sumsel, "
        "kepulauan bangka belitung, bangka belitung, babel, lampung, banten, dki jakarta, jakarta, "
        "daerah khusus jakarta, jawa barat, jabar, jawa tengah, jateng, di yogyakarta, "
        "daerah istimewa yogyakarta, d i yogyakarta, diy, yogyakarta, jogja, jogjakarta, "
        "jawa timur, jatim, kalimantan barat, kalbar, kalimantan tengah, kalteng, "
        "banda aceh, lhokseumawe, medan, binjai, pematangsiantar, padang, bukittinggi, payakumbuh, "
        "pekanbaru, dumai, batam, tanjungpinang, palembang, lubuklinggau, pangkalpinang, "
        "bandar lampung, metro, serang, cilegon, tangerang, tangerang selatan, jakarta pusat, "
        "jakarta utara, jakarta barat, jakarta selatan, jakarta timur, bogor, depok, bekasi, "
        "karawang, purwakarta, subang, bandung, bandung barat, cimahi, sukabumi, cianjur, garut, "
        "tasikmalaya, ciamis, cirebon, indramayu, majalengka, kuningan, sumedang, semarang, solo, "
        "surakarta, salatiga, magelang, pekalongan, tegal, brebes, purwokerto, banyumas, cilacap, "
        "kudus, demak, jepara, pati, klaten, boyolali, sukoharjo, sragen, wonogiri, kebumen, "
        "purworejo, sleman, bantul, kulon progo, gunungkidul, surabaya, sidoarjo, gresik, malang, "
        "batu, mojokerto, pasuruan, probolinggo, kediri, blitar, tulungagung, madiun, ngawi, "
        "ponorogo, jombang, lamongan, tuban, bojonegoro, jember, banyuwangi, lumajang, situbondo, "
        "bondowoso, bangkalan, pamekasan, sumenep, sampang, pontianak, singkawang, palangkaraya, "
        "palangka raya, sampit"
    ),
    WITA: (
        "kalimantan selatan, kalsel, kalimantan timur, kaltim, kalimantan utara, kaltara, bali, "
        "nusa tenggara barat, ntb, nusa tenggara timur, ntt, sulawesi utara, sulut, gorontalo, "
        "sulawesi tengah, sulteng, sulawesi barat, sulbar, sulawesi selatan, sulsel, "
        "sulawesi tenggara, sultra, banjarmasin, banjarbaru, martapura, balikpapan, samarinda, "
        "bontang, penajam, nusantara, ikn, tarakan, tanjung selor, nunukan, denpasar, badung, "
        "gianyar, ubud, tabanan, buleleng, singaraja, karangasem, klungkung, bangli, jembrana, "
        "mataram, lombok barat, lombok tengah, lombok timur, lombok utara, sumbawa, bima, dompu, "
        "kupang, ende, maumere, labuan bajo, manggarai, atambua, manado, bitung, tomohon, "
        "kotamobagu, palu, luwuk, poso, mamuju, makassar, ujung pandang, gowa, maros, parepare, "
        "palopo, bone, bulukumba, kendari, baubau, bau bau, kolaka"
    ),
    WIT: (
        "maluku, maluku utara, malut, papua, papua barat, papua selatan, papua tengah, "
        "papua pegunungan, papua barat daya, irian jaya, ambon, tual, ternate, tidore, "
        "tidore kepulauan, sofifi, tobelo, jayapura, sentani, merauke, timika, mimika, nabire, "
        "wamena, biak, manokwari, sorong, fakfak, kaimana, raja ampat"
    ),
}

_PLACES = {_plain(place): zone for zone, places in _BY_ZONE.items() for place in places.split(",")}
