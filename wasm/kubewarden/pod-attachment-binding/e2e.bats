#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/pod-attachment-binding.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/pod-create.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "an exempt namespace passes unasked" {
  run --separate-stderr kwctl run "$module" --request-path test_data/pod-create.json --settings-json '{"exempt": {"namespaces": ["team-a"]}}'
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}
