#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/attachments.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/network-create.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "a network of Kube-OVN's is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/network-create.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "what ends the controller is refused" {
  run --separate-stderr kwctl run "$module" --request-path test_data/network-without-plugins.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = false ]
  [[ "$output" == *'[vpcguard attachment-provider]'* ]]
}
