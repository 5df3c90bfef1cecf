import { check, mutate, readConfig, review, rules, version, type Checked, type Finding, type Reply } from "vpcguard";

const checked: Checked = check([{ name: "a.yaml", text: "" }, { name: "b.json", bytes: new Uint8Array() }], {
  format: "sarif",
  failOn: "warning",
  state: [{ apiVersion: "kubeovn.io/v1", kind: "Vpc", metadata: { name: "v" }, spec: {} }],
  settings: { rules: { "subnet-cidr-overlap": "warn" }, inject: { vpcLb: { all: true } } },
  compareTo: [],
  config: { name: ".vpcguard.yaml", text: "" },
  clusterOf: ["envs/prod/**=prod"],
  directory: "/repository",
  fix: true,
  diff: false,
  outputs: ["json"],
  select: ["subnet-syntax"],
  ignore: [],
  quiet: true,
  notes: ["read by hand"],
});
const json: string | undefined = checked.outputs?.json;
const places: string[] = checked.report.findings.map((found) => `${found.file ?? ""}:${found.line ?? 0}`);
const clusters: (string | undefined)[] = checked.report.findings.map((found) => found.cluster ?? found.earlier?.file);
const excluded: string[] = readConfig({ name: ".vpcguard.yaml", text: "exclude: [vendor]" }).exclude;
const reply: Reply = review({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: {} });
const refused: Finding[] = reply.verdict.allowed ? [] : reply.verdict.findings;
const patch: string | undefined = mutate("{}", null, { name: "s.yaml", text: "" }).answer.response.patch;
const ids: string[] = rules().map((rule) => rule.id);
export const more: unknown[] = [clusters, excluded];
export const all: [string[], Finding[], string | undefined, string[], string] = [places, refused, patch ?? json, ids, version()];
