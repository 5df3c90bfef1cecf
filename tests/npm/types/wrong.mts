import { check, review } from "vpcguard";

check("a.yaml"); // wrong
check([{ name: "a.yaml" }]); // wrong
check([], { format: "xml" }); // wrong
check([], { failOn: "error" }); // wrong
check([], { outputs: ["xml"] }); // wrong
check([], { select: "subnet-syntax" }); // wrong
check([], { colour: true }); // wrong
check([], { settings: { rules: { "subnet-hygiene": "ignore" } } }); // wrong
review(); // wrong
check([]).report.findings[0]?.row; // wrong
