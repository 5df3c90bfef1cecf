// What the programs of the manual take for given.
const vpc = { apiVersion: "kubeovn.io/v1", kind: "Vpc", metadata: { name: "blue" }, spec: { namespaces: ["blue"] } };
const subnet = {
  apiVersion: "kubeovn.io/v1",
  kind: "Subnet",
  metadata: { name: "blue-db" },
  spec: { vpc: "blue", cidrBlock: "10.0.2.0/24", gateway: "10.0.2.1" },
};
const object = { ...subnet, metadata: { name: "blue-cache" } };
const admissionReview = {
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "1",
    kind: { group: "kubeovn.io", version: "v1", kind: "Subnet" },
    resource: { group: "kubeovn.io", version: "v1", resource: "subnets" },
    name: "blue-cache",
    operation: "CREATE",
    userInfo: { username: "reader" },
    object,
  },
};
Object.assign(globalThis, {
  admissionReview,
  objects: [vpc, subnet],
  state: JSON.stringify(vpc),
  subnet,
  text: JSON.stringify(object),
  vpc,
});
