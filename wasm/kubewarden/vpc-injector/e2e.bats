#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/vpc-injector.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/vpc-create.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "a Vpc without the label stays as it is" {
  run --separate-stderr kwctl run "$module" --request-path test_data/vpc-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "a Vpc with the label gets a load balancer" {
  run --separate-stderr kwctl run "$module" --request-path test_data/vpc-with-label.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
  [[ "$output" == *'JSONPatch'* ]]
}
