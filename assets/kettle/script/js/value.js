// The Value object of the compatibility mode: what a field is there, with its type, length and null flag.
class Value {
  constructor(name, type, data, length = -1, precision = -1) {
    if (typeof type !== "string") { [data, type] = [type, undefined]; }
    this.name = name; this.length = length; this.precision = precision; this.touched = false;
    if (type === undefined && data === undefined && typeof name !== "string") { this.name = ""; data = name; }
    if (type === undefined) this.setValue(data); else { this.type = type; this.data = data; }
    this.touched = false;
  }
  // -- type and state
  getName() { return this.name; } setName(n) { this.name = String(n); }
  getType() { return { N: 1, S: 2, D: 3, T: 3, B: 4, I: 5, G: 6, X: 8 }[this.type] || 0; }
  getTypeDesc() { return { N: "Number", S: "String", D: "Date", T: "Date", B: "Boolean", I: "Integer", G: "BigNumber", X: "Binary" }[this.type] || "-"; }
  setType(t) { const k = { 1: "N", 2: "S", 3: "D", 4: "B", 5: "I", 6: "G", 8: "X" }[t]; if (k) this.type = k; }
  isString() { return this.type === "S"; } isNumber() { return this.type === "N"; } isInteger() { return this.type === "I"; }
  isDate() { return this.type === "D" || this.type === "T"; } isBoolean() { return this.type === "B"; } isBigNumber() { return this.type === "G"; }
  isNumeric() { return "NIG".includes(this.type); } isBinary() { return this.type === "X"; }
  isEmpty() { return this.data === null || this.data === undefined; } isNull() { return this.isEmpty(); }
  isSpace() { return this.isEmpty() || /^\s*$/.test(this.getString()); }
  setNull(b = true) { if (b) this.put(null); } clearValue() { this.put(null); }
  getLength() { return this.length; } setLength(l, p) { this.length = l; if (p !== undefined) this.precision = p; return this; }
  getPrecision() { return this.precision; } setPrecision(p) { this.precision = p; return this; }
  put(data, type) { this.data = data === undefined ? null : data; if (type) this.type = type; this.touched = true; return this; }
  // -- reading
  getString() {
    if (this.isEmpty()) return null;
    switch (this.type) {
      case "N": return KJavaDouble(this.data);
      case "B": return this.data ? "true" : "false"; // Y/N only in the text form
      case "D": case "T": return KFormats.formatDate(this.data.ms, "yyyy/MM/dd HH:mm:ss.SSS");
      case "X": return KDecode(this.data);
      default: return String(this.data);
    }
  }
  getNumber() {
    if (this.isEmpty()) return 0;
    switch (this.type) {
      case "S": { const n = Number(this.data.trim()); return Number.isNaN(n) || this.data.trim() === "" ? 0 : n; }
      case "B": return this.data ? 1 : 0;
      case "D": case "T": return this.data.ms;
      default: return Number(this.data);
    }
  }
  getInteger() {
    if (this.isEmpty()) return 0;
    if (this.type === "I") return this.data instanceof JavaLong ? this.data : Number(this.data);
    return this.type === "N" ? Math.round(this.data) : Math.trunc(this.getNumber());
  }
  getBoolean() {
    if (this.isEmpty()) return false;
    return this.type === "B" ? !!this.data : this.type === "S" ? /^(y|yes|true|1)$/i.test(this.data) : this.getNumber() !== 0;
  }
  getDate() {
    if (this.isEmpty()) return null;
    if (this.isDate()) return this.data;
    if (this.type !== "S") return new JavaDate(this.getNumber());
    try { return new JavaDate(KFormats.parseDate(this.data, "yyyy/MM/dd HH:mm:ss.SSS")); } catch (e) { return null; }
  }
  getBigNumber() { return this.isEmpty() ? null : new BigDecimal(this.type === "S" ? this.data : this.type === "G" ? this.data : String(this.getNumber())); }
  getBytes() { return this.isEmpty() ? null : this.type === "X" ? this.data : KBytes(this.getString()); }
  toString() { // padded to the length, as concatenation in old scripts sees it
    if (this.type === "S") { const t = this.isEmpty() ? "" : this.data; return this.length > 0 ? t.padEnd(Math.min(this.length, 16384)) : t; }
    if (this.isEmpty()) return "";
    if (this.type === "N" && this.length < 1) return KFormats.formatNumber(this.data, " ##########0.0########;-#########0.0########");
    if (this.type === "N") {
      const v = this.data, zeros = this.precision < 0 ? "0".repeat(this.length) + ".00" : (() => {
        const all = "0".repeat(this.length + 1), at = this.length - this.precision - (v < 0 ? 0 : 0);
        return all.slice(0, at) + "." + all.slice(at + 1); })();
      return KFormats.formatNumber(v, (v >= 0 ? " " : "") + zeros);
    }
    if (this.type === "I") {
      const v = Number(this.data);
      return this.length < 1 ? (v < 0 ? "" : " ") + String(this.data) : KFormats.formatNumber(v, (v >= 0 ? " " : "") + "0".repeat(this.length));
    }
    return this.getString();
  }
  toStringMeta() { return this.getTypeDesc() + (this.length > 0 ? "(" + this.length + (this.precision > 0 ? ", " + this.precision : "") + ")" : ""); }
  // -- writing
  setValue(v) {
    if (v instanceof Value) return this.put(v.data, v.type);
    if (v === null || v === undefined) return this.put(null);
    if (v instanceof JavaDate) return this.put(new JavaDate(v.ms), "D");
    if (v instanceof KDate) return this.put(new JavaDate(v.getTime()), "D");
    if (v instanceof BigDecimal) return this.put(v, "G");
    if (v instanceof JavaLong) return this.put(v, "I");
    if (v instanceof Int8Array) return this.put(v, "X");
    const p = v.valueOf();
    if (typeof p === "number") return this.put(p, "N");
    if (typeof p === "boolean") return this.put(p, "B");
    return this.put(String(p), "S");
  }
  Clone() { const v = new Value(this.name, this.type, this.data, this.length, this.precision); v.touched = false; return v; }
  clone() { return this.Clone(); }
  compare(o) {
    if (this.isEmpty() || o.isEmpty()) return (this.isEmpty() ? 0 : 1) - (o.isEmpty() ? 0 : 1);
    if (this.type === "S") return Math.sign(this.getString().replace(/\s+$/, "").compareTo(o.getString().replace(/\s+$/, "")));
    return Math.sign(this.getNumber() - o.getNumber());
  }
  equals(o) { return o instanceof Value ? this.compare(o) === 0 : typeof o === "number" ? this.getNumber() === o : typeof o === "boolean" ? this.getBoolean() === o : this.getString() === (o === null ? null : String(o)); }
  // -- text
  text(f) { const t = this.getString(); return this.put(t === null ? null : f(t), "S"); }
  upper() { return this.text((t) => t.toUpperCase()); } lower() { return this.text((t) => t.toLowerCase()); }
  initcap() { return this.text((t) => initCap(t)); }
  trim() { return this.text((t) => t.replace(/^[\s]+|[\s]+$/g, "")); } ltrim() { return this.text((t) => t.replace(/^\s+/, "")); } rtrim() { return this.text((t) => t.replace(/\s+$/, "")); }
  len() { const t = this.getString(); return this.put(t === null ? 0 : t.length, "I"); }
  substr(from, to) { return this.text((t) => { const e = to === undefined ? t.length : Math.min(Number(to), t.length); return Number(from) < 0 || Number(from) > t.length || e < from ? t : t.slice(Number(from), e); }); }
  leftstr(n) { return this.text((t) => t.slice(0, n)); } rightstr(n) { return this.text((t) => t.slice(-n)); }
  instr(what, from) { const t = this.getString() || ""; return this.put(t.indexOf(String(what), from ? Number(from) - 1 : 0) + 1, "I"); }
  replace(a, b) { return a === null || b === null ? this.put(null) : this.text((t) => a instanceof RegExp ? t.replace(a, b) : String(a) === "" ? t : t.split(String(a)).join(String(b))); }
  lpad(n, c = " ") { return this.text((t) => t.length >= n ? t : t.padStart(Number(n), c)); } rpad(n, c = " ") { return this.text((t) => t.length >= n ? t : t.padEnd(Number(n), c)); }
  add_text(t) { return this.text((x) => x + t); }
  nvl(o) { if (this.isEmpty()) this.setValue(o); return this; }
  // -- numbers
  num(f, type) { if (!this.isEmpty()) this.put(f(this.getNumber()), type || (this.type === "I" ? "I" : "N")); return this; }
  abs() { return this.num(Math.abs); } negate() { return this.num((x) => -x); } floor() { return this.num(Math.floor, "N"); } ceil() { return this.num(Math.ceil, "N"); }
  round(p = 0) { return this.num((x) => Math.round(x * 10 ** p) / 10 ** p); } trunc() { return this.isDate() ? this.day0() : this.num(Math.trunc); }
  day0() { return this.put(new JavaDate(Math.floor(this.data.ms / KFormats.DAY) * KFormats.DAY)); }
  sqrt() { return this.num(Math.sqrt, "N"); } log() { return this.num(Math.log, "N"); } exp() { return this.num(Math.exp, "N"); } sin() { return this.num(Math.sin, "N"); }
  cos() { return this.num(Math.cos, "N"); } tan() { return this.num(Math.tan, "N"); } power(p) { return this.num((x) => x ** Number(p), "N"); }
  sign() { return this.num(Math.sign); } mod(a, b) { return this.put(Number(a) % Number(b), "N"); }
  plus(o) { return this.type === "S" ? this.text((t) => t + o) : this.num((x) => x + Number(o instanceof Value ? o.getNumber() : o)); }
  minus(o) { return this.num((x) => x - (o instanceof Value ? o.getNumber() : Number(o))); }
  multiply(o) { return this.num((x) => x * (o instanceof Value ? o.getNumber() : Number(o))); }
  divide(o) { return this.num((x) => { const r = x / (o instanceof Value ? o.getNumber() : Number(o)); return this.type === "I" ? Math.trunc(r) : r; }); }
  // -- conversions with masks
  symbols(dec, grp) { return dec === undefined ? undefined : { dec: String(dec), grp: grp === undefined ? (String(dec) === "." ? "," : ".") : String(grp) }; }
  str2num(mask, dec, grp, currency) {
    if (this.isEmpty()) return this.put(null, "N");
    if (mask === undefined) { const n = Number(this.data.trim()); if (Number.isNaN(n)) throw new Error("'" + this.data + "' is no number"); return this.put(n, "N"); }
    const mark = (t) => currency ? t.split(String(currency)).join("\u00a4") : t;
    return this.put(KFormats.parseNumber(mark(this.data).split("\u00a4").join("$"), mark(String(mask)), this.symbols(dec, grp)), "N");
  }
  num2str(mask, dec, grp, currency) {
    if (this.isEmpty()) return this.put(null, "S");
    const text = KFormats.formatNumber(this.getNumber(), mask === undefined ? "###0.###" : String(mask), this.symbols(dec, grp));
    return this.put(currency ? text.split("$").join(currency) : text, "S");
  }
  dat2str(mask = "yyyy/MM/dd HH:mm:ss.SSS", loc) { return this.put(this.isEmpty() ? null : KFormats.formatDate(this.getDate().ms, mask, loc && KFormats.locale(loc)), "S"); }
  str2dat(mask = "yyyy/MM/dd HH:mm:ss.SSS", loc) { return this.put(this.isEmpty() ? null : new JavaDate(KFormats.parseDate(this.getString(), mask, loc && KFormats.locale(loc))), "D"); }
  dat2num() { return this.put(this.isEmpty() ? null : this.getDate().ms, "I"); } num2dat() { return this.put(this.isEmpty() ? null : new JavaDate(this.getNumber()), "D"); }
  date(unit, n) { if (!this.isEmpty()) this.put(new JavaDate(KFormats.add(this.getDate().ms, unit, Number(n))), "D"); return this; }
  add_days(n) { return this.date("d", n); } add_months(n) { return this.date("m", n); } last_day() { const d = this.getDate().d; return this.put(new JavaDate(KFormats.utc(d.getUTCFullYear(), d.getUTCMonth() + 1, 0) + this.data.ms % KFormats.DAY), "D"); }
  sysdate() { return this.put(new JavaDate(), "D"); }
  dat2part(mask) { return this.put(Number(KFormats.formatDate(this.getDate().ms, mask)), "N"); }
}

class ValueRow { // `row` of the compatibility mode
  constructor(values) { this.values = values; }
  size() { return this.values.length; } getValue(i) { return typeof i === "number" ? this.values[i] : this.searchValue(i); }
  searchValue(name) { const n = String(name).toLowerCase(); return this.values.find((v) => v.name.toLowerCase() === n) || null; }
  searchValueIndex(name) { const n = String(name).toLowerCase(); return this.values.findIndex((v) => v.name.toLowerCase() === n); }
  pick(name, other, how) { const v = this.searchValue(name); return v === null || v.isNull() ? (other === undefined ? null : other) : v[how](); }
  getString(n, d) { return this.pick(n, d, "getString"); } getNumber(n, d) { return this.pick(n, d, "getNumber"); } getInteger(n, d) { return this.pick(n, d, "getInteger"); }
  getDate(n, d) { return this.pick(n, d, "getDate"); } getBoolean(n, d) { return this.pick(n, d, "getBoolean"); }
  getFieldNames() { return this.values.map((v) => v.name); } toString() { return this.values.map((v) => v.name + "=" + v.getString()).join(", "); }
}
