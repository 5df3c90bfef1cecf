/** A file, or what stands for one. A name that ends in `.json` is read as JSON, any other as YAML. */
export type File = { name: string; text: string } | { name: string; bytes: Uint8Array };

/** An object of Kubernetes. Numbers that JavaScript cannot hold exactly belong into a {@link File}. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata?: { name?: string; generateName?: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** A file, or an object, which is then a file of its own. */
export type Manifest = File | KubernetesObject;

export type RuleAction = "deny" | "warn" | "off";

/** The settings, as docs/settings.md describes them. An unknown key is an error. */
export interface Settings {
  /** By rule; `*` stands for all that are not named. */
  rules?: { [rule: string]: RuleAction };
  strictReferences?: boolean;
  readIPs?: boolean;
  disclose?: "names" | "none";
  docsUrl?: string;
  contact?: string;
  kubeOvn?: {
    namespace?: string;
    defaultVpc?: string;
    defaultSubnet?: string;
    nodeSwitch?: string;
    defaultProvider?: string;
    externalSubnet?: string;
    serviceCidrs?: string[];
    apiServer?: string[];
    nonPrimaryCNI?: boolean;
  };
  egressGateway?: { images?: string[]; scope?: "declared" | "own" };
  exempt?: { users?: string[]; namespaces?: string[]; restorers?: string[]; deleters?: string[] };
  inject?: {
    logicalSwitch?: boolean;
    vpcLb?: { enabled?: boolean; all?: boolean; selector?: { matchLabels?: { [label: string]: string } } };
  };
}

export type Format = "human" | "json" | "sarif" | "junit" | "github" | "gitlab";

/** The options of {@link check}; the command `vpcguard-check` has a flag for each but `color`, `notes`,
    `problems`, `sameFiles` and `overwritten`. */
export interface Options {
  /** What the cluster has already; it is not reviewed itself. */
  state?: Manifest[];
  settings?: File | Settings;
  /** How to write {@link Checked.output}; `human` unless told. */
  format?: Format;
  /** In which formats to write the report besides: {@link Checked.outputs}. */
  outputs?: Format[];
  /** Only what is wrong in the format `human`: no injections, no summary, and of the notes only `notes`. */
  quiet?: boolean;
  /** The ids of the rules that report; all, if the list is empty. */
  select?: string[];
  /** The ids of rules that do not report. */
  ignore?: string[];
  /** The exit code is 3 if there are warnings. */
  failOn?: "warning";
  /** A baseline: the findings that it lists are left out. */
  baseline?: File;
  /** Make a baseline of all findings, instead of reporting them: {@link Checked.baseline}. */
  writeBaseline?: boolean;
  /** Make an error of what is not a Kubernetes object, which is else left out and noted. */
  strictFiles?: boolean;
  /** Exit with 0 where there is nothing to check. */
  allowEmpty?: boolean;
  /** The files before a change: only what the change makes worse is reported, and what it takes away is judged as deleted. */
  compareTo?: Manifest[];
  /** Files of what is deleted besides. */
  deleted?: Manifest[];
  /** Fix what can be fixed without a doubt, then check: {@link Checked.fixed}. */
  fix?: boolean;
  /** Show in {@link Checked.output} what would be fixed as a unified diff, and check nothing. */
  diff?: boolean;
  /** Colours in the format `human`. */
  color?: boolean;
  /** A `.vpcguard.yaml`. The options go before it; settings that it has in a file are to be given as `settings`. */
  config?: File;
  /** Where the globs of `config` begin, in place of its folder. */
  configRoot?: string;
  /** Which files are judged apart, as those of a cluster: GLOB=NAME. The first that matches counts. */
  clusterOf?: string[];
  /** Where relative names begin: an absolute path. A root of their own unless told. */
  directory?: string;
  /** The folders and files that `files` were found by: a glob of `config` that matches nothing in them is noted. */
  paths?: string[];
  /** The folder in which `compareTo` has what `files` have in `paths`. */
  compareToPath?: string;
  /** What was left out of the files, a note each. */
  notes?: string[];
  /** What of the files could not be read, a line each: it is among {@link Checked.complaints}, and the exit code is 2. */
  problems?: string[];
  /** The names of files that are one, together: it is judged once, by the first name, and once for each of `clusterOf`. */
  sameFiles?: string[][];
  /** Files that are to be written, with the flag that says so: an error, if objects are in them. */
  overwritten?: { file: string; flag: string }[];
}

/** What a `.vpcguard.yaml` says. */
export interface Config {
  /** The file with the settings, from where the name of the configuration begins, if they are in one. */
  settingsFile?: string;
  /** The clusters, and the globs of their files. */
  clusters: { [name: string]: string[] };
  /** Globs of what is not checked, from the folder of the configuration. */
  exclude: string[];
  format?: Format;
  failOn?: "warning";
}

export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** What a rule has found. What is not known is absent. */
export interface Finding {
  rule: string;
  action: "deny" | "warn";
  /** A cause type of `metav1.Status`, as FieldValueInvalid. */
  reason: string;
  message: string;
  field: string;
  help?: string;
  /** The object's own annotation vpcguard.io/allow has turned a denial into this warning. */
  spared?: true;
  related?: { object: ObjectRef; field?: string }[];
}

/** A finding of a {@link Report}: with the object, and where it was read. */
export interface LocatedFinding extends Omit<Finding, "related"> {
  object: ObjectRef;
  /** The cluster that it is for, where files are told apart by cluster. */
  cluster?: string;
  file?: string;
  document?: number;
  line?: number;
  column?: number;
  endLine?: number;
  endColumn?: number;
  /** The template, in the output of `helm template`. */
  source?: string;
  related?: RelatedObject[];
  /** Where the field stands in the version that this one replaces, if that was checked too. */
  earlier?: { file: string; document: number; line?: number; column?: number; source?: string };
}

export interface RelatedObject {
  object: ObjectRef;
  field?: string;
  file?: string;
  document?: number;
  line?: number;
  column?: number;
  source?: string;
}

/** An operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

/** The report, as report.schema.json of the package describes it. Its shape only grows. */
export interface Report {
  version: 1;
  producer: { name: string; version: string };
  findings: LocatedFinding[];
  mutations: { rule: string; object: ObjectRef; patch: PatchOperation[] }[];
  notEvaluated: { rule: string; object: ObjectRef; needs: string }[];
  errors: { file: string; document?: number; line: number; column: number; message: string; source?: string }[];
  summary: { files: number; objects: number; reviewed: number; deleted?: number; denied: number; warned: number };
}

/** 0: nothing is refused. 1: something is. 2: something could not be read. 3: warnings, and `failOn`. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What came of a check. */
export interface Checked {
  exitCode: ExitCode;
  /** The report in the format that was asked for. */
  output: string;
  /** The report in the other formats that were asked for; absent if nothing was checked at all. */
  outputs?: { [format in Format]?: string };
  report: Report;
  /** The files that `fix` has changed, with their new text. */
  fixed: { name: string; bytes: Uint8Array }[];
  /** The text of the new baseline, if `writeBaseline` was given. */
  baseline?: string;
  /** What the command writes to standard error, a line each. */
  complaints: string[];
}

/** An AdmissionReview of admission.k8s.io/v1, as the API server sends it; as an object, or as JSON in text or bytes. */
export type AdmissionReview = { apiVersion: string; kind: string; request?: object; [field: string]: unknown };

/** The AdmissionReview that answers one. */
export interface AdmissionAnswer {
  apiVersion: "admission.k8s.io/v1";
  kind: "AdmissionReview";
  response: {
    uid: string;
    allowed: boolean;
    status?: {
      apiVersion: "v1";
      kind: "Status";
      metadata: object;
      status: "Failure";
      message: string;
      reason: string;
      details?: {
        name?: string;
        group?: string;
        kind?: string;
        causes?: { reason: string; message: string; field: string }[];
        retryAfterSeconds?: number;
      };
      code: number;
    };
    warnings?: string[];
    auditAnnotations?: { [key: string]: string };
    patchType?: "JSONPatch";
    /** A JSON patch in base64. */
    patch?: string;
  };
}

/** What the rules say to a request. */
export interface Verdict {
  allowed: boolean;
  code: 200 | 403 | 422;
  findings: Finding[];
  warnings: Finding[];
  /** How many findings are not listed. */
  omitted?: number;
  notEvaluated: { rule: string; needs: string }[];
  injected?: { rule: string; field: string; value: string; because: string }[];
  mutatedObject?: KubernetesObject;
}

export interface Reply {
  answer: AdmissionAnswer;
  verdict: Verdict;
  /** The answer as the webhook sends it, to the byte. */
  answerJson: string;
  /** The canonical verdict, to the byte. */
  verdictJson: string;
}

export interface Rule {
  id: string;
  /** The kinds that it looks at. */
  kinds: string[];
  default: RuleAction | "on";
  summary: string;
  /** Whether it injects, rather than reviews. */
  mutates: boolean;
}

/** Checks files as one network. Throws if an argument is wrong; what is wrong with the files is in the report. */
export function check(files: File[], options?: Options | null): Checked;

/** Reads a `.vpcguard.yaml`. Throws if it is wrong. */
export function readConfig(file: File): Config;

/** Judges an AdmissionReview, as `POST /validate` of the webhook does. `state` is what the cluster has. */
export function review(
  admissionReview: AdmissionReview | string | Uint8Array,
  state?: Manifest[] | null,
  settings?: File | Settings | null,
): Reply;

/** Says what is to be injected, as `POST /mutate` of the webhook does. */
export function mutate(
  admissionReview: AdmissionReview | string | Uint8Array,
  state?: Manifest[] | null,
  settings?: File | Settings | null,
): Reply;

/** All rules. */
export function rules(): Rule[];

/** The version of the package. */
export function version(): string;
