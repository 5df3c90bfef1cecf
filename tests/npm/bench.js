// Prints what the first check costs beside starting Node, as a ratio: bench.js PACKAGE
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROUNDS = 31;
const MANIFEST = `apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: a}
spec: {cidrBlock: 10.0.0.0/16}
`;

const [, , folder] = process.argv;
const address = pathToFileURL(join(folder, "node.js")).href;
const first = `import { check } from ${JSON.stringify(address)};
if (check([{ name: "a.yaml", text: ${JSON.stringify(MANIFEST)} }]).exitCode !== 0) process.exit(1);`;

const [node, checked] = medians(["", first]);
const ratio = (checked - node) / node;
console.log(`the first check takes ${ratio.toFixed(2)} of the time that starting Node takes (medians of ${ROUNDS})`);

/** The median time of Node with each of these programs, one after the other in turn. */
function medians(programs) {
  const times = programs.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    programs.forEach((program, at) => {
      const start = process.hrtime.bigint();
      const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
      if (status !== 0) throw new Error(`Node ended with ${status}`);
      times[at].push(Number(process.hrtime.bigint() - start));
    });
  }
  return times.map((list) => list.sort((a, b) => a - b)[ROUNDS >> 1]);
}
