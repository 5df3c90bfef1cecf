#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/vpc-syntax.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/subnet-create.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "a Subnet that Kube-OVN can use is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/subnet-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "a Vpc that Kube-OVN can use is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/vpc-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "a Pod is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/pod-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "a gateway outside of its Subnet is refused" {
  run --separate-stderr kwctl run "$module" --request-path test_data/subnet-gateway-outside.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = false ]
  [[ "$output" == *'[vpcguard subnet-syntax]'* ]]
}

@test "a field of the wrong type is refused" {
  run --separate-stderr kwctl run "$module" --request-path test_data/subnet-cidr-block-is-a-list.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = false ]
  [[ "$output" == *'[vpcguard field-type]'* ]]
}

@test "a rule at warn admits" {
  run --separate-stderr kwctl run "$module" --request-path test_data/subnet-gateway-outside.json --settings-json '{"rules": {"subnet-syntax": "warn"}}'
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
  [[ "$output" == *'[vpcguard subnet-syntax]'* ]]
}
