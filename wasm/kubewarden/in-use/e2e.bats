#!/usr/bin/env bats
# Written by `cargo xtask docs`. Needs kwctl, jq and the module: `cargo xtask wasm`.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME"
  module=../../../target/kubewarden/in-use.wasm
}

@test "unknown settings are refused with what was probably meant" {
  run kwctl run "$module" --request-path test_data/being-deleted.json --settings-json '{"disclos": "none"}'
  [ "$status" -ne 0 ]
  [[ "$output" == *'did you mean "disclose"'* ]]
}

@test "what is being deleted passes unasked" {
  run --separate-stderr kwctl run "$module" --request-path test_data/being-deleted.json
  [ "$status" -eq 0 ]
  [ "$(jq .allowed <<<"$output")" = true ]
}
