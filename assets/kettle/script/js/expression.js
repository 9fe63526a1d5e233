// A job's EVAL entry: one expression over the figures of the previous entry.
function KExpression(text) {
  const p = JSON.parse(text), n = p.numbers, rows = p.rows.map((r) => new ValueRow(r.map(([f, t, v]) => new Value(f, t, v === null ? null : RAW[t](v)))));
  Object.assign(KHost, { variables: p.variables, name: p.job, tabs: {} });
  const get = (k) => () => n[k];
  const result = { getResult: () => p.result, getNrErrors: get("errors"), getEntryNr: get("nr"), getExitStatus: get("exit_status"), getRows: () => new ArrayList(rows), isStopped: () => p.stopped,
    getNrLinesInput: get("lines_input"), getNrLinesOutput: get("lines_output"), getNrLinesUpdated: get("lines_updated"), getNrLinesRejected: get("lines_rejected"), getNrLinesRead: get("lines_read"),
    getNrLinesWritten: get("lines_written"), getNrLinesDeleted: get("lines_deleted"), getNrFilesRetrieved: get("files_retrieved"), getResultFilesList: () => new ArrayList(p.files), getLogText: () => p.log };
  const job = { getVariable: (k, d) => KHost.variables[String(k)] ?? (d === undefined ? null : d), setVariable: (k, v) => { KHost.variables[String(k)] = String(v); KHost.set.push([String(k), String(v), "p"]); },
    getJobname: () => p.job, getName: () => p.job, environmentSubstitute: CHECKS.resolveVariable, getParameterValue: (k) => KHost.variables[String(k)] ?? "", getJobMeta: () => job, getFilename: () => KHost.variables["Internal.Job.Filename.Name"] };
  Object.assign(globalThis, n, { previous_result: result, rows, parent_job: job, is_windows: false, _entry_: job });
  const value = (0, eval)(p.script);
  const plain = value !== null && typeof value === "object" ? value.valueOf() : value;
  return JSON.stringify({ value: plain === undefined || (typeof plain === "object" && plain !== null) ? String(value) : plain, truth: !!value, log: KHost.log.splice(0), set: KHost.set.splice(0) });
}
globalThis.__expression = KExpression;
