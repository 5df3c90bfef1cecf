import vpcguard = require("vpcguard");

const code: 0 | 1 | 2 | 3 = vpcguard.check([{ name: "a.yaml", text: "" }]).exitCode;
export = code;
