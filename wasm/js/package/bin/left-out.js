// What a walk has left out that somebody may look for, in notes: those of the native command.

/** How many names a note has. */
const MOST_NAMED = 5;

export class LeftOut {
  /** Helm charts whose templates were. */
  charts = new Set();
  /** Directories of which git could not say what it tracks and ignores, and why. */
  unasked = new Map();

  /** A line for each reason. */
  notes() {
    return [...this.#ofCharts(), ...this.#ofGit()];
  }

  *#ofCharts() {
    const all = [...this.charts].sort(bytewise);
    // Who renders a chart renders its subcharts.
    const charts = all.filter((chart) => !all.some((other) => chart.startsWith(`${other}/charts/`)));
    if (charts.length === 1) {
      const [chart] = charts;
      const command = `helm template ${chart} | vpcguard check -`;
      yield `${chart}/templates is a Helm chart's and was left out: render it (${command})`;
    } else if (charts.length > 1) {
      const start = `the templates of ${charts.length} Helm charts were left out: ${named(charts)}`;
      yield `${start}: render each (helm template CHART | vpcguard check -)`;
    }
  }

  *#ofGit() {
    const directories = [...this.unasked.keys()].sort(bytewise);
    if (directories.length === 0) return;
    const start = `git does not say what it tracks and ignores in ${named(directories)} (${this.unasked.get(directories[0])})`;
    const rest = "hidden files and node_modules are left out even if they are tracked";
    yield `${start}: no .gitignore counts there, and ${rest}`;
  }
}

export function bytewise(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The first of some names, and how many more there are. */
function named(names) {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
