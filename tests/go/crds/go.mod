// CustomResourceDefinitions of others that the tests of the chart need: `cargo xtask chart` copies them.
module vpcguard.io/tests/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
