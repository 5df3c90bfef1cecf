module vpcguard.io/tests/go/networks

go 1.22
