// The Java classes that scripts really use, and Java's methods on strings and numbers. Anything else is refused by name.
function KRegex(pattern, flags) { // Java's regular expressions in JavaScript's spelling
  let text = String(pattern), f = flags || "";
  const inline = /^\(\?([imsu]+)\)/.exec(text);
  if (inline) { text = text.slice(inline[0].length); for (const c of inline[1]) if (!f.includes(c)) f += c; }
  const CLASSES = { Alpha: "a-zA-Z", Digit: "0-9", Alnum: "a-zA-Z0-9", Upper: "A-Z", Lower: "a-z", Space: "\\s", XDigit: "0-9a-fA-F",
    Punct: "!-\\/:-@\\[-`{-~", L: "a-zA-Z\\u00aa-\\uffdc", N: "0-9", ASCII: "\\x00-\\x7f", IsAlphabetic: "a-zA-Z\\u00aa-\\uffdc" };
  text = text.replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, lit) => lit.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&"));
  let inClass = false, out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") {
      const m = /^\\([pP])(?:\{(\w+)\}|(\w))/.exec(text.slice(i));
      if (m) {
        const set = CLASSES[m[2] || m[3]];
        if (!set) throw new Error("regular expression class " + m[0] + " is not known to the script engine");
        out += inClass ? set : "[" + (m[1] === "P" ? "^" : "") + set + "]"; i += m[0].length - 1;
      } else { const e = text[i + 1] === "z" || text[i + 1] === "Z" ? "$" : text[i + 1] === "A" ? "^" : c + (text[i + 1] || ""); out += e; i++; }
    } else {
      if (c === "[") inClass = true; else if (c === "]") inClass = false;
      if (!inClass && c === "+" && /[*+?}]/.test(text[i - 1] || "")) continue; // possessive: greedy matches the same in practice
      out += c;
    }
  }
  return new RegExp(out, f);
}
function KReplacement(text) { // $1 and \x of Java's replacement
  const parts = String(text).match(/\\[\s\S]|\$\d|\$\{\w+\}|[\s\S]/g) || [];
  return (...m) => parts.map((p) => p[0] === "\\" ? p[1] : p[0] === "$" && p.length > 1 ? (p[1] === "{" ? (m[m.length - 1] || {})[p.slice(2, -1)]
    : m[Number(p[1])]) ?? "" : p).join("");
}
const KCache = new Map();
function KPattern(pattern, flags) {
  const key = flags + pattern; let r = KCache.get(key);
  if (!r) { if (KCache.size > 1000) KCache.clear(); KCache.set(key, r = KRegex(pattern, flags)); }
  r.lastIndex = 0; return r;
}

function KBytes(text) {
  const out = [];
  for (const ch of String(text)) {
    const c = ch.codePointAt(0);
    if (c < 0x80) out.push(c);
    else if (c < 0x800) out.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) out.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else out.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
  }
  return Int8Array.from(out);
}
function KDecode(bytes) {
  let hex = ""; for (const b of bytes) hex += "%" + (b & 255).toString(16).padStart(2, "0");
  return decodeURIComponent(hex);
}

(() => {
  const methods = {
    equals(o) { return o !== null && o !== undefined && typeof o.valueOf() === "string" && this.valueOf() === o.valueOf(); },
    equalsIgnoreCase(o) { return o !== null && o !== undefined && this.toLowerCase() === String(o).toLowerCase(); },
    compareTo(o) { const a = String(this), b = String(o); for (let i = 0; i < a.length && i < b.length; i++) {
      if (a[i] !== b[i]) return a.charCodeAt(i) - b.charCodeAt(i); } return a.length - b.length; },
    compareToIgnoreCase(o) { return this.toUpperCase().compareTo(String(o).toUpperCase()); },
    contains(o) { return this.indexOf(String(o)) >= 0; },
    isEmpty() { return this.length === 0; },
    replaceFirst(a, b) { return String(this).replace(KPattern(a, ""), KReplacement(b)); },
    matches(p) { return KPattern("^(?:" + p + ")$", "").test(this); },
    getBytes() { return KBytes(this); },
    toCharArray() { return Array.from(String(this)); },
    hashCode() { let h = 0; for (let i = 0; i < this.length; i++) h = (h * 31 + this.charCodeAt(i)) | 0; return h; },
    regionMatches(...a) { const [i, s, j, n] = a.length === 5 ? a.slice(1) : a; const x = this.substr(i, n), y = String(s).substr(j, n);
      return a.length === 5 && a[0] ? x.equalsIgnoreCase(y) : x === y; },
    intern() { return String(this); },
    codePointAt(i) { return this.charCodeAt(i); },
  };
  for (const name of Object.keys(methods)) Object.defineProperty(String.prototype, name, { value: methods[name], writable: true, configurable: true });
  const jsAll = String.prototype.replaceAll;
  Object.defineProperty(String.prototype, "replaceAll", { value: function (a, b) {
    return a instanceof RegExp ? jsAll.call(this, a, b) : String(this).replace(KPattern(a, "g"), KReplacement(b)); }, writable: true });
  const numbers = {
    intValue() { return this.valueOf() | 0; }, longValue() { return Math.trunc(this.valueOf()); }, doubleValue() { return Number(this.valueOf()); },
    floatValue() { return Math.fround(this.valueOf()); }, equals(o) { return o !== null && o !== undefined && this.valueOf() === o.valueOf(); },
    compareTo(o) { return Math.sign(this.valueOf() - Number(o)); }, hashCode() { return this.valueOf() | 0; }, isNaN() { return Number.isNaN(this.valueOf()); },
  };
  for (const name of Object.keys(numbers)) Object.defineProperty(Number.prototype, name, { value: numbers[name], writable: true });
  Object.defineProperty(Boolean.prototype, "booleanValue", { value: function () { return this.valueOf(); }, writable: true });
  Object.defineProperty(Boolean.prototype, "equals", { value: function (o) { return o !== null && o !== undefined && this.valueOf() === o.valueOf(); }, writable: true });
})();

class JavaLong { // an Integer beyond 2^53: its text is exact, arithmetic is a double's, as in Rhino
  constructor(text) { this.text = String(text); }
  toString() { return this.text; }
  valueOf() { return Number(this.text); }
  longValue() { return this; }
  intValue() { return Number(BigInt.asIntN(32, BigInt(this.text))); }
  doubleValue() { return Number(this.text); }
  equals(o) { return String(o) === this.text; }
}
class BigDecimal {
  constructor(value) {
    if (value instanceof BigDecimal) { this.u = value.u; this.s = value.s; return; }
    const m = /^([+-]?\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(String(value));
    if (!m) throw new Error("java.lang.NumberFormatException: " + value);
    const frac = m[2] || "", e = Number(m[3] || 0);
    this.u = BigInt(m[1].replace("+", "") + frac || "0"); this.s = frac.length - e;
    if (this.s < 0) { this.u *= 10n ** BigInt(-this.s); this.s = 0; }
  }
  static make(u, s) { const b = new BigDecimal("0"); b.u = u; b.s = s; return b; }
  static valueOf(v, scale) { const b = new BigDecimal(Number.isInteger(v) || scale !== undefined ? v : String(v)); if (scale !== undefined) b.s = scale; return b; }
  at(s) { return this.u * 10n ** BigInt(s - this.s); }
  add(o) { o = new BigDecimal(o); const s = Math.max(this.s, o.s); return BigDecimal.make(this.at(s) + o.at(s), s); }
  subtract(o) { return this.add(new BigDecimal(o).negate()); }
  multiply(o) { o = new BigDecimal(o); return BigDecimal.make(this.u * o.u, this.s + o.s); }
  divide(o, scale, mode) { o = new BigDecimal(o);
    if (o.u === 0n) throw new Error("java.lang.ArithmeticException: / by zero");
    const s = scale === undefined ? Math.max(this.s + 20, 20) : Number(scale), up = s + o.s - this.s + 3;
    const r = BigDecimal.make(this.u * 10n ** BigInt(Math.max(up, 0)) / o.u, s + 3).setScale(s, mode ?? 4);
    return scale === undefined ? r.stripTrailingZeros() : r; }
  negate() { return BigDecimal.make(-this.u, this.s); }
  abs() { return BigDecimal.make(this.u < 0n ? -this.u : this.u, this.s); }
  signum() { return this.u > 0n ? 1 : this.u < 0n ? -1 : 0; }
  compareTo(o) { return this.subtract(o).signum(); }
  equals(o) { return o instanceof BigDecimal && o.u === this.u && o.s === this.s; }
  scale() { return this.s; }
  setScale(n, mode = 7) { n = Number(n);
    if (n >= this.s) return BigDecimal.make(this.at(n), n);
    const unit = 10n ** BigInt(this.s - n), neg = this.u < 0n, a = neg ? -this.u : this.u, rest = a % unit;
    let q = a / unit; const twice = rest * 2n, m = Number(mode);
    if (m === 7 && rest) throw new Error("java.lang.ArithmeticException: Rounding necessary");
    if (rest && (m === 0 || (m === 2 && !neg) || (m === 3 && neg) || (m === 4 && twice >= unit) || (m === 5 && twice > unit)
      || (m === 6 && (twice > unit || (twice === unit && q % 2n === 1n))))) q += 1n;
    return BigDecimal.make(neg ? -q : q, n); }
  stripTrailingZeros() { let u = this.u, s = this.s; while (s > 0 && u % 10n === 0n) { u /= 10n; s--; } return BigDecimal.make(u, s); }
  toString() { const neg = this.u < 0n, t = (neg ? -this.u : this.u).toString().padStart(this.s + 1, "0");
    return (neg ? "-" : "") + (this.s ? t.slice(0, -this.s) + "." + t.slice(-this.s) : t); }
  toPlainString() { return this.toString(); }
  valueOf() { return Number(this.toString()); }
  doubleValue() { return this.valueOf(); } intValue() { return Math.trunc(this.valueOf()) | 0; } longValue() { return Math.trunc(this.valueOf()); }
}
Object.assign(BigDecimal, { ROUND_UP: 0, ROUND_DOWN: 1, ROUND_CEILING: 2, ROUND_FLOOR: 3, ROUND_HALF_UP: 4, ROUND_HALF_DOWN: 5, ROUND_HALF_EVEN: 6,
  ZERO: new BigDecimal("0"), ONE: new BigDecimal("1"), TEN: new BigDecimal("10") });

class HashMap {
  constructor(from) { this.m = new Map(from instanceof HashMap ? from.m : []); this.k = new Map(); }
  key(k) { return k !== null && typeof k === "object" ? k.valueOf() : k; }
  put(k, v) { const old = this.get(k); this.m.set(this.key(k), v); return old; }
  get(k) { const v = this.m.get(this.key(k)); return v === undefined ? null : v; }
  getOrDefault(k, d) { return this.containsKey(k) ? this.get(k) : d; }
  containsKey(k) { return this.m.has(this.key(k)); }
  containsValue(v) { return [...this.m.values()].some((x) => x == v); }
  remove(k) { const old = this.get(k); this.m.delete(this.key(k)); return old; }
  size() { return this.m.size; } isEmpty() { return this.m.size === 0; } clear() { this.m.clear(); }
  keySet() { return new ArrayList([...this.m.keys()]); } values() { return new ArrayList([...this.m.values()]); }
  putAll(o) { for (const [k, v] of o.m) this.m.set(k, v); }
  toString() { return "{" + [...this.m].map(([k, v]) => k + "=" + v).join(", ") + "}"; }
}
class ArrayList {
  constructor(from) { this.a = Array.isArray(from) ? [...from] : from instanceof ArrayList ? [...from.a] : []; }
  add(...x) { if (x.length === 2) this.a.splice(x[0], 0, x[1]); else this.a.push(x[0]); return true; }
  addAll(o) { this.a.push(...o); return true; }
  get(i) { if (i < 0 || i >= this.a.length) throw new Error("java.lang.IndexOutOfBoundsException: Index: " + i + ", Size: " + this.a.length); return this.a[i]; }
  set(i, v) { const old = this.get(i); this.a[i] = v; return old; }
  remove(i) { return this.a.splice(typeof i === "number" ? i : this.indexOf(i), 1)[0]; }
  same(x) { const v = x !== null && typeof x === "object" ? x.valueOf() : x; return (y) => (y !== null && typeof y === "object" ? y.valueOf() : y) === v; }
  indexOf(x) { return this.a.findIndex(this.same(x)); } contains(x) { return this.indexOf(x) >= 0; }
  size() { return this.a.length; } isEmpty() { return this.a.length === 0; } clear() { this.a = []; } toArray() { return [...this.a]; }
  iterator() { let i = 0; return { hasNext: () => i < this.a.length, next: () => this.a[i++] }; }
  toString() { return "[" + this.a.join(", ") + "]"; }
  [Symbol.iterator]() { return this.a[Symbol.iterator](); }
}
class HashSet extends ArrayList { add(x) { if (this.contains(x)) return false; this.a.push(x); return true; } }
class StringBuilder {
  constructor(t) { this.t = typeof t === "number" || t === undefined ? "" : String(t); }
  append(x) { this.t += x; return this; } toString() { return this.t; } length() { return this.t.length; } charAt(i) { return this.t.charAt(i); }
  reverse() { this.t = [...this.t].reverse().join(""); return this; } insert(i, x) { this.t = this.t.slice(0, i) + x + this.t.slice(i); return this; }
  deleteCharAt(i) { this.t = this.t.slice(0, i) + this.t.slice(i + 1); return this; } setLength(n) { this.t = this.t.slice(0, n).padEnd(n, "\0"); }
  indexOf(x) { return this.t.indexOf(x); } substring(a, b) { return this.t.substring(a, b); } get [Symbol.toStringTag]() { return "StringBuilder"; }
}
class SimpleDateFormat {
  constructor(p, locale) { this.p = String(p ?? "M/d/yy h:mm a"); this.s = locale ? KFormats.locale(locale) : undefined; this.strict = false; }
  setLenient(b) { this.strict = !b; } setTimeZone(z) { this.z = String(z); } applyPattern(p) { this.p = String(p); } toPattern() { return this.p; }
  format(d) { return KFormats.formatDate(typeof d === "number" ? d : KMs(d), this.p, this.s, this.z); }
  parse(t) { return new JavaDate(KFormats.parseDate(String(t), this.p, this.s, this.z, this.strict)); }
}
class DecimalFormat {
  constructor(p, symbols) { this.p = p === undefined ? undefined : String(p); this.s = symbols; }
  format(x) { return KFormats.formatNumber(Number(x), this.p, this.s); } parse(t) { return KFormats.parseNumber(String(t), this.p, this.s); }
  applyPattern(p) { this.p = String(p); } setDecimalFormatSymbols(s) { this.s = s; }
}
class DecimalFormatSymbols {
  constructor(locale) { const s = KFormats.locale(locale); this.dec = s.dec; this.grp = s.grp; }
  setDecimalSeparator(c) { this.dec = String(c); } setGroupingSeparator(c) { this.grp = String(c); }
}
class Matcher {
  constructor(r, t) { this.r = r; this.t = String(t); this.m = null; this.g = new RegExp(r.source, r.flags.replace("g", "") + "g"); }
  find() { this.m = this.g.exec(this.t); if (this.m && this.m[0] === "") this.g.lastIndex++; return this.m !== null; }
  matches() { this.m = new RegExp("^(?:" + this.r.source + ")$", this.r.flags).exec(this.t); return this.m !== null; }
  group(i) { return this.m[i || 0] ?? null; } groupCount() { return new RegExp(this.r.source + "|").exec("").length - 1; }
  start() { return this.m.index; } end() { return this.m.index + this.m[0].length; } replaceAll(x) { return this.t.replaceAll(this.r.source, x); }
}
function KParseInt(text, radix, limit) {
  const t = String(text), r = radix || 10, v = parseInt(t, r);
  if (!/^[+-]?[0-9a-z]+$/i.test(t) || Number.isNaN(v) || t.toLowerCase().replace(/^[+-]/, "").split("").some((c) => Number.isNaN(parseInt(c, r))) || v > limit || v < -limit - 1)
    throw new Error("java.lang.NumberFormatException: For input string: \"" + t + "\"");
  return v;
}
function KParseDouble(text) {
  const t = String(text).trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$|^[+-]?(NaN|Infinity)$/.test(t)) throw new Error("java.lang.NumberFormatException: For input string: \"" + t + "\"");
  return Number(t.replace(/(\d|\.)[dDfF]$/, "$1"));
}
const INT = 2147483647;
const boxing = (make) => function (v) { const r = make(v); return new.target ? Object(r) : r; };
const integerClass = (limit) => Object.assign(boxing((v) => typeof v === "number" ? Math.trunc(v) : KParseInt(v, 10, limit)), {
  parseInt: (t, r) => KParseInt(t, r, limit), parseLong: (t, r) => KParseInt(t, r, limit), valueOf: (t, r) => typeof t === "number" ? t : KParseInt(t, r, limit),
  toString: (v, r) => Number(v).toString(r || 10), toHexString: (v) => BigInt.asUintN(limit === INT ? 32 : 64, BigInt(Math.trunc(v))).toString(16),
  toBinaryString: (v) => BigInt.asUintN(limit === INT ? 32 : 64, BigInt(Math.trunc(v))).toString(2), toOctalString: (v) => BigInt.asUintN(32, BigInt(v)).toString(8),
  compare: (a, b) => Math.sign(a - b), MAX_VALUE: limit, MIN_VALUE: -limit - 1, bitCount: (v) => BigInt.asUintN(32, BigInt(v)).toString(2).replace(/0/g, "").length });
const KClasses = {
  "java.lang.String": Object.assign(boxing((v) => v === undefined ? "" : v instanceof Int8Array ? KDecode(v) : String(v)), { valueOf: (v) => Array.isArray(v) ? v.join("") : String(v),
    join: (sep, ...parts) => (parts.length === 1 && typeof parts[0] === "object" ? [...parts[0]] : parts).join(sep),
    format: (f, ...args) => KSprintf(String(f), args.length === 1 && Array.isArray(args[0]) ? args[0] : args) }),
  "java.lang.Math": Math, "java.lang.Integer": integerClass(INT), "java.lang.Long": integerClass(9223372036854775807), "java.lang.Short": integerClass(32767),
  "java.lang.Double": Object.assign(boxing((v) => typeof v === "number" ? v : KParseDouble(v)), { parseDouble: KParseDouble, valueOf: (v) => typeof v === "number" ? v : KParseDouble(v),
    toString: (v) => KJavaDouble(v), isNaN: (v) => Number.isNaN(Number(v)), MAX_VALUE: Number.MAX_VALUE, MIN_VALUE: Number.MIN_VALUE, compare: (a, b) => Math.sign(a - b) }),
  "java.lang.Boolean": Object.assign(boxing((v) => String(v).toLowerCase() === "true"), { parseBoolean: (v) => String(v).toLowerCase() === "true",
    valueOf: (v) => String(v).toLowerCase() === "true", TRUE: true, FALSE: false }),
  "java.lang.Character": { isDigit: (c) => /^\d/.test(c), isLetter: (c) => /^\p{L}/u.test(c), isLetterOrDigit: (c) => /^[\p{L}\p{N}]/u.test(c), isWhitespace: (c) => /^\s/.test(c),
    isUpperCase: (c) => /^\p{Lu}/u.test(c), isLowerCase: (c) => /^\p{Ll}/u.test(c), toUpperCase: (c) => String(c).toUpperCase(), toLowerCase: (c) => String(c).toLowerCase(),
    toString: (c) => String(c), getNumericValue: (c) => parseInt(c, 36), valueOf: (c) => String(c) },
  "java.lang.System": { currentTimeMillis: () => KNow(), nanoTime: () => KNow() * 1000000, getProperty: (n, d) => KHost.variables[n] ?? d ?? null,
    getenv: () => { throw new Error("java.lang.System.getenv: scripts see no environment of the machine"); }, out: { println() { }, print() { } }, err: { println() { }, print() { } } },
  "java.lang.Object": Object, "java.lang.StringBuffer": StringBuilder, "java.lang.StringBuilder": StringBuilder,
  "java.lang.Thread": { sleep() { }, currentThread: () => ({ getName: () => "script" }) },
  "java.lang.Exception": Error, "java.lang.RuntimeException": Error,
  "java.util.Date": JavaDate, "java.sql.Timestamp": JavaTimestamp, "java.sql.Date": JavaDate, "java.util.Calendar": JavaCalendar, "java.util.GregorianCalendar": JavaCalendar,
  "java.util.HashMap": HashMap, "java.util.LinkedHashMap": HashMap, "java.util.TreeMap": HashMap, "java.util.Hashtable": HashMap, "java.util.ArrayList": ArrayList,
  "java.util.LinkedList": ArrayList, "java.util.Vector": ArrayList, "java.util.HashSet": HashSet, "java.util.LinkedHashSet": HashSet, "java.util.Arrays": { asList: (...x) => new ArrayList(x), toString: (a) => "[" + [...a].join(", ") + "]", sort: (a) => { a.sort((x, y) => x < y ? -1 : x > y ? 1 : 0); } },
  "java.util.UUID": { randomUUID: () => { const h = Array.from({ length: 32 }, (_, i) => i === 12 ? "4" : (Math.floor(Math.random() * 16) & (i === 16 ? 3 : 15) | (i === 16 ? 8 : 0)).toString(16)).join("");
    return h.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"); } },
  "java.util.Random": class { nextInt(n) { return Math.floor(Math.random() * (n || 2 ** 32)) - (n ? 0 : 2 ** 31); } nextDouble() { return Math.random(); } nextBoolean() { return Math.random() < 0.5; } },
  "java.util.Locale": Object.assign(boxing((l) => String(l)), { ENGLISH: "en", US: "en", UK: "en", GERMAN: "de", GERMANY: "de", FRENCH: "fr", FRANCE: "fr", ITALIAN: "it", ITALY: "it", getDefault: () => "en", ROOT: "en" }),
  "java.util.TimeZone": { getTimeZone: (n) => String(n), getDefault: () => "UTC" },
  "java.util.regex.Pattern": { compile: (p, f) => { const r = KRegex(p, f & 2 ? "i" : ""); return { matcher: (t) => new Matcher(r, t), pattern: () => String(p), toString: () => String(p) }; },
    matches: (p, t) => KPattern("^(?:" + p + ")$", "").test(t), CASE_INSENSITIVE: 2, quote: (t) => "\\Q" + t + "\\E" },
  "java.util.concurrent.TimeUnit": { DAYS: { toMillis: (n) => n * 86400000 } },
  "java.text.SimpleDateFormat": SimpleDateFormat, "java.text.DecimalFormat": DecimalFormat, "java.text.DecimalFormatSymbols": DecimalFormatSymbols,
  "java.math.BigDecimal": BigDecimal, "java.math.BigInteger": BigDecimal,
  "org.pentaho.di.core.encryption.Encr": { encryptPassword: (t) => KHost.obscure(t), encryptPasswordIfNotUsingVariables: (t) => /\$\{|%%/.test(t) ? t : "Encrypted " + KHost.obscure(t),
    decryptPassword: (t) => KHost.reveal(t), decryptPasswordOptionallyEncrypted: (t) => String(t).startsWith("Encrypted ") ? KHost.reveal(String(t).slice(10)) : t },
  "org.pentaho.di.core.Const": { isEmpty: (t) => t === null || t === undefined || String(t) === "", trim: (t) => String(t).trim(), NVL: (t, d) => t === null || t === undefined || String(t) === "" ? d : t,
    CR: "\n", FILE_SEPARATOR: "/", removeDigits: (t) => removeDigits(t), getDigitsOnly: (t) => getDigitsOnly(t), initCap: (t) => initCap(t) },
  "org.pentaho.di.core.util.StringUtil": { isEmpty: (t) => t === null || t === undefined || String(t) === "", initCap: (t) => initCap(t),
    generateRandomString: (n, pre, post, upper) => { let t = pre; for (let i = 0; i < n; i++) t += String.fromCharCode(97 + Math.floor(Math.random() * 26)); t += post; return upper ? t.toUpperCase() : t; } },
  "org.apache.commons.lang.StringUtils": { isEmpty: (t) => t === null || t === undefined || String(t) === "", isBlank: (t) => t === null || t === undefined || String(t).trim() === "", isNumeric: (t) => /^\d+$/.test(t),
    leftPad: (t, n, c = " ") => t === null ? null : String(t).padStart(n, c), rightPad: (t, n, c = " ") => t === null ? null : String(t).padEnd(n, c), capitalize: (t) => String(t).slice(0, 1).toUpperCase() + String(t).slice(1),
    replace: (t, a, b) => String(t).split(a).join(b), trimToEmpty: (t) => t === null ? "" : String(t).trim(), countMatches: (t, s) => String(t).split(s).length - 1, reverse: (t) => [...String(t)].reverse().join("") },
};
KClasses["org.apache.commons.lang3.StringUtils"] = KClasses["org.apache.commons.lang.StringUtils"];
KClasses["org.apache.hop.core.encryption.Encr"] = KClasses["org.pentaho.di.core.encryption.Encr"];
KClasses["org.apache.hop.core.Const"] = KClasses["org.pentaho.di.core.Const"];
const KJavaDouble = (v) => { const x = Number(v); return Number.isInteger(x) && Math.abs(x) < 1e7 ? x.toFixed(1) : String(x); };
function KSprintf(f, args) {
  let n = 0;
  return f.replace(/%(\d+\$)?([-0,+]*)(\d+)?(?:\.(\d+))?([sdfxXn%])/g, (_, at, flags, width, prec, kind) => {
    if (kind === "%") return "%"; if (kind === "n") return "\n";
    const v = args[at ? parseInt(at) - 1 : n++];
    let t = kind === "d" ? String(Math.trunc(v)) : kind === "f" ? Number(v).toFixed(prec === undefined ? 6 : prec) : kind === "s" ? String(v) : Math.trunc(v).toString(16);
    if (kind === "X") t = t.toUpperCase();
    if (flags.includes(",")) t = t.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    if (flags.includes("+") && Number(v) >= 0) t = "+" + t;
    if (width) t = flags.includes("-") ? t.padEnd(width) : t.padStart(width, flags.includes("0") ? "0" : " ");
    return t;
  });
}
function KPackage(path) { // java.util -> a package; java.util.Date -> the class; anything else refuses when it is used
  const known = KClasses[path];
  if (known) return known;
  const refuse = () => { throw new Error("the Java class " + path + " is not available to scripts of the native engine"); };
  return new Proxy(function () { }, {
    get: (_, key) => key === Symbol.toPrimitive || key === "toString" ? () => "[JavaPackage " + path + "]" : typeof key === "symbol" ? undefined : key === "__path" ? path : KPackage(path ? path + "." + key : key),
    construct: refuse, apply: refuse,
  });
}
Object.assign(globalThis, { Packages: KPackage(""), java: KPackage("java"), javax: KPackage("javax"), org: KPackage("org"), com: KPackage("com"),
  importClass, importPackage, JavaImporter: () => ({}) });
function importClass(...classes) { for (const c of classes) for (const [path, known] of Object.entries(KClasses)) if (known === c) globalThis[path.split(".").pop()] = c; }
function importPackage(...packages) {
  for (const p of packages) for (const [path, known] of Object.entries(KClasses)) {
    const name = path.split(".").pop();
    if (path === p.__path + "." + name && !["Object", "String", "Math", "Boolean"].includes(name)) globalThis[name] = known;
  }
}
