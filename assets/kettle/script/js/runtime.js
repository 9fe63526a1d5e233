// The row loop: columns in as JSON, the script per row, columns out as JSON. One crossing per batch.
const K = { plan: null, row: null, read: 0, first: true, withStatus: false };

const WRAP = { // fields are objects, as in Rhino: typeof is "object", === with a literal is false
  S: (v) => new String(v), N: (v) => new Number(typeof v === "string" ? Number(v) : v), I: (v) => typeof v === "string" ? new JavaLong(v) : new Number(v),
  B: (v) => new Boolean(v), D: (v) => new JavaDate(v), T: (v) => new JavaTimestamp(v), G: (v) => new BigDecimal(v), X: (v) => KUnhex(v),
};
const RAW = { ...WRAP, S: (v) => v, N: (v) => typeof v === "string" ? Number(v) : v, I: (v) => typeof v === "string" ? new JavaLong(v) : v, B: (v) => v };
const KUnhex = (t) => Int8Array.from(t.match(/../g) || [], (h) => parseInt(h, 16));
const KHex = (b) => Array.from(b, (x) => (x & 255).toString(16).padStart(2, "0")).join("");
const prim = (v) => v !== null && typeof v === "object" && (v instanceof String || v instanceof Number || v instanceof Boolean) ? v.valueOf() : v;

function longText(n) {
  if (Number.isNaN(n)) return 0;
  const t = Math.trunc(n);
  if (Number.isSafeInteger(t)) return t + 0;
  if (t >= 9223372036854775807) return "9223372036854775807";
  if (t <= -9223372036854775808) return "-9223372036854775808";
  return BigInt(t).toString();
}
const whole = (t) => { const x = t.trim(); if (!/^[+-]?\d+$/.test(x)) throw new Error("For input string: \"" + t + "\""); return x.replace(/^\+/, ""); };
const double = (n) => Number.isFinite(n) ? (Object.is(n, -0) ? "-0" : n) : String(n);
const OUT = { // what leaves in each type, from whatever the script left in the variable
  S: (v) => { const t = String(v); return t.isWellFormed() ? t : t.toWellFormed(); },
  N: (v) => { const p = prim(v); return double(typeof p === "number" ? p : p instanceof Value ? p.getNumber() : p instanceof JavaDate || p instanceof KDate ? KMs(p)
    : typeof p === "object" ? Number(p) : typeof p === "boolean" ? Number(p) : KParseDouble(p)); },
  I: (v) => { const p = prim(v); if (typeof p === "number") return longText(p); if (p instanceof Value) return OUT.I(p.getInteger());
    if (p instanceof JavaLong) return p.text; if (p instanceof BigDecimal) return longText(p.valueOf()); if (p instanceof JavaDate || p instanceof KDate) return KMs(p); return whole(String(p)); },
  D: (v) => { if (v instanceof Value) { const d = v.getDate(); return d === null ? null : d.ms; }
    const ms = v instanceof JavaDate || v instanceof KDate ? KMs(v) : Math.round(typeof prim(v) === "number" ? prim(v) : KParseDouble(String(v)));
    if (Number.isNaN(ms)) throw new Error("Can't convert an invalid date"); return ms; },
  B: (v) => { const p = prim(v); if (typeof p === "boolean") return p; if (p instanceof Value) return p.getBoolean(); return typeof p === "number" ? p !== 0 : /^(y|yes|true|1)$/i.test(String(p)); },
  G: (v) => { const p = prim(v); if (p instanceof Value) { const b = p.getBigNumber(); return b === null ? null : b.toString(); }
    return p instanceof BigDecimal ? p.toString() : typeof p === "number" ? new BigDecimal(KJavaDouble(p)).toString() : new BigDecimal(String(p)).toString(); },
  X: (v) => KHex(v instanceof Value ? v.getBytes() : v instanceof Int8Array || Array.isArray(v) ? v : KBytes(v)),
};
OUT.T = OUT.D;

class ValueMeta {
  constructor(f) { this.f = f; this.v = new Value(f.name, f.type, null, f.length, f.precision); }
  getName() { return this.f.name; } getType() { return this.v.getType(); } getTypeDesc() { return this.v.getTypeDesc(); } getLength() { return this.f.length; } getPrecision() { return this.f.precision; }
  getOrigin() { return this.f.origin; } getConversionMask() { return this.f.mask; } getComments() { return null; } toStringMeta() { return this.v.toStringMeta(); }
  isString() { return this.f.type === "S"; } isNumber() { return this.f.type === "N"; } isInteger() { return this.f.type === "I"; } isDate() { return "DT".includes(this.f.type); }
  isBoolean() { return this.f.type === "B"; } isBigNumber() { return this.f.type === "G"; } isNumeric() { return "NIG".includes(this.f.type); } isBinary() { return this.f.type === "X"; }
  getString(x) { const v = new Value(this.f.name, x); if (v.isNull()) return null;
    return this.f.mask && this.isDate() ? KFormats.formatDate(KMs(x), this.f.mask) : this.f.mask && this.isNumeric() ? KFormats.formatNumber(Number(x), this.f.mask)
      : this.f.type === "I" ? String(x) : v.getString(); }
  isNull(x) { return x === null || x === undefined; }
}
class RowMeta {
  constructor(fields) { this.metas = fields.map((f) => new ValueMeta(f)); }
  size() { return this.metas.length; } isEmpty() { return this.metas.length === 0; } getValueMeta(i) { return this.metas[i]; } getValueMetaList() { return new ArrayList(this.metas); }
  indexOfValue(n) { const k = String(n).toLowerCase(); return this.metas.findIndex((m) => m.f.name.toLowerCase() === k); }
  searchValueMeta(n) { return this.metas[this.indexOfValue(n)] || null; } exists(m) { return this.indexOfValue(m.getName()) >= 0; }
  getFieldNames() { return this.metas.map((m) => m.f.name); }
  at(row, key) { return row[typeof key === "number" ? key : this.indexOfValue(key)]; }
  getString(row, key, other = null) { const i = typeof key === "number" ? key : this.indexOfValue(key); return i < 0 || row[i] === null || row[i] === undefined ? other : this.metas[i].getString(row[i]); }
  getNumber(row, key, other = null) { const v = this.at(row, key); return v === null || v === undefined ? other : Number(v); }
  getInteger(row, key, other = null) { const v = this.at(row, key); return v === null || v === undefined ? other : Math.trunc(Number(v)); }
  getDate(row, key, other = null) { return this.at(row, key) ?? other; } getBoolean(row, key, other = null) { return this.at(row, key) ?? other; }
}

function KSetup(text) {
  const p = K.plan = JSON.parse(text);
  Object.assign(KHost, { variables: p.variables, name: p.name, tabs: p.tabs, read: 0, written: 0 });
  const seed = BigInt(p.seed);
  KHost.obscure = (t) => { let n = 0n; for (const b of KBytes(t)) n = n * 256n + BigInt(b & 255); return (n ^ seed).toString(16); };
  KHost.reveal = (t) => { let n = BigInt("0x" + String(t).replace(/^Encrypted /, "")) ^ seed; const out = []; while (n) { out.unshift(Number(n & 255n)); n >>= 8n; } return KDecode(out); };
  p.inMeta = new RowMeta(p.fields); p.outMeta = new RowMeta(p.out);
  const variable = (n, d) => KHost.variables[String(n)] ?? (d === undefined ? null : d);
  const database = (n) => { const c = p.connections[String(n).toLowerCase()]; if (!c) return null; const get = (k) => () => c[k] === "" ? null : c[k];
    return { getName: get("name"), getHostname: get("host"), getDatabaseName: get("database"), getUsername: get("user"), getURL: get("url"), getDatabasePortNumberString: get("port"),
      getPluginId: get("type"), getDatabaseTypeDesc: get("type"), getPassword: () => { throw new Error("scripts do not see the passwords of connections"); } }; };
  const trans = { getName: () => p.name, getTransversion: () => null, getFilename: () => variable("Internal.Transformation.Filename.Name"), findDatabase: database, getVariable: variable,
    environmentSubstitute: CHECKS.resolveVariable, nrDatabases: () => Object.keys(p.connections).length, getDatabase: (i) => database(Object.keys(p.connections)[i]) };
  const step = { getTransMeta: () => trans, getPipelineMeta: () => trans, getTrans: () => trans, getPipeline: () => trans, getStepname: () => p.step, getTransformName: () => p.step, getVariable: variable,
    environmentSubstitute: CHECKS.resolveVariable, resolve: CHECKS.resolveVariable, setVariable: (n, v) => CHECKS.setVariable(n, v, "p"), getCopy: () => 0, getLinesRead: () => KHost.read, getLinesWritten: () => KHost.written,
    getInputRowMeta: () => p.inMeta, getOutputRowMeta: () => p.outMeta, putRow: (_, row) => CHECKS.putRow(row), logBasic: (t) => { KHost.log.push([String(t), "BASIC"]); },
    logError: (t) => { KHost.log.push([String(t), "ERROR"]); }, logDetailed: (t) => { KHost.log.push([String(t), "DETAILED"]); }, logDebug: (t) => { KHost.log.push([String(t), "DEBUG"]); },
    logMinimal: (t) => { KHost.log.push([String(t), "MINIMAL"]); } };
  Object.assign(globalThis, { _step_: step, _transform_: step, _TransformationName_: p.name, _PipelineName_: p.name, rowMeta: p.inMeta });
  for (const name of Object.keys(p.tabs)) globalThis[name] = p.tabs[name];
  CHECKS.getInputRowMeta = () => p.inMeta; CHECKS.getOutputRowMeta = () => p.outMeta;
  CHECKS.createRowCopy = (n) => { const size = Math.round(Number(n)), src = p.compatible ? globalThis.row.values : globalThis.row, out = src.slice(0, size); while (out.length < size) out.push(null); return out; };
  CHECKS.putRow = (row) => {
    const r = K.result;
    r.puts.push([r.src.length + r.puts.length, p.out.map((f, i) => row[i] === null || row[i] === undefined ? null : OUT[f.type](row[i]))]);
    KHost.written++;
  };
  for (const [name, f] of Object.entries(CHECKS)) Object.defineProperty(globalThis, name, { value: f, writable: true, configurable: true, enumerable: false });
  Object.assign(globalThis, { SKIP_TRANSFORMATION: 1, ABORT_TRANSFORMATION: -1, ERROR_TRANSFORMATION: -2, CONTINUE_TRANSFORMATION: 0,
    SKIP_PIPELINE: 1, ABORT_PIPELINE: -1, ERROR_PIPELINE: -2, CONTINUE_PIPELINE: 0 });
  globalThis.__values = (o) => o instanceof ArrayList || Array.isArray(o) ? o : Object.values(o);
  K.wrap = p.used.map((i) => p.compatible ? (v) => new Value(p.fields[i].name, p.fields[i].type, v === null ? null : RAW[p.fields[i].type](v), p.fields[i].length, p.fields[i].precision)
    : (v) => v === null ? null : WRAP[p.fields[i].type](v));
  K.out = p.outputs.map((o) => OUT[o.type]);
}

function KRow(p, columns, i) { // the whole row, where the script asks for it
  if (p.compatible) return new ValueRow(p.fields.map((f, c) => { const u = p.used.indexOf(c); if (u >= 0 && globalThis[f.name] instanceof Value) return globalThis[f.name];
    const v = columns[c][i]; return new Value(f.name, f.type, v === null ? null : RAW[f.type](v), f.length, f.precision); }));
  return p.fields.map((f, c) => columns[c][i] === null ? null : RAW[f.type](columns[c][i]));
}

function KRun(text) {
  const p = K.plan, batch = JSON.parse(text), columns = batch.columns, n = batch.n;
  const result = K.result = { src: [], cols: p.outputs.map(() => []), puts: [], touched: {}, errors: [], stop: "", log: [], set: [] };
  const names = p.used.map((i) => p.fields[i].name), outs = p.outputs.map((o) => o.name), values = new Array(outs.length);
  for (let i = 0; i < n; i++) {
    KHost.read++;
    try {
      for (let u = 0; u < names.length; u++) globalThis[names[u]] = K.wrap[u](columns[p.used[u]][i]);
      if (p.needRow) globalThis.row = KRow(p, columns, i);
      if (p.needNumber) globalThis.rowNumber = KHost.read;
      (0, K.row)(); // `this` is the global scope
      if (K.first) { K.first = false; K.withStatus = "trans_Status" in globalThis; }
      const status = K.withStatus ? Number(globalThis.trans_Status) | 0 : 0;
      if (status !== 0) {
        if (status === -1) { result.stop = "abort"; break; }
        if (status === -2) { result.stop = "error"; break; }
        continue;
      }
      for (let o = 0; o < outs.length; o++) { const v = globalThis[outs[o]]; values[o] = v === null || v === undefined ? null : K.out[o](v); }
      if (p.compatible) KTouched(p, result, names, i);
      for (let o = 0; o < outs.length; o++) result.cols[o].push(values[o]);
      result.src.push(i); KHost.written++;
    } catch (e) {
      if (e instanceof Error && e.name === "InternalError") throw e;
      result.errors.push([i, e instanceof Error ? (e.name === "Error" ? "" : e.name + ": ") + e.message + KWhere(e) : String(e)]);
      if (!p.handling) break;
    }
  }
  result.log = KHost.log.splice(0); result.set = KHost.set.splice(0);
  return JSON.stringify(result);
}
function KWhere(e) { const m = /__row[^\n]*?:(\d+)(?::\d+)?\)/.exec(e.stack || ""); return m ? " (script line " + (Number(m[1]) - K.plan.lineOffset) + ")" : ""; }

function KTouched(p, result, names, i) { // values changed in place go back into their fields
  const keep = (c, v) => { const f = p.fields[c]; (result.touched[c] ??= []).push([result.src.length, v.isNull() ? null : OUT[f.type](f.type === "S" ? v.getString() : v)]); };
  for (let u = 0; u < names.length; u++) { const v = globalThis[names[u]]; if (v instanceof Value && v.touched) keep(p.used[u], v); }
  if (p.needRow) globalThis.row.values.forEach((v, c) => { if (v.touched && !p.used.includes(c)) keep(c, v); });
}
Object.assign(globalThis, { __setup: KSetup, __run: KRun, __compile: (source) => { K.row = (0, eval)(source); },
  __events: () => JSON.stringify({ log: KHost.log.splice(0), set: KHost.set.splice(0) }) });
