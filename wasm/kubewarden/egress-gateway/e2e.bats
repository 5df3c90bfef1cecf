#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/egress-gateway.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/egress-gateway-update.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "more replicas are accepted unasked" {
  run --separate-stderr kwctl run "$module" --request-path test_data/egress-gateway-update.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}

@test "an image of one's own is refused" {
  run --separate-stderr kwctl run "$module" --request-path test_data/egress-gateway-with-image.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = false ]
  [[ "$output" == *'[vpcguard egress-gateway-image]'* ]]
}

@test "an image that the settings name is accepted" {
  run --separate-stderr kwctl run "$module" --request-path test_data/egress-gateway-with-image.json --settings-json '{"egressGateway": {"images": ["registry.example/"]}}'
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}
