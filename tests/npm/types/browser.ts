import init, { check, type Report } from "vpcguard/web";

export async function report(text: string): Promise<Report> {
  await init();
  return check([{ name: "a.yaml", text }], { format: "json" }).report;
}
