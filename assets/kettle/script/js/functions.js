// Kettle's helper functions. A null or undefined argument answers as Kettle's own do; a wrong number of arguments is an error.
const KHost = { variables: {}, log: [], set: [], obscure: null, reveal: null };

function initCap(t) { // the first letter after anything that is no letter or digit is raised, the others stay lower
  return String(t).toLowerCase().replace(/(^|[^\p{L}\p{N}])(\p{L})/gu, (_, a, b) => a + b.toUpperCase());
}
const removeDigits = (t) => String(t).replace(/\d/g, "");
const getDigitsOnly = (t) => String(t).replace(/\D/g, "");
const CHECKS = {};
function KDefine(name, counts, onNull, body, checked) {
  CHECKS[name] = function (...a) {
    if (counts && !counts.includes(a.length)) throw new Error("The function call " + name + " requires " + counts.join(" or ") + " arguments.");
    const n = checked === undefined ? 1 : checked === "all" ? a.length : checked;
    for (let i = 0; i < n; i++) if (a[i] === null) return onNull;
    for (let i = 0; i < n; i++) if (a[i] === undefined) return undefined;
    return body(...a);
  };
}
const jd = (ms) => new JavaDate(ms);
const cal = (d) => new KDate(KMs(d));
const S = String, N = Number;
const weekend = (ms) => { const day = new KDate(ms).getUTCDay(); return day === 0 || day === 6; };
const loc2 = (l) => { if (S(l).length !== 2) throw new Error("Locale " + l + " is not 2 characters long."); return KFormats.locale(l); };

KDefine("upper", [1], null, (t) => S(t).toUpperCase());
KDefine("lower", [1], null, (t) => S(t).toLowerCase());
KDefine("trim", [1], null, (t) => S(t).replace(/^[ \t\n\r\f\v\u001c-\u001f]+|[ \t\n\r\f\v\u001c-\u001f]+$/g, ""));
KDefine("ltrim", [1], null, (t) => S(t).replace(/^[ \t\n\x0B\f\r]+/, ""));
KDefine("rtrim", [1], null, (t) => S(t).replace(/[ \t\n\x0B\f\r]+$/, ""));
const MOST = 64 * 1024 * 1024; // characters of a text that a function makes, as assets/kettle/limits.py
const sized = (n) => { const w = Math.trunc(N(n)); if (w > MOST) throw new Error("a text of " + w + " characters is asked for; at most " + MOST + " are made"); return w; };
const pads = (left) => (t, c, n) => { let v = S(t); const f = S(c); if (f === "" && v.length < n) throw new Error("the filler of lpad and rpad is empty");
  const more = f.repeat(Math.max(0, Math.ceil((sized(n) - v.length) / Math.max(1, f.length)))); return left ? more + v : v + more; };
KDefine("lpad", null, null, pads(true), 3);
KDefine("rpad", null, null, pads(false), 3);
KDefine("fillString", [2], null, (c, n) => { if (S(c).length !== 1) throw new Error("Please provide a valid Char to the fillString"); return S(c).repeat(sized(n)); }, 2);
KDefine("substr", [2, 3], null, (t, from, len) => {
  const s = S(t), f = Math.floor(N(from) + 0.5);
  const bad = (e) => { throw new Error("The function call substr is not valid : String index out of range: " + e); };
  if (len === undefined) { if (f < 0 || f > s.length) bad(s.length - f); return s.slice(f); }
  if (f < 0) throw new Error("The function call substr is not valid : start smaller than 0");
  const to = Math.min(f + Math.max(0, Math.floor(N(len) + 0.5)), s.length);
  if (f > to) bad(to - f);
  return s.slice(f, to);
});
KDefine("indexOf", [2, 3], -1, (t, sub, from) => S(t).indexOf(S(sub), from === undefined ? 0 : Math.floor(N(from) + 0.5)), 2);
CHECKS.replace = function (...a) {
  if (a.length < 2 || a.length % 2 === 0) throw new Error("The function call replace is not valid (wrong number of arguments)");
  if (a[0] === null || a[1] === null) return null;
  if (a[0] === undefined || a[1] === undefined) return undefined;
  let t = S(a[0]);
  for (let i = 1; i < a.length - 1; i += 2) t = t.replace(KPattern(S(a[i]), "g"), KReplacement(S(a[i + 1])));
  return t;
};
CHECKS.decode = function (...a) {
  if (a.length < 2) throw new Error("The function call decode requires more than 1 argument.");
  const plain = (v) => v !== null && v !== undefined && typeof v === "object" ? v.valueOf() : v;
  if (a[0] === null || a[1] === null) return null;
  for (let i = 1; i < a.length - 1; i += 2) if (plain(a[i]) === plain(a[0])) return a[i + 1];
  return a.length % 2 === 0 ? a[a.length - 1] : a[0];
};
KDefine("initCap", [1], undefined, initCap, 0);
KDefine("removeDigits", [1], undefined, removeDigits, 0);
KDefine("getDigitsOnly", [1], undefined, getDigitsOnly, 0);
KDefine("removeCRLF", [1], null, (t) => S(t).replace(/[\r\n]/g, ""));
KDefine("getOcuranceString", [2], 0, (t, s) => S(s) === "" ? 0 : S(t).split(S(s)).length - 1, 2);
KDefine("isEmpty", [1], true, (t) => S(t) === "");
KDefine("isMailValid", [1], false, (t) => S(t).includes("@") && S(t).includes("."));
KDefine("LuhnCheck", [1], false, (t) => {
  const s = S(t); let sum = 0, twice = false;
  for (let i = s.length - 1; i >= 0; i--) {
    if (!/\d/.test(s[i])) return false;
    let v = N(s[i]); if (twice) { v *= 2; if (v > 9) v -= 9; }
    sum += v; twice = !twice;
  }
  return sum % 10 === 0;
});
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&apos;" };
const unescapeXml = (t) => S(t).replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (_, hex, dec, name) =>
  hex ? String.fromCodePoint(parseInt(hex, 16)) : dec ? String.fromCodePoint(N(dec)) : { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }[name.toLowerCase()]);
KDefine("escapeXml", [1], undefined, (t) => S(t).replace(/[&<>"']/g, (c) => ENTITIES[c]), 0);
KDefine("unEscapeXml", [1], undefined, unescapeXml, 0);
const HTML = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml".split(" ");
KDefine("escapeHtml", [1], undefined, (t) => S(t).replace(/[&<>"\u00a0-\u00ff]/g, (c) => c.charCodeAt(0) >= 160 ? "&" + HTML[c.charCodeAt(0) - 160] + ";" : ENTITIES[c]), 0);
KDefine("unEscapeHtml", [1], undefined, (t) => unescapeXml(S(t).replace(/&(\w+);/g, (m, n) => HTML.includes(n) ? String.fromCharCode(160 + HTML.indexOf(n)) : m)), 0);
KDefine("escapeSql", [1], undefined, (t) => S(t).replace(/'/g, "''"), 0);
KDefine("protectXmlCdata", [1], undefined, (t) => S(t) === "" ? S(t) : "<![CDATA[" + S(t) + "]]>", 0);
KDefine("str2RegExp", [2], null, (t, p) => { const m = KPattern("^(?:" + S(p) + ")$", "").exec(S(t)); return m && m.length > 1 ? m.slice(1).map((g) => g ?? null) : null; }, 2);
CHECKS.isRegExp = function (t, ...ps) {
  if (t === null || ps[0] === null) return null;
  for (let i = 0; i < ps.length; i++) if (KPattern("^(?:" + S(ps[i]) + ")$", "").test(S(t))) return i + 1;
  return -1;
};
KDefine("isCodepage", [2], null, (t, c) => /^(utf-?8)$/i.test(S(c)) || (/^(us-ascii|ascii)$/i.test(S(c)) ? !/[^\x00-\x7f]/.test(S(t)) : true), 2);

for (const f of ["abs", "ceil", "floor"]) KDefine(f, [1], NaN, (x) => Math[f](N(x)));
KDefine("trunc", [1], null, (x) => Math.floor(N(x)));
KDefine("isNum", [1], null, (x) => !Number.isNaN(N(x)));
KDefine("num2str", [1, 2, 3], null, (x, mask, l) => { if (Number.isNaN(N(x))) throw new Error("The first Argument must be a Number.");
  return KFormats.formatNumber(N(x), mask === undefined ? undefined : S(mask), l === undefined ? undefined : loc2(l)); }, "all");
KDefine("str2num", [1, 2, 3], NaN, (t, mask, l) => {
  if (mask !== undefined && (S(t) === "null" || S(mask) === "null")) return null;
  try { return KFormats.parseNumber(mask === undefined ? S(t).replace(/^\s+/, "") : S(t), mask === undefined ? undefined : S(mask), l === undefined ? undefined : loc2(l)); }
  catch (e) { throw new Error("Could not convert the String with the given format :" + e.message); }
}, "all");

KDefine("isDate", [1], null, (x) => x instanceof JavaDate || x instanceof KDate);
KDefine("date2str", [1, 2, 3, 4], null, (d, mask, l, z) => KFormats.formatDate(KMs(d), mask === undefined ? "M/d/yy h:mm a" : S(mask), l === undefined ? undefined : loc2(l), z === undefined ? undefined : S(z)), "all");
KDefine("str2date", [1, 2, 3, 4], null, (t, mask, l, z) => jd(KFormats.parseDate(S(t), mask === undefined ? "M/d/yy h:mm a" : S(mask), l === undefined ? undefined : loc2(l), z === undefined ? undefined : S(z))), "all");
KDefine("year", [1], NaN, (d) => cal(d).getUTCFullYear());
KDefine("month", [1], NaN, (d) => cal(d).getUTCMonth());
KDefine("quarter", [1], NaN, (d) => Math.floor(cal(d).getUTCMonth() / 3) + 1);
KDefine("week", [1], NaN, (d) => KFormats.weekOfYear(cal(d)));
KDefine("getDayNumber", [2], NaN, (d, t) => { const c = cal(d), k = S(t).toLowerCase();
  return k === "m" ? c.getUTCDate() : k === "w" ? c.getUTCDay() + 1 : k === "wm" ? Math.floor((c.getUTCDate() - 1) / 7) + 1 : KFormats.dayOfYear(c); });
KDefine("isWorkingDay", [1], null, (d) => !weekend(KMs(d)));
KDefine("getNextWorkingDay", [1], null, (d) => { let ms = KMs(d) + KFormats.DAY; while (weekend(ms)) ms += KFormats.DAY; return jd(ms); });
KDefine("getFiscalDate", [2], null, (d, offset) => {
  const ms = KMs(d), y = cal(d).getUTCFullYear(), start = KFormats.parseDate(S(offset) + y, "dd.MM.yyyy");
  return jd(KFormats.parseDate("01.01." + y + 1, "dd.MM.yyyy") + Math.trunc((ms - start) / KFormats.DAY) * KFormats.DAY); // year y followed by a 1, as Kettle has it
}, 2);
KDefine("dateAdd", [3], null, (d, t, n) => {
  const k = S(t).toLowerCase(), count = Math.trunc(N(n)); let ms = KMs(d);
  if (k !== "wd") return jd(KFormats.add(ms, k, count));
  for (let i = 0; i < count;) { ms += KFormats.DAY; if (!weekend(ms)) i++; }
  return jd(ms);
}, 3);
KDefine("dateDiff", [3], NaN, (a, b, t) => {
  const start = KMs(a), d1 = cal(a), d2 = cal(b), k = S(t).toLowerCase(); let end = KMs(b);
  const units = { d: KFormats.DAY, ms: 1, ss: 1000, mi: 60000, hh: 3600000 };
  if (k === "y") return d2.getUTCFullYear() - d1.getUTCFullYear();
  if (k === "m") return (d2.getUTCFullYear() - d1.getUTCFullYear()) * 12 + d2.getUTCMonth() - d1.getUTCMonth();
  if (k === "w") return Math.trunc(Math.trunc((end - start) / KFormats.DAY) / 7) + 0;
  if (k === "wd") { let n = 0; const step = end < start ? 1 : -1;
    while (step === 1 ? end < start : end > start) { if (!weekend(end)) n++; end += step * KFormats.DAY; } return n; }
  return Math.trunc((end - start) / (units[k] || KFormats.DAY)) + 0;
}, 3);
KDefine("truncDate", [2], null, (d, level) => {
  const c = cal(d), n = N(level);
  if (!(n >= 0 && n <= 5)) throw new Error("Argument of TRUNC of date has to be between 0 and 5");
  if (n >= 5) c.setUTCMonth(0); // before the day, so that 31 January stays in January
  if (n >= 4) c.setUTCDate(1);
  if (n >= 3) c.setUTCHours(0);
  if (n >= 2) c.setUTCMinutes(0);
  if (n >= 1) c.setUTCSeconds(0);
  c.setUTCMilliseconds(0);
  return jd(c.getTime());
});

KDefine("getVariable", [2], undefined, (n, d) => KHost.variables[S(n)] ?? S(d), 0);
KDefine("getEnvironmentVar", [1], undefined, (n) => KHost.variables[S(n)] ?? "", 0);
KDefine("setEnvironmentVar", [2], undefined, (n, v) => { KHost.variables[S(n)] = S(v); KHost.set.push([S(n), S(v), "s"]); }, 0);
KDefine("setVariable", [3], undefined, (n, v, scope) => {
  if (!["s", "r", "p", "g"].includes(S(scope))) throw new Error("The argument type of function call setVariable should either be \"s\", \"r\", \"p\", or \"g\".");
  KHost.variables[S(n)] = S(v); KHost.set.push([S(n), S(v), S(scope)]);
}, 0);
CHECKS.resolveVariable = (t) => S(t).replace(/\$\{([^}]*)\}/g, (m, n) => KHost.variables[n] ?? m);
const LEVEL = { b: "BASIC", d: "DEBUG", l: "DETAILED", e: "ERROR", m: "MINIMAL", r: "ROWLEVEL" };
CHECKS.writeToLog = (...a) => { if (a.length < 1 || a.length > 2) throw new Error("The function call writeToLog requires 1 or 2 arguments.");
  if (a.some((x) => x === null || x === undefined)) return;
  const level = a.length === 1 ? "DEBUG" : LEVEL[S(a[0]).toLowerCase()]; if (level) KHost.log.push([S(a[a.length - 1]), level]); };
CHECKS.Alert = (...a) => { KHost.log.push(["Alert: " + a.map(S).join(" "), "BASIC"]); return ""; };
CHECKS.print = CHECKS.println = (...a) => { KHost.log.push([a.map(S).join(""), "BASIC"]); };
CHECKS.getTransformationName = CHECKS.getPipelineName = () => KHost.name;
CHECKS.getProcessCount = (t) => ({ r: KHost.read, w: KHost.written })[S(t).toLowerCase()] || 0;
CHECKS.LoadScriptFromTab = (...names) => { for (const n of names) { if (!(S(n) in KHost.tabs)) throw new Error("there is no script tab " + n); (0, eval)(KHost.tabs[S(n)]); } };
for (const name of ["getShortFilename", "getFileExtension", "getParentFoldername"]) KDefine(name, [1], undefined, (f) => {
  const path = S(f).replace(/\\/g, "/"), base = path.slice(path.lastIndexOf("/") + 1);
  return name === "getShortFilename" ? base : name === "getFileExtension" ? (base.includes(".") ? base.slice(base.lastIndexOf(".") + 1) : "") : path.slice(0, Math.max(0, path.lastIndexOf("/")));
}, 0);
for (const name of ["appendToFile", "fireToDB", "fileExists", "touch", "deleteFile", "createFolder", "copyFile", "getFileSize", "isFile", "isFolder", "getLastModifiedTime",
  "moveFile", "execProcess", "loadFileContent", "LoadScriptFile", "resolveIP", "sendMail"]) {
  CHECKS[name] = () => { throw new Error("the function " + name + " reaches outside, which scripts of the native engine may not"); };
}
