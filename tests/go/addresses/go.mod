module vpcguard.io/tests/go/addresses

go 1.22
