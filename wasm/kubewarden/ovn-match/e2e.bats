#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/ovn-match.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/vpc-create.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "a Vpc without policy routes is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/vpc-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "a match that OVN cannot parse is refused" {
  run --separate-stderr kwctl run "$module" --request-path test_data/vpc-with-a-bad-match.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = false ]
  [[ "$output" == *'[vpcguard policy-route-match]'* ]]
}
