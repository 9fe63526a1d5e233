// Dates: JavaScript's own Date made to live in UTC, and java.util.Date and Calendar.
const KDate = Date;
const KNow = Date.now;
KDate.__parse = KDate.parse;
KDate.__offset = KDate.prototype.getTimezoneOffset;

(() => { // the local zone of every date of a script is UTC, whatever the machine's is
  const p = KDate.prototype;
  for (const name of Object.getOwnPropertyNames(p)) {
    const m = /^([gs]et)UTC(.*)$/.exec(name);
    if (m) Object.defineProperty(p, m[1] + m[2], { value: p[name], writable: true, configurable: true });
  }
  p.getTimezoneOffset = () => 0;
  p.getYear = function () { return this.getUTCFullYear() - 1900; };
  p.toString = function () { return KFormats.formatDate(this.getTime(), "EEE MMM dd yyyy HH:mm:ss 'GMT'Z '(UTC)'"); };
  const parse = (text) => {
    const m = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d:\d\d:\d\d) (?:UTC|GMT) (\d{4})$/.exec(text); // Date.toString of Java
    const ms = KDate.__parse(m ? `${m[2]} ${m[1]} ${m[4]} ${m[3]} UTC` : text);
    const zoned = m || /(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*(\(.*\))?$/i.test(text) || /^\d{4}(-\d\d(-\d\d)?)?$/.test(text);
    return zoned || Number.isNaN(ms) ? ms : ms - KDate.__offset.call(new KDate(ms)) * 60000;
  };
  globalThis.Date = new Proxy(KDate, {
    construct(target, args, self) {
      if (args.length === 0) return new target();
      let value;
      if (args.length === 1) {
        const a = args[0] instanceof JavaDate ? args[0].toString() : args[0] instanceof KDate ? args[0].getTime() : args[0];
        const prim = typeof a === "object" && a !== null ? a.valueOf() : a;
        value = typeof prim === "string" ? parse(prim) : Number(prim);
      } else {
        const [y, m, d = 1, h = 0, mi = 0, s = 0, ms = 0] = args.map(Number);
        value = KDate.UTC(y, m, d, h, mi, s, ms);
      }
      return new target(value);
    },
    apply: () => new KDate().toString(),
    get: (target, key) => key === "parse" ? parse : target[key],
  });
})();

class JavaDate {
  constructor(...args) {
    if (args.length === 0) this.ms = KNow();
    else if (args.length === 1) {
      const a = args[0];
      this.ms = a instanceof JavaDate ? a.ms : a instanceof KDate ? a.getTime() : typeof a === "string" ? new Date(a).getTime() : Math.trunc(Number(a));
    } else {
      const [y, m, d, h = 0, mi = 0, s = 0] = args.map(Number);
      this.ms = KFormats.utc(y + 1900, m, d) + h * 3600000 + mi * 60000 + s * 1000;
    }
  }
  get d() { return new KDate(this.ms); }
  getTime() { return this.ms; }
  setTime(ms) { this.ms = Math.trunc(Number(ms)); }
  getYear() { return this.d.getUTCFullYear() - 1900; }
  getMonth() { return this.d.getUTCMonth(); }
  getDate() { return this.d.getUTCDate(); }
  getDay() { return this.d.getUTCDay(); }
  getHours() { return this.d.getUTCHours(); }
  getMinutes() { return this.d.getUTCMinutes(); }
  getSeconds() { return this.d.getUTCSeconds(); }
  getTimezoneOffset() { return 0; }
  set(change) { const d = this.d; change(d); this.ms = d.getTime(); }
  setYear(v) { this.set((d) => d.setUTCFullYear(Number(v) + 1900)); }
  setMonth(v) { this.set((d) => d.setUTCMonth(Number(v))); }
  setDate(v) { this.set((d) => d.setUTCDate(Number(v))); }
  setHours(v) { this.set((d) => d.setUTCHours(Number(v))); }
  setMinutes(v) { this.set((d) => d.setUTCMinutes(Number(v))); }
  setSeconds(v) { this.set((d) => d.setUTCSeconds(Number(v))); }
  before(o) { return this.ms < KMs(o); }
  after(o) { return this.ms > KMs(o); }
  compareTo(o) { return Math.sign(this.ms - KMs(o)); }
  equals(o) { return o instanceof JavaDate && this.ms === o.ms; }
  hashCode() { return Number(BigInt.asIntN(32, BigInt(this.ms) ^ (BigInt(this.ms) >> 32n))); }
  clone() { return new JavaDate(this.ms); }
  toString() { return KFormats.formatDate(this.ms, "EEE MMM dd HH:mm:ss zzz yyyy"); }
  toGMTString() { return KFormats.formatDate(this.ms, "d MMM yyyy HH:mm:ss 'GMT'"); }
  toLocaleString() { return KFormats.formatDate(this.ms, "MMM d, yyyy h:mm:ss a"); }
  toInstant() { return this; }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.ms : this.toString(); }
}
class JavaTimestamp extends JavaDate {
  toString() {
    const f = KFormats.formatDate(this.ms, "yyyy-MM-dd HH:mm:ss.SSS").replace(/0{1,2}$/, "");
    return f;
  }
}

function KMs(value) { // milliseconds of anything that counts as a date; throws as Rhino's conversion does
  if (value instanceof JavaDate) return value.ms;
  if (value instanceof KDate) return value.getTime();
  if (value instanceof Value && value.isDate()) return value.getDate().ms;
  throw new Error("Cannot convert " + KText(value) + " to java.util.Date");
}
const KText = (value) => String(value);

class JavaCalendar {
  constructor() { this.ms = KNow(); }
  static getInstance() { return new JavaCalendar(); }
  get t() { return new KDate(this.ms); }
  getTime() { return new JavaDate(this.ms); }
  setTime(d) { this.ms = KMs(d); }
  getTimeInMillis() { return this.ms; }
  setTimeInMillis(ms) { this.ms = Math.trunc(Number(ms)); }
  setLenient() { }
  setTimeZone() { }
  clone() { const c = new JavaCalendar(); c.ms = this.ms; return c; }
  before(o) { return this.ms < o.ms; }
  after(o) { return this.ms > o.ms; }
  compareTo(o) { return Math.sign(this.ms - o.ms); }
  get(field) {
    const d = this.t;
    return [() => 1, () => d.getUTCFullYear(), () => d.getUTCMonth(), () => KFormats.weekOfYear(d),
      () => Number(KFormats.formatDate(this.ms, "W")), () => d.getUTCDate(), () => KFormats.dayOfYear(d), () => d.getUTCDay() + 1,
      () => Math.floor((d.getUTCDate() - 1) / 7) + 1, () => (d.getUTCHours() < 12 ? 0 : 1), () => d.getUTCHours() % 12,
      () => d.getUTCHours(), () => d.getUTCMinutes(), () => d.getUTCSeconds(), () => d.getUTCMilliseconds()][field]();
  }
  add(field, n) {
    const unit = { 1: "y", 2: "m", 3: "w", 4: "w", 5: "d", 6: "d", 7: "d", 10: "hh", 11: "hh", 12: "mi", 13: "ss", 14: "ms" }[field];
    this.ms = KFormats.add(this.ms, unit, Number(n));
  }
  set(...args) {
    const d = this.t;
    if (args.length === 2) {
      const [f, v] = args.map(Number);
      const setter = { 1: "FullYear", 2: "Month", 5: "Date", 11: "Hours", 10: "Hours", 12: "Minutes", 13: "Seconds", 14: "Milliseconds" }[f];
      if (f === 6) d.setUTCMonth(0, v);
      else if (f === 7) d.setUTCDate(d.getUTCDate() - d.getUTCDay() + v - 1);
      else if (setter) d["setUTC" + setter](v);
      else throw new Error("Calendar.set of field " + f + " is not known to the script engine");
    } else {
      const [y, m, day, h, mi, s] = args.map(Number);
      d.setUTCFullYear(y, m, day);
      if (h !== undefined) d.setUTCHours(h, mi);
      if (s !== undefined) d.setUTCSeconds(s);
    }
    this.ms = d.getTime();
  }
  getActualMaximum(field) {
    if (Number(field) !== 5) throw new Error("Calendar.getActualMaximum is known for DAY_OF_MONTH only");
    const d = this.t;
    return new KDate(KFormats.utc(d.getUTCFullYear(), d.getUTCMonth() + 1, 0)).getUTCDate();
  }
}
Object.assign(JavaCalendar, { ERA: 0, YEAR: 1, MONTH: 2, WEEK_OF_YEAR: 3, WEEK_OF_MONTH: 4, DATE: 5, DAY_OF_MONTH: 5, DAY_OF_YEAR: 6,
  DAY_OF_WEEK: 7, DAY_OF_WEEK_IN_MONTH: 8, AM_PM: 9, HOUR: 10, HOUR_OF_DAY: 11, MINUTE: 12, SECOND: 13, MILLISECOND: 14,
  SUNDAY: 1, MONDAY: 2, TUESDAY: 3, WEDNESDAY: 4, THURSDAY: 5, FRIDAY: 6, SATURDAY: 7, JANUARY: 0, FEBRUARY: 1, MARCH: 2, APRIL: 3,
  MAY: 4, JUNE: 5, JULY: 6, AUGUST: 7, SEPTEMBER: 8, OCTOBER: 9, NOVEMBER: 10, DECEMBER: 11 });
