// Java's DecimalFormat and SimpleDateFormat as scripts meet them: English names, UTC unless a zone is given.
const KFormats = (() => {
  const LOCALES = {
    en: { dec: ".", grp: ",", months: "January February March April May June July August September October November December",
      days: "Sunday Monday Tuesday Wednesday Thursday Friday Saturday", short: 3 },
    de: { dec: ",", grp: ".", months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
      days: "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", shortMonths: "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
      shortDays: "So Mo Di Mi Do Fr Sa" },
    fr: { dec: ",", grp: "\u00a0", months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
      days: "dimanche lundi mardi mercredi jeudi vendredi samedi",
      shortMonths: "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.", shortDays: "dim. lun. mar. mer. jeu. ven. sam." },
    es: { dec: ",", grp: ".", months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
      days: "domingo lunes martes miércoles jueves viernes sábado", short: 3 },
    it: { dec: ",", grp: ".", months: "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
      days: "domenica lunedì martedì mercoledì giovedì venerdì sabato", short: 3 },
    nl: { dec: ",", grp: ".", months: "januari februari maart april mei juni juli augustus september oktober november december",
      days: "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag", shortMonths: "jan feb mrt apr mei jun jul aug sep okt nov dec",
      shortDays: "zo ma di wo do vr za" },
    pt: { dec: ",", grp: ".", months: "Janeiro Fevereiro Março Abril Maio Junho Julho Agosto Setembro Outubro Novembro Dezembro",
      days: "Domingo Segunda-feira Terça-feira Quarta-feira Quinta-feira Sexta-feira Sábado", short: 3 },
  };
  const ZONES = { GMT: 0, UTC: 0, Z: 0, EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480,
    PDT: -420, CET: 60, CEST: 120, MET: 60, BST: 60, WET: 0, EET: 120 };

  function locale(name) {
    const found = LOCALES[String(name || "en").slice(0, 2).toLowerCase()];
    if (!found) throw new Error("locale " + name + " is not known to the script engine");
    if (!Array.isArray(found.months)) {
      const split = (text, full) => text ? text.split(" ") : full.map((n) => n.slice(0, 3));
      found.months = found.months.split(" ");
      found.days = found.days.split(" ");
      found.shortMonths = split(found.shortMonths, found.months);
      found.shortDays = split(found.shortDays, found.days);
    }
    return found;
  }

  function zone(name) {
    const text = String(name);
    if (text in ZONES) return ZONES[text];
    const m = /^(?:GMT)?([+-])(\d{1,2}):?(\d{2})?$/.exec(text);
    return m ? (m[1] === "-" ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3] || 0)) : 0;
  }

  // -- numbers

  function literals(text) { // affix with quotes removed; the marks say what it does to the value
    let out = "", scale = 1, quoted = false;
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (c === "'") {
        if (text[i + 1] === "'") { out += "'"; i++; } else quoted = !quoted;
      } else if (!quoted && c === "%") { scale = 100; out += c; } else if (!quoted && c === "\u2030") { scale = 1000; out += c; }
      else if (!quoted && c === "\u00a4") out += "$";
      else out += c;
    }
    return [out, scale];
  }

  function split(pattern) { // prefix, number part, suffix
    let quoted = false, start = -1, end = -1;
    for (let i = 0; i < pattern.length; i++) {
      const c = pattern[i];
      if (c === "'") { quoted = !quoted; if (start >= 0) break; continue; }
      if (quoted) continue;
      if ("#0,.".includes(c) || (c === "E" && start >= 0 && pattern[i + 1] === "0")) { if (start < 0) start = i; end = i + 1; }
      else if (start >= 0) break;
    }
    if (start < 0) return [pattern, "", ""];
    return [pattern.slice(0, start), pattern.slice(start, end), pattern.slice(end)];
  }

  const patterns = new Map();
  function numberPattern(pattern) {
    let p = patterns.get(pattern);
    if (p) return p;
    let quoted = false, cut = -1;
    for (let i = 0; i < pattern.length; i++) {
      if (pattern[i] === "'") quoted = !quoted;
      else if (pattern[i] === ";" && !quoted) { cut = i; break; }
    }
    const [pre, num, post] = split(cut < 0 ? pattern : pattern.slice(0, cut));
    const [prefix, s1] = literals(pre), [suffix, s2] = literals(post);
    let negPrefix = "-" + prefix, negSuffix = suffix;
    if (cut >= 0) {
      const [np, , ns] = split(pattern.slice(cut + 1));
      negPrefix = literals(np)[0]; negSuffix = literals(ns)[0];
      if (negPrefix === prefix && negSuffix === suffix) negPrefix = "-" + prefix;
    }
    const [mantissa, exponent] = num.split("E");
    const [whole, fraction = ""] = mantissa.split(".");
    const comma = whole.lastIndexOf(",");
    p = { prefix, suffix, negPrefix, negSuffix, scale: Math.max(s1, s2),
      minInt: (whole.match(/0/g) || []).length, maxInt: whole.replace(/,/g, "").length,
      minFrac: (fraction.match(/0/g) || []).length, maxFrac: fraction.length,
      group: comma < 0 ? 0 : whole.length - comma - 1, exp: exponent === undefined ? 0 : exponent.length };
    if (num === "") p.maxFrac = 0;
    patterns.set(pattern, p);
    return p;
  }

  // decimal text of x >= 0 with `digits` decimals, half even on the exact value
  function fixed(x, digits) {
    if (x >= 1e21) return BigInt(x).toString() + (digits ? "." + "0".repeat(digits) : "");
    const d = Math.min(digits, 100), long = x.toFixed(Math.min(100, d + 30)), point = long.indexOf(".");
    const text = x.toFixed(d), rest = long.slice(point + 1 + d);
    if (!/^50*$/.test(rest)) return text;
    const last = text[text.length - 1];
    if ("02468".includes(last)) return text;
    const units = (BigInt(text.replace(".", "")) - 1n).toString().padStart(d + 1, "0");
    return d ? units.slice(0, -d) + "." + units.slice(-d) : units;
  }

  function formatNumber(x, pattern, symbols) {
    const s = symbols || locale("en");
    if (pattern === undefined || pattern === null) pattern = "#,##0.###";
    const p = numberPattern(String(pattern));
    if (Number.isNaN(x)) return "\ufffd";
    const negative = x < 0 || Object.is(x, -0);
    let v = Math.abs(x) * p.scale, body;
    if (v === Infinity) body = "\u221e";
    else if (p.exp) {
      let e = v === 0 ? 0 : Math.floor(Math.log10(v));
      if (v !== 0 && Number(v.toExponential().split("e")[1]) !== e) e = Number(v.toExponential().split("e")[1]);
      e -= Math.max(p.minInt, 1) - 1;
      const mantissa = v === 0 ? 0 : Number(v + "e" + -e) || v / Math.pow(10, e);
      body = plain(fixed(mantissa, p.maxFrac), { ...p, group: 0 }, s) + "E" + (e < 0 ? "-" : "") + String(Math.abs(e)).padStart(p.exp, "0");
    } else body = plain(fixed(v, p.maxFrac), p, s);
    return negative ? p.negPrefix + body + p.negSuffix : p.prefix + body + p.suffix; // also -0, as Java
  }

  function plain(text, p, s) {
    let [whole, fraction = ""] = text.split(".");
    while (fraction.length > p.minFrac && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
    whole = whole.replace(/^0+/, "").padStart(p.minInt, "0");
    if (whole === "" && fraction === "") whole = "0";
    if (p.group) whole = whole.replace(new RegExp("\\B(?=(\\d{" + p.group + "})+$)", "g"), s.grp);
    return fraction ? whole + s.dec + fraction : whole;
  }

  function parseNumber(text, pattern, symbols) {
    const s = symbols || locale("en"), p = numberPattern(pattern === undefined ? "#,##0.###" : String(pattern));
    let negative = text.startsWith(p.negPrefix) && (p.negPrefix.length > p.prefix.length || !text.startsWith(p.prefix));
    const prefix = negative ? p.negPrefix : p.prefix;
    if (!text.startsWith(prefix)) throw new Error("Unparseable number: \"" + text + "\"");
    let i = prefix.length, digits = "", seen = false, point = false;
    for (; i < text.length; i++) {
      const c = text[i];
      if (c >= "0" && c <= "9") { digits += c; seen = true; }
      else if (c === s.dec && !point) { digits += "."; point = true; }
      else if (c === s.grp && p.group && !point) continue;
      else if (c === "E" && seen && /^E-?\d/.test(text.slice(i))) {
        const e = /^E(-?\d+)/.exec(text.slice(i)); digits += "e" + e[1]; i += e[0].length; break;
      } else break;
    }
    const suffix = negative ? p.negSuffix : p.suffix;
    if (!seen || !text.startsWith(suffix, i)) throw new Error("Unparseable number: \"" + text + "\"");
    const value = Number(digits) / p.scale;
    return negative ? -value : value;
  }

  // -- dates

  function tokens(pattern) {
    const out = [];
    for (let i = 0; i < pattern.length;) {
      const c = pattern[i];
      if (c === "'") {
        if (pattern[i + 1] === "'") { out.push(["lit", "'"]); i += 2; continue; }
        let text = "", j = i + 1;
        for (; j < pattern.length; j++) {
          if (pattern[j] === "'") { if (pattern[j + 1] === "'") { text += "'"; j++; } else break; } else text += pattern[j];
        }
        out.push(["lit", text]); i = j + 1;
      } else if (/[A-Za-z]/.test(c)) {
        if (!"GyYMLwWDdFEuaHkKhmsSzZX".includes(c)) throw new Error("Illegal pattern character '" + c + "'");
        let n = 1; while (pattern[i + n] === c) n++;
        out.push([c, n]); i += n;
      } else { out.push(["lit", c]); i++; }
    }
    return out;
  }
  const dateTokens = new Map();
  const tokensOf = (pattern) => { let t = dateTokens.get(pattern); if (!t) dateTokens.set(pattern, t = tokens(pattern)); return t; };

  const DAY = 86400000;
  function dayOfYear(d) { return Math.floor((Date.UTC(2000, d.getUTCMonth(), d.getUTCDate()) - Date.UTC(2000, 0, 1)) / DAY) + 1
    - (d.getUTCMonth() > 1 && !leap(d.getUTCFullYear()) ? 1 : 0); }
  const leap = (y) => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  function weekOfYear(d) { // Sunday first, the week with 1 January is week 1 (US)
    const day = dayOfYear(d) - 1, first = (d.getUTCDay() - day % 7 + 7) % 7;
    const week = Math.floor((day + first) / 7) + 1, length = leap(d.getUTCFullYear()) ? 366 : 365;
    const next = (d.getUTCDay() + (length - day)) % 7; // weekday of next 1 January
    return length - day <= next ? 1 : week;
  }
  const pad = (n, w) => (n < 0 ? "-" : "") + String(Math.abs(n)).padStart(w, "0");

  function offsetText(minutes, colon) {
    const a = Math.abs(minutes);
    return (minutes < 0 ? "-" : "+") + pad(Math.floor(a / 60), 2) + (colon ? ":" : "") + pad(a % 60, 2);
  }

  function formatDate(ms, pattern, symbols, zoneName) {
    const s = symbols || locale("en"), shift = zoneName ? zone(zoneName) : 0, d = new KDate(ms + shift * 60000);
    let out = "";
    for (const [c, n] of tokensOf(String(pattern))) {
      switch (c) {
        case "lit": out += n; break;
        case "G": out += d.getUTCFullYear() > 0 ? "AD" : "BC"; break;
        case "y": case "Y": out += n === 2 ? pad(d.getUTCFullYear() % 100, 2) : pad(d.getUTCFullYear(), n); break;
        case "M": case "L": out += n >= 4 ? s.months[d.getUTCMonth()] : n === 3 ? s.shortMonths[d.getUTCMonth()] : pad(d.getUTCMonth() + 1, n); break;
        case "w": out += pad(weekOfYear(d), n); break;
        case "W": out += pad(Math.floor((d.getUTCDate() - 1 + new KDate(Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1)).getUTCDay()) / 7) + 1, n); break;
        case "D": out += pad(dayOfYear(d), n); break;
        case "d": out += pad(d.getUTCDate(), n); break;
        case "F": out += pad(Math.floor((d.getUTCDate() - 1) / 7) + 1, n); break;
        case "E": out += n >= 4 ? s.days[d.getUTCDay()] : s.shortDays[d.getUTCDay()]; break;
        case "u": out += pad(d.getUTCDay() || 7, n); break;
        case "a": out += d.getUTCHours() < 12 ? "AM" : "PM"; break;
        case "H": out += pad(d.getUTCHours(), n); break;
        case "k": out += pad(d.getUTCHours() || 24, n); break;
        case "K": out += pad(d.getUTCHours() % 12, n); break;
        case "h": out += pad(d.getUTCHours() % 12 || 12, n); break;
        case "m": out += pad(d.getUTCMinutes(), n); break;
        case "s": out += pad(d.getUTCSeconds(), n); break;
        case "S": out += pad(d.getUTCMilliseconds(), n); break;
        case "z": out += zoneName || "UTC"; break;
        case "Z": out += offsetText(shift, false); break;
        case "X": out += shift === 0 ? "Z" : n === 1 ? offsetText(shift, false).slice(0, 3) : offsetText(shift, n === 3); break;
      }
    }
    return out;
  }

  const LIMITS = { M: [1, 12], d: [1, 31], H: [0, 23], h: [1, 12], k: [1, 24], K: [0, 11], m: [0, 59], s: [0, 59], D: [1, 366] };

  function parseDate(text, pattern, symbols, zoneName, strict) {
    const s = symbols || locale("en"), list = tokensOf(String(pattern)), got = {};
    const fail = () => { throw new Error("Format.parseObject(String) failed: \"" + text + "\" is not of the form " + pattern); };
    let at = 0, shift = zoneName ? zone(zoneName) : 0;
    const word = (names) => {
      let best = -1;
      names.forEach((n, i) => { if (text.slice(at, at + n.length).toLowerCase() === n.toLowerCase() && (best < 0 || n.length > names[best].length)) best = i; });
      if (best >= 0) at += names[best].length;
      return best;
    };
    for (let i = 0; i < list.length; i++) {
      const [c, n] = list[i];
      if (c === "lit") {
        if (!text.startsWith(n, at)) fail();
        at += n.length; continue;
      }
      if (c !== "a" && c !== "lit") while (text[at] === " " || text[at] === "\t") at++;
      if ((c === "M" || c === "L") && n >= 3) {
        let k = word(s.months); if (k < 0) k = word(s.shortMonths); if (k < 0) fail();
        got.M = k + 1; continue;
      }
      if (c === "E") { if (word(s.days) < 0 && word(s.shortDays) < 0) fail(); continue; }
      if (c === "a") { const k = word(["AM", "PM"]); if (k < 0) fail(); got.a = k; continue; }
      if (c === "G") { if (word(["AD", "BC"]) < 0) fail(); continue; }
      if (c === "z" || c === "Z" || c === "X") {
        const m = /^(?:(?:GMT|UTC)?[+-]\d{1,2}:?\d{2}|[+-]\d{2}|[A-Z]{1,5})/.exec(text.slice(at));
        if (!m) fail();
        at += m[0].length; shift = zone(m[0].replace(/^(GMT|UTC)(?=[+-])/, "")); continue;
      }
      const next = list[i + 1], abut = next && next[0] !== "lit" && "yMdHhkKmsSDuwW".includes(next[0]);
      const m = (abut ? new RegExp("^-?\\d{1," + n + "}") : /^-?\d+/).exec(text.slice(at));
      if (!m) fail();
      at += m[0].length;
      let value = Number(m[0]);
      if (c === "y" || c === "Y") {
        if (n <= 2 && m[0].length === 2) {
          const now = new KDate(KNow()).getUTCFullYear(), base = now - 80;
          value += Math.floor(base / 100) * 100; if (value < base) value += 100;
        }
        got.y = value;
      } else got[c === "L" ? "M" : c] = value;
      if (strict && LIMITS[c] && (value < LIMITS[c][0] || value > LIMITS[c][1])) fail();
    }
    let hour = got.H !== undefined ? got.H : got.k !== undefined ? got.k % 24 : got.h !== undefined ? got.h % 12 : got.K || 0;
    if (got.a === 1 && got.H === undefined && got.k === undefined) hour += 12;
    const y = got.y === undefined ? 1970 : got.y;
    const month = got.M === undefined ? 0 : got.M - 1, day = got.D !== undefined && got.M === undefined ? got.D : got.d === undefined ? 1 : got.d;
    const ms = utc(y, month, day) + hour * 3600000 + (got.m || 0) * 60000 + (got.s || 0) * 1000 + (got.S || 0);
    if (strict && got.d !== undefined && new KDate(utc(y, month, day)).getUTCDate() !== day) fail();
    return ms - shift * 60000;
  }
  function utc(y, month, day) { // Date.UTC reads years below 100 as 19xx
    const d = new KDate(0); d.setUTCFullYear(y, month, day); return d.getTime();
  }

  // Calendar.add for the unit; months clip at the month's end
  function add(ms, unit, amount) {
    const d = new KDate(ms), n = Math.trunc(amount);
    switch (unit) {
      case "y": return add(ms, "m", n * 12);
      case "m": {
        const day = d.getUTCDate(); d.setUTCDate(1); d.setUTCMonth(d.getUTCMonth() + n);
        const last = new KDate(utc(d.getUTCFullYear(), d.getUTCMonth() + 1, 0)).getUTCDate();
        d.setUTCDate(Math.min(day, last)); return d.getTime();
      }
      case "w": return ms + n * 7 * DAY;
      case "d": return ms + n * DAY;
      case "hh": return ms + n * 3600000;
      case "mi": return ms + n * 60000;
      case "ss": return ms + n * 1000;
      case "ms": return ms + n;
      default: return ms;
    }
  }
  return { locale, zone, formatNumber, parseNumber, formatDate, parseDate, add, utc, weekOfYear, dayOfYear, DAY, fixed };
})();
