// A corpus through the package, wherever it runs.
export function run(vpcguard, cases) {
  return cases.map(({ name, review, state, settings, object }) => {
    const files = { state: [{ name: "state.json", text: state }], settings: { name: "settings.json", text: settings } };
    const judge = (ask) => {
      const { verdict, verdictJson, answer, answerJson } = ask(review, files.state, files.settings);
      if (verdict.allowed !== answer.response.allowed) throw new Error(`${name}: the verdict is not the answer's`);
      return { verdict: verdictJson, answer: answerJson };
    };
    const checked = vpcguard.check([{ name: "object.json", text: object }], { ...files, format: "json" });
    if (JSON.stringify(checked.report) !== JSON.stringify(JSON.parse(checked.output))) {
      throw new Error(`${name}: the report is not the output`);
    }
    return {
      name,
      review: judge(vpcguard.review),
      mutate: judge(vpcguard.mutate),
      report: checked.output,
      exitCode: checked.exitCode,
    };
  });
}
