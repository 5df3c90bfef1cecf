// Where reports go: --format FORMAT[=FILE] and --output FILE, as natively.

import { check } from "../node.js";

/** What stands for standard output. */
const STDOUT = "-";

/** The format and the file of the main report, undefined where nothing is said of it, and the files of the others; throws if that
    cannot be. */
export function placesOf(formats, output) {
  const targets = formats.map(target);
  const main = targets.filter(({ file }) => file === undefined);
  if (main.length > 1) {
    throw new Error("only one --format can go to standard output: give the others files, as in --format sarif=FILE");
  }
  const file = output === STDOUT ? undefined : output;
  const also = targets.filter((target) => target.file !== undefined);
  const files = [file, ...also.map((target) => target.file)].filter((name) => name !== undefined);
  const twice = files.find((name, at) => files.indexOf(name) < at);
  if (twice !== undefined) throw new Error(`${twice}: only one report can be written to a file`);
  return { format: main[0]?.format, file, also };
}

/** The files that are to be written, and the flags that name them; throws if the baseline is one of the reports. */
export function targetsOf({ file, also }, baseline) {
  const reports = also.map(({ format, file: path }) => ({ flag: `--format ${format}=${path}`, path }));
  if (file !== undefined) reports.unshift({ flag: `--output ${file}`, path: file });
  if (baseline === undefined) return reports;
  if (reports.some(({ path }) => path === baseline)) {
    throw new Error(`${baseline}: a report and the baseline cannot both be written to a file`);
  }
  return [...reports, { flag: `--write-baseline ${baseline}`, path: baseline }];
}

/** What is wrong with the value of --format, if anything is. */
export function wrongFormat(text) {
  const [format] = text.split("=", 1);
  try {
    check([], { format });
    return text === `${format}=` ? `the name of the file is missing: write ${format}=FILE` : undefined;
  } catch (error) {
    return error.message.replace("options.format: ", "");
  }
}

function target(text) {
  const at = text.indexOf("=");
  if (at < 0) return { format: text };
  const [format, file] = [text.slice(0, at), text.slice(at + 1)];
  return file === STDOUT ? { format } : { format, file };
}
